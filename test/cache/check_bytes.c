/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_bytes.c - sums of bytes, and their order */
#include "config.h"

#include "arrays.h"
#include "crc32.h"
#include "swap.h"

static unsigned char *random_bytes(uint64_t *seed, size_t n)
{
	unsigned char *p = malloc(n + 1);
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(chance(seed) >> 11);
	return p;
}

/* By the definition, bit by bit. */
static uint32_t slow_crc32(const unsigned char *p, size_t n)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			uint32_t out = (crc ^ p[i] >> bit) & 1;
			crc = crc >> 1 ^ (out ? 0xedb88320 : 0);
		}
	return ~crc;
}

START_TEST(sum_is_that_of_the_standard)
{
	ck_assert_uint_eq(thrum__crc32(0, "123456789", 9), 0xcbf43926);
	ck_assert_uint_eq(thrum__crc32_plain(0, "123456789", 9), 0xcbf43926);
	ck_assert_uint_eq(thrum__crc32(0, "", 0), 0);
	ck_assert_uint_eq(thrum__crc32_plain(0, "", 0), 0);
}
END_TEST

START_TEST(sums_of_pieces_join_to_the_sum_of_the_whole)
{
	uint64_t seed = test_seed();
	for (long i = rounds(2000, 100000); i > 0; i--) {
		size_t n = below(&seed, 700), cut = below(&seed, n + 1);
		unsigned char *p = random_bytes(&seed, n);
		uint32_t whole = slow_crc32(p, n);
		uint32_t first = thrum__crc32(0, p, cut);
		uint32_t second = thrum__crc32_plain(0, p + cut, n - cut);
		HOLDS(thrum__crc32(0, p, n) == whole);
		HOLDS(thrum__crc32_plain(0, p, n) == whole);
		HOLDS(thrum__crc32(first, p + cut, n - cut) == whole);
		HOLDS(thrum__crc32_plain(first, p + cut, n - cut) == whole);
		HOLDS(thrum__crc32_join(first, second, n - cut) == whole);
		free(p);
	}
}
END_TEST

/* Zeros, doubled up to 2^40 of them: the length is more than 32 bits. */
START_TEST(sums_of_long_pieces_join)
{
	const unsigned char zero[1024] = { 0 };
	uint32_t once = thrum__crc32(0, zero, 1);
	uint64_t n = 1;
	for (; n < sizeof zero; n *= 2)
		once = thrum__crc32_join(once, once, n);
	ck_assert_uint_eq(once, thrum__crc32(0, zero, sizeof zero));
	for (; n < UINT64_C(1) << 40; n *= 2)
		once = thrum__crc32_join(once, once, n);
	uint32_t left = thrum__crc32_join(once, thrum__crc32(0, "x", 1), 1);
	uint32_t right = thrum__crc32(once, "x", 1);
	ck_assert_uint_eq(left, right);
}
END_TEST

START_TEST(numbers_are_turned_and_nothing_else)
{
	static const size_t widths[] = { 1, 2, 4, 8 };
	uint64_t seed = test_seed();
	for (long i = rounds(5000, 500000); i > 0; i--) {
		size_t width = widths[below(&seed, 4)];
		size_t n = below(&seed, 40) * width, at = below(&seed, 9);
		size_t all = at + n + below(&seed, 9);
		unsigned char *p = random_bytes(&seed, all);
		unsigned char *q = malloc(all + 1);
		memcpy(q, p, all);
		thrum__swap(q + at, n, width);
		for (size_t k = 0; k < all; k++) {
			size_t from = k;
			if (k >= at && k < at + n)
				from = at + ((k - at) ^ (width - 1));
			HOLDS(q[k] == p[from]);
		}
		free(p);
		free(q);
	}
}
END_TEST

START_TEST(halves_of_complex_numbers_are_turned_by_themselves)
{
	for (int dtype = 1; dtype <= DTYPES; dtype++) {
		size_t size = thrum_dtype_size((thrum_dtype)dtype);
		bool complex = dtype == THRUM_C64 || dtype == THRUM_C128;
		ck_assert_uint_eq(thrum__swap_width((thrum_dtype)dtype),
		                  complex ? size / 2 : size);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bytes");
	TCase *c = tcase_create("crc32");
	tcase_add_test(c, sum_is_that_of_the_standard);
	tcase_add_test(c, sums_of_pieces_join_to_the_sum_of_the_whole);
	tcase_add_test(c, sums_of_long_pieces_join);
	add_test(s, c);
	c = tcase_create("swap");
	tcase_add_test(c, numbers_are_turned_and_nothing_else);
	tcase_add_test(c, halves_of_complex_numbers_are_turned_by_themselves);
	add_test(s, c);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
