/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_entry.c - how many workers a call gets, when a ceiling is set
 *
 * THRUM_MAX_JOBS stands above whatever the program says: for each way to say it,
 * calls and pools have the least of both.
 */
#include "config.h"

#include "env.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <thrum.h>

/* When no thread looks at the environment. */
static void set_ceiling(int n)
{
	char text[16];
	ck_assert_int_eq(thrum_shutdown(), 0);
	snprintf(text, sizeof text, "%d", n);
	setenv("THRUM_MAX_JOBS", text, 1);
	thrum__env_forget();
}

static void teardown(void)
{
	ck_assert_int_eq(thrum_shutdown(), 0);
	unsetenv("THRUM_MAX_JOBS");
	thrum__env_forget();
}

static int nothing(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx, (void)begin, (void)end, (void)task;
	return 0;
}

static thrum_report report_of(thrum_pool *pool, int n_jobs)
{
	thrum_report r;
	ck_assert_int_eq(thrum_for(pool, 1000, nothing, NULL, THRUM_OPTS(
		.n_jobs = n_jobs, .report = &r)), 0);
	return r;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

START_TEST(the_ceiling_is_above_all_that_is_asked_for)
{
	for (int most = 1; most <= 5; most++) {
		set_ceiling(most);
		for (int n = 1; n <= 8; n++) {
			thrum_report r = report_of(NULL, n);
			ck_assert_int_eq(r.n_jobs, least(n, most));
			ck_assert_int_eq(!(r.notes & THRUM_NOTE_CUT), n <= most);
			ck_assert_int_eq(thrum_effective_n_jobs(NULL, n),
			                 least(n, most));
		}
		ck_assert_int_eq(report_of(NULL, -1).n_jobs,
		                 least(thrum_cpu_count(), most));
		ck_assert_int_le(report_of(NULL, 0).n_jobs, most);
	}
}
END_TEST

START_TEST(pools_are_below_the_ceiling_too)
{
	for (int most = 1; most <= 4; most++) {
		thrum_pool *pool;
		set_ceiling(most);
		ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
			.n_jobs = 3)), 0);
		ck_assert_int_eq(report_of(pool, 0).n_jobs, least(3, most));
		ck_assert_int_eq(report_of(pool, 2).n_jobs, least(2, most));
		ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("entry");
	TCase *c = tcase_create("ceiling");
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, the_ceiling_is_above_all_that_is_asked_for);
	tcase_add_test(c, pools_are_below_the_ceiling_too);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
