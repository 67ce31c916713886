/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stats.h - calls of every shape, and what their workers counted of them
 *
 * Used by programs that are run by a test, too: no function of Check but in
 * failure. */
#ifndef THRUM__TEST_STATS_H
#define THRUM__TEST_STATS_H

#include "common.h"

#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

enum { WORKERS = 3, N = 20000, ROWS = 64 };

/* Bodies */

static inline int in_loop(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx, (void)task;
	spin(20 * (end - begin));
	return 0;
}

static inline int in_map(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)result, (void)task;
	spin(20);
	return i % 10 == 3; /* some fail */
}

static inline int add_up(void *ctx, size_t begin, size_t end, void *out,
                  thrum_task *task)
{
	(void)ctx, (void)task;
	spin(20 * (end - begin));
	*(int64_t *)out += (int64_t)(end - begin);
	return 0;
}

static inline int next(void *ctx, void *item)
{
	(void)item;
	return (*(int *)ctx)-- > 0 ? 0 : THRUM_END;
}

static inline int work(void *ctx, void *item, thrum_task *task)
{
	(void)ctx, (void)item, (void)task;
	spin(200);
	return 0;
}

static inline int turn(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	return 0;
}

/* Two at once: neither ends before both have begun, so there must be two. */
static inline int meet(void *ctx, size_t i, void *result, thrum_task *task)
{
	atomic_int *here = ctx;
	(void)i, (void)result, (void)task;
	atomic_fetch_add(here, 1);
	while (atomic_load(here) < 2)
		doze(1);
	return 0;
}

/* Figures */

static inline thrum_worker_stats total(thrum_pool *pool)
{
	thrum_worker_stats row[ROWS], sum;
	int n = thrum_pool_stats(pool, row, sizeof *row, ROWS);

	HOLDS(n >= 0 && n <= ROWS);
	memset(&sum, 0, sizeof sum);
	for (int i = 0; i < n; i++) {
		HOLDS(row[i].place == (i < n - 1 ? i : -1));
		sum.calls += row[i].calls;
		sum.jobs += row[i].jobs;
		sum.chunks += row[i].chunks;
		sum.range_steals += row[i].range_steals;
		sum.task_steals += row[i].task_steals;
		sum.misses += row[i].misses;
		sum.wakes += row[i].wakes;
		sum.spins += row[i].spins;
		sum.spin_ns += row[i].spin_ns;
		sum.parks += row[i].parks;
		sum.parked_ns += row[i].parked_ns;
	}
	return sum;
}

static inline thrum_pool *pool_of(int n_jobs, int spin_us)
{
	thrum_pool *pool;
	HOLDS(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = n_jobs, .spin_us = spin_us)) == 0);
	return pool;
}

enum shape { FOR, MAP, REDUCE, UNORDERED, STREAM, AS_COMPLETED, RUN, EACH,
             SHAPES };

static inline int call(enum shape shape, thrum_pool *pool, const thrum_opts *o)
{
	int64_t sum = 0;
	int items = 300;

	switch (shape) {
	case FOR:
		return thrum_for(pool, N, in_loop, NULL, o);
	case MAP:
		return thrum_map(pool, N, in_map, NULL, NULL, 0, o);
	case REDUCE:
	case UNORDERED:
		return thrum_reduce(pool, N, add_up, thrum_add_int64, NULL,
		                    &sum, sizeof sum, o);
	case STREAM:
	case AS_COMPLETED:
		return thrum_stream(pool, 8, next, work, NULL, NULL, &items, o);
	case RUN:
		return thrum_run(pool, turn, NULL, o);
	case EACH:
		return thrum_each(pool, turn, NULL, o);
	default:
		return -1;
	}
}

/* Make a call of @p shape and hold its report against the workers' figures. */
static inline bool adds_up(enum shape shape, thrum_pool *pool, int n_jobs)
{
	thrum_worker_stats before = total(pool), after;
	thrum_report r;
	thrum_opts o = *THRUM_OPTS(.report = &r, .n_jobs = n_jobs);

	if (shape == MAP)
		o.flags = THRUM_KEEP_GOING;
	if (shape == UNORDERED || shape == AS_COMPLETED)
		o.flags = THRUM_UNORDERED;
	int rc = call(shape, pool, &o);
	after = total(pool);
	return rc == (shape == MAP) && r.skipped == 0
	       && after.jobs - before.jobs == r.done + r.failed
	       && after.chunks - before.chunks == r.chunks
	       && r.chunks >= 1 && r.chunks <= r.jobs
	       && after.range_steals + after.task_steals - before.range_steals
	          - before.task_steals == r.steals
	       && after.wakes - before.wakes >= r.wakes
	       && after.calls > before.calls;
}

#endif
