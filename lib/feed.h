/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* feed.h - items on their way from one producer to the workers, oldest first
 *
 * A ring of numbers with two counters that only grow, for the whole life of the
 * team it belongs to, not only for one stream:
 *
 *   producer   entry[filled % FEED] = item; filled++     [F1] release
 *   worker     c = claimed; if c < filled [F2] acquire
 *              take entry[c % FEED]; claimed: c -> c + 1 [F3] acquire
 *
 * Claims
 *  (1) Number c has one claimant: the counter passes c once.
 *  (2) The entry it read is the one of number c. The producer overwrites it
 *      only when claimed > c, and then the exchange fails.
 *  (3) A worker that was held up claims nothing of a later stream by mistake:
 *      it compares the deal of the team after [F2] again. If the entries it
 *      saw are of a later stream, [F1] was written after that deal, and it
 *      sees that. 64-bit counters do not come round.
 */
#ifndef THRUM__FEED_H
#define THRUM__FEED_H

#include "atomics.h"
#include "cacheline.h"

#define THRUM__FEED 512u /* a power of two */

struct feed {
	THRUM__ALIGNED _Atomic uint64_t filled;  /* S producer writes */
	THRUM__ALIGNED _Atomic uint64_t claimed; /* A */
	THRUM__ALIGNED _Atomic uint32_t entry[THRUM__FEED]; /* S */
};

/** Items that wait to be claimed. By the producer: an upper bound; it is full
 * at THRUM__FEED. */
static inline uint64_t thrum__feed_waiting(const struct feed *f)
{
	/* [F4] acquire: pairs with [F3] in thrum__feed_claim: who took an entry
	 * has read it before it is written again. */
	return thrum__load(&f->filled, relaxed)
	       - thrum__load(&f->claimed, acquire);
}

/** Put @p item in. The feed is not full. Producer. */
static inline void thrum__feed_put(struct feed *f, uint32_t item)
{
	uint64_t n = thrum__load(&f->filled, relaxed); /* its own */
	/* Relaxed: published by [F1]. */
	thrum__store(&f->entry[n % THRUM__FEED], item, relaxed);
	/* [F1] pairs with [F2] in thrum__feed_claim */
	thrum__store(&f->filled, n + 1, release);
}

/** Claim the oldest item, if the word at @p deal is still @p expected.
 * @return false if there is none. Any worker. */
static inline bool thrum__feed_claim(struct feed *f, uint32_t *item,
                                     const _Atomic uint64_t *deal,
                                     uint64_t expected)
{
	/* Relaxed: a guess, which the exchange confirms. */
	uint64_t c = thrum__load(&f->claimed, relaxed);

	for (;;) {
		/* [F2] pairs with [F1] in thrum__feed_put */
		if (c >= thrum__load(&f->filled, acquire)
		    || thrum__load(deal, relaxed) != expected)
			return false;
		/* Relaxed: see (2). */
		*item = thrum__load(&f->entry[c % THRUM__FEED], relaxed);
		/* (c) -> (c + 1)
		 * [F3] pairs with [F4] in thrum__feed_waiting */
		if (thrum__cas(&f->claimed, &c, c + 1, acq_rel))
			return true;
	}
}

#endif
