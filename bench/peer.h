/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer.h - what a contestant must be able to do
 *
 * A question is put once, in terms of these functions, and every contestant
 * answers it in its own idiom. thrum, the serial loop and the bare floor are
 * part of each program; the runtimes of others are modules, opened in the
 * process of their own measurement only, so that no runtime ever shares a
 * process with another (two OpenMP runtimes export the same names, and threads
 * that spin for one spoil the figures of the next).
 *
 * All take bodies of thrum's type, so all pay the same indirect call; the task
 * they hand over is NULL, but for thrum's own.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <thrum/fork.h>
#include <thrum/loop.h>

#include "uts.h"

enum peer_schedule {
	PEER_AUTO,   /* what the contestant does if nothing is said */
	PEER_STATIC, /* one block per worker, laid down in advance */
	PEER_CHUNK,  /* .grain indices at a time */
	PEER_GUIDED, /* blocks that shrink towards the end */
	PEER_LAST_FIRST /* as PEER_AUTO, told that the end is dear */
};

/** The sum of x[0 .. n): the kernel is the same for all. */
typedef double peer_sum_fn(const double *x, size_t n);

/** All but name may be NULL: the contestant is then left out of the question.
 * Functions that return int give 0, or anything else if they cannot do it. */
struct peer {
	const char *name;

	/** Set up for so many workers, the caller included. Once or more. */
	int (*begin)(int workers);

	/** A loop over ranges. */
	int (*loop)(size_t n, enum peer_schedule how, size_t grain,
	            thrum_for_fn *body, void *ctx);

	/** A loop over single indices, as many a call as there are. */
	int (*map)(size_t n, thrum_map_fn *body, void *ctx);

	/** outer times a loop over inner: a parallel loop in another. */
	int (*nested)(size_t outer, size_t inner, thrum_for_fn *body,
	              void *ctx);

	double (*sum)(const double *x, size_t n, peer_sum_fn *kernel);

	/** A task for one of the two calls, no cut-off. */
	long (*fib)(int n);

	/** Ways to place n queens; a task for each placement, no cut-off. */
	long (*queens)(int n);

	/** Nodes of the tree: a task for each child, no cut-off. */
	uint64_t (*uts)(const struct uts *tree);

	/** Run @p root where both can be called, which runs f and g, perhaps at
	 * the same time, and hands on the task it got. */
	int (*tree)(thrum_task_fn *root, void *ctx);
	void (*both)(thrum_task *task, thrum_task_fn *f, void *fctx,
	             thrum_task_fn *g, void *gctx);

	/** Called first by each host thread that shares the work of calling:
	 * on the same pool, or each on one of its own if @p own. */
	int (*caller)(int workers, int own);

	/** A loop with progress, its lines going to stderr; or without. */
	int (*watched)(size_t n, thrum_for_fn *body, void *ctx, int verbose);

	/** Make a pool, run one loop of static blocks, end its threads. */
	int (*life)(int workers, thrum_for_fn *body, void *ctx);

	/** Count to n through a serial, a parallel and a serial stage, at most
	 * live items at a time; 0: as the contestant thinks best.
	 * Gives n (n - 1), the sum of twice the items. */
	uint64_t (*stream)(uint64_t n, size_t live);

	/** Answer a question in another language, which takes its readings
	 * itself for @p seconds; nanoseconds a call. */
	int (*timed)(const char *question, double seconds, double *median_ns,
	             double *p90_ns);
};

#if defined(__GNUC__)
#define PEER_EXPORT __attribute__((visibility("default")))
/* Calls that stay calls. Else gcc unrolls a recursion into itself, by itself
 * and more so where there is no task about, and the figure would tell how well
 * it does that. */
#if defined(__clang__)
#define PEER_CALL __attribute__((noinline))
#else
#define PEER_CALL __attribute__((noinline, noclone, \
                                 optimize("no-inline-functions", \
                                          "no-partial-inlining", \
                                          "no-ipa-cp")))
#endif
#define PEER_OPAQUE() __asm__ volatile("" ::: "memory")
#else
#define PEER_EXPORT
#define PEER_CALL
#define PEER_OPAQUE() ((void)0)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The one symbol of a module. */
PEER_EXPORT extern const struct peer bench_peer;

#ifdef __cplusplus
}
#endif
#endif
