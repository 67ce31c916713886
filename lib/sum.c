/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sum.c - combinations of sums, ready made
 *
 * The compensated sum is what T. Ogita, S. M. Rump and S. Oishi ("Accurate sum
 * and dot product", SIAM J. Sci. Comput. 26 (6), 2005) call Sum2: the rounding
 * error of each addition, which D. E. Knuth's TwoSum (TAOCP 2, 4.2.2, theorem B)
 * gives exactly, is added up beside the sum. A. Neumaier's form of 1974 has the
 * same errors by a comparison, which costs more where it is mispredicted. Two
 * sums are combined like a sum and a number: the error of that addition joins
 * theirs.
 *
 * Once a sum is infinite or NaN, the error is NaN, and stays so, as the sum
 * stays what it is. So an error that is NaN tells that the sum is the value.
 */
#include "config.h"

/* The rules by which errors are found are those of C, whatever CFLAGS say. */
#if defined(__clang__)
#pragma float_control(precise, on)
#elif defined(__GNUC__)
#pragma GCC optimize("no-fast-math")
#endif

#include <string.h>
#include <thrum/reduce.h>

void thrum_add_double(void *ctx, void *into, const void *from)
{
	(void)ctx;
	*(double *)into += *(const double *)from;
}

void thrum_add_int64(void *ctx, void *into, const void *from)
{
	uint64_t a, b;

	(void)ctx;
	/* In unsigned: wraps where the sum is past the range. */
	memcpy(&a, into, sizeof a);
	memcpy(&b, from, sizeof b);
	a += b;
	memcpy(into, &a, sizeof a);
}

static void add(thrum_sum *s, double x)
{
	double sum = s->sum + x, part = sum - s->sum;

	s->error += (s->sum - (sum - part)) + (x - part);
	s->sum = sum;
}

/* For callers that do not see the header's, or must not compile it. */
void (thrum_sum_add)(thrum_sum *s, double x)
{
	add(s, x);
}

void thrum_add_sum(void *ctx, void *into, const void *from)
{
	const thrum_sum *other = from;
	thrum_sum *s = into;

	(void)ctx;
	add(s, other->sum);
	s->error += other->error;
}

double thrum_sum_value(const thrum_sum *s)
{
	double value = s->sum + s->error;

	return value == value ? value : s->sum;
}
