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
 * They cannot both overlook the other, as in idle.h. An owner that fell asleep
 * before the thief had said who it is does not know whose leaper to be: [J1] finds
 * WAITING, and calls it. A leaper that another waiter has overwritten sleeps until
 * DONE; nothing is lost but speed.
 */
#include "config.h"

#include "join.h"

#include "clock.h"
#include "pool.h"
#include "worker.h"

/* Who runs the task of a slot in state @p state; NULL: nobody has said so. */
static struct worker *thief_of(const struct worker *w, uint64_t state)
{
	if (!(state & THRUM__SLOT_STOLEN))
		return NULL;
	return thrum__pool_worker(w->pool, (uint32_t)(state >> 16) & 0xffff);
}

/* Take a descendant of the task in @p s, which @p thief runs and which is in
 * state @p state. NULL if there is none to be had. */
static thrum__slot *find(struct worker *w, struct worker *thief,
                         const thrum__slot *s, uint64_t state)
{
	uint32_t least = (uint32_t)(state >> 32) & 0xffff;
	uint64_t word = thrum__deque_look(&thief->deque);

	/* [J5] pairs with [J1] in thrum__worker_run_slot, as [J2] */
	if (thrum__peek(&s->state, acquire) != state)
		return NULL;
	if (thrum__deque_tail(word) >= thrum__deque_split(word)) {
		thrum__deque_beg(&thief->deque);
		return NULL;
	}
	if (thrum__deque_tail(word) < least)
		return NULL;
	thrum__slot *found = thrum__deque_take(&thief->deque, word);
	if (!found)
		thrum__stats_add(&w->at_seat.misses, 1);
	return found;
}

static void leap(struct thrum_task *task, struct worker *thief,
                 thrum__slot *found)
{
	thrum__worker_run_slot(task->worker, thief, found, task->number,
	                       task->n_jobs);
}

/* Sleep until DONE, or until there may be something to leap to. */
static void doze(struct thrum_task *task, thrum__slot *s)
{
	struct worker *w = task->worker;
	/* [J4] acquire: pairs with [J3] in thrum__worker_run_slot */
	uint64_t state = thrum__poke_or(&s->state,
	                                (uint64_t)THRUM__SLOT_WAITING,
	                                acq_rel);

	if (state & THRUM__SLOT_DONE)
		return;
	struct worker *thief = thief_of(w, state);
	if (thief) {
		/* Relaxed: ordered by the fence. */
		thrum__store(&thief->leaper, w->id + 1, relaxed);
		thrum__fence_seq_cst(); /* [J6] pairs with [I2] in
		                         * thrum__idle_called */
		thrum__slot *found = find(w, thief, s,
		                          state | THRUM__SLOT_WAITING);
		if (found) {
			leap(task, thief, found);
			return;
		}
	}
	thrum__stats_park(&w->at_seat);
	thrum__parker_park(&w->seat.parker);
	thrum__stats_unpark(&w->at_seat);
}

static void wait_for(struct thrum_task *task, thrum__slot *s)
{
	struct worker *w = task->worker;
	uint64_t until = 0, since = thrum__stats_spin(&w->at_seat);

	for (unsigned i = 1;; i++) {
		/* [J2] pairs with [J1] in thrum__worker_run_slot
		 * [J4] pairs with [J3] in thrum__worker_run_slot */
		uint64_t state = thrum__peek(&s->state, acquire);
		if (state & THRUM__SLOT_DONE)
			break;
		struct worker *thief = thief_of(w, state);
		thrum__slot *found = thief ? find(w, thief, s, state) : NULL;
		if (found) {
			thrum__stats_spun(&w->at_seat, since);
			leap(task, thief, found);
			since = thrum__stats_spin(&w->at_seat);
			until = 0;
			continue;
		}
		thrum__pause();
		if (i % 32)
			continue;
		uint64_t now = thrum__clock_ns();
		if (until == 0)
			until = now + w->pool->spin_ns;
		if (now >= until) {
			thrum__stats_spun(&w->at_seat, since);
			doze(task, s);
			since = thrum__stats_spin(&w->at_seat);
		}
	}
	thrum__stats_spun(&w->at_seat, since);
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
