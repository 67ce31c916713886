/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/stats.h - what the workers of a pool did
 *
 *   thrum_worker_stats s[9];
 *   int n = thrum_pool_stats(NULL, s, sizeof *s, 9);
 *
 * A pool counts for each of its places: for the thread that it keeps there, and
 * for a caller that has taken the place over. Counts are kept always, as they
 * cost next to nothing. Where THRUM_STATS=1 is set when the pool is made
 *
 * - times are taken, too;
 * - what callers run alone is counted: calls with one worker, those that are too
 *   short to share, and those beyond the 64 that are shared at a time. A call
 *   with n_jobs 1 on the default pool has no pool, and is counted nowhere;
 * - a table of it all is printed to standard error when the pool is destroyed,
 *   and of the default pool at thrum_shutdown or when the process ends, by
 *   exit() or from main. See thrum_pool_stats(3) for its columns.
 */
#ifndef THRUM_STATS_H
#define THRUM_STATS_H

#include <thrum/base.h>

/** Written by the library. Fields may be appended. Counts only grow while the
 * pool lives; in the child of a fork they begin anew. */
typedef struct thrum_worker_stats {
	int place;             /* 0, 1, ...; -1: threads that had none */
	int cpu;               /* first of the core it is bound to; -1 none */
	uint64_t calls;        /* that it took part in; again if it came back */
	uint64_t jobs;         /* that it ran, to the end or to their failure */
	uint64_t chunks;       /* pieces in which it ran them */
	uint64_t range_steals; /* pieces of a loop that it took from others */
	uint64_t task_steals;  /* forked tasks, or halves of nested loops */
	uint64_t misses;       /* attempts at these that came too late */
	uint64_t wakes;        /* threads that it woke, or started */
	uint64_t spins;        /* spells of waiting awake */
	uint64_t spin_ns;      /* spent in these; 0 without THRUM_STATS=1 */
	uint64_t parks;        /* sleeps */
	uint64_t parked_ns;    /* slept until now; 0 without THRUM_STATS=1 */
} thrum_worker_stats;

THRUM_BEGIN_DECLS

/** Tell what the workers of @p pool did since it was made.
 *
 * stats[p] is of place p. The last one is of all that had no place: callers that
 * found all of them taken, and what callers ran alone. A worker adds its figures
 * when its part of a call is over, so while calls run those of the parts that
 * run are not in.
 *
 * @param pool   NULL: as everywhere; before its first use the default pool has
 *               no places.
 * @param stats  Out: the first n, if there are as many.
 * @param size   sizeof *stats, as the program knows it.
 * @return How many there are, places and one; 0 if there is no pool yet;
 *         THRUM_EINVAL.
 * @par Threads  Any, while calls run, too: nobody is held up. */
THRUM_API int thrum_pool_stats(thrum_pool *pool, thrum_worker_stats *stats,
                               size_t size, int n);

THRUM_END_DECLS
#endif
