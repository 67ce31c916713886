/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_pool.c - threads come when they are needed, are set up as was asked,
 * and leave nothing behind
 */
#include "config.h"

#include "../sanitizer.h"
#include "common.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <thrum.h>

static thrum_pool *pool_of(thrum_pool_opts o)
{
	thrum_pool *p;
	ck_assert_int_eq(thrum_pool_create(&p, &o), 0);
	ck_assert_ptr_nonnull(p);
	return p;
}

static int idle(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	return 0;
}

static int short_job(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i, (void)result, (void)task;
	spin(300);
	return 0;
}

START_TEST(the_size_is_the_most_a_call_can_have)
{
	for (int k = 1; k <= 9; k++) {
		thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = k));
		ck_assert_int_eq(thrum_effective_n_jobs(p, 0), k);
		ck_assert_int_eq(thrum_effective_n_jobs(p, -1), k);
		ck_assert_int_eq(thrum_effective_n_jobs(p, 100), k);
		ck_assert_int_eq(thrum_effective_n_jobs(p, THRUM_JOBS_IO), k);
		ck_assert_int_eq(thrum_effective_n_jobs(p, -2),
		                 k > 1 ? k - 1 : 1);
		ck_assert_int_eq(thrum_effective_n_jobs(p, 1), 1);
		ck_assert_int_eq(thrum_pool_warm(p, 0), k);
		ck_assert_int_eq(thrum_pool_destroy(p), 0);
	}
	thrum_pool *p;
	ck_assert_int_eq(thrum_pool_create(&p, NULL), 0);
	ck_assert_int_eq(thrum_effective_n_jobs(p, 0), thrum_cpu_count());
	ck_assert_int_eq(thrum_pool_destroy(p), 0);
}
END_TEST

/* Hooks */

struct hooks {
	atomic_int started[64], stopped[64];
	atomic_int wrong;
	bool fail_odd;
	bool fail_all;
};

static int start(void *ctx, int thread)
{
	struct hooks *h = ctx;
	if (thread < 0 || thread >= 64 || h->started[thread]++)
		atomic_fetch_add(&h->wrong, 1);
	return h->fail_all || (h->fail_odd && thread % 2);
}

static int stop(void *ctx, int thread)
{
	struct hooks *h = ctx;
	if (thread < 0 || thread >= 64 || !h->started[thread]
	    || h->stopped[thread]++)
		atomic_fetch_add(&h->wrong, 1);
	return 99; /* ignored */
}

START_TEST(start_and_stop_run_once_per_thread)
{
	for (int k = 1; k <= 8; k++) {
		struct hooks h = { .wrong = 0 };
		int started = 0;
		thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = k,
			.start = start, .stop = stop, .ctx = &h));
		ck_assert_int_eq(thrum_pool_warm(p, 0), k);
		ck_assert_int_eq(thrum_map(p, 1000, short_job, NULL, NULL, 0,
		                           NULL), 0);
		ck_assert_int_eq(thrum_pool_destroy(p), 0);
		ck_assert_int_eq(h.wrong, 0);
		for (int i = 0; i < 64; i++) {
			ck_assert_int_eq(h.started[i], h.stopped[i]);
			started += h.started[i];
		}
		ck_assert_int_ge(started, k - 1);
		ck_assert_int_le(started, k);
	}
}
END_TEST

START_TEST(a_thread_whose_start_fails_is_one_less)
{
	for (int all = 0; all < 2; all++)
		for (int k = 2; k <= 6; k++) {
			struct hooks h = { .fail_all = all, .fail_odd = true };
			thrum_report r;
			thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = k,
				.start = start, .stop = stop, .ctx = &h));
			for (int i = 0; i < 10; i++) {
				ck_assert_int_eq(thrum_map(p, 1000, short_job,
					NULL, NULL, 0, THRUM_OPTS(
					.report = &r)), 0);
				ck_assert_uint_eq(r.done, 1000);
			}
			ck_assert_int_eq(thrum_each(p, idle, NULL, THRUM_OPTS(
				.report = &r)), 0);
			ck_assert_uint_lt(r.done, (uint64_t)k + !all);
			ck_assert_uint_ge(r.done, 1);
			ck_assert_int_eq(thrum_pool_destroy(p), 0);
			for (int i = 0; i < 64; i++)
				ck_assert_int_eq(h.stopped[i], h.started[i]
				                 && !all && i % 2 == 0);
		}
}
END_TEST

START_TEST(a_pool_works_where_the_system_refuses_threads)
{
	/* No address space has room for such a stack. */
	thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = 4,
		.stack_bytes = SIZE_MAX / 4));
	thrum_report r;
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(thrum_map(p, 2000, short_job, NULL, NULL, 0,
		                           THRUM_OPTS(.report = &r)), 0);
		ck_assert_uint_eq(r.done, 2000);
		ck_assert_int_eq(r.workers, 1);
	}
	ck_assert_int_eq(thrum_each(p, idle, NULL, THRUM_OPTS(.report = &r)),
	                 0);
	ck_assert_uint_eq(r.done, 1);
	ck_assert(r.notes & THRUM_NOTE_THREADS);
	ck_assert_int_eq(thrum_pool_warm(p, 0), 1);
	ck_assert_int_eq(thrum_pool_destroy(p), 0);
}
END_TEST

/* What a worker's thread is like */

struct thread {
	pthread_t self;
	char name[16];
	sigset_t blocked;
	size_t stack;
	cpu_set_t mask;
	int times;
};

struct crew {
	pthread_t caller;
	struct thread of[64]; /* by worker: its own */
	atomic_int wrong;
};

static int describe(void *ctx, thrum_task *task)
{
	struct crew *c = ctx;
	int w = thrum_task_worker(task);
	pthread_attr_t attr;
	if (w < 0 || w >= thrum_task_n_jobs(task) || w >= 64) {
		atomic_fetch_add(&c->wrong, 1);
		return 0;
	}
	struct thread *t = &c->of[w];
	t->times++;
	t->self = pthread_self();
	pthread_getname_np(t->self, t->name, sizeof t->name);
	pthread_sigmask(SIG_SETMASK, NULL, &t->blocked);
	pthread_getaffinity_np(t->self, sizeof t->mask, &t->mask);
	if (pthread_getattr_np(t->self, &attr) == 0) {
		pthread_attr_getstacksize(&attr, &t->stack);
		pthread_attr_destroy(&attr);
	}
	return 0;
}

static void describe_all(thrum_pool *p, int n_jobs, struct crew *c)
{
	memset(c, 0, sizeof *c);
	c->caller = pthread_self();
	ck_assert_int_eq(thrum_each(p, describe, c, THRUM_OPTS(
		.n_jobs = n_jobs)), 0);
	ck_assert_int_eq(c->wrong, 0);
}

START_TEST(each_runs_once_in_each_worker_in_threads_of_their_own)
{
	static struct crew c;
	for (int k = 1; k <= 16; k++)
		for (int own = 0; own < 2; own++) {
			thrum_pool *p = own ? pool_of(*THRUM_POOL_OPTS(
				.n_jobs = k)) : NULL;
			for (int round = 0; round < 10; round++) {
				describe_all(p, k, &c);
				ck_assert(pthread_equal(c.of[0].self, c.caller));
				for (int i = 0; i < k; i++) {
					ck_assert_int_eq(c.of[i].times, 1);
					for (int j = 0; j < i; j++)
						ck_assert(!pthread_equal(
							c.of[i].self,
							c.of[j].self));
				}
			}
			ck_assert_int_eq(thrum_pool_destroy(p), 0);
		}
}
END_TEST

static int fail_from_two(void *ctx, thrum_task *task)
{
	(void)ctx;
	int w = thrum_task_worker(task);
	return w >= 2 ? 100 + w : 0;
}

START_TEST(each_returns_the_value_of_the_lowest_worker_that_failed)
{
	for (int k = 1; k <= 6; k++) {
		thrum_report r;
		ck_assert_int_eq(thrum_each(NULL, fail_from_two, NULL,
			THRUM_OPTS(.n_jobs = k, .report = &r)),
			k > 2 ? 102 : 0);
		ck_assert_uint_eq(r.jobs, (uint64_t)k);
		ck_assert_uint_eq(r.failed, k > 2 ? (uint64_t)k - 2 : 0);
	}
}
END_TEST

START_TEST(threads_are_named_and_take_no_signals)
{
	static struct crew c;
	const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGCHLD,
		SIGPROF, SIGPIPE }, faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	sigset_t before, after;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	describe_all(NULL, 4, &c);
	for (int w = 1; w < 4; w++) {
		ck_assert_int_eq(strncmp(c.of[w].name, "thrum/", 6), 0);
		for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
			ck_assert(sigismember(&c.of[w].blocked, taken[i]));
		for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
			ck_assert(!sigismember(&c.of[w].blocked, faults[i]));
	}
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < 32; i++) {
		ck_assert_int_eq(sigismember(&before, i), sigismember(&after, i));
		ck_assert_int_eq(sigismember(&before, i),
		                 sigismember(&c.of[0].blocked, i));
	}
}
END_TEST

START_TEST(the_stack_is_as_large_as_was_asked)
{
	static struct crew c;
	const size_t bytes[] = { 1, 256 << 10, 1 << 20, 3000001, 64 << 20 };
	for (int i = 0; i < 5; i++) {
		thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = 3,
			.stack_bytes = bytes[i]));
		describe_all(p, 3, &c);
		for (int w = 1; w < 3; w++)
			ck_assert_uint_ge(c.of[w].stack, bytes[i]);
		ck_assert_int_eq(thrum_pool_destroy(p), 0);
	}
}
END_TEST

START_TEST(workers_are_bound_to_cores_of_their_own)
{
	static struct crew c;
	cpu_set_t before, after, both;
	int n = thrum_cpu_count(), cpu[64];
	sched_getaffinity(0, sizeof before, &before);
	if (n < 2 || n > 64 || CPU_COUNT(&before) < n)
		return;
	thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = n,
	                                         .bind = THRUM_BIND_CORES));
	for (int round = 0; round < 20; round++) {
		describe_all(p, n, &c);
		ck_assert_int_eq(thrum_pool_cpus(p, 0, cpu, n), n);
		for (int w = 1; w < n; w++) {
			CPU_AND(&both, &c.of[w].mask, &before);
			/* Never more than the process had. */
			ck_assert(CPU_EQUAL(&both, &c.of[w].mask));
			ck_assert_int_ge(cpu[w], 0);
			for (int v = 1; v < w; v++) {
				CPU_AND(&both, &c.of[w].mask, &c.of[v].mask);
				ck_assert_int_eq(CPU_COUNT(&both), 0);
				ck_assert_int_ne(cpu[w], cpu[v]);
			}
		}
		ck_assert(CPU_EQUAL(&c.of[0].mask, &before));
		sched_getaffinity(0, sizeof after, &after);
		ck_assert(CPU_EQUAL(&after, &before));
	}
	ck_assert_int_eq(thrum_pool_destroy(p), 0);
	p = pool_of(*THRUM_POOL_OPTS(.n_jobs = n, .bind = THRUM_BIND_NONE));
	describe_all(p, n, &c);
	for (int w = 0; w < n; w++)
		ck_assert(CPU_EQUAL(&c.of[w].mask, &before));
	ck_assert_int_eq(thrum_pool_cpus(p, 0, cpu, n), n);
	for (int w = 1; w < n; w++)
		ck_assert_int_eq(cpu[w], -1);
	ck_assert_int_eq(thrum_pool_destroy(p), 0);
}
END_TEST

/* 0 if the caller is bound in the call alone. */
static int caller_is_bound(thrum_pool *p)
{
	static struct crew c;
	cpu_set_t before, after;
	int n = thrum_cpu_count();
	sched_getaffinity(0, sizeof before, &before);
	memset(&c, 0, sizeof c);
	if (thrum_each(p, describe, &c, NULL) != 0)
		return 1;
	sched_getaffinity(0, sizeof after, &after);
	if (!CPU_EQUAL(&before, &after))
		return 2;
	return CPU_COUNT(&c.of[0].mask) * n <= CPU_COUNT(&before) ? 0 : 3;
}

START_TEST(the_caller_is_bound_if_asked_for_the_call_only)
{
	if (thrum_cpu_count() < 2)
		return;
	thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.bind = THRUM_BIND_CALLER));
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(caller_is_bound(p), 0);
	ck_assert_int_eq(thrum_pool_destroy(p), 0);
	/* The environment is read once: another process. */
	pid_t pid = fork();
	if (pid == 0) {
		setenv("THRUM_BIND", "caller", 1);
		execl("/proc/self/exe", "check_pool", "bind", (char *)NULL);
		_exit(77);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(cpus_tells_of_no_more_workers_than_there_are)
{
	int cpu[8];
	for (int k = 1; k <= 4; k++) {
		for (int i = 0; i < 8; i++)
			cpu[i] = -5;
		ck_assert_int_eq(thrum_pool_cpus(NULL, k, cpu, 8), k);
		for (int i = k; i < 8; i++)
			ck_assert_int_eq(cpu[i], -1);
		ck_assert_int_eq(thrum_pool_cpus(NULL, k, NULL, 0), k);
	}
}
END_TEST

/* Deadlocks that are refused */

static int in_body(void *ctx, thrum_task *task)
{
	thrum_pool *p = *(thrum_pool **)ctx;
	(void)task;
	return thrum_each(p, idle, NULL, NULL) != THRUM_EDEADLK
	       || thrum_each(NULL, idle, NULL, NULL) != THRUM_EDEADLK
	       || thrum_pool_warm(p, 0) != THRUM_EDEADLK
	       || (p && thrum_pool_destroy(p) != THRUM_EDEADLK)
	       || thrum_shutdown() != THRUM_EDEADLK;
}

static int in_job(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)result;
	return in_body(ctx, task);
}

START_TEST(what_would_wait_for_itself_is_refused)
{
	for (int k = 1; k <= 4; k++) {
		thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = k));
		thrum_pool *none = NULL;
		ck_assert_int_eq(thrum_map(p, 50, in_job, &p, NULL, 0, NULL),
		                 0);
		ck_assert_int_eq(thrum_map(NULL, 50, in_job, &none, NULL, 0,
		                           THRUM_OPTS(.n_jobs = k)), 0);
		ck_assert_int_eq(thrum_run(p, in_body, &p, NULL), 0);
		ck_assert_int_eq(thrum_each(p, in_body, &p, NULL), 0);
		ck_assert_int_eq(thrum_pool_destroy(p), 0);
	}
}
END_TEST

/* Coming and going */

static long number_in(const char *path, const char *key)
{
	char line[256];
	long n = 0, count = 0;
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f)) {
		count++;
		if (key && strncmp(line, key, strlen(key)) == 0)
			n = strtol(line + strlen(key), NULL, 10);
	}
	if (f)
		fclose(f);
	return key ? n : count;
}

static void come_and_go(long times)
{
	for (long i = 0; i < times; i++) {
		thrum_pool *p = pool_of(*THRUM_POOL_OPTS(
			.n_jobs = 1 + (int)(i % 4)));
		if (thrum_map(p, 64, short_job, NULL, NULL, 0, NULL)
		    || (i % 8 == 0 && thrum_pool_warm(p, 0) < 1)
		    || thrum_pool_destroy(p))
			ck_abort_msg("in round %ld", i);
	}
}

START_TEST(pools_leave_nothing_behind)
{
	long times = rounds(2000, 100000);
	come_and_go(200);
	int threads = threads_now(), files = entries("/proc/self/fd");
	long maps = number_in("/proc/self/maps", NULL);
	long kib = number_in("/proc/self/status", "VmRSS:");
	come_and_go(times);
	ck_assert(threads_come_down_to(threads));
	ck_assert_int_eq(entries("/proc/self/fd"), files);
	ck_assert_int_le(number_in("/proc/self/maps", NULL), maps + 20);
#if !UNDER_TSAN /* it keeps its notes on memory that was freed */
	ck_assert_int_le(number_in("/proc/self/status", "VmRSS:"), kib + 4096);
#else
	(void)kib;
#endif
}
END_TEST

START_TEST(one_job_starts_no_thread)
{
	ck_assert_int_eq(thrum_shutdown(), 0);
	int before = threads_now();
	thrum_pool *p = pool_of(*THRUM_POOL_OPTS(.n_jobs = 4));
	for (int i = 0; i < 2; i++) {
		thrum_pool *of = i ? p : NULL;
		ck_assert_int_eq(thrum_map(of, 10000, short_job, NULL, NULL, 0,
		                           THRUM_OPTS(.n_jobs = 1)), 0);
		ck_assert_int_eq(thrum_pool_warm(of, 1), 1);
	}
	ck_assert_int_eq(threads_now(), before);
	ck_assert_int_eq(thrum_pool_destroy(p), 0);
}
END_TEST

START_TEST(after_a_shutdown_all_begins_anew)
{
	int before = -1;
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(thrum_map(NULL, 1000, short_job, NULL, NULL, 0,
		                           THRUM_OPTS(.n_jobs = 3)), 0);
		ck_assert_int_eq(thrum_pool_warm(NULL, 3), 3);
		ck_assert_int_eq(thrum_shutdown(), 0);
		ck_assert_int_eq(thrum_shutdown(), 0);
		if (before < 0)
			before = threads_now();
		ck_assert(threads_come_down_to(before));
	}
}
END_TEST

START_TEST(a_call_for_more_workers_enlarges_the_default_pool)
{
	static struct crew c;
	for (int k = 1; k <= 48; k = k * 2 + 1) {
		thrum_report r;
		describe_all(NULL, k, &c);
		ck_assert_int_eq(thrum_map(NULL, 5000, short_job, NULL, NULL, 0,
			THRUM_OPTS(.n_jobs = k, .report = &r)), 0);
		ck_assert_int_eq(r.n_jobs, k);
		ck_assert_int_le(r.workers, k);
	}
	ck_assert_int_eq(thrum_map(NULL, 5000, short_job, NULL, NULL, 0, NULL),
	                 0);
}
END_TEST

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "bind") == 0)
		return caller_is_bound(NULL);
	Suite *s = suite_create("pool");
	TCase *c = tcase_create("threads");
	tcase_add_test(c, the_size_is_the_most_a_call_can_have);
	tcase_add_test(c, start_and_stop_run_once_per_thread);
	tcase_add_test(c, a_thread_whose_start_fails_is_one_less);
	tcase_add_test(c, a_pool_works_where_the_system_refuses_threads);
	tcase_add_test(c, threads_are_named_and_take_no_signals);
	tcase_add_test(c, the_stack_is_as_large_as_was_asked);
	tcase_add_test(c, workers_are_bound_to_cores_of_their_own);
	tcase_add_test(c, the_caller_is_bound_if_asked_for_the_call_only);
	tcase_add_test(c, cpus_tells_of_no_more_workers_than_there_are);
	add_test(s, c);
	c = tcase_create("each");
	tcase_add_test(c, each_runs_once_in_each_worker_in_threads_of_their_own);
	tcase_add_test(c, each_returns_the_value_of_the_lowest_worker_that_failed);
	tcase_add_test(c, what_would_wait_for_itself_is_refused);
	add_test(s, c);
	c = tcase_create("life");
	tcase_add_test(c, pools_leave_nothing_behind);
	tcase_add_test(c, one_job_starts_no_thread);
	tcase_add_test(c, after_a_shutdown_all_begins_anew);
	tcase_add_test(c, a_call_for_more_workers_enlarges_the_default_pool);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
