/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_line.c - a moment reads as joblib wrote it, and fits where it must
 *
 * The forms are compared letter by letter; extreme numbers must stay within the
 * buffer and be sane.
 */
#include "config.h"
#include "line.h"

#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct moment listing_2(void)
{
	return (struct moment){
		.call = 1, .n_jobs = 2, .workers = 2, .done = 198,
		.total = 1000, .total_known = true, .elapsed_s = 1.2,
		.rate = 167, .remaining_s = 4.8,
	};
}

static void ck_line(const struct moment *m, const char *want)
{
	char line[LINE_BYTES];
	size_t n = thrum__line_text(line, m);
	ck_assert_str_eq(line, want);
	ck_assert_uint_eq(n, strlen(want));
}

START_TEST(listing_2_of_the_article)
{
	struct moment m = listing_2();
	ck_line(&m, "[Parallel(n_jobs=2)]: Done  198 out of 1000 | elapsed:"
	            "    1.2s remaining:    4.8s\n");
	m.done = 1000;
	m.elapsed_s = 5.8;
	m.end = "finished";
	ck_line(&m, "[Parallel(n_jobs=2)]: Done 1000 out of 1000 | elapsed:"
	            "    5.8s finished\n");
}
END_TEST

START_TEST(n_jobs_is_shown_as_given)
{
	struct moment m = listing_2();
	m.n_jobs = -1;
	m.done = 1;
	m.total = 8;
	ck_line(&m, "[Parallel(n_jobs=-1)]: Done    1 out of    8 | elapsed:"
	            "    1.2s remaining:    4.8s\n");
}
END_TEST

START_TEST(counts_are_as_wide_as_the_total)
{
	struct moment m = listing_2();
	m.total = 1000000;
	ck_line(&m, "[Parallel(n_jobs=2)]: Done     198 out of 1000000 | "
	            "elapsed:    1.2s remaining:    4.8s\n");
}
END_TEST

START_TEST(an_unknown_total_has_no_eta)
{
	struct moment m = listing_2();
	m.total_known = false;
	ck_line(&m, "[Parallel(n_jobs=2)]: Done  198 tasks      | elapsed:"
	            "    1.2s\n");
	m.end = "timed out";
	ck_line(&m, "[Parallel(n_jobs=2)]: Done  198 tasks      | elapsed:"
	            "    1.2s timed out\n");
}
END_TEST

START_TEST(an_unknown_eta_is_a_question_mark)
{
	struct moment m = listing_2();
	m.remaining_s = -1;
	ck_line(&m, "[Parallel(n_jobs=2)]: Done  198 out of 1000 | elapsed:"
	            "    1.2s remaining:       ?\n");
}
END_TEST

static const struct { double seconds; const char *text; } durations[] = {
	{ 0, "elapsed:    0.0s" },
	{ 0.04, "elapsed:    0.0s" },
	{ 0.05, "elapsed:    0.1s" },
	{ 59.94, "elapsed:   59.9s" },
	{ 59.96, "elapsed:  1.0min" },
	{ 60, "elapsed:  1.0min" },
	{ 90, "elapsed:  1.5min" },
	{ 3594, "elapsed: 59.9min" },
	{ 3599, "elapsed:    1.0h" },
	{ 3600, "elapsed:    1.0h" },
	{ 360000, "elapsed:  100.0h" },
	{ 3.6e9, "elapsed:  1000000.0h" },
};

START_TEST(durations_turn_to_minutes_and_hours)
{
	char line[LINE_BYTES];
	struct moment m = listing_2();
	m.elapsed_s = durations[_i].seconds;
	m.end = "finished";
	thrum__line_text(line, &m);
	char *at = strstr(line, "elapsed:");
	*strstr(line, " finished") = '\0';
	ck_assert_str_eq(at, durations[_i].text);
}
END_TEST

START_TEST(the_locale_does_not_show)
{
	struct moment m = listing_2();
	char line[LINE_BYTES];
	if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
		setlocale(LC_ALL, "");
	thrum__line_json(line, &m);
	ck_assert_ptr_nonnull(strstr(line, "\"elapsed_s\":1.200,"));
	ck_line(&m, "[Parallel(n_jobs=2)]: Done  198 out of 1000 | elapsed:"
	            "    1.2s remaining:    4.8s\n");
	setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(json_is_an_object_in_a_line)
{
	struct moment m = listing_2();
	char line[LINE_BYTES];
	thrum__line_json(line, &m);
	ck_assert_str_eq(line, "{\"call\":1,\"n_jobs\":2,\"workers\":2,"
	                 "\"done\":198,\"failed\":0,\"total\":1000,"
	                 "\"elapsed_s\":1.200,\"remaining_s\":4.800,"
	                 "\"rate\":167.000,\"state\":\"running\"}\n");
	m.total_known = false;
	m.end = "failed";
	thrum__line_json(line, &m);
	ck_assert_ptr_nonnull(strstr(line, "\"total\":null,"));
	ck_assert_ptr_nonnull(strstr(line, "\"remaining_s\":null,"));
	ck_assert_ptr_nonnull(strstr(line, "\"state\":\"failed\"}\n"));
}
END_TEST

START_TEST(a_bar_fits_any_width)
{
	struct moment m = listing_2();
	char bar[LINE_BYTES];
	for (int columns = 0; columns < 10000; columns++) {
		m.failed = columns % 2 ? 3 : 0;
		size_t n = thrum__line_bar(bar, &m, columns, false);
		ck_assert_uint_eq(n, strlen(bar));
		ck_assert_int_lt((int)n, columns > 0 ? columns : 1);
		ck_assert_ptr_null(strchr(bar, '\033'));
		ck_assert_ptr_null(strchr(bar, '\n'));
	}
	m.failed = 0;
	thrum__line_bar(bar, &m, 1, false);
	ck_assert_str_eq(bar, "");
	thrum__line_bar(bar, &m, 5, false);
	ck_assert_str_eq(bar, " 19%");
	thrum__line_bar(bar, &m, 60, false);
	ck_assert_str_eq(bar, " 19% [####                    ]  198/1000 "
	                 "1.2s<4.8s 167.0/s");
}
END_TEST

START_TEST(a_bar_without_a_total_counts)
{
	struct moment m = listing_2();
	char bar[LINE_BYTES];
	m.total_known = false;
	thrum__line_bar(bar, &m, 60, false);
	ck_assert_str_eq(bar, "198 done 1.2s 167.0/s");
	thrum__line_bar(bar, &m, 12, false);
	ck_assert_str_eq(bar, "198 done");
}
END_TEST

START_TEST(only_failures_have_colour)
{
	struct moment m = listing_2();
	char bar[LINE_BYTES];
	thrum__line_bar(bar, &m, 80, true);
	ck_assert_ptr_null(strchr(bar, '\033'));
	m.failed = 3;
	thrum__line_bar(bar, &m, 80, true);
	ck_assert_ptr_nonnull(strstr(bar, "\033[31m 3 failed\033[0m"));
}
END_TEST

START_TEST(percent_ends_at_100_and_not_before)
{
	const uint64_t total[] = { 1, 3, 1000, (uint64_t)INT64_MAX,
	                           UINT64_MAX };
	for (int i = 0; i < 5; i++)
		for (uint64_t left = 0; left < 3 && left < total[i]; left++) {
			struct moment m = listing_2();
			char bar[LINE_BYTES];
			m.total = total[i];
			m.done = total[i] - left;
			thrum__line_bar(bar, &m, 5, false);
			int percent = atoi(bar);
			ck_assert_int_le(percent, 100);
			ck_assert_int_eq(percent == 100, left == 0);
		}
}
END_TEST

START_TEST(nothing_is_longer_than_the_buffer)
{
	char line[LINE_BYTES];
	struct moment m = {
		.call = UINT64_MAX, .n_jobs = -2147483647 - 1,
		.workers = 2147483647, .done = UINT64_MAX, .failed = UINT64_MAX,
		.total = UINT64_MAX, .total_known = true, .elapsed_s = 1e308,
		.rate = 1e308, .remaining_s = 1e308,
	};
	ck_assert_uint_lt(thrum__line_text(line, &m), LINE_BYTES - 1);
	ck_assert_int_eq(line[strlen(line) - 1], '\n');
	m.end = "timed out";
	ck_assert_uint_lt(thrum__line_json(line, &m), LINE_BYTES - 1);
	ck_assert_int_eq(line[strlen(line) - 1], '\n');
	ck_assert_uint_lt(thrum__line_bar(line, &m, 10000, true), LINE_BYTES);
	m.total_known = false;
	ck_assert_uint_lt(thrum__line_text(line, &m), LINE_BYTES - 1);
}
END_TEST

START_TEST(a_variable_that_is_ignored_is_named)
{
	char line[LINE_BYTES];
	thrum__line_ignored(line, false, 2, "THRUM_BIND", "all", "a word");
	ck_assert_str_eq(line, "[Parallel(n_jobs=2)]: ignored THRUM_BIND="
	                 "all, not a word\n");
	thrum__line_ignored(line, true, 2, "THRUM_BIND", "a\"b\\", "a word");
	ck_assert_str_eq(line, "{\"ignored\":\"THRUM_BIND\","
	                 "\"value\":\"a\\\"b\\\\\"}\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("line");
	TCase *lines = tcase_create("lines");
	TCase *others = tcase_create("others");

	tcase_add_test(lines, listing_2_of_the_article);
	tcase_add_test(lines, n_jobs_is_shown_as_given);
	tcase_add_test(lines, counts_are_as_wide_as_the_total);
	tcase_add_test(lines, an_unknown_total_has_no_eta);
	tcase_add_test(lines, an_unknown_eta_is_a_question_mark);
	tcase_add_loop_test(lines, durations_turn_to_minutes_and_hours, 0,
	                    (int)(sizeof(durations) / sizeof(*durations)));
	tcase_add_test(lines, the_locale_does_not_show);
	tcase_add_test(lines, a_variable_that_is_ignored_is_named);
	suite_add_tcase(s, lines);
	tcase_add_test(others, json_is_an_object_in_a_line);
	tcase_add_test(others, a_bar_fits_any_width);
	tcase_add_test(others, a_bar_without_a_total_counts);
	tcase_add_test(others, only_failures_have_colour);
	tcase_add_test(others, percent_ends_at_100_and_not_before);
	tcase_add_test(others, nothing_is_longer_than_the_buffer);
	suite_add_tcase(s, others);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
