/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_task.c - what a body may ask of its task, with or without one
 *
 * The scratch of a body is its own until it returns, whatever the size, and is
 * there again for the next one: bodies write all of it and look at it again.
 */
#include "config.h"

#include "common.h"

#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

struct seen {
	atomic_int wrong, nodes;
	int n_jobs;
};

static bool filled(const unsigned char *p, int with, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (p[i] != with)
			return false;
	return true;
}

static int take_scratch(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct seen *s = ctx;
	size_t bytes = 1 + begin * 37 % 5000;
	unsigned char *a = thrum_task_scratch(task, bytes);
	unsigned char *b = thrum_task_scratch(task, 64);

	(void)end;
	if (!a || !b || (uintptr_t)a % 64 || (uintptr_t)b % 64) {
		atomic_fetch_add(&s->wrong, 1);
		return 0;
	}
	memset(a, (int)begin & 255, bytes);
	memset(b, ~(int)begin & 255, 64);
	spin(50);
	if (!filled(a, (int)begin & 255, bytes)
	    || !filled(b, ~(int)begin & 255, 64))
		atomic_fetch_add(&s->wrong, 1);
	return 0;
}

START_TEST(scratch_is_the_bodys_own)
{
	thrum_cancel never = { 0 };
	for (int k = 1; k <= 4; k++)
		for (size_t grain = 0; grain < 3; grain++)
			for (int watched = 0; watched < 2; watched++) {
				struct seen s = { 0 };
				ck_assert_int_eq(thrum_for(NULL, 2000,
					take_scratch, &s, THRUM_OPTS(
					.n_jobs = k, .grain = grain, .cancel =
					watched ? &never : NULL)), 0);
				ck_assert_int_eq(s.wrong, 0);
			}
}
END_TEST

static int ask(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct seen *s = ctx;
	int worker = thrum_task_worker(task), node = thrum_task_node(task);

	(void)begin, (void)end;
	if (worker < 0 || worker >= s->n_jobs || node < -1
	    || thrum_task_n_jobs(task) != s->n_jobs
	    || thrum_task_cancelled(task))
		atomic_fetch_add(&s->wrong, 1);
	if (node >= 0)
		atomic_fetch_add(&s->nodes, 1);
	return 0;
}

START_TEST(workers_are_numbered_and_know_their_node)
{
	for (int k = 1; k <= 4; k++) {
		struct seen s = { .n_jobs = k };
		ck_assert_int_eq(thrum_for(NULL, 1000, ask, &s, THRUM_OPTS(
			.n_jobs = k)), 0);
		ck_assert_int_eq(s.wrong, 0);
	}
}
END_TEST

/* Those who are bound to no core have no node. */
START_TEST(who_is_not_bound_knows_no_node)
{
	thrum_pool *pool;
	struct seen s = { .n_jobs = 3 };

	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = 3, .bind = THRUM_BIND_NONE)), 0);
	ck_assert_int_eq(thrum_for(pool, 1000, ask, &s, NULL), 0);
	ck_assert_int_eq(s.wrong, 0);
	ck_assert_int_eq(s.nodes, 0);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

START_TEST(without_a_task_there_is_one_worker_that_is_nowhere)
{
	ck_assert_int_eq(thrum_task_worker(NULL), 0);
	ck_assert_int_eq(thrum_task_n_jobs(NULL), 1);
	ck_assert_int_eq(thrum_task_node(NULL), -1);
	ck_assert_int_eq(thrum_task_cancelled(NULL), 0);
	ck_assert_ptr_null(thrum_task_scratch(NULL, 8));
	ck_assert_int_eq(thrum_task_fail(NULL, 3, 77), 77);
}
END_TEST

static int most_of_memory(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx, (void)begin, (void)end;
	return thrum_task_scratch(task, SIZE_MAX)
	       || thrum_task_scratch(task, SIZE_MAX / 2)
	       || thrum_task_scratch(task, 0);
}

START_TEST(scratch_that_cannot_be_had_is_null)
{
	ck_assert_int_eq(thrum_for(NULL, 10, most_of_memory, NULL, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("task");
	TCase *c = tcase_create("asked");
	tcase_add_test(c, scratch_is_the_bodys_own);
	tcase_add_test(c, scratch_that_cannot_be_had_is_null);
	tcase_add_test(c, workers_are_numbered_and_know_their_node);
	tcase_add_test(c, who_is_not_bound_knows_no_node);
	tcase_add_test(c, without_a_task_there_is_one_worker_that_is_nowhere);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
