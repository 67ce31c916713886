/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* entry.h - what all calls do first and last
 *
 * First: options, which pool, how many workers, deadline, progress. Last: what
 * to return, the last line of progress, the report.
 */
#ifndef THRUM__ENTRY_H
#define THRUM__ENTRY_H

#include "call.h"
#include "cpus.h"
#include "options.h"

struct progress;

struct entry {
	struct call call;
	thrum_opts opts;          /* completed */
	struct thrum_task *within; /* innermost task of this pool; NULL none */
	_Atomic uint32_t *counted; /* what the pool knows of it; NULL none */
	bool alone_counted;        /* other threads do not count there */
	struct progress *progress; /* NULL none */
	uint64_t start_ns;
	uint64_t jobs;
	unsigned notes;
	int saved_errno;
	_Atomic uint64_t crew[THRUM__WORKERS_MAX / 64];
};

/** Begin a call on @p pool.
 *
 * @param jobs   How many, THRUM__JOBS_UNKNOWN for a stream.
 * @param takes  TAKES_*.
 * @param rc     What the call found wrong with its own arguments, else 0.
 * @return 0; else the call is over, its report is written, and this is what it
 *         returns. */
#define THRUM__JOBS_UNKNOWN UINT64_MAX
int thrum__entry_begin(struct entry *e, thrum_pool *pool, uint64_t jobs,
                       const thrum_opts *opts, unsigned takes, int rc);

/** End it. @p jobs as they turned out. @return what the call returns. */
int thrum__entry_end(struct entry *e, uint64_t jobs, const struct tally *tally);

/** End it with @p code of ours, nothing having failed in a body. */
int thrum__entry_abandon(struct entry *e, uint64_t jobs,
                         const struct tally *tally, int code);

/** This thread is in a body. */
bool thrum__entry_inside(void);

/** The pool that NULL is here: that of the innermost body, else the default pool.
 * NULL if there is none yet. */
struct thrum_pool *thrum__entry_pool(void);

/** The workers that @p n_jobs means for a call on @p pool made by task @p in of
 * that pool; both may be NULL. *n_jobs becomes what was said. */
int thrum__entry_count(const thrum_pool *pool, const struct thrum_task *in,
                       int *n_jobs, unsigned *notes);

/** The pool and the number of workers of a call made here.
 *
 * @param pool    In and out: NULL becomes the pool of the body, or the default
 *                pool; stays NULL if one worker is enough, or without memory.
 * @param n_jobs  In and out: 0 becomes what stands for it. */
int thrum__entry_workers(thrum_pool **pool, int *n_jobs,
                         struct thrum_task **within, unsigned *notes);

#endif
