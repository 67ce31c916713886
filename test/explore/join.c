/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* join.c - fork and join under the model checker: each join gets its value
 *
 * First the two sides of one steal alone, lib/join.c against
 * thrum__worker_run_slot, where the owner sleeps as soon as it has looked once;
 * then trees of forks in a pool, through thrum_run, with residents as they live.
 */
#include "explore.h"

#include "join.h"
#include "world.h"

#include <string.h>

enum { TASKS = 4 };

static struct call call;
static unsigned frame[2 * TASKS]; /* plain: what a task was given, and gives */
static unsigned ran[TASKS];

static void prepare(unsigned places)
{
	world_prepare(places, 1);
	memset(&call, 0, sizeof call);
	call.pool = &world;
	call.n_jobs = (int)places;
	call.fpenv = thrum__fpenv_get();
	memset(ran, 0, sizeof ran);
	for (unsigned i = 0; i < TASKS; i++)
		frame[2 * i] = 10 * i;
	explore_name(frame, sizeof frame, "frame");
	explore_name(ran, sizeof ran, "ran");
	explore_name(world.worker[0].deque.slot, sizeof(thrum__slot), "slot[0]");
	explore_name(world.worker[1].deque.slot, sizeof(thrum__slot), "slot[1]");
}

static void prepare_2(void)
{
	prepare(2);
}

static void prepare_3(void)
{
	prepare(3);
}

static struct thrum_task task_of(unsigned id)
{
	struct worker *w = &world.worker[id];

	return (struct thrum_task){
		.view = thrum__worker_view(w, &call), .call = &call,
		.worker = w, .scratch = &w->scratch, .number = (int)id,
		.n_jobs = call.n_jobs,
	};
}

/* Task i adds 1 to what it was given, in the frame of who forked it. */
static void leaf(struct thrum_task *task, void *cell)
{
	unsigned i;

	(void)task;
	memcpy(&i, cell, sizeof i);
	explore_check(i < TASKS, "a task with a wrong argument");
	ran[i]++;
	frame[2 * i] += 1;
}

static thrum__slot *fork_leaf(struct worker *w, unsigned i)
{
	thrum__slot *s = thrum__deque_push(&w->deque, leaf, &call, &i, sizeof i);

	thrum__worker_expose(w);
	return s;
}

static void join_leaf(struct thrum_task *task, thrum__slot *s, unsigned i)
{
	if (thrum__join(task, s))
		leaf(task, s->cell);
	explore_check(ran[i] == 1, "a task was not run exactly once");
	explore_check(frame[2 * i] == 10 * i + 1, "a task was given another's");
	explore_dead(&frame[2 * i], sizeof frame[0]);
}

static void fork_and_join(void)
{
	struct thrum_task task = task_of(0);

	thrum__worker_serve(task.worker, thrum__load(&world.team[0], relaxed), 1);
	join_leaf(&task, fork_leaf(task.worker, 0), 0);
	/* The same slot again, where the thief may still be on its way out. */
	join_leaf(&task, fork_leaf(task.worker, 1), 1);
}

static void steal_leaf(void)
{
	struct worker *w = &world.worker[explore_self()];
	struct worker *victim = &world.worker[0];
	uint64_t word = thrum__deque_look(&victim->deque);
	thrum__slot *s = thrum__deque_take(&victim->deque, word);

	if (s)
		thrum__worker_run_slot(w, victim, s, (int)explore_self(), 2);
}

/* A task that forks: its thief is leapt to by who waits for it. */
static void branch(struct thrum_task *task, void *cell)
{
	unsigned i;

	memcpy(&i, cell, sizeof i);
	thrum__slot *s = fork_leaf(task->worker, i + 1);
	ran[i]++;
	join_leaf(task, s, i + 1);
	frame[2 * i] += 1;
}

static void fork_branch(void)
{
	struct thrum_task task = task_of(0);
	unsigned i = 0;

	thrum__worker_serve(task.worker, thrum__load(&world.team[0], relaxed), 1);
	thrum__slot *s = thrum__deque_push(&task.worker->deque, branch, &call,
	                                   &i, sizeof i);
	thrum__worker_expose(task.worker);
	if (thrum__join(&task, s))
		branch(&task, s->cell);
	explore_check(ran[0] == 1 && ran[1] == 1,
	              "a task was not run exactly once");
	explore_dead(&frame[0], sizeof frame[0]);
}

static void steal_leaf_or_branch(void)
{
	struct worker *w = &world.worker[explore_self()];

	thrum__worker_serve(w, thrum__load(&world.team[0], relaxed), 1);
	steal_leaf();
}

static void nothing_left(void)
{
	for (unsigned i = 0; i < world.places; i++)
		explore_check(thrum__deque_head(&world.worker[i].deque) == 0,
		              "a deque is not empty");
	world_check_awake();
}

/* Trees in a pool, by the forms of thrum/fork.h. */

static unsigned depth;

static int tree(void *ctx, thrum_task *task)
{
	unsigned left = *(unsigned *)ctx, below = left - 1;
	unsigned *sum = (unsigned *)ctx + 1;
	unsigned a[2] = { below, 0 }, b[2] = { below, 0 };

	if (left == 0) {
		*sum = 1;
		return 0;
	}
	thrum_forked f = thrum_fork(task, tree, a);
	tree(b, task);
	thrum_join(task, f);
	*sum = a[1] + b[1];
	return 0;
}

static void run_tree(void)
{
	static unsigned root[2];

	root[0] = depth;
	explore_check(thrum_run(&world, tree, root, NULL) == 0, "it failed");
	explore_check(root[1] == 1u << depth, "a leaf was lost or doubled");
	world_end();
}

static void prepare_tree(void)
{
	prepare(2);
	depth = 1;
}

static void prepare_tree_3(void)
{
	prepare(3);
	depth = 2;
}

const struct scenario explore_join[] = {
	{ "join-latch", "A join returns when its task is done; then it is gone.",
	  prepare_2, { fork_and_join, steal_leaf }, nothing_left },
	{ "join-latch-2", "Whichever of two thieves has it.",
	  prepare_3, { fork_and_join, steal_leaf, steal_leaf }, nothing_left },
	{ "join-leap", "Who waits and leaps runs what it waits for, once.",
	  prepare_2, { fork_branch, steal_leaf_or_branch }, nothing_left },
	{ "join-leap-2", "Also where another steals from the thief.",
	  prepare_3, { fork_branch, steal_leaf_or_branch,
	               steal_leaf_or_branch }, nothing_left },
	{ "join-tree", "A tree in a pool has all its leaves, and the pool ends.",
	  prepare_tree, { run_tree, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "join-tree-3", "A tree of four leaves, by three workers.",
	  prepare_tree_3, { run_tree, world_resident, world_resident },
	  world_check_awake, .random = true },
	{ 0 },
};
