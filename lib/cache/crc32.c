/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* crc32.c - the check sum of zip archives, in parts that can be joined
 *
 * The sum is the remainder of the text, taken for a polynomial over GF(2), by
 * the polynomial of ISO 3309. All is reflected: the coefficient of x^0 is the
 * highest bit of a word.
 *
 * Sixteen bytes are taken at a time, each by a table of its own: table k has
 * the remainders of a byte with k zero bytes behind it, so what the bytes add
 * to the sum does not depend on each other (M. E. Kounavis and F. L. Berry, "A
 * Systematic Approach to Building High Performance Software-based CRC
 * Generators", ISCC 2005). The tables are made at first use, in microseconds.
 * zlib, where the library is built with it, does the same some times quicker,
 * with code for the processor.
 *
 * To append n bytes to a text multiplies it by x^(8n); so the sum of two pieces
 * is that of the first, times x^(8n), plus that of the second. The inversions
 * before and after cancel out.
 */
#include "config.h"

#include "crc32.h"

#include <pthread.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#define POLYNOMIAL UINT32_C(0xedb88320)
#define ONE UINT32_C(0x80000000)
#define X_TO_8 (ONE >> 8)

enum { SLICES = 16 };

#ifdef HAVE_ZLIB
#define PIECE_BYTES_MAX ((size_t)1 << 30)
#endif

static uint32_t table[SLICES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static uint32_t times_x(uint32_t p)
{
	return p & 1 ? p >> 1 ^ POLYNOMIAL : p >> 1;
}

static void make_table(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t p = byte;
		for (int bit = 0; bit < 8; bit++)
			p = times_x(p);
		table[0][byte] = p;
	}
	for (int k = 1; k < SLICES; k++)
		for (int byte = 0; byte < 256; byte++) {
			uint32_t p = table[k - 1][byte];
			table[k][byte] = p >> 8 ^ table[0][p & 0xff];
		}
}

static uint32_t slice(uint32_t crc, const unsigned char *p)
{
	uint32_t sum = 0;

	for (int i = 0; i < SLICES; i++) {
		unsigned byte = p[i];
		if (i < 4)
			byte ^= crc >> 8 * i & 0xff;
		sum ^= table[SLICES - 1 - i][byte];
	}
	return sum;
}

uint32_t thrum__crc32_plain(uint32_t crc, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	pthread_once(&table_once, make_table);
	crc = ~crc;
	for (; size >= SLICES; size -= SLICES, p += SLICES)
		crc = slice(crc, p);
	for (; size > 0; size--, p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}

uint32_t thrum__crc32(uint32_t crc, const void *bytes, size_t size)
{
#ifdef HAVE_ZLIB
	const unsigned char *p = bytes;
	/* Its lengths are ints. */
	for (size_t n; size > 0; size -= n, p += n) {
		n = size < PIECE_BYTES_MAX ? size : PIECE_BYTES_MAX;
		crc = (uint32_t)crc32(crc, p, (uInt)n);
	}
	return crc;
#else
	return thrum__crc32_plain(crc, bytes, size);
#endif
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (uint32_t bit = ONE; bit != 0; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = times_x(b);
	}
	return product;
}

/* x^(8n), by squaring. */
static uint32_t x_to_8n(uint64_t n)
{
	uint32_t power = ONE;

	for (uint32_t square = X_TO_8; n != 0; n >>= 1) {
		if (n & 1)
			power = multiply(power, square);
		square = multiply(square, square);
	}
	return power;
}

uint32_t thrum__crc32_join(uint32_t first, uint32_t second,
                           uint64_t second_bytes)
{
	return multiply(first, x_to_8n(second_bytes)) ^ second;
}
