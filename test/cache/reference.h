/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* reference.h - hashes by the text of thrum/hash.h, slowly
 *
 * Writes out every byte of a content, element by element, and knows nothing of
 * layouts, threads or words.
 */
#ifndef THRUM__TEST_REFERENCE_H
#define THRUM__TEST_REFERENCE_H

#include <stdlib.h>
#include <string.h>
#include <thrum/hash.h>
#include <xxhash.h>

#include "arrays.h"

static inline void reference_x(unsigned char out[16], const void *p, size_t n)
{
	XXH128_canonical_t c;
	XXH128_canonicalFromHash(&c, XXH3_128bits(p, n));
	memcpy(out, c.digest, 16);
}

static inline void reference_content(unsigned char d[16], const unsigned char *p,
                              size_t n)
{
	static unsigned char link[16 + 16 * 1024];

	memset(d, 0, 16);
	while (n > 0) {
		size_t at = 16, left = n < 1u << 26 ? n : 1u << 26;
		memcpy(link, d, 16);
		n -= left;
		while (left > 0) {
			size_t piece = left < 65536 ? left : 65536;
			reference_x(link + at, p, piece);
			at += 16;
			p += piece;
			left -= piece;
		}
		reference_x(d, link, at);
	}
}

/* The bytes of one number, which is NaN if its exponent is all ones and its
 * fraction is not 0. */
static inline void reference_number(unsigned char *out, const void *from, size_t size,
                             int fraction)
{
	uint64_t bits = 0;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	if (size == 1) {
		memcpy(&u8, from, 1);
		bits = u8;
	} else if (size == 2) {
		memcpy(&u16, from, 2);
		bits = u16;
	} else if (size == 4) {
		memcpy(&u32, from, 4);
		bits = u32;
	} else {
		memcpy(&bits, from, 8);
	}
	if (fraction) {
		int exponent = (int)size * 8 - 1 - fraction;
		uint64_t ones = ((uint64_t)1 << exponent) - 1;
		uint64_t part = bits & (((uint64_t)1 << fraction) - 1);
		if ((bits >> fraction & ones) == ones && part != 0)
			bits = ones << fraction | (uint64_t)1 << (fraction - 1);
	}
	for (size_t i = 0; i < size; i++)
		out[i] = (unsigned char)(bits >> 8 * i);
}

static inline thrum_hash reference_end(const unsigned char *value, size_t n)
{
	unsigned char text[400] = "thrum\1", d[16];
	thrum_hash h = { 0, 0 };

	memcpy(text + 6, value, n);
	reference_x(d, text, 6 + n);
	for (int i = 0; i < 8; i++) {
		h.high = h.high << 8 | d[i];
		h.low = h.low << 8 | d[8 + i];
	}
	return h;
}

static inline thrum_hash reference_array(const thrum_array *a)
{
	static const struct {
		size_t size;
		int parts, fraction;
	} types[] = {
		{ 0, 0, 0 }, { 1, 1, 0 }, { 1, 1, 0 }, { 2, 1, 0 }, { 4, 1, 0 },
		{ 8, 1, 0 }, { 1, 1, 0 }, { 2, 1, 0 }, { 4, 1, 0 }, { 8, 1, 0 },
		{ 2, 1, 10 }, { 4, 1, 23 }, { 8, 1, 52 }, { 4, 2, 23 },
		{ 8, 2, 52 },
	};
	unsigned char value[300] = { 'a', (unsigned char)a->dtype,
	                             (unsigned char)a->ndim };
	size_t count = elements_of(a), size = types[a->dtype].size;
	size_t head = 3 + 8 * (size_t)a->ndim;
	unsigned char *all = malloc(2 * count * size + 1), *out = all;

	ck_assert_ptr_nonnull(all);
	for (int d = 0; d < a->ndim; d++)
		for (int i = 0; i < 8; i++)
			value[3 + 8 * d + i] =
				(unsigned char)((uint64_t)a->shape[d] >> 8 * i);
	for (size_t k = 0; k < count; k++)
		for (int part = 0; part < types[a->dtype].parts; part++) {
			reference_number(out, element(a, k) + (size_t)part * size,
			                 size, types[a->dtype].fraction);
			out += size;
		}
	reference_content(value + head, all, (size_t)(out - all));
	free(all);
	return reference_end(value, head + 16);
}

static inline thrum_hash reference_bytes(const void *p, size_t n)
{
	unsigned char value[25] = { 'B' };

	for (int i = 0; i < 8; i++)
		value[1 + i] = (unsigned char)((uint64_t)n >> 8 * i);
	reference_content(value + 9, p, n);
	return reference_end(value, sizeof value);
}

#endif
