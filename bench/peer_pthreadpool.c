/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_pthreadpool.c - pthreadpool, a module */
#include <pthreadpool.h>

#include "peer.h"

/* It has no automatic grain; so many tiles per worker let it balance. */
#define TILES_PER_WORKER 64

static pthreadpool_t pool;
static _Thread_local pthreadpool_t own_pool; /* NULL: pool */
static size_t team;

static int ptp_begin(int workers)
{
	if (pool)
		pthreadpool_destroy(pool);
	team = (size_t)workers;
	pool = pthreadpool_create(team);
	return pool ? 0 : -1;
}

struct loop {
	thrum_for_fn *body;
	void *ctx;
};

static void run_tile(void *arg, size_t begin, size_t count)
{
	const struct loop *loop = arg;

	loop->body(loop->ctx, begin, begin + count, NULL);
}

static void run_index(void *arg, size_t i)
{
	const struct loop *loop = arg;

	loop->body(loop->ctx, i, i + 1, NULL);
}

static int ptp_loop(size_t n, enum peer_schedule how, size_t grain,
                    thrum_for_fn *body, void *ctx)
{
	struct loop loop = { body, ctx };
	pthreadpool_t to = own_pool ? own_pool : pool;
	size_t tile = grain;

	if (how == PEER_GUIDED || how == PEER_LAST_FIRST)
		return -1;
	if (how == PEER_AUTO)
		tile = n / (team * TILES_PER_WORKER);
	if (how == PEER_STATIC)
		tile = (n + team - 1) / team;
	if (tile <= 1)
		pthreadpool_parallelize_1d(to, run_index, &loop, n, 0);
	else
		pthreadpool_parallelize_1d_tile_1d(to, run_tile, &loop, n,
		                                   tile, 0);
	return 0;
}

struct jobs {
	thrum_map_fn *body;
	void *ctx;
};

static void run_job(void *arg, size_t i)
{
	const struct jobs *jobs = arg;

	jobs->body(jobs->ctx, i, NULL, NULL);
}

static int ptp_map(size_t n, thrum_map_fn *body, void *ctx)
{
	struct jobs jobs = { body, ctx };

	pthreadpool_parallelize_1d(pool, run_job, &jobs, n, 0);
	return 0;
}

#define PARTIALS_MAX 256

struct sum {
	const double *x;
	size_t n;
	peer_sum_fn *kernel;
	struct {
		_Alignas(128) double value;
	} partial[PARTIALS_MAX];
};

static void sum_block(void *arg, size_t i)
{
	struct sum *sum = arg;
	size_t share = sum->n / team, begin = share * i;
	size_t end = i == team - 1 ? sum->n : begin + share;

	sum->partial[i].value = sum->kernel(sum->x + begin, end - begin);
}

static double ptp_sum(const double *x, size_t n, peer_sum_fn *kernel)
{
	static struct sum sum;
	double all = 0;

	if (team > PARTIALS_MAX)
		return -1;
	sum.x = x;
	sum.n = n;
	sum.kernel = kernel;
	pthreadpool_parallelize_1d(pool, sum_block, &sum, team, 0);
	for (size_t i = 0; i < team; i++)
		all += sum.partial[i].value;
	return all;
}

static int ptp_caller(int workers, int own)
{
	if (!own || own_pool)
		return 0;
	own_pool = pthreadpool_create((size_t)workers);
	return own_pool ? 0 : -1;
}

static int ptp_life(int workers, thrum_for_fn *body, void *ctx)
{
	struct loop loop = { body, ctx };
	pthreadpool_t mine = pthreadpool_create((size_t)workers);

	if (!mine)
		return -1;
	pthreadpool_parallelize_1d(mine, run_index, &loop, (size_t)workers, 0);
	pthreadpool_destroy(mine);
	return 0;
}

const struct peer bench_peer = {
	.name = "ptp",
	.begin = ptp_begin,
	.loop = ptp_loop,
	.map = ptp_map,
	.sum = ptp_sum,
	.caller = ptp_caller,
	.life = ptp_life,
};
