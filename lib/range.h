/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* range.h - the blocks of a loop that one worker still has before it
 *
 * One word, {epoch:32, lo:16, hi:16}: blocks lo <= b < hi of call number epoch
 * are here, and nowhere else. Its worker claims from the front, thieves take
 * from the back, both by compare-and-swap.
 *
 * Rules. The caller writes the words of a call before it publishes it, when
 * nobody holds a block of the call before. Later only the worker whose word it
 * is stores to it, and only while it is empty, blocks that it stole.
 *
 * Claims
 *  (1) Each block is in exactly one word or has been claimed by exactly one
 *      worker. The words change by compare-and-swap, which moves blocks from
 *      the word to one claimant, and by the store of blocks that the storing
 *      worker claimed, to a word with none.
 *  (2) A claim of epoch e succeeds only while call e is not complete: the block
 *      that it moves has not been run. So whoever holds a block may read the
 *      call, and its memory is there until it has said that the block is done.
 *  (3) A thread that was held up between its load and its compare-and-swap
 *      does no harm: within one call the word may become equal again (a worker
 *      stores what it stole), and then means the same blocks; between calls
 *      the epoch differs. It would have to sleep through exactly 2^32 calls.
 *
 * Order. [R1] a store of a word is a release, [R2] a successful claim is an
 * acquire: who holds a block has seen the call's description. A claim is a
 * read-modify-write, so a claim after it still reads from the release sequence
 * of the store. The one empty form {epoch, 1, 0} means "one turn for the owner
 * of this word": thieves see no blocks in it.
 */
#ifndef THRUM__RANGE_H
#define THRUM__RANGE_H

#include "atomics.h"
#include "policy.h"

struct range {
	_Atomic uint64_t word; /* A */
};

struct span {
	uint32_t lo, hi;
};

static inline uint64_t thrum__range_pack(uint32_t epoch, uint32_t lo,
                                         uint32_t hi)
{
	return (uint64_t)epoch << 32 | (uint64_t)lo << 16 | hi;
}

static inline struct span thrum__range_span(uint64_t word)
{
	return (struct span){ (uint32_t)(word >> 16) & 0xffff,
	                      (uint32_t)word & 0xffff };
}

/** Put blocks lo <= b < hi of call @p epoch here. By the caller before the call
 * is published, or by the word's worker while it is empty. */
static inline void thrum__range_set(struct range *r, uint32_t epoch,
                                    uint32_t lo, uint32_t hi)
{
	/* [R1] pairs with [R2] in thrum__range_claim and thrum__range_steal */
	thrum__store(&r->word, thrum__range_pack(epoch, lo, hi), release);
}

/** Blocks that are here for a thief of call @p epoch; only a hint. */
static inline uint32_t thrum__range_left(const struct range *r, uint32_t epoch)
{
	uint64_t word = thrum__load(&r->word, relaxed);
	struct span s = thrum__range_span(word);
	return word >> 32 == epoch && s.lo < s.hi ? s.hi - s.lo : 0;
}

/** Claim from the front, about @p chunk blocks. By the word's worker.
 * @return false if there are none of call @p epoch. */
bool thrum__range_claim(struct range *r, uint32_t epoch, uint32_t chunk,
                        struct span *got);

/** Take the back half. By any worker of call @p epoch.
 * @return false if there are none, or another was faster. */
bool thrum__range_steal(struct range *r, uint32_t epoch, struct span *got);

/** Give the word's worker one turn of its own that nobody can steal. */
void thrum__range_set_turn(struct range *r, uint32_t epoch);

/** Claim that turn: by the worker, or by the caller to take it back. */
bool thrum__range_claim_turn(struct range *r, uint32_t epoch);

#endif
