/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_random.c - streams are the published cipher, and depend on nothing
 * else
 *
 * The known answers are those that the authors of Philox distribute with
 * Random123 (kat_vectors, philox4x32 with 10 rounds). A slow model of the
 * cipher, written from the paper, then checks positions that they do not.
 */
#include "config.h"

#include <check.h>
#include <string.h>
#include <thrum/random.h>

/* One block, word by word as in figure 3 of the paper. */
static void model(uint64_t seed, uint64_t index, uint64_t block, uint32_t x[4])
{
	uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
	x[0] = (uint32_t)block;
	x[1] = (uint32_t)(block >> 32);
	x[2] = (uint32_t)index;
	x[3] = (uint32_t)(index >> 32);
	for (int round = 0; round < 10; round++) {
		uint64_t p = x[0] * UINT64_C(0xD2511F53);
		uint64_t q = x[2] * UINT64_C(0xCD9E8D57);
		uint32_t y[4] = {
			(uint32_t)(q >> 32) ^ x[1] ^ k0, (uint32_t)q,
			(uint32_t)(p >> 32) ^ x[3] ^ k1, (uint32_t)p,
		};
		memcpy(x, y, sizeof y);
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
}

/* A stream that stands at block @p block, as 4 * block words would bring it. */
static thrum_random stream_at(uint64_t seed, uint64_t index, uint64_t block)
{
	thrum_random r = thrum_random_stream(seed, index);
	r.block = block;
	return r;
}

static void assert_words(thrum_random *r, const uint32_t want[4])
{
	for (int j = 0; j < 4; j++)
		ck_assert_uint_eq(thrum_random_u32(r), want[j]);
}

START_TEST(words_are_the_published_answers)
{
	static const struct {
		uint64_t block, index, seed;
		uint32_t want[4];
	} kat[] = {
		{ 0, 0, 0,
		  { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX,
		  { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
		{ UINT64_C(0x85a308d3243f6a88), UINT64_C(0x0370734413198a2e),
		  UINT64_C(0x299f31d0a4093822),
		  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
	};
	for (size_t i = 0; i < sizeof kat / sizeof *kat; i++) {
		thrum_random r = stream_at(kat[i].seed, kat[i].index,
		                           kat[i].block);
		assert_words(&r, kat[i].want);
	}
}
END_TEST

START_TEST(blocks_follow_each_other_in_order)
{
	thrum_random r = thrum_random_stream(1879, 299852);
	for (uint64_t block = 0; block < 100; block++) {
		uint32_t want[4];
		model(1879, 299852, block, want);
		assert_words(&r, want);
	}
}
END_TEST

/* 2^32 - 2: the carry into the high word lies within one refill. */
START_TEST(all_64_bits_of_each_part_count)
{
	static const uint64_t edge[] = { 0, 1, UINT32_MAX - 1, UINT32_MAX,
	                                 (uint64_t)1 << 32, (uint64_t)1 << 63,
	                                 UINT64_MAX - 1, UINT64_MAX };
	enum { N = sizeof edge / sizeof *edge };
	for (int i = 0; i < N * N * N; i++) {
		uint64_t seed = edge[i % N], index = edge[i / N % N];
		uint64_t block = edge[i / N / N];
		thrum_random r = stream_at(seed, index, block);
		for (uint64_t k = 0; k < 5; k++) {
			uint32_t want[4];
			model(seed, index, block + k, want);
			assert_words(&r, want);
		}
	}
}
END_TEST

START_TEST(streams_do_not_feel_each_other)
{
	enum { STREAMS = 50, WORDS = 70 };
	static uint32_t word[STREAMS][WORDS];
	thrum_random r[STREAMS];

	for (uint64_t i = 0; i < STREAMS; i++) {
		thrum_random alone = thrum_random_stream(3, i);
		for (int k = 0; k < WORDS; k++)
			word[i][k] = thrum_random_u32(&alone);
	}
	for (int i = STREAMS - 1; i >= 0; i--)
		r[i] = thrum_random_stream(3, (uint64_t)i);
	for (int k = 0; k < WORDS; k++)
		for (int i = STREAMS - 1; i >= 0; i--)
			ck_assert_uint_eq(thrum_random_u32(&r[i]), word[i][k]);
}
END_TEST

START_TEST(a_copy_goes_on_by_itself)
{
	for (int ahead = 0; ahead < 20; ahead++) {
		thrum_random r = thrum_random_stream(5, 6);
		for (int k = 0; k < ahead; k++)
			thrum_random_u32(&r);
		thrum_random copy = r;
		uint32_t first[40];
		for (int k = 0; k < 40; k++)
			first[k] = thrum_random_u32(&r);
		for (int k = 0; k < 40; k++)
			ck_assert_uint_eq(thrum_random_u32(&copy), first[k]);
	}
}
END_TEST

START_TEST(a_u64_is_two_words_low_one_first)
{
	thrum_random r = thrum_random_stream(8, 9), words = r;
	for (int i = 0; i < 20; i++) {
		uint64_t low = thrum_random_u32(&words);
		uint64_t high = thrum_random_u32(&words);
		ck_assert(thrum_random_u64(&r) == (high << 32 | low));
	}
}
END_TEST

START_TEST(a_double_is_the_upper_53_bits)
{
	thrum_random r = thrum_random_stream(8, 9), bits = r;
	for (int i = 0; i < 1000; i++) {
		double u = thrum_random_double(&r);
		ck_assert(u >= 0 && u < 1);
		ck_assert(u * 9007199254740992.0
		          == (double)(thrum_random_u64(&bits) >> 11));
	}
}
END_TEST

START_TEST(fill_equals_repeated_double)
{
	enum { MOST = 60 };
	for (int ahead = 0; ahead <= 20; ahead++) {
		for (size_t n = 0; n <= MOST; n++) {
			thrum_random r = thrum_random_stream(1, 2), one;
			double x[MOST + 1];
			for (int k = 0; k < ahead; k++)
				thrum_random_u32(&r);
			one = r;
			x[n] = 7;
			thrum_random_fill(&r, x, n);
			for (size_t i = 0; i < n; i++)
				ck_assert(x[i] == thrum_random_double(&one));
			ck_assert(x[n] == 7);
			ck_assert_uint_eq(thrum_random_u32(&r),
			                  thrum_random_u32(&one));
		}
	}
}
END_TEST

START_TEST(below_none_is_zero)
{
	thrum_random r = thrum_random_stream(0, 0);
	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq(thrum_random_below(&r, 0), 0);
		ck_assert_uint_eq(thrum_random_below(&r, 1), 0);
	}
}
END_TEST

/* The seed is fixed, so this passes always or never. The bound is the mean of
 * chi-square with n - 1 degrees of freedom plus five standard deviations. */
START_TEST(below_is_even)
{
	enum { DRAWS = 200000, MOST = 40 };
	for (uint32_t n = 2; n <= MOST; n++) {
		thrum_random r = thrum_random_stream(1879, n);
		double expected = (double)DRAWS / n, chi2 = 0, excess;
		int count[MOST] = { 0 };
		for (int i = 0; i < DRAWS; i++) {
			uint32_t k = thrum_random_below(&r, n);
			if (k < n)
				count[k]++;
			else
				ck_abort_msg("%u is not below %u", k, n);
		}
		for (uint32_t k = 0; k < n; k++)
			chi2 += (count[k] - expected) * (count[k] - expected)
			        / expected;
		excess = chi2 - (n - 1);
		ck_assert_msg(excess <= 0 || excess * excess < 50.0 * (n - 1),
		              "n %u: chi-square %g", n, chi2);
	}
}
END_TEST

/* For n = 3 * 2^30 a quarter of the words must be passed over: without that the
 * values 0 mod 3 would be twice as frequent as the others. */
START_TEST(below_is_even_where_the_bias_would_be_largest)
{
	enum { DRAWS = 300000 };
	uint32_t n = (uint32_t)3 << 30;
	thrum_random r = thrum_random_stream(1879, 0);
	int count[3] = { 0 };
	for (int i = 0; i < DRAWS; i++) {
		uint32_t k = thrum_random_below(&r, n);
		if (k >= n)
			ck_abort_msg("%u is not below %u", k, n);
		count[k % 3]++;
	}
	for (int k = 0; k < 3; k++)
		ck_assert(count[k] > DRAWS / 3 - 1500
		          && count[k] < DRAWS / 3 + 1500);
}
END_TEST

static Suite *random_suite(void)
{
	Suite *s = suite_create("random");

	TCase *t = tcase_create("cipher");
	tcase_add_test(t, words_are_the_published_answers);
	tcase_add_test(t, blocks_follow_each_other_in_order);
	tcase_add_test(t, all_64_bits_of_each_part_count);
	suite_add_tcase(s, t);

	t = tcase_create("streams");
	tcase_add_test(t, streams_do_not_feel_each_other);
	tcase_add_test(t, a_copy_goes_on_by_itself);
	suite_add_tcase(s, t);

	t = tcase_create("values");
	tcase_add_test(t, a_u64_is_two_words_low_one_first);
	tcase_add_test(t, a_double_is_the_upper_53_bits);
	tcase_add_test(t, fill_equals_repeated_double);
	tcase_add_test(t, below_none_is_zero);
	tcase_add_test(t, below_is_even);
	tcase_add_test(t, below_is_even_where_the_bias_would_be_largest);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(random_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
