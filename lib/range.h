/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* range.h - the blocks of a loop that one worker still has before it
 *
 * A call deals blocks 0 <= b < B to its R ranks, rank r the r-th of R equal
 * parts. The deal is one word, {epoch:32, B:16, R:16}, of which the epoch
 * counts the calls of a team. What a rank has left is another word,
 *
 *   {epoch:32, lo:16, hi:16}   blocks lo <= b < hi of call number epoch
 *
 * and a word of an earlier epoch means that nobody has touched the part yet: it
 * is still whole. So the caller deals by one store, to a line that all members
 * have to read anyhow, and does not touch the lines of the members.
 *
 * A worker claims from the front of its own word, thieves take from the back of
 * others, both by compare-and-swap, whoever comes first from the word of an
 * earlier epoch. Later only the worker whose word it is stores to it, and only
 * while it is empty, blocks that it stole; and the caller, to its own, before
 * it publishes.
 *
 * Claims
 *  (1) Each block is in exactly one word, touched or not, or has been claimed by
 *      exactly one worker. The words change by compare-and-swap, which moves
 *      blocks from the word to one claimant, and by the store of blocks that the
 *      storing worker claimed, to a word with none.
 *  (2) A claim of epoch e succeeds only while call e is not complete. When it is
 *      complete, all its blocks were claimed, so every word whose part was not
 *      empty is of epoch e or later, and has none of e: no exchange that expects
 *      an earlier epoch, or blocks of e, can succeed. Parts that were empty are
 *      never exchanged. So whoever holds a block may read the call, and its
 *      memory is there until it has said that the block is done.
 *  (3) A thread that was held up between its load and its compare-and-swap
 *      does no harm: within one call the word may become equal again (a worker
 *      stores what it stole), and then means the same blocks; between calls
 *      the epoch differs, and a word of a later call is not taken for an
 *      earlier one: a word lags by less than THRUM__LAG calls, as the caller
 *      writes all of them anew so often. It would have to sleep through 2^32
 *      calls, give or take that.
 *
 * Order. Who knows the deal has read it with acquire, [T2], and so has seen the
 * call's description: a claim needs no more. It is an acquire all the same, [R2]
 * with [R1], for what a worker did before it gave stolen blocks back to a word.
 * The one empty form {epoch, 1, 0} means "one turn for the owner of this word":
 * thieves see no blocks in it.
 */
#ifndef THRUM__RANGE_H
#define THRUM__RANGE_H

#include "atomics.h"
#include "policy.h"

/* Calls of a team after which words that nobody touched are written anew. */
#define THRUM__LAG UINT32_C(65536)

struct range {
	_Atomic uint64_t word; /* A */
};

struct span {
	uint32_t lo, hi;
};

static inline uint64_t thrum__deal_pack(uint32_t epoch, uint32_t blocks,
                                        uint32_t ranks)
{
	return (uint64_t)epoch << 32 | (uint64_t)blocks << 16 | ranks;
}

static inline uint32_t thrum__deal_epoch(uint64_t deal)
{
	return (uint32_t)(deal >> 32);
}

static inline uint32_t thrum__deal_blocks(uint64_t deal)
{
	return (uint32_t)(deal >> 16) & 0xffff;
}

static inline uint32_t thrum__deal_ranks(uint64_t deal)
{
	return (uint32_t)deal & 0xffff;
}

/** The part of @p rank, which may be no rank of the deal: it has none then. */
static inline struct span thrum__deal_part(uint64_t deal, uint32_t rank)
{
	uint32_t blocks = thrum__deal_blocks(deal);
	uint32_t ranks = thrum__deal_ranks(deal);

	if (rank >= ranks)
		return (struct span){ 0, 0 };
	if (blocks == ranks) /* the least region; a division is 5 ns */
		return (struct span){ rank, rank + 1 };
	/* 16 bits by 13: no overflow. */
	return (struct span){ blocks * rank / ranks,
	                      blocks * (rank + 1) / ranks };
}

static inline uint64_t thrum__range_pack(uint32_t epoch, uint32_t lo,
                                         uint32_t hi)
{
	return (uint64_t)epoch << 32 | (uint64_t)lo << 16 | hi;
}

/** What @p word, of rank @p rank, means in the call of @p deal. */
static inline struct span thrum__range_span(uint64_t word, uint64_t deal,
                                            uint32_t rank)
{
	uint32_t behind = thrum__deal_epoch(deal) - (uint32_t)(word >> 32);

	if (behind == 0)
		return (struct span){ (uint32_t)(word >> 16) & 0xffff,
		                      (uint32_t)word & 0xffff };
	if (behind <= THRUM__LAG)
		return thrum__deal_part(deal, rank);
	return (struct span){ 0, 0 }; /* of a later call */
}

/** Put blocks lo <= b < hi of call @p epoch here. By the caller before the call
 * is published, or by the word's worker while it is empty. */
static inline void thrum__range_set(struct range *r, uint32_t epoch,
                                    uint32_t lo, uint32_t hi)
{
	/* [R1] pairs with [R2] in thrum__range_claim and thrum__range_steal */
	thrum__store(&r->word, thrum__range_pack(epoch, lo, hi), release);
}

/** Blocks that are here for a thief; only a hint. */
static inline uint32_t thrum__range_left(const struct range *r, uint64_t deal,
                                         uint32_t rank)
{
	struct span s = thrum__range_span(thrum__load(&r->word, relaxed), deal,
	                                  rank);
	return s.lo < s.hi ? s.hi - s.lo : 0;
}

/** Claim from the front, about @p chunk blocks. By the worker of the word, which
 * is @p rank in the call of @p deal.
 * @return false if there are none. */
bool thrum__range_claim(struct range *r, uint64_t deal, uint32_t rank,
                        size_t chunk, struct span *got);

/** Take the back half. By any worker of the call of @p deal.
 * @param rank  Of the word, not of the thief.
 * @return false if there are none, or another was faster. */
bool thrum__range_steal(struct range *r, uint64_t deal, uint32_t rank,
                        struct span *got);

/** Give the word's worker one turn of its own that nobody can steal. */
void thrum__range_set_turn(struct range *r, uint32_t epoch);

/** That turn is still to be had. A hint, but for who looks after a fence. */
static inline bool thrum__range_has_turn(const struct range *r, uint32_t epoch)
{
	/* Relaxed: who claims it acquires. */
	return thrum__load(&r->word, relaxed)
	       == thrum__range_pack(epoch, 1, 0);
}

/** Claim that turn: by the worker, or by the caller to take it back. */
bool thrum__range_claim_turn(struct range *r, uint32_t epoch);

#endif
