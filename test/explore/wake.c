/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* wake.c - lib/wake.c under the model checker: no block waits while who could run it
 * sleeps
 *
 * Blocks that wait for each other need a thread each. Where one goes to another call,
 * or is kept out, another has to be woken, or all wait for ever.
 */
#include "explore.h"

#include "calls.h"
#include "idle.h"
#include "session.h"
#include "wake.h"
#include "world.h"

static uint64_t deal;

static struct team *team(unsigned number)
{
	return thrum__load(&world.team[number], relaxed);
}

static void do_nothing(void)
{
}

static void none_rests(void)
{
	explore_check(thrum__load(&world.resting, relaxed) == 0,
	              "a member that was needed was not woken");
}

/* Of four members one is up, which is at no team, at this one, or at one that has
 * no call; the others sleep. */
static void prepare_nobody(void)
{
	calls_prepare(4, 2, 1, 2);
	(void)calls_place(0, 0, 0, 4);
}

static bool sleep_and_wake(unsigned at, unsigned below, unsigned woken)
{
	struct worker *w = world.worker;

	thrum__store(&w[1].attends, at, relaxed);
	thrum__store(&w[2].home.rest, REST_PARKED, relaxed);
	thrum__store(&w[3].home.rest, REST_PARKED, relaxed);
	thrum__store(&world.resting, 2, relaxed);
	thrum__store(&team(0)->next_wake, 1, relaxed);
	thrum__store(&team(0)->wake_below, below, relaxed);
	return thrum__wake_needed(team(0)) == (woken > 0)
	       && thrum__wake_members(team(0)) == woken
	       && thrum__load(&w[3].home.rest, relaxed) == REST_PARKED;
}

static void wake_nobody(void)
{
	for (unsigned at = 0; at < 3; at++)
		explore_check(sleep_and_wake(at, 2, 0) && sleep_and_wake(at, 3, 1),
		              "who comes by itself is not counted on");
}

static void prepare_needed(void)
{
	calls_prepare(4, 1, 1, 4);
	calls.needed = 4;
}

/* Other callers come to all places but the last once it is known who takes part. */
static void others_come(bool before)
{
	for (unsigned p = 1; p < world.places - 1; p++) {
		struct worker *w = &world.worker[p];
		uint32_t taken = PLACE_FREE;
		if (!before)
			thrum__store(&w->taken, PLACE_FREE, release);
		while (before && !thrum__cas(&w->taken, &taken, PLACE_CALLER,
		                             acquire)) {
			taken = PLACE_FREE;
			thrum__pause();
		}
	}
}

static void prepare_kept_out(void)
{
	calls_prepare(4, 1, 1, 2);
	calls.needed = 2;
	calls.published = others_come;
}

/* A call of team 0 runs, and goes on and on; for another, team 1 is made. A resident
 * finds work at the first, of which there is no end. */
static void prepare_elsewhere(void)
{
	calls_prepare(3, 1, 1, 2);
	calls.needed = 2;
	world_more_teams(2);
	thrum__store(&team(0)->busy, 1, relaxed);
}

/* The same, at a team that is made meanwhile. */
static void prepare_known(void)
{
	calls_prepare(3, 1, 1, 2);
	calls.needed = 2;
	world_more_teams(2);
}

static void go_to_another(void)
{
	struct team *t = thrum__pool_team(&world, 1);

	thrum__store(&t->busy, 1, relaxed);
	thrum__wake_attend(&world.worker[1], t);
}

static void go_elsewhere(void)
{
	thrum__wake_attend(&world.worker[1], team(0));
}

/* A call is about to begin at team 1, which the resident of place 2 attends, and goes
 * to. */
static void prepare_instead(void)
{
	calls_prepare(4, 1, 1, 2);
	calls.needed = 2;
	world_more_teams(2);
	(void)calls_place(1, 1, 1, 2);
	thrum__store(&team(1)->busy, 0, relaxed);
	thrum__store(&world.worker[1].home.rest, REST_DEAD, relaxed);
	thrum__store(&world.worker[2].attends, 2, relaxed);
}

static struct session begin_another(void)
{
	thrum__store(&team(1)->busy, 1, relaxed);
	return (struct session){ .team = team(1),
	                         .caller = &world.worker[1] };
}

static void begin_blocks(void)
{
	struct session s = begin_another();

	(void)thrum__session_publish(&s, 1);
}

static void begin_turns(void)
{
	struct session s = begin_another();

	(void)thrum__session_publish_turns(&s);
}

/* As prepare_instead at team 0, while team 1 is made. */
static void prepare_made(void)
{
	calls_prepare(4, 1, 1, 2);
	calls.needed = 2;
	world_more_teams(2);
	(void)calls_place(0, 1, 1, 2);
	thrum__store(&world.worker[1].home.rest, REST_DEAD, relaxed);
	thrum__store(&world.worker[2].attends, 1, relaxed);
}

static void publish_beside(void)
{
	struct session s = { .team = team(0), .caller = &world.worker[1] };

	(void)thrum__session_publish(&s, 1);
}

/* Two residents that have attended team 0, which comes first where they look, and
 * sleep before there is a call of it: of one block, for who comes first. */
static void prepare_woken(void)
{
	calls_prepare(4, 2, 1, 2);
	calls.needed = 3;
	calls.callers = 1;
	(void)calls_place(0, 1, 1, 3);
	for (unsigned p = 2; p < 4; p++)
		thrum__store(&world.worker[p].attends, 1, relaxed);
	thrum__store(&world.worker[1].home.rest, REST_DEAD, relaxed);
}

static void call_the_other(void)
{
	struct session s = { .team = team(0), .caller = &world.worker[1] };

	thrum__worker_finish(s.caller, s.team, thrum__session_publish(&s, 1));
}

/* A call of two blocks that was dealt to four. Rank 1 runs its block and wakes
 * others; the next goes elsewhere, and the last sleeps. */
static void prepare_chain(void)
{
	calls_prepare(4, 2, 1, 2);
	deal = calls_place(0, 0, 0, 4);
	team(0)->call.wakes = 1;
	thrum__store(&team(0)->next_wake, 2, relaxed);
	thrum__store(&team(0)->wake_below, 3, relaxed);
	thrum__store(&team(1)->busy, 1, relaxed);
	thrum__store(&world.worker[3].home.rest, REST_PARKED, relaxed);
	thrum__store(&world.resting, 1, relaxed);
}

static void publish(void)
{
	thrum__team_publish(team(0), deal);
	(void)thrum__idle_called(&world);
}

static void run_and_wake(void)
{
	while (thrum__load(&team(0)->deal, acquire) != deal)
		thrum__pause();
	(void)thrum__worker_help(&world.worker[1], team(0), deal, 1);
}

static void next_goes_elsewhere(void)
{
	thrum__wake_attend(&world.worker[2], team(1));
}

/* Of five members two are at work for another call, and two sleep. Two are to be up,
 * and two threads wake them. */
static void prepare_wakers(void)
{
	calls_prepare(5, 2, 1, 3);
	(void)calls_place(0, 0, 0, 5);
	thrum__store(&team(1)->busy, 1, relaxed);
	for (unsigned p = 1; p < 5; p++) {
		struct worker *w = &world.worker[p];
		thrum__store(&w->attends, p < 3 ? 2 : 0, relaxed);
		thrum__store(&w->home.rest, p < 3 ? REST_AWAKE : REST_PARKED,
		             relaxed);
	}
	thrum__store(&world.resting, 2, relaxed);
}

static void wake_members(void)
{
	(void)thrum__wake_members(team(0));
}

/* A resident gives some of what it stole back, which seems not worth a wake, and
 * then has to go, while the caller sleeps. */
static void prepare_leave(void)
{
	calls_prepare(2, 1, 1, 2);
	deal = calls_place(0, 0, 0, 2);
	for (unsigned r = 0; r < 2; r++)
		thrum__range_set(&team(0)->seat[r].range,
		                 thrum__deal_epoch(deal), 0, 0);
	thrum__store(&team(0)->deal, deal, relaxed);
	thrum__store(&world.worker[1].wanted, true, relaxed);
}

static void give_back_and_leave(void)
{
	thrum__range_set(&team(0)->seat[1].range, thrum__deal_epoch(deal), 0, 2);
	(void)thrum__worker_help(&world.worker[1], team(0), deal, 1);
}

static void finish_what_is_left(void)
{
	thrum__worker_finish(&world.worker[0], team(0), deal);
}

static void both_were_run(void)
{
	explore_check(calls.frame[0][0].ran[0] == 1
	              && calls.frame[0][0].ran[1] == 1,
	              "a block was not run exactly once");
}

const struct scenario explore_wake[] = {
	{ "wake-nobody", "Nobody is woken for who comes by itself.",
	  prepare_nobody, { wake_nobody }, NULL },
	{ "wake-needed", "Also more than a caller wakes are woken.",
	  prepare_needed, { calls_and_end, world_resident, world_resident,
	                    world_resident }, world_check_awake },
	{ "wake-kept-out", "Who is woken and kept out wakes others instead.",
	  prepare_kept_out, { calls_and_end, world_resident, world_resident,
	                      world_resident },
	  world_check_awake, .endless = true },
	{ "wake-elsewhere", "Nobody counts on who is at work for another call.",
	  prepare_elsewhere, { calls_and_end, go_elsewhere, world_resident },
	  NULL },
	{ "wake-known", "Who sees where it is sees that team.",
	  prepare_known, { calls_and_end, go_to_another, world_resident },
	  NULL },
	{ "wake-instead", "A call that takes members away wakes others for them.",
	  prepare_instead, { calls_and_end, begin_blocks, do_nothing,
	                     world_resident }, NULL },
	{ "wake-turns", "Turns that take members away wake others for them.",
	  prepare_instead, { calls_and_end, begin_turns, do_nothing,
	                   world_resident }, NULL },
	{ "wake-made", "It sees whole what it looks at.",
	  prepare_made, { calls_and_end, publish_beside, do_nothing,
	                  world_resident }, NULL },
	{ "wake-woken", "Who is woken and goes to another call wakes another.",
	  prepare_woken, { calls_and_end, call_the_other, world_resident,
	                   world_resident }, NULL },
	{ "wake-chain", "Who was woken does not count on who is elsewhere, either.",
	  prepare_chain, { publish, run_and_wake, next_goes_elsewhere },
	  none_rests },
	{ "wake-wakers", "Two that wake find one for each that does not come.",
	  prepare_wakers, { wake_members, wake_members }, none_rests },
	{ "wake-leave", "Who sleeps hears of what is left behind.",
	  prepare_leave, { finish_what_is_left, give_back_and_leave },
	  both_were_run },
	{ 0 },
};
