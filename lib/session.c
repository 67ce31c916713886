/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* session.c - the calling thread while it is in a call */
#include "config.h"

#include "session.h"

#include "idle.h"
#include "pool.h"
#include "wake.h"
#include "worker.h"

/* The call moves into the team: what it is to its workers from here on. */
static bool open_team(struct session *s, struct call *call,
                      const struct thrum_task *within)
{
	s->team = thrum__team_open(call->pool, &call->n_jobs, within,
	                           &s->caller);
	if (!s->team)
		return false;
	call->team = s->team;
	if (call->pool->bind == THRUM_BIND_CALLER && !within) {
		const struct place *p = s->caller->id < call->pool->places
			? &call->pool->plan.place[s->caller->id] : NULL;
		s->bound = p && p->npus > 0
		           && thrum__affinity_save(&s->mask) == 0;
		if (s->bound)
			(void)thrum__affinity_bind(p->pu, p->npus);
	}
	return true;
}

/* The caller's task, run by this thread without a team. */
static void alone(struct session *s, struct call *call, int n_jobs)
{
	struct thrum_task *outer = thrum__task_current;

	s->kind = SESSION_ALONE;
	if (call->pool && call->pool->alone.timed)
		thrum__stats_add_shared(&call->pool->alone_ran.calls, 1);
	s->bound = false;
	s->team = NULL;
	s->caller = NULL;
	s->scratch = (struct scratch){ 0 };
	s->task = (struct thrum_task){
		.view = thrum__worker_view(NULL, call),
		.call = call, .n_jobs = n_jobs, .node = -1,
		.scratch = outer ? outer->scratch : &s->scratch,
	};
}

static void with_others(struct session *s, struct call *call, int number)
{
	s->task = (struct thrum_task){
		.view = thrum__worker_view(s->caller, call),
		.call = call, .worker = s->caller,
		.scratch = &s->caller->scratch, .number = number,
		.n_jobs = call->n_jobs, .node = s->caller->node,
	};
}

void thrum__session_begin_short(struct session *s, struct call *call)
{
	alone(s, call, call->n_jobs);
	thrum__task_enter(&s->task);
}

void thrum__session_begin(struct session *s, struct call *call,
                          const struct thrum_task *within, bool own_team)
{
	/* Inside a short part of a call the thread is in no team. */
	const struct thrum_task *member = within && within->worker ? within
	                                                           : NULL;

	s->bound = false;
	s->team = NULL;
	if (member && !own_team && call->n_jobs > 1
	    && call->n_jobs == member->n_jobs) {
		s->kind = SESSION_NESTED;
		s->caller = member->worker;
		call->team = member->call->team;
		with_others(s, call, member->number);
	} else if (call->n_jobs > 1 && open_team(s, call, member)) {
		s->kind = SESSION_TEAM;
		s->visitor = call;
		with_others(s, thrum__team_adopt(s->team, call), 0);
	} else {
		call->n_jobs = 1;
		alone(s, call, 1);
	}
	thrum__task_enter(&s->task);
}

uint64_t thrum__session_publish(struct session *s, uint32_t blocks)
{
	struct team *t = s->team;
	uint64_t deal = thrum__team_deal(t, blocks);
	uint32_t wakes = thrum__wake_needed(t);
	unsigned woken = 0, more;

	if (t->call.wakes != wakes)
		t->call.wakes = wakes;
	thrum__team_publish(t, deal);
	if (thrum__idle_called(t->pool)) {
		do { /* if those woken do not: some have just fallen asleep */
			more = thrum__wake_members(t);
			woken += more;
		} while (more && !wakes);
		thrum__wake_instead(t);
		thrum__worker_woke(s->caller, &t->call, woken);
	}
	thrum__worker_serve(s->caller, t, thrum__deal_epoch(deal));
	return deal;
}

uint64_t thrum__session_publish_turns(struct session *s)
{
	struct team *t = s->team;
	uint64_t deal = thrum__team_deal(t, 0);

	for (uint32_t r = 0; r < thrum__deal_ranks(deal); r++)
		thrum__range_set_turn(&t->seat[r].range,
		                      thrum__deal_epoch(deal));
	thrum__team_publish(t, deal);
	if (thrum__idle_called(t->pool))
		thrum__wake_instead(t);
	return deal;
}

void thrum__session_end(struct session *s)
{
	thrum__task_leave(&s->task);
	if (s->kind == SESSION_TEAM) {
		/* Relaxed: nobody is at it any more. */
		thrum__store(&s->visitor->stop,
		             thrum__load(&s->team->call.stop, relaxed),
		             relaxed);
		thrum__store(&s->visitor->steals,
		             thrum__load(&s->team->call.steals, relaxed),
		             relaxed);
		thrum__store(&s->visitor->woken,
		             thrum__load(&s->team->call.woken, relaxed),
		             relaxed);
		thrum__team_close(s->team, s->caller);
		if (s->bound)
			thrum__affinity_restore(&s->mask);
	} else if (s->task.scratch == &s->scratch) {
		thrum__scratch_free(&s->scratch);
	}
}
