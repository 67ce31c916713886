/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* loop.c - to run a body over indices
 *
 * Three ways, as the session says.
 *
 * With a team, the indices are cut into at most 65 535 blocks, as a range word
 * counts. Each member starts with its static block of them, the same for the
 * same n and number of workers, so that a repeated loop finds its data where it
 * left it; it claims chunks of about 2 us from the front, and steals when its
 * own are gone (worker.c).
 *
 * Nested, the loop is one piece of work that splits when somebody is hungry: the
 * back half becomes a task in the deque. Nobody hungry, and it costs its chunks
 * and nothing else. What a piece gave away it joins at its end, the last first.
 *
 * Alone, the caller runs it in order; in chunks only if somebody watches.
 *
 * What is divided are positions. Position p is index p; with THRUM_LAST_FIRST
 * index n - 1 - p, so that what is dear at the end is begun first, and by the
 * caller, who has the first positions. Only run() knows of it.
 *
 * A loop that was short the last times is begun alone even where there are
 * others: to share it would cost more than it is worth. If it lasts longer this
 * time, what is left of it is shared. The time per index is remembered by the
 * address of the body (site.h).
 */
#include "config.h"

#include "loop.h"

#include "clock.h"
#include "join.h"
#include "policy.h"
#include "pool.h"
#include "session.h"
#include "site.h"
#include "worker.h"

#include <string.h>

/* Bodies */

bool thrum__loop_gave_up(struct call *call, int code)
{
	return (code == THRUM_ECANCELED || code == THRUM_ETIMEDOUT)
	       && thrum__call_stopping(call) != STOP_NOT;
}

static void count_done(struct call *call, struct thrum_task *task,
                       size_t begin, size_t end, struct tally *tally)
{
	tally->done += end - begin;
	if (call->meter && end > begin)
		thrum__meter_add(call->meter, (unsigned)task->number,
		                 end - begin, 0);
	for (size_t i = begin; call->status && i < end; i++)
		call->status[i] = 0;
}

void thrum__loop_count_failed(struct call *call, struct thrum_task *task,
                              size_t i, int code, struct tally *tally)
{
	thrum__tally_fail(tally, i, code);
	if (call->meter)
		thrum__meter_add(call->meter, (unsigned)task->number, 0, 1);
	if (call->status)
		call->status[i] = code;
	if (!(call->flags & THRUM_KEEP_GOING))
		thrum__call_stop(call, STOP_FAILED);
}

size_t thrum__loop_failed(struct call *call, struct thrum_task *task,
                          size_t begin, size_t end, int code,
                          struct tally *tally)
{
	size_t at = task->failed_at;

	if (at < begin || at >= end)
		at = begin;
	count_done(call, task, begin, at, tally);
	if (thrum__loop_gave_up(call, code))
		return end;
	thrum__loop_count_failed(call, task, at, code, tally);
	return call->flags & THRUM_KEEP_GOING ? at + 1 : end;
}

/* One run of the body. @return the index to go on at. */
static size_t run_once(struct loop *l, struct call *call,
                       struct thrum_task *task, size_t begin, size_t end,
                       struct tally *tally)
{
	struct scratch_mark mark = thrum__scratch_mark(task->scratch);

	task->failed_at = begin;
	int code = l->body(l->ctx, begin, end, task);
	thrum__task_refresh(&call->fpenv);
	thrum__scratch_reset(task->scratch, mark);
	if (code == 0) {
		count_done(call, task, begin, end, tally);
		return end;
	}
	return thrum__loop_failed(call, task, begin, end, code, tally);
}

/* Indices begin <= i < end as one part; after a failure, the rest of it, unless
 * the call is to end: all of them may fail, and each take long. */
static void run_part(struct loop *l, struct call *call, struct thrum_task *task,
                     size_t begin, size_t end, struct tally *tally)
{
	/* Relaxed: see call.c. */
	while (begin < end && thrum__load(&call->stop, relaxed) == STOP_NOT) {
		begin = run_once(l, call, task, begin, end, tally);
		if (begin < end && thrum__call_may_stop(call))
			(void)thrum__call_stopping(call);
	}
}

/* Parts of the full grain, one after the other; at moves on by step, downwards by
 * what wraps round. */
struct row {
	size_t at, step, left;
};

/* Run them until one fails. Between two empty bodies this loop is all there is:
 * a function of its own, so that what it changes stays in registers, 1.5 ns a
 * part, where inlined it takes 2.3. What does not change it loads each time.
 * @return the code of the part at row->at; 0 none failed. */
#if defined(__GNUC__)
__attribute__((noinline))
#endif
static int run_row(const struct loop *l, struct call *call,
                   struct thrum_task *task, struct row *row)
{
	struct scratch_mark mark = thrum__scratch_mark(task->scratch);
	size_t at = row->at, step = row->step, left = row->left;
	int code = 0;

	/* Relaxed: see call.c. */
	for (; left && thrum__load(&call->stop, relaxed) == STOP_NOT;
	     left--, at += step) {
		task->failed_at = at;
		code = l->body(l->ctx, at, at + l->grain, task);
		if (task->scratch->next != mark.next)
			thrum__scratch_reset(task->scratch, mark);
		if (code)
			break;
	}
	row->at = at;
	row->left = left;
	return code;
}

/* Many small parts, while nobody watches: what run_once does for each is done once
 * for all.
 * @return the position to go on at. */
static size_t run_parts(struct loop *l, struct call *call,
                        struct thrum_task *task, size_t begin, size_t end,
                        struct tally *tally)
{
	size_t grain = l->grain, parts = (end - begin) / grain;
	struct row row = {
		.at = l->last_first ? l->n - begin - grain : begin,
		.step = l->last_first ? 0 - grain : grain,
		.left = parts,
	};
	int code = run_row(l, call, task, &row);

	thrum__task_refresh(&call->fpenv);
	parts -= row.left;
	tally->done += parts * grain;
	begin += parts * grain;
	if (!code)
		return begin;
	end = row.at + grain;
	run_part(l, call, task, thrum__loop_failed(call, task, row.at, end,
	                                           code, tally), end, tally);
	return begin + grain;
}

static void run_ranges(struct loop *l, struct call *call,
                       struct thrum_task *task, size_t begin, size_t end,
                       struct tally *tally)
{
	size_t most = l->grain ? l->grain : SIZE_MAX, n = l->n;

	if (end - begin > most && !call->meter && !call->status
	    && !thrum__call_may_stop(call))
		begin = run_parts(l, call, task, begin, end, tally);
	while (begin < end) {
		if (thrum__call_may_stop(call) && thrum__call_stopping(call))
			return;
		size_t to = end - begin > most ? begin + most : end;
		if (l->last_first)
			run_part(l, call, task, n - to, n - begin, tally);
		else
			run_part(l, call, task, begin, to, tally);
		begin = to;
	}
}

static void run_indices(struct loop *l, struct call *call,
                        struct thrum_task *task, size_t begin, size_t end,
                        struct tally *tally)
{
	struct scratch_mark mark = thrum__scratch_mark(task->scratch);
	struct scratch *scratch = task->scratch;
	thrum_map_fn *each = l->each;
	char *results = l->results;
	bool counted = call->meter || call->status;
	bool ask = thrum__call_watched(call), back = l->last_first;
	/* Downwards by adding what wraps round. */
	size_t i = back ? l->n - 1 - begin : begin, step = back ? SIZE_MAX : 1;
	size_t at = i * l->size, stride = step * l->size;
	size_t first = begin, bad = 0;

	for (; begin < end; begin++, i += step, at += stride) {
		/* Relaxed: see call.c. */
		if ((thrum__load(&call->stop, relaxed) || ask)
		    && thrum__call_stopping(call))
			break;
		int code = each(l->ctx, i, results ? results + at : NULL, task);
		if (scratch->next != mark.next)
			thrum__scratch_reset(scratch, mark);
		if (code == 0) {
			if (counted)
				count_done(call, task, i, i + 1, tally);
			continue;
		}
		bad++;
		if (!thrum__loop_gave_up(call, code))
			thrum__loop_count_failed(call, task, i, code, tally);
	}
	/* Not after each: to read the control word takes longer (4.5 ns on a
	 * Zen 5) than all else that a job costs. */
	thrum__task_refresh(&call->fpenv);
	if (!counted)
		tally->done += begin - first - bad;
}

/* Positions begin <= p < end: index p, or n - 1 - p. */
static void run(struct loop *l, struct call *call, struct thrum_task *task,
                size_t begin, size_t end, struct tally *tally)
{
	if (l->run)
		l->run(l, call, task, begin, end, tally);
	else if (l->body)
		run_ranges(l, call, task, begin, end, tally);
	else
		run_indices(l, call, task, begin, end, tally);
}

/* With a team */

static void work(struct call *call, struct thrum_task *task, uint32_t lo,
                 uint32_t hi, struct tally *tally)
{
	struct loop *l = call->shape;
	size_t left = l->n - l->first, begin = lo * l->block;
	size_t end = left / l->block < hi ? left : hi * l->block;

	run(l, call, task, l->first + begin, l->first + end, tally);
}

/* @param ns  What an index took the last times; negative: not known. */
static void run_team(struct loop *l, struct session *s, double ns,
                     struct tally *tally)
{
	size_t left = l->n - l->first;

	l->block = thrum__policy_block(left);
	uint32_t blocks = (uint32_t)((left - 1) / l->block + 1);
	size_t part = blocks / (uint32_t)s->task.n_jobs;
	size_t chunk = thrum__policy_first(ns * (double)l->block, part);
	thrum__team_shape(s->team, l, sizeof *l, (uint32_t)chunk);
	uint64_t deal = thrum__session_publish(s, blocks);
	thrum__worker_finish(s->caller, s->team, deal);
	thrum__team_sum(s->team, deal, tally);
}

/* Nested */

_Static_assert(sizeof(struct loop) <= THRUM__SHAPE_BYTES,
               "a loop must fit the team");

enum { GIVEN_MAX = 64 }; /* halves: more than an index has bits */

struct piece {
	size_t begin, end;
};

/* What a piece hands back through its slot. */
struct piece_result {
	uint64_t done, failed, error_index, chunks;
	int error_code;
};

_Static_assert(sizeof(struct piece_result) <= THRUM__CELL_BYTES,
               "a result must fit the cell");

static void run_piece(struct call *call, struct thrum_task *task,
                      struct piece p, struct tally *tally);

/* The task of a piece that was taken; its call is that of the task. */
static void piece_thunk(thrum_task *task, void *cell)
{
	struct tally t = { 0 };
	struct piece p;

	memcpy(&p, cell, sizeof p);
	run_piece(task->call, task, p, &t);
	struct piece_result r = { t.done, t.failed, t.error_index, t.chunks,
	                          t.error_code };
	memcpy(cell, &r, sizeof r);
}

static void join_piece(struct call *call, struct thrum_task *task,
                       thrum__slot *s, struct piece p, struct tally *tally)
{
	if (thrum__join(task, s)) {
		run_piece(call, task, p, tally);
		return;
	}
	struct piece_result r;
	memcpy(&r, s->cell, sizeof r);
	struct tally t = { .done = r.done, .failed = r.failed,
	                   .error_index = r.error_index,
	                   .error_code = r.error_code, .chunks = r.chunks };
	thrum__tally_merge(tally, &t);
}

/* If a thief asks: the back half of @p p into the deque. @return whether it is
 * there. */
static bool give_half(struct call *call, struct thrum_task *task,
                      struct piece *p, size_t chunk, struct piece *given,
                      thrum__slot **slot)
{
	struct deque *d = &task->worker->deque;
	size_t give = thrum__deque_wanted(d)
		? thrum__policy_split(p->end - p->begin, chunk) : 0;

	if (!give)
		return false;
	*given = (struct piece){ p->end - give, p->end };
	*slot = thrum__deque_push(d, piece_thunk, call, given, sizeof *given);
	if (!*slot)
		return false;
	p->end -= give;
	thrum__worker_expose(task->worker);
	return true;
}

static void run_piece(struct call *call, struct thrum_task *task,
                      struct piece p, struct tally *tally)
{
	struct loop *l = call->shape;
	thrum__slot *slot[GIVEN_MAX];
	struct piece given[GIVEN_MAX];
	size_t left = p.end - p.begin, timed = 0;
	size_t chunk = thrum__policy_first(l->ns, left);
	unsigned unread = 0, every = 1;
	uint64_t since = 0, chunks = 0, before = thrum__tally_jobs(tally);
	int n = 0;

	while (p.begin < p.end) {
		if (n < GIVEN_MAX
		    && give_half(call, task, &p, chunk, &given[n], &slot[n]))
			n++;
		left = p.end - p.begin;
		size_t take = left < chunk ? left : chunk;
		if (left > take && since == 0)
			since = thrum__clock_ns();
		run(l, call, task, p.begin, p.begin + take, tally);
		p.begin += take;
		timed += take;
		chunks++;
		if (take == left || ++unread < every)
			continue;
		uint64_t now = thrum__clock_ns(), ns = now - since;
		size_t next = thrum__policy_chunk(chunk, timed / unread,
		                                  ns / unread, 0);
		tally->timed_ns += ns;
		tally->timed += timed;
		every = thrum__policy_clock(next == chunk);
		chunk = next;
		since = now;
		timed = unread = 0;
	}
	/* What was taken its thief counts. */
	thrum__pool_tell(task, tally, before, chunks);
	while (n-- > 0)
		join_piece(call, task, slot[n], given[n], tally);
}

/* Alone */

static void run_alone(struct loop *l, struct call *call,
                      struct thrum_task *task, struct tally *tally)
{
	uint64_t since, chunks = 0, before = thrum__tally_jobs(tally);
	size_t chunk = 1;

	if (!call->meter && !thrum__call_may_stop(call)) {
		run(l, call, task, l->first, l->n, tally);
		thrum__pool_tell(task, tally, before, 1);
		return;
	}
	since = thrum__clock_ns();
	for (size_t i = l->first, take; i < l->n; i += take) {
		take = l->n - i < chunk ? l->n - i : chunk;
		run(l, call, task, i, i + take, tally);
		chunks++;
		uint64_t now = thrum__clock_ns();
		chunk = thrum__policy_chunk(chunk, take, now - since,
		                            l->n - i - take);
		since = now;
	}
	thrum__pool_tell(task, tally, before, chunks);
}

/* Short loops */

/* Begin alone. @return the first position that is not done. */
static size_t run_short(struct loop *l, struct call *call, struct tally *tally)
{
	struct session s;
	size_t i = 0, take = 1;
	uint64_t begin = thrum__clock_ns(), now = begin, chunks = 0;

	thrum__session_begin_short(&s, call);
	while (i < l->n && now - begin < THRUM__SURPRISE_NS) {
		if (take > l->n - i)
			take = l->n - i;
		run(l, call, &s.task, i, i + take, tally);
		i += take;
		take *= 2;
		chunks++;
		now = thrum__clock_ns();
	}
	thrum__call_mark(call, 0);
	thrum__pool_tell(&s.task, tally, 0, chunks);
	thrum__session_end(&s);
	thrum__site_remember(l->site, (double)(now - begin), (double)i);
	return i;
}

void thrum__loop_run(struct loop *l, struct call *call,
                     const struct thrum_task *within, struct tally *tally)
{
	struct session s;
	double ns = call->n_jobs > 1 ? (double)thrum__site_ns(l->site) : -1;

	call->work = work;
	call->shape = l;
	l->first = 0;
	if (l->n == 0)
		return;
	if (!within && ns >= 0 && ns * (double)l->n < THRUM__SHORT_NS) {
		l->first = run_short(l, call, tally);
		if (l->first >= l->n)
			return;
	}
	thrum__session_begin(&s, call, within, false);
	switch (s.kind) {
	case SESSION_TEAM:
		run_team(l, &s, ns, tally);
		if (tally->timed)
			thrum__site_remember(l->site, (double)tally->timed_ns,
			                     (double)tally->timed
			                     * (double)l->block);
		break;
	case SESSION_NESTED:
		l->ns = ns;
		run_piece(call, &s.task, (struct piece){ l->first, l->n },
		          tally);
		thrum__call_mark(call, s.task.number);
		if (tally->timed)
			thrum__site_remember(l->site, (double)tally->timed_ns,
			                     (double)tally->timed);
		break;
	case SESSION_ALONE:
		run_alone(l, call, &s.task, tally);
		thrum__call_mark(call, 0);
		break;
	}
	thrum__session_end(&s);
}
