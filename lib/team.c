/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* team.c - the workers of one call; see team.h
 *
 * The tables rank[] and member[] are kept from call to call: a program that
 * calls from one thread again and again, on the core it was on before, writes
 * nothing but the ranges and the epoch. They are written anew when the caller's
 * worker or the number of workers differ, and while others call, too, as places
 * that callers hold are chosen last.
 */
#include "config.h"

#include "team.h"

#include "affinity.h"
#include "cpus.h"
#include "idle.h"
#include "pool.h"

struct worker *thrum__team_member(const struct team *t, unsigned rank)
{
	/* Relaxed: any id is a worker; whether it serves this call is checked
	 * where it matters. */
	return thrum__pool_worker(t->pool,
	                          thrum__load(&t->member[rank], relaxed));
}

static struct team *take_team(struct thrum_pool *pool)
{
	for (uint32_t i = 0; i < THRUM__TEAMS; i++) {
		struct team *t = thrum__pool_team(pool, i);
		if (!t)
			return NULL;
		uint32_t busy = 0;
		/* [T7] acquire: pairs with [T8] in thrum__team_close: what the
		 * last owner wrote into the team. */
		if (!thrum__load(&t->busy, relaxed)
		    && thrum__cas(&t->busy, &busy, 1, acquire))
			return t;
	}
	return NULL;
}

static bool take_place(struct worker *w)
{
	uint32_t taken = PLACE_FREE;
	/* (FREE) -> (CALLER)
	 * [W1] pairs with [W2] in leave_place and search: the deque and the
	 * scratch go from thread to thread. */
	return !thrum__load(&w->taken, relaxed)
	       && thrum__cas(&w->taken, &taken, PLACE_CALLER, acquire);
}

/* The place of the core the caller is on, else the nearest free one, else the
 * guest of the team. */
static struct worker *seat_caller(struct thrum_pool *pool, struct team *t,
                                  bool guest)
{
	int place = thrum__plan_place_of_cpu(&pool->plan,
	                                     thrum__affinity_cpu());
	uint32_t at = place < 0 ? 0 : (uint32_t)place;
	const uint16_t *order;

	if (!guest && place >= 0 && take_place(&pool->worker[at]))
		return &pool->worker[at];
	order = thrum__pool_order(pool, at);
	if (!order)
		return NULL;
	for (uint32_t i = 0; !guest && i < pool->places; i++)
		if (take_place(&pool->worker[order[i]]))
			return &pool->worker[order[i]];
	t->guest->order = order;
	t->guest->node = pool->worker[at].node;
	return take_place(t->guest) ? t->guest : NULL;
}

static void leave_place(struct worker *w)
{
	/* (CALLER) -> (FREE)
	 * [W2] pairs with [W1] in take_place and search */
	thrum__store(&w->taken, PLACE_FREE, release);
}

unsigned thrum__team_choose(struct thrum_pool *pool, uint32_t caller,
                            const uint16_t *order,
                            const struct thrum_task *within, unsigned n_jobs,
                            uint16_t *id)
{
	/* Places come and go meanwhile: a worker that is free in the first
	 * round and held in the second must not have two ranks, nor one that
	 * changes the other way none. */
	uint64_t chosen[THRUM__WORKERS_MAX / 64] = { 0 };
	unsigned n = 0;

	id[n++] = (uint16_t)caller;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; n < n_jobs && i < pool->places; i++) {
			const struct worker *w = &pool->worker[order[i]];
			uint64_t bit = (uint64_t)1 << w->id % 64;
			/* Relaxed: a preference only. */
			bool held = thrum__load(&w->taken, relaxed)
			            == PLACE_CALLER;
			if (w->id == caller || chosen[w->id / 64] & bit
			    || (held && round == 0))
				continue;
			/* Relaxed: the call around this one runs, so its team
			 * does not change. */
			if (within && (w == within->worker
			               || thrum__load(&within->call->team
			                              ->rank[w->id], relaxed)
			                  == THRUM__NO_RANK))
				continue;
			chosen[w->id / 64] |= bit;
			id[n++] = (uint16_t)w->id;
		}
	}
	return n;
}

static void write_tables(struct team *t, const struct worker *at,
                         const struct thrum_task *within, unsigned n_jobs)
{
	struct thrum_pool *pool = t->pool;
	unsigned old = thrum__load(&t->size, relaxed); /* its own */
	uint16_t id[THRUM__WORKERS_MAX];

	for (unsigned r = 0; r < old; r++) {
		uint16_t w = thrum__load(&t->member[r], relaxed); /* its own */
		/* [T3] pairs with [T4] in search */
		if (w < pool->places)
			thrum__store(&t->rank[w], THRUM__NO_RANK, release);
	}
	unsigned n = thrum__team_choose(pool, at->id, at->order, within,
	                                n_jobs, id);
	bool clean = !within && at->id < pool->places;
	for (unsigned r = 0; r < n; r++) {
		/* Relaxed: any id will do, see thrum__team_member. */
		thrum__store(&t->member[r], id[r], relaxed);
		/* [T3] pairs with [T4] in search */
		if (id[r] < pool->places)
			thrum__store(&t->rank[id[r]], (uint16_t)r, release);
		if (r > 0 && thrum__load(&pool->worker[id[r]].taken, relaxed)
		             == PLACE_CALLER) /* may have come since */
			clean = false;
	}
	thrum__store(&t->size, n, relaxed); /* bounded by the arrays, always */
	t->built_for = at->id;
	t->built_size = n_jobs;
	t->built_clean = clean;
}

struct team *thrum__team_open(struct thrum_pool *pool, int *n_jobs,
                              const struct thrum_task *within,
                              struct worker **caller)
{
	/* Relaxed: a preference for the choice of places. */
	bool others = thrum__load(&pool->callers, relaxed) > 1;
	struct team *t = take_team(pool);
	struct worker *at = t ? seat_caller(pool, t, within != NULL)
	                      : NULL;

	if (at && !at->order)
		at->order = thrum__pool_order(pool, at->id);
	if (!at || !at->order) {
		if (at)
			leave_place(at);
		if (t)
			/* [T8] pairs with [T7] in take_team */
			thrum__store(&t->busy, 0u, release);
		return NULL;
	}
	if (within || others || !t->built_clean || t->built_for != at->id
	    || t->built_size != (uint32_t)*n_jobs)
		write_tables(t, at, within, (unsigned)*n_jobs);
	*n_jobs = (int)thrum__load(&t->size, relaxed); /* its own */
	*caller = at;
	return t;
}

void thrum__team_deal(struct team *t, uint32_t blocks)
{
	uint32_t epoch = thrum__load(&t->epoch, relaxed) + 1; /* its own */
	uint32_t n = thrum__load(&t->size, relaxed), lo = 0;

	thrum__store(&t->left, blocks, relaxed); /* published by [T1] */
	for (uint32_t r = 0; r < n; r++) {
		uint32_t hi = (uint32_t)((uint64_t)blocks * (r + 1) / n);
		t->seat[r].tally = (struct tally){ 0 };
		thrum__range_set(&t->seat[r].range, epoch, lo, hi);
		lo = hi;
	}
	/* Relaxed: hints. */
	thrum__store(&t->wake_below, blocks < n ? blocks : n, relaxed);
	thrum__store(&t->next_wake, 1, relaxed);
}

uint32_t thrum__team_publish(struct team *t, struct call *call)
{
	uint32_t epoch = thrum__load(&t->epoch, relaxed) + 1; /* its own */
	t->call = call;
	/* (even) -> (odd)
	 * [T1] pairs with [T2] in search and thrum__idle_seen */
	thrum__store(&t->epoch, epoch, release);
	return epoch;
}

/* Nobody to be woken, at a look: the usual case when calls follow each other
 * closely. The residents of places that callers hold rest all the time, so the
 * count of those that rest does not tell. */
static bool all_awake(const struct team *t)
{
	/* Relaxed all: who is woken is a matter of speed. */
	uint32_t below = thrum__load(&t->wake_below, relaxed);
	uint32_t r = thrum__load(&t->next_wake, relaxed);

	if (below > r + 8)
		return false;
	for (; r < below; r++)
		if (thrum__load(&thrum__team_member(t, r)->home.rest, relaxed)
		    != REST_AWAKE)
			return false;
	return true;
}

void thrum__team_wake(struct team *t)
{
	unsigned woken = 0;

	if (all_awake(t))
		return;
	/* Relaxed all: as above. */
	while (woken < thrum__policy_wakes()
	       && thrum__load(&t->pool->resting, relaxed)) {
		if (thrum__load(&t->next_wake, relaxed)
		    >= thrum__load(&t->wake_below, relaxed))
			return;
		uint32_t r = thrum__add(&t->next_wake, 1u, relaxed);
		if (r >= thrum__load(&t->wake_below, relaxed))
			return;
		woken += thrum__idle_rouse(thrum__team_member(t, r));
	}
}

void thrum__team_wake_callers(struct thrum_pool *pool)
{
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&pool->teams, acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct team *t = thrum__load(&pool->team[i], relaxed);
		/* Relaxed: to wake one too many is well. */
		if (thrum__load(&t->epoch, relaxed) & 1)
			(void)thrum__idle_wake(pool,
			                       &thrum__team_member(t, 0)->seat);
	}
}

void thrum__team_close(struct team *t, struct worker *caller)
{
	struct thrum_pool *pool = t->pool;
	uint32_t epoch = thrum__load(&t->epoch, relaxed); /* its own */

	/* (odd) -> (even)
	 * [T1] pairs with [T2] in search and thrum__idle_seen */
	if (epoch & 1)
		thrum__store(&t->epoch, epoch + 1, release);
	leave_place(caller);
	/* [T8] pairs with [T7] in take_team */
	thrum__store(&t->busy, 0u, release);
	/* Relaxed: a hint, for speed. If others call, the resident that had to
	 * keep out may be one of their members. */
	if (thrum__load(&pool->callers, relaxed) > 1
	    && caller->id < pool->places)
		(void)thrum__idle_wake(pool, &caller->home);
}
