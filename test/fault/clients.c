/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* clients.c - small programs that use the library while the system fails
 *
 * Each says what it may be refused. A loop is never: its header promises that the
 * caller does it alone if need be. What needs memory of its own, a pool, the
 * partials of a sum, the items of a stream, may say THRUM_ENOMEM.
 */
#include "config.h"

#include "clients.h"
#include "faults.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

#define LAW(e) do { if (!(e)) return "broken: " #e; } while (0)

enum { N = 64, WORKERS = 4, HOSTS = 3 };

static void nap(long ns)
{
	struct timespec t = { 0, ns };
	nanosleep(&t, NULL);
}

/* Workers other than the caller are slow, so that this one waits for them. */
static void take_time(thrum_task *task)
{
	nap(thrum_task_worker(task) ? 400000 : 5000);
}

/* How often each job was run */
struct jobs {
	atomic_uchar run[N];
};

static unsigned run_once(const struct jobs *j)
{
	unsigned n = 0;
	for (int i = 0; i < N; i++)
		n += j->run[i] == 1;
	return n;
}

static unsigned run_more(const struct jobs *j)
{
	unsigned n = 0;
	for (int i = 0; i < N; i++)
		n += j->run[i] > 1;
	return n;
}

static int range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct jobs *j = ctx;
	take_time(task);
	for (size_t i = begin; i < end; i++)
		atomic_fetch_add(&j->run[i], 1);
	return 0;
}

static int one(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct jobs *j = ctx;
	take_time(task);
	atomic_fetch_add(&j->run[i], 1);
	if (result)
		*(uint64_t *)result = (uint64_t)i * i;
	return 0;
}

/* All ran, whatever failed. */
static const char *loop_on(thrum_pool *pool, const thrum_opts *given)
{
	struct jobs j = { 0 };
	thrum_report report;
	thrum_opts o = given ? *given : *THRUM_OPTS(.n_jobs = WORKERS);
	o.report = &report;
	o.grain = 1;
	LAW(thrum_for(pool, N, range, &j, &o) == 0);
	LAW(report.done == N && report.failed == 0 && report.skipped == 0);
	LAW(run_once(&j) == N);
	return NULL;
}

static const char *first_call(bool strict)
{
	(void)strict;
	return loop_on(NULL, NULL);
}

static const char *own_pool(bool strict)
{
	struct jobs j = { 0 };
	uint64_t x[N];
	thrum_pool *pool;
	int rc = thrum_pool_create(&pool, THRUM_POOL_OPTS(.n_jobs = WORKERS,
	                                                  .spin_us = -1));
	LAW(rc == 0 || (rc == THRUM_ENOMEM && !strict));
	LAW((rc == 0) == (pool != NULL));
	if (rc)
		return NULL;
	rc = thrum_map(pool, N, one, &j, x, sizeof *x, NULL);
	LAW(rc == 0 && run_once(&j) == N);
	for (uint64_t i = 0; i < N; i++)
		LAW(x[i] == i * i);
	LAW(thrum_pool_destroy(pool) == 0);
	return NULL;
}

static const char *growing(bool strict)
{
	(void)strict;
	for (int k = 2; k <= 16; k *= 2) {
		const char *wrong = loop_on(NULL, THRUM_OPTS(.n_jobs = k));
		if (wrong)
			return wrong;
	}
	return NULL;
}

static int next(void *ctx, void *item)
{
	size_t *at = ctx;
	if (*at == N)
		return THRUM_END;
	*(size_t *)item = (*at)++;
	return 0;
}

struct line {
	size_t at; /* first: for next */
	struct jobs worked, delivered;
};

static int work(void *ctx, void *item, thrum_task *task)
{
	struct line *l = ctx;
	take_time(task);
	atomic_fetch_add(&l->worked.run[*(size_t *)item], 1);
	return 0;
}

static int consume(void *ctx, void *item)
{
	struct line *l = ctx;
	atomic_fetch_add(&l->delivered.run[*(size_t *)item], 1);
	return 0;
}

static const char *stream(bool strict)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED) {
		struct line l = { 0 };
		thrum_report report;
		int rc = thrum_stream(NULL, sizeof(size_t), next, work, consume,
			NULL, &l, THRUM_OPTS(.n_jobs = WORKERS, .flags = flags,
			                     .report = &report));
		LAW(rc == 0 || (rc == THRUM_ENOMEM && !strict));
		LAW(run_more(&l.worked) + run_more(&l.delivered) == 0);
		LAW(report.done == run_once(&l.delivered));
		LAW(report.jobs == report.done + report.failed + report.skipped);
		LAW(rc || report.done == N);
	}
	return NULL;
}

static int add(void *ctx, size_t begin, size_t end, void *out, thrum_task *task)
{
	struct jobs *j = ctx;
	take_time(task);
	for (size_t i = begin; i < end; i++) {
		*(int64_t *)out += (int64_t)i;
		atomic_fetch_add(&j->run[i], 1);
	}
	return 0;
}

static const char *reduce(bool strict)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED) {
		struct jobs j = { 0 };
		int64_t sum = 0;
		int rc = thrum_reduce(NULL, N, add, thrum_add_int64, &j, &sum,
			sizeof sum, THRUM_OPTS(.n_jobs = WORKERS, .grain = 1,
			                       .flags = flags));
		LAW(rc == 0 || (rc == THRUM_ENOMEM && !strict));
		LAW(run_more(&j) == 0);
		LAW(rc ? sum == 0 : run_once(&j) == N && sum == N * (N - 1) / 2);
	}
	return NULL;
}

struct wide {
	char bytes[4096]; /* partials that no slot has room for */
};

static int add_wide(void *ctx, size_t begin, size_t end, void *out,
                    thrum_task *task)
{
	(void)ctx;
	take_time(task);
	for (size_t i = begin; i < end; i++)
		((struct wide *)out)->bytes[i]++;
	return 0;
}

static void combine_wide(void *ctx, void *into, const void *from)
{
	(void)ctx;
	for (int i = 0; i < N; i++)
		((struct wide *)into)->bytes[i] = (char)(
			((struct wide *)into)->bytes[i]
			+ ((const struct wide *)from)->bytes[i]);
}

static const char *reduce_wide(bool strict)
{
	struct wide sum = { { 0 } };
	int rc = thrum_reduce(NULL, N, add_wide, combine_wide, NULL, &sum,
		sizeof sum, THRUM_OPTS(.n_jobs = WORKERS, .grain = 1));
	LAW(rc == 0 || (rc == THRUM_ENOMEM && !strict));
	for (int i = 0; i < N; i++)
		LAW(sum.bytes[i] == (rc ? 0 : 1));
	return NULL;
}

static int sum_up(void *ctx, size_t begin, size_t end, void *out,
                  thrum_task *task)
{
	thrum_sum s = { 0, 0 };
	(void)ctx;
	take_time(task);
	for (size_t i = begin; i < end; i++)
		thrum_sum_add(&s, (double)i);
	*(thrum_sum *)out = s;
	return 0;
}

static const char *compensated(bool strict)
{
	thrum_sum s = { 0, 0 };
	int rc = thrum_reduce(NULL, N, sum_up, thrum_add_sum, NULL, &s, sizeof s,
	                      THRUM_OPTS(.n_jobs = WORKERS, .grain = 1));
	LAW(rc == 0 || (rc == THRUM_ENOMEM && !strict));
	LAW(thrum_sum_value(&s) == (rc ? 0 : N * (N - 1) / 2));
	return NULL;
}

static atomic_int leaves;

static long fib(thrum_task *task, int n);
THRUM_TASK(long, fib, int);

static long fib(thrum_task *task, int n)
{
	if (n < 2) {
		take_time(task);
		atomic_fetch_add(&leaves, 1);
		return n;
	}
	fib_forked a = fib_fork(task, n - 1);
	long b = fib(task, n - 2);
	return fib_join(task, a) + b;
}

static const char *forks(bool strict)
{
	long value = 0;
	(void)strict;
	leaves = 0;
	LAW(fib_run(NULL, 9, &value, THRUM_OPTS(.n_jobs = WORKERS)) == 0);
	LAW(value == 34 && leaves == 55);
	return NULL;
}

static int tile(void *ctx, const size_t begin[], const size_t end[],
                thrum_task *task)
{
	struct jobs *j = ctx;
	take_time(task);
	for (size_t y = begin[0]; y < end[0]; y++)
		for (size_t x = begin[1]; x < end[1]; x++)
			atomic_fetch_add(&j->run[y * 8 + x], 1);
	return 0;
}

static const char *tiles(bool strict)
{
	struct jobs j = { 0 };
	(void)strict;
	LAW(thrum_for_tiles(NULL, 2, (size_t[]){ 8, 8 }, tile, &j,
		THRUM_OPTS(.n_jobs = WORKERS, .grain = 4)) == 0);
	LAW(run_once(&j) == N);
	return NULL;
}

/* As lines, as lines of JSON, and told to a function. */
static void told(void *ctx, const thrum_progress *p)
{
	if (p->finished)
		atomic_fetch_add((atomic_int *)ctx, 1);
}

static const char *progress(bool strict)
{
	atomic_int ends = 0;
	const char *wrong = loop_on(NULL, THRUM_OPTS(.n_jobs = WORKERS,
	                                             .verbose = 11));
	if (!wrong)
		wrong = loop_on(NULL, THRUM_OPTS(.n_jobs = WORKERS,
			.verbose = 2, .progress = THRUM_PROGRESS_JSON));
	if (!wrong)
		wrong = loop_on(NULL, THRUM_OPTS(.n_jobs = WORKERS,
			.on_progress = told, .on_progress_ctx = &ends));
	/* Without memory to show it the call is made all the same. */
	LAW(wrong || ends == 1 || (ends == 0 && !strict));
	return wrong;
}

static int inner(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct jobs here = { 0 };
	(void)result, (void)task;
	int rc = thrum_map(NULL, 8, one, &here, NULL, 0, NULL);
	if (rc == 0 && run_once(&here) == 8)
		atomic_fetch_add(&((struct jobs *)ctx)->run[i], 1);
	return rc;
}

static int inner_team(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct jobs here = { 0 };
	(void)result, (void)task;
	int rc = thrum_map(NULL, 8, one, &here, NULL, 0,
	                   THRUM_OPTS(.n_jobs = 2));
	if (rc == 0 && run_once(&here) == 8)
		atomic_fetch_add(&((struct jobs *)ctx)->run[i], 1);
	return rc;
}

static const char *nested(bool strict)
{
	struct jobs a = { 0 }, b = { 0 };
	(void)strict;
	LAW(thrum_map(NULL, 8, inner, &a, NULL, 0,
	              THRUM_OPTS(.n_jobs = WORKERS)) == 0);
	LAW(run_once(&a) == 8);
	LAW(thrum_map(NULL, 8, inner_team, &b, NULL, 0,
	              THRUM_OPTS(.n_jobs = WORKERS)) == 0);
	LAW(run_once(&b) == 8);
	return NULL;
}

static void *call_once(void *ctx)
{
	*(const char **)ctx = loop_on(NULL, NULL);
	return NULL;
}

static const char *callers(bool strict)
{
	const char *wrong[HOSTS] = { NULL };
	pthread_t t[HOSTS];
	(void)strict;
	for (int i = 0; i < HOSTS; i++)
		LAW(fault_host_thread(&t[i], call_once, &wrong[i]) == 0);
	for (int i = 0; i < HOSTS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < HOSTS; i++)
		if (wrong[i])
			return wrong[i];
	return NULL;
}

static const char *machine(bool strict)
{
	int cpu[WORKERS], n_jobs = 0, cores = thrum_cpu_count();
	(void)strict;
	LAW(cores >= 1 && thrum_cpu_count() == cores);
	LAW(thrum_effective_n_jobs(NULL, -1) == cores);
	int n = thrum_pool_cpus(NULL, WORKERS, cpu, WORKERS);
	LAW(n >= 1 && n <= WORKERS);
	LAW(thrum_n_jobs_parse("50%", &n_jobs) == 0 && n_jobs >= 1);
	return NULL;
}

static const char *defaults(bool strict)
{
	(void)strict;
	LAW(thrum_set_defaults(THRUM_OPTS(.n_jobs = WORKERS), NULL) == 0);
	const char *wrong = loop_on(NULL, THRUM_OPTS());
	LAW(thrum_set_defaults(NULL, NULL) == 0);
	return wrong;
}

/* A table of what was done, at the end; bad values among good ones. */
static const char *environment(bool strict)
{
	/* No thread looks at the machine, and so at the environment, any more. */
	LAW(thrum_shutdown() == 0);
	setenv("THRUM_STATS", "1", 1);
	setenv("THRUM_N_JOBS", "3", 1);
	setenv("THRUM_CPUS", "0-3", 1);
	setenv("THRUM_SPIN_US", "much", 1);
	const char *wrong = loop_on(NULL, THRUM_OPTS(.verbose = 1));
	int rc = thrum_shutdown();
	const char *names[] = { "THRUM_STATS", "THRUM_N_JOBS", "THRUM_CPUS",
	                        "THRUM_SPIN_US" };
	for (int i = 0; i < 4; i++)
		unsetenv(names[i]);
	LAW(rc == 0);
	return wrong ? wrong : first_call(strict);
}

static int turn(void *ctx, thrum_task *task)
{
	atomic_fetch_add(&((struct jobs *)ctx)->run[thrum_task_worker(task)], 1);
	return 0;
}

static const char *turns(bool strict)
{
	struct jobs j = { 0 };
	thrum_report report;
	(void)strict;
	int warm = thrum_pool_warm(NULL, WORKERS);
	LAW(warm >= 1 && warm <= WORKERS);
	LAW(thrum_each(NULL, turn, &j, THRUM_OPTS(.n_jobs = WORKERS,
	                                          .report = &report)) == 0);
	LAW(run_more(&j) == 0 && run_once(&j) == report.done);
	LAW(report.done >= 1 && report.done <= WORKERS);
	return NULL;
}

/* Memory of a body, told to it that there is none. */
static int with_scratch(void *ctx, size_t i, void *result, thrum_task *task)
{
	char *p = thrum_task_scratch(task, 100000);
	(void)result;
	if (p)
		memset(p, (int)i, 100000);
	else
		return THRUM_ENOMEM;
	return one(ctx, i, NULL, task);
}

static const char *scratch(bool strict)
{
	struct jobs j = { 0 };
	thrum_report report;
	int rc = thrum_map(NULL, N, with_scratch, &j, NULL, 0,
		THRUM_OPTS(.n_jobs = WORKERS, .report = &report));
	LAW(rc == 0 || (rc == THRUM_ENOMEM && !strict));
	LAW(report.done == run_once(&j) && run_more(&j) == 0);
	LAW(report.done + report.failed + report.skipped == N);
	LAW(rc ? report.failed > 0 : report.done == N);
	return NULL;
}

/* A child has all anew. */
static const char *child(bool strict)
{
	int status = -1;
	const char *wrong = first_call(strict);
	if (wrong)
		return wrong;
	pid_t pid = fork();
	if (pid == 0) {
		alarm(20);
		_exit(loop_on(NULL, NULL) != NULL);
	}
	LAW(pid > 0 && waitpid(pid, &status, 0) == pid);
	LAW(status == 0);
	return NULL;
}

const struct client clients[] = {
	{ "first call", first_call },
	{ "own pool", own_pool },
	{ "growing pool", growing },
	{ "stream", stream },
	{ "reduce", reduce },
	{ "wide reduce", reduce_wide },
	{ "sum", compensated },
	{ "forks", forks },
	{ "tiles", tiles },
	{ "progress", progress },
	{ "nested", nested },
	{ "callers", callers },
	{ "machine", machine },
	{ "defaults", defaults },
	{ "environment", environment },
	{ "turns", turns },
	{ "scratch", scratch },
	{ "child", child },
};
const int client_count = sizeof clients / sizeof *clients;
