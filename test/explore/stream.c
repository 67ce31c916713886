/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stream.c - streams under the model checker: each item once, in its order
 *
 * thrum_stream of lib/stream.c in a pool whose resident lives as it does, with one
 * and with two items out. An item is plain memory that goes from next() to work()
 * to consume(), and back.
 */
#include "explore.h"

#include "world.h"

#include <string.h>
#include <thrum/fork.h>
#include <thrum/stream.h>

enum { ITEMS = 3 };

static struct {
	unsigned items, pulled, worked[ITEMS], consumed[ITEMS], last;
	int fails_at; /* -1: none */
	bool forks;   /* a task that another has to take */
	bool ordered;
} now;

static thrum_opts opts;
static unsigned needed; /* items that wait for each other */

static void prepare(unsigned places, unsigned items, unsigned out, bool ordered)
{
	world_prepare(places, 1);
	memset(&now, 0, sizeof now);
	now.items = items;
	now.fails_at = -1;
	now.ordered = ordered;
	needed = 0;
	opts = (thrum_opts){ .pre_dispatch = out,
	                     .flags = ordered ? 0 : THRUM_UNORDERED };
	explore_name(&now, sizeof now, "now");
}

static int next(void *ctx, void *item)
{
	(void)ctx;
	if (now.pulled == now.items)
		return THRUM_END;
	*(unsigned *)item = now.pulled++;
	return 0;
}

static int meet(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	world_meet(2);
	return 0;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	unsigned *number = item;

	(void)ctx, (void)task;
	explore_check(*number < now.items, "an item that is not there");
	now.worked[*number]++;
	world_meet(needed);
	if (now.forks) {
		thrum_forked f = thrum_fork(task, meet, NULL);
		world_meet(2);
		thrum_join(task, f);
	}
	if (now.fails_at == (int)*number)
		return 7;
	*number += 100;
	return 0;
}

static int consume(void *ctx, void *item)
{
	unsigned number = *(unsigned *)item - 100;

	(void)ctx;
	explore_check(number < now.items, "an item that was not worked on");
	explore_check(!now.ordered || number == now.last, "out of order");
	now.last = number + 1;
	now.consumed[number]++;
	return 0;
}

static void run(void)
{
	int rc = thrum_stream(&world, sizeof(unsigned), next, work, consume, NULL,
	                      NULL, &opts);
	unsigned end = now.fails_at < 0 ? now.items : (unsigned)now.fails_at;

	explore_check(rc == (now.fails_at < 0 ? 0 : 7), "another return value");
	for (unsigned i = 0; i < end; i++)
		explore_check(now.worked[i] == 1 && now.consumed[i] == 1,
		              "an item was not handed over exactly once");
	for (unsigned i = end; i < now.items; i++)
		explore_check(now.worked[i] <= 1 && now.consumed[i] == 0,
		              "an item after the failure was delivered");
	world_end();
}

static void prepare_ordered_1(void)
{
	prepare(2, 2, 1, true);
}

static void prepare_ordered_2(void)
{
	prepare(2, 2, 2, true);
}

static void prepare_unordered_1(void)
{
	prepare(2, 2, 1, false);
}

static void prepare_unordered_2(void)
{
	prepare(2, 2, 2, false);
}

static void prepare_failing(void)
{
	prepare(2, 2, 2, true);
	now.fails_at = 1;
}

/* Two items that are worked on at the same time: the second waits for nobody but
 * a worker that has nothing to do. */
static void prepare_needed(void)
{
	prepare(2, 2, 2, true);
	needed = 2;
}

static void prepare_needed_3(void)
{
	prepare(3, 3, 3, false);
	needed = 3;
}

static void prepare_forked(void)
{
	prepare(2, 1, 1, true);
	now.forks = true;
}

static void prepare_three(void)
{
	prepare(3, 3, 2, false);
}

const struct scenario explore_stream[] = {
	{ "stream-ordered-1", "One item out at a time, delivered in order.",
	  prepare_ordered_1, { run, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "stream-ordered-2", "Two items out, delivered in order.",
	  prepare_ordered_2, { run, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "stream-unordered-1", "One item out, delivered as done.",
	  prepare_unordered_1, { run, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "stream-unordered-2", "Two items out, delivered as done.",
	  prepare_unordered_2, { run, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "stream-fails", "What comes before a failure is delivered, no more.",
	  prepare_failing, { run, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "stream-needed", "An item is taken by who has nothing to do.",
	  prepare_needed, { run, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "stream-needed-3", "So are two.",
	  prepare_needed_3, { run, world_resident, world_resident },
	  world_check_awake, .random = true },
	{ "stream-forked", "A task of an item is taken, too.",
	  prepare_forked, { run, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "stream-three", "Three items, two out, by three workers.",
	  prepare_three, { run, world_resident, world_resident },
	  world_check_awake, .random = true },
	{ 0 },
};
