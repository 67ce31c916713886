/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_callers.c - what if others want the cores at the same time?
 *
 * Two host threads that call at once, on one pool or on a pool each; two
 * processes that do; a process beside one that is always busy; more workers than
 * cores beside it.
 *
 * Callers make regions for a time and are counted: the figure is the time over
 * the regions of both, and `unfair` those of the one over those of the other.
 * The serial row is two threads that run theirs alone, each on a core: the ideal.
 *
 * Beside a busy process the figures are times over the ideal, which is the work
 * over the cores as if that process were not there. What comes after a sleep is
 * short, and a system that is fair over longer times lets it have both cores.
 * Regions without a pause cannot: of c cores w workers have c w / (w + 1) by fair
 * shares, so that in the mean 1.5 is to be had by 2 workers on 2 cores, 1.25 by 4
 * and 1.125 by 8. `of fair` is the mean over that.
 *
 * Numbers: index in ns, indices for each worker, and of callers where the other
 * is, of the rest the workers for each core.
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "host.h"

#define START_NS 150000000u /* until a second process is ready */
#define SLEEP_NS 1000000
#define BUSY_BUDGET 4       /* times that of a run: turns of cores are long */

extern char **environ;

enum other { NOBODY, SAME_POOL, OWN_POOL, OTHER_PROCESS };

struct region {
	const struct run *run;
	size_t n;
	uint64_t steps;
	enum peer_schedule how;
	int rc;
};

static int spend(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const struct region *r = ctx;

	(void)task;
	if (r->steps)
		for (size_t i = begin; i < end; i++)
			work_run(r->steps);
	return 0;
}

static void open_region(void *arg)
{
	struct region *r = arg;

	r->rc |= run_loop(r->run, r->n, r->how, 1, spend, r);
}

static struct region region_of(const struct run *run)
{
	const double *number = run->question->number;
	struct region r = { .run = run, .how = PEER_AUTO };

	r.n = (size_t)number[1] * (size_t)host_cores();
	r.steps = work_steps(number[0]);
	if (!r.steps)
		r.how = PEER_STATIC;
	return r;
}

/* --- Callers ---------------------------------------------------------------- */

struct caller {
	const struct run *run;
	uint64_t from, until, regions;
	int failed;
};

/* Warm up until it is time, then count regions until it is over. */
static void *call(void *arg)
{
	struct caller *c = arg;
	struct region r = region_of(c->run);
	double index_ns = c->run->question->number[0];
	int batch = index_ns > 0 ? 1 : 32;
	int own = c->run->question->number[2] == OWN_POOL;

	if (c->run->peer->caller(c->run->workers, own)) {
		c->failed = 1;
		return NULL;
	}
	do
		open_region(&r);
	while (work_clock_ns() < c->from);
	do
		for (int i = 0; i < batch; i++, c->regions++)
			open_region(&r);
	while (work_clock_ns() < c->until);
	c->failed = r.rc;
	return NULL;
}

/* Regions that this program makes in a process of its own meanwhile. */
static double call_elsewhere(const struct caller *c, pid_t *pid, FILE **from)
{
	char self[] = "/proc/self/exe", measure[] = "--measure", time[32];
	char workers[16], w[] = "--workers", question[64], name[32];
	char quick[] = "--quick";
	char *argv[] = { self, measure, question, name, w, workers,
		         c->run->quick ? quick : NULL, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];

	snprintf(question, sizeof question, "%s", c->run->question->name);
	snprintf(name, sizeof name, "%s", c->run->who->name);
	snprintf(workers, sizeof workers, "%d", c->run->workers);
	snprintf(time, sizeof time, "%llu", (unsigned long long)c->from);
	if (pipe(ends))
		return -1;
	setenv("BENCH_FROM", time, 1);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (posix_spawn(pid, self, &actions, NULL, argv, environ))
		*pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*from = fdopen(ends[0], "r");
	return *pid < 0 || !*from ? -1 : 0;
}

static double count_elsewhere(pid_t pid, FILE *from)
{
	double regions = 0, p90;
	int metric;

	if (fscanf(from, "%d %lf %lf", &metric, &regions, &p90) != 3)
		regions = 0;
	fclose(from);
	waitpid(pid, NULL, 0);
	return regions;
}

static void answer_callers(struct run *run)
{
	enum other other = (enum other)run->question->number[2];
	const char *when = getenv("BENCH_FROM");
	struct caller here = { .run = run }, there = { .run = run };
	pthread_t thread;
	pid_t pid = -1;
	FILE *from = NULL;

	if (!run->peer->caller || !run->peer->loop)
		return;
	here.from = work_clock_ns() + run->warm_ns;
	if (other == OTHER_PROCESS)
		here.from += START_NS;
	if (when)
		here.from = strtoull(when, NULL, 10);
	here.until = here.from + run->budget_ns;
	there.from = here.from;
	there.until = here.until;
	if (other == OTHER_PROCESS && !when
	    && call_elsewhere(&here, &pid, &from))
		return;
	if ((other == SAME_POOL || other == OWN_POOL)
	    && pthread_create(&thread, NULL, call, &there))
		return;
	call(&here);
	double regions = (double)here.regions, others = 0;
	if (other == SAME_POOL || other == OWN_POOL) {
		pthread_join(thread, NULL);
		others = (double)there.regions;
	} else if (from) {
		others = count_elsewhere(pid, from);
	}
	if (here.failed || there.failed)
		return;
	if (when) {
		run_emit(run, 0, regions, 0);
		return;
	}
	double each = 1e-3 * (double)run->budget_ns / (regions + others);
	run_emit(run, 0, each, each);
	if (other != NOBODY)
		run_emit(run, 1, regions > others ? regions / others
		                                  : others / regions, 0);
}

/* --- Beside a busy process ---------------------------------------------------- */

/* A process that does nothing but compute, for a minute at most. */
static pid_t be_busy(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	alarm(60);
	for (;;)
		work_run(1000);
}

/* Nanoseconds of the work of a region, over the cores: nobody is busy yet. */
static double ideal_ns(const struct region *r)
{
	uint64_t start = work_clock_ns();

	for (size_t i = 0; i < r->n; i++)
		work_run(r->steps);
	return (double)(work_clock_ns() - start) / host_cores();
}

static double mean_of(const struct samples *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->count; i++)
		sum += s->value[i];
	return sum / (double)s->count;
}

static struct samples sample_regions(struct region *r, long pause_ns)
{
	struct timespec pause = { 0, pause_ns };
	struct samples s = { 0 };
	uint64_t begin = work_clock_ns(), last = begin;

	while (last - begin < BUSY_BUDGET * r->run->budget_ns) {
		if (pause_ns)
			nanosleep(&pause, NULL);
		uint64_t start = work_clock_ns();
		open_region(r);
		last = work_clock_ns();
		samples_add(&s, (double)(last - start));
	}
	return s;
}

static void answer_busy(struct run *run)
{
	int workers = run->who->workers;
	struct region r = region_of(run);
	int sleeps = run->question->number[3] > 0;

	if (!run->peer->loop)
		return;
	if (!workers) {
		workers = (int)run->question->number[2] * host_cores();
		if (workers != run->workers && run->peer->begin(workers))
			return;
	}
	open_region(&r);
	double ideal = ideal_ns(&r);
	for (int i = 0; i < 10; i++)
		open_region(&r);
	pid_t busy = be_busy();
	struct samples s = sample_regions(&r, sleeps ? SLEEP_NS : 0);
	if (busy > 0) {
		kill(busy, SIGKILL);
		waitpid(busy, NULL, 0);
	}
	double mean = mean_of(&s) / ideal;
	if (busy > 0 && !r.rc) {
		run_emit_time(run, 0, &s, 1 / ideal);
		run_emit(run, 1, mean, 0);
		run_emit(run, 2, samples_quantile(&s, 0.99) / ideal, 0);
		if (!sleeps)
			run_emit(run, 3, mean * workers / (workers + 1), 0);
	}
	samples_free(&s);
}

#define ALL (WITH_SERIAL | WITH_THRUM | WITH_PEERS)
#define CALLERS { { "region", "us", 0 }, { "unfair", "x", 0 } }
#define BUSY { { "median", "x", 0 }, { "mean", "x", 0 }, { "p99", "x", 0 } }
#define OVER \
	{ { "median", "x", 0 }, { "mean", "x", 0 }, { "p99", "x", 0 }, \
	  { "of fair", "x", 0 } }

static const struct question questions[] = {
	{ "one", "regions of 100 us from one thread", ALL,
	  { { "region", "us", 0 } }, .efficiency = 1,
	  .answer = answer_callers, .number = { 1e3, 50, NOBODY } },
	{ "two", "regions of 100 us from two threads, one pool", ALL,
	  CALLERS, .crowded = 1, .answer = answer_callers,
	  .number = { 1e3, 50, SAME_POOL },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 55 },
	            { "thrum", GOAL_VALUE, .limit = 1.05, .metric = 1 } } },
	{ "two-pools", "regions of 100 us from two threads, a pool each", ALL,
	  CALLERS, .crowded = 1, .answer = answer_callers,
	  .number = { 1e3, 50, OWN_POOL },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 55 },
	            { "thrum", GOAL_VALUE, .limit = 1.05, .metric = 1 } } },
	{ "tiny", "empty regions from two threads, one pool", ALL, CALLERS,
	  .than = "gomp", .crowded = 1, .answer = answer_callers,
	  .number = { 0, 1, SAME_POOL },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.2 } } },
	{ "tiny-pools", "empty regions from two threads, a pool each", ALL,
	  CALLERS, .than = "gomp", .crowded = 1, .answer = answer_callers,
	  .number = { 0, 1, OWN_POOL } },
	{ "processes", "regions of 100 us from two processes", ALL, CALLERS,
	  .crowded = 1, .answer = answer_callers,
	  .number = { 1e3, 50, OTHER_PROCESS },
	  .goal = { { "thrum", GOAL_PEERS, .limit = 1 } } },
	{ "busy", "regions of 2 ms after 1 ms of sleep, beside a busy process",
	  ALL, BUSY, .crowded = 1, .answer = answer_busy,
	  .number = { 20e3, 100, 1, 1 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 1.1 },
	            { "thrum", GOAL_VALUE, .limit = 1.5, .metric = 1 } } },
	{ "over1", "regions of 2 ms beside a busy process, 1 worker a core",
	  ALL, OVER, .crowded = 1, .answer = answer_busy,
	  .number = { 20e3, 100, 1 } },
	{ "over4", "regions of 2 ms beside a busy process, 4 workers a core",
	  ALL, OVER, .crowded = 1, .answer = answer_busy,
	  .number = { 20e3, 100, 4 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 1.3 },
	            { "thrum", GOAL_VALUE, .limit = 1.3, .metric = 3 } } },
	{ 0 },
};

const struct bench bench = {
	"callers", "what if others want the cores at the same time?",
	questions
};
