/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* range.c - lib/range.c under the model checker: each block has one claimant
 *
 * Calls as team.c makes them, by the words of range.h alone: a caller, rank 0,
 * that publishes a deal, and members that claim and steal until they find nothing.
 * `call` stands for the description of the call: plain memory that the caller
 * writes between two calls, so whoever claims a block too late races with that.
 */
#include "explore.h"

#include "range.h"

#include <string.h>

enum { RANKS = 3, CALLS = 2, BLOCKS = 4 };

static struct range seat[RANKS];
static _Atomic uint64_t deal;
static _Atomic uint32_t done;
static unsigned call;                 /* plain: the epoch of the call */
static unsigned ran[CALLS + 1][BLOCKS]; /* plain: written by the claimant */
static unsigned given[BLOCKS];        /* plain: written by who gave it back */
static unsigned blocks, ranks, calls;
static bool all_own;                  /* the caller has all, to begin with */
static uint32_t first_epoch;

static void prepare_call(unsigned of_blocks, unsigned of_ranks, unsigned n)
{
	memset(seat, 0, sizeof seat);
	memset(ran, 0, sizeof ran);
	memset(given, 0, sizeof given);
	thrum__store(&deal, 0, relaxed);
	thrum__store(&done, 0, relaxed);
	call = 0;
	blocks = of_blocks;
	ranks = of_ranks;
	calls = n;
	first_epoch = 1;
	all_own = false;
	explore_name(seat, sizeof seat, "seat[0]");
	explore_name(seat + 1, sizeof *seat, "seat[1]");
	explore_name(seat + 2, sizeof *seat, "seat[2]");
	explore_name(&deal, sizeof deal, "deal");
	explore_name(&done, sizeof done, "done");
	explore_name(&call, sizeof call, "call");
	explore_name(ran, sizeof ran, "ran");
	explore_name(given, sizeof given, "given");
}

static void prepare_2(void)
{
	prepare_call(3, 2, 1);
}

static void prepare_2_twice(void)
{
	prepare_call(2, 2, 2);
}

/* The epochs go over the end of their 32 bits. */
static void prepare_2_wrap(void)
{
	prepare_call(2, 2, 2);
	first_epoch = UINT32_MAX;
	for (unsigned r = 0; r < RANKS; r++)
		thrum__range_set(&seat[r], UINT32_MAX - 1, 0, 0);
}

static void prepare_3(void)
{
	prepare_call(3, 3, 1);
}

/* So many that a thief gives some of what it stole back. */
static void prepare_given(void)
{
	prepare_call(4, 2, 1);
	all_own = true;
}

static void run(struct span s, uint64_t of)
{
	unsigned k = thrum__deal_epoch(of) - first_epoch;

	explore_check(call == thrum__deal_epoch(of),
	              "a block was claimed of a call that is over");
	for (uint32_t b = s.lo; b < s.hi; b++) {
		ran[k][b]++;
		explore_check(given[b] <= call, "a block that was given back later");
	}
	thrum__add(&done, s.hi - s.lo, acq_rel);
}

/* As steal_blocks: the first is run, the rest goes where others see it. */
static bool steal(uint64_t of, uint32_t from, uint32_t rank)
{
	struct span got;

	if (!thrum__range_steal(&seat[from], of, from, &got))
		return false;
	struct span rest = { got.lo + 1, got.hi };
	got.hi = rest.lo;
	/* Who gets one of these has seen what was done before. */
	for (uint32_t b = rest.lo; b < rest.hi; b++)
		given[b] = thrum__deal_epoch(of);
	if (rest.lo < rest.hi)
		thrum__range_set(&seat[rank], thrum__deal_epoch(of), rest.lo,
		                 rest.hi);
	run(got, of);
	return true;
}

static bool help(uint64_t of, uint32_t rank)
{
	struct span got;

	if (thrum__range_claim(&seat[rank], of, rank, 1, &got)) {
		run(got, of);
		return true;
	}
	for (uint32_t r = 0; r < ranks; r++)
		if (r != rank && thrum__range_left(&seat[r], of, r)
		    && steal(of, r, rank))
			return true;
	return false;
}

static void caller(void)
{
	for (unsigned i = 0; i < calls; i++) {
		uint32_t epoch = first_epoch + i;
		uint64_t of = thrum__deal_pack(epoch, blocks, ranks);
		call = epoch;
		for (uint32_t r = 0; all_own && r < ranks; r++)
			thrum__range_set(&seat[r], epoch, 0, r ? 0 : blocks);
		thrum__store(&done, 0, relaxed); /* nobody counts now */
		thrum__store(&deal, of, release);
		while (thrum__load(&done, acquire) < blocks)
			if (!help(of, 0))
				thrum__pause();
	}
	call = 0;
}

static void member(void)
{
	uint64_t of = thrum__load(&deal, acquire);

	while (of && help(of, explore_self()))
		;
}

static void member_twice(void)
{
	member();
	member();
}

static void each_ran_once(void)
{
	for (unsigned i = 0; i < calls; i++)
		for (unsigned b = 0; b < blocks; b++)
			explore_check(ran[i][b] == 1,
			              "a block was not run exactly once");
}

/* A turn that is given, and perhaps taken back. */

static unsigned turns;

static void prepare_turn(void)
{
	prepare_call(0, 2, 1);
	turns = 0;
}

/* By the caller, which may take it back. */
static void set_turn(void)
{
	call = 1;
	thrum__range_set_turn(&seat[1], 1);
	if (thrum__range_claim_turn(&seat[1], 1))
		turns++;
}

static void claim_turn(void)
{
	struct span got;
	uint64_t of = thrum__deal_pack(1, 0, 2);

	explore_check(!thrum__range_steal(&seat[1], of, 1, &got),
	              "a turn was stolen as a block");
	if (thrum__range_claim_turn(&seat[1], 1)) {
		turns++;
		explore_check(call == 1, "a turn without its call");
	}
}

/* Blocks that are put there, and what was done before. */
static void set_blocks(void)
{
	call = 1;
	thrum__range_set(&seat[1], 1, 0, 2);
}

static void claim_blocks(void)
{
	struct span got;

	if (thrum__range_claim(&seat[1], thrum__deal_pack(1, 0, 2), 1, 1, &got))
		explore_check(call == 1, "blocks without their call");
}

static void one_turn(void)
{
	explore_check(turns == 1, "the turn was not claimed exactly once");
}

const struct scenario explore_range[] = {
	{ "range-claim-steal", "Each block is run once, by its owner or a thief.",
	  prepare_2, { caller, member }, each_ran_once },
	{ "range-next-call", "Who is late claims nothing of the call before.",
	  prepare_2_twice, { caller, member_twice }, each_ran_once },
	{ "range-epoch-wraps", "Nor where the epochs begin anew.",
	  prepare_2_wrap, { caller, member_twice }, each_ran_once },
	{ "range-three", "Each block is run once by one of three.",
	  prepare_3, { caller, member, member }, each_ran_once },
	{ "range-given", "Who gets what was given back has seen what was before.",
	  prepare_given, { caller, member }, each_ran_once },
	{ "range-set", "Who claims blocks sees what was before they were there.",
	  prepare_turn, { set_blocks, claim_blocks }, NULL },
	{ "range-turn", "A turn is claimed once, and is no block.",
	  prepare_turn, { set_turn, claim_turn, claim_turn }, one_turn },
	{ 0 },
};
