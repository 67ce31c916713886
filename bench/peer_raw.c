/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_raw.c - the floor: one flag per worker, spinning for ever, static halves
 *
 * No library can be like this, as it burns all cores from the first call to the
 * end of the process. It shows what the machine itself charges for telling a
 * core to begin and hearing that it has ended.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "builtin.h"

#define RAW_WORKERS_MAX 256

struct raw_worker {
	/* Written by the caller, read by the worker. */
	_Alignas(128) _Atomic uint64_t go;
	/* Written by the worker, read by the caller. */
	_Alignas(128) _Atomic uint64_t done;
	double partial;
};

static struct raw_worker team[RAW_WORKERS_MAX];
static int team_size;
static uint64_t epoch;

/* What the team is to do: written before go, read after it. */
static struct {
	size_t n;
	thrum_for_fn *body;
	void *ctx;
	const double *x;
	peer_sum_fn *kernel;
} job;

static void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void run_block(int who)
{
	size_t share = job.n / (size_t)team_size;
	size_t begin = share * (size_t)who;
	size_t end = who == team_size - 1 ? job.n : begin + share;

	if (job.body && begin < end)
		job.body(job.ctx, begin, end, NULL);
	else if (job.kernel)
		team[who].partial = job.kernel(job.x + begin, end - begin);
}

static void *raw_main(void *arg)
{
	struct raw_worker *self = arg;

	for (uint64_t next = 1;; next++) {
		/* Acquires the job, which the caller released with go. */
		while (atomic_load_explicit(&self->go, memory_order_acquire)
		       < next)
			pause_cpu();
		run_block((int)(self - team));
		/* Releases what the bodies wrote to the waiting caller. */
		atomic_store_explicit(&self->done, next, memory_order_release);
	}
	return NULL;
}

static int raw_begin(int workers)
{
	if (team_size || workers > RAW_WORKERS_MAX)
		return -1; /* the team cannot grow */
	team_size = workers;
	for (int i = 1; i < workers; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, raw_main, &team[i]))
			return -1;
		pthread_detach(thread);
	}
	return 0;
}

static void run_team(void)
{
	epoch++;
	for (int i = 1; i < team_size; i++)
		atomic_store_explicit(&team[i].go, epoch,
		                      memory_order_release);
	run_block(0);
	for (int i = 1; i < team_size; i++)
		while (atomic_load_explicit(&team[i].done,
		                            memory_order_acquire) < epoch)
			pause_cpu();
}

static int raw_loop(size_t n, enum peer_schedule how, size_t grain,
                    thrum_for_fn *body, void *ctx)
{
	(void)grain;
	if (how != PEER_AUTO && how != PEER_STATIC)
		return -1;
	job.n = n;
	job.body = body;
	job.ctx = ctx;
	run_team();
	return 0;
}

struct inner {
	size_t n;
	thrum_for_fn *body;
	void *ctx;
};

static int run_inner(void *arg, size_t begin, size_t end, thrum_task *task)
{
	const struct inner *inner = arg;

	(void)task;
	for (size_t i = begin; i < end; i++)
		inner->body(inner->ctx, 0, inner->n, NULL);
	return 0;
}

static int raw_nested(size_t outer, size_t inner, thrum_for_fn *body,
                      void *ctx)
{
	struct inner in = { inner, body, ctx };

	return raw_loop(outer, PEER_STATIC, 0, run_inner, &in);
}

static double raw_sum(const double *x, size_t n, peer_sum_fn *kernel)
{
	double sum = 0;

	job.n = n;
	job.body = NULL;
	job.x = x;
	job.kernel = kernel;
	run_team();
	for (int i = 0; i < team_size; i++)
		sum += team[i].partial;
	return sum;
}

const struct peer peer_raw = {
	.name = "raw",
	.begin = raw_begin,
	.loop = raw_loop,
	.nested = raw_nested,
	.sum = raw_sum,
};
