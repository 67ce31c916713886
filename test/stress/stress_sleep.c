/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress_sleep.c - a hundred thousand times asleep and up again
 *
 * Pools that never spin, and calls so short that all sleep between them: the
 * residents for want of work, the caller for the last block, the next item, a
 * stolen task. A call that got lost is a hang.
 */
#include "stress.h"

#include <thrum.h>

enum { CYCLES = 100000 };

static int turn(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	return 0;
}

static int block(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	unsigned char *hits = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++) {
		hits[i]++;
		stress_spin(3000);
	}
	return 0;
}

static int next(void *ctx, void *item)
{
	int *left = ctx;
	(void)item;
	return (*left)-- > 0 ? 0 : THRUM_END;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	(void)ctx, (void)task;
	stress_spin(2000);
	*(int *)item = 1;
	return 0;
}

static int leaf(thrum_task *task, int n);
THRUM_TASK(int, leaf, int);

static int leaf(thrum_task *task, int n)
{
	if (n == 0) {
		stress_spin(2000);
		return 1;
	}
	leaf_forked f = leaf_fork(task, n - 1);
	int sum = leaf(task, n - 1);
	return sum + leaf_join(task, f);
}

static void cycle(thrum_pool *pool, int kind)
{
	if (kind == 0) {
		STRESS_CHECK(thrum_each(pool, turn, NULL, NULL) == 0);
	} else if (kind == 1) {
		unsigned char hits[16] = { 0 };
		STRESS_CHECK(thrum_for(pool, 16, block, hits, NULL) == 0);
		for (int i = 0; i < 16; i++)
			STRESS_CHECK(hits[i] == 1);
	} else if (kind == 2) {
		int left = 4;
		STRESS_CHECK(thrum_stream(pool, sizeof(int), next, work, NULL,
		                          NULL, &left, NULL) == 0);
		STRESS_CHECK(left == -1);
	} else {
		int sum = 0;
		STRESS_CHECK(leaf_run(pool, 4, &sum, NULL) == 0);
		STRESS_CHECK(sum == 16);
	}
}

int main(int argc, char **argv)
{
	static const int size[] = { 2, 3, 9 };
	thrum_pool *pool[3];
	unsigned long cycles = 0;

	stress_begin(argc, argv);
	for (int i = 0; i < 3; i++)
		STRESS_CHECK(thrum_pool_create(&pool[i], THRUM_POOL_OPTS(
			.n_jobs = size[i], .spin_us = -1)) == 0);
	for (uint64_t state = stress_seed; cycles < CYCLES && stress_goes_on();
	     cycles++)
		cycle(pool[stress_draw(&state, 3)],
		      (int)stress_draw(&state, 4));
	for (int i = 0; i < 3; i++)
		STRESS_CHECK(thrum_pool_destroy(pool[i]) == 0);
	STRESS_CHECK(thrum_shutdown() == 0);
	return stress_done("nobody sleeps for ever", cycles);
}
