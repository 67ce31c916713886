/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_join.c - a join runs only what it waits for, and always comes back
 *
 * Steals made by hand, by one thread that plays both sides; then trees of forks
 * on pools that are too large for the machine, without and with spinning, whose
 * bodies hold a lock while they join.
 */
#include "config.h"

#include "join.h"
#include "pool.h"
#include "worker.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <thrum.h>

/* By hand */

static struct call call;
static struct worker owner, thief;
static uint64_t word_inside; /* of the thief's deque while it ran the task */

static void prepare(void)
{
	memset(&owner, 0, sizeof owner);
	memset(&thief, 0, sizeof thief);
	thief.id = 1;
	call = (struct call){ .n_jobs = 2, .fpenv = thrum__fpenv_get() };
	thrum__deque_prepare(&owner.deque);
	thrum__deque_prepare(&thief.deque);
}

static void clean(void)
{
	thrum__deque_free(&owner.deque);
	thrum__deque_free(&thief.deque);
}

static void leaf(thrum_task *task, void *cell)
{
	int x;
	memcpy(&x, cell, sizeof x);
	x = 10 * x + thrum_task_worker(task);
	memcpy(cell, &x, sizeof x);
}

static thrum__slot *push(struct worker *w, thrum__thunk_fn *fn, int x)
{
	thrum__slot *s = thrum__deque_push(&w->deque, fn, &call, &x, sizeof x);
	ck_assert_ptr_nonnull(s);
	return s;
}

static void fork_inside(thrum_task *task, void *cell)
{
	thrum__slot *s = push(&thief, leaf, 1);
	thrum__deque_expose(&thief.deque);
	word_inside = thrum__deque_look(&thief.deque);
	ck_assert(thrum__join(task, s)); /* nobody took it */
	leaf(task, cell);
}

static thrum__slot *stolen(thrum__thunk_fn *fn)
{
	thrum__slot *s = push(&owner, fn, 4);
	thrum__deque_expose(&owner.deque);
	thrum__slot *got = thrum__deque_take(
		&owner.deque, thrum__deque_look(&owner.deque));
	ck_assert_ptr_eq(got, s);
	thrum__worker_run_slot(&thief, &owner, got, 1, 2);
	return s;
}

START_TEST(what_was_not_taken_is_the_callers)
{
	struct thrum_task task = { .call = &call, .worker = &owner };
	thrum__slot *s = push(&owner, leaf, 1);

	ck_assert(thrum__join(&task, s));
	s = push(&owner, leaf, 1);
	thrum__deque_expose(&owner.deque);
	ck_assert(thrum__join(&task, s));
	ck_assert_uint_eq(thrum__deque_head(&owner.deque), 0);
}
END_TEST

START_TEST(what_was_stolen_leaves_its_result)
{
	struct thrum_task task = { .call = &call, .worker = &owner };
	thrum__slot *s = stolen(leaf);
	int x;

	ck_assert(!thrum__join(&task, s));
	memcpy(&x, s->cell, sizeof x);
	ck_assert_int_eq(x, 41);
	ck_assert_uint_eq(thrum__deque_head(&owner.deque), 0);
	ck_assert_ptr_null(thrum__task_current);
}
END_TEST

/* The owner looked at the thief's deque while that was at the stolen task, and
 * was held up; the thief has ended it, and forks at the same index again. */
START_TEST(what_the_thief_forks_afterwards_is_no_descendant)
{
	thrum__slot *s;

	stolen(fork_inside);
	s = push(&thief, leaf, 2);
	thrum__deque_expose(&thief.deque);
	ck_assert_uint_eq((uint32_t)word_inside,
	                  (uint32_t)thrum__deque_look(&thief.deque));
	ck_assert_ptr_null(thrum__deque_take(&thief.deque, word_inside));
	ck_assert(thrum__deque_pop(&thief.deque, s));
}
END_TEST

START_TEST(who_sleeps_for_a_task_is_called)
{
	thrum__slot *s = push(&owner, leaf, 4), *got;

	thrum__deque_expose(&owner.deque);
	got = thrum__deque_take(&owner.deque,
	                        thrum__deque_look(&owner.deque));
	thrum__poke_or(&got->state, (uint64_t)THRUM__SLOT_WAITING, relaxed);
	thrum__worker_run_slot(&thief, &owner, got, 1, 2);
	thrum__parker_park(&owner.seat.parker); /* comes back */
	thrum__deque_drop(&owner.deque, s);
}
END_TEST

/* Trees */

static long fib(thrum_task *task, int n);
THRUM_TASK(long, fib, int);

static long fib(thrum_task *task, int n)
{
	if (n < 2)
		return n;
	fib_forked a = fib_fork(task, n - 1);
	long b = fib(task, n - 2);
	return fib_join(task, a) + b;
}

static const int size[] = { 1, 2, 3, 8, 33 };

START_TEST(trees_give_what_recursion_gives)
{
	for (int spin = -1; spin <= 50; spin += 51) {
		thrum_pool *pool;
		ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
			.n_jobs = size[_i], .spin_us = spin)), 0);
		for (int n = 0; n < 24; n++) {
			long value = -1;
			ck_assert_int_eq(fib_run(pool, n, &value, NULL), 0);
			ck_assert_int_eq(value, fib(NULL, n));
		}
		ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	}
}
END_TEST

/* Each leaf locks, forks under the lock, and joins. What it forks does not lock,
 * so a serial run is well; a join that ran another leaf would wait for the lock
 * that its own thread holds. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static long spread(thrum_task *task, int leaves);
THRUM_TASK(long, spread, int);

static long spread(thrum_task *task, int leaves)
{
	if (leaves == 1) {
		pthread_mutex_lock(&lock);
		long sum = fib(task, 9);
		pthread_mutex_unlock(&lock);
		return sum;
	}
	spread_forked half = spread_fork(task, leaves / 2);
	long sum = spread(task, leaves - leaves / 2);
	return sum + spread_join(task, half);
}

static int spread_in_body(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	_Atomic long *sum = ctx;
	for (size_t i = begin; i < end; i++)
		thrum__add(sum, spread(task, 30), relaxed);
	return 0;
}

START_TEST(body_with_a_lock_never_finds_another_on_its_stack)
{
	thrum_pool *pool;
	_Atomic long sum = 0;

	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = size[_i], .spin_us = -1)), 0);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(thrum_for(pool, 12, spread_in_body, &sum,
		                           THRUM_OPTS(.grain = 1)), 0);
	ck_assert_int_eq(sum, 30 * 12 * 30 * fib(NULL, 9));
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("join");
	TCase *hand = tcase_create("hand");
	TCase *trees = tcase_create("trees");

	tcase_add_checked_fixture(hand, prepare, clean);
	tcase_add_test(hand, what_was_not_taken_is_the_callers);
	tcase_add_test(hand, what_was_stolen_leaves_its_result);
	tcase_add_test(hand, what_the_thief_forks_afterwards_is_no_descendant);
	tcase_add_test(hand, who_sleeps_for_a_task_is_called);
	suite_add_tcase(s, hand);
	tcase_add_loop_test(trees, trees_give_what_recursion_gives, 0, 5);
	tcase_add_loop_test(trees,
		body_with_a_lock_never_finds_another_on_its_stack, 0, 5);
	suite_add_tcase(s, trees);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
