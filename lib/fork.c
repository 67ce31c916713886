/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fork.c - thrum_run, and forks and joins inside it */
#include "config.h"

#include "entry.h"
#include "join.h"
#include "pool.h"
#include "session.h"
#include "worker.h"


int thrum_run(thrum_pool *pool, thrum_task_fn *fn, void *ctx,
              const thrum_opts *opts)
{
	struct entry e;
	struct session s;
	struct tally tally = { 0 };
	int rc = thrum__entry_begin(&e, pool, 1, opts, 0, fn ? 0 : THRUM_EINVAL);

	if (rc)
		return rc;
	if (thrum__call_stopping(&e.call) != STOP_NOT)
		return thrum__entry_end(&e, 1, &tally);
	thrum__session_begin(&s, &e.call, e.within, false);
	if (s.kind == SESSION_TEAM)
		(void)thrum__session_publish(&s, 0);
	struct scratch_mark mark = thrum__scratch_mark(s.task.scratch);
	rc = fn(ctx, &s.task);
	thrum__task_refresh(&e.call.fpenv);
	thrum__scratch_reset(s.task.scratch, mark);
	thrum__call_mark(&e.call, s.task.number);
	if (rc == 0) {
		tally.done = 1;
	} else if ((rc != THRUM_ECANCELED && rc != THRUM_ETIMEDOUT)
	           || thrum__call_stopping(&e.call) == STOP_NOT) {
		thrum__tally_fail(&tally, 0, rc);
	}
	tally.chunks = 1;
	thrum__pool_count(&s.task, tally.done + tally.failed, 1);
	thrum__session_end(&s);
	if (e.call.meter)
		thrum__meter_add(e.call.meter, 0, tally.done, tally.failed);
	return thrum__entry_end(&e, 1, &tally);
}

void *thrum__push(thrum_task *task, thrum__thunk_fn *thunk, const void *arg,
                  size_t bytes)
{
	struct deque *d = &task->worker->deque;
	thrum__slot *s = thrum__deque_push(d, thunk, task->call, arg, bytes);
	if (s && thrum__deque_wanted(d))
		thrum__worker_expose(task->worker);
	return s;
}

const void *thrum__pop(thrum_task *task, void *slot)
{
	thrum__slot *s = slot;
	return thrum__join(task, s) ? NULL : s->cell;
}

/* The plain form */

thrum_forked thrum_fork(thrum_task *task, thrum_task_fn *fn, void *ctx)
{
	thrum__plain p = { fn, ctx };
	thrum__lane *lane = thrum__lane_of(task);
	thrum__slot *s = lane ? thrum__reserve(task, lane, thrum__plain_thunk)
	                      : NULL;

	if (s)
		*(thrum__plain *)(void *)s->cell = p;
	else if (lane)
		s = thrum__push(task, thrum__plain_thunk, &p, sizeof p);
	return (thrum_forked){ s, fn, ctx };
}

int thrum_join(thrum_task *task, thrum_forked forked)
{
	const int *rc = thrum__pop_inline(task, forked.slot);

	return rc ? *rc : forked.fn(forked.ctx, task);
}

/* For callers that do not see the header's. */
int (thrum_join2)(thrum_task *task, thrum_task_fn *f, void *fctx,
                  thrum_task_fn *g, void *gctx)
{
	return thrum__join2_inline(task, f, fctx, g, gctx);
}
