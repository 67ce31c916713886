/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* steal.c - what a fork, a join and a steal cost in moves of lines between cores
 *
 * Counted, not timed, in each run of the model checker: thief and victim are cores
 * with caches of their own (lines.c). The laws hold for all runs, so for the worst.
 */
#include "explore.h"

#include "join.h"
#include "world.h"

#include <string.h>

enum { FORKS = 8 };

static struct call call;

static void prepare(void)
{
	world_prepare(2, 1);
	world.spin_ns = 1000000; /* the victim waits awake: to wake it is dearer */
	memset(&call, 0, sizeof call);
	call.pool = &world;
	call.n_jobs = 2;
	call.fpenv = thrum__fpenv_get();
}

static void nothing(struct thrum_task *task, void *cell)
{
	(void)task, (void)cell;
}

static thrum__slot *push(void)
{
	unsigned n = 0;

	return thrum__deque_push(&world.worker[0].deque, nothing, &call, &n,
	                         sizeof n);
}

/* What nobody asks for: fork and join of the own tasks. */
static void fork_and_join_alone(void)
{
	thrum__slot *s[FORKS];

	for (unsigned i = 0; i < FORKS; i++)
		s[i] = push();
	for (unsigned i = FORKS; i-- > 0;)
		explore_check(thrum__deque_pop(&world.worker[0].deque, s[i]),
		              "a private task was stolen");
	explore_check(explore_transfers() == 0,
	              "a fork or join that nobody asked for moved a line");
}

/* A thief that looks, and finds nothing to take. */
static void look(void)
{
	(void)thrum__deque_look(&world.worker[0].deque);
}

/* Two tasks to be seen, which are joined. */
static void fork_two(void)
{
	struct thrum_task task = {
		.call = &call, .worker = &world.worker[0], .n_jobs = 2,
		.scratch = &world.worker[0].scratch,
	};
	thrum__slot *a = push(), *b = push();

	thrum__deque_expose(&world.worker[0].deque);
	thrum__deque_expose(&world.worker[0].deque);
	(void)thrum__join(&task, b);
	(void)thrum__join(&task, a);
}

/* Look, take, run, say DONE. @return lines that it moved to the thief; 0 too if it
 * got nothing. */
static unsigned steal(void)
{
	struct worker *victim = &world.worker[0];
	unsigned before = explore_transfers();
	uint64_t word = thrum__deque_look(&victim->deque);
	thrum__slot *s = thrum__deque_take(&victim->deque, word);

	if (!s)
		return 0;
	thrum__worker_run_slot(&world.worker[1], victim, s, 1, 2);
	return explore_transfers() - before;
}

static void steal_two(void)
{
	for (unsigned i = 0; i < 2; i++) {
		unsigned moves = steal();
		explore_note_moves(moves);
		explore_check(moves <= EXPLORE_MOVES, "a steal moved too many lines");
	}
}

const struct scenario explore_steal[] = {
	{ "steal-nobody", "A fork and join that nobody asks for moves no line.",
	  prepare, { fork_and_join_alone, look }, NULL },
	{ "steal-lines", "A steal moves three lines to the thief at most.",
	  prepare, { fork_two, steal_two }, NULL },
	{ 0 },
};
