/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_sum.c - compensated sums, of numbers whose exact sum is known
 *
 * Built twice, the second time with -ffast-math, which may not change a thing.
 * So whether a value is a number is asked of its bits.
 */
#include "config.h"

#include "common.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <thrum.h>

static int body(void *ctx, size_t begin, size_t end, void *out,
                thrum_task *task)
{
	const double *x = ctx;
	thrum_sum s = *(thrum_sum *)out;
	(void)task;
	for (size_t i = begin; i < end; i++)
		thrum_sum_add(&s, x[i]);
	*(thrum_sum *)out = s;
	return 0;
}

static thrum_sum sum_of(const double *x, size_t n, int n_jobs, size_t grain)
{
	thrum_sum s = { 0, 0 };
	ck_assert_int_eq(thrum_reduce(NULL, n, body, thrum_add_sum, (void *)x,
		&s, sizeof s, THRUM_OPTS(.n_jobs = n_jobs, .grain = grain)), 0);
	return s;
}

static uint64_t bits_of(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static double with_bits(uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

#define INF_BITS UINT64_C(0x7ff0000000000000)
#define SIGN_BIT (UINT64_C(1) << 63)

START_TEST(what_cancels_leaves_what_was_added)
{
	enum { N = 4000 };
	static double x[N];
	const double part[] = { 1, 1e100, 1, -1e100 };
	for (int i = 0; i < N; i++)
		x[i] = part[i % 4];
	for (int k = 1; k <= 4; k++)
		for (size_t n = 4; n <= N; n += 4)
			for (size_t grain = 0; grain < 9; grain += 4) {
				thrum_sum s = sum_of(x, n, k, grain);
				HOLDS(thrum_sum_value(&s) == (double)(n / 2));
			}
}
END_TEST

/* Whole numbers up to 2^60 and their opposites, mixed up with small ones: the
 * errors are whole numbers below 2^53, so nothing at all may be lost. */
START_TEST(the_value_is_the_exact_sum_rounded_once)
{
	enum { N = 4096 };
	static double x[N];
	thrum_random r = thrum_random_stream(test_seed(), 3);
	for (long round = rounds(300, 10000); round > 0; round--) {
		int64_t exact = 0;
		for (int i = 0; i < N; i += 2) {
			double large = (double)(thrum_random_u64(&r) >> 4);
			int64_t small = (int64_t)thrum_random_below(&r, 2000);
			x[i] = i % 4 ? -x[i - 2] : large;
			x[i + 1] = (double)(small - 1000);
			exact += small - 1000;
		}
		for (size_t i = N - 1; i > 0; i--) {
			size_t j = thrum_random_below(&r, (uint32_t)i + 1);
			double swap = x[i];
			x[i] = x[j];
			x[j] = swap;
		}
		thrum_sum s = sum_of(x, N, 1 + (int)(round % 4),
		                     (size_t)(round % 7) * 10);
		ck_assert_msg(thrum_sum_value(&s) == (double)exact,
		              "%.17g, not %lld", thrum_sum_value(&s),
		              (long long)exact);
	}
}
END_TEST

START_TEST(the_bits_are_the_same_for_any_n_jobs)
{
	enum { N = 20000 };
	static double x[N];
	thrum_random r = thrum_random_stream(7, 7);
	for (int i = 0; i < N; i++)
		x[i] = ldexp(thrum_random_double(&r) - 0.5,
		             (int)thrum_random_below(&r, 200));
	thrum_sum first = sum_of(x, N, 1, 0);
	for (long i = rounds(100, 2000); i > 0; i--) {
		thrum_sum s = sum_of(x, N, 1 + (int)(i % 8), 0);
		ck_assert_mem_eq(&s, &first, sizeof s);
	}
}
END_TEST

START_TEST(infinite_and_not_a_number_come_out_as_of_a_plain_sum)
{
	const double inf = with_bits(INF_BITS);
	const double nan = with_bits(INF_BITS | 1 << 20);
	const struct {
		double x[4];
		uint64_t value; /* 0: not a number */
	} of[] = {
		{ { 1, inf, 1, 1 }, INF_BITS },
		{ { 1, 1, 1, -inf }, INF_BITS | SIGN_BIT },
		{ { inf, 1, inf, -1e300 }, INF_BITS },
		{ { inf, 1, -inf, 1 }, 0 },
		{ { 1, nan, 1, 1 }, 0 },
		{ { inf, 1, 1, nan }, 0 },
		{ { DBL_MAX, DBL_MAX, 1, 1 }, INF_BITS },
		{ { -DBL_MAX, -DBL_MAX, 1, 1 }, INF_BITS | SIGN_BIT },
		{ { DBL_MAX, -DBL_MAX, 1, 1 }, UINT64_C(0x4000000000000000) },
	};
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
		for (size_t grain = 1; grain <= 4; grain++)
			for (int k = 1; k <= 2; k++) {
				thrum_sum s = sum_of(of[i].x, 4, k, grain);
				uint64_t bits = bits_of(thrum_sum_value(&s));
				if (of[i].value)
					ck_assert_uint_eq(bits, of[i].value);
				else
					ck_assert_uint_gt(bits & ~SIGN_BIT,
					                  INF_BITS);
			}
}
END_TEST

START_TEST(in_line_and_called_it_is_one_addition)
{
	thrum_random r = thrum_random_stream(test_seed(), 4);
	thrum_sum a = { 0, 0 }, b = { 0, 0 };
	for (int i = 0; i < 100000; i++) {
		double x = ldexp(thrum_random_double(&r) - 0.5,
		                 (int)thrum_random_below(&r, 300) - 100);
		thrum_sum_add(&a, x);
		(thrum_sum_add)(&b, x);
		HOLDS(memcmp(&a, &b, sizeof a) == 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sum");
	TCase *c = tcase_create("compensated");
	tcase_add_test(c, what_cancels_leaves_what_was_added);
	tcase_add_test(c, the_value_is_the_exact_sum_rounded_once);
	tcase_add_test(c, the_bits_are_the_same_for_any_n_jobs);
	tcase_add_test(c, infinite_and_not_a_number_come_out_as_of_a_plain_sum);
	tcase_add_test(c, in_line_and_called_it_is_one_addition);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
