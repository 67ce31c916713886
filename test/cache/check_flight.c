/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_flight.c - who asks for the same missing result at once shares one run
 *
 * By threads of one process. The functions wait for each other where an order is
 * to be had, never for a time.
 */
#include "config.h"

#include "memos.h"

#include <pthread.h>
#include <thrum/cancel.h>

enum { THREADS = 8 };

static thrum_memo *memo;
static pthread_barrier_t start;

static void spawn(pthread_t *t, int n, void *(*fn)(void *), void *arg)
{
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, fn, arg), 0);
}

static void join(pthread_t *t, int n)
{
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
}

/* Lasts until the others have had the time to ask. */
static int slow(void *ctx, void *result)
{
	sleep_ms(300);
	return triple(ctx, result);
}

static void *ask_slow(void *arg)
{
	thrum_key key = key_of(5);
	int64_t x = 5, y = 0;

	(void)arg;
	pthread_barrier_wait(&start);
	ck_assert_int_eq(thrum_memo_call(memo, THRUM_FN("slow", 1), &key, slow,
	                                 &x, &y, sizeof y, 0), 0);
	ck_assert_int_eq(y, 16);
	return NULL;
}

START_TEST(threads_that_ask_at_once_run_it_once)
{
	pthread_t t[THREADS];

	memo = open_memo(NULL);
	pthread_barrier_init(&start, NULL, THREADS);
	spawn(t, THREADS, ask_slow, NULL);
	join(t, THREADS);
	ck_assert_int_eq(counted_runs(), 1);
	ck_assert_uint_eq(stats_of(memo).hits, THREADS - 1);
	pthread_barrier_destroy(&start);
	thrum_memo_close(memo);
}
END_TEST

/* Nothing can be stored: there is a file where the shard would be. */
static void block_all_shards(void)
{
	for (unsigned i = 0; i < 256; i++) {
		char path[PATH_MAX];
		snprintf(path, sizeof path, "%.4000s/%02x", the_dir, i);
		write_file(path, "x", 1);
	}
}

/* A thread that the system begins late runs it once more: then all begins
 * again. */
START_TEST(value_that_cannot_be_stored_is_shared_all_the_same)
{
	pthread_t t[THREADS];

	memo = open_memo(NULL);
	block_all_shards();
	pthread_barrier_init(&start, NULL, THREADS);
	int turns = 0;
	do {
		*runs = 0;
		spawn(t, THREADS, ask_slow, NULL);
		join(t, THREADS);
	} while (counted_runs() != 1 && ++turns < 50);
	ck_assert_int_eq(counted_runs(), 1);
	ck_assert_int_eq(entries_there(), 0);
	ck_assert_uint_ge(stats_of(memo).failures, 1);
	pthread_barrier_destroy(&start);
	thrum_memo_close(memo);
}
END_TEST

static int slow_array(void *ctx, thrum_array *results, size_t n)
{
	static const double x[3] = { 1, 2, 3 };

	(void)ctx, (void)n;
	sleep_ms(300);
	count_run();
	results[0] = thrum_array_1d(THRUM_F64, x, 3);
	return 0;
}

static void *ask_array(void *arg)
{
	thrum_key key = key_of(5);
	thrum_array a;

	(void)arg;
	pthread_barrier_wait(&start);
	ck_assert_int_eq(thrum_memo_arrays(memo, THRUM_FN("slow", 1), &key,
	                                   slow_array, NULL, &a, 1, 0), 0);
	ck_assert(((double *)a.data)[2] == 3);
	thrum_array_release(&a);
	return NULL;
}

START_TEST(threads_that_ask_for_arrays_run_it_once)
{
	pthread_t t[THREADS];

	memo = open_memo(NULL);
	pthread_barrier_init(&start, NULL, THREADS);
	spawn(t, THREADS, ask_array, NULL);
	join(t, THREADS);
	ck_assert_int_eq(counted_runs(), 1);
	pthread_barrier_destroy(&start);
	thrum_memo_close(memo);
}
END_TEST

static int slow_failure(void *ctx, void *result)
{
	(void)ctx, (void)result;
	count_run();
	sleep_ms(200);
	return 42;
}

static void *ask_failure(void *arg)
{
	thrum_key key = key_of(5);
	int y;

	(void)arg;
	pthread_barrier_wait(&start);
	ck_assert_int_eq(thrum_memo_call(memo, THRUM_FN("fails", 1), &key,
	                                 slow_failure, NULL, &y, sizeof y, 0),
	                 42);
	return NULL;
}

START_TEST(failure_is_each_ones_own)
{
	pthread_t t[THREADS];

	memo = open_memo(NULL);
	pthread_barrier_init(&start, NULL, THREADS);
	spawn(t, THREADS, ask_failure, NULL);
	join(t, THREADS);
	ck_assert_int_eq(counted_runs(), THREADS);
	ck_assert_int_eq(entries_there(), 0);
	pthread_barrier_destroy(&start);
	thrum_memo_close(memo);
}
END_TEST

/* A leader that does not end until it is let. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool let_go;
static thrum_cancel token;

static int hangs(void *ctx, void *result)
{
	count_run();
	if (counted_runs() == 1) {
		pthread_mutex_lock(&lock);
		while (!let_go)
			pthread_cond_wait(&change, &lock);
		pthread_mutex_unlock(&lock);
	}
	*(int64_t *)result = *(const int64_t *)ctx;
	return 0;
}

static void *ask_hanging(void *arg)
{
	thrum_key key = key_of(5);
	int64_t x = 5, y = 0;

	(void)arg;
	ck_assert_int_eq(thrum_memo_call(memo, THRUM_FN("hangs", 1), &key,
	                                 hangs, &x, &y, sizeof y, 0), 0);
	ck_assert_int_eq(y, 5);
	return NULL;
}

static void let_it_go(void)
{
	pthread_mutex_lock(&lock);
	let_go = true;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

/* Between laws that are run in one process. */
static void begin(void)
{
	let_go = false;
	thrum_cancel_clear(&token);
}

static void wait_for_runs(int n)
{
	while (counted_runs() < n)
		sleep_ms(1);
}

START_TEST(who_waited_long_enough_runs_it_too)
{
	pthread_t leader;

	memo = open_memo(THRUM_MEMO_OPTS(.wait_s = 0.05));
	spawn(&leader, 1, ask_hanging, NULL);
	wait_for_runs(1);
	(void)ask_hanging(NULL); /* comes back although the leader hangs */
	ck_assert_int_eq(counted_runs(), 2);
	let_it_go();
	join(&leader, 1);
	(void)ask_hanging(NULL);
	ck_assert_int_eq(counted_runs(), 2);
	thrum_memo_close(memo);
}
END_TEST

START_TEST(refresh_and_no_store_wait_for_nobody)
{
	pthread_t leader;
	thrum_key key = key_of(5);
	int64_t x = 5, y = 0;

	memo = open_memo(NULL);
	spawn(&leader, 1, ask_hanging, NULL);
	wait_for_runs(1);
	ck_assert_int_eq(thrum_memo_call(memo, THRUM_FN("hangs", 1), &key,
	                                 hangs, &x, &y, sizeof y,
	                                 THRUM_NO_STORE), 0);
	ck_assert_int_eq(thrum_memo_call(memo, THRUM_FN("hangs", 1), &key,
	                                 hangs, &x, &y, sizeof y,
	                                 THRUM_REFRESH), 0);
	ck_assert_int_eq(counted_runs(), 3);
	let_it_go();
	join(&leader, 1);
	thrum_memo_close(memo);
}
END_TEST

START_TEST(other_keys_do_not_wait)
{
	pthread_t leader;

	memo = open_memo(NULL);
	spawn(&leader, 1, ask_hanging, NULL);
	wait_for_runs(1);
	for (int64_t i = 0; i < 500; i++)
		ask(memo, i);
	let_it_go();
	join(&leader, 1);
	thrum_memo_close(memo);
}
END_TEST

/* A sweep in which all indices have one key, one body hangs, and the others
 * wait for it, is cancelled. */
static void one_key(void *ctx, size_t i, thrum_key *key)
{
	(void)ctx, (void)i;
	thrum_key_i64(key, "x", 5);
}

static int hanging_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)task;
	return hangs(ctx, result);
}

static void *cancel_soon(void *arg)
{
	(void)arg;
	wait_for_runs(1);
	thrum_cancel_set(&token);
	sleep_ms(100);
	let_it_go();
	return NULL;
}

START_TEST(wait_in_a_map_ends_with_its_call)
{
	int64_t x = 5, y[4];
	pthread_t t;
	thrum_report r;

	memo = open_memo(NULL);
	spawn(&t, 1, cancel_soon, NULL);
	ck_assert_int_eq(thrum_memo_map(memo, THRUM_FN("hangs", 1), one_key,
	                                NULL, 4, hanging_body, &x, y, sizeof *y,
	                                THRUM_OPTS(.n_jobs = 2, .grain = 1,
	                                           .cancel = &token,
	                                           .report = &r)),
	                 THRUM_ECANCELED);
	join(&t, 1);
	ck_assert_uint_eq(r.done + r.failed + r.skipped, 4);
	ck_assert_uint_eq(r.failed, 0);
	ck_assert_int_eq(counted_runs(), 1);
	thrum_memo_close(memo);
}
END_TEST

/* Many threads, few keys, some forgotten again and again: always right. */
static void *ask_many(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)&seed ^ (unsigned)(uintptr_t)arg;

	for (int i = 0; i < 2000; i++) {
		int64_t x = rand_r(&seed) % 20;
		ask(memo, x);
		if (i % 16 == 0) {
			thrum_key key = key_of(x);
			ck_assert_int_eq(thrum_memo_forget(memo,
				THRUM_FN("triple", 1), &key), 0);
		}
	}
	return NULL;
}

START_TEST(many_threads_get_what_is_right)
{
	pthread_t t[THREADS];

	memo = open_memo(NULL);
	spawn(t, THREADS, ask_many, NULL);
	join(t, THREADS);
	ck_assert_uint_eq(stats_of(memo).failures, 0);
	thrum_memo_close(memo);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flight");
	TCase *t = new_case(s, "one run");
	tcase_add_test(t, threads_that_ask_at_once_run_it_once);
	tcase_add_test(t, threads_that_ask_for_arrays_run_it_once);
	tcase_add_test(t, value_that_cannot_be_stored_is_shared_all_the_same);
	tcase_add_test(t, failure_is_each_ones_own);
	t = new_case(s, "waiting");
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, who_waited_long_enough_runs_it_too);
	tcase_add_test(t, refresh_and_no_store_wait_for_nobody);
	tcase_add_test(t, other_keys_do_not_wait);
	tcase_add_test(t, wait_in_a_map_ends_with_its_call);
	t = new_case(s, "many");
	tcase_add_test(t, many_threads_get_what_is_right);
	return run_laws(s);
}
