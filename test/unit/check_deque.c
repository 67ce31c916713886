/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_deque.c - a task is taken back or stolen, never both
 *
 * Owner and thief by one thread, where each step can be looked at; then an owner
 * that forks and joins trees against two thieves, with a ticket per task.
 */
#include "config.h"

#include "call.h"
#include "deque.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

static struct call call; /* never run; only its address counts */

static void run_nothing(thrum_task *task, void *cell)
{
	(void)task, (void)cell;
}

static thrum__slot *push(struct deque *d, uint32_t value)
{
	return thrum__deque_push(d, run_nothing, &call, &value, sizeof value);
}

static uint32_t value_of(const thrum__slot *s)
{
	uint32_t value;
	memcpy(&value, s->cell, sizeof value);
	return value;
}

static thrum__slot *steal(struct deque *d)
{
	return thrum__deque_take(d, thrum__deque_look(d));
}

/* What a thief does after it took the slot. */
static void finish(thrum__slot *s)
{
	thrum__poke(&s->state, (uint64_t)THRUM__SLOT_DONE, release);
}

static struct deque d;

static void prepare(void)
{
	memset(&d, 0, sizeof d);
	thrum__deque_prepare(&d);
	ck_assert_ptr_eq(d.lane.open, d.slot + THRUM__DEQUE_CAPACITY);
}

static void clean(void)
{
	thrum__deque_free(&d);
}

/* Owner */

START_TEST(private_tasks_come_back_newest_first)
{
	thrum__slot *s[100];

	for (uint32_t i = 0; i < 100; i++)
		s[i] = push(&d, i);
	ck_assert_ptr_null(steal(&d));
	for (uint32_t i = 100; i-- > 0;) {
		ck_assert_uint_eq(value_of(s[i]), i);
		ck_assert(thrum__deque_pop(&d, s[i]));
	}
	ck_assert_uint_eq(thrum__deque_head(&d), 0);
}
END_TEST

START_TEST(full_deque_refuses_and_recovers)
{
	thrum__slot *last = NULL, *s;

	for (uint32_t i = 0; i < THRUM__DEQUE_CAPACITY; i++)
		ck_assert_ptr_nonnull(last = push(&d, i));
	ck_assert_ptr_null(push(&d, 7));
	while (thrum__deque_expose(&d))
		;
	ck_assert_uint_eq(thrum__deque_split(thrum__deque_look(&d)),
	                  THRUM__DEQUE_CAPACITY);
	ck_assert(thrum__deque_pop(&d, last));
	ck_assert_ptr_nonnull(s = push(&d, 7));
	ck_assert_ptr_eq(s, last);
	ck_assert_uint_eq(value_of(steal(&d)), 0);
}
END_TEST

START_TEST(without_slots_it_is_full)
{
	struct deque none;

	memset(&none, 0, sizeof none);
	ck_assert_ptr_null(push(&none, 1));
	ck_assert_uint_eq(thrum__deque_expose(&none), 0);
	ck_assert_ptr_null(steal(&none));
}
END_TEST

START_TEST(reset_empties)
{
	uint64_t word;

	push(&d, 1);
	push(&d, 2);
	thrum__deque_expose(&d);
	word = thrum__deque_look(&d);
	thrum__deque_reset(&d);
	ck_assert_uint_eq(thrum__deque_head(&d), 0);
	push(&d, 3);
	thrum__deque_expose(&d);
	ck_assert_ptr_null(thrum__deque_take(&d, word));
	ck_assert_uint_eq(value_of(steal(&d)), 3);
}
END_TEST

/* Thief */

START_TEST(steal_takes_oldest)
{
	for (uint32_t i = 0; i < 8; i++)
		push(&d, i);
	ck_assert_uint_eq(thrum__deque_expose(&d), 4);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(value_of(steal(&d)), i);
	ck_assert_ptr_null(steal(&d));
	ck_assert_uint_eq(thrum__deque_expose(&d), 2);
	ck_assert_uint_eq(value_of(steal(&d)), 4);
}
END_TEST

START_TEST(begging_lasts_until_tasks_are_there)
{
	thrum__deque_beg(&d);
	ck_assert(thrum__deque_wanted(&d));
	ck_assert_uint_eq(thrum__deque_expose(&d), 0);
	ck_assert(thrum__deque_wanted(&d));
	push(&d, 1);
	ck_assert_uint_eq(thrum__deque_expose(&d), 1);
	ck_assert(!thrum__deque_wanted(&d));
}
END_TEST

START_TEST(old_word_takes_nothing_of_a_later_work)
{
	uint64_t word;
	thrum__slot *s = push(&d, 1);

	thrum__deque_expose(&d);
	word = thrum__deque_look(&d);
	ck_assert(thrum__deque_pop(&d, s));
	thrum__deque_begin(&d);
	push(&d, 2);
	thrum__deque_expose(&d);
	/* The same indices, another incarnation. */
	ck_assert_uint_eq((uint32_t)word, (uint32_t)thrum__deque_look(&d));
	ck_assert_ptr_null(thrum__deque_take(&d, word));
	ck_assert_uint_eq(value_of(steal(&d)), 2);
}
END_TEST

START_TEST(incarnation_goes_round_without_touching_the_tasks)
{
	thrum__slot *s = push(&d, 1);

	thrum__deque_expose(&d);
	thrum__or(&d.word, UINT64_C(0xffffffff) << 32, relaxed);
	thrum__deque_begin(&d);
	ck_assert_uint_eq(thrum__deque_look(&d) >> 32, 0);
	ck_assert_uint_eq(thrum__deque_split(thrum__deque_look(&d)), 1);
	ck_assert(thrum__deque_pop(&d, s));
}
END_TEST

/* Both */

START_TEST(taken_back_or_stolen_never_both)
{
	thrum__slot *s[8], *stolen;

	for (uint32_t i = 0; i < 8; i++)
		s[i] = push(&d, i);
	while (thrum__deque_expose(&d))
		;
	ck_assert_ptr_eq(stolen = steal(&d), s[0]);
	for (uint32_t i = 8; i-- > 1;)
		ck_assert(thrum__deque_pop(&d, s[i]));
	ck_assert_ptr_null(steal(&d));
	ck_assert(!thrum__deque_pop(&d, s[0]));
	finish(stolen);
	thrum__deque_drop(&d, s[0]);
	ck_assert_uint_eq(thrum__deque_head(&d), 0);
	ck_assert_ptr_eq(push(&d, 9), s[0]);
	ck_assert_ptr_null(steal(&d));
}
END_TEST

START_TEST(invariant_holds_at_each_step)
{
	thrum__slot *s[64];
	uint32_t n = 0;
	unsigned seed = 12345;

	for (int step = 0; step < 20000; step++) {
		seed = seed * 1103515245u + 12345u;
		unsigned act = seed >> 16 & 7;
		if (act < 3 && n < 64) {
			s[n] = push(&d, n);
			n++;
		} else if (act < 6 && n > 0) {
			n--;
			if (!thrum__deque_pop(&d, s[n]))
				thrum__deque_drop(&d, s[n]);
		} else if (act == 6) {
			thrum__deque_expose(&d);
		} else {
			thrum__slot *got = steal(&d);
			if (got)
				finish(got);
		}
		uint64_t word = thrum__deque_look(&d);
		if (thrum__deque_tail(word) > thrum__deque_split(word)
		    || thrum__deque_split(word) > thrum__deque_head(&d)
		    || thrum__deque_split(word) != (uint32_t)(d.lane.mine - d.slot) || thrum__deque_head(&d) != n)
			ck_abort_msg("broken at step %d", step);
	}
}
END_TEST

enum { THIEVES = 2, TASKS = 400000 };

static struct {
	_Atomic unsigned char ticket[TASKS];
	_Atomic bool over;
	_Atomic uint32_t stolen;
} race;

static void *thieve(void *arg)
{
	(void)arg;
	while (!thrum__load(&race.over, relaxed)) {
		thrum__slot *s = steal(&d);
		if (!s) {
			thrum__deque_beg(&d);
			continue;
		}
		thrum__add(&race.ticket[value_of(s)], 1, relaxed);
		thrum__add(&race.stolen, 1u, relaxed);
		finish(s);
	}
	return NULL;
}

/* A tree as fib: fork, go down, join. */
static void grow(uint32_t *next, unsigned depth)
{
	if (depth == 0 || *next >= TASKS)
		return;
	uint32_t mine = (*next)++;
	thrum__slot *s = push(&d, mine);
	if (thrum__deque_wanted(&d))
		thrum__deque_expose(&d);
	grow(next, depth - 1);
	if (s && !thrum__deque_pop(&d, s)) {
		while (thrum__peek(&s->state, acquire) != THRUM__SLOT_DONE)
			sched_yield();
		thrum__deque_drop(&d, s);
		return;
	}
	thrum__add(&race.ticket[mine], 1, relaxed);
	grow(next, depth - 1);
}

START_TEST(each_task_goes_to_exactly_one)
{
	pthread_t thread[THIEVES];
	uint32_t next = 0;

	for (int i = 0; i < THIEVES; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, thieve, NULL),
		                 0);
	for (unsigned i = 0; next < TASKS; i++) {
		thrum__deque_begin(&d);
		grow(&next, 1 + i % 12);
	}
	ck_assert_uint_eq(thrum__deque_head(&d), 0);
	thrum__store(&race.over, true, relaxed);
	for (int i = 0; i < THIEVES; i++)
		pthread_join(thread[i], NULL);
	for (uint32_t i = 0; i < TASKS; i++)
		if (race.ticket[i] != 1)
			ck_abort_msg("task %u ran %d times", i, race.ticket[i]);
}
END_TEST

/* One task at a time, and both want it. */
START_TEST(last_item_goes_to_exactly_one)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, thieve, NULL), 0);
	for (uint32_t i = 0; i < TASKS; i++) {
		thrum__slot *s = push(&d, i);
		thrum__deque_expose(&d);
		for (unsigned wait = i % 8; wait > 0; wait--)
			thrum__pause();
		if (thrum__deque_pop(&d, s)) {
			thrum__add(&race.ticket[i], 1, relaxed);
			continue;
		}
		while (thrum__peek(&s->state, acquire) != THRUM__SLOT_DONE)
			sched_yield();
		thrum__deque_drop(&d, s);
	}
	thrum__store(&race.over, true, relaxed);
	pthread_join(thread, NULL);
	for (uint32_t i = 0; i < TASKS; i++)
		if (race.ticket[i] != 1)
			ck_abort_msg("task %u ran %d times", i, race.ticket[i]);
}
END_TEST

static void fresh_race(void)
{
	prepare();
	memset(&race, 0, sizeof race);
}

int main(void)
{
	Suite *s = suite_create("deque");
	TCase *owner = tcase_create("owner");
	TCase *thief = tcase_create("thief");
	TCase *both = tcase_create("both");
	TCase *threads = tcase_create("threads");

	tcase_add_checked_fixture(owner, prepare, clean);
	tcase_add_test(owner, private_tasks_come_back_newest_first);
	tcase_add_test(owner, full_deque_refuses_and_recovers);
	tcase_add_test(owner, without_slots_it_is_full);
	tcase_add_test(owner, reset_empties);
	suite_add_tcase(s, owner);
	tcase_add_checked_fixture(thief, prepare, clean);
	tcase_add_test(thief, steal_takes_oldest);
	tcase_add_test(thief, begging_lasts_until_tasks_are_there);
	tcase_add_test(thief, old_word_takes_nothing_of_a_later_work);
	tcase_add_test(thief, incarnation_goes_round_without_touching_the_tasks);
	suite_add_tcase(s, thief);
	tcase_add_checked_fixture(both, prepare, clean);
	tcase_add_test(both, taken_back_or_stolen_never_both);
	tcase_add_test(both, invariant_holds_at_each_step);
	suite_add_tcase(s, both);
	tcase_add_checked_fixture(threads, fresh_race, clean);
	tcase_add_test(threads, each_task_goes_to_exactly_one);
	tcase_add_test(threads, last_item_goes_to_exactly_one);
	suite_add_tcase(s, threads);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
