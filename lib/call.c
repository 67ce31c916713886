/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* call.c - one run of thrum_for, _map, _reduce, _stream or _run
 *
 * Ending. `stop` only asks: whoever is about to run a job looks at it first.
 * All accesses are relaxed, as no data goes with them; that a job was not run
 * shows in the counts, which the join orders.
 *
 * The token and the deadline are looked at by the workers themselves, at the
 * same places, so nobody has to stand by and watch.
 */
#include "config.h"

#include "call.h"

#include "clock.h"

THRUM__THREAD struct thrum_task *thrum__task_current;

void thrum__call_stop(struct call *call, enum stop why)
{
	unsigned not_yet = STOP_NOT;
	/* Relaxed: see above. */
	thrum__cas(&call->stop, &not_yet, (unsigned)why, relaxed);
}

enum stop thrum__call_stopping(struct call *call)
{
	for (struct call *c = call; c; c = c->parent) {
		unsigned why = thrum__load(&c->stop, relaxed); /* see above */
		if (why == STOP_NOT) {
			if (c->cancel && thrum_cancel_is_set(c->cancel))
				thrum__call_stop(c, STOP_CANCELLED);
			else if (c->deadline_ns
			         && thrum__clock_ns() >= c->deadline_ns)
				thrum__call_stop(c, STOP_TIMED_OUT);
			why = thrum__load(&c->stop, relaxed);
		}
		if (why == STOP_NOT)
			continue;
		if (c != call)
			thrum__call_stop(call, STOP_CANCELLED);
		return (enum stop)thrum__load(&call->stop, relaxed);
	}
	return STOP_NOT;
}

void thrum__call_mark(struct call *call, int number)
{
	if (!call->crew)
		return;
	_Atomic uint64_t *word = &call->crew[number / 64];
	uint64_t bit = (uint64_t)1 << (number % 64);
	/* Relaxed: a figure for the report, read after the join. */
	if (!(thrum__load(word, relaxed) & bit))
		thrum__or(word, bit, relaxed);
}

void thrum__tally_fail(struct tally *tally, uint64_t index, int code)
{
	if (tally->failed++ == 0 || index < tally->error_index) {
		tally->error_index = index;
		tally->error_code = code;
	}
}

void thrum__tally_merge(struct tally *into, const struct tally *from)
{
	if (from->failed
	    && (into->failed == 0 || from->error_index < into->error_index)) {
		into->error_index = from->error_index;
		into->error_code = from->error_code;
	}
	into->done += from->done;
	into->failed += from->failed;
	into->steals += from->steals;
	into->timed_ns += from->timed_ns;
	into->timed += from->timed;
	into->chunks += from->chunks;
}

void thrum_cancel_set(thrum_cancel *c)
{
	/* [K1] release: pairs with [K2] in thrum_cancel_is_set, so that what
	 * was written before is seen by whoever asks why it was cancelled. */
	thrum__poke(&c->word, 1u, release);
}

int thrum_cancel_is_set(const thrum_cancel *c)
{
	/* [K2] pairs with [K1] in thrum_cancel_set */
	return (int)thrum__peek(&c->word, acquire);
}

void thrum_cancel_clear(thrum_cancel *c)
{
	thrum__poke(&c->word, 0u, relaxed); /* while no call watches it */
}
