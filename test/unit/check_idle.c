/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_idle.c - nobody sleeps past work, and nobody is woken twice
 *
 * A pool of two places whose threads are never started, and threads of the test
 * in their stead: one announces sleep, others publish. Overlooked work is a
 * hang, which Check's time limit ends.
 */
#include "config.h"

#include "clock.h"
#include "idle.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <thrum/pool.h>

enum { CYCLES = 1000000, SLEEPS = 20000 };
#define LONGEST_NS 2000000000u /* fewer cycles on a busy machine */

static struct thrum_pool *pool;
static struct stats stats;
static struct sleeper sleeper; /* beside the pool's own */

static void prepare(void)
{
	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = 2, .bind = THRUM_BIND_NONE)), 0);
	/* Not started, so resting; leave them out of the count. */
	thrum__store(&pool->resting, 0, relaxed);
	sleeper = (struct sleeper){ .stats = &stats };
}

static void clean(void)
{
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}

/* Alone */

START_TEST(ring_tells_of_sleepers)
{
	uint32_t seen = thrum__idle_seen(pool);

	ck_assert(!thrum__idle_ring(pool));
	ck_assert_uint_ne(thrum__idle_seen(pool), seen);
	thrum__idle_announce(pool, &sleeper);
	ck_assert(thrum__idle_ring(pool));
	thrum__idle_cancel(pool, &sleeper);
	ck_assert(!thrum__idle_ring(pool));
}
END_TEST

START_TEST(who_is_awake_is_not_woken)
{
	ck_assert(!thrum__idle_wake(pool, &sleeper));
	thrum__idle_announce(pool, &sleeper);
	ck_assert(thrum__idle_wake(pool, &sleeper));
	ck_assert(!thrum__idle_wake(pool, &sleeper));
	thrum__idle_sleep(pool, &sleeper, -1); /* the call is there already */
	ck_assert_uint_eq(thrum__load(&pool->resting, relaxed), 0);
	ck_assert_uint_eq(thrum__load(&sleeper.parker.token, relaxed), 0);
}
END_TEST

START_TEST(who_cancels_takes_the_call_that_came)
{
	thrum__idle_announce(pool, &sleeper);
	ck_assert(thrum__idle_wake(pool, &sleeper));
	thrum__idle_cancel(pool, &sleeper);
	ck_assert_uint_eq(thrum__load(&sleeper.parker.token, relaxed), 0);
	ck_assert_uint_eq(thrum__load(&pool->resting, relaxed), 0);
}
END_TEST

START_TEST(stray_call_ends_a_sleep_but_not_the_count)
{
	thrum__parker_unpark(&sleeper.parker);
	thrum__idle_announce(pool, &sleeper);
	thrum__idle_sleep(pool, &sleeper, -1);
	ck_assert_uint_eq(thrum__load(&sleeper.rest, relaxed), REST_AWAKE);
	ck_assert_uint_eq(thrum__load(&pool->resting, relaxed), 0);
	ck_assert(!thrum__idle_wake(pool, &sleeper));
}
END_TEST

/* Two threads. Both do their half of the protocol as often as they can; in each
 * cycle one of them has to see the other. */

static struct {
	_Atomic uint32_t came[2];
	_Atomic uint32_t last; /* cycle */
	_Atomic bool saw;      /* the publisher saw the sleeper */
	_Atomic uint32_t work;
} race = { .last = CYCLES };

/* Wait for the other, so that the halves begin together. */
static void meet(int me, uint32_t cycle)
{
	thrum__store(&race.came[me], cycle, release);
	for (unsigned i = 1; thrum__load(&race.came[!me], acquire) < cycle; i++)
		if (i % 256)
			thrum__pause();
		else
			sched_yield();
}

static void *publish(void *arg)
{
	(void)arg;
	for (uint32_t i = 1; i <= thrum__load(&race.last, relaxed); i++) {
		meet(0, 2 * i - 1);
		/* Not woken: only looked at, so that no cycle costs a call. */
		bool any = thrum__idle_ring(pool);
		thrum__store(&race.saw, any && thrum__load(&sleeper.rest, relaxed)
		                               == REST_PARKED, relaxed);
		meet(0, 2 * i);
	}
	return NULL;
}

START_TEST(announce_then_ring_never_both_overlook)
{
	uint64_t until = thrum__clock_ns() + LONGEST_NS;
	uint32_t overlooked = 0, i;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, publish, NULL), 0);
	for (i = 1; i <= thrum__load(&race.last, relaxed); i++) {
		uint32_t seen = thrum__idle_seen(pool);
		if (thrum__clock_ns() > until)
			thrum__store(&race.last, i, relaxed);
		meet(1, 2 * i - 1);
		thrum__idle_announce(pool, &sleeper);
		bool saw = thrum__load(&pool->bell, relaxed) != seen;
		meet(1, 2 * i);
		overlooked += !saw && !thrum__load(&race.saw, relaxed);
		thrum__idle_cancel(pool, &sleeper);
	}
	pthread_join(thread, NULL);
	if (overlooked)
		ck_abort_msg("%u of %u cycles", overlooked, i);
}
END_TEST

static void *make_work(void *arg)
{
	(void)arg;
	for (int i = 0; i < SLEEPS; i++) {
		thrum__add(&race.work, 1u, relaxed);
		if (thrum__idle_ring(pool))
			(void)thrum__idle_wake(pool, &sleeper);
	}
	return NULL;
}

START_TEST(sleeper_sees_all_work)
{
	enum { PUBLISHERS = 2 };
	pthread_t thread[PUBLISHERS];
	uint32_t done = 0;

	for (int i = 0; i < PUBLISHERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, make_work,
		                                NULL), 0);
	while (done < PUBLISHERS * SLEEPS) {
		uint32_t seen = thrum__idle_seen(pool);
		uint32_t found = thrum__swap(&race.work, 0, relaxed);
		done += found;
		if (found)
			continue;
		thrum__idle_announce(pool, &sleeper);
		if (thrum__load(&pool->bell, relaxed) != seen)
			thrum__idle_cancel(pool, &sleeper);
		else
			thrum__idle_sleep(pool, &sleeper, -1);
	}
	for (int i = 0; i < PUBLISHERS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(thrum__load(&pool->resting, relaxed), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("idle");
	TCase *alone = tcase_create("alone");
	TCase *threads = tcase_create("threads");

	tcase_add_checked_fixture(alone, prepare, clean);
	tcase_add_test(alone, ring_tells_of_sleepers);
	tcase_add_test(alone, who_is_awake_is_not_woken);
	tcase_add_test(alone, who_cancels_takes_the_call_that_came);
	tcase_add_test(alone, stray_call_ends_a_sleep_but_not_the_count);
	suite_add_tcase(s, alone);
	tcase_add_checked_fixture(threads, prepare, clean);
	tcase_add_test(threads, announce_then_ring_never_both_overlook);
	tcase_add_test(threads, sleeper_sees_all_work);
	suite_add_tcase(s, threads);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
