/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cadence.c - at which counts a line of progress is due, and when to look
 *
 * With a known total the counts are joblib's with pre_dispatch='all', as in
 * Listing 2 of its founding article: with step = total / verbose + 1 those that
 * lie a multiple of step below total + 2. For 1000 jobs and verbose 5 these are
 * 198, 399, 600, 801. With an unknown total they are joblib's for a producer
 * that has not ended: ceil(k*k*s) - 1 for s = (11 - verbose)^2 / 2, k = 1, 2,
 * ..., so that lines grow rarer with the root of the count. In both cases a
 * line comes as soon as the first job has ended: so one sees early that jobs do
 * end, and about how long it will take.
 *
 * The reporter does not wait to be told of a count, it looks. It looks again
 * after half the time that the next line seems away, so that it comes near by
 * halving and the line shows the count that was due, or the one after it.
 */
#include "config.h"

#include "cadence.h"

#define MS UINT64_C(1000000)
#define LOOK_MIN_NS (2 * MS)
#define LOOK_MAX_NS (50 * MS)
#define LINE_GAP_NS (50 * MS)

/* The counts are those that equal total + 2 modulo step, below the total. */
static uint64_t next_of_known(uint64_t few, uint64_t total, uint64_t shown)
{
	uint64_t step = total / few + 1;

	if (step == 0)
		return CADENCE_NEVER; /* total UINT64_MAX, verbose 1 */
	uint64_t want = (total % step + 2) % step;
	uint64_t next = shown + 1, have = next % step;
	uint64_t gap = have <= want ? want - have : step - (have - want);
	if (gap >= CADENCE_NEVER - next || next + gap >= total)
		return CADENCE_NEVER;
	return next + gap;
}

static uint64_t root(uint64_t square)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1)
		if ((r + bit) * (r + bit) <= square)
			r += bit;
	return r;
}

static uint64_t next_of_unknown(uint64_t rarity, uint64_t shown)
{
	if (shown >= UINT64_C(1) << 60)
		return CADENCE_NEVER; /* the squares would overflow */
	uint64_t k = root(2 * (shown + 1)) / rarity, count;
	do {
		k++;
		count = (k * k * rarity * rarity + 1) / 2 - 1;
	} while (count <= shown);
	return count;
}

uint64_t thrum__cadence_next(int verbose, bool known, uint64_t total,
                             uint64_t shown)
{
	if (known && shown >= total)
		return CADENCE_NEVER;
	if (shown == 0)
		return known && total == 1 ? CADENCE_NEVER : 1;
	if (known)
		return next_of_known((uint64_t)verbose, total, shown);
	return next_of_unknown((uint64_t)(CADENCE_FEW + 1 - verbose), shown);
}

uint64_t thrum__cadence_look_ns(int verbose, uint64_t left, double rate,
                                uint64_t since_ns)
{
	if (verbose > CADENCE_FEW)
		return LOOK_MIN_NS;
	uint64_t rest = since_ns < LINE_GAP_NS ? LINE_GAP_NS - since_ns : 0;
	double away = rate > 0 ? (double)left / rate * 1e9 / 2
	                       : (double)since_ns / 2;
	uint64_t look = away < (double)LOOK_MAX_NS ? (uint64_t)away
	                                           : LOOK_MAX_NS;
	if (left == 0 && look < rest)
		look = rest;
	return look < LOOK_MIN_NS ? LOOK_MIN_NS : look;
}

bool thrum__cadence_rested(int verbose, uint64_t since_ns)
{
	return verbose > CADENCE_FEW || since_ns >= LINE_GAP_NS;
}
