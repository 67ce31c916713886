/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_process.c - the process may fork and end at any time
 *
 * A child that hangs is ended by its alarm, and shows in how it ended. Children
 * use no function of Check: they say what they found by their exit status.
 */
#include "config.h"

#include "../sanitizer.h"
#include "common.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <thrum.h>

enum { N = 3000 };

static int square(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)task;
	spin(100);
	*(uint64_t *)result = (uint64_t)i * i;
	return 0;
}

static int sum(void *ctx, size_t begin, size_t end, void *out, thrum_task *task)
{
	(void)ctx, (void)task;
	for (size_t i = begin; i < end; i++)
		*(int64_t *)out += (int64_t)i;
	return 0;
}

static int next(void *ctx, void *item)
{
	(void)item;
	return (*(int *)ctx)-- > 0 ? 0 : THRUM_END;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	(void)ctx, (void)item, (void)task;
	spin(100);
	return 0;
}

static int turn(void *ctx, thrum_task *task)
{
	(void)task;
	atomic_fetch_add((atomic_int *)ctx, 1);
	return 0;
}

/* 0 if the library does here what it should. */
static int use_all(thrum_pool *pool, int n_jobs)
{
	static uint64_t x[N];
	const thrum_opts *o = THRUM_OPTS(.n_jobs = n_jobs);
	int64_t total = 0;
	int left = 200;
	atomic_int turns = 0;
	memset(x, 0xff, sizeof x);
	if (thrum_map(pool, N, square, NULL, x, sizeof *x, o))
		return 1;
	for (uint64_t i = 0; i < N; i++)
		if (x[i] != i * i)
			return 2;
	if (thrum_reduce(pool, 100000, sum, thrum_add_int64, NULL, &total,
	                 sizeof total, o) || total != 4999950000)
		return 3;
	if (thrum_stream(pool, 8, next, work, NULL, NULL, &left, o))
		return 4;
	if (thrum_each(pool, turn, &turns, o)
	    || turns != thrum_effective_n_jobs(pool, n_jobs))
		return 5;
	return 0;
}

static void assert_ends_well(pid_t pid)
{
	int status;
	ck_assert_int_gt(pid, 0);
	while (waitpid(pid, &status, 0) != pid)
		ck_assert_int_eq(errno, EINTR);
	ck_assert_msg(!WIFSIGNALED(status), "the child ended by signal %d",
	              WTERMSIG(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* Not as Check has it, whose handler ends the whole group. */
static void end_if_it_hangs(void)
{
	signal(SIGALRM, SIG_DFL);
	alarm(20);
}

/* A child that uses the library, its own children too. */
static pid_t user(thrum_pool *pool, int depth)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	end_if_it_hangs();
	int rc = use_all(NULL, 3);
	if (rc == 0 && pool)
		rc = 10 * use_all(pool, 0);
	if (rc == 0 && depth > 0) {
		int status = 0;
		pid_t below = user(pool, depth - 1);
		if (below < 0 || waitpid(below, &status, 0) != below || status)
			rc = 100;
	}
	if (rc == 0 && pool)
		rc = thrum_pool_destroy(pool) ? 101 : 0;
	if (rc == 0 && thrum_shutdown() != 0)
		rc = 102;
	_exit(rc);
}

START_TEST(a_child_of_an_idle_parent_may_use_the_library)
{
	thrum_pool *pool;
	assert_ends_well(user(NULL, 0)); /* before first use */
	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = 3)), 0);
	assert_ends_well(user(pool, 0)); /* before its threads were started */
	for (long i = 0; i < rounds(100, 2000); i++) {
		ck_assert_int_eq(use_all(NULL, 3), 0);
		ck_assert_int_eq(use_all(pool, 0), 0);
		assert_ends_well(user(pool, (int)(i % 3)));
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

/* Another thread that is always in a call */
struct busy {
	thrum_pool *pool;
	atomic_int stop, wrong, rounds;
};

static int in_busy(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i, (void)result, (void)task;
	spin(2000);
	return 0;
}

static void *be_busy(void *ctx)
{
	struct busy *b = ctx;
	while (!atomic_load(&b->stop)) {
		int left = 50;
		if (thrum_map(b->pool, 500, in_busy, NULL, NULL, 0, NULL)
		    || thrum_stream(b->pool, 8, next, work, NULL, NULL, &left,
		                    NULL))
			atomic_store(&b->wrong, 1);
		atomic_fetch_add(&b->rounds, 1);
	}
	return NULL;
}

START_TEST(a_child_of_a_busy_parent_may_use_the_library)
{
	if (UNDER_ASAN) {
		printf("# SKIP forks while others are in calls: ASan\n");
		return;
	}
	for (int own = 0; own < 2; own++) {
		struct busy b = { .pool = NULL };
		pthread_t t[2];
		if (own)
			ck_assert_int_eq(thrum_pool_create(&b.pool,
				THRUM_POOL_OPTS(.n_jobs = 3)), 0);
		for (int i = 0; i < 2; i++)
			ck_assert_int_eq(pthread_create(&t[i], NULL, be_busy,
			                                &b), 0);
		while (atomic_load(&b.rounds) < 3)
			doze(1);
		for (long i = 0; i < rounds(60, 2000); i++)
			assert_ends_well(user(b.pool, (int)(i % 2)));
		atomic_store(&b.stop, 1);
		for (int i = 0; i < 2; i++)
			pthread_join(t[i], NULL);
		ck_assert_int_eq(b.wrong, 0);
		ck_assert_int_eq(thrum_pool_destroy(b.pool), 0);
	}
}
END_TEST

START_TEST(a_thousand_children)
{
	ck_assert_int_eq(use_all(NULL, 2), 0);
	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			end_if_it_hangs();
			_exit(i % 10 ? 0 : use_all(NULL, 2));
		}
		assert_ends_well(pid);
		if (i % 100 == 0)
			ck_assert_int_eq(use_all(NULL, 2), 0);
	}
}
END_TEST

/* fork in bodies */

static int fork_and_end(void *ctx, size_t i, void *result, thrum_task *task)
{
	int status = -1;
	(void)ctx, (void)result, (void)task;
	if (i % 10)
		return 0;
	pid_t pid = fork();
	if (pid == 0) {
		end_if_it_hangs();
		if (i % 20)
			_exit(0);
		execl("/bin/true", "true", (char *)NULL);
		_exit(77);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

START_TEST(a_body_may_fork_to_exec_or_exit)
{
	for (int k = 1; k <= 4; k++)
		for (long i = 0; i < rounds(10, 200); i++)
			ck_assert_int_eq(thrum_map(NULL, 100, fork_and_end, NULL,
				NULL, 0, THRUM_OPTS(.n_jobs = k)), 0);
}
END_TEST

/* Ends */

enum { EXIT, UNDERSCORE, QUICK, ENDS };

static int end_by(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)result, (void)task;
	spin(5000);
	if (i == 50)
		switch (*(int *)ctx) {
		case EXIT:
			exit(0);
		case UNDERSCORE:
			_exit(0);
		case QUICK:
			quick_exit(0);
		}
	return 0;
}

static void *call_for_ever(void *ctx)
{
	for (;;)
		if (thrum_map(NULL, 1000, in_busy, ctx, NULL, 0, NULL))
			return NULL;
}

START_TEST(a_process_may_end_with_workers_running)
{
	for (int how = 0; how < ENDS; how++)
		for (long i = 0; i < rounds(20, 300); i++)
			for (int inside = 0; inside < 2; inside++) {
				pid_t pid = fork();
				if (pid == 0) {
					pthread_t t;
					end_if_it_hangs();
					pthread_create(&t, NULL, call_for_ever,
					               NULL);
					(void)use_all(NULL, 4);
					if (inside)
						(void)thrum_map(NULL, 100,
							end_by, &how, NULL, 0,
							THRUM_OPTS(.n_jobs = 4));
					if (how == UNDERSCORE)
						_exit(0);
					if (how == QUICK)
						quick_exit(0);
					exit(0);
				}
				assert_ends_well(pid);
			}
}
END_TEST

static void *use_once(void *ctx)
{
	int *rc = ctx;
	*rc = use_all(NULL, 2);
	return NULL;
}

START_TEST(threads_that_called_may_end)
{
	for (long i = 0; i < rounds(200, 5000); i++) {
		pthread_t t;
		int rc = -1;
		ck_assert_int_eq(pthread_create(&t, NULL, use_once, &rc), 0);
		ck_assert_int_eq(pthread_join(t, NULL), 0);
		ck_assert_int_eq(rc, 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("process");
	TCase *c = tcase_create("fork");
	tcase_add_test(c, a_child_of_an_idle_parent_may_use_the_library);
	tcase_add_test(c, a_child_of_a_busy_parent_may_use_the_library);
	tcase_add_test(c, a_thousand_children);
	tcase_add_test(c, a_body_may_fork_to_exec_or_exit);
	add_test(s, c);
	c = tcase_create("end");
	tcase_add_test(c, a_process_may_end_with_workers_running);
	tcase_add_test(c, threads_that_called_may_end);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
