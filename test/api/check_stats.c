/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_stats.c - what the workers of a pool count is what its calls did
 *
 * What a call reports is compared with the figures of the workers.
 */
#include "config.h"

#include "stats.h"

#include <pthread.h>

static int nested(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i, (void)result, (void)task;
	return thrum_for(NULL, 100, in_loop, NULL, NULL);
}

static int wait_for_it(void *ctx, thrum_task *task)
{
	(void)task;
	atomic_store((atomic_int *)ctx, 1);
	return 0;
}

/* The fork has to be taken by another: its parent does not join before. */
static int lend(void *ctx, thrum_task *task)
{
	thrum_forked f = thrum_fork(task, wait_for_it, ctx);
	while (!atomic_load((atomic_int *)ctx))
		doze(1);
	return thrum_join(task, f);
}

START_TEST(jobs_of_the_workers_are_those_of_the_call)
{
	thrum_pool *pool = pool_of(WORKERS, 0);

	for (long i = 0; i < rounds(40, 2000); i++)
		ck_assert_msg(adds_up((enum shape)_i, pool, 0), "round %ld", i);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

START_TEST(nested_jobs_count_where_they_were_run)
{
	thrum_pool *pool = pool_of(WORKERS, 0);
	thrum_report r;

	for (long i = 1; i <= rounds(40, 1000); i++) {
		thrum_worker_stats before = total(pool), after;
		ck_assert_int_eq(thrum_map(pool, 50, nested, NULL, NULL, 0,
		                           THRUM_OPTS(.report = &r)), 0);
		after = total(pool);
		ck_assert_uint_eq(after.jobs - before.jobs, 50 + 50 * 100);
		ck_assert_uint_ge(after.range_steals + after.task_steals
		                  - before.range_steals - before.task_steals,
		                  r.steals);
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

START_TEST(jobs_that_were_not_run_are_not_counted)
{
	thrum_pool *pool = pool_of(WORKERS, 0);
	thrum_report r;

	for (long i = 0; i < rounds(40, 1000); i++) {
		uint64_t before = total(pool).jobs;
		ck_assert_int_eq(thrum_map(pool, N, in_map, NULL, NULL, 0,
		                           THRUM_OPTS(.report = &r)), 1);
		ck_assert_uint_eq(total(pool).jobs - before,
		                  r.done + r.failed);
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

START_TEST(a_task_that_another_took_is_a_steal)
{
	thrum_pool *pool = pool_of(2, 0);
	atomic_int done = 0;
	thrum_report r;

	ck_assert_int_eq(thrum_run(pool, lend, &done,
	                           THRUM_OPTS(.report = &r)), 0);
	ck_assert_uint_eq(total(pool).task_steals, 1);
	ck_assert_uint_eq(r.steals, 1);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

START_TEST(help_from_one_who_sleeps_takes_a_wake)
{
	thrum_pool *pool = pool_of(2, -1);

	for (int i = 0; i < 5; i++) {
		thrum_worker_stats before = total(pool);
		thrum_report r;
		atomic_int here = 0;
		ck_assert_int_eq(thrum_map(pool, 2, meet, &here, NULL, 0,
		                           THRUM_OPTS(.report = &r)), 0);
		ck_assert_uint_ge(r.wakes, 1);
		ck_assert_uint_ge(total(pool).wakes - before.wakes, r.wakes);
		/* It never spins, so what it does next is to sleep. */
		while (total(pool).parks == before.parks)
			doze(1);
		ck_assert_uint_eq(total(pool).spins, 0);
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

struct busy {
	thrum_pool *pool;
	atomic_int stop;
};

static void *be_busy(void *arg)
{
	struct busy *b = arg;

	for (int i = 0; !atomic_load(&b->stop); i++)
		(void)call((enum shape)(i % SHAPES), b->pool, NULL);
	return NULL;
}

START_TEST(figures_only_grow_while_calls_run)
{
	struct busy b = { .pool = pool_of(WORKERS, 0) };
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, be_busy, &b),
		                 0);
	thrum_worker_stats before = total(b.pool);
	for (long i = 0; i < rounds(20000, 1000000); i++) {
		thrum_worker_stats now = total(b.pool);
		HOLDS(now.calls >= before.calls && now.jobs >= before.jobs
		      && now.chunks >= before.chunks
		      && now.range_steals >= before.range_steals
		      && now.task_steals >= before.task_steals
		      && now.misses >= before.misses
		      && now.wakes >= before.wakes
		      && now.spins >= before.spins
		      && now.parks >= before.parks);
		before = now;
	}
	atomic_store(&b.stop, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	ck_assert_int_eq(thrum_pool_destroy(b.pool), 0);
}
END_TEST

/* Arguments */

struct newer {
	thrum_worker_stats known;
	uint64_t tail;
};

START_TEST(the_program_may_know_of_more_and_ask_for_less)
{
	thrum_pool *pool = pool_of(WORKERS, 0);
	struct newer row[WORKERS + 2];

	ck_assert_int_eq(call(FOR, pool, NULL), 0);
	for (int n = 0; n <= WORKERS + 2; n++) {
		uint64_t jobs = 0;
		memset(row, 0xff, sizeof row);
		ck_assert_int_eq(thrum_pool_stats(pool, &row[0].known,
			sizeof *row, n), WORKERS + 1);
		for (int i = 0; i < WORKERS + 2; i++) {
			bool written = i < n && i <= WORKERS;
			ck_assert_int_eq(row[i].tail == 0, written);
			ck_assert_int_eq(row[i].known.jobs != UINT64_MAX,
			                 written);
			jobs += written ? row[i].known.jobs : 0;
		}
		ck_assert_uint_le(jobs, N);
		if (n >= WORKERS)
			ck_assert_uint_eq(jobs, N);
	}
	ck_assert_int_eq(thrum_pool_stats(pool, NULL, sizeof row->known, 0),
	                 WORKERS + 1);
	ck_assert_int_eq(thrum_pool_stats(pool, NULL, sizeof row->known, 1),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_pool_stats(pool, &row->known,
		sizeof row->known, -1), THRUM_EINVAL);
	ck_assert_int_eq(thrum_pool_stats(pool, &row->known,
		sizeof row->known - 1, 1), THRUM_EINVAL);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

static int ask_inside(void *ctx, thrum_task *task)
{
	(void)task;
	*(int *)ctx = thrum_pool_stats(NULL, NULL,
	                               sizeof(thrum_worker_stats), 0);
	return 0;
}

START_TEST(null_is_the_pool_of_the_body_or_the_default_one)
{
	thrum_pool *pool = pool_of(WORKERS, 0);
	int n = -1;

	ck_assert_int_eq(thrum_shutdown(), 0);
	ck_assert_uint_eq(total(NULL).jobs, 0);
	ck_assert_int_eq(thrum_pool_stats(NULL, NULL,
		sizeof(thrum_worker_stats), 0), 0);
	ck_assert_int_eq(thrum_run(pool, ask_inside, &n, NULL), 0);
	ck_assert_int_eq(n, WORKERS + 1);
	ck_assert_int_eq(call(FOR, NULL, THRUM_OPTS(.n_jobs = 2)), 0);
	ck_assert_uint_eq(total(NULL).jobs, N);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	ck_assert_int_eq(thrum_shutdown(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stats_api");
	TCase *c = tcase_create("figures");
	tcase_add_loop_test(c, jobs_of_the_workers_are_those_of_the_call, 0,
	                    SHAPES);
	tcase_add_test(c, nested_jobs_count_where_they_were_run);
	tcase_add_test(c, jobs_that_were_not_run_are_not_counted);
	tcase_add_test(c, a_task_that_another_took_is_a_steal);
	tcase_add_test(c, help_from_one_who_sleeps_takes_a_wake);
	tcase_add_test(c, figures_only_grow_while_calls_run);
	add_test(s, c);
	c = tcase_create("arguments");
	tcase_add_test(c, the_program_may_know_of_more_and_ask_for_less);
	tcase_add_test(c, null_is_the_pool_of_the_body_or_the_default_one);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
