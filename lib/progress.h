/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* progress.h - the reporter: one thread of the process that shows all calls
 *
 * A call that is to be shown begins a progress, lets its workers add to the
 * meter, and ends it. None of this ever delays the workers. Nothing here
 * changes errno.
 */
#ifndef THRUM__PROGRESS_H
#define THRUM__PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <thrum/progress.h>

#include "meter.h"

struct progress;

/** What a call is to show. 0 is the default throughout. */
struct progress_spec {
	int n_jobs_given; /* for the prefix of the lines: -1 stays -1 */
	int workers;      /* of the call, at least 1; the shards of the meter */
	uint64_t total;
	bool total_known;
	int verbose; /* as in thrum_opts, the thread's default already applied;
	                0: as THRUM_VERBOSE says */
	int form;    /* THRUM_PROGRESS_*, likewise */
	thrum_progress_fn *fn;
	void *fn_ctx;
	unsigned notes; /* THRUM_NOTE_* of the call */
};

/* How a call ended: the last word of its last line. */
enum progress_end {
	PROGRESS_FINISHED,
	PROGRESS_FAILED,
	PROGRESS_CANCELLED,
	PROGRESS_TIMED_OUT
};

/** Whether there is anything to show, the environment taken into account. If
 * not, a call needs nothing further of this file. */
bool thrum__progress_wanted(const struct progress_spec *spec);

/** Start to show a call; to be ended by thrum__progress_end.
 *
 * The time shown counts from here. Where the system gives no thread, only the
 * end is shown. @return NULL if there is no memory: the call runs unseen. */
struct progress *thrum__progress_begin(const struct progress_spec *spec);

/** What the workers of the call add to, @p workers shards. */
struct meter *thrum__progress_meter(struct progress *p);

/** A stream has come to know of @p n jobs. More than were expected: from then
 * on the total is not known. By one thread at a time. */
void thrum__progress_pulled(struct progress *p, uint64_t n);

/** A stream has come to its end: there are @p n jobs, whatever was expected.
 * By the thread that says pulled. */
void thrum__progress_total(struct progress *p, uint64_t n);

/** Show the end of a call, and free @p p, which may be NULL.
 *
 * All workers of the call must be done adding. Waits at most 100 ms for what
 * takes the text; for a callback as long as that runs. */
void thrum__progress_end(struct progress *p, enum progress_end how);

/** Whether the calling thread is in a progress callback: a call made there
 * runs in this thread alone. */
bool thrum__progress_inside(void);

/** End the reporter's thread; a later begin starts it anew. Progress that is
 * still on is then shown only at its end. In a callback it does nothing. */
void thrum__progress_shutdown(void);

/** For pthread_atfork. In the child no progress is on, and no thread runs;
 * progress begun before may still be ended there. */
void thrum__progress_fork_prepare(void);
void thrum__progress_fork_parent(void);
void thrum__progress_fork_child(void);

#endif
