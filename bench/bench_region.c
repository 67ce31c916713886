/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_region.c - what does it cost to hand a little work to all workers?
 *
 * A region is a loop of as many indices as there are workers. Those of a known
 * length are shown less what one index takes alone, so the figure is what the
 * runtime adds, and a runtime that runs them one after the other shows as the
 * length of the work.
 *
 * Empty regions flatter those who run all of it in the caller before any other
 * thread has heard of it. A region is shared if no thread ran two of its
 * indices: `both` tells how many were, `shared` how long these took, each read by
 * itself. `meet` can not be had without: each index waits until the others have
 * begun, though not for ever, and so it takes a line there and back once more.
 *
 * `burn` is the CPU that other threads used beside the work, over the time.
 *
 * Numbers of a question: work of an index in ns, gap before the region in ns,
 * and 1 for regions that meet.
 */
#include <stdatomic.h>

#include "harness.h"

#define WORKERS_MAX 256
#define PATIENCE_NS 20000

/* One index; each on lines of its own. */
struct cell {
	_Alignas(128) _Atomic uint64_t arrived;
	const void *thread;
};

struct region {
	const struct run *run;
	uint64_t steps, epoch;
	int meets;
	struct cell cell[WORKERS_MAX];
};

static struct region region;
static _Thread_local char self;

static int index_body(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct region *r = ctx;

	(void)task;
	for (size_t i = begin; i < end; i++) {
		r->cell[i].thread = &self;
		if (r->steps)
			work_run(r->steps);
	}
	return 0;
}

/* Relaxed: that the others are here is all that matters. */
static int meeting_body(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct region *r = ctx;
	uint64_t until = 0;

	(void)task;
	for (size_t i = begin; i < end; i++) {
		r->cell[i].thread = &self;
		atomic_store_explicit(&r->cell[i].arrived, r->epoch,
		                      memory_order_relaxed);
	}
	for (int i = 0, tries = 0; i < r->run->workers; tries++) {
		if (atomic_load_explicit(&r->cell[i].arrived,
		                         memory_order_relaxed) == r->epoch) {
			i++;
			continue;
		}
		if (tries % 64 != 63)
			continue;
		if (!until)
			until = work_clock_ns() + PATIENCE_NS;
		else if (work_clock_ns() > until)
			break;
	}
	return 0;
}

static void open_region(void *arg)
{
	struct region *r = arg;

	r->epoch++;
	run_loop(r->run, (size_t)r->run->workers, PEER_STATIC, 1,
	         r->meets ? meeting_body : index_body, r);
}

static void work_alone(void *arg)
{
	struct region *r = arg;

	work_run(r->steps);
}

static int is_shared(const struct region *r)
{
	for (int i = 0; i < r->run->workers; i++)
		for (int j = 0; j < i; j++)
			if (r->cell[i].thread == r->cell[j].thread)
				return 0;
	return 1;
}

/* Indices of the last region that other threads ran. */
static int given_away(const struct region *r)
{
	int n = 0;

	for (int i = 0; i < r->run->workers; i++)
		n += r->cell[i].thread != &self;
	return n;
}

/* Single regions, after a pause of @p gap_ns spent at other work. */
struct singles {
	struct samples all, shared;
	double away; /* indices that other threads ran, in all */
};

static struct singles sample_singles(struct region *r, uint64_t gap_ns)
{
	struct singles s = { .away = 0 };
	uint64_t begin = work_clock_ns(), last = begin;
	uint64_t budget = r->run->budget_ns / 2 + 10 * gap_ns;
	double clock = run_clock_cost();

	while (last - begin < budget || s.all.count < 5) {
		if (gap_ns)
			work_until(work_clock_ns() + gap_ns);
		uint64_t start = work_clock_ns();
		open_region(r);
		last = work_clock_ns();
		double took = (double)(last - start) - clock;
		samples_add(&s.all, took);
		if (is_shared(r))
			samples_add(&s.shared, took);
		s.away += given_away(r);
	}
	return s;
}

/* CPU time of all threads but this one. */
static double burnt_ns(void)
{
	double process = (double)work_process_ns();

	return process - (double)work_thread_ns();
}

static void answer(struct run *run)
{
	const double *number = run->question->number;
	uint64_t gap_ns = (uint64_t)number[1];
	struct region *r = &region;
	struct samples s;
	double alone = 0;

	if (run->workers > WORKERS_MAX)
		return;
	r->run = run;
	r->steps = work_steps(number[0]);
	r->meets = number[2] != 0;
	if (r->steps) {
		s = run_sample(run, work_alone, r);
		alone = samples_quantile(&s, 0.5);
		samples_free(&s);
	}
	/* Threads are started, and all is in the caches. */
	s = run_sample(run, open_region, r);
	if (gap_ns)
		work_settle();
	double wall = (double)work_clock_ns(), burnt = burnt_ns();
	struct singles single = sample_singles(r, gap_ns);
	burnt = burnt_ns() - burnt - single.away * alone;
	wall = (double)work_clock_ns() - wall;
	struct samples *shown = gap_ns ? &single.all : &s;
	run_emit(run, 0, 1e-3 * (samples_quantile(shown, 0.5) - alone),
	         1e-3 * (samples_quantile(shown, 0.9) - alone));
	if (run->workers > 1) {
		run_emit(run, 1, 100 * (double)single.shared.count
		                 / (double)single.all.count, 0);
		run_emit(run, 2,
		         1e-3 * (samples_quantile(&single.shared, 0.5) - alone),
		         0);
	}
	if (gap_ns)
		run_emit(run, 3, burnt > 0 ? burnt / wall : 0, 0);
	samples_free(&single.all);
	samples_free(&single.shared);
	samples_free(&s);
}

#define PARALLEL (WITH_RAW | WITH_THRUM | WITH_PEERS)
#define HOT (PARALLEL | WITH_SERIAL)
#define HOT_METRICS \
	{ { "region", "us", 0 }, { "both", "%", 1 }, { "shared", "us", 0 } }
#define COLD_METRICS \
	{ { "region", "us", 0 }, { "both", "%", 1 }, { "shared", "us", 0 }, \
	  { "burn", "CPU", 0 } }

static const struct question questions[] = {
	{ "empty", "nothing in it, again and again",
	  HOT | WITH_POLICIES, HOT_METRICS,
	  .than = "gomp", .answer = answer,
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.20, .metric = 2 } } },
	{ "meet", "nothing in it, but all must be there", PARALLEL,
	  HOT_METRICS, .than = "gomp", .answer = answer,
	  .number = { 0, 0, 1 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.20 },
	            { "thrum", GOAL_PEERS, .limit = 1 } } },
	{ "2us", "2 us each, again and again; beyond the work", HOT,
	  HOT_METRICS, .than = "gomp", .answer = answer,
	  .number = { 2e3 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.25 } } },
	{ "50us", "50 us each, again and again; beyond the work", HOT,
	  HOT_METRICS, .than = "gomp", .answer = answer,
	  .number = { 50e3 } },
	{ "gap1ms", "nothing in it, after 1 ms of other work",
	  PARALLEL | WITH_POLICIES, COLD_METRICS, .than = "gomp", .answer = answer,
	  .number = { 0, 1e6 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 8 },
	            { "thrum", GOAL_VALUE, .limit = 0.10, .metric = 3 } } },
	{ "gap1ms-50us", "50 us each, after 1 ms; beyond the work", PARALLEL,
	  COLD_METRICS, .than = "gomp", .answer = answer,
	  .number = { 50e3, 1e6 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 27 },
	            { "thrum", GOAL_VALUE, .limit = 0.10, .metric = 3 } } },
	{ "gap10ms", "nothing in it, after 10 ms of other work", PARALLEL,
	  COLD_METRICS, .than = "gomp", .answer = answer,
	  .number = { 0, 10e6 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 11 },
	            { "thrum", GOAL_VALUE, .limit = 0.01, .metric = 3 } } },
	{ "gap10ms-50us", "50 us each, after 10 ms; beyond the work", PARALLEL,
	  COLD_METRICS, .than = "gomp", .answer = answer,
	  .number = { 50e3, 10e6 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 52 },
	            { "thrum", GOAL_VALUE, .limit = 0.01, .metric = 3 } } },
	{ 0 },
};

const struct bench bench = {
	"region", "what does it cost to hand a little work to all workers?",
	questions
};
