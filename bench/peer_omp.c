/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_omp.c - OpenMP: a module for each runtime (gcc: libgomp, clang: libomp)
 *
 * Waiting policy and the like are set by the environment, which the runtime
 * reads when this module is opened.
 */
#include <omp.h>
#include <pthread.h>

#include "peer.h"

static int omp_begin(int workers)
{
	omp_set_dynamic(0);
	omp_set_num_threads(workers);
	return 0;
}

/* A range body under `for` would be called for each index; this is how a
 * programmer gives each thread its block. */
static void run_blocks(size_t n, thrum_for_fn *body, void *ctx)
{
#pragma omp parallel
	{
		size_t team = (size_t)omp_get_num_threads();
		size_t who = (size_t)omp_get_thread_num();
		size_t share = n / team, rest = n % team;
		size_t begin = who * share + (who < rest ? who : rest);
		size_t end = begin + share + (who < rest);

		if (begin < end)
			body(ctx, begin, end, NULL);
	}
}

static int omp_loop(size_t n, enum peer_schedule how, size_t grain,
                    thrum_for_fn *body, void *ctx)
{
	long last = (long)n;

	switch (how) {
	case PEER_AUTO:
	case PEER_STATIC:
		run_blocks(n, body, ctx);
		break;
	case PEER_CHUNK: {
		long chunks = (long)((n + grain - 1) / grain);
#pragma omp parallel for schedule(dynamic, 1)
		for (long i = 0; i < chunks; i++) {
			size_t begin = (size_t)i * grain;
			body(ctx, begin, n - begin < grain ? n : begin + grain,
			     NULL);
		}
		break;
	}
	case PEER_GUIDED:
#pragma omp parallel for schedule(guided)
		for (long i = 0; i < last; i++)
			body(ctx, (size_t)i, (size_t)i + 1, NULL);
		break;
	case PEER_LAST_FIRST:
		return -1;
	}
	return 0;
}

static int omp_map(size_t n, thrum_map_fn *body, void *ctx)
{
	long last = (long)n;

#pragma omp parallel for schedule(static)
	for (long i = 0; i < last; i++)
		body(ctx, (size_t)i, NULL, NULL);
	return 0;
}

static int omp_nested(size_t outer, size_t inner, thrum_for_fn *body,
                      void *ctx)
{
	long last = (long)outer;

#pragma omp parallel for schedule(dynamic, 1)
	for (long i = 0; i < last; i++)
		run_blocks(inner, body, ctx);
	return 0;
}

static double omp_sum(const double *x, size_t n, peer_sum_fn *kernel)
{
	double sum = 0;

#pragma omp parallel reduction(+ : sum)
	{
		size_t team = (size_t)omp_get_num_threads();
		size_t who = (size_t)omp_get_thread_num();
		size_t begin = n / team * who;
		size_t end = who == team - 1 ? n : begin + n / team;

		sum += kernel(x + begin, end - begin);
	}
	return sum;
}

static PEER_CALL long fib(int n)
{
	long a, b;

	if (n < 2)
		return n;
#pragma omp task shared(a) firstprivate(n)
	a = fib(n - 1);
	b = fib(n - 2);
#pragma omp taskwait
	return a + b;
}

static long omp_fib(int n)
{
	long result = 0;

#pragma omp parallel
#pragma omp single
	result = fib(n);
	return result;
}

static PEER_CALL long place(unsigned all, unsigned columns, unsigned left,
                            unsigned right)
{
	long row[32];
	int rows = 0;
	long ways = 0;

	if (columns == all)
		return 1;
	unsigned room = all & ~(columns | left | right);
	for (unsigned bit; room; room ^= bit) {
		bit = room & -room;
		long *here = &row[rows++];
#pragma omp task firstprivate(here, bit)
		*here = place(all, columns | bit, (left | bit) << 1,
		              (right | bit) >> 1);
	}
#pragma omp taskwait
	while (rows--)
		ways += row[rows];
	return ways;
}

static long omp_queens(int n)
{
	long ways = 0;

#pragma omp parallel
#pragma omp single
	ways = place((1u << n) - 1, 0, 0, 0);
	return ways;
}

static PEER_CALL uint64_t count(const struct uts *t, struct uts_node n)
{
	uint64_t row[UTS_CHILDREN], nodes = 1;
	int k = uts_children(t, n);

	for (int i = 0; i < k; i++) {
		uint64_t *here = &row[i];
		struct uts_node child = uts_child(n, i);
#pragma omp task firstprivate(here, child)
		*here = count(t, child);
	}
#pragma omp taskwait
	while (k--)
		nodes += row[k];
	return nodes;
}

static uint64_t omp_uts(const struct uts *t)
{
	uint64_t row[UTS_ROOT_MOST], nodes = 1;

#pragma omp parallel
#pragma omp single
	{
		for (int i = 0; i < t->b; i++) {
			uint64_t *here = &row[i];
			struct uts_node child = uts_child(uts_root(t), i);
#pragma omp task firstprivate(here, child)
			*here = count(t, child);
		}
#pragma omp taskwait
	}
	for (int i = 0; i < t->b; i++)
		nodes += row[i];
	return nodes;
}

static int omp_tree(thrum_task_fn *root, void *ctx)
{
	int rc = 0;

#pragma omp parallel
#pragma omp single
	rc = root(ctx, NULL);
	return rc;
}

static void omp_both(thrum_task *task, thrum_task_fn *f, void *fctx,
                     thrum_task_fn *g, void *gctx)
{
#pragma omp task firstprivate(f, fctx)
	f(fctx, NULL);
	g(gctx, task);
#pragma omp taskwait
}

/* A host thread has a team of its own in any case. */
static int omp_caller(int workers, int own)
{
	(void)own;
	omp_set_num_threads(workers);
	return 0;
}

struct life {
	int workers;
	thrum_for_fn *body;
	void *ctx;
};

static void *live(void *arg)
{
	const struct life *life = arg;

	omp_set_num_threads(life->workers);
	run_blocks((size_t)life->workers, life->body, life->ctx);
	return NULL;
}

/* A team belongs to the thread that opened the region and ends with it: there
 * is no other way to make and end one. */
static int omp_life(int workers, thrum_for_fn *body, void *ctx)
{
	struct life life = { workers, body, ctx };
	pthread_t thread;

	if (pthread_create(&thread, NULL, live, &life))
		return -1;
	pthread_join(thread, NULL);
	return 0;
}

const struct peer bench_peer = {
	.name = "omp",
	.begin = omp_begin,
	.loop = omp_loop,
	.map = omp_map,
	.nested = omp_nested,
	.sum = omp_sum,
	.fib = omp_fib,
	.queens = omp_queens,
	.uts = omp_uts,
	.tree = omp_tree,
	.both = omp_both,
	.caller = omp_caller,
	.life = omp_life,
};
