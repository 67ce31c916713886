/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* reduce.c - many values into one, with the same bits every time
 *
 * The tree of thrum/reduce.h is made by a fold (fold.h): the caller begins, and
 * gives subtrees to workers that ask. One that was short the last times is the
 * caller's alone, without a team, as long as its first leaves do not tell
 * otherwise; then it goes on with others from where it is.
 *
 * Unordered, it is a loop: each worker adds ranges, as they come, to a partial
 * of its own, and the caller combines these.
 *
 * `result` is the identity until all is done, and only then written.
 */
#include "config.h"

#include "clock.h"
#include "entry.h"
#include "fold.h"
#include "loop.h"
#include "policy.h"
#include "session.h"
#include "site.h"

#include <string.h>
#include <thrum/reduce.h>

/* In order */

/* Begin alone, and stay so unless it turns out to be long.
 * @return the value; NULL if not all was run. */
static const void *fold_short(struct fold *f, struct call *call)
{
	size_t leaves = f->end, trial = thrum__policy_trial(leaves);
	const void *value = NULL;
	struct session s;
	uint64_t since;

	thrum__session_begin_short(&s, call);
	since = trial < leaves ? thrum__clock_ns() : 0;
	thrum__fold_run(f, &s.task, trial);
	if (trial < leaves
	    && thrum__policy_still_short(leaves, trial,
	                                 thrum__clock_ns() - since))
		thrum__fold_run(f, &s.task, leaves);
	if (f->next == leaves)
		value = thrum__fold_end(f);
	thrum__call_mark(call, 0);
	thrum__session_end(&s);
	return value;
}

/* Go on with others. @return the value; NULL if not all was run. */
static const void *fold_shared(struct fold *f, struct entry *e)
{
	struct reduction *r = f->r;
	struct session s;
	uint64_t begin = 0;
	size_t from = f->next;

	thrum__session_begin(&s, &e->call, e->within, false);
	s.task.call->shape = r;
	if (s.kind == SESSION_TEAM) {
		(void)thrum__session_publish(&s, 0);
		begin = thrum__clock_ns();
	}
	thrum__fold_run(f, &s.task, f->end);
	if (s.kind == SESSION_TEAM && f->whole)
		thrum__site_remember((uintptr_t)r->body,
		                     (double)(thrum__clock_ns() - begin),
		                     (double)(f->next - from)
		                     * (double)r->leaf);
	const void *value = thrum__fold_end(f);
	thrum__call_mark(&e->call, s.task.number);
	thrum__session_end(&s);
	return value;
}

/* Not worth a team, as far as one can tell. */
static bool seems_short(const struct reduction *r, double ns)
{
	return r->leaves == 1
	       || (ns >= 0 && ns * (double)r->n < THRUM__SHORT_NS);
}

static void run_ordered(struct reduction *r, struct entry *e, void *result,
                        struct tally *tally)
{
	bool outside = e->call.n_jobs > 1 && !e->within;
	double ns = outside ? (double)thrum__site_ns((uintptr_t)r->body) : -1;
	struct scratch scratch = { 0 };
	const void *value = NULL;
	struct fold f;

	r->ahead = outside && thrum__policy_ahead(ns * (double)r->leaf);
	if (!thrum__fold_begin(&f, r, 0, r->leaves, &scratch, tally)) {
		thrum__tally_fail(tally, 0, THRUM_ENOMEM);
		return;
	}
	if (outside && seems_short(r, ns))
		value = fold_short(&f, &e->call);
	if (!value && f.whole)
		value = fold_shared(&f, e);
	if (value)
		memcpy(result, value, r->size);
	thrum__scratch_free(&scratch);
}

/* Unordered */

/* Partials of the workers, and which of them are in use. */
struct heap {
	const struct reduction *r;
	char *partial;
	size_t stride;
	bool *used;
};

static int add_range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct heap *h = ctx;
	const struct reduction *r = h->r;
	void *partial = h->partial + (size_t)task->number * h->stride;

	if (!h->used[task->number]) {
		memcpy(partial, r->identity, r->size);
		h->used[task->number] = true;
	}
	return r->body(r->ctx, begin, end, partial, task);
}

static int run_unordered(struct reduction *r, struct entry *e, void *result,
                         struct tally *tally)
{
	size_t workers = (size_t)e->call.n_jobs, bytes;
	struct heap h = { .r = r };
	struct loop loop;

	thrum__loop_init(&loop, r->n, &h, (uintptr_t)r->body);
	loop.body = add_range;
	loop.grain = e->opts.grain;

	h.stride = (r->size + THRUM__LINE - 1) & ~(size_t)(THRUM__LINE - 1);
	if (h.stride < r->size
	    || !thrum__size_mul(workers, h.stride, &bytes))
		return THRUM_ENOMEM;
	h.partial = thrum__memory_zalloc(THRUM__LINE, bytes);
	h.used = thrum__memory_zalloc(64, workers * sizeof *h.used);
	if (h.partial && h.used)
		thrum__loop_run(&loop, &e->call, e->within, tally);
	if (h.partial && h.used && tally->done == r->n)
		for (size_t w = 0; w < workers; w++)
			if (h.used[w])
				r->combine(r->ctx, result,
				           h.partial + w * h.stride);
	int rc = h.partial && h.used ? 0 : THRUM_ENOMEM;
	thrum__memory_free(h.partial);
	thrum__memory_free(h.used);
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
	struct reduction r;
	int rc = body && combine && result && size ? 0 : THRUM_EINVAL;

	rc = thrum__entry_begin(&e, pool, n, opts,
	                        TAKES_GRAIN | TAKES_UNORDERED, rc);
	if (rc)
		return rc;
	/* Member by member; see fill_call in entry.c. */
	r.n = n;
	r.size = size;
	r.body = body;
	r.combine = combine;
	r.ctx = ctx;
	r.identity = result;
	r.ahead = false;
	r.leaf = leaf_of(n, e.opts.grain);
	r.leaves = n / r.leaf + (n % r.leaf != 0);
	if (n > 0 && e.call.flags & THRUM_UNORDERED)
		rc = run_unordered(&r, &e, result, &tally);
	else if (n > 0)
		run_ordered(&r, &e, result, &tally);
	return rc ? thrum__entry_abandon(&e, n, &tally, rc)
	          : thrum__entry_end(&e, n, &tally);
}
