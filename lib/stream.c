/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stream.c - work on items as they come, with a bound on how many exist
 *
 * The calling thread pulls, delivers, and works on items in between; the other
 * workers take items from the feed of the team, oldest first. An item goes
 *
 *   spare -> next() -> feed, line -> work() -> state -> consume() -> spare
 *
 * and as the number of items that are not spare never passes pre_dispatch, no
 * more are ever alive.
 *
 *   worker                                caller
 *   work()                                state = .. of the head [S2] acquire
 *   state = DONE           [S1] release   consume()
 *
 * The caller sleeps when there is nothing to pull, to deliver or to work on.
 * Then an item is out, in the hands of a worker, whose completion wakes it:
 *
 *   worker                                caller
 *   state = DONE           [S1]           rest = PARKED
 *   [S3] fence seq_cst                    [I4] fence seq_cst
 *   rest of the caller PARKED? wake       look at the states again
 *
 * They cannot both overlook the other; see idle.h.
 *
 * After [S1] a worker touches nothing of the stream: the caller may be gone.
 * Which worker to wake it has read before, and workers stay.
 *
 * Unordered, completed items form a list: a worker pushes its item, the caller
 * takes the whole list at once (Treiber's stack with one consumer that takes
 * all, so that no item can come back to the top under an exchange).
 *
 * A failure. `limit` is the lowest index that failed. Items from there on are
 * not worked on any more; items before it are, and are delivered, so that an
 * ordered consumer has seen exactly the items before the one that failed.
 */
#include "config.h"

#include "clock.h"
#include "entry.h"
#include "idle.h"
#include "items.h"
#include "pool.h"
#include "progress.h"
#include "session.h"
#include "wake.h"
#include "worker.h"

#include <string.h>
#include <thrum/stream.h>

struct stream {
	struct items items;
	thrum_next_fn *next;
	thrum_work_fn *work;
	thrum_consume_fn *consume;
	thrum_close_fn *close;
	void *ctx;
	struct entry *entry;
	struct call *call;         /* I */
	struct worker *caller;     /* I NULL: alone */
	bool ordered, keep_going;  /* I */
	_Atomic uint64_t limit;    /* A */
	_Atomic uint32_t complete; /* A list, unordered: number + 1; 0 empty */
	/* The caller's from here on. */
	uint32_t ready;            /* list taken from complete, oldest first */
	uint64_t pulled;           /* items that next() was asked for */
	bool ended;                /* next() is not asked any more */
	bool at_end;               /* it has said THRUM_END */
	bool dropped;              /* cancelled: nothing is worked on, delivered */
	bool out_of_memory;
	uint64_t out;              /* items not spare */
	struct tally tally;
};

static void lower_limit(struct stream *s, uint64_t index)
{
	uint64_t now = thrum__load(&s->limit, relaxed);

	/* Relaxed: an item that is worked on in vain does no harm; who delivers
	 * the failure lowers it again. */
	while (index < now && !thrum__cas(&s->limit, &now, index, relaxed))
		;
}

/* Workers */

static void work_on(struct stream *s, struct thrum_task *task, uint32_t number)
{
	struct item *it = thrum__items_at(&s->items, number);
	struct worker *caller = s->caller;
	enum item_state state = ITEM_SKIPPED;

	/* Relaxed: too late does no harm, see lower_limit. */
	if (it->index < thrum__load(&s->limit, relaxed)
	    && !thrum__call_stopping(task->call)) {
		struct scratch_mark mark = thrum__scratch_mark(task->scratch);
		it->code = s->work ? s->work(s->ctx, it->data, task) : 0;
		thrum__task_refresh(&task->call->fpenv);
		thrum__scratch_reset(task->scratch, mark);
		thrum__call_mark(task->call, task->number);
		state = it->code == 0 ? ITEM_DONE : ITEM_FAILED;
		if ((it->code == THRUM_ECANCELED
		     || it->code == THRUM_ETIMEDOUT)
		    && thrum__call_stopping(task->call))
			state = ITEM_SKIPPED;
		else
			thrum__pool_count(task, 1, 1);
		if (state == ITEM_FAILED && !s->keep_going)
			lower_limit(s, it->index);
	}
	if (s->ordered) {
		/* [S1] pairs with [S2] in deliver_head */
		thrum__store(&it->state, (uint32_t)state, release);
	} else {
		thrum__store(&it->state, (uint32_t)state, relaxed);
		uint32_t top = thrum__load(&s->complete, relaxed);
		/* (top) -> (number, top)
		 * [S1] pairs with [S2] in take_complete */
		do
			thrum__store(&it->next, top, relaxed);
		while (!thrum__cas(&s->complete, &top, number + 1, release));
	}
	if (!caller || task->worker == caller)
		return;
	/* [S3] pairs with [I4] in thrum__idle_announce */
	thrum__fence_seq_cst();
	if (thrum__idle_wake(caller->pool, &caller->seat))
		thrum__stats_add(&task->worker->at_seat.wakes, 1);
}

static void work(struct call *call, struct thrum_task *task, uint32_t lo,
                 uint32_t hi, struct tally *tally)
{
	(void)hi, (void)tally;
	work_on(call->shape, task, lo);
}

/* The caller: what became of an item */

static void count(struct stream *s, uint64_t done, uint64_t failed)
{
	struct call *call = s->call;

	s->tally.done += done;
	s->tally.chunks += done + failed;
	if (call->meter)
		thrum__meter_add(call->meter, 0, done, failed);
}

static void fail(struct stream *s, uint64_t index, int code)
{
	thrum__tally_fail(&s->tally, index, code);
	count(s, 0, 1);
}

static void stop_at(struct stream *s, uint64_t index)
{
	s->ended = true;
	lower_limit(s, index);
}

/* Deliver an item that a worker has finished with, or drop it. */
static void settle(struct stream *s, uint32_t number)
{
	struct item *it = thrum__items_at(&s->items, number);
	struct call *call = s->call;
	/* Acquired with [S2]. */
	uint32_t state = thrum__load(&it->state, relaxed);
	bool passed = it->index >= thrum__load(&s->limit, relaxed);

	if (state == ITEM_FAILED) {
		fail(s, it->index, it->code);
		if (!s->keep_going)
			stop_at(s, it->index);
	} else if (state == ITEM_DONE && !s->dropped && !passed) {
		int rc = s->consume ? s->consume(s->ctx, it->data) : 0;
		thrum__task_refresh(&call->fpenv);
		if (rc == 0) {
			count(s, 1, 0);
		} else if ((rc != THRUM_ECANCELED && rc != THRUM_ETIMEDOUT)
		           || !thrum__call_stopping(call)) {
			fail(s, it->index, rc);
			stop_at(s, it->index);
		}
	}
	thrum__items_give(&s->items, number);
	s->out--;
}

static bool deliver_head(struct stream *s)
{
	if (!thrum__items_out(&s->items))
		return false;
	uint32_t number = thrum__items_head(&s->items);
	struct item *it = thrum__items_at(&s->items, number);
	/* [S2] pairs with [S1] in work_on */
	if (thrum__load(&it->state, acquire) == ITEM_PENDING)
		return false;
	s->items.head++;
	settle(s, number);
	return true;
}

static bool take_complete(struct stream *s)
{
	/* [S2] pairs with [S1] in work_on */
	uint32_t list = thrum__swap(&s->complete, 0, acquire);

	while (list) { /* reversed: the one completed first comes first */
		struct item *it = thrum__items_at(&s->items, list - 1);
		uint32_t next = thrum__load(&it->next, relaxed);
		thrum__store(&it->next, s->ready, relaxed);
		s->ready = list;
		list = next;
	}
	return s->ready != 0;
}

static bool deliver(struct stream *s)
{
	if (s->ordered)
		return deliver_head(s);
	if (!s->ready && !take_complete(s))
		return false;
	uint32_t number = s->ready - 1;
	s->ready = thrum__load(&thrum__items_at(&s->items, number)->next,
	                       relaxed);
	settle(s, number);
	return true;
}

/* Something to deliver, without taking it. For the look before sleep. */
static bool deliverable(struct stream *s)
{
	if (!s->ordered)
		return s->ready || thrum__load(&s->complete, relaxed);
	/* Relaxed both: looked at again with [S2]. */
	return thrum__items_out(&s->items)
	       && thrum__load(&thrum__items_at(&s->items, thrum__items_head(
			&s->items))->state, relaxed) != ITEM_PENDING;
}

/* The caller: pulling */

static void not_filled(struct stream *s, uint32_t number, int rc)
{
	struct call *call = s->call;

	thrum__items_give(&s->items, number);
	s->ended = true;
	s->at_end = rc == THRUM_END;
	if (s->at_end
	    || ((rc == THRUM_ECANCELED || rc == THRUM_ETIMEDOUT)
	        && thrum__call_stopping(call)))
		return;
	fail(s, s->pulled, rc);
	lower_limit(s, s->pulled);
	s->pulled++;
}

/* Pull an item. @return false if there is none to be had now. */
static bool pull(struct stream *s, uint32_t *number)
{
	if (s->ended || s->out >= s->items.most)
		return false;
	/* Relaxed: too late does no harm, see lower_limit. */
	if (thrum__load(&s->limit, relaxed) != UINT64_MAX) {
		s->ended = true;
		return false;
	}
	if (!thrum__items_take(&s->items, number)) {
		if (s->out == 0) {
			s->out_of_memory = true;
			s->ended = true;
		}
		return false; /* else wait for one to come back */
	}
	struct item *it = thrum__items_at(&s->items, *number);
	int rc = s->next(s->ctx, it->data);
	thrum__task_refresh(&s->call->fpenv);
	if (rc) {
		not_filled(s, *number, rc);
		return false;
	}
	it->index = s->pulled++;
	thrum__store(&it->state, ITEM_PENDING, relaxed); /* comes with [F1] */
	s->out++;
	if (s->ordered)
		thrum__items_append(&s->items, *number);
	if (s->entry->progress)
		thrum__progress_pulled(s->entry->progress, s->pulled);
	return true;
}

/* The caller: alone, and with a team */

static bool look_for_end(struct stream *s)
{
	if (!s->dropped && thrum__call_stopping(s->call)) {
		s->dropped = true;
		s->ended = true;
	}
	return s->ended && s->out == 0;
}

static void run_alone(struct stream *s, struct session *session)
{
	uint32_t number;

	while (!look_for_end(s)) {
		if (!pull(s, &number))
			continue; /* ended, then */
		work_on(s, &session->task, number);
		while (deliver(s))
			;
	}
}

static void feed(struct session *session, uint32_t number)
{
	struct team *t = session->team;

	thrum__feed_put(&t->feed, number);
	if (thrum__idle_ring(t->pool)) {
		/* One more worker for one more item. Relaxed: a hint. */
		thrum__store(&t->next_wake, 1, relaxed);
		thrum__worker_woke(session->caller, session->task.call,
		                   thrum__wake_members(t));
	}
}

static void sleep_until_completion(struct stream *s, struct worker *w,
                                   uint32_t seen)
{
	thrum__idle_announce(w->pool, &w->seat);
	/* The look goes after [I4]; a cancel is seen when an item completes. */
	if (deliverable(s) || thrum__idle_seen(w->pool) != seen)
		thrum__idle_cancel(w->pool, &w->seat);
	else
		thrum__idle_sleep(w->pool, &w->seat, -1);
}

/* The caller while it has nothing to do. */
struct wait {
	uint64_t since, looked; /* 0: it has */
	bool spins;
};

static void spins_no_more(struct worker *w, struct wait *wait)
{
	if (wait->spins)
		thrum__stats_add(&w->at_seat.spins, 1);
	if (wait->spins && w->at_seat.timed)
		thrum__stats_add(&w->at_seat.spin_ns,
		                 wait->looked - wait->since);
	wait->spins = false;
}

static void wait_on(struct stream *s, struct worker *w, uint32_t seen,
                    struct wait *wait)
{
	wait->looked = thrum__clock_ns();
	if (wait->since == 0)
		wait->since = wait->looked;
	if (wait->looked - wait->since < w->pool->spin_ns) {
		wait->spins = true;
		thrum__pause();
	} else {
		spins_no_more(w, wait);
		sleep_until_completion(s, w, seen);
	}
}

static void run_team(struct stream *s, struct session *session)
{
	struct team *t = session->team;
	struct worker *w = session->caller;
	uint64_t deal = thrum__session_publish(session, 0);
	uint32_t number;
	struct wait wait = { 0 };

	thrum__store(&t->wake_below, (uint32_t)session->task.n_jobs, relaxed);
	while (!look_for_end(s)) {
		uint32_t seen = thrum__idle_seen(w->pool);
		bool any = false;
		while (deliver(s))
			any = true;
		while (thrum__feed_waiting(&t->feed) < THRUM__FEED
		       && !deliverable(s) && pull(s, &number)) {
			feed(session, number);
			any = true;
		}
		/* Ended with nothing out: nobody would call. */
		if (any || (s->ended && s->out == 0)
		    || thrum__worker_help(w, t, deal, 0)) {
			spins_no_more(w, &wait);
			wait.since = 0;
		} else {
			wait_on(s, w, seen, &wait);
		}
	}
}

static void close_all(struct stream *s)
{
	for (uint32_t i = 0; s->close && i < s->items.count; i++)
		s->close(s->ctx, thrum__items_at(&s->items, i)->data);
	thrum__items_free(&s->items);
}

static int run(struct stream *s, struct entry *e)
{
	struct session session;
	struct call *call = &e->call;

	call->work = work;
	thrum__session_begin(&session, call, e->within, true);
	s->call = session.task.call;
	s->call->shape = s;
	if (session.kind == SESSION_TEAM) {
		s->caller = session.caller;
		run_team(s, &session);
	} else {
		run_alone(s, &session);
	}
	thrum__session_end(&session);
	close_all(s);
	if (s->out_of_memory)
		return thrum__entry_abandon(e, s->pulled, &s->tally,
		                            THRUM_ENOMEM);
	if (e->progress)
		thrum__progress_total(e->progress, s->pulled);
	/* Cancelled between two items: all are done, but not the stream. */
	if (s->dropped && !s->at_end)
		return thrum__entry_abandon(e, s->pulled, &s->tally,
			thrum__load(&call->stop, relaxed) == STOP_TIMED_OUT
			? THRUM_ETIMEDOUT : THRUM_ECANCELED);
	return thrum__entry_end(e, s->pulled, &s->tally);
}

int thrum_stream(thrum_pool *pool, size_t item_size, thrum_next_fn *next,
                 thrum_work_fn *work_fn, thrum_consume_fn *consume,
                 thrum_close_fn *close, void *ctx, const thrum_opts *opts)
{
	struct entry e;
	struct stream s;
	int rc = item_size && next ? 0 : THRUM_EINVAL;

	rc = thrum__entry_begin(&e, pool, THRUM__JOBS_UNKNOWN, opts,
	                        TAKES_STREAM | TAKES_KEEP_GOING
	                        | TAKES_UNORDERED, rc);
	if (rc)
		return rc;
	memset(&s, 0, sizeof s);
	s.next = next;
	s.work = work_fn;
	s.consume = consume;
	s.close = close;
	s.ctx = ctx;
	s.entry = &e;
	s.ordered = !(e.call.flags & THRUM_UNORDERED);
	s.keep_going = e.call.flags & THRUM_KEEP_GOING;
	thrum__store(&s.limit, UINT64_MAX, relaxed); /* nobody knows it yet */
	size_t most = e.opts.pre_dispatch ? e.opts.pre_dispatch
	                                  : 2 * (size_t)e.call.n_jobs;
	rc = thrum__items_init(&s.items, item_size, most);
	if (rc)
		return thrum__entry_abandon(&e, 0, &s.tally, rc);
	return run(&s, &e);
}
