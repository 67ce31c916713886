/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* join.c - to wait for a task that was stolen
 *
 * Leapfrogging (Wagner, Calder, "Leapfrogging: a portable technique for
 * implementing efficient futures", PPoPP 1993): while it waits, the owner
 * steals from the thief, and only tasks that the thief forked since it took the
 * stolen one. These are descendants of what the owner waits for: what a serial
 * run could be at here, too. So a body that holds a lock never finds another
 * body of its kind on its own stack, and the stack stays that of a serial run.
 *
 *   thief                                owner
 *   take the slot          [D2]          state: add WAITING only to sleep
 *   incarnation++          [D6]          s = state            [J2] acquire
 *   state = STOLEN, id, h  [J1] release  word = thief's deque [D5] acquire
 *   run: forks at h, h + 1, ..           state still s?       [J5] acquire
 *   state = DONE           [J3]          tail >= h? exchange  [D2]
 *
 * Claim: what the owner takes is a descendant. At [J5] the thief was still at
 * the stolen task, so `word` was loaded while it was, and all tasks at index h
 * and above were forked by it. The thief begins a new incarnation before it says
 * DONE, so before it can fork anything else; the exchange then fails.
 *
 * Sleeping. The owner sleeps on its parker, and two events call it: DONE, which
 * sees WAITING (one word, so one order: either the swap finds WAITING, or the
 * owner finds DONE); and an exposure in the thief's deque, as there is
 * something to leap to:
 *
 *   owner                                thief
 *   thief.leaper = me      relaxed       expose               [D1]
 *   [J6] fence seq_cst                   [I2] fence seq_cst
 *   look at the deque                    read leaper: call it
 *
 * They cannot both overlook the other, as in idle.h. A leaper that another
 * waiter has overwritten sleeps until DONE; nothing is lost but speed.
 */
#include "config.h"

#include "join.h"

#include "clock.h"
#include "pool.h"
#include "worker.h"

/* Run one descendant of the task in @p s, which is in state @p state. */
static bool leap(struct thrum_task *task, struct worker *thief, thrum__slot *s,
                 uint64_t state)
{
	uint32_t least = (uint32_t)(state >> 32) & 0xffff;
	uint64_t word = thrum__deque_look(&thief->deque);

	/* [J5] pairs with [J1] in thrum__worker_run_slot, as [J2] */
	if (thrum__peek(&s->state, acquire) != state)
		return false;
	if (thrum__deque_tail(word) >= thrum__deque_split(word)) {
		thrum__deque_beg(&thief->deque);
		return false;
	}
	if (thrum__deque_tail(word) < least)
		return false;
	thrum__slot *found = thrum__deque_take(&thief->deque, word);
	if (!found)
		return false;
	thrum__worker_run_slot(task->worker, thief, found, task->number,
	                       task->n_jobs);
	return true;
}

/* Sleep until DONE, or until there may be something to leap to. */
static void doze(struct thrum_task *task, thrum__slot *s)
{
	struct worker *w = task->worker, *thief = NULL;
	/* [J4] acquire: pairs with [J3] in thrum__worker_run_slot */
	uint64_t state = thrum__poke_or(&s->state,
	                                (uint64_t)THRUM__SLOT_WAITING,
	                                acq_rel);

	if (state & THRUM__SLOT_DONE)
		return;
	if (state & THRUM__SLOT_STOLEN) {
		thief = thrum__pool_worker(w->pool,
		                           (uint32_t)(state >> 16) & 0xffff);
		/* Relaxed: ordered by the fence. */
		thrum__store(&thief->leaper, w->id + 1, relaxed);
		thrum__fence_seq_cst(); /* [J6] pairs with [I2] in
		                         * thrum__idle_called */
		if (leap(task, thief, s, state | THRUM__SLOT_WAITING))
			thief = NULL;
	}
	if (thief || !(state & THRUM__SLOT_STOLEN))
		thrum__parker_park(&w->seat.parker);
}

static void wait_for(struct thrum_task *task, thrum__slot *s)
{
	struct worker *w = task->worker;
	uint64_t until = 0;

	for (unsigned i = 1;; i++) {
		/* [J2] pairs with [J1] in thrum__worker_run_slot
		 * [J4] pairs with [J3] in thrum__worker_run_slot */
		uint64_t state = thrum__peek(&s->state, acquire);
		if (state & THRUM__SLOT_DONE)
			return;
		if (state & THRUM__SLOT_STOLEN
		    && leap(task, thrum__pool_worker(
				w->pool, (uint32_t)(state >> 16) & 0xffff),
			    s, state)) {
			until = 0;
			continue;
		}
		thrum__pause();
		if (i % 32)
			continue;
		uint64_t now = thrum__clock_ns();
		if (until == 0)
			until = now + w->pool->spin_ns;
		if (now >= until)
			doze(task, s);
	}
}

bool thrum__join(struct thrum_task *task, thrum__slot *s)
{
	struct deque *d = &task->worker->deque;

	if (thrum__deque_pop(d, s))
		return true;
	wait_for(task, s);
	thrum__deque_drop(d, s);
	return false;
}
