/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* idle.h - to fall asleep without missing work
 *
 * An event count. What is counted is publications: of a call, of exposed tasks,
 * of a stolen range, of items. A call counts itself by its epoch, which its
 * workers read anyhow; all others ring the bell. The count is their sum, all of
 * which only grow, so it is the same only if none has changed.
 *
 *   publisher                             worker that found nothing
 *   make work visible                     seen = count         [I3] acquire
 *   bell++ or epoch    [I1] release       search: nothing
 *   [I2] fence seq_cst                    resting++; rest = PARKED
 *   read resting, rest                    [I4] fence seq_cst
 *   if any: wake                          count == seen ? sleep : search again
 *
 * Claim: they cannot both overlook the other. One fence is first in the single
 * order of seq_cst fences. If it is [I2], the worker reads the new count and
 * does not sleep; and if the count was new already at [I3], the search saw the
 * work. If it is [I4], the publisher reads the worker's PARKED and wakes it.
 *
 * Waking: PARKED [I5] -> AWAKE [I6] by compare-and-swap, so one waker wins, and
 * only then the parker is called. A worker that changes its mind does the same
 * exchange; if it loses, a call is on its way, and it takes that call before it
 * goes on.
 * A worker whose thread does not exist yet rests too: to wake it is to start it.
 */
#ifndef THRUM__IDLE_H
#define THRUM__IDLE_H

#include "pool.h"
#include "worker.h"

/** The count, to be read before a search. */
static inline uint32_t thrum__idle_seen(const struct thrum_pool *pool)
{
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&pool->teams, acquire);
	/* [I3] pairs with [I1] in thrum__idle_ring */
	uint32_t seen = thrum__load(&pool->bell, acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct team *t = thrum__load(&pool->team[i], relaxed);
		/* [T2] pairs with [T1] in thrum__team_publish */
		seen += thrum__deal_epoch(thrum__load(&t->deal, acquire));
	}
	return seen;
}

/** A call has been made visible by its epoch.
 * @return true if somebody rests, who may have to be woken. */
static inline bool thrum__idle_called(struct thrum_pool *pool)
{
	/* [I2] pairs with [I4] in thrum__idle_announce, [J6] in doze, [A1] in
	 * thrum__wake_attend */
	thrum__fence_seq_cst();
	return thrum__load(&pool->resting, relaxed) != 0;
}

/** Announce other work that has been made visible. @return likewise. */
static inline bool thrum__idle_ring(struct thrum_pool *pool)
{
	/* [I1] pairs with [I3] in thrum__idle_seen */
	thrum__add(&pool->bell, 1u, release);
	return thrum__idle_called(pool);
}

/** Say that the calling thread, which is @p s, is about to sleep. Then look
 * again, and sleep, for @p ns at most if that is not negative, or cancel. */
void thrum__idle_announce(struct thrum_pool *pool, struct sleeper *s);
void thrum__idle_sleep(struct thrum_pool *pool, struct sleeper *s, int64_t ns);
void thrum__idle_cancel(struct thrum_pool *pool, struct sleeper *s);

/** Wake the thread that is @p s. @return false if it does not sleep. */
bool thrum__idle_wake(struct thrum_pool *pool, struct sleeper *s);

/** Wake the resident of @p w, or start its thread. @return false if it does not
 * rest, or its thread cannot be started. */
bool thrum__idle_rouse(struct worker *w);

#endif
