/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* tally.h - what calls of a memo add up
 *
 * Hits are counted by any number of threads, some 100 000 times a second each.
 * Threads are spread over stripes by where their stack is.
 */
#ifndef THRUM__CACHE_TALLY_H
#define THRUM__CACHE_TALLY_H

#include <pthread.h>
#include <stdint.h>
#include <thrum/memo.h>

enum { TALLY_STRIPES = 16 };

struct tally {
	struct stripe {
		pthread_mutex_t lock;
		uint64_t hits, misses, stores, failures, evicted; /* L */
		uint64_t saved_ns;                                /* L */
		char apart[64];
	} stripe[TALLY_STRIPES];
};

void thrum__tally_init(struct tally *t);
void thrum__tally_destroy(struct tally *t);

/** Around fork(). */
void thrum__tally_fork_prepare(struct tally *t);
void thrum__tally_fork_done(struct tally *t);

/** Count. */
void thrum__tally_hit(struct tally *t, uint64_t saved_ns);
void thrum__tally_miss(struct tally *t);
void thrum__tally_failure(struct tally *t);
void thrum__tally_evicted(struct tally *t, uint64_t n);

/** Count a store. @return How many there were, by threads like this one. */
uint64_t thrum__tally_store(struct tally *t);

/** Add up; entries and bytes are left alone. */
void thrum__tally_sum(struct tally *t, thrum_memo_stats *stats);

#endif
