/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* random.c - random numbers that depend on (seed, index) and nothing else
 *
 * Philox-4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel
 * random numbers: as easy as 1, 2, 3", SC 2011. A bijection of 128 bits, ten
 * rounds of two multiplications, makes each counter into four random words; a
 * stream is the cipher of successive counters. Nothing is carried from block
 * to block, so four are computed side by side: the ten rounds of one are a
 * chain of multiplications, and the other three fill its gaps. Word j of each
 * is kept in one array, the form that compilers can turn into vector code.
 */
#include "config.h"

#include <thrum/random.h>

enum { WORDS = 4, BLOCKS = 4, ROUNDS = 10 };

_Static_assert(sizeof(((thrum_random *)0)->word) / sizeof(uint32_t)
               == WORDS * BLOCKS, "the buffer of a stream is one refill");

/* The multipliers of a round, and the steps of the key between rounds: the
 * golden ratio and the square root of 3 less 1, as fractions of 2^32. */
static const uint32_t MUL0 = 0xD2511F53, MUL1 = 0xCD9E8D57;
static const uint32_t STEP0 = 0x9E3779B9, STEP1 = 0xBB67AE85;

thrum_random thrum_random_stream(uint64_t seed, uint64_t index)
{
	return (thrum_random){ .seed = seed, .index = index,
	                       .used = WORDS * BLOCKS };
}

void thrum_random_refill(thrum_random *r)
{
	uint32_t a[BLOCKS], b[BLOCKS], c[BLOCKS], d[BLOCKS];
	uint32_t key0 = (uint32_t)r->seed, key1 = (uint32_t)(r->seed >> 32);

	for (int i = 0; i < BLOCKS; i++) {
		uint64_t block = r->block + (uint64_t)i;
		a[i] = (uint32_t)block;
		b[i] = (uint32_t)(block >> 32);
		c[i] = (uint32_t)r->index;
		d[i] = (uint32_t)(r->index >> 32);
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < BLOCKS; i++) {
			uint64_t p = (uint64_t)MUL0 * a[i];
			uint64_t q = (uint64_t)MUL1 * c[i];
			a[i] = (uint32_t)(q >> 32) ^ b[i] ^ key0;
			b[i] = (uint32_t)q;
			c[i] = (uint32_t)(p >> 32) ^ d[i] ^ key1;
			d[i] = (uint32_t)p;
		}
		key0 += STEP0;
		key1 += STEP1;
	}
	for (int i = 0; i < BLOCKS; i++) {
		r->word[WORDS * i] = a[i];
		r->word[WORDS * i + 1] = b[i];
		r->word[WORDS * i + 2] = c[i];
		r->word[WORDS * i + 3] = d[i];
	}
	r->block += BLOCKS;
	r->used = 0;
}

/* A double takes two words. Where an even number of words is left in the
 * buffer, doubles do not straddle refills and whole buffers can be converted
 * at once; after an odd number of words they do, one by one. */
void thrum_random_fill(thrum_random *r, double *x, size_t n)
{
	enum { DOUBLES = WORDS * BLOCKS / 2 };
	size_t i = 0;

	if (r->used % 2 == 0) {
		while (i < n && r->used < WORDS * BLOCKS)
			x[i++] = thrum_random_double(r);
		for (; n - i >= DOUBLES; i += DOUBLES) {
			thrum_random_refill(r);
			for (int k = 0; k < DOUBLES; k++)
				x[i + k] = thrum_random_double(r);
		}
	}
	while (i < n)
		x[i++] = thrum_random_double(r);
}
