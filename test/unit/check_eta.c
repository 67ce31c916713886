/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_eta.c - the rate is the recent one, and what remains follows from it
 *
 * All times are made up here.
 */
#include "config.h"
#include "eta.h"

#include <check.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)
#define START (12345 * S)

START_TEST(a_steady_rate_is_found)
{
	struct eta e;
	thrum__eta_start(&e, START);
	for (uint64_t t = 1; t <= 20000; t++) {
		thrum__eta_note(&e, START + t * MS, t * 4);
		double rate = thrum__eta_rate(&e, START + t * MS, t * 4);
		ck_assert_double_ge_tol(rate, 4000, 1e-6);
		ck_assert_double_le_tol(rate, 4000, 1e-6);
	}
}
END_TEST

START_TEST(a_change_of_rate_is_followed)
{
	struct eta e;
	uint64_t ended = 0, t = 0;
	thrum__eta_start(&e, START);
	for (; t < 10000; t += 10) /* 1000 a second for 10 s */
		thrum__eta_note(&e, START + t * MS, ended += 10);
	for (; t < 15000; t += 10) /* 100 a second for 5 s */
		thrum__eta_note(&e, START + t * MS, ended += 1);
	double rate = thrum__eta_rate(&e, START + t * MS, ended);
	ck_assert_double_ge(rate, 95); /* the mean would be 700 */
	ck_assert_double_le(rate, 105);
}
END_TEST

START_TEST(slow_jobs_are_seen_over_many_ends)
{
	struct eta e;
	thrum__eta_start(&e, START);
	for (uint64_t i = 1; i <= 100; i++)
		thrum__eta_note(&e, START + i * 30 * S, i);
	double rate = thrum__eta_rate(&e, START + 3000 * S, 100);
	ck_assert_double_ge_tol(rate, 1.0 / 30, 1e-9);
	ck_assert_double_le_tol(rate, 1.0 / 30, 1e-9);
}
END_TEST

START_TEST(while_no_job_ends_the_rate_sinks)
{
	struct eta e;
	double last = 1e9;
	thrum__eta_start(&e, START);
	for (uint64_t i = 1; i <= 10; i++)
		thrum__eta_note(&e, START + i * S, i);
	for (uint64_t t = 11; t < 100; t++) {
		double rate = thrum__eta_rate(&e, START + t * S, 10);
		ck_assert_double_lt(rate, last);
		ck_assert_double_gt(rate, 0);
		last = rate;
	}
}
END_TEST

START_TEST(nothing_is_divided_by_zero)
{
	struct eta e;
	thrum__eta_start(&e, START);
	ck_assert_double_eq(thrum__eta_rate(&e, START, 0), 0);
	ck_assert_double_eq(thrum__eta_rate(&e, START, 7), 0);
	ck_assert_double_eq(thrum__eta_rate(&e, START + S, 0), 0);
	ck_assert_double_lt(thrum__eta_remaining(0, 5), 0);
	ck_assert_double_eq(thrum__eta_remaining(0, 0), 0);
	ck_assert_double_eq(thrum__eta_remaining(2, 5), 2.5);
}
END_TEST

START_TEST(the_largest_counts_are_finite)
{
	struct eta e;
	thrum__eta_start(&e, 0);
	thrum__eta_note(&e, S, UINT64_MAX);
	double rate = thrum__eta_rate(&e, S + 1, UINT64_MAX);
	ck_assert_double_finite(rate);
	ck_assert_double_finite(thrum__eta_remaining(rate, UINT64_MAX));
	ck_assert_double_finite(thrum__eta_remaining(1e-10, UINT64_MAX));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("eta");
	TCase *rate = tcase_create("rate");

	tcase_add_test(rate, a_steady_rate_is_found);
	tcase_add_test(rate, a_change_of_rate_is_followed);
	tcase_add_test(rate, slow_jobs_are_seen_over_many_ends);
	tcase_add_test(rate, while_no_job_ends_the_rate_sinks);
	tcase_add_test(rate, nothing_is_divided_by_zero);
	tcase_add_test(rate, the_largest_counts_are_finite);
	suite_add_tcase(s, rate);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
