/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* reduce.c - many values into one, with the same bits every time
 *
 * The tree T of thrum/reduce.h is run as a tree of forks, exactly as it is
 * written there: which worker runs a node, and when, does not change what it is
 * combined with. A node hands its partial up through memory of the forking
 * frame, so a worker has log2 of the leaves of them at most.
 *
 * Unordered, it is a loop: each worker adds ranges, as they come, to a partial
 * of its own, and the caller combines these.
 */
#include "config.h"

#include "entry.h"
#include "loop.h"
#include "session.h"

#include <string.h>
#include <thrum/reduce.h>

struct reduction {
	size_t n, leaf, size;
	thrum_reduce_fn *body;
	thrum_combine_fn *combine;
	void *ctx;
	const void *identity;
	/* Unordered: partials of the workers, and which of them are in use. */
	char *partial;
	size_t stride;
	bool *used;
};

/* Leaves a <= k < b, whose partial goes to into. */
struct node {
	size_t a, b;
	void *into;
};

/* What a node hands back through its slot. */
struct node_result {
	uint64_t done, failed, error_index;
	int error_code;
};

_Static_assert(sizeof(struct node_result) <= sizeof ((thrum__slot *)0)->cell,
               "a result must fit the cell");

/* The body of a range with where its values go. */
struct part {
	struct reduction *r;
	void *partial;
};

static int run_part(void *part, size_t begin, size_t end, thrum_task *task)
{
	struct part *p = part;
	return p->r->body(p->r->ctx, begin, end, p->partial, task);
}

/* Where leaf k - 1 ends. */
static size_t end_of(const struct reduction *r, size_t k)
{
	return k <= (r->n - 1) / r->leaf ? k * r->leaf : r->n;
}

static void run_leaf(struct reduction *r, thrum_task *task, struct node node,
                     struct tally *tally)
{
	struct call *call = task->call;
	size_t begin = node.a * r->leaf, end = end_of(r, node.b);
	struct part part = { r, node.into };

	memcpy(node.into, r->identity, r->size);
	if (thrum__call_may_stop(call) && thrum__call_stopping(call))
		return;
	(void)thrum__loop_part(call, task, run_part, &part, begin, end, tally);
}

static size_t half_of(size_t leaves)
{
	size_t p = 1;
	while (p < leaves - p)
		p *= 2;
	return p;
}

static void run_node(thrum_task *task, struct node node, struct tally *tally);

static void node_thunk(thrum_task *task, void *cell)
{
	struct tally t = { 0 };
	struct node node;

	memcpy(&node, cell, sizeof node);
	run_node(task, node, &t);
	struct node_result r = { t.done, t.failed, t.error_index,
	                         t.error_code };
	memcpy(cell, &r, sizeof r);
}

static void join_node(thrum_task *task, void *slot, struct node node,
                      struct tally *tally)
{
	const void *cell = thrum__pop_inline(task, slot);
	struct node_result r;

	if (!cell) {
		run_node(task, node, tally);
		return;
	}
	memcpy(&r, cell, sizeof r);
	struct tally t = { .done = r.done, .failed = r.failed,
	                   .error_index = r.error_index,
	                   .error_code = r.error_code };
	thrum__tally_merge(tally, &t);
}

static void run_node(thrum_task *task, struct node node, struct tally *tally)
{
	struct call *call = task->call;
	struct reduction *r = call->shape;
	size_t leaves = node.b - node.a;
	uint64_t before = tally->done;

	if (leaves == 1) {
		run_leaf(r, task, node, tally);
		return;
	}
	size_t mid = node.a + half_of(leaves);
	struct scratch_mark mark = thrum__scratch_mark(task->scratch);
	struct node right = { mid, node.b,
	                      thrum__scratch_take(task->scratch, r->size) };
	if (!right.into) {
		thrum__tally_fail(tally, node.a * r->leaf, THRUM_ENOMEM);
		thrum__call_stop(call, STOP_FAILED);
		return;
	}
	void *slot = thrum__push_inline(task, node_thunk, &right, sizeof right);
	run_node(task, (struct node){ node.a, mid, node.into }, tally);
	join_node(task, slot, right, tally);
	/* By the count, not by whether the call is to end: it may have been told
	 * to after the last job. Partials that are not whole are of no use. */
	if (tally->done - before == end_of(r, node.b) - node.a * r->leaf) {
		r->combine(r->ctx, node.into, right.into);
		thrum__task_refresh(&call->fpenv);
	}
	thrum__scratch_reset(task->scratch, mark);
}

static void run_ordered(struct reduction *r, struct entry *e, void *result,
                        struct tally *tally)
{
	struct session s;
	struct node root = { 0, (r->n - 1) / r->leaf + 1, NULL };

	thrum__session_begin(&s, &e->call, e->within, false);
	s.task.call->shape = r;
	if (s.kind == SESSION_TEAM)
		(void)thrum__session_publish(&s, 0);
	struct scratch_mark mark = thrum__scratch_mark(s.task.scratch);
	root.into = thrum__scratch_take(s.task.scratch, r->size);
	if (root.into) {
		run_node(&s.task, root, tally);
		thrum__call_mark(&e->call, s.task.number);
		if (tally->done == r->n)
			memcpy(result, root.into, r->size);
	} else {
		thrum__tally_fail(tally, 0, THRUM_ENOMEM);
	}
	thrum__scratch_reset(s.task.scratch, mark);
	thrum__session_end(&s);
}

/* Unordered */

static int add_range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct reduction *r = ctx;
	void *partial = r->partial + (size_t)task->number * r->stride;

	if (!r->used[task->number]) {
		memcpy(partial, r->identity, r->size);
		r->used[task->number] = true;
	}
	return r->body(r->ctx, begin, end, partial, task);
}

static int run_unordered(struct reduction *r, struct entry *e, void *result,
                         struct tally *tally)
{
	size_t workers = (size_t)e->call.n_jobs, bytes;
	struct loop loop = { .n = r->n, .body = add_range, .ctx = r,
	                     .grain = e->opts.grain,
	                     .site = (uintptr_t)r->body };

	r->stride = (r->size + THRUM__LINE - 1) & ~(size_t)(THRUM__LINE - 1);
	if (r->stride < r->size
	    || !thrum__size_mul(workers, r->stride, &bytes))
		return THRUM_ENOMEM;
	r->partial = thrum__memory_zalloc(THRUM__LINE, bytes);
	r->used = thrum__memory_zalloc(64, workers * sizeof *r->used);
	if (r->partial && r->used)
		thrum__loop_run(&loop, &e->call, e->within, tally);
	if (r->partial && r->used && tally->done == r->n)
		for (size_t w = 0; w < workers; w++)
			if (r->used[w])
				r->combine(r->ctx, result,
				           r->partial + w * r->stride);
	int rc = r->partial && r->used ? 0 : THRUM_ENOMEM;
	thrum__memory_free(r->partial);
	thrum__memory_free(r->used);
	return rc;
}

/* The size of a leaf is part of the interface; see thrum/reduce.h. */
static size_t leaf_of(size_t n, size_t grain)
{
	size_t leaf = 1;

	if (grain)
		return grain;
	while (leaf < 4096 && leaf < n / 64 + (n % 64 != 0))
		leaf *= 2;
	return leaf;
}

int thrum_reduce(thrum_pool *pool, size_t n, thrum_reduce_fn *body,
                 thrum_combine_fn *combine, void *ctx, void *result,
                 size_t size, const thrum_opts *opts)
{
	struct entry e;
	struct tally tally = { 0 };
	struct reduction r = { .n = n, .size = size, .body = body,
	                       .combine = combine, .ctx = ctx };
	int rc = body && combine && result && size ? 0 : THRUM_EINVAL;

	rc = thrum__entry_begin(&e, pool, n, opts,
	                        TAKES_GRAIN | TAKES_UNORDERED, rc);
	if (rc)
		return rc;
	/* The identity is kept apart: result may not change on failure, and the
	 * unordered combination goes into it. */
	void *identity = thrum__memory_zalloc(64, size);
	if (!identity)
		return thrum__entry_abandon(&e, n, &tally, THRUM_ENOMEM);
	memcpy(identity, result, size);
	r.identity = identity;
	r.leaf = leaf_of(n, e.opts.grain);
	if (n > 0 && e.call.flags & THRUM_UNORDERED)
		rc = run_unordered(&r, &e, result, &tally);
	else if (n > 0)
		run_ordered(&r, &e, result, &tally);
	thrum__memory_free(identity);
	return rc ? thrum__entry_abandon(&e, n, &tally, rc)
	          : thrum__entry_end(&e, n, &tally);
}

void thrum_add_double(void *ctx, void *into, const void *from)
{
	(void)ctx;
	*(double *)into += *(const double *)from;
}

void thrum_add_int64(void *ctx, void *into, const void *from)
{
	uint64_t a, b;

	(void)ctx;
	/* In unsigned: wraps where the sum is past the range. */
	memcpy(&a, into, sizeof a);
	memcpy(&b, from, sizeof b);
	a += b;
	memcpy(into, &a, sizeof a);
}
