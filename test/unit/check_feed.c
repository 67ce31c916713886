/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_feed.c - each item goes to exactly one, the oldest first
 *
 * Alone: order, the full ring, the deal. With threads: one producer, three
 * workers, tickets for the items; the ring goes round many times.
 */
#include "config.h"

#include "feed.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

START_TEST(oldest_comes_first)
{
	static struct feed f;
	_Atomic uint64_t deal = 3;
	uint32_t item, next = 0, expected = 0;

	for (int round = 0; round < 10; round++) {
		while (thrum__feed_waiting(&f) < THRUM__FEED)
			thrum__feed_put(&f, next++);
		for (unsigned i = 0; i < THRUM__FEED - 3; i++) {
			ck_assert(thrum__feed_claim(&f, &item, &deal, 3));
			ck_assert_uint_eq(item, expected++);
		}
	}
	while (thrum__feed_claim(&f, &item, &deal, 3))
		ck_assert_uint_eq(item, expected++);
	ck_assert_uint_eq(expected, next);
	ck_assert_uint_eq(thrum__feed_waiting(&f), 0);
}
END_TEST

START_TEST(deal_of_another_call_is_refused)
{
	static struct feed f;
	_Atomic uint64_t deal = 3;
	uint32_t item = 99;

	thrum__feed_put(&f, 5);
	deal = 4;
	ck_assert(!thrum__feed_claim(&f, &item, &deal, 3));
	deal = 5;
	ck_assert(!thrum__feed_claim(&f, &item, &deal, 3));
	ck_assert_uint_eq(thrum__feed_waiting(&f), 1);
	ck_assert(thrum__feed_claim(&f, &item, &deal, 5));
	ck_assert_uint_eq(item, 5);
}
END_TEST

enum { WORKERS = 3, ITEMS = 300000 };

static struct {
	struct feed feed;
	_Atomic uint64_t deal;
	_Atomic uint32_t done;
	_Atomic uint32_t wrong; /* for after: ck_assert takes microseconds */
	_Atomic unsigned char ticket[ITEMS];
	uint32_t plain[ITEMS]; /* goes with the item: [F1] to [F2] */
} line;

static void *work(void *arg)
{
	uint32_t item, last = 0;
	bool first = true;
	(void)arg;

	while (thrum__load(&line.done, relaxed) < ITEMS) {
		if (!thrum__feed_claim(&line.feed, &item, &line.deal, 1)) {
			sched_yield();
			continue;
		}
		if (item >= ITEMS || (!first && item <= last)
		    || line.plain[item] != (item ^ 5))
			thrum__add(&line.wrong, 1u, relaxed);
		first = false;
		last = item;
		thrum__add(&line.ticket[item], 1, relaxed);
		thrum__add(&line.done, 1u, relaxed);
	}
	return NULL;
}

START_TEST(each_item_goes_to_exactly_one)
{
	pthread_t thread[WORKERS];

	line.deal = 1;
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, work, NULL),
		                 0);
	for (uint32_t i = 0; i < ITEMS;) {
		if (thrum__feed_waiting(&line.feed) == THRUM__FEED) {
			sched_yield();
			continue;
		}
		line.plain[i] = i ^ 5;
		thrum__feed_put(&line.feed, i++);
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(line.wrong, 0);
	for (uint32_t i = 0; i < ITEMS; i++)
		if (line.ticket[i] != 1)
			ck_abort_msg("item %u came %d times", i, line.ticket[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("feed");
	TCase *alone = tcase_create("alone");
	TCase *threads = tcase_create("threads");

	tcase_add_test(alone, oldest_comes_first);
	tcase_add_test(alone, deal_of_another_call_is_refused);
	suite_add_tcase(s, alone);
	tcase_add_test(threads, each_item_goes_to_exactly_one);
	suite_add_tcase(s, threads);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
