/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stats.c - what a thread did, added up; see stats.h */
#include "config.h"

#include "stats.h"

static uint64_t parked_ns(const struct stats *s)
{
	uint64_t word = thrum__load(&s->parked, relaxed);

	if (word & 1)
		word += thrum__clock_ns() << 1; /* it sleeps now */
	return word >> 1;
}

void thrum__stats_sum(thrum_worker_stats *sum, const struct stats *s)
{
	sum->range_steals += thrum__load(&s->range_steals, relaxed);
	sum->task_steals += thrum__load(&s->task_steals, relaxed);
	sum->misses += thrum__load(&s->misses, relaxed);
	sum->wakes += thrum__load(&s->wakes, relaxed);
	sum->spins += thrum__load(&s->spins, relaxed);
	sum->spin_ns += thrum__load(&s->spin_ns, relaxed);
	sum->parks += thrum__load(&s->parks, relaxed);
	sum->parked_ns += parked_ns(s);
}

void thrum__stats_sum_ran(thrum_worker_stats *sum, const struct ran *r)
{
	sum->calls += thrum__load(&r->calls, relaxed);
	sum->jobs += thrum__load(&r->jobs, relaxed);
	sum->chunks += thrum__load(&r->chunks, relaxed);
}

void thrum__stats_reset(struct stats *s)
{
	bool timed = s->timed;

	*s = (struct stats){ .timed = timed };
}
