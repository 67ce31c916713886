/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* calls.c - calls of a few blocks, for scenarios */
#include "explore.h"

#include "calls.h"
#include "session.h"
#include "world.h"

#include <string.h>
#include <thrum/fork.h>

struct shape {
	struct frame *frame;
};

struct calls calls;
static struct shape shapes[CALLERS]; /* of those placed by hand */
static _Atomic uint32_t left;        /* callers */

void calls_prepare(unsigned places, unsigned teams, unsigned n, unsigned blocks)
{
	world_prepare(places, teams);
	memset(&calls, 0, sizeof calls);
	calls.n = n;
	calls.blocks = blocks;
	calls.callers = teams < 2 ? 1 : teams;
	thrum__store(&left, 0, relaxed);
	explore_name(calls.frame, sizeof calls.frame, "frames");
}

static int meet(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	world_meet(2);
	return 0;
}

static void run(struct call *call, struct thrum_task *task, uint32_t lo,
                uint32_t hi, struct tally *tally)
{
	const struct shape *shape = call->shape;

	for (uint32_t b = lo; b < hi; b++) {
		explore_check(b < calls.blocks, "a block that there is not");
		shape->frame->ran[b]++;
		world_meet(calls.needed);
		if (calls.forks) {
			thrum_forked f = thrum_fork(task, meet, NULL);
			world_meet(2);
			thrum_join(task, f);
		}
	}
	tally->done += hi - lo;
}

void calls_share(struct frame *frame)
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
	if (calls.published)
		calls.published(true);
	uint64_t deal = thrum__session_publish(&s, calls.blocks);
	thrum__worker_finish(s.caller, s.team, deal);
	thrum__team_sum(s.team, deal, &tally);
	thrum__session_end(&s);
	if (calls.published)
		calls.published(false);
	explore_check(tally.done == calls.blocks,
	              "the blocks were not all counted");
	for (unsigned b = 0; b < calls.blocks; b++)
		explore_check(frame->ran[b] == 1,
		              "a block was not run exactly once");
	explore_dead(frame, sizeof *frame);
}

void calls_and_end(void)
{
	for (unsigned i = 0; i < calls.n; i++)
		calls_share(&calls.frame[explore_self()][i]);
	if (thrum__add(&left, 1, acq_rel) + 1 == calls.callers)
		world_end();
}

uint64_t calls_place(unsigned number, unsigned caller, unsigned first,
                     unsigned n)
{
	struct team *t = thrum__pool_team(&world, number);

	shapes[caller].frame = &calls.frame[caller][0];
	t->call = (struct call){
		.pool = &world, .team = t, .work = run, .n_jobs = (int)n,
		.fpenv = thrum__fpenv_get(), .shape = &shapes[caller],
	};
	for (unsigned r = 0; r < n; r++) {
		struct worker *w = &world.worker[first + r];
		thrum__store(&t->member[r], (uint16_t)(first + r), relaxed);
		thrum__store(&t->rank[first + r], (uint16_t)r, relaxed);
		w->order = thrum__pool_order(&world, first + r);
	}
	thrum__store(&t->size, n, relaxed);
	thrum__store(&t->busy, 1, relaxed);
	return thrum__team_deal(t, calls.blocks);
}
