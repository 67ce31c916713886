/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_loop.c - what does a loop cost per index, if there is nothing in it?
 *
 * And, with axpy, if there is something in it that the compiler can turn into
 * vectors as long as it is left a range to do so.
 */
#include <math.h>
#include <stdio.h>

#include "harness.h"

#define EMPTY_INDICES 10000000u
#define EMPTY_JOBS 1000000u
#define AXPY_LONG 1000000u
#define AXPY_SHORT 10000u

struct loop {
	const struct run *run;
	size_t n, grain;
	enum peer_schedule how;
	thrum_for_fn *body;
	void *ctx;
	int rc;
};

static void run_the_loop(void *arg)
{
	struct loop *l = arg;

	l->rc = run_loop(l->run, l->n, l->how, l->grain, l->body, l->ctx);
}

static void answer_loop(struct run *run, struct loop *l, double scale)
{
	struct samples s;

	l->run = run;
	if (!run->peer->loop)
		return;
	s = run_sample(run, run_the_loop, l);
	if (!l->rc)
		run_emit_time(run, 0, &s, scale);
	samples_free(&s);
}

/* The counter is kept, else there would be no loop at all. */
static int count(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx;
	(void)task;
	for (size_t i = begin; i < end; i++)
		__asm__ volatile("" : : "r"(i));
	return 0;
}

/* Number: the grain, 0 automatic. */
static void answer_empty(struct run *run)
{
	double grain = run->question->number[0];
	struct loop l = { .n = EMPTY_INDICES, .body = count };

	if (grain > 0) {
		l.how = PEER_CHUNK;
		l.grain = (size_t)grain;
	}
	answer_loop(run, &l, 1.0 / EMPTY_INDICES);
}

static int nothing(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx;
	(void)result;
	(void)task;
	__asm__ volatile("" : : "r"(i));
	return 0;
}

static void map_jobs(void *arg)
{
	struct loop *l = arg;

	l->rc |= l->run->peer->map(l->n, nothing, NULL);
}

static void answer_map(struct run *run)
{
	struct loop l = { .run = run, .n = EMPTY_JOBS };
	struct samples s;

	if (!run->peer->map)
		return;
	s = run_sample(run, map_jobs, &l);
	if (!l.rc)
		run_emit_time(run, 0, &s, 1.0 / EMPTY_JOBS);
	samples_free(&s);
}

struct axpy {
	double a;
	const double *x;
	double *y;
};

static int axpy(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const struct axpy *c = ctx;
	double a = c->a;
	const double *restrict x = c->x;
	double *restrict y = c->y;

	(void)task;
	for (size_t i = begin; i < end; i++)
		y[i] += a * x[i];
	return 0;
}

/* Number: how long the vectors are. */
static void answer_axpy(struct run *run)
{
	size_t n = (size_t)run->question->number[0];
	/* Not at the same place of a page: the caches would mix them up. */
	size_t apart = (n + 511) / 512 * 512 + 256;
	double *x = work_doubles(apart + n);
	struct axpy c = { 1e-9, x, x + apart };
	struct loop l = { .n = n, .body = axpy, .ctx = &c };

	if (!x)
		return;
	for (size_t i = 0; i < n; i++)
		x[i] = c.y[i] = (double)i;
	answer_loop(run, &l, 1e-3);
}

/* --- Progress --------------------------------------------------------------- */

#define WATCHED_INDICES 100000u
#define WATCHED_NS 1000
#define WATCHED_VERBOSE 5
#define WATCHED_PAIRS 4

static int spend(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const uint64_t *steps = ctx;

	(void)task;
	for (size_t i = begin; i < end; i++)
		work_run(*steps);
	return 0;
}

static double watch(const struct run *run, uint64_t steps, int verbose)
{
	uint64_t start = work_clock_ns();

	if (run->peer->watched(WATCHED_INDICES, spend, &steps, verbose))
		return NAN;
	return (double)(work_clock_ns() - start);
}

/* With and without in turn, so that the machine is the same to both. */
static void answer_progress(struct run *run)
{
	uint64_t steps = work_steps(WATCHED_NS / (run->quick ? 5.0 : 1.0));
	struct samples more = { 0 }, with = { 0 };

	if (!run->peer->watched || !freopen("/dev/null", "w", stderr))
		return;
	watch(run, steps, WATCHED_VERBOSE);
	for (int i = 0; i < WATCHED_PAIRS; i++) {
		double first = watch(run, steps, i % 2 * WATCHED_VERBOSE);
		double last = watch(run, steps, (1 - i % 2) * WATCHED_VERBOSE);
		double on = i % 2 ? first : last, off = i % 2 ? last : first;
		samples_add(&with, on);
		samples_add(&more, 100 * (on - off) / off);
	}
	run_emit(run, 0, samples_quantile(&more, 0.5),
	         samples_quantile(&more, 0.9));
	run_emit(run, 1, 1e-6 * samples_quantile(&with, 0.5), 0);
	samples_free(&more);
	samples_free(&with);
}

#define ALL (WITH_SERIAL | WITH_THRUM1 | WITH_THRUM | WITH_PEERS)
#define PER_INDEX { { "index", "ns", 0 } }

static const struct question questions[] = {
	{ "auto", "10^7 empty indices, automatic grain; ns an index",
	  ALL | WITH_RAW, PER_INDEX, .efficiency = 1, .answer = answer_empty,
	  .goal = { { "thrum-1", GOAL_TIMES, .limit = 1.1 },
	            { "thrum", GOAL_TIMES, .limit = 1.1 },
	            { "thrum", GOAL_EFFICIENCY, .limit = 1 / 1.05 } } },
	{ "grain1", "10^7 empty indices one by one; ns an index",
	  ALL | WITH_PEERS1, PER_INDEX, .efficiency = 1,
	  .answer = answer_empty, .number = { 1 },
	  .goal = { { "thrum-1", GOAL_VALUE, .limit = 1.8 },
	            { "thrum", GOAL_VALUE, .limit = 1.0 } } },
	{ "grain64", "10^7 empty indices, 64 at a time; ns an index", ALL,
	  PER_INDEX, .efficiency = 1, .answer = answer_empty,
	  .number = { 64 } },
	{ "map", "10^6 empty jobs; ns a job", ALL | WITH_PEERS1,
	  { { "job", "ns", 0 } }, .efficiency = 1, .answer = answer_map,
	  .goal = { { "thrum-1", GOAL_VALUE, .limit = 5 },
	            { "thrum", GOAL_VALUE, .limit = 5 } } },
	{ "axpy1e6", "y += a x, 10^6 doubles; us a loop", ALL | WITH_RAW,
	  { { "loop", "us", 0 } }, .efficiency = 1, .answer = answer_axpy,
	  .number = { AXPY_LONG },
	  .goal = { { "thrum", GOAL_TIMES, .limit = 1.05, .than = "gomp" } } },
	{ "axpy1e4", "y += a x, 10^4 doubles; us a loop", ALL | WITH_RAW,
	  { { "loop", "us", 0 } }, .efficiency = 1, .answer = answer_axpy,
	  .number = { AXPY_SHORT },
	  .goal = { { "thrum", GOAL_TIMES, .limit = 1.05, .than = "gomp" } } },
	{ "progress", "what lines of progress add to a loop; serial: none",
	  WITH_SERIAL | WITH_THRUM, { { "more", "%", 0 }, { "loop", "ms", 0 } },
	  .answer = answer_progress,
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.5 } } },
	{ 0 },
};

const struct bench bench = {
	"loop", "what does a loop cost per index, if there is nothing in it?",
	questions
};
