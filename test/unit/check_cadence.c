/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_cadence.c - lines come at the counts of joblib, about as many as asked,
 * and no more than twenty a second
 *
 * The counts are compared with those that joblib printed, and with its
 * condition, taken count by count, over all small totals.
 */
#include "config.h"
#include "cadence.h"

#include <check.h>

#define MS UINT64_C(1000000)

static void ck_counts(int verbose, bool known, uint64_t total,
                      const uint64_t *want, int n)
{
	uint64_t shown = 0;
	for (int i = 0; i < n; i++) {
		shown = thrum__cadence_next(verbose, known, total, shown);
		ck_assert_uint_eq(shown, want[i]);
	}
}

START_TEST(listing_2_of_the_article)
{
	const uint64_t want[] = { 1, 198, 399, 600, 801, CADENCE_NEVER };
	ck_counts(5, true, 1000, want, 6);
}
END_TEST

START_TEST(unknown_totals_go_by_squares)
{
	const uint64_t one[] = { 1, 49, 199, 449, 799 };
	const uint64_t five[] = { 1, 17, 71, 161, 287, 449, 647, 881 };
	const uint64_t ten[] = { 1, 4, 7, 12, 17, 24, 31 };
	ck_counts(1, false, 0, one, 5);
	ck_counts(5, false, 0, five, 8);
	ck_counts(10, false, 0, ten, 7);
}
END_TEST

/* joblib 0.8, with pre_dispatch='all', after a job with this count. */
static bool joblib_prints(int verbose, uint64_t total, uint64_t count)
{
	uint64_t step = total / (uint64_t)verbose + 1;
	return count < total && (total + 2 - count) % step == 0;
}

START_TEST(known_totals_go_as_joblib_does)
{
	for (int verbose = 1; verbose <= CADENCE_FEW; verbose++)
		for (uint64_t total = 0; total < 400; total++) {
			uint64_t shown = 0, next;
			next = thrum__cadence_next(verbose, true, total, 0);
			for (uint64_t c = 1; c < total; c++) {
				bool due = joblib_prints(verbose, total, c);
				ck_assert_int_eq(next == c, due || c == 1);
				if (next != c)
					continue;
				shown = c;
				next = thrum__cadence_next(verbose, true,
				                           total, shown);
				ck_assert_uint_gt(next, shown);
			}
			ck_assert_uint_eq(next, CADENCE_NEVER);
		}
}
END_TEST

START_TEST(about_as_many_lines_as_verbose_says)
{
	for (int verbose = 1; verbose <= CADENCE_FEW; verbose++)
		for (uint64_t total = 100; total != 0 && total < UINT64_MAX / 7;
		     total *= 7) {
			int lines = 0;
			uint64_t c = 0;
			while ((c = thrum__cadence_next(verbose, true, total,
			                                c)) != CADENCE_NEVER)
				lines++;
			ck_assert_int_ge(lines, verbose - 1);
			ck_assert_int_le(lines, verbose + 1);
		}
}
END_TEST

START_TEST(the_largest_counts_end)
{
	const uint64_t many[] = { UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2,
	                          (uint64_t)INT64_MAX };
	for (int verbose = 1; verbose <= CADENCE_FEW; verbose++)
		for (int i = 0; i < 4; i++)
			for (int j = 0; j < 4; j++) {
				uint64_t next = thrum__cadence_next(
					verbose, true, many[i], many[j] - 1);
				ck_assert_uint_gt(next, many[j] - 1);
				ck_assert_uint_eq(thrum__cadence_next(
					verbose, false, 0, many[j]),
					CADENCE_NEVER);
			}
}
END_TEST

START_TEST(nothing_is_due_when_all_has_ended)
{
	ck_assert_uint_eq(thrum__cadence_next(5, true, 0, 0), CADENCE_NEVER);
	ck_assert_uint_eq(thrum__cadence_next(5, true, 1, 0), CADENCE_NEVER);
	ck_assert_uint_eq(thrum__cadence_next(5, true, 9, 9), CADENCE_NEVER);
	ck_assert_uint_eq(thrum__cadence_next(5, true, 9, 12), CADENCE_NEVER);
}
END_TEST

START_TEST(looks_come_near_the_line_by_halving)
{
	/* 400 jobs a second: 10 jobs are 25 ms away. */
	ck_assert_uint_eq(thrum__cadence_look_ns(5, 10, 400, 1000 * MS),
	                  25 * MS / 2);
	ck_assert_uint_eq(thrum__cadence_look_ns(5, 1, 400, 1000 * MS), 2 * MS);
	ck_assert_uint_eq(thrum__cadence_look_ns(5, 1000, 400, 1000 * MS),
	                  50 * MS);
	ck_assert_uint_eq(thrum__cadence_look_ns(11, 1000, 400, 1000 * MS),
	                  2 * MS);
}
END_TEST

START_TEST(looks_stay_within_bounds)
{
	const double rate[] = { 0, 1e-300, 1, 1e300 };
	const uint64_t left[] = { 0, 1, UINT64_MAX };
	const uint64_t since[] = { 0, MS, UINT64_MAX };
	for (int r = 0; r < 4; r++)
		for (int l = 0; l < 3; l++)
			for (int s = 0; s < 3; s++) {
				uint64_t look = thrum__cadence_look_ns(
					5, left[l], rate[r], since[s]);
				ck_assert_uint_ge(look, 2 * MS);
				ck_assert_uint_le(look, 50 * MS);
			}
}
END_TEST

START_TEST(at_most_twenty_lines_a_second)
{
	ck_assert(!thrum__cadence_rested(10, 49 * MS));
	ck_assert(thrum__cadence_rested(10, 50 * MS));
	ck_assert(thrum__cadence_rested(11, 0));
	/* A line that waits for its time is looked at when that has come. */
	ck_assert_uint_eq(thrum__cadence_look_ns(10, 0, 1e6, 20 * MS), 30 * MS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cadence");
	TCase *counts = tcase_create("counts");
	TCase *times = tcase_create("times");

	tcase_add_test(counts, listing_2_of_the_article);
	tcase_add_test(counts, unknown_totals_go_by_squares);
	tcase_add_test(counts, known_totals_go_as_joblib_does);
	tcase_add_test(counts, about_as_many_lines_as_verbose_says);
	tcase_add_test(counts, the_largest_counts_end);
	tcase_add_test(counts, nothing_is_due_when_all_has_ended);
	suite_add_tcase(s, counts);
	tcase_add_test(times, looks_come_near_the_line_by_halving);
	tcase_add_test(times, looks_stay_within_bounds);
	tcase_add_test(times, at_most_twenty_lines_a_second);
	suite_add_tcase(s, times);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
