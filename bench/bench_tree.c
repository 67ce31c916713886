/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_tree.c - how near to the plain recursion are trees that nobody can
 * divide in advance?
 *
 * A task for each child, no cut-off: thrum forks the rest of a row of children,
 * runs one, and takes the rest back; the others, which have nothing like it, fork
 * all of a row and wait for them.
 * All walk the same tree, of 3 to 5 million nodes, and the serial program makes one
 * call for each of them; it took 6 to 10 ns a node when sizes were chosen.
 *
 * OpenMP takes part with one worker: with two its tasks take several times as
 * long, which bench_fork shows on a small tree.
 *
 * Numbers: of a board its size; of a tree what struct uts has.
 */
#include "harness.h"

struct tree {
	const struct peer *peer;
	const struct uts *uts;
	int board;
	uint64_t value, right;
	int wrong;
};

static void grow(void *arg)
{
	struct tree *t = arg;

	if (t->uts)
		t->value = t->peer->uts(t->uts);
	else
		t->value = (uint64_t)t->peer->queens(t->board);
	t->wrong |= t->value != t->right;
}

static void answer_tree(struct run *run, struct tree *t)
{
	struct samples s = run_sample(run, grow, t);

	if (!t->wrong)
		run_emit_time(run, 0, &s, 1e-6);
	samples_free(&s);
}

static void answer_queens(struct run *run)
{
	struct tree t = { .peer = run->peer, .right = 73712 };

	t.board = (int)run->question->number[0];
	if (run->peer->queens)
		answer_tree(run, &t);
}

/* Walked here without recursion, so that no peer is asked whether it is right:
 * the states that wait are on a stack of its own. */
static uint64_t count_nodes(const struct uts *t)
{
	enum { DEPTH_MOST = 100000 };
	static struct uts_node waiting[DEPTH_MOST];
	uint64_t nodes = 1;
	int have = 0;

	for (int i = 0; i < t->b; i++)
		waiting[have++] = uts_child(uts_root(t), i);
	for (; have; nodes++) {
		struct uts_node n = waiting[--have];
		int k = uts_children(t, n);
		if (have + k > DEPTH_MOST)
			return 0;
		for (int i = 0; i < k; i++)
			waiting[have++] = uts_child(n, i);
	}
	return nodes;
}

static void answer_uts(struct run *run)
{
	const double *number = run->question->number;
	struct uts uts = {
		.kind = number[3] > 0 ? UTS_BINOMIAL : UTS_GEOMETRIC,
		.seed = (uint64_t)number[0],
		.b = (int)number[1],
		.depth = (int)number[2],
		.m = UTS_FEW,
		.q = number[3],
	};
	struct tree t = { .peer = run->peer, .uts = &uts };

	if (!run->peer->uts)
		return;
	uts_prepare(&uts);
	t.right = count_nodes(&uts);
	answer_tree(run, &t);
}

#define ALL \
	(WITH_SERIAL | WITH_THRUM1 | WITH_THRUM | WITH_PEERS1 | WITH_STEALING)
#define TREE { { "tree", "ms", 0 } }

static const struct question questions[] = {
	{ "queens13", "13 queens, a task for each placement", ALL, TREE,
	  .efficiency = 1, .answer = answer_queens, .number = { 13 },
	  .goal = { { "thrum-1", GOAL_TIMES, .limit = 1.25 },
	            { "thrum", GOAL_SPEEDUP, .limit = 1.95,
	              .than = "thrum-1" } } },
	{ "uts-geo", "a geometric tree, 4 children in the mean, 10 levels",
	  ALL, TREE, .efficiency = 1, .answer = answer_uts,
	  .number = { 16, 4, 10 },
	  .goal = { { "thrum-1", GOAL_TIMES, .limit = 1.15 },
	            { "thrum", GOAL_SPEEDUP, .limit = 1.95,
	              .than = "thrum-1" } } },
	{ "uts-bin", "a binomial tree, 2000 times 8 with probability 0.124875",
	  ALL, TREE, .efficiency = 1, .answer = answer_uts,
	  .number = { 40, 2000, 0, 0.124875 },
	  .goal = { { "thrum-1", GOAL_TIMES, .limit = 1.10 },
	            { "thrum", GOAL_SPEEDUP, .limit = 1.95,
	              .than = "thrum-1" } } },
	{ 0 },
};

const struct bench bench = {
	"tree", "how near to the plain recursion are unbalanced trees?",
	questions
};
