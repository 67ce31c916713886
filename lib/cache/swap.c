/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* swap.c - numbers turned to the other byte order, in place
 *
 * Eight bytes at a time whatever the width: the neighbours in a word are
 * swapped, then the neighbouring pairs, then the halves, up to the width.
 */
#include "config.h"

#include "swap.h"

#include <stdint.h>
#include <string.h>

size_t thrum__swap_width(thrum_dtype dtype)
{
	size_t size = thrum_dtype_size(dtype);
	return dtype == THRUM_C64 || dtype == THRUM_C128 ? size / 2 : size;
}

static uint64_t swap_bytes(uint64_t x)
{
	const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
	return (x >> 8 & even) | (x & even) << 8;
}

static uint64_t swap_pairs(uint64_t x)
{
	const uint64_t even = UINT64_C(0x0000ffff0000ffff);
	return (x >> 16 & even) | (x & even) << 16;
}

static uint64_t swap_halves(uint64_t x)
{
	return x >> 32 | x << 32;
}

/* Called with a constant width, so that each has a loop of its own. */
static inline uint64_t swap_word(uint64_t x, size_t width)
{
	x = swap_bytes(x);
	if (width > 2)
		x = swap_pairs(x);
	return width > 4 ? swap_halves(x) : x;
}

static inline void swap_all(unsigned char *p, size_t bytes, size_t width)
{
	uint64_t x;
	size_t i = 0;

	for (; i + sizeof x <= bytes; i += sizeof x) {
		memcpy(&x, p + i, sizeof x);
		x = swap_word(x, width);
		memcpy(p + i, &x, sizeof x);
	}
	for (; i + width <= bytes; i += width)
		for (size_t j = 0; j < width / 2; j++) {
			unsigned char c = p[i + j];
			p[i + j] = p[i + width - 1 - j];
			p[i + width - 1 - j] = c;
		}
}

void thrum__swap(void *p, size_t bytes, size_t width)
{
	if (width == 2)
		swap_all(p, bytes, 2);
	else if (width == 4)
		swap_all(p, bytes, 4);
	else if (width == 8)
		swap_all(p, bytes, 8);
}
