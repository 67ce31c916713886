/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_serial.c - the contestant that everything is measured against */
#include "builtin.h"

static int serial_begin(int workers)
{
	(void)workers;
	return 0;
}

/* One call over the whole range: what the programmer had before. Where chunks
 * are asked for, so many calls. */
static int serial_loop(size_t n, enum peer_schedule how, size_t grain,
                       thrum_for_fn *body, void *ctx)
{
	if (how != PEER_CHUNK)
		return n ? body(ctx, 0, n, NULL) : 0;
	for (size_t i = 0; i < n; i += grain) {
		int rc = body(ctx, i, n - i < grain ? n : i + grain, NULL);
		if (rc)
			return rc;
	}
	return 0;
}

static int serial_map(size_t n, thrum_map_fn *body, void *ctx)
{
	for (size_t i = 0; i < n; i++) {
		int rc = body(ctx, i, NULL, NULL);
		if (rc)
			return rc;
	}
	return 0;
}

static int serial_nested(size_t outer, size_t inner, thrum_for_fn *body,
                         void *ctx)
{
	for (size_t i = 0; i < outer; i++)
		body(ctx, 0, inner, NULL);
	return 0;
}

static double serial_sum(const double *x, size_t n, peer_sum_fn *kernel)
{
	return kernel(x, n);
}

static PEER_CALL long fib(int n)
{
	PEER_OPAQUE();
	if (n < 2)
		return n;
	long a = fib(n - 1);
	long b = fib(n - 2);
	return a + b;
}

static long serial_fib(int n)
{
	return fib(n);
}

static PEER_CALL long place(unsigned all, unsigned columns, unsigned left,
                            unsigned right)
{
	if (columns == all)
		return 1;
	long ways = 0;
	unsigned room = all & ~(columns | left | right);
	for (unsigned bit; room; room ^= bit) {
		bit = room & -room;
		ways += place(all, columns | bit, (left | bit) << 1,
		              (right | bit) >> 1);
	}
	return ways;
}

static long serial_queens(int n)
{
	return place((1u << n) - 1, 0, 0, 0);
}

static PEER_CALL uint64_t count(const struct uts *t, struct uts_node n)
{
	int k = uts_children(t, n);
	uint64_t nodes = 1;

	for (int i = 0; i < k; i++)
		nodes += count(t, uts_child(n, i));
	return nodes;
}

static uint64_t serial_uts(const struct uts *t)
{
	uint64_t nodes = 1;

	for (int i = 0; i < t->b; i++)
		nodes += count(t, uts_child(uts_root(t), i));
	return nodes;
}

static int serial_tree(thrum_task_fn *root, void *ctx)
{
	return root(ctx, NULL);
}

static void serial_both(thrum_task *task, thrum_task_fn *f, void *fctx,
                        thrum_task_fn *g, void *gctx)
{
	f(fctx, task);
	g(gctx, task);
}

static int serial_caller(int workers, int own)
{
	(void)workers;
	(void)own;
	return 0;
}

static int serial_watched(size_t n, thrum_for_fn *body, void *ctx, int verbose)
{
	(void)verbose;
	return body(ctx, 0, n, NULL);
}

static int serial_life(int workers, thrum_for_fn *body, void *ctx)
{
	return body(ctx, 0, (size_t)workers, NULL);
}

/* The three stages by pointer, as a stream has to call them. */
static int next(uint64_t *count, uint64_t *item)
{
	*item = (*count)++;
	return 0;
}

static int work(uint64_t *item)
{
	*item *= 2;
	return 0;
}

static int consume(uint64_t *sum, const uint64_t *item)
{
	*sum += *item;
	return 0;
}

static uint64_t serial_stream(uint64_t n, size_t live)
{
	static int (*volatile stage1)(uint64_t *, uint64_t *) = next;
	static int (*volatile stage2)(uint64_t *) = work;
	static int (*volatile stage3)(uint64_t *, const uint64_t *) = consume;
	uint64_t count = 0, sum = 0, item;

	(void)live;
	while (count < n) {
		stage1(&count, &item);
		stage2(&item);
		stage3(&sum, &item);
	}
	return sum;
}

const struct peer peer_serial = {
	.name = "serial",
	.begin = serial_begin,
	.loop = serial_loop,
	.map = serial_map,
	.nested = serial_nested,
	.sum = serial_sum,
	.fib = serial_fib,
	.queens = serial_queens,
	.uts = serial_uts,
	.tree = serial_tree,
	.both = serial_both,
	.caller = serial_caller,
	.watched = serial_watched,
	.life = serial_life,
	.stream = serial_stream,
};
