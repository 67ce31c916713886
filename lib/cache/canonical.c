/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* canonical.c - elements as bytes that are the same on every machine
 *
 * Most arrays have no NaN, and most machines are little-endian: then the
 * elements are hashed where they are. To find that out costs less than the hash
 * if no element is looked at alone. A number without its sign, as an integer, is
 * above that of infinity if it is a NaN, so
 *
 *	(bits & ~sign) + (sign - 1 - infinity)
 *
 * has the bit of the sign exactly for NaNs, and never carries beyond it: the
 * same addition serves four, two or one numbers in a word, and the results of
 * many words are or-ed before that bit is looked at. Integers throughout: a
 * comparison x != x would trap on signalling NaNs where the program asked for
 * that, and vanish under -ffast-math.
 */
#include "config.h"

#include "canonical.h"

#include "little.h"
#include "swap.h"

#include <string.h>

/* The integers of a floating-point type, repeated over a word. */
struct numbers {
	size_t size;
	uint64_t sign, infinity, nan; /* of one number */
	uint64_t repeat;              /* times this: of all in a word */
};

static const struct numbers *numbers_of(thrum_dtype dtype)
{
	static const struct numbers half = {
		2, 0x8000, 0x7c00, 0x7e00, 0x0001000100010001
	}, single = {
		4, 0x80000000, 0x7f800000, 0x7fc00000, 0x0000000100000001
	}, twice = {
		8, 0x8000000000000000, 0x7ff0000000000000, 0x7ff8000000000000,
		1
	};

	switch ((int)dtype) {
	case THRUM_F16:
		return &half;
	case THRUM_F32:
	case THRUM_C64:
		return &single;
	case THRUM_F64:
	case THRUM_C128:
		return &twice;
	default:
		return NULL;
	}
}

/* As many words as there are in a register of the processor, on which the
 * operations of integers work; gcc would do one at a time otherwise. */
#if defined(__GNUC__)
typedef uint64_t lanes __attribute__((vector_size(16)));
#else
typedef uint64_t lanes;
#endif

enum { LANES = sizeof(lanes) / sizeof(uint64_t) };

static lanes in_all_lanes(uint64_t word)
{
	uint64_t words[LANES];
	lanes out;

	for (int i = 0; i < LANES; i++)
		words[i] = word;
	memcpy(&out, words, sizeof out);
	return out;
}

static bool has_nan(const struct numbers *f, const char *p, size_t n)
{
	const uint64_t signs = f->sign * f->repeat;
	const uint64_t beyond = (f->sign - 1 - f->infinity) * f->repeat;
	const lanes mask = in_all_lanes(~signs), add = in_all_lanes(beyond);
	lanes a = in_all_lanes(0), b = a, x[4];
	uint64_t words[LANES], any = 0, word;

	for (; n >= sizeof x; p += sizeof x, n -= sizeof x) {
		memcpy(x, p, sizeof x);
		a |= ((x[0] & mask) + add) | ((x[1] & mask) + add);
		b |= ((x[2] & mask) + add) | ((x[3] & mask) + add);
	}
	a |= b;
	memcpy(words, &a, sizeof a);
	for (int i = 0; i < LANES; i++)
		any |= words[i];
	while (n > 0) {
		size_t some = n < sizeof word ? n : sizeof word;
		word = 0;
		memcpy(&word, p, some);
		any |= (word & ~signs) + beyond;
		p += some;
		n -= some;
	}
	return (any & signs) != 0;
}

bool thrum__canonical_is(thrum_dtype dtype, const void *p, size_t n)
{
	const struct numbers *f = numbers_of(dtype);

	if (!thrum__little_here() && thrum__swap_width(dtype) > 1)
		return false;
	return !f || !has_nan(f, p, n);
}

/* Every NaN the same one, in native byte order. */
static void unify_nans(const struct numbers *f, char *p, size_t n)
{
	for (const char *end = p + n; p < end; p += f->size) {
		uint64_t bits;
		uint32_t u32;
		uint16_t u16;

		if (f->size == 8) {
			memcpy(&bits, p, 8);
		} else if (f->size == 4) {
			memcpy(&u32, p, 4);
			bits = u32;
		} else {
			memcpy(&u16, p, 2);
			bits = u16;
		}
		if ((bits & ~f->sign) <= f->infinity)
			continue;
		u32 = (uint32_t)f->nan;
		u16 = (uint16_t)f->nan;
		memcpy(p, f->size == 8 ? (const void *)&f->nan
		          : f->size == 4 ? (const void *)&u32
		          : (const void *)&u16, f->size);
	}
}

void thrum__canonical_make(thrum_dtype dtype, void *p, size_t n)
{
	const struct numbers *f = numbers_of(dtype);

	if (f && has_nan(f, p, n))
		unify_nans(f, p, n);
	if (!thrum__little_here())
		thrum__swap(p, n, thrum__swap_width(dtype));
}

void thrum__canonical_f64(unsigned char out[8], double value)
{
	memcpy(out, &value, sizeof value);
	thrum__canonical_make(THRUM_F64, out, sizeof value);
}
