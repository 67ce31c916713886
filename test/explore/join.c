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

static thrum__slot *fork_own(struct worker *w)
{
	unsigned i = TASKS - 1;
	thrum__slot *s = thrum__deque_push(&w->deque, leaf, &call, &i, sizeof i);

	thrum__worker_expose(w);
	return s;
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

/* A thief that forks for itself as soon as it is through: that is no descendant of
 * what it stole, and nothing for who waits. */
static void steal_and_fork(void)
{
	struct worker *w = &world.worker[explore_self()];
	struct thrum_task task = task_of(w->id);

	steal_leaf_or_branch();
	thrum__slot *s = fork_own(w);
	explore_check(thrum__join(&task, s), "who waited took something else");
}

/* A leaf that waits until it is run by another: what is forked and not begun is
 * taken by a worker that has nothing to do, though it may be asleep. */
static void other(struct thrum_task *task, void *cell)
{
	(void)task, (void)cell;
	world_meet(2);
}

static void need_another(struct thrum_task *task, void *cell)
{
	unsigned none = 0;

	(void)cell;
	thrum__slot *s = thrum__deque_push(&task->worker->deque, other,
	                                   task->call, &none, sizeof none);
	thrum__worker_expose(task->worker);
	world_meet(2);
	explore_check(!thrum__join(task, s), "a task was run twice");
}

static void fork_needy(void)
{
	struct thrum_task task = task_of(0);
	unsigned none = 0;

	thrum__worker_serve(task.worker, thrum__load(&world.team[0], relaxed), 1);
	thrum__slot *s = thrum__deque_push(&task.worker->deque, need_another,
	                                   &call, &none, sizeof none);
	thrum__worker_expose(task.worker);
	(void)thrum__join(&task, s); /* it may not have been stolen */
}

/* An owner that works for one call and then for another; a thief of the first,
 * which may be late, and finds nothing but tasks of that. */
static void prepare_serving(void)
{
	prepare(2);
	struct team *t = thrum__load(&world.team[0], relaxed);
	for (uint16_t r = 0; r < 2; r++) {
		thrum__store(&t->member[r], r, relaxed);
		thrum__store(&t->rank[r], r, relaxed);
		world.worker[r].order = thrum__pool_order(&world, r);
	}
	thrum__store(&t->size, 2, relaxed);
}

static void leaf_of_first(struct thrum_task *task, void *cell)
{
	unsigned i;

	memcpy(&i, cell, sizeof i);
	explore_check(explore_self() == 0 || i == 0,
	              "a thief got a task of another call");
	leaf(task, cell);
}

/* Who sees which call one serves, or who has taken a task, sees what that did
 * before. */
static unsigned message[2];

static void prepare_told(void)
{
	prepare(2);
	message[0] = message[1] = 0;
}

static void tell_and_serve(void)
{
	struct thrum_task task = task_of(0);

	message[0] = 7;
	thrum__worker_serve(task.worker, thrum__load(&world.team[0], relaxed), 1);
	thrum__slot *s = fork_leaf(task.worker, 0);
	while (!(thrum__peek(&s->state, acquire) & (THRUM__SLOT_STOLEN
	                                            | THRUM__SLOT_DONE))) {
		if (thrum__deque_pop(&task.worker->deque, s))
			return;
		thrum__pause();
	}
	explore_check(message[1] == 7, "a thief without its past");
	explore_check(thrum__deque_look(&world.worker[1].deque) >> 32 != 0,
	              "a thief that seems to be at what it was before");
}

static void see_and_steal(void)
{
	struct worker *owner = &world.worker[0];

	message[1] = 7;
	if (thrum__load(&owner->serving, acquire))
		explore_check(message[0] == 7, "a call without what was before");
	steal_leaf();
}

static void serve_two_calls(void)
{
	struct thrum_task task = task_of(0);
	struct worker *w = task.worker;

	for (unsigned i = 0; i < 2; i++) {
		thrum__worker_serve(w, thrum__load(&world.team[0], relaxed),
		                    1 + i);
		thrum__slot *s = thrum__deque_push(&w->deque, leaf_of_first,
		                                   &call, &i, sizeof i);
		thrum__worker_expose(w);
		if (thrum__join(&task, s))
			leaf(&task, s->cell);
		explore_check(ran[i] == 1, "a task was not run exactly once");
	}
}

static void help_first(void)
{
	for (unsigned i = 0; i < 2; i++)
		(void)thrum__worker_help(&world.worker[1],
		                         thrum__load(&world.team[0], relaxed),
		                         thrum__deal_pack(1, 0, 2), 1);
}

/* A thief that takes its time: until the owner, which has nothing to leap to, has
 * fallen asleep, and left its core to others. */
static void until_asleep(struct thrum_task *task, void *cell)
{
	(void)task, (void)cell;
	while (thrum__load(&world.worker[0].seat.parker.token, acquire) != 2)
		thrum__pause();
}

static void fork_and_sleep(void)
{
	struct thrum_task task = task_of(0);
	unsigned none = 0;

	thrum__worker_serve(task.worker, thrum__load(&world.team[0], relaxed), 1);
	thrum__slot *s = thrum__deque_push(&task.worker->deque, until_asleep,
	                                   &call, &none, sizeof none);
	thrum__worker_expose(task.worker);
	(void)thrum__join(&task, s); /* it may not have been stolen */
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

/* A body that waits for what it has forked, before it joins. */

static int meet(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	world_meet(2);
	return 0;
}

static int fork_and_wait(void *ctx, thrum_task *task)
{
	thrum_forked f = thrum_fork(task, meet, ctx);

	world_meet(2);
	return thrum_join(task, f);
}

/* Three at a time: the second task is forked by the first, and seen by the third
 * thread where that was stolen. */
static int meet_3(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	world_meet(3);
	return 0;
}

static int fork_and_meet_3(void *ctx, thrum_task *task)
{
	thrum_forked f = thrum_fork(task, meet_3, ctx);

	world_meet(3);
	return thrum_join(task, f);
}

static int fork_twice_and_meet(void *ctx, thrum_task *task)
{
	thrum_forked f = thrum_fork(task, fork_and_meet_3, ctx);

	world_meet(3);
	return thrum_join(task, f);
}

static void run_needy_3(void)
{
	explore_check(thrum_run(&world, fork_twice_and_meet, NULL, NULL) == 0,
	              "it failed");
	world_end();
}

/* Two tasks that become public at once, of three: of two that sleep one is woken,
 * which wakes the other. */
static void meet_if_stolen(struct thrum_task *task, void *cell)
{
	(void)task, (void)cell;
	if (explore_self() != 0)
		world_meet(3);
}

static int fork_three_and_meet(void *ctx, thrum_task *task)
{
	struct worker *w = task->worker;
	thrum__slot *s[3];
	unsigned none = 0;

	(void)ctx;
	for (unsigned i = 0; i < 3; i++)
		s[i] = thrum__deque_push(&w->deque, meet_if_stolen, task->call,
		                         &none, sizeof none);
	thrum__worker_expose(w);
	world_meet(3);
	for (unsigned i = 3; i-- > 0;)
		(void)thrum__join(task, s[i]);
	return 0;
}

static void run_needy_wide(void)
{
	explore_check(thrum_run(&world, fork_three_and_meet, NULL, NULL) == 0,
	              "it failed");
	world_end();
}

static void run_needy(void)
{
	explore_check(thrum_run(&world, fork_and_wait, NULL, NULL) == 0,
	              "it failed");
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
	{ "join-stranger", "Who waits runs nothing but descendants.",
	  prepare_2, { fork_branch, steal_and_fork }, nothing_left },
	{ "join-needed", "Who waits, or sleeps, hears of what it can leap to.",
	  prepare_2, { fork_needy, steal_leaf_or_branch }, nothing_left },
	{ "join-told", "Who serves a call, or steals, has told what it did before.",
	  prepare_told, { tell_and_serve, see_and_steal }, NULL },
	{ "join-sleeps", "Who waits for long sleeps, and is called.",
	  prepare_2, { fork_and_sleep, steal_leaf }, nothing_left },
	{ "join-serving", "Who is late for one call takes no task of the next.",
	  prepare_serving, { serve_two_calls, help_first }, nothing_left },
	{ "join-shared", "What is forked is taken by who has nothing to do.",
	  prepare_2, { run_needy, world_resident }, world_check_awake },
	{ "join-shared-3", "So is what is forked by who took it.",
	  prepare_3, { run_needy_3, world_resident, world_resident },
	  world_check_awake },
	{ "join-shared-wide", "So are two that become public at once.",
	  prepare_3, { run_needy_wide, world_resident, world_resident },
	  world_check_awake },
	{ "join-tree", "A tree in a pool has all its leaves, and the pool ends.",
	  prepare_tree, { run_tree, world_resident }, world_check_awake,
	  .bound = 2 },
	{ "join-tree-3", "A tree of four leaves, by three workers.",
	  prepare_tree_3, { run_tree, world_resident, world_resident },
	  world_check_awake, .random = true },
	{ 0 },
};
