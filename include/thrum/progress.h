/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/progress.h - how far a call has come */
#ifndef THRUM_PROGRESS_H
#define THRUM_PROGRESS_H

#include <thrum/base.h>

/* .progress */
#define THRUM_PROGRESS_AUTO  1 /* bar on a terminal, lines elsewhere */
#define THRUM_PROGRESS_LINES 2 /* joblib's lines */
#define THRUM_PROGRESS_BAR   3 /* one line redrawn; lines if not a terminal */
#define THRUM_PROGRESS_JSON  4 /* one JSON object a line */
#define THRUM_PROGRESS_OFF   5 /* none, whatever verbose says; a callback is
                                  run all the same */

/** A moment of a call. Owned by the library; fields may be appended. */
typedef struct thrum_progress {
	uint64_t done;      /* jobs that ended well */
	uint64_t failed;
	uint64_t total;     /* 0 while unknown, or if there are none */
	double elapsed_s;   /* since the call began */
	double remaining_s; /* from the recent rate; negative while unknown */
	double rate;        /* recent jobs per second */
	int n_jobs;         /* workers of the call */
	int finished;       /* 1 in the last report of a call, else 0 */
} thrum_progress;

/** Told of progress: at most ten times a second, by one thread at a time, and
 * a last time, finished = 1, before the call returns, also after a failure and
 * for no jobs. That thread is not a worker while the call runs; a call made here
 * runs in it alone.
 * A slow one does not delay the loop, but its end. It may set a cancel token.
 *
 * @param p  Valid during the function. */
typedef void thrum_progress_fn(void *ctx, const thrum_progress *p);

#endif
