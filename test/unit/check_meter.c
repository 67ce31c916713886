/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_meter.c - nothing is lost in the count, and it never goes back
 *
 * Writers add to their own shards while a reader adds up: what it sees must
 * rise, and be exact once the writers have been joined.
 */
#include "config.h"
#include "meter.h"

#include <check.h>
#include <pthread.h>

#define SHARDS 4
#define ROUNDS 200000

struct writer {
	struct meter *meter;
	unsigned shard;
};

static void *write_shard(void *arg)
{
	struct writer *w = arg;
	for (int i = 0; i < ROUNDS; i++)
		thrum__meter_add(w->meter, w->shard, 2, i % 4 == 0);
	return NULL;
}

START_TEST(sum_is_that_of_all_shards)
{
	struct meter_shard shard[3] = { 0 };
	struct meter m = { 3, shard };
	uint64_t done, failed;

	thrum__meter_sum(&m, &done, &failed);
	ck_assert_uint_eq(done, 0);
	ck_assert_uint_eq(failed, 0);
	thrum__meter_add(&m, 0, 5, 0);
	thrum__meter_add(&m, 2, 7, 1);
	thrum__meter_add(&m, 2, 0, 2);
	thrum__meter_sum(&m, &done, &failed);
	ck_assert_uint_eq(done, 12);
	ck_assert_uint_eq(failed, 3);
}
END_TEST

START_TEST(shards_share_no_line)
{
	ck_assert_uint_eq(sizeof(struct meter_shard) % THRUM__LINE, 0);
}
END_TEST

START_TEST(sum_rises_and_ends_exact)
{
	static struct meter_shard shard[SHARDS];
	struct meter m = { SHARDS, shard };
	struct writer writer[SHARDS];
	pthread_t thread[SHARDS];
	uint64_t done = 0, failed = 0, last_done = 0, last_failed = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		writer[i] = (struct writer){ &m, i };
		ck_assert_int_eq(pthread_create(&thread[i], NULL, write_shard,
		                                &writer[i]), 0);
	}
	for (int i = 0; i < 10000; i++) {
		thrum__meter_sum(&m, &done, &failed);
		ck_assert_uint_ge(done, last_done);
		ck_assert_uint_ge(failed, last_failed);
		last_done = done;
		last_failed = failed;
	}
	for (unsigned i = 0; i < SHARDS; i++)
		pthread_join(thread[i], NULL);
	thrum__meter_sum(&m, &done, &failed);
	ck_assert_uint_eq(done, 2 * SHARDS * ROUNDS);
	ck_assert_uint_eq(failed, SHARDS * ROUNDS / 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("meter");
	TCase *count = tcase_create("count");

	tcase_add_test(count, sum_is_that_of_all_shards);
	tcase_add_test(count, shards_share_no_line);
	tcase_add_test(count, sum_rises_and_ends_exact);
	suite_add_tcase(s, count);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
