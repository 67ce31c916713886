/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_pool.c - threads that start, refuse, end, are kept out; pools that go
 *
 * Each law is one that a caller could wait for in vain, or memory that could go
 * from under it: a turn whose thread never comes, a pool destroyed while calls
 * leave it, a child of a fork that takes the parent's calls for its own.
 */
#include "config.h"

#include "../sanitizer.h"
#include "atomics.h"
#include "cpus.h"
#include "pool.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

/* Fewer where each takes long. */
static int rounds(int n)
{
	return getenv("THRUM_TEST_SHORT") ? n / 20 : n;
}

static thrum_pool *pool_of(int size)
{
	thrum_pool *pool;
	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = size, .bind = THRUM_BIND_NONE, .spin_us = -1)), 0);
	return pool;
}

/* Turns */

static int count_turn(void *ctx, thrum_task *task)
{
	_Atomic int *turns = ctx;
	(void)task;
	thrum__add(turns, 1, relaxed);
	return 0;
}

struct warmer {
	thrum_pool *pool;
	int size, rounds;
	_Atomic int turns;
};

static void *warm_again(void *arg)
{
	struct warmer *w = arg;
	for (int i = 0; i < w->rounds; i++)
		ck_assert_int_eq(thrum_each(w->pool, count_turn, &w->turns,
		                            NULL), 0);
	return NULL;
}

/* Each sits at a place whose resident the others wait for. */
START_TEST(callers_of_each_do_not_wait_for_each_other)
{
	enum { CALLERS = 3 };
	struct warmer w = { pool_of(_i), _i, rounds(300), 0 };
	pthread_t thread[CALLERS];

	for (int i = 0; i < CALLERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, warm_again,
		                                &w), 0);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_int_eq(w.turns, CALLERS * w.rounds * w.size);
	ck_assert_int_eq(thrum_pool_destroy(w.pool), 0);
}
END_TEST

static int calls_inside(void *ctx, thrum_task *task)
{
	struct warmer *w = ctx;
	size_t bytes = 100;

	ck_assert_ptr_nonnull(thrum_task_scratch(task, bytes));
	ck_assert_int_eq(thrum_run(w->pool, count_turn, &w->turns, NULL), 0);
	return 0;
}

static void *each_with_calls(void *arg)
{
	struct warmer *w = arg;
	for (int i = 0; i < w->rounds; i++)
		ck_assert_int_eq(thrum_each(w->pool, calls_inside, w, NULL), 0);
	return NULL;
}

START_TEST(turns_may_use_the_pool_even_if_kept_out)
{
	enum { CALLERS = 2 };
	struct warmer w = { pool_of(2), 2, rounds(200), 0 };
	pthread_t thread[CALLERS];

	for (int i = 0; i < CALLERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL,
		                                each_with_calls, &w), 0);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_int_eq(w.turns, CALLERS * w.rounds * w.size);
	ck_assert_int_eq(thrum_pool_destroy(w.pool), 0);
}
END_TEST

static int refuse(void *ctx, int thread)
{
	(void)ctx, (void)thread;
	sleep_ms(20); /* until the caller sleeps, too */
	return -1;
}

START_TEST(threads_that_refuse_lose_their_turns)
{
	thrum_pool *pool;

	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = 4, .start = refuse, .spin_us = -1)), 0);
	ck_assert_int_eq(thrum_pool_warm(pool, 0), 1);
	ck_assert_int_eq(thrum_pool_warm(pool, 0), 1);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

static int nap(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	sleep_ms(1);
	return 0;
}

static int nothing(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx, (void)begin, (void)end, (void)task;
	return 0;
}

static void *each_on_default(void *arg)
{
	(void)arg;
	ck_assert_int_eq(thrum_each(NULL, nap, NULL, THRUM_OPTS(.n_jobs = 2)),
	                 0);
	return NULL;
}

/* The residents of the smaller default pool end when a larger one is made. */
START_TEST(threads_that_end_lose_their_turns)
{
	for (int i = 0; i < rounds(100); i++) {
		pthread_t thread;
		ck_assert_int_eq(pthread_create(&thread, NULL, each_on_default,
		                                NULL), 0);
		struct timespec t = { 0, i * 30000 };
		nanosleep(&t, NULL);
		ck_assert_int_eq(thrum_for(NULL, 10, nothing, NULL,
		                           THRUM_OPTS(.n_jobs = 32)), 0);
		pthread_join(thread, NULL);
		ck_assert_int_eq(thrum_shutdown(), 0);
	}
}
END_TEST

/* It doubles as larger and larger calls come, up to that. */
START_TEST(the_default_pool_has_no_more_places_than_there_may_be)
{
	thrum_report r;
	for (int k = THRUM__WORKERS_MAX / 2 + 10; k <= THRUM__WORKERS_MAX + 100;
	     k += THRUM__WORKERS_MAX / 4) {
		ck_assert_int_eq(thrum_for(NULL, 1, nothing, NULL, THRUM_OPTS(
			.n_jobs = k, .report = &r)), 0);
		ck_assert_int_eq(r.n_jobs, k < THRUM__WORKERS_MAX
		                           ? k : THRUM__WORKERS_MAX);
	}
	ck_assert_int_eq(thrum_shutdown(), 0);
}
END_TEST

/* Wakes */

static _Atomic int inside;

/* Not before all are here: each needs a worker of its own. */
static int meet(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)begin, (void)end, (void)task;
	thrum__add(&inside, 1, relaxed);
	while (thrum__load(&inside, relaxed) < *(int *)ctx)
		sleep_ms(1);
	return 0;
}

/* All but the first are woken by others that were. */
START_TEST(a_call_wakes_all_that_it_needs)
{
	enum { MANY = 12 };
	int n = MANY;
	thrum_pool *pool = pool_of(MANY);

	ck_assert_int_eq(thrum_pool_warm(pool, 0), MANY);
	for (int i = 0; i < rounds(40); i++) {
		sleep_ms(2); /* until they sleep */
		thrum__store(&inside, 0, relaxed);
		ck_assert_int_eq(thrum_for(pool, MANY, meet, &n, NULL), 0);
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

/* Members */

static _Atomic bool over;

static void *take_places(void *arg)
{
	thrum_pool *pool = arg;
	for (uint32_t i = 0; !thrum__load(&over, relaxed); i++)
		thrum__store(&pool->worker[1 + i % 7].taken, i / 7 % 2
		             ? PLACE_FREE : PLACE_CALLER, relaxed);
	return NULL;
}

/* Callers come and go while another chooses its workers. */
START_TEST(each_worker_has_one_rank)
{
	thrum_pool *pool = pool_of(8);
	const uint16_t *order = thrum__pool_order(pool, 0);
	pthread_t thread;
	uint16_t id[8];

	ck_assert_int_eq(pthread_create(&thread, NULL, take_places, pool), 0);
	for (int i = 0; i < rounds(200000); i++) {
		unsigned n = 1 + (unsigned)i % 8, seen = 0;
		if (thrum__team_choose(pool, 0, order, NULL, n, id) != n)
			ck_abort_msg("not %u members", n);
		for (unsigned r = 0; r < n; r++) {
			if (seen & 1u << id[r])
				ck_abort_msg("worker %d has two ranks", id[r]);
			seen |= 1u << id[r];
		}
	}
	thrum__store(&over, true, relaxed);
	pthread_join(thread, NULL);
	for (int i = 0; i < 8; i++)
		pool->worker[i].taken = PLACE_FREE;
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

/* Ends of calls */

static int no_item(void *ctx, void *item)
{
	(void)item;
	return *(int *)ctx;
}

static int no_work(void *ctx, void *item, thrum_task *task)
{
	(void)ctx, (void)item, (void)task;
	return 0;
}

START_TEST(stream_without_items_ends)
{
	thrum_pool *pool = pool_of(4);
	int rc = THRUM_END;

	ck_assert_int_eq(thrum_stream(pool, 8, no_item, no_work, NULL, NULL,
	                              &rc, NULL), 0);
	rc = 7;
	ck_assert_int_eq(thrum_stream(pool, 8, no_item, no_work, NULL, NULL,
	                              &rc, NULL), 7);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

static int count_indices(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)task;
	thrum__add((_Atomic int *)ctx, (int)(end - begin), relaxed);
	return 0;
}

/* So many calls later the words of the ranges are written anew. */
START_TEST(calls_are_whole_when_their_numbers_have_gone_round)
{
	thrum_pool *pool = pool_of(3);
	_Atomic int turns = 0, indices;
	int n = (int)THRUM__LAG + 200, fors = 0;

	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(thrum_run(pool, count_turn, &turns, NULL), 0);
		if (i % 1000 && i < n - 400)
			continue;
		indices = 0;
		ck_assert_int_eq(thrum_for(pool, 100, count_indices, &indices,
		                           THRUM_OPTS(.grain = 1)), 0);
		ck_assert_int_eq(indices, 100);
		fors++;
	}
	ck_assert_int_eq(turns, n);
	ck_assert_int_gt(fors, 400);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

/* Pools that go */

struct visit {
	thrum_pool *pool;
	int n_jobs;
	_Atomic int inside, left;
};

static int stay(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct visit *v = ctx;
	(void)begin, (void)end, (void)task;
	thrum__store(&v->inside, 1, release);
	sleep_ms(10);
	thrum__store(&v->left, 1, release);
	return 0;
}

static void *visit(void *arg)
{
	struct visit *v = arg;
	thrum_report report;
	ck_assert_int_eq(thrum_for(v->pool, 1, stay, v,
	                           THRUM_OPTS(.n_jobs = v->n_jobs,
	                                      .report = &report)), 0);
	return NULL;
}

START_TEST(destroy_waits_for_calls)
{
	for (int i = 0; i < 20; i++) {
		struct visit v = { pool_of(2), 1 + i % 2, 0, 0 };
		pthread_t thread;

		ck_assert_int_eq(pthread_create(&thread, NULL, visit, &v), 0);
		while (!thrum__load(&v.inside, acquire))
			sleep_ms(1);
		ck_assert_int_eq(thrum_pool_destroy(v.pool), 0);
		ck_assert_int_eq(thrum__load(&v.left, acquire), 1);
		pthread_join(thread, NULL);
	}
}
END_TEST

/* Threads may still be on their way when a call is over, and start others. */
START_TEST(destroy_right_after_a_call)
{
	for (int i = 0; i < rounds(2000); i++) {
		thrum_pool *pool;
		ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
			.n_jobs = 2 + i % 7)), 0);
		ck_assert_int_eq(thrum_for(pool, 20000, nothing, NULL,
		                           THRUM_OPTS(.grain = 1)), 0);
		ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	}
}
END_TEST

START_TEST(pools_outlive_a_shutdown)
{
	thrum_pool *pool = pool_of(3);

	ck_assert_int_eq(thrum_shutdown(), 0);
	ck_assert_int_eq(thrum_pool_warm(pool, 0), 3);
	ck_assert_int_eq(thrum_shutdown(), 0);
	ck_assert_int_eq(thrum_pool_warm(pool, 0), 3);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	ck_assert_int_eq(thrum_shutdown(), 0);
}
END_TEST

/* fork */

#if !UNDER_TSAN /* it cannot follow threads into a child */

static pthread_mutex_t quiet = PTHREAD_MUTEX_INITIALIZER; /* while one forks */

static int fork_here(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	thrum_pool *pool = ctx;
	int status;
	(void)begin, (void)end, (void)task;

	pthread_mutex_lock(&quiet);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		int bad = 0;
		alarm(20);
		for (int i = 0; i < 3; i++)
			bad |= thrum_pool_warm(pool, 0) != 3;
		bad |= thrum_pool_destroy(pool) != 0;
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	pthread_mutex_unlock(&quiet);
	return 0;
}

START_TEST(child_of_a_body_is_outside_of_it)
{
	thrum_pool *pool = pool_of(3);

	ck_assert_int_eq(thrum_pool_warm(pool, 0), 3);
	ck_assert_int_eq(thrum_for(pool, 4, fork_here, pool,
	                           THRUM_OPTS(.grain = 1)), 0);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

#endif

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *turns = tcase_create("turns");
	TCase *members = tcase_create("members");
	TCase *ends = tcase_create("ends");
	TCase *forks = tcase_create("forks");

	tcase_add_loop_test(turns, callers_of_each_do_not_wait_for_each_other,
	                    2, 5);
	tcase_add_test(turns, turns_may_use_the_pool_even_if_kept_out);
	tcase_add_test(turns, threads_that_refuse_lose_their_turns);
	tcase_add_test(turns, threads_that_end_lose_their_turns);
	suite_add_tcase(s, turns);
	tcase_add_test(members, a_call_wakes_all_that_it_needs);
	tcase_add_test(members, each_worker_has_one_rank);
	tcase_add_test(members,
	               the_default_pool_has_no_more_places_than_there_may_be);
	suite_add_tcase(s, members);
	tcase_add_test(ends, stream_without_items_ends);
	tcase_add_test(ends, calls_are_whole_when_their_numbers_have_gone_round);
	tcase_add_test(ends, destroy_waits_for_calls);
	tcase_add_test(ends, destroy_right_after_a_call);
	tcase_add_test(ends, pools_outlive_a_shutdown);
	suite_add_tcase(s, ends);
#if !UNDER_TSAN
	/* Valgrind finds the stacks of the parent's threads lost in a child. */
	if (!getenv("THRUM_TEST_SHORT"))
		tcase_add_test(forks, child_of_a_body_is_outside_of_it);
#endif
	suite_add_tcase(s, forks);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
