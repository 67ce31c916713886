/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* range.c - the blocks of a loop that one worker still has before it */
#include "config.h"

#include "range.h"

bool thrum__range_claim(struct range *r, uint64_t deal, uint32_t rank,
                        size_t chunk, struct span *got)
{
	/* Relaxed: only a guess, which the compare-and-swap confirms. */
	uint64_t word = thrum__load(&r->word, relaxed);

	for (;;) {
		struct span s = thrum__range_span(word, deal, rank);
		if (s.lo >= s.hi)
			return false;
		uint32_t mid = s.lo + thrum__policy_claim(chunk, s.hi - s.lo);
		/* (untouched, or lo, hi) -> (mid, hi)
		 * [R2] pairs with [R1] in thrum__range_set */
		if (thrum__cas(&r->word, &word,
		               thrum__range_pack(thrum__deal_epoch(deal), mid,
		                                 s.hi), acquire)) {
			*got = (struct span){ s.lo, mid };
			return true;
		}
	}
}

bool thrum__range_steal(struct range *r, uint64_t deal, uint32_t rank,
                        struct span *got)
{
	uint64_t word = thrum__load(&r->word, relaxed); /* a guess, as above */
	struct span s = thrum__range_span(word, deal, rank);

	if (s.lo >= s.hi)
		return false;
	uint32_t mid = s.hi - thrum__policy_steal(s.hi - s.lo);
	/* (untouched, or lo, hi) -> (lo, mid)
	 * [R2] pairs with [R1] in thrum__range_set */
	if (!thrum__cas(&r->word, &word,
	                thrum__range_pack(thrum__deal_epoch(deal), s.lo, mid),
	                acquire))
		return false;
	*got = (struct span){ mid, s.hi };
	return true;
}

void thrum__range_set_turn(struct range *r, uint32_t epoch)
{
	/* [R1] pairs with [R2] in thrum__range_claim_turn */
	thrum__store(&r->word, thrum__range_pack(epoch, 1, 0), release);
}

bool thrum__range_claim_turn(struct range *r, uint32_t epoch)
{
	uint64_t word = thrum__range_pack(epoch, 1, 0);

	/* A look before the exchange, which would take the line from thieves
	 * that look at it. */
	if (!thrum__range_has_turn(r, epoch))
		return false;
	/* [R2] pairs with [R1] in thrum__range_set_turn */
	return thrum__cas(&r->word, &word, thrum__range_pack(epoch, 0, 0),
	                  acquire);
}
