/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* team.c - calls by a team under the model checker, with residents as they live
 *
 * All of lib/session.c, team.c, worker.c, resident.c, idle.c, park.c and range.c:
 * a caller that shares calls of a few blocks, as loop.c does, and residents from
 * thrum__worker_main on, until the pool ends. A block writes to the frame of its
 * call, which is gone as soon as the call has returned.
 */
#include "explore.h"

#include "idle.h"
#include "session.h"
#include "world.h"

#include <string.h>

enum { CALLS = 2, BLOCKS = 3 };

struct frame {
	_Alignas(16) unsigned ran[BLOCKS]; /* plain: by who runs the block, then
	                                    * the caller */
};

struct shape {
	struct frame *frame;
};

static struct frame frames[2][CALLS]; /* by caller */
static unsigned calls, blocks;
static _Atomic uint32_t callers;

static void prepare(unsigned places, unsigned teams, unsigned n, unsigned of)
{
	world_prepare(places, teams);
	memset(frames, 0, sizeof frames);
	calls = n;
	blocks = of;
	thrum__store(&callers, teams, relaxed);
	explore_name(frames, sizeof frames, "frames");
}

static void prepare_once(void)
{
	prepare(2, 1, 1, 2);
}

static void prepare_twice(void)
{
	prepare(2, 1, 2, 2);
}

static void prepare_three(void)
{
	prepare(3, 1, 1, 3);
}

static void prepare_callers(void)
{
	prepare(2, 2, 1, 2);
}

static void run(struct call *call, struct thrum_task *task, uint32_t lo,
                uint32_t hi, struct tally *tally)
{
	const struct shape *shape = call->shape;

	(void)task;
	for (uint32_t b = lo; b < hi; b++) {
		explore_check(b < blocks, "a block that there is not");
		shape->frame->ran[b]++;
	}
	tally->done += hi - lo;
}

static void share(struct frame *frame)
{
	struct call call = {
		.pool = &world, .work = run, .n_jobs = (int)world.places,
		.fpenv = thrum__fpenv_get(),
	};
	struct shape shape = { frame };
	struct tally tally = { 0 };
	struct session s;

	thrum__session_begin(&s, &call, NULL, false);
	explore_check(s.kind == SESSION_TEAM, "no team was free");
	thrum__team_shape(s.team, &shape, sizeof shape, 1);
	uint64_t deal = thrum__session_publish(&s, blocks);
	thrum__worker_finish(s.caller, s.team, deal);
	thrum__team_sum(s.team, deal, &tally);
	thrum__session_end(&s);
	explore_check(tally.done == blocks, "the blocks were not all counted");
	for (unsigned b = 0; b < blocks; b++)
		explore_check(frame->ran[b] == 1,
		              "a block was not run exactly once");
	explore_dead(frame, sizeof *frame);
}

static void call_and_end(void)
{
	for (unsigned i = 0; i < calls; i++)
		share(&frames[explore_self()][i]);
	if (thrum__sub(&callers, 1, acq_rel) == 1)
		world_end();
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
	  prepare_once, { call_and_end, world_resident }, world_check_awake },
	{ "team-two-calls", "Who is late for one call takes no part in it.",
	  prepare_twice, { call_and_end, world_resident }, world_check_awake },
	{ "team-three", "Three members, each block once.",
	  prepare_three, { call_and_end, world_resident, world_resident },
	  world_check_awake },
	{ "team-own-resident", "A caller and the resident of its place share it.",
	  prepare_once, { call_and_end, resident_of_1, resident_of_0 },
	  world_check_awake },
	{ "team-two-callers", "Two calls at a time keep apart.",
	  prepare_callers, { call_and_end, call_and_end }, NULL },
	{ 0 },
};
