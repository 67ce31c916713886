/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* team.c - the workers of one call; see team.h
 *
 * The tables rank[] and member[] are kept from call to call: a program that
 * calls from one thread again and again, on the core it was on before, writes
 * none of them. They are written anew when the caller's
 * worker or the number of workers differ, and while others call, too, as places
 * that callers hold are chosen last.
 */
#include "config.h"

#include "team.h"

#include "affinity.h"
#include "cpus.h"
#include "pool.h"

#include <string.h>

struct worker *thrum__team_member(const struct team *t, unsigned rank)
{
	/* Relaxed: any id is a worker; whether it serves this call is checked
	 * where it matters. */
	return thrum__pool_worker(t->pool,
	                          thrum__load(&t->member[rank], relaxed));
}

static bool take(struct team *t)
{
	uint32_t busy = 0;
	/* Relaxed: a look before the exchange.
	 * [T7] acquire: pairs with [T8] in thrum__team_close: what the last
	 * owner wrote into the team. */
	return !thrum__load(&t->busy, relaxed)
	       && thrum__cas(&t->busy, &busy, 1, acquire);
}

/* The one that this thread had last, or the first that is free: threads that call
 * again and again then keep out of each other's lines. */
static struct team *take_team(struct thrum_pool *pool)
{
	static THRUM__THREAD uint32_t last;
	/* Relaxed: a hint; it is looked at again. */
	uint32_t first = last < thrum__load(&pool->teams, relaxed) ? last : 0;

	for (uint32_t k = 0; k < THRUM__TEAMS; k++) {
		uint32_t i = k == 0 ? first : k <= first ? k - 1 : k;
		struct team *t = thrum__pool_team(pool, i);
		if (!t)
			return NULL;
		if (take(t)) {
			last = i;
			return t;
		}
	}
	return NULL;
}

static bool take_place(struct worker *w)
{
	uint32_t taken = PLACE_FREE;
	/* (FREE) -> (CALLER), after a relaxed look before the exchange.
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

	if (!guest && place >= 0) {
		if (take_place(&pool->worker[at]))
			return &pool->worker[at];
		/* Relaxed: a hint to its resident, for the next call. */
		thrum__store(&pool->worker[at].wanted, true, relaxed);
	}
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
		/* [T3] pairs with [T4] in look_into, turn_waits */
		if (w < pool->places)
			thrum__store(&t->rank[w], THRUM__NO_RANK, release);
	}
	unsigned n = thrum__team_choose(pool, at->id, at->order, within,
	                                n_jobs, id);
	bool clean = !within && at->id < pool->places;
	for (unsigned r = 0; r < n; r++) {
		/* Relaxed: any id will do, see thrum__team_member. */
		thrum__store(&t->member[r], id[r], relaxed);
		/* [T3] pairs with [T4] in look_into, turn_waits */
		if (id[r] < pool->places)
			thrum__store(&t->rank[id[r]], (uint16_t)r, release);
		if (n_jobs < pool->places && r > 0
		    && thrum__worker_held(&pool->worker[id[r]]))
			clean = false; /* it may go to the end the next time */
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
	struct team *t = take_team(pool);
	/* Where others may call and not all places are members, those that are
	 * held are to be the last. */
	bool choosy = t && (uint32_t)*n_jobs < pool->places
	              && (t->number || thrum__load(&pool->teams, relaxed) > 1);
	struct worker *at = t ? seat_caller(pool, t, within != NULL)
	                      : NULL;

	if (at && !at->order)
		at->order = thrum__pool_order(pool, at->id);
	if (!at || !at->order) {
		if (at)
			leave_place(at);
		if (t)
			/* [T8] pairs with [T7] in take */
			thrum__store(&t->busy, 0u, release);
		return NULL;
	}
	if (within || choosy || !t->built_clean || t->built_for != at->id
	    || t->built_size != (uint32_t)*n_jobs)
		write_tables(t, at, within, (unsigned)*n_jobs);
	*n_jobs = (int)thrum__load(&t->size, relaxed); /* its own */
	*caller = at;
	return t;
}

/* Write where it differs: lines that stay as they are stay in the caches of all.
 * Padding may differ: then it is a copy too many. */
static void settle(void *to, const void *from, size_t bytes)
{
	if (memcmp(to, from, bytes) != 0)
		memcpy(to, from, bytes);
}

struct call *thrum__team_adopt(struct team *t, const struct call *call)
{
	/* Relaxed: published by [T1]. */
	unsigned stop = thrum__load(&call->stop, relaxed);

	settle(&t->call, call, offsetof(struct call, shape));
	if (thrum__load(&t->call.stop, relaxed) != stop)
		thrum__store(&t->call.stop, stop, relaxed);
	if (thrum__load(&t->call.steals, relaxed) != 0)
		thrum__store(&t->call.steals, 0, relaxed);
	if (thrum__load(&t->call.woken, relaxed) != 0)
		thrum__store(&t->call.woken, 0, relaxed);
	return &t->call;
}

void thrum__team_shape(struct team *t, const void *shape, size_t bytes,
                       uint32_t chunk)
{
	settle(t->shape, shape, bytes);
	if (t->call.shape != t->shape)
		t->call.shape = t->shape;
	if (t->call.chunk != chunk)
		t->call.chunk = chunk;
}

/* So that no word lags by THRUM__LAG calls. No member claims or counts while no
 * call is published; see range.h for those that were held up. */
static void write_anew(struct team *t, uint32_t epoch)
{
	for (uint32_t r = 0; r <= t->pool->places; r++) {
		thrum__range_set(&t->seat[r].range, epoch - 1, 0, 0);
		/* Relaxed: published by [T1]. */
		thrum__store(&t->seat[r].done.word, (uint64_t)(epoch - 1) << 32,
		             relaxed);
	}
}

uint64_t thrum__team_deal(struct team *t, uint32_t blocks)
{
	/* Relaxed, all: its own. */
	uint32_t epoch = thrum__deal_epoch(thrum__load(&t->deal, relaxed)) + 1;
	uint32_t n = thrum__load(&t->size, relaxed);

	if (epoch % THRUM__LAG == 0)
		write_anew(t, epoch);
	thrum__store(&t->wake_below, blocks < n ? blocks : n, relaxed);
	thrum__store(&t->next_wake, 1, relaxed);
	return thrum__deal_pack(epoch, blocks, n);
}

void thrum__team_publish(struct team *t, uint64_t deal)
{
	/* [T1] pairs with [T2] in look_into, turn_waits, thrum__idle_seen */
	thrum__store(&t->deal, deal, release);
}

void thrum__team_done(struct team *t, uint64_t deal, unsigned rank,
                      uint32_t blocks, const struct tally *tally)
{
	struct done *d = &t->seat[rank].done;
	uint64_t word = thrum__load(&d->word, relaxed); /* its own */

	if (word >> 32 == thrum__deal_epoch(deal)) {
		thrum__tally_merge(&d->tally, tally);
		word += blocks;
	} else {
		d->tally = *tally;
		word = (uint64_t)thrum__deal_epoch(deal) << 32 | blocks;
	}
	/* [L1] pairs with [L2] in thrum__team_complete */
	thrum__store(&d->word, word, release);
}

bool thrum__team_complete(const struct team *t, uint64_t deal,
                          uint32_t blocks)
{
	uint32_t sum = 0;

	for (uint32_t r = 0; r < thrum__deal_ranks(deal); r++) {
		/* [L2] acquire: pairs with [L1] in thrum__team_done */
		uint64_t word = thrum__load(&t->seat[r].done.word, acquire);
		if (word >> 32 == thrum__deal_epoch(deal))
			sum += (uint32_t)word;
	}
	return sum >= blocks;
}

void thrum__team_sum(struct team *t, uint64_t deal, struct tally *tally)
{
	for (uint32_t r = 0; r < thrum__deal_ranks(deal); r++) {
		struct done *d = &t->seat[r].done;
		/* Relaxed: acquired when it was found complete. */
		if (thrum__load(&d->word, relaxed) >> 32
		    == thrum__deal_epoch(deal))
			thrum__tally_merge(tally, &d->tally);
	}
}

void thrum__team_close(struct team *t, struct worker *caller)
{
	leave_place(caller);
	/* [T8] pairs with [T7] in take */
	thrum__store(&t->busy, 0u, release);
}
