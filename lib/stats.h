/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stats.h - what a thread did, counted without sharing
 *
 * A struct belongs to one thread at a time, as the place or the team does that it
 * is kept with, and is on lines that nobody else looks at unless asked for
 * figures. So to count is a load and a store, made when a part of a
 * call is over, for a steal or a sleep, and never for an index or a fork.
 *
 * Times cost a look at the clock: they are taken only where `timed` is set.
 */
#ifndef THRUM__STATS_H
#define THRUM__STATS_H

#include "atomics.h"
#include "cacheline.h"
#include "clock.h"

#include <thrum/stats.h>

/* What each call adds to. It goes to a line that is written for each call as it
 * is: a line more took up to a tenth of a shared empty region, depending on where
 * the heap had put it. */
struct ran {
	_Atomic uint64_t calls, jobs, chunks; /* S told in thrum/stats.h */
};

/* The rest, which is rare. */
struct stats {
	THRUM__ALIGNED bool timed;    /* I */
	_Atomic uint64_t range_steals; /* S all, told likewise */
	_Atomic uint64_t task_steals;
	_Atomic uint64_t misses;
	_Atomic uint64_t wakes;
	_Atomic uint64_t spins;
	_Atomic uint64_t spin_ns;
	_Atomic uint64_t parks;
	_Atomic uint64_t parked;      /* see thrum__stats_park */
};

/** Count @p n of what @p counter is for. The thread that it belongs to.
 *
 * Relaxed, here and in all below: nobody concludes from a count that anything
 * else may be read. */
static inline void thrum__stats_add(_Atomic uint64_t *counter, uint64_t n)
{
	thrum__store(counter, thrum__load(counter, relaxed) + n, relaxed);
}

/** The same by any number of threads. */
static inline void thrum__stats_add_shared(_Atomic uint64_t *counter,
                                           uint64_t n)
{
	thrum__add(counter, n, relaxed);
}

/** The clock for a time that is to be measured; 0 where none is. */
static inline uint64_t thrum__stats_clock(const struct stats *s)
{
	return s->timed ? thrum__clock_ns() : 0;
}

/** A spell of spinning begins. Counted here rather than at its end, when there
 * is work. @return the moment, for thrum__stats_spun. */
static inline uint64_t thrum__stats_spin(struct stats *s)
{
	thrum__stats_add(&s->spins, 1);
	return thrum__stats_clock(s);
}

/** It is over. */
static inline void thrum__stats_spun(struct stats *s, uint64_t since)
{
	if (since)
		thrum__stats_add(&s->spin_ns, thrum__clock_ns() - since);
}

/** Its thread goes to sleep.
 *
 * A sleep may be as long as the program, so one that lasts is to be seen as
 * well. While it does, the word has the time of all before less the moment it
 * began, and 1 in its lowest bit, so that a reader who knows the moment finds
 * the sum in one load: (t << 1) -> ((t - now) << 1 | 1) -> ((t + slept) << 1). */
static inline void thrum__stats_park(struct stats *s)
{
	thrum__stats_add(&s->parks, 1);
	if (s->timed)
		thrum__store(&s->parked, (thrum__load(&s->parked, relaxed)
		                          - (thrum__clock_ns() << 1)) | 1,
		             relaxed);
}

/** It is awake again. */
static inline void thrum__stats_unpark(struct stats *s)
{
	if (s->timed)
		thrum__store(&s->parked, (thrum__load(&s->parked, relaxed) & ~1ull)
		                         + (thrum__clock_ns() << 1), relaxed);
}

/** Add what @p s counts to @p sum. Any thread. Counts only grow from one reading
 * to the next; together they are of no one moment. A sleep that ends meanwhile
 * may be seen longer than it was, by as much as the reading took. */
void thrum__stats_sum(thrum_worker_stats *sum, const struct stats *s);
void thrum__stats_sum_ran(thrum_worker_stats *sum, const struct ran *r);

/** Begin anew. Nobody else counts in it. */
void thrum__stats_reset(struct stats *s);

#endif
