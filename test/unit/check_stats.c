/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_stats.c - figures only grow, and a sleep that lasts is in them
 *
 * One thread counts; others may add up at any time.
 */
#include "config.h"
#include "stats.h"

#include <check.h>
#include <pthread.h>
#include <string.h>

#define ROUNDS 100000

static thrum_worker_stats sum_of(const struct stats *s)
{
	thrum_worker_stats sum;

	memset(&sum, 0, sizeof sum);
	thrum__stats_sum(&sum, s);
	return sum;
}

static void let_time_pass(void)
{
	uint64_t since = thrum__clock_ns();
	while (thrum__clock_ns() == since)
		;
}

START_TEST(sum_is_that_of_all)
{
	struct stats s[2] = { { .timed = false }, { .timed = false } };
	struct ran ran[2] = { { 0 }, { 0 } };
	thrum_worker_stats sum = { .jobs = 100 };

	thrum__stats_add(&ran[0].jobs, 5);
	thrum__stats_add(&ran[1].jobs, 7);
	thrum__stats_add_shared(&ran[1].calls, 2);
	thrum__stats_add(&s[0].misses, 3);
	thrum__stats_add(&s[1].misses, 1);
	for (int i = 0; i < 2; i++) {
		thrum__stats_sum(&sum, &s[i]);
		thrum__stats_sum_ran(&sum, &ran[i]);
	}
	ck_assert_uint_eq(sum.jobs, 112);
	ck_assert_uint_eq(sum.calls, 2);
	ck_assert_uint_eq(sum.misses, 4);
	thrum__stats_reset(&s[1]);
	ck_assert_uint_eq(sum_of(&s[1]).misses, 0);
}
END_TEST

START_TEST(they_share_no_line)
{
	ck_assert_uint_eq(sizeof(struct stats) % THRUM__LINE, 0);
}
END_TEST

START_TEST(no_time_is_taken_unless_asked_for)
{
	struct stats s = { .timed = false };

	ck_assert_uint_eq(thrum__stats_clock(&s), 0);
	thrum__stats_spun(&s, thrum__stats_spin(&s));
	thrum__stats_park(&s);
	let_time_pass();
	ck_assert_uint_eq(sum_of(&s).parked_ns, 0);
	thrum__stats_unpark(&s);
	ck_assert_uint_eq(sum_of(&s).spins, 1);
	ck_assert_uint_eq(sum_of(&s).spin_ns, 0);
	ck_assert_uint_eq(sum_of(&s).parks, 1);
	ck_assert_uint_eq(sum_of(&s).parked_ns, 0);
}
END_TEST

START_TEST(a_spell_of_spinning_has_its_length)
{
	struct stats s = { .timed = true };

	uint64_t before = thrum__clock_ns(), since = thrum__stats_spin(&s);
	ck_assert_uint_ge(since, before);
	let_time_pass();
	ck_assert_uint_eq(sum_of(&s).spins, 1);
	ck_assert_uint_eq(sum_of(&s).spin_ns, 0);
	uint64_t over = thrum__clock_ns();
	thrum__stats_spun(&s, since);
	ck_assert_uint_eq(sum_of(&s).spins, 1);
	ck_assert_uint_ge(sum_of(&s).spin_ns, over - since);
	ck_assert_uint_le(sum_of(&s).spin_ns, thrum__clock_ns() - since);
}
END_TEST

START_TEST(a_sleep_counts_while_it_lasts_and_no_longer)
{
	struct stats s = { .timed = true };
	uint64_t before = 0;

	for (int i = 1; i <= 3; i++) {
		thrum__stats_park(&s);
		for (int look = 0; look < 3; look++) {
			let_time_pass();
			uint64_t now = sum_of(&s).parked_ns;
			ck_assert_uint_gt(now, before);
			before = now;
		}
		thrum__stats_unpark(&s);
		uint64_t whole = sum_of(&s).parked_ns;
		ck_assert_uint_ge(whole, before);
		let_time_pass();
		ck_assert_uint_eq(sum_of(&s).parked_ns, whole);
		ck_assert_uint_eq(sum_of(&s).parks, i);
		before = whole;
	}
}
END_TEST

static void *sleep_often(void *arg)
{
	struct stats *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		thrum__stats_park(s);
		thrum__stats_unpark(s);
		thrum__stats_add(&s->misses, 3);
	}
	return NULL;
}

START_TEST(counts_only_grow_and_nobody_sleeps_longer_than_there_was_time)
{
	static struct stats s;
	uint64_t begin = thrum__clock_ns();
	thrum_worker_stats before, now;
	pthread_t thread;

	s = (struct stats){ .timed = true };
	before = sum_of(&s);
	ck_assert_int_eq(pthread_create(&thread, NULL, sleep_often, &s), 0);
	for (int i = 0; i < ROUNDS; i++) {
		now = sum_of(&s);
		if (now.misses < before.misses || now.parks < before.parks
		    || now.parked_ns > thrum__clock_ns() - begin)
			ck_abort_msg("broken at look %d", i);
		before = now;
	}
	pthread_join(thread, NULL);
	now = sum_of(&s);
	ck_assert_uint_eq(now.misses, 3 * ROUNDS);
	ck_assert_uint_eq(now.parks, ROUNDS);
	ck_assert_uint_le(now.parked_ns, thrum__clock_ns() - begin);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stats");
	TCase *count = tcase_create("count"), *time = tcase_create("time");

	tcase_add_test(count, sum_is_that_of_all);
	tcase_add_test(count, they_share_no_line);
	suite_add_tcase(s, count);
	tcase_add_test(time, no_time_is_taken_unless_asked_for);
	tcase_add_test(time, a_spell_of_spinning_has_its_length);
	tcase_add_test(time, a_sleep_counts_while_it_lasts_and_no_longer);
	tcase_add_test(time,
	               counts_only_grow_and_nobody_sleeps_longer_than_there_was_time);
	suite_add_tcase(s, time);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
