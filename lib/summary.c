/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* summary.c - what the workers of a pool did, as figures and as a table
 *
 * The process ends in a destructor of the library, not in a handler of atexit:
 * handlers of the program come before it, and may still make calls. Threads run
 * on meanwhile, perhaps in calls, and the figures are what they are by then.
 */
#include "config.h"

#include "summary.h"

#include "clock.h"
#include "entry.h"
#include "outlet.h"
#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <thrum/stats.h>

#define WAIT_NS UINT64_C(100000000)

enum {
	ROW_BYTES = 384,   /* more than 13 numbers of 64 bits take */
	ROWS_AT_ONCE = 100 /* that the outlet has room for */
};

/* What the threads at place @p p of @p pool did; after the last place: those that
 * had none. */
static void sum_up(thrum_worker_stats *row, const struct thrum_pool *pool,
                   uint32_t p)
{
	if (p < pool->places) {
		thrum__stats_sum(row, &pool->worker[p].at_home);
		thrum__stats_sum(row, &pool->worker[p].at_seat);
		thrum__stats_sum_ran(row, &pool->worker[p].ran);
		return;
	}
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&pool->teams, acquire);
	for (uint32_t i = 0; i < n; i++) {
		const struct team *t = thrum__load(&pool->team[i], relaxed);
		thrum__stats_sum(row, &t->guest->at_seat);
		thrum__stats_sum_ran(row, &t->guest->ran);
	}
	thrum__stats_sum(row, &pool->alone);
	thrum__stats_sum_ran(row, &pool->alone_ran);
}

static thrum_worker_stats row_of(const struct thrum_pool *pool, uint32_t p)
{
	thrum_worker_stats row;

	memset(&row, 0, sizeof row);
	row.place = row.cpu = -1;
	if (p < pool->places) {
		row.place = (int)p;
		if (pool->plan.place[p].npus > 0)
			row.cpu = pool->plan.place[p].cpu;
	}
	/* What the parent of a fork did is not of this process. */
	if (!thrum__pool_foreign(pool))
		sum_up(&row, pool, p);
	return row;
}

int thrum_pool_stats(thrum_pool *pool, thrum_worker_stats *stats, size_t size,
                     int n)
{
	if (n < 0 || (n > 0 && !stats) || size < sizeof *stats)
		return THRUM_EINVAL;
	if (!pool)
		pool = thrum__entry_pool();
	if (!pool)
		return 0;
	for (uint32_t p = 0; p <= pool->places && p < (uint32_t)n; p++) {
		thrum_worker_stats row = row_of(pool, p);
		/* A later program may know of more than this library does. */
		char *at = (char *)stats + p * size;
		memset(at, 0, size);
		memcpy(at, &row, sizeof row);
	}
	return (int)pool->places + 1;
}

/* The table */

static void add(thrum_worker_stats *sum, const thrum_worker_stats *row)
{
	sum->calls += row->calls;
	sum->jobs += row->jobs;
	sum->chunks += row->chunks;
	sum->range_steals += row->range_steals;
	sum->task_steals += row->task_steals;
	sum->misses += row->misses;
	sum->wakes += row->wakes;
	sum->spins += row->spins;
	sum->spin_ns += row->spin_ns;
	sum->parks += row->parks;
	sum->parked_ns += row->parked_ns;
}

static void put_head(struct outlet *o)
{
	char text[ROW_BYTES];
	int n = snprintf(text, sizeof text, "thrum: %4s %6s %5s %9s %12s %9s "
	                 "%8s %8s %7s %8s %8s %11s %8s %11s\n", "pool",
	                 "worker", "cpu", "calls", "jobs", "chunks", "ranges",
	                 "tasks", "misses", "wakes", "spins", "spin_s", "parks",
	                 "parked_s");

	thrum__outlet_line(o, text, (size_t)n);
}

/* Seconds without the locale's decimal point. */
#define SECONDS "%4" PRIu64 ".%06u"

static void put_row(struct outlet *o, unsigned pool, const char *who,
                    const thrum_worker_stats *r)
{
	char text[ROW_BYTES], cpu[16] = "-";

	if (r->cpu >= 0)
		snprintf(cpu, sizeof cpu, "%d", r->cpu);
	int n = snprintf(text, sizeof text, "thrum: %4u %6s %5s %9" PRIu64
	                 " %12" PRIu64 " %9" PRIu64 " %8" PRIu64 " %8" PRIu64
	                 " %7" PRIu64 " %8" PRIu64 " %8" PRIu64 " " SECONDS
	                 " %8" PRIu64 " " SECONDS "\n", pool, who, cpu,
	                 r->calls, r->jobs, r->chunks, r->range_steals,
	                 r->task_steals, r->misses, r->wakes, r->spins,
	                 r->spin_ns / 1000000000,
	                 (unsigned)(r->spin_ns % 1000000000 / 1000), r->parks,
	                 r->parked_ns / 1000000000,
	                 (unsigned)(r->parked_ns % 1000000000 / 1000));
	thrum__outlet_line(o, text, (size_t)n);
}

static void put_table(struct outlet *o, const struct thrum_pool *pool,
                      uint64_t until_ns)
{
	thrum_worker_stats sum;
	char who[16];

	memset(&sum, 0, sizeof sum);
	sum.cpu = -1;
	put_head(o);
	for (uint32_t p = 0; p <= pool->places; p++) {
		thrum_worker_stats row = row_of(pool, p);
		/* As printed, so that the column adds up. */
		row.spin_ns -= row.spin_ns % 1000;
		row.parked_ns -= row.parked_ns % 1000;
		add(&sum, &row);
		if (p < pool->places)
			snprintf(who, sizeof who, "%u", (unsigned)p);
		else
			strcpy(who, "other");
		put_row(o, pool->number, who, &row);
		if (p % ROWS_AT_ONCE == ROWS_AT_ONCE - 1)
			thrum__outlet_flush(o, until_ns);
	}
	put_row(o, pool->number, "total", &sum);
	thrum__outlet_flush(o, until_ns);
}

void thrum__summary_print(const struct thrum_pool *pool)
{
	struct outlet *o = thrum__outlet(2);

	if (!pool->alone.timed || thrum__pool_foreign(pool))
		return;
	uint64_t until_ns = thrum__clock_ns() + WAIT_NS;
	if (!thrum__outlet_take(o, until_ns))
		return;
	if (thrum__outlet_clear(o, until_ns))
		put_table(o, pool, until_ns);
	thrum__outlet_give(o);
}

#if defined(__GNUC__)
__attribute__((destructor))
static void process_ends(void)
{
	thrum__pool_visit(thrum__summary_print);
}
#endif
