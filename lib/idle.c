/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* idle.c - to fall asleep without missing work; see idle.h */
#include "config.h"

#include "idle.h"

void thrum__idle_announce(struct thrum_pool *pool, struct sleeper *s)
{
	/* Relaxed: ordered by the fence. The count first, so that it is never
	 * too low.
	 * [I5] pairs with [I6] in get_up */
	thrum__add(&pool->resting, 1u, relaxed);
	thrum__store(&s->rest, REST_PARKED, release);
	/* [I4] pairs with [I2] in thrum__idle_called, [L3] in share_end, [S3] in
	 * work_on, [A1] in thrum__wake_attend and thrum__wake_stay_out */
	thrum__fence_seq_cst();
}

/* What a sleeper has to see goes with the parker and the bell. */
static bool get_up(struct thrum_pool *pool, struct sleeper *s)
{
	uint32_t rest = REST_PARKED;
	/* (PARKED) -> (AWAKE)
	 * [I6] pairs with [I5] in thrum__idle_announce: counted up, then down */
	if (!thrum__cas(&s->rest, &rest, REST_AWAKE, acquire))
		return false;
	thrum__sub(&pool->resting, 1u, relaxed);
	return true;
}

void thrum__idle_sleep(struct thrum_pool *pool, struct sleeper *s, int64_t ns)
{
	thrum__stats_park(s->stats);
	bool called = thrum__parker_park_for(&s->parker, ns);
	thrum__stats_unpark(s->stats);

	/* The call may have been an old one, of a join that is over. */
	if (!get_up(pool, s) && !called)
		thrum__parker_park(&s->parker); /* one is on its way */
}

void thrum__idle_cancel(struct thrum_pool *pool, struct sleeper *s)
{
	if (!get_up(pool, s))
		thrum__parker_park(&s->parker); /* a call is on its way */
}

bool thrum__idle_wake(struct thrum_pool *pool, struct sleeper *s)
{
	/* Relaxed: a look before the exchange. */
	if (thrum__load(&s->rest, relaxed) != REST_PARKED || !get_up(pool, s))
		return false;
	thrum__parker_unpark(&s->parker);
	return true;
}

bool thrum__idle_rouse(struct worker *w)
{
	/* Relaxed: a look before the exchange. */
	if (thrum__load(&w->home.rest, relaxed) == REST_UNSTARTED)
		return thrum__pool_start(w);
	return thrum__idle_wake(w->pool, &w->home);
}
