/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_thrum_tasks.c - trees of tasks, as a user of the library writes them */
#include <thrum.h>

#include "builtin.h"

/* --- In the typed form ----------------------------------------------------- */

static long fib(thrum_task *task, int n);
THRUM_TASK(long, fib, int);

static PEER_CALL long fib(thrum_task *task, int n)
{
	PEER_OPAQUE();
	if (n < 2)
		return n;
	fib_forked a = fib_fork(task, n - 1);
	long b = fib(task, n - 2);
	return fib_join(task, a) + b;
}

long peer_thrum_fib(int n)
{
	long result = -1;

	fib_run(NULL, n, &result, &peer_thrum_opts);
	return result;
}

/* Of many children each forks the rest of its row, see thrum/fork.h: the other
 * workers then take rows, not children. */

static long row(thrum_task *task, unsigned all, unsigned columns, unsigned left,
                unsigned right, unsigned room);
THRUM_TASK(long, row, unsigned, unsigned, unsigned, unsigned, unsigned);

static PEER_CALL long place(thrum_task *task, unsigned all, unsigned columns,
                            unsigned left, unsigned right)
{
	if (columns == all)
		return 1;
	return row(task, all, columns, left, right,
	           all & ~(columns | left | right));
}

static long row(thrum_task *task, unsigned all, unsigned columns, unsigned left,
                unsigned right, unsigned room)
{
	long ways = 0, others;

	while (room) {
		unsigned bit = room & -room;
		room ^= bit;
		row_forked rest = row_fork(task, all, columns, left, right,
		                           room);
		ways += place(task, all, columns | bit, (left | bit) << 1,
		              (right | bit) >> 1);
		if (row_taken(task, rest, &others))
			return ways + others;
	}
	return ways;
}

long peer_thrum_queens(int n)
{
	unsigned all = (1u << n) - 1;
	long ways = -1;

	row_run(NULL, all, 0, 0, 0, all, &ways, &peer_thrum_opts);
	return ways;
}

static const struct uts *tree;

static uint64_t children(thrum_task *task, uint64_t state, int depth, int i,
                         int k);
THRUM_TASK(uint64_t, children, uint64_t, int, int, int);

static PEER_CALL uint64_t node(thrum_task *task, struct uts_node n)
{
	int k = uts_children(tree, n);

	return k ? 1 + children(task, n.state, n.depth, 0, k) : 1;
}

/* The nodes below children i to k. Halves, as long as these are many: rests of
 * rests would be waited for one in another. */
static uint64_t children(thrum_task *task, uint64_t state, int depth, int i,
                         int k)
{
	struct uts_node n = { state, depth };
	uint64_t nodes = 0, others;

	if (k - i > UTS_CHILDREN) {
		int mid = i + (k - i) / 2;
		children_forked half = children_fork(task, state, depth, mid,
		                                     k);
		nodes = children(task, state, depth, i, mid);
		return nodes + children_join(task, half);
	}
	while (i < k) {
		struct uts_node child = uts_child(n, i++);
		children_forked rest = children_fork(task, state, depth, i, k);
		nodes += node(task, child);
		if (children_taken(task, rest, &others))
			return nodes + others;
	}
	return nodes;
}

uint64_t peer_thrum_uts(const struct uts *t)
{
	struct uts_node root = uts_root(t);
	uint64_t below = 0;

	tree = t;
	if (children_run(NULL, root.state, root.depth, 0, t->b, &below,
	                 &peer_thrum_opts))
		return 0;
	return 1 + below;
}

int peer_thrum_tree(thrum_task_fn *root, void *ctx)
{
	return thrum_run(NULL, root, ctx, &peer_thrum_opts);
}

void peer_thrum_both(thrum_task *task, thrum_task_fn *f, void *fctx,
                     thrum_task_fn *g, void *gctx)
{
	thrum_join2(task, f, fctx, g, gctx);
}

/* --- By functions alone, as other languages call them ----------------------- */

struct fib_frame {
	int n;
	long value;
};

static PEER_CALL int fib_join2(void *ctx, thrum_task *task)
{
	struct fib_frame *f = ctx;

	if (f->n < 2) {
		f->value = f->n;
		return 0;
	}
	struct fib_frame a = { f->n - 1, 0 }, b = { f->n - 2, 0 };
	int rc = thrum_join2(task, fib_join2, &a, fib_join2, &b);
	f->value = a.value + b.value;
	return rc;
}

static PEER_CALL int fib_plain(void *ctx, thrum_task *task)
{
	struct fib_frame *f = ctx;

	if (f->n < 2) {
		f->value = f->n;
		return 0;
	}
	struct fib_frame a = { f->n - 1, 0 }, b = { f->n - 2, 0 };
	thrum_forked forked = thrum_fork(task, fib_plain, &a);
	int rc = fib_plain(&b, task);
	rc |= thrum_join(task, forked);
	f->value = a.value + b.value;
	return rc;
}

static long run_fib(thrum_task_fn *fn, int n)
{
	struct fib_frame f = { n, -1 };

	return thrum_run(NULL, fn, &f, &peer_thrum_opts) ? -1 : f.value;
}

static long join2_fib(int n)
{
	return run_fib(fib_join2, n);
}

static long plain_fib(int n)
{
	return run_fib(fib_plain, n);
}

const struct peer peer_thrum_join2 = {
	.name = "thrum",
	.begin = peer_thrum_begin,
	.fib = join2_fib,
};

const struct peer peer_thrum_plain = {
	.name = "thrum",
	.begin = peer_thrum_begin,
	.fib = plain_fib,
};
