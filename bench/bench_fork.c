/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_fork.c - what does a task cost over the call that it replaces?
 *
 * Trees without a cut-off: every call that could be a task is one. The serial
 * programs make the calls that the others make, as the compiler is kept from
 * unrolling the recursion in all of them (see PEER_CALL).
 *
 * The small tree is for all; the large one for those who are done in time.
 * Trees that are not even are in bench_tree.
 *
 * Number: the size of the tree.
 */
#include "harness.h"

struct tree {
	long (*grow)(int n);
	int n;
	long value, right;
	int wrong;
};

static void grow(void *arg)
{
	struct tree *t = arg;

	t->value = t->grow(t->n);
	t->wrong |= t->value != t->right;
}

static void answer_tree(struct run *run, struct tree *t, double scale)
{
	struct samples s;

	if (!t->grow)
		return;
	s = run_sample(run, grow, t);
	if (!t->wrong)
		run_emit_time(run, 0, &s, scale);
	samples_free(&s);
}

static void answer_fib(struct run *run)
{
	int n = (int)run->question->number[0];
	struct tree t = { .grow = run->peer->fib, .n = n };
	long before = 0;

	t.right = 1;
	for (int i = 1; i < n; i++) {
		long next = before + t.right;
		before = t.right;
		t.right = next;
	}
	/* A fork for each call with n >= 2; there are F(n + 1) - 1. */
	answer_tree(run, &t, 1.0 / (double)(t.right + before - 1));
}

static void answer_queens(struct run *run)
{
	static const long ways[] = { 1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724,
		                     2680, 14200, 73712, 365596 };
	int n = (int)run->question->number[0];
	struct tree t = { .grow = run->peer->queens, .n = n,
		          .right = ways[n] };

	answer_tree(run, &t, 1e-6);
}

#define OURS (WITH_SERIAL | WITH_THRUM1 | WITH_THRUM)
#define ALL (OURS | WITH_PEERS1 | WITH_PEERS)
#define PER_FORK { { "fork", "ns", 0 } }
#define TREE { { "tree", "ms", 0 } }
/* Over the plain call; clang keeps more of the frame in memory. */
#if defined(__clang__)
#define TYPED_NS 1.5
#else
#define TYPED_NS 1.0
#endif

static const struct question questions[] = {
	{ "fib25", "fib(25), a task for one of two calls; ns a fork", ALL,
	  PER_FORK, .efficiency = 1, .answer = answer_fib, .number = { 25 } },
	{ "fib35", "fib(35), a task for one of two calls; ns a fork",
	  OURS | WITH_FORMS, PER_FORK, .efficiency = 1, .answer = answer_fib,
	  .number = { 35 },
	  .goal = { { "thrum-1", GOAL_OVER, .limit = TYPED_NS },
	            { "join2-1", GOAL_OVER, .limit = 2.5 },
	            { "plain-1", GOAL_OVER, .limit = 10 },
	            { "thrum", GOAL_SPEEDUP, .limit = 1.95,
	              .than = "thrum-1" } } },
	{ "queens10", "10 queens, a task for each placement; ms", ALL, TREE,
	  .efficiency = 1, .answer = answer_queens, .number = { 10 } },
	{ 0 },
};

const struct bench bench = {
	"fork", "what does a task cost over the call that it replaces?",
	questions
};
