/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* team.c - calls by a team under the model checker, with residents as they live
 *
 * All of lib/session.c, team.c, worker.c, resident.c, idle.c, park.c and range.c:
 * a caller that shares calls of a few blocks, as loop.c does, and residents from
 * thrum__worker_main on, until the pool ends.
 */
#include "explore.h"

#include "calls.h"
#include "session.h"
#include "world.h"

static void prepare_once(void)
{
	calls_prepare(2, 1, 1, 2);
}

static void prepare_twice(void)
{
	calls_prepare(2, 1, 2, 2);
}

static void prepare_three(void)
{
	calls_prepare(3, 1, 1, 3);
}

/* The first call finds no team: what it makes is seen whole. */
static void prepare_first(void)
{
	calls_prepare(2, 0, 1, 2);
}

/* Blocks that are run at the same time: each is taken by a worker that has nothing
 * to do, be it asleep. */
static void prepare_needed(void)
{
	calls_prepare(2, 1, 1, 2);
	calls.needed = 2;
}

static void prepare_needed_3(void)
{
	calls_prepare(3, 1, 1, 3);
	calls.needed = 3;
}

static void prepare_needed_twice(void)
{
	calls_prepare(2, 1, 2, 2);
	calls.needed = 2;
}

static void prepare_forked(void)
{
	calls_prepare(2, 1, 1, 1);
	calls.forks = true;
}

/* So many blocks that a thief gives some of what it stole back. */
static void prepare_rest(void)
{
	calls_prepare(2, 1, 1, BLOCKS);
}

/* At the turn of THRUM__LAG, with words that nobody has touched since the first
 * call, and a count that was left by the call of the same epoch. */
static void prepare_lag(void)
{
	calls_prepare(2, 1, 2, 2);
	struct team *t = thrum__load(&world.team[0], relaxed);
	thrum__store(&t->deal, thrum__deal_pack(THRUM__LAG - 1, 0, 2), relaxed);
	for (unsigned r = 0; r < 2; r++)
		thrum__store(&t->seat[r].done.word,
		             (uint64_t)THRUM__LAG << 32 | 1, relaxed);
}

static void prepare_callers(void)
{
	calls_prepare(2, 2, 1, 2);
}

/* Ranks and members are each other's. */
static void check_tables(const struct team *t)
{
	for (unsigned p = 0; p < world.places; p++) {
		unsigned r = thrum__load(&t->rank[p], relaxed);
		explore_check(r == THRUM__NO_RANK
		              || (r < thrum__load(&t->size, relaxed)
		                  && thrum__load(&t->member[r], relaxed) == p),
		              "a rank of nobody");
	}
	for (unsigned r = 0; r < thrum__load(&t->size, relaxed); r++) {
		unsigned p = thrum__load(&t->member[r], relaxed);
		explore_check(p >= world.places
		              || thrum__load(&t->rank[p], relaxed) == r,
		              "a member without its rank");
	}
}

/* A call that is begun, and ended with nothing done; the worker of the caller is
 * its own meanwhile. */
static void open_and_close(int n_jobs)
{
	struct call call = { .pool = &world, .n_jobs = n_jobs,
	                     .fpenv = thrum__fpenv_get() };
	struct session s;

	thrum__session_begin(&s, &call, NULL, false);
	if (s.kind == SESSION_TEAM) {
		check_tables(s.team);
		s.caller->thefts++;
	}
	thrum__session_end(&s);
}

static void open_of_many_sizes(void)
{
	open_and_close(3);
	open_and_close(2);
	open_and_close(3);
}

static void open_twice(void)
{
	open_and_close(2);
	open_and_close(2);
}

/* The place of the core is free, or another is the nearest. */
static void place_of_caller(void)
{
	struct call call = { .pool = &world, .n_jobs = 2,
	                     .fpenv = thrum__fpenv_get() };
	struct worker *w = world.worker;
	struct session s;

	thrum__session_begin(&s, &call, NULL, false);
	explore_check(s.caller == &w[0] && !thrum__load(&w[0].wanted, relaxed),
	              "a caller was refused the place of its core");
	thrum__session_end(&s);
	thrum__store(&w[0].taken, PLACE_CALLER, relaxed);
	thrum__session_begin(&s, &call, NULL, false);
	explore_check(s.caller == &w[1] && thrum__load(&w[0].wanted, relaxed),
	              "a caller did not get the nearest place");
	thrum__session_end(&s);
	thrum__store(&w[0].taken, PLACE_FREE, relaxed);
}

/* Of a call inside another only the workers of that are members. */
static void choose_inside(void)
{
	struct team *t = thrum__load(&world.team[0], relaxed);
	struct call outer = { .pool = &world, .team = t };
	struct thrum_task within = { .call = &outer,
	                             .worker = &world.worker[1] };
	uint16_t id[4];

	for (uint16_t p = 0; p < 2; p++)
		thrum__store(&t->rank[p], p, relaxed);
	unsigned n = thrum__team_choose(&world, 3,
	                                thrum__pool_order(&world, 0), &within,
	                                4, id);
	explore_check(n == 2 && id[0] == 3 && id[1] == 0,
	              "a member that is not of the call around it");
}

/* What becomes of a call is its own: it is not that of the call before, and is
 * there when it has ended. */
static void visit(enum stop before)
{
	struct call call = { .pool = &world, .n_jobs = 2,
	                     .fpenv = thrum__fpenv_get() };
	struct call *here;
	struct session s;

	thrum__store(&call.stop, before, relaxed);
	thrum__session_begin(&s, &call, NULL, false);
	here = s.task.call;
	explore_check(thrum__load(&here->stop, relaxed) == before
	              && thrum__load(&here->steals, relaxed) == 0
	              && thrum__load(&here->woken, relaxed) == 0,
	              "something is left of the call before");
	thrum__call_stop(here, STOP_FAILED);
	thrum__add(&here->steals, 2, relaxed);
	thrum__add(&here->woken, 3, relaxed);
	thrum__session_end(&s);
	explore_check(thrum__load(&call.stop, relaxed)
	              == (before ? before : STOP_FAILED)
	              && thrum__load(&call.steals, relaxed) == 2
	              && thrum__load(&call.woken, relaxed) == 3,
	              "what became of the call is lost");
}

static void visit_twice(void)
{
	visit(STOP_NOT);
	visit(STOP_CANCELLED);
	visit(STOP_NOT);
}

/* Who sees a rank, or that it is gone, sees what was done before. */
static unsigned message;

static void prepare_seen(void)
{
	calls_prepare(3, 1, 1, 1);
	message = 0;
}

static void open_once_and_tell(void)
{
	message = 1;
	open_and_close(3);
}

static void open_twice_and_tell(void)
{
	open_and_close(3);
	message = 2;
	open_and_close(2);
}

static void see_rank(void)
{
	struct team *t = thrum__load(&world.team[0], relaxed);

	if (thrum__load(&t->rank[2], acquire) == THRUM__NO_RANK)
		return;
	explore_check(message == 1, "a rank without its call");
}

static void see_rank_gone(void)
{
	struct team *t = thrum__load(&world.team[0], relaxed);

	/* Relaxed, the first: it is not to tell of the message. */
	if (thrum__load(&t->rank[2], relaxed) != THRUM__NO_RANK
	    && thrum__load(&t->rank[2], acquire) == THRUM__NO_RANK)
		explore_check(message == 2, "a rank that went too early");
}

/* Between two calls one for which there is no memory. */
static void prepare_no_memory(void)
{
	calls_prepare(3, 1, 1, 1);
	world_without_order(1);
	for (unsigned p = 0; p < world.places; p += 2)
		world.worker[p].order = thrum__pool_order(&world, p);
}

static void open_once(void)
{
	open_and_close(3);
}

/* A resident that leaves in the middle, as a caller wants its place. */
static void want_place(void)
{
	thrum__store(&world.worker[1].wanted, true, relaxed);
	thrum__store(&world.worker[1].wanted, true, relaxed);
}

static void prepare_tables(void)
{
	calls_prepare(3, 1, 1, 1);
}

/* Two callers on the core of the one place. */
static void prepare_place(void)
{
	calls_prepare(2, 2, 1, 1);
	world.places = 1;
}

static void call_lagging(void)
{
	calls.blocks = 1; /* the part of rank 0 is empty, and stays untouched */
	calls_share(&calls.frame[0][0]);
	calls.blocks = 2;
	calls_share(&calls.frame[0][1]);
}

static void resident_of_0(void)
{
	thrum__worker_main(&world.worker[0]);
}

static void resident_of_1(void)
{
	thrum__worker_main(&world.worker[1]);
}

const struct scenario explore_team[] = {
	{ "team-one-call", "A call returns when its blocks are done, each once.",
	  prepare_once, { calls_and_end, world_resident }, world_check_awake },
	{ "team-two-calls", "Who is late for one call takes no part in it.",
	  prepare_twice, { calls_and_end, world_resident }, world_check_awake },
	{ "team-three", "Three members, each block once.",
	  prepare_three, { calls_and_end, world_resident, world_resident },
	  world_check_awake },
	{ "team-own-resident", "A caller and the resident of its place share it.",
	  prepare_once, { calls_and_end, resident_of_1, resident_of_0 },
	  world_check_awake },
	{ "team-first-call", "A team that is just made is seen whole.",
	  prepare_first, { calls_and_end, world_resident }, world_check_awake },
	{ "team-needed", "Each block is taken by who has nothing to do.",
	  prepare_needed, { calls_and_end, world_resident }, world_check_awake },
	{ "team-needed-3", "So are two.",
	  prepare_needed_3, { calls_and_end, world_resident, world_resident },
	  world_check_awake },
	{ "team-needed-twice", "So is each of the next call.",
	  prepare_needed_twice, { calls_and_end, world_resident },
	  world_check_awake },
	{ "team-forked", "A task of a block is taken, too.",
	  prepare_forked, { calls_and_end, world_resident }, world_check_awake },
	{ "team-rest", "What a thief gives back is done by somebody.",
	  prepare_rest, { calls_and_end, world_resident }, world_check_awake,
	  .random = true },
	{ "team-left", "And what is left behind by one that has to go.",
	  prepare_rest, { calls_and_end, world_resident, want_place },
	  world_check_awake, .random = true, .endless = true },
	{ "team-near", "A caller sits on its core, or near to it.",
	  prepare_tables, { place_of_caller }, world_check_awake },
	{ "team-rank", "Who sees a rank sees what was before it.",
	  prepare_seen, { open_once_and_tell, see_rank }, NULL },
	{ "team-rank-gone", "So does who sees that it is gone.",
	  prepare_seen, { open_twice_and_tell, see_rank_gone }, NULL },
	{ "team-inside", "A call inside another has workers of that alone.",
	  prepare_tables, { choose_inside }, NULL },
	{ "team-visitor", "What became of a call is its own.",
	  prepare_once, { visit_twice }, world_check_awake },
	{ "team-no-memory", "A call that finds none leaves all as it was.",
	  prepare_no_memory, { open_once, open_once, open_once },
	  world_check_awake },
	{ "team-lag", "Words that nobody touched for long mean nothing old.",
	  prepare_lag, { call_lagging }, NULL },
	{ "team-tables", "Ranks and members are each other's.",
	  prepare_tables, { open_of_many_sizes }, world_check_awake },
	{ "team-place", "Of two callers each has its worker for itself.",
	  prepare_place, { open_twice, open_twice }, world_check_awake },
	{ "team-two-callers", "Two calls at a time keep apart.",
	  prepare_callers, { calls_and_end, calls_and_end }, NULL },
	{ 0 },
};
