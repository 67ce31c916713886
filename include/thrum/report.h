/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/report.h - what became of a call
 *
 *   thrum_report r;
 *   rc = thrum_for(NULL, n, body, ctx, THRUM_OPTS(.report = &r));
 */
#ifndef THRUM_REPORT_H
#define THRUM_REPORT_H

#include <thrum/base.h>

/* .notes: why a call was not what was asked for */
#define THRUM_NOTE_CUT      0x1u /* fewer workers than n_jobs said: by the size
                                    of the pool, THRUM_MAX_JOBS, or -k past 1 */
#define THRUM_NOTE_THREADS  0x2u /* the system refused to start some threads */
#define THRUM_NOTE_UNPINNED 0x4u /* the system refused to bind some threads */
#define THRUM_NOTE_MASK     0x8u /* the main thread is bound to far fewer cores
                                    than the process may use */
#define THRUM_NOTE_ENV      0x10u /* a THRUM_ variable could not be read */

/** Written by the library; need not be initialised. Fields may be appended.
 * Where nothing was run because of a bad argument all is 0 but jobs and skipped,
 * where they are known; with .size or .report_size too small it is not written
 * at all. */
typedef struct thrum_report {
	/* jobs = done + failed + skipped, always */
	uint64_t jobs;        /* n, or the items that were pulled */
	uint64_t done;
	uint64_t failed;
	uint64_t skipped;     /* not run: failure, cancel or deadline came first */
	uint64_t error_index; /* lowest that failed among those run, if failed */
	int error_code;       /* what its body returned; 0 if none failed */
	int n_jobs;           /* workers that the call could have */
	int workers;          /* threads that ran at least one job of it */
	unsigned notes;       /* THRUM_NOTE_*; 0 none */
	uint64_t steals;      /* times that work moved between workers */
	double wall_s;        /* from entry to return */
	uint64_t chunks;      /* pieces in which the jobs were run */
	uint64_t wakes;       /* threads woken, or started, to help */
} thrum_report;

#endif
