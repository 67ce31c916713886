/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* tally.c - what calls of a memo add up */
#include "config.h"

#include "tally.h"

#include <string.h>

void thrum__tally_init(struct tally *t)
{
	memset(t, 0, sizeof *t);
	for (int i = 0; i < TALLY_STRIPES; i++)
		pthread_mutex_init(&t->stripe[i].lock, NULL);
}

void thrum__tally_destroy(struct tally *t)
{
	for (int i = 0; i < TALLY_STRIPES; i++)
		pthread_mutex_destroy(&t->stripe[i].lock);
}

void thrum__tally_fork_prepare(struct tally *t)
{
	for (int i = 0; i < TALLY_STRIPES; i++)
		pthread_mutex_lock(&t->stripe[i].lock);
}

void thrum__tally_fork_done(struct tally *t)
{
	for (int i = 0; i < TALLY_STRIPES; i++)
		pthread_mutex_unlock(&t->stripe[i].lock);
}

/* Stacks are megabytes apart, most often; the multiplication spreads them. */
static struct stripe *lock_stripe(struct tally *t)
{
	uint64_t here = (uintptr_t)&t;
	uint64_t mixed = (here >> 16) * UINT64_C(0x9e3779b97f4a7c15);
	struct stripe *s = &t->stripe[mixed >> 60];

	pthread_mutex_lock(&s->lock);
	return s;
}

_Static_assert(TALLY_STRIPES == 16, "four bits choose");

static void unlock(struct stripe *s)
{
	pthread_mutex_unlock(&s->lock);
}

void thrum__tally_hit(struct tally *t, uint64_t saved_ns)
{
	struct stripe *s = lock_stripe(t);
	s->hits++;
	s->saved_ns += saved_ns;
	unlock(s);
}

void thrum__tally_miss(struct tally *t)
{
	struct stripe *s = lock_stripe(t);
	s->misses++;
	unlock(s);
}

void thrum__tally_failure(struct tally *t)
{
	struct stripe *s = lock_stripe(t);
	s->failures++;
	unlock(s);
}

void thrum__tally_evicted(struct tally *t, uint64_t n)
{
	struct stripe *s = lock_stripe(t);
	s->evicted += n;
	unlock(s);
}

uint64_t thrum__tally_store(struct tally *t)
{
	struct stripe *s = lock_stripe(t);
	uint64_t n = ++s->stores;
	unlock(s);
	return n;
}

void thrum__tally_sum(struct tally *t, thrum_memo_stats *stats)
{
	uint64_t saved_ns = 0;

	for (int i = 0; i < TALLY_STRIPES; i++) {
		struct stripe *s = &t->stripe[i];
		pthread_mutex_lock(&s->lock);
		stats->hits += s->hits;
		stats->misses += s->misses;
		stats->stores += s->stores;
		stats->failures += s->failures;
		stats->evicted += s->evicted;
		saved_ns += s->saved_ns;
		pthread_mutex_unlock(&s->lock);
	}
	stats->saved_s = (double)saved_ns / 1e9;
}
