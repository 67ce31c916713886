/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* wake.c - whom a call wakes, and who is counted on to come by itself
 *
 * A call wakes no more members than it has blocks for, less those that are up: they
 * come by themselves. But not one that is at work for another call, which may take
 * long, nor one whose place a caller has taken. So a member says which team it
 * `attends`: 0 while it sleeps, and then, where it is not the same as before, that
 * whose work it looks for. Calls of that team follow each other, and the member
 * writes nothing and has no fence. To go from one team to another is dearer:
 *
 *   publisher of call e                   member m, up, goes to another team
 *   deal = e                [T1] release  attends = that team
 *   [I2] fence seq_cst                    [A1] fence seq_cst
 *   m up, and attends no other team       blocks of a call e that m is a member
 *   with a call? count on it              of, and somebody rests?
 *   else wake another                     wake another
 *
 * Claim: no block waits for m, which was counted on and went elsewhere, while s
 * rests. As s rests it did not see e after its [I4] (idle.h), which therefore came
 * before [I2]. If m did not attend the other team before, one of [I2] and [A1] is
 * first. If it is [A1], the publisher reads what m attends, and that a call of it
 * runs, as m had seen: it does not count on m. If it is [I2], m reads e, and that s
 * rests, and wakes it or another.
 *
 * If m did attend the other team before, the publisher has read so, or m was still
 * to come to its [A1], as above; and it counts on m because that team has no call.
 * The next of that team has an [I2] of its own, which comes after that of e, as else
 * the publisher of e would have seen the call. So its publisher sees e, and m at its
 * own team: if blocks of e wait, it wakes somebody else for them
 * (thrum__wake_instead).
 *
 * Who is kept out looks likewise, after it has read e: if its [A1] came before [I4],
 * s would have seen e. And those that were woken for e wake others in the place of
 * its caller: they have read e, and come through [A2], which stands for [I2] in the
 * above.
 */
#include "config.h"

#include "wake.h"

#include "idle.h"
#include "policy.h"

bool thrum__wake_attended(const struct team *t)
{
	uint32_t n = thrum__load(&t->size, relaxed); /* a hint, all */

	for (uint32_t r = 1; r < n && r < 8; r++) {
		const struct worker *w = thrum__team_member(t, r);
		if (thrum__load(&w->home.rest, relaxed) == REST_AWAKE
		    && !thrum__worker_held(w))
			return true;
	}
	return n > 8;
}

/* Its resident is up, and looks at the call of @p t: it is not at work for another
 * call, which may take long; see above. Who is about to be kept out wakes
 * another by itself. */
static bool attends(const struct worker *w, const struct team *t)
{
	/* Relaxed: ordered by the fence of who asks. */
	uint32_t rest = thrum__load(&w->home.rest, relaxed);
	if (rest != REST_AWAKE && rest != REST_STARTING)
		return false;
	/* [A4] acquire: pairs with [A3] in thrum__wake_attend: the team is there.
	 * Relaxed: whether it has a call is ordered by the fence. */
	uint32_t at = thrum__load(&w->attends, acquire);
	return at == 0 || at == t->number + 1
	       || !thrum__team_open_still(thrum__load(&t->pool->team[at - 1],
	                                              relaxed));
}

/* Ranks that are to be up, if all of them are: below this. */
static uint32_t wake_below(const struct team *t)
{
	/* Relaxed: bounded. */
	uint32_t below = thrum__load(&t->wake_below, relaxed);
	uint32_t n = thrum__load(&t->size, relaxed);

	return below < n ? below : n;
}

/* Nobody is to be woken: the usual case when calls follow each other closely. The
 * residents of places that callers hold rest all the time, so the count of those
 * that rest does not tell. */
bool thrum__wake_needed(const struct team *t)
{
	/* Relaxed all: ordered by the fence of who asks. */
	uint32_t below = wake_below(t), n = thrum__load(&t->size, relaxed);
	uint32_t r = thrum__load(&t->next_wake, relaxed);

	if (!thrum__load(&t->pool->resting, relaxed))
		return false;
	if (below > r + 8)
		return true;
	for (; r < below; r++) {
		const struct worker *w = thrum__team_member(t, r);
		if (attends(w, t))
			continue;
		uint32_t rest = thrum__load(&w->home.rest, relaxed);
		if (!thrum__worker_kept_out(w)
		    && (rest == REST_PARKED || rest == REST_UNSTARTED))
			return true;
		below += below < n; /* another in its stead */
	}
	return false;
}

/* Take the next rank to look at. Not beyond the last: that may become one more.
 * @return false if there is none. */
static bool next_rank(struct team *t, uint32_t *rank)
{
	/* Relaxed all: ordered by the fence of who asks. */
	*rank = thrum__load(&t->next_wake, relaxed);
	do {
		if (*rank >= wake_below(t))
			return false;
	} while (!thrum__cas(&t->next_wake, rank, *rank + 1, relaxed));
	return true;
}

unsigned thrum__wake_members(struct team *t)
{
	uint32_t n = thrum__load(&t->size, relaxed), r; /* bounded */
	unsigned woken = 0;

	if (!thrum__wake_needed(t))
		return 0;
	/* Relaxed all: likewise. */
	while (woken < thrum__policy_wakes()
	       && thrum__load(&t->pool->resting, relaxed) && next_rank(t, &r)) {
		struct worker *w = thrum__team_member(t, r);
		if (!thrum__worker_kept_out(w) && thrum__idle_rouse(w))
			woken++;
		else if (!attends(w, t) && wake_below(t) < n)
			thrum__add(&t->wake_below, 1u, relaxed);
	}
	return woken;
}

static bool rouse_one(const struct team *t, const struct worker *but)
{
	uint32_t n = thrum__load(&t->size, relaxed); /* bounded, a hint */

	for (uint32_t r = 0; r < n; r++) {
		struct worker *w = thrum__team_member(t, r);
		if (w != but && (r == 0 ? thrum__idle_wake(w->pool, &w->seat)
		                 : !thrum__worker_kept_out(w)
		                   && thrum__idle_rouse(w)))
			return true;
	}
	return false;
}

void thrum__wake_one(struct team *t, struct worker *by)
{
	if (rouse_one(t, by))
		thrum__worker_woke(by, &t->call, 1);
}

/* Blocks of the call of @p deal that nobody has claimed, up to @p most: where there is
 * not one for each rank, else only members that slept were woken, and those alone
 * need others instead. What was stolen and given back does not count: the thief sees
 * to it. */
static unsigned blocks_wait(const struct team *t, uint64_t deal, unsigned most)
{
	unsigned n = 0;

	if (thrum__deal_blocks(deal) >= thrum__deal_ranks(deal))
		return 0;
	for (unsigned r = 0; r < thrum__deal_ranks(deal) && n < most; r++) {
		struct span part = thrum__deal_part(deal, r);
		/* Relaxed: seen with the deal, or by the fence of who asks. */
		if (part.lo < part.hi)
			n += thrum__range_left(&t->seat[r].range, deal, r);
	}
	return n < most ? n : most;
}

/* The resident of @p w does not come, who may have been counted on. After a fence.
 * The call may be over by now: nothing of it is touched. */
static void excuse(struct worker *w, const struct team *t, uint64_t deal,
                   unsigned rank)
{
	/* Relaxed: seen with the deal. */
	if (thrum__team_open_still(t)
	    && (thrum__range_left(&t->seat[rank].range, deal, rank)
	        || blocks_wait(t, deal, 1))
	    && rouse_one(t, w))
		thrum__stats_add(&w->at_home.wakes, 1);
}

void thrum__wake_stay_out(struct worker *w, const struct team *t, uint64_t deal,
                          unsigned rank)
{
	/* [A1] pairs with [I4] in thrum__idle_announce */
	thrum__fence_seq_cst();
	excuse(w, t, deal, rank);
}

void thrum__wake_attend(struct worker *w, const struct team *team)
{
	struct thrum_pool *pool = w->pool;

	/* Relaxed: its own. */
	if (thrum__load(&w->attends, relaxed) == team->number + 1)
		return;
	/* [A3] pairs with [A4] in attends */
	thrum__store(&w->attends, team->number + 1, release);
	/* [A1] pairs with [I2] in thrum__idle_called, [I4] in
	 * thrum__idle_announce, [A2] in thrum__wake_on */
	thrum__fence_seq_cst();
	if (thrum__load(&pool->resting, relaxed) == 0)
		return;
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&pool->teams, acquire);
	for (uint32_t i = 0; i < n; i++) {
		const struct team *t = thrum__load(&pool->team[i], relaxed);
		/* Relaxed, both: ordered by the fence. Nothing of the call is
		 * read, and a range that is seen as it was has more blocks. */
		uint64_t deal = thrum__load(&t->deal, relaxed);
		unsigned rank = thrum__load(&t->rank[w->id], relaxed);
		if (t != team && rank != 0 && rank < thrum__deal_ranks(deal))
			excuse(w, t, deal, rank);
	}
}

unsigned thrum__wake_on(struct team *t)
{
	/* [A2] pairs with [A1] in thrum__wake_attend */
	thrum__fence_seq_cst();
	return thrum__wake_members(t);
}

/* Members of the call of @p t that are up and at that team. */
static unsigned attending(const struct team *t)
{
	uint32_t size = thrum__load(&t->size, relaxed); /* bounded */
	unsigned n = 0;

	for (uint32_t r = 1; r < size; r++) {
		const struct worker *w = thrum__team_member(t, r);
		/* Relaxed: ordered by the fence of who asks. */
		n += thrum__load(&w->home.rest, relaxed) == REST_AWAKE
		     && thrum__load(&w->attends, relaxed) == t->number + 1;
	}
	return n;
}

void thrum__wake_instead(const struct team *t)
{
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&t->pool->teams, acquire);
	unsigned here = n > 1 ? attending(t) : 0;

	for (uint32_t i = 0; here && i < n; i++) {
		const struct team *o = thrum__load(&t->pool->team[i], relaxed);
		/* Relaxed, both: ordered by the fence of who asks. */
		if (o == t || !thrum__team_open_still(o))
			continue;
		uint64_t deal = thrum__load(&o->deal, relaxed);
		for (unsigned k = blocks_wait(o, deal, here); k > 0; k--)
			(void)rouse_one(o, NULL);
	}
}

void thrum__wake_callers(struct thrum_pool *pool)
{
	/* [T5] pairs with [T6] in make_team */
	uint32_t n = thrum__load(&pool->teams, acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct team *t = thrum__load(&pool->team[i], relaxed);
		if (thrum__team_open_still(t)) /* one too many is well */
			(void)thrum__idle_wake(pool,
			                       &thrum__team_member(t, 0)->seat);
	}
}
