/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_clock.c - the clock never goes back, in one thread or between two */
#include "config.h"
#include "clock.h"

#include <check.h>
#include <pthread.h>
#include <time.h>

START_TEST(never_goes_back)
{
	uint64_t last = thrum__clock_ns();
	for (int i = 0; i < 100000; i++) {
		uint64_t now = thrum__clock_ns();
		ck_assert_uint_le(last, now);
		last = now;
	}
}
END_TEST

static void *read_clock(void *out)
{
	*(uint64_t *)out = thrum__clock_ns();
	return NULL;
}

START_TEST(other_threads_read_the_same_clock)
{
	uint64_t other = 0, before = thrum__clock_ns();
	pthread_t thread;
	ck_assert_int_eq(pthread_create(&thread, NULL, read_clock, &other), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_le(before, other);
	ck_assert_uint_le(other, thrum__clock_ns());
}
END_TEST

START_TEST(counts_nanoseconds)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	uint64_t before = thrum__clock_ns();
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ms, &ms) != 0)
		;
	ck_assert_uint_ge(thrum__clock_ns() - before, 1000000);
}
END_TEST

static Suite *clock_suite(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("monotone");
	tcase_add_test(t, never_goes_back);
	tcase_add_test(t, other_threads_read_the_same_clock);
	tcase_add_test(t, counts_nanoseconds);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(clock_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
