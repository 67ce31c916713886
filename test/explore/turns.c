/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* turns.c - turns under the model checker: one for each thread, or taken back
 *
 * A caller that gives turns and waits for them, as thrum_each of lib/setup.c does,
 * and residents that take them: at their place, or outside of it, where a caller
 * holds that; or that end, and have none.
 */
#include "explore.h"

#include "idle.h"
#include "session.h"
#include "world.h"

#include <string.h>
#include <thrum/report.h>

enum { RANKS = 3 };

static unsigned turns[RANKS]; /* plain: by who has the turn, then the caller */
static unsigned taken_back;

static void prepare_of(unsigned places, unsigned teams)
{
	world_prepare(places, teams);
	memset(turns, 0, sizeof turns);
	taken_back = 0;
	explore_name(turns, sizeof turns, "turns");
}

static void prepare(unsigned places)
{
	prepare_of(places, 1);
}

static void prepare_2(void)
{
	prepare(2);
}

static void prepare_3(void)
{
	prepare(3);
}

static int refuse(void *ctx, int thread)
{
	(void)ctx, (void)thread;
	return -1;
}

static void prepare_refused(void)
{
	prepare_of(2, 0);
	world.start = refuse;
}

/* The place of the resident is held, from before to after. */
static void prepare_held(void)
{
	prepare(2);
	thrum__store(&world.worker[1].taken, PLACE_CALLER, relaxed);
}

static bool another;

static void prepare_held_another(void)
{
	prepare_held();
	world_more_teams(2);
	another = true;
}

static void prepare_held_next(void)
{
	prepare_held();
	another = false;
}

static void prepare_held_first(void)
{
	prepare_of(2, 0);
	thrum__store(&world.worker[1].taken, PLACE_CALLER, relaxed);
}

static void take_turn(struct call *call, struct thrum_task *task, uint32_t lo,
                      uint32_t hi, struct tally *tally)
{
	(void)call, (void)hi;
	explore_check(task->number == (int)lo, "a turn of another");
	turns[lo]++;
	tally->done++;
}

/* Wake those that sleep; take back the turn of who has ended. */
static uint32_t wake_all(struct session *s, uint64_t deal)
{
	uint32_t back = 0;

	for (unsigned r = 1; r < thrum__deal_ranks(deal); r++) {
		struct worker *w = thrum__team_member(s->team, r);
		(void)thrum__idle_rouse(w);
		if (thrum__load(&w->home.rest, relaxed) == REST_DEAD
		    && thrum__range_claim_turn(&s->team->seat[r].range,
		                               thrum__deal_epoch(deal)))
			back++;
	}
	return back;
}

static uint32_t give_turns(struct session *s)
{
	struct team *t = s->team;
	struct worker *w = s->caller;
	uint64_t deal = thrum__session_publish_turns(s);
	uint32_t left = thrum__deal_ranks(deal);

	for (;;) {
		uint32_t seen = thrum__idle_seen(w->pool);
		left -= wake_all(s, deal);
		if (thrum__team_complete(t, deal, left))
			return left;
		if (thrum__worker_help(w, t, deal, 0))
			continue;
		thrum__idle_announce(w->pool, &w->seat);
		if (thrum__team_complete(t, deal, left)
		    || thrum__idle_seen(w->pool) != seen)
			thrum__idle_cancel(w->pool, &w->seat);
		else
			thrum__idle_sleep(w->pool, &w->seat, -1);
	}
}

static void each(void)
{
	struct call call = {
		.pool = &world, .work = take_turn, .n_jobs = (int)world.places,
		.fpenv = thrum__fpenv_get(),
	};
	struct session s;
	unsigned sum = 0;

	thrum__session_begin(&s, &call, NULL, true);
	explore_check(s.kind == SESSION_TEAM, "no team was free");
	unsigned n = (unsigned)s.task.n_jobs;
	unsigned left = give_turns(&s);
	thrum__session_end(&s);
	for (unsigned r = 0; r < n; r++) {
		explore_check(turns[r] <= 1, "a turn was taken twice");
		sum += turns[r];
	}
	explore_check(sum == left, "a turn is neither taken nor taken back");
	explore_check(turns[0] == 1, "the caller had no turn");
	taken_back = n - left;
}

static void do_nothing(struct call *call, struct thrum_task *task, uint32_t lo,
                       uint32_t hi, struct tally *tally)
{
	(void)call, (void)task;
	tally->done += hi - lo;
}

/* Turns right after a call that a resident was kept out of. */
static void loop_then_each(void)
{
	struct call call = {
		.pool = &world, .work = do_nothing, .n_jobs = 2,
		.fpenv = thrum__fpenv_get(),
	};
	struct session s;

	thrum__session_begin(&s, &call, NULL, false);
	explore_check(s.kind == SESSION_TEAM, "no team was free");
	thrum__worker_finish(s.caller, s.team, thrum__session_publish(&s, 2));
	thrum__session_end(&s);
	if (another) /* a call has that team: one more is made */
		thrum__store(&thrum__pool_team(&world, 0)->busy, 1, relaxed);
	each();
	world_end();
}

static void each_and_end(void)
{
	each();
	explore_check(taken_back == 0, "a turn was taken back from the living");
	world_end();
}

static void each_refused(void)
{
	thrum__or(&world.notes, THRUM_NOTE_UNPINNED, relaxed); /* as others do */
	each();
	explore_check(taken_back == 1, "who refused had a turn");
}

static void refusal_is_noted(void)
{
	explore_check(thrum__load(&world.notes, relaxed)
	              == (THRUM_NOTE_THREADS | THRUM_NOTE_UNPINNED),
	              "a note is missing, as of who refused");
}

static void free_place(void)
{
	thrum__store(&world.worker[1].taken, PLACE_FREE, relaxed);
	world_check_awake();
}

const struct scenario explore_turns[] = {
	{ "turns-one-each", "Each thread has its turn, once.",
	  prepare_2, { each_and_end, world_resident }, world_check_awake },
	{ "turns-three", "Each of three.",
	  prepare_3, { each_and_end, world_resident, world_resident },
	  world_check_awake },
	{ "turns-held", "Also where a caller holds its place.",
	  prepare_held, { each_and_end, world_resident }, free_place },
	{ "turns-held-called", "And nobody waits until the clock wakes it.",
	  prepare_held, { each_and_end, world_resident }, free_place,
	  .endless = true },
	{ "turns-held-next", "Nor who was kept out of the call before.",
	  prepare_held_next, { loop_then_each, world_resident }, free_place,
	  .endless = true },
	{ "turns-held-another", "Also where another team is made for them.",
	  prepare_held_another, { loop_then_each, world_resident }, NULL,
	  .endless = true },
	{ "turns-held-first", "Nor where the team is just made.",
	  prepare_held_first, { each_and_end, world_resident }, free_place,
	  .endless = true },
	{ "turns-refused", "Nobody waits for the turn of a thread that refused.",
	  prepare_refused, { each_refused, world_resident },
	  refusal_is_noted },
	{ "turns-end", "Nor of one that ends.",
	  prepare_2, { each, world_resident, world_end }, NULL },
	{ 0 },
};
