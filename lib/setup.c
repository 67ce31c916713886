/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* setup.c - pools as the user makes them, and a turn for each worker */
#include "config.h"

#include "cpus.h"
#include "entry.h"
#include "idle.h"
#include "machine.h"
#include "options.h"
#include "pool.h"
#include "progress.h"
#include "session.h"
#include "summary.h"
#include "worker.h"

#include <errno.h>
#include <string.h>
#include <thrum/cpus.h>

int thrum_pool_create(thrum_pool **pool, const thrum_pool_opts *opts)
{
	thrum_pool_opts o = { .size = sizeof o };
	unsigned notes = 0;
	int saved = errno, rc;

	if (!pool)
		return THRUM_EINVAL;
	*pool = NULL;
	rc = opts ? thrum__options_size(opts, sizeof o) : 0;
	if (rc)
		return rc;
	if (opts)
		o = *opts;
	if (o.bind < 0 || o.bind > THRUM_BIND_CALLER)
		return THRUM_EINVAL;
	/* Its places are to last, so none are made by a sketch. */
	(void)thrum__machine();
	if (o.n_jobs == 0) {
		thrum_opts defaults;
		(void)thrum__options_take(&defaults, NULL, 0,
		                          thrum__entry_inside());
		o.n_jobs = defaults.n_jobs;
	}
	int size = thrum__entry_count(NULL, NULL, &o.n_jobs, &notes);
	rc = thrum__pool_create(pool, size, &o);
	if (rc == 0) /* relaxed: nobody else knows it yet */
		thrum__or(&(*pool)->notes, notes, relaxed);
	errno = saved;
	return rc;
}

static int destroy(struct thrum_pool *pool)
{
	int rc = thrum__pool_end(pool);

	if (rc == 0) {
		thrum__summary_print(pool);
		thrum__pool_free(pool);
	}
	return rc;
}

int thrum_pool_destroy(thrum_pool *pool)
{
	return pool ? destroy(pool) : 0;
}

int thrum_shutdown(void)
{
	struct thrum_pool *pool, *next;
	int saved = errno, rc = thrum__pool_detach(&pool);

	for (; rc == 0 && pool; pool = next) {
		next = pool->next;
		(void)destroy(pool);
	}
	if (rc == 0) {
		thrum__progress_shutdown();
		if (!thrum__pool_any())
			thrum__machine_forget();
	}
	errno = saved;
	return rc;
}

/* A turn for each worker */

struct turns {
	thrum_task_fn *fn;
	void *ctx;
};

static void take_turn(struct call *call, struct thrum_task *task, uint32_t lo,
                      uint32_t hi, struct tally *tally)
{
	struct turns *t = call->shape;
	struct scratch_mark mark = thrum__scratch_mark(task->scratch);
	int rc = t->fn(t->ctx, task);

	(void)hi;
	thrum__task_refresh(&call->fpenv);
	thrum__scratch_reset(task->scratch, mark);
	if (rc)
		thrum__tally_fail(tally, lo, rc);
	else
		tally->done++;
}

/* The thread of rank @p r does not exist, and cannot be started. */
static bool missing(struct team *t, unsigned r)
{
	struct worker *w = thrum__team_member(t, r);
	/* Relaxed: looked at again after the next ring of the bell. */
	uint32_t rest = thrum__load(&w->home.rest, relaxed);

	return r != 0 && (rest == REST_DEAD || rest == REST_UNSTARTED);
}

/* Wake all members; take back the turns of those that cannot be had.
 * @return how many. */
static uint32_t wake_all(struct session *s, uint64_t deal)
{
	struct team *t = s->team;
	uint32_t back = 0;

	for (unsigned r = 1; r < thrum__deal_ranks(deal); r++) {
		thrum__worker_woke(s->caller, &t->call, thrum__idle_rouse(
			thrum__team_member(t, r)));
		if (missing(t, r)
		    && thrum__range_claim_turn(&t->seat[r].range,
		                               thrum__deal_epoch(deal)))
			back++;
	}
	return back;
}

static void give_turns(struct session *s, struct tally *tally)
{
	struct team *t = s->team;
	struct worker *w = s->caller;
	uint64_t deal = thrum__session_publish_turns(s);
	uint32_t turns = thrum__deal_ranks(deal);

	for (;;) {
		uint32_t seen = thrum__idle_seen(w->pool);
		turns -= wake_all(s, deal);
		if (thrum__team_complete(t, deal, turns))
			break;
		if (thrum__worker_help(w, t, deal, 0))
			continue;
		thrum__idle_announce(w->pool, &w->seat);
		if (thrum__team_complete(t, deal, turns)
		    || thrum__idle_seen(w->pool) != seen)
			thrum__idle_cancel(w->pool, &w->seat);
		else
			thrum__idle_sleep(w->pool, &w->seat, -1);
	}
	thrum__team_sum(t, deal, tally);
}

int thrum_each(thrum_pool *pool, thrum_task_fn *fn, void *ctx,
               const thrum_opts *opts)
{
	struct entry e;
	struct session s;
	struct tally tally = { 0 };
	struct turns turns = { fn, ctx };
	int rc = fn ? 0 : THRUM_EINVAL;

	if (rc == 0 && thrum__entry_inside())
		rc = THRUM_EDEADLK;
	/* What is set up in its workers is to last: by all that can be known of
	 * the machine, or else, where calls are made in the pool, as it is. */
	if (rc == 0 && !pool)
		(void)thrum__machine();
	rc = thrum__entry_begin(&e, pool, 0, opts, TAKES_NOTHING, rc);
	if (rc)
		return rc;
	if (!pool && e.call.pool)
		thrum__pool_keep(e.call.pool);
	e.call.work = take_turn;
	thrum__session_begin(&s, &e.call, e.within, true);
	s.task.call->shape = &turns;
	if (s.kind == SESSION_TEAM) {
		give_turns(&s, &tally);
	} else {
		take_turn(s.task.call, &s.task, 0, 1, &tally);
		tally.chunks++;
		thrum__call_mark(&e.call, 0);
		thrum__pool_count(&s.task, tally.done + tally.failed, 1);
	}
	thrum__session_end(&s);
	return thrum__entry_end(&e, tally.done + tally.failed, &tally);
}

static int nothing(void *ctx, thrum_task *task)
{
	(void)ctx, (void)task;
	return 0;
}

int thrum_pool_warm(thrum_pool *pool, int n_jobs)
{
	thrum_report report;
	int rc = thrum_each(pool, nothing, NULL,
	                    THRUM_OPTS(.n_jobs = n_jobs, .report = &report));
	return rc ? rc : (int)report.done;
}

int thrum_pool_cpus(thrum_pool *pool, int n_jobs, int *cpu, int n)
{
	thrum_pool *p = pool;
	struct thrum_task *within;
	unsigned notes = 0, count = 1;
	int saved = errno, here = thrum__affinity_cpu();
	uint16_t id[THRUM__WORKERS_MAX];

	if (n < 0 || (n > 0 && !cpu))
		return THRUM_EINVAL;
	if (!pool)
		(void)thrum__machine(); /* as in thrum_each */
	n_jobs = thrum_effective_n_jobs(pool, n_jobs);
	int k = thrum__entry_workers(&p, &n_jobs, &within, &notes);
	if (p && k > 1) {
		int place = thrum__plan_place_of_cpu(&p->plan, here);
		uint32_t at = place < 0 ? 0 : (uint32_t)place;
		const uint16_t *order = thrum__pool_order(p, at);
		if (within && !within->worker)
			within = NULL;
		if (order)
			count = thrum__team_choose(p, at, order, within,
			                           (unsigned)k, id);
	}
	for (int r = 0; r < n; r++) {
		const struct place *of = r > 0 && (unsigned)r < count
			? &p->plan.place[id[r]] : NULL;
		cpu[r] = r == 0 ? here : of && of->npus > 0 ? of->cpu : -1;
	}
	errno = saved;
	return (int)count;
}
