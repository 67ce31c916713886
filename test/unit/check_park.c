/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_park.c - a call is not lost, and further ones are
 *
 * The laws of the parker by one thread, then two threads that call each other
 * in turn: a call that got lost is a hang, which Check's time limit ends.
 */
#include "config.h"

#include "clock.h"
#include "park.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>

enum { TURNS = 20000 };

START_TEST(a_park_for_a_time_ends_by_call_or_time)
{
	struct parker p = { 0 };

	ck_assert(!thrum__parker_park_for(&p, 0));
	ck_assert(!thrum__parker_park_for(&p, 1000000));
	thrum__parker_unpark(&p);
	ck_assert(thrum__parker_park_for(&p, 60000000000)); /* at once */
	ck_assert(!thrum__parker_park_for(&p, 1000)); /* it was one call */
	thrum__parker_unpark(&p);
	thrum__parker_park(&p);
}
END_TEST

START_TEST(parker_keeps_one_call)
{
	struct parker p = { 0 };

	thrum__parker_unpark(&p);
	thrum__parker_unpark(&p);
	thrum__parker_park(&p); /* comes back at once */
	ck_assert_uint_eq(thrum__load(&p.token, relaxed), 0);
}
END_TEST

START_TEST(wait_for_another_value_returns)
{
	_Atomic uint32_t word = 3;

	errno = 77;
	ck_assert_int_eq(thrum__park_wait(&word, 2, -1), 0);
	thrum__park_wake(&word, 1);
	ck_assert_int_eq(errno, 77);
}
END_TEST

START_TEST(wait_ends_with_its_time)
{
	_Atomic uint32_t word = 3;
	uint64_t begin = thrum__clock_ns(), end;
	int rc;

	do /* it may return for no reason */
		rc = thrum__park_wait(&word, 3, 2000000);
	while (rc == 0);
	end = thrum__clock_ns();
	ck_assert_int_eq(rc, -ETIMEDOUT);
	ck_assert_uint_ge(end - begin, 2000000);
}
END_TEST

struct pair {
	struct parker here, there;
	int plain; /* goes with the calls: [P2] to [P1] */
};

static void *answer(void *arg)
{
	struct pair *p = arg;
	for (int i = 0; i < TURNS; i++) {
		thrum__parker_park(&p->there);
		p->plain++;
		thrum__parker_unpark(&p->here);
	}
	return NULL;
}

START_TEST(no_call_is_lost)
{
	struct pair p = { 0 };
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, answer, &p), 0);
	for (int i = 0; i < TURNS; i++) {
		ck_assert_int_eq(p.plain, i);
		thrum__parker_unpark(&p.there);
		thrum__parker_park(&p.here);
	}
	pthread_join(thread, NULL);
	ck_assert_int_eq(p.plain, TURNS);
}
END_TEST

struct crowd {
	struct parker parker;
	_Atomic uint32_t made;
};

static void *call_often(void *arg)
{
	struct crowd *c = arg;
	for (int i = 0; i < TURNS; i++) {
		thrum__add(&c->made, 1u, relaxed);
		thrum__parker_unpark(&c->parker);
	}
	return NULL;
}

/* After a call the sleeper looks, so it sees all that was made before the call
 * that it took, and sleeps only if another call will come. */
START_TEST(last_call_of_many_callers_arrives)
{
	enum { CALLERS = 2 };
	struct crowd c = { { 0 }, 0 };
	pthread_t thread[CALLERS];

	for (int i = 0; i < CALLERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, call_often,
		                                &c), 0);
	while (thrum__load(&c.made, relaxed) < CALLERS * TURNS)
		thrum__parker_park(&c.parker);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(thread[i], NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("park");
	TCase *alone = tcase_create("alone");
	TCase *threads = tcase_create("threads");

	tcase_add_test(alone, parker_keeps_one_call);
	tcase_add_test(alone, a_park_for_a_time_ends_by_call_or_time);
	tcase_add_test(alone, wait_for_another_value_returns);
	tcase_add_test(alone, wait_ends_with_its_time);
	suite_add_tcase(s, alone);
	tcase_add_test(threads, no_call_is_lost);
	tcase_add_test(threads, last_call_of_many_callers_arrives);
	suite_add_tcase(s, threads);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
