/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cpus.h - what n_jobs means; the rules are in thrum/cpus.h */
#ifndef THRUM__CPUS_H
#define THRUM__CPUS_H

#include <stdbool.h>
#include <stdint.h>

/* More workers than this are never had: lists of them are squares. */
#define THRUM__WORKERS_MAX 4096

/* An n_jobs as text, understood but not yet counted in cores: reading the
 * environment must not need the topology, which itself asks the environment. */
struct n_jobs_text {
	int n_jobs;        /* a value for .n_jobs, or 0: a share of the cores, */
	uint64_t num, den; /* num/den of them, rounded up */
};

/** Read @p text. False, and nothing written, if it is not an n_jobs. */
bool thrum__n_jobs_read(const char *text, struct n_jobs_text *out);

/** A value for .n_jobs: the share becomes a count, of @p cores. 0 if that is
 * more than an int holds. */
int thrum__n_jobs_of_text(const struct n_jobs_text *text, int cores);

/** What n_jobs is where neither the call nor the thread has said: that of
 * THRUM_N_JOBS, else of OMP_NUM_THREADS, else -1. Never 0. */
int thrum__n_jobs_default(void);

/** The workers that @p n_jobs means, from 1 to THRUM__WORKERS_MAX.
 *
 * @param n_jobs  As .n_jobs; 0 counts as -1.
 * @param all     What -1 stands for, at least 1.
 * @param notes   THRUM_NOTE_CUT is added if -k went below 1, or the ceiling
 *                cut. */
int thrum__n_jobs_resolve(int n_jobs, int all, unsigned *notes);

#endif
