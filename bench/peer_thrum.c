/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_thrum.c - the library itself, through its public headers alone */
#include <thrum.h>

#include "builtin.h"

/* The default pool, told how many take part; nothing else is set. */
static thrum_opts as_many = {
	.size = sizeof(thrum_opts),
	.report_size = sizeof(thrum_report),
};
static size_t workers;

static int thrum_begin(int n)
{
	as_many.n_jobs = n;
	workers = (size_t)n;
	return 0;
}

static int thrum_loop(size_t n, enum peer_schedule how, size_t grain,
                      thrum_for_fn *body, void *ctx)
{
	thrum_opts opts = as_many;

	if (how == PEER_GUIDED)
		return -1;
	if (how == PEER_CHUNK)
		opts.grain = grain;
	/* No static schedule is promised, but n indices for n workers are
	 * handed out one by one. */
	if (how == PEER_STATIC)
		opts.grain = n / workers + (n % workers != 0);
	return thrum_for(NULL, n, body, ctx, &opts);
}

static int thrum_map_jobs(size_t n, thrum_map_fn *body, void *ctx)
{
	return thrum_map(NULL, n, body, ctx, NULL, 0, &as_many);
}

struct inner {
	size_t n;
	thrum_for_fn *body;
	void *ctx;
};

static int run_inner(void *arg, size_t begin, size_t end, thrum_task *task)
{
	const struct inner *inner = arg;
	int rc = 0;

	(void)task;
	for (size_t i = begin; i < end && !rc; i++)
		rc = thrum_for(NULL, inner->n, inner->body, inner->ctx, NULL);
	return rc;
}

static int thrum_nested(size_t outer, size_t inner, thrum_for_fn *body,
                        void *ctx)
{
	struct inner in = { inner, body, ctx };

	return thrum_for(NULL, outer, run_inner, &in, &as_many);
}

struct array {
	const double *x;
	peer_sum_fn *kernel;
};

static int add_range(void *ctx, size_t begin, size_t end, void *partial,
                     thrum_task *task)
{
	const struct array *a = ctx;

	(void)task;
	*(double *)partial = a->kernel(a->x + begin, end - begin);
	return 0;
}

static double thrum_sum(const double *x, size_t n, peer_sum_fn *kernel)
{
	struct array a = { x, kernel };
	double sum = 0;

	if (thrum_reduce(NULL, n, add_range, thrum_add_double, &a, &sum,
	                 sizeof sum, &as_many))
		return -1;
	return sum;
}

/* fib and queens in the typed form. */

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

static long thrum_fib(int n)
{
	long result = -1;

	fib_run(NULL, n, &result, &as_many);
	return result;
}

struct board {
	unsigned all, columns, left, right;
};

static long place(thrum_task *task, struct board b);
THRUM_TASK(long, place, struct board);

static struct board board_with(struct board b, unsigned bit)
{
	return (struct board){ b.all, b.columns | bit, (b.left | bit) << 1,
		               (b.right | bit) >> 1 };
}

static PEER_CALL long place(thrum_task *task, struct board b)
{
	place_forked row[32];
	int rows = 0;
	long ways = 0;

	if (b.columns == b.all)
		return 1;
	unsigned room = b.all & ~(b.columns | b.left | b.right);
	for (unsigned bit; room; room ^= bit) {
		bit = room & -room;
		row[rows++] = place_fork(task, board_with(b, bit));
	}
	while (rows--)
		ways += place_join(task, row[rows]);
	return ways;
}

static long thrum_queens(int n)
{
	struct board b = { (1u << n) - 1, 0, 0, 0 };
	long ways = -1;

	place_run(NULL, b, &ways, &as_many);
	return ways;
}

/* The same by functions alone, as other languages call them. */

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

	return thrum_run(NULL, fn, &f, &as_many) ? -1 : f.value;
}

static long thrum_fib_join2(int n)
{
	return run_fib(fib_join2, n);
}

static long thrum_fib_plain(int n)
{
	return run_fib(fib_plain, n);
}

static int thrum_life(int n, thrum_for_fn *body, void *ctx)
{
	thrum_pool *pool;
	int rc = thrum_pool_create(&pool, THRUM_POOL_OPTS(.n_jobs = n));

	if (rc)
		return rc;
	rc = thrum_for(pool, (size_t)n, body, ctx, THRUM_OPTS(.grain = 1));
	thrum_pool_destroy(pool);
	return rc;
}

struct line {
	uint64_t n, count, sum;
};

static int next_item(void *ctx, void *item)
{
	struct line *l = ctx;

	if (l->count == l->n)
		return THRUM_END;
	*(uint64_t *)item = l->count++;
	return 0;
}

static int double_item(void *ctx, void *item, thrum_task *task)
{
	(void)ctx;
	(void)task;
	*(uint64_t *)item *= 2;
	return 0;
}

static int add_item(void *ctx, void *item)
{
	struct line *l = ctx;

	l->sum += *(uint64_t *)item;
	return 0;
}

static uint64_t thrum_stream_count(uint64_t n, size_t live)
{
	struct line l = { n, 0, 0 };
	thrum_opts opts = as_many;

	opts.pre_dispatch = live;
	if (thrum_stream(NULL, sizeof(uint64_t), next_item, double_item,
	                 add_item, NULL, &l, &opts))
		return 0;
	return l.sum;
}

const struct peer peer_thrum = {
	.name = "thrum",
	.begin = thrum_begin,
	.loop = thrum_loop,
	.map = thrum_map_jobs,
	.nested = thrum_nested,
	.sum = thrum_sum,
	.fib = thrum_fib,
	.queens = thrum_queens,
	.life = thrum_life,
	.stream = thrum_stream_count,
};

const struct peer peer_thrum_join2 = {
	.name = "thrum",
	.begin = thrum_begin,
	.fib = thrum_fib_join2,
};

const struct peer peer_thrum_plain = {
	.name = "thrum",
	.begin = thrum_begin,
	.fib = thrum_fib_plain,
};
