/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fold.c - the tree of a reduction, as one worker makes it; see fold.h */
#include "config.h"

#include "fold.h"

#include "join.h"
#include "loop.h"
#include "policy.h"
#include "pool.h"
#include "worker.h"

#include <string.h>

/* What a thief is handed, and hands back, through the slot. */
struct order {
	size_t first, end;
	void *into;
};

#define CELL_PARTIAL 40u

enum { FOLD_LONG = 1024 }; /* indices: a leaf from then on is long */

struct answer {
	uint32_t whole; /* then the partial, if it fits, else the counts */
	int error_code;
	union {
		unsigned char partial[CELL_PARTIAL];
		struct {
			uint64_t done, failed, error_index, chunks;
		} count;
	} u;
};

_Static_assert(sizeof(struct order) <= THRUM__CELL_BYTES
               && sizeof(struct answer) <= THRUM__CELL_BYTES,
               "both fit the cell");

/* Sums are what is added up most, and a call of memcpy takes longer than to
 * combine them. */
static void copy(void *to, const void *from, size_t size)
{
	if (size == sizeof(double))
		memcpy(to, from, sizeof(double));
	else
		memcpy(to, from, size);
}

/* The index that leaf @p k begins at. */
static size_t index_of(const struct reduction *r, size_t k)
{
	return k < r->leaves ? k * r->leaf : r->n;
}

/* Leaves on the left of a tree of @p leaves, of two at least. */
static size_t left_of(size_t leaves)
{
	size_t p = 1;
	while (p < leaves - p)
		p *= 2;
	return p;
}

static size_t depth_of(size_t leaves)
{
	size_t depth = 0;
	for (size_t x = leaves - 1; x; x /= 2)
		depth++;
	return depth;
}

/* Where the partial of gift @p i goes. */
static char *into_of(const struct fold *f, unsigned i)
{
	return f->roof - (i + 1) * f->stride;
}

bool thrum__fold_begin(struct fold *f, struct reduction *r, size_t first,
                       size_t end, struct scratch *scratch,
                       struct tally *tally)
{
	size_t room = depth_of(end - first) + 1, bytes;

	f->r = r;
	f->task = NULL;
	f->tally = tally;
	f->first = f->next = f->node = first;
	f->end = end;
	f->given = 0;
	f->whole = true;
	f->spoilt = false;
	f->stride = (r->size + FOLD_ALIGN - 1) & ~(size_t)(FOLD_ALIGN - 1);
	f->partial = f->near;
	if (f->stride != FOLD_ALIGN || room > FOLD_NEAR)
		f->partial = f->stride >= r->size
		             && thrum__size_mul(room, f->stride, &bytes)
			? thrum__scratch_take(scratch, bytes) : NULL;
	if (!f->partial)
		return false;
	f->top = f->partial;
	f->roof = f->partial + room * f->stride;
	return true;
}

/* Leaves */

/* Run the body over one, into @p into. @return false if it was not run, or
 * failed. */
static inline bool run_leaf(struct fold *f, struct call *call,
                            struct thrum_task *task, size_t begin, size_t end,
                            void *into)
{
	const struct reduction *r = f->r;

	if (thrum__call_may_stop(call) && thrum__call_stopping(call))
		return false;
	copy(into, r->identity, r->size);
	task->failed_at = begin;
	int code = r->body(r->ctx, begin, end, into, task);
	if (code) {
		(void)thrum__loop_failed(call, task, begin, end, code,
		                         f->tally);
		return false;
	}
	if (call->meter)
		thrum__meter_add(call->meter, (unsigned)task->number,
		                 end - begin, 0);
	return true;
}

/* To read the control words takes as long as to add up fifty numbers. So it is
 * done after the first leaf and the first combination, and when leaves are over
 * for now; after each, if one had changed the words; and after each leaf that is
 * long. */
static void look_at_words(struct fold *f)
{
	const struct fpenv *of_call = &f->task->call->fpenv;
	struct fpenv now = thrum__fpenv_get();

	if (thrum__fpenv_same(&now, of_call))
		return;
	f->spoilt = true;
	thrum__fpenv_set(of_call);
}

static inline void combine(const struct fold *f, void *into, const void *from)
{
	f->r->combine(f->r->ctx, into, from);
	if (f->spoilt)
		thrum__task_refresh(&f->task->call->fpenv);
}

/* Combine the two newest. @return where the second was. */
static inline char *combine_top(const struct fold *f, char *top)
{
	top -= f->stride;
	combine(f, top - f->stride, top);
	return top;
}

/* Gifts */

static void fold_thunk(thrum_task *task, void *cell)
{
	struct tally t = { 0 };
	struct order o;
	struct fold f;
	struct answer a = { .whole = 0 };
	const void *value = NULL;

	memcpy(&o, cell, sizeof o);
	if (thrum__fold_begin(&f, task->call->shape, o.first, o.end,
	                      task->scratch, &t)) {
		thrum__fold_run(&f, task, o.end);
		value = thrum__fold_end(&f);
	} else {
		thrum__tally_fail(&t, index_of(f.r, o.first), THRUM_ENOMEM);
		thrum__call_stop(task->call, STOP_FAILED);
	}
	if (value) {
		a.whole = 1;
		memcpy(f.r->size <= CELL_PARTIAL ? a.u.partial : o.into, value,
		       f.r->size);
	} else {
		a.error_code = t.error_code;
		a.u.count.done = t.done;
		a.u.count.failed = t.failed;
		a.u.count.error_index = t.error_index;
		a.u.count.chunks = t.chunks;
	}
	memcpy(cell, &a, sizeof a);
}

/* Let thieves have the largest subtree that is not begun; the next leaf is
 * @p next. */
static void give(struct fold *f, size_t next)
{
	struct worker *w = f->task->worker;
	size_t mid = 0;

	while (f->end - f->node > 1) {
		mid = f->node + left_of(f->end - f->node);
		if (next < mid)
			break;
		f->node = mid;
	}
	if (f->end - f->node <= 1)
		return;
	struct gift *g = &f->gift[f->given];
	struct order o = { mid, f->end, into_of(f, f->given) };
	*g = (struct gift){ .node = f->node, .mid = mid, .end = f->end };
	g->slot = thrum__deque_push(&w->deque, fold_thunk, f->task->call, &o,
	                            sizeof o);
	if (!g->slot)
		return;
	f->given++;
	f->end = mid;
	thrum__worker_expose(w);
}

static inline bool is_asked(const struct fold *f, const struct thrum_task *task)
{
	const struct deque *d;

	if (!task->worker)
		return false;
	d = &task->worker->deque;
	return thrum__deque_wanted(d)
	       || (f->r->ahead && !thrum__deque_shows(d));
}

/* The partial of a gift that somebody took is there: combine what is done with
 * it, or learn that it is not whole. */
static void unwrap(struct fold *f, const struct gift *g)
{
	void *into = into_of(f, f->given);
	struct answer a;

	memcpy(&a, g->slot->cell, sizeof a);
	if (!a.whole) {
		struct tally t = { .done = a.u.count.done,
		                   .failed = a.u.count.failed,
		                   .error_index = a.u.count.error_index,
		                   .error_code = a.error_code,
		                   .chunks = a.u.count.chunks };
		thrum__tally_merge(f->tally, &t);
		f->whole = false;
		return;
	}
	f->tally->done += index_of(f->r, g->end) - index_of(f->r, g->mid);
	f->tally->chunks += g->end - g->mid;
	if (!f->whole)
		return;
	if (f->r->size <= CELL_PARTIAL)
		memcpy(into, a.u.partial, f->r->size);
	combine(f, f->top - f->stride, into);
	look_at_words(f);
}

void thrum__fold_run(struct fold *f, struct thrum_task *task, size_t until)
{
	const struct reduction *r = f->r;
	struct call *call = task->call;
	struct scratch_mark mark = thrum__scratch_mark(task->scratch);
	size_t next = f->next, begin = index_of(r, next), from = begin, end;
	uint64_t before = thrum__tally_jobs(f->tally);
	uint64_t failed = f->tally->failed;
	char *top = f->top;

	f->task = task;
	for (; f->whole && next < f->end && next < until; begin = end) {
		if (is_asked(f, task))
			give(f, next);
		end = index_of(r, next + 1);
		if (!run_leaf(f, call, task, begin, end, top))
			f->whole = false;
		if (task->scratch->next != mark.next)
			thrum__scratch_reset(task->scratch, mark);
		if (!f->whole)
			break;
		if (f->spoilt || r->leaf >= FOLD_LONG)
			thrum__task_refresh(&call->fpenv);
		top += f->stride;
		next++;
		for (size_t i = next - f->first; i % 2 == 0; i /= 2)
			top = combine_top(f, top);
		if (next - f->first <= 2 && next < until)
			look_at_words(f);
	}
	look_at_words(f);
	f->tally->done += begin - from;
	thrum__pool_tell(task, f->tally, before,
	                 next - f->next + f->tally->failed - failed);
	f->next = next;
	f->top = top;
}

/* Where the newest partial begins, if only leaves were counted: each is as long
 * as the lowest bit of where it ends. */
static size_t newest(const struct fold *f)
{
	size_t end = f->next - f->first;
	return f->first + (end & (end - 1));
}

/* The newest partial begins at @p at: make it that of the subtree from @p node
 * on, of which it is the right end. */
static void complete(struct fold *f, size_t at, size_t node)
{
	if (at == node)
		return;
	for (at -= f->first, node -= f->first; at > node; at &= at - 1)
		f->top = combine_top(f, f->top);
	look_at_words(f);
}

const void *thrum__fold_end(struct fold *f)
{
	size_t at = newest(f);

	while (f->given) {
		struct gift *g = &f->gift[--f->given];
		if (f->whole)
			complete(f, at, g->node);
		f->end = g->end;
		if (thrum__join(f->task, g->slot)) {
			f->node = g->mid;
			thrum__fold_run(f, f->task, f->end);
			at = newest(f);
		} else {
			unwrap(f, g);
			f->next = g->end;
			at = g->node;
		}
	}
	if (f->whole)
		complete(f, at, f->first);
	return f->whole ? f->partial : NULL;
}
