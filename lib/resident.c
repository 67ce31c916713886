/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* resident.c - the life of the threads that a pool keeps
 *
 * A resident looks through the calls that run, takes part in those that it is a
 * member of, spins for a while, sleeps (idle.h), and begins again.
 *
 * It shares its core with whoever calls from there. While a caller has the place,
 * the resident keeps out. It is not woken when the caller leaves: that would be
 * to take the core from the caller just when the place is free, and callers
 * mostly come again at once; with two of them on two cores, each call of one then
 * has a block in the hands of a thread that waits for a core. It looks again by
 * itself after 1 ms, 2 ms, and so on, by when it comes at most twice as late as it
 * might. The other way round, a caller that finds the place of its core taken by
 * the resident says so (`wanted`), and has it for its next call.
 */
#include "config.h"

#include "clock.h"
#include "idle.h"
#include "policy.h"
#include "pool.h"
#include "wake.h"
#include "worker.h"

/* Take part in the call that runs on @p t, if @p w is a member, and in those that
 * follow it closely, for a while: others may call, too.
 * @param here  The place is ours.
 * @param kept_out  Set to true if it is not, and there is something to do. */
static bool look_into(struct worker *w, struct team *t, bool here,
                      bool *kept_out)
{
	bool any = false;

	for (unsigned k = 0; k < thrum__policy_calls_in_a_row(); k++) {
		/* [T2] pairs with [T1] in thrum__team_publish */
		uint64_t deal = thrum__load(&t->deal, acquire);
		/* [T4] pairs with [T3] in write_tables */
		unsigned rank = thrum__load(&t->rank[w->id], acquire);
		if (rank == 0 || rank >= thrum__deal_ranks(deal))
			return any; /* also: no rank */
		if (here) {
			thrum__wake_attend(w, t);
			any |= thrum__worker_take_part(w, t, deal, rank);
		} else if (!thrum__worker_turn_outside(w, t, deal, rank)
		           && thrum__team_open_still(t)) {
			thrum__wake_stay_out(w, t, deal, rank);
			*kept_out = true;
		}
		/* Relaxed: hints, read again above. */
		if (!here || thrum__load(&w->wanted, relaxed)
		    || thrum__load(&t->deal, relaxed) == deal)
			break;
	}
	return any;
}

/* Look through the calls that run for one that @p w is a member of.
 * @param kept_out  Out: there is one, but a caller has the place, or wants it:
 *                  it makes calls on this core, and has to share it. What a
 *                  member leaves behind is for others. */
static bool search(struct worker *w, bool *kept_out)
{
	struct thrum_pool *pool = w->pool;
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&pool->teams, acquire);
	uint32_t taken = PLACE_FREE;
	bool any = false;

	*kept_out = false;
	/* (FREE) -> (RESIDENT)
	 * [W1] pairs with [W2] in search and leave_place */
	bool here = thrum__cas(&w->taken, &taken, PLACE_RESIDENT, acquire);
	if (here) {
		w->order = thrum__pool_order(pool, w->id);
		thrum__store(&w->wanted, false, relaxed); /* a hint, before */
	}
	for (uint32_t i = 0; i < n; i++)
		any |= look_into(w, thrum__load(&pool->team[i], relaxed), here,
		                 kept_out);
	if (!here)
		return any;
	*kept_out = thrum__load(&w->wanted, relaxed);
	/* (RESIDENT) -> (FREE)
	 * [W2] pairs with [W1] in search and take_place */
	thrum__store(&w->taken, PLACE_FREE, release);
	return any && !*kept_out;
}

/* What a resident keeps from one rest to the next. */
struct habits {
	uint64_t spin_ns; /* before it sleeps */
	int64_t kept_ns;  /* at most, if it is kept out; 0 it was not */
};

/* A call waits for the resident of @p w to have its turn, which nobody else can
 * take. Who is kept out has to see that before it sleeps: the caller did not call
 * it if it saw it awake, and would wait until it looks again by itself. */
static bool turn_waits(const struct worker *w)
{
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&w->pool->teams, acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct team *t = thrum__load(&w->pool->team[i], relaxed);
		/* [T2] pairs with [T1] in thrum__team_publish */
		uint64_t deal = thrum__load(&t->deal, acquire);
		/* [T4] pairs with [T3] in write_tables */
		unsigned rank = thrum__load(&t->rank[w->id], acquire);
		if (rank != 0 && rank < thrum__deal_ranks(deal)
		    && thrum__range_has_turn(&t->seat[rank].range,
		                             thrum__deal_epoch(deal)))
			return true;
	}
	return false;
}

/* Spin, then sleep. Who is kept out of a call does not spin, on the core of a
 * caller, and looks again after a while. To be woken by the caller as that leaves
 * would be to take the core from it just when its place is free, and it mostly
 * comes again at once. */
static void rest(struct worker *w, uint32_t seen, bool kept_out,
                 struct habits *h)
{
	struct thrum_pool *pool = w->pool;

	/* Nothing to do for a while: time for what calls do not wait for. */
	if (!kept_out && (thrum__worker_spin(w, seen, NULL, 0, h->spin_ns)
	                  || thrum__machine_complete()))
		return;
	h->kept_ns = kept_out ? thrum__policy_kept_ns(h->kept_ns) : 0;
	if (kept_out)
		thrum__store(&w->kept, true, relaxed); /* a hint */
	uint64_t since = thrum__clock_ns();
	/* Relaxed: whom it was woken for is not known. */
	thrum__store(&w->attends, 0, relaxed);
	thrum__idle_announce(pool, &w->home);
	/* Ordered by [I4]; acquired by [I3] in the next round. New calls are
	 * nothing to who is kept out, but for those that wait for it. */
	if ((thrum__idle_seen(pool) != seen && (!kept_out || turn_waits(w)))
	    || thrum__load(&pool->stop, relaxed))
		thrum__idle_cancel(pool, &w->home);
	else
		thrum__idle_sleep(pool, &w->home, kept_out ? h->kept_ns : -1);
	if (kept_out)
		thrum__store(&w->kept, false, relaxed); /* a hint */
	else
		h->spin_ns = thrum__policy_spin_next(pool->spin_ns, h->spin_ns,
		                                     thrum__clock_ns() - since);
}

/* The thread of @p w ends. Somebody may wait for it to have a turn. */
static void die(struct worker *w)
{
	/* Relaxed: who waits looks again after the bell. */
	thrum__store(&w->home.rest, REST_DEAD, relaxed);
	(void)thrum__idle_ring(w->pool);
	thrum__wake_callers(w->pool);
}

void *thrum__worker_main(void *arg)
{
	struct worker *w = arg;
	struct thrum_pool *pool = w->pool;
	int before;

	/* Calls wait for this thread: it may not end in the middle of a body,
	 * though the program may have got hold of it there. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	thrum__pool_settle(w);
	if (pool->start && pool->start(pool->ctx, (int)w->id) != 0) {
		/* One less; the place is not tried again. */
		thrum__or(&pool->notes, THRUM_NOTE_THREADS, relaxed);
		die(w);
		return NULL;
	}
	/* A hint: to who wakes, starting is as good. */
	thrum__store(&w->home.rest, REST_AWAKE, relaxed);
	struct habits habits = { pool->spin_ns, 0 };
	bool kept_out;
	for (;;) {
		uint32_t seen = thrum__idle_seen(pool);
		/* Relaxed: stop comes with a ring of the bell. */
		if (thrum__load(&pool->stop, relaxed))
			break;
		if (!search(w, &kept_out))
			rest(w, seen, kept_out, &habits);
	}
	if (pool->end)
		(void)pool->end(pool->ctx, (int)w->id);
	die(w);
	return NULL;
}
