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

static long place(thrum_task *task, unsigned all, unsigned columns,
                  unsigned left, unsigned right);
THRUM_TASK(long, place, unsigned, unsigned, unsigned, unsigned);

static PEER_CALL long place(thrum_task *task, unsigned all, unsigned columns,
                            unsigned left, unsigned right)
{
	place_forked row[32];
	int rows = 0;
	long ways = 0;

	if (columns == all)
		return 1;
	unsigned room = all & ~(columns | left | right);
	for (unsigned bit; room; room ^= bit) {
		bit = room & -room;
		row[rows++] = place_fork(task, all, columns | bit,
		                         (left | bit) << 1, (right | bit) >> 1);
	}
	while (rows--)
		ways += place_join(task, row[rows]);
	return ways;
}

long peer_thrum_queens(int n)
{
	long ways = -1;

	place_run(NULL, (1u << n) - 1, 0, 0, 0, &ways, &peer_thrum_opts);
	return ways;
}

/* Two functions, as a frame has room for all the children that there can be,
 * and binomial trees are deep. */

static const struct uts *tree;

static uint64_t geometric(thrum_task *task, uint64_t state, int depth);
static uint64_t binomial(thrum_task *task, uint64_t state, int depth);
THRUM_TASK(uint64_t, geometric, uint64_t, int);
THRUM_TASK(uint64_t, binomial, uint64_t, int);

static geometric_forked geometric_child(thrum_task *task, struct uts_node n,
                                        int i)
{
	n = uts_child(n, i);
	return geometric_fork(task, n.state, n.depth);
}

static binomial_forked binomial_child(thrum_task *task, struct uts_node n,
                                      int i)
{
	n = uts_child(n, i);
	return binomial_fork(task, n.state, n.depth);
}

static PEER_CALL uint64_t geometric(thrum_task *task, uint64_t state, int depth)
{
	struct uts_node n = { state, depth };
	geometric_forked row[UTS_CHILDREN];
	int k = uts_children(tree, n);
	uint64_t nodes = 1;

	for (int i = 0; i < k; i++)
		row[i] = geometric_child(task, n, i);
	while (k--)
		nodes += geometric_join(task, row[k]);
	return nodes;
}

static PEER_CALL uint64_t binomial(thrum_task *task, uint64_t state, int depth)
{
	struct uts_node n = { state, depth };
	binomial_forked row[UTS_FEW];
	int k = uts_children(tree, n);
	uint64_t nodes = 1;

	for (int i = 0; i < k; i++)
		row[i] = binomial_child(task, n, i);
	while (k--)
		nodes += binomial_join(task, row[k]);
	return nodes;
}

static int grow_geometric(void *ctx, thrum_task *task)
{
	uint64_t *nodes = ctx;
	geometric_forked row[UTS_ROOT_MOST];
	int k = tree->b;

	for (int i = 0; i < k; i++)
		row[i] = geometric_child(task, uts_root(tree), i);
	for (*nodes = 1; k--;)
		*nodes += geometric_join(task, row[k]);
	return 0;
}

static int grow_binomial(void *ctx, thrum_task *task)
{
	uint64_t *nodes = ctx;
	binomial_forked row[UTS_ROOT_MOST];
	int k = tree->b;

	for (int i = 0; i < k; i++)
		row[i] = binomial_child(task, uts_root(tree), i);
	for (*nodes = 1; k--;)
		*nodes += binomial_join(task, row[k]);
	return 0;
}

uint64_t peer_thrum_uts(const struct uts *t)
{
	uint64_t nodes = 0;

	tree = t;
	if (thrum_run(NULL, t->kind == UTS_BINOMIAL ? grow_binomial
	                                            : grow_geometric,
	              &nodes, &peer_thrum_opts))
		return 0;
	return nodes;
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
