/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_thrum.c - the library itself, through its public headers alone */
#include <thrum.h>

#include "builtin.h"

/* The default pool, told how many take part; nothing else is set. */
thrum_opts peer_thrum_opts = {
	.size = sizeof(thrum_opts),
	.report_size = sizeof(thrum_report),
};
static size_t workers;

/* Of a host thread that has one; NULL is the default pool. */
static _Thread_local thrum_pool *own_pool;

int peer_thrum_begin(int n)
{
	peer_thrum_opts.n_jobs = n;
	workers = (size_t)n;
	return 0;
}

static int thrum_loop(size_t n, enum peer_schedule how, size_t grain,
                      thrum_for_fn *body, void *ctx)
{
	thrum_opts opts = peer_thrum_opts;

	if (how == PEER_GUIDED)
		return -1;
	if (how == PEER_CHUNK)
		opts.grain = grain;
	if (how == PEER_LAST_FIRST)
		opts.flags = THRUM_LAST_FIRST;
	/* No static schedule is promised, but n indices for n workers are
	 * handed out one by one. */
	if (how == PEER_STATIC)
		opts.grain = n / workers + (n % workers != 0);
	return thrum_for(own_pool, n, body, ctx, &opts);
}

static int thrum_map_jobs(size_t n, thrum_map_fn *body, void *ctx)
{
	return thrum_map(NULL, n, body, ctx, NULL, 0, &peer_thrum_opts);
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

	return thrum_for(NULL, outer, run_inner, &in, &peer_thrum_opts);
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

static double thrum_sum_up(const double *x, size_t n, peer_sum_fn *kernel)
{
	struct array a = { x, kernel };
	double sum = 0;

	if (thrum_reduce(NULL, n, add_range, thrum_add_double, &a, &sum,
	                 sizeof sum, &peer_thrum_opts))
		return -1;
	return sum;
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
	thrum_opts opts = peer_thrum_opts;

	opts.pre_dispatch = live;
	if (thrum_stream(NULL, sizeof(uint64_t), next_item, double_item,
	                 add_item, NULL, &l, &opts))
		return 0;
	return l.sum;
}

static int thrum_caller(int n, int own)
{
	if (own && !own_pool)
		return thrum_pool_create(&own_pool,
		                         THRUM_POOL_OPTS(.n_jobs = n));
	return 0;
}

static int thrum_watched(size_t n, thrum_for_fn *body, void *ctx, int verbose)
{
	thrum_opts opts = peer_thrum_opts;

	opts.verbose = verbose;
	return thrum_for(NULL, n, body, ctx, &opts);
}

const struct peer peer_thrum = {
	.name = "thrum",
	.begin = peer_thrum_begin,
	.loop = thrum_loop,
	.map = thrum_map_jobs,
	.nested = thrum_nested,
	.sum = thrum_sum_up,
	.fib = peer_thrum_fib,
	.queens = peer_thrum_queens,
	.uts = peer_thrum_uts,
	.tree = peer_thrum_tree,
	.both = peer_thrum_both,
	.caller = thrum_caller,
	.watched = thrum_watched,
	.life = thrum_life,
	.stream = thrum_stream_count,
};
