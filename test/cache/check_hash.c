/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_hash.c - hashes of arrays and bytes, against the encoding as it is told
 *
 * reference.h follows the text of thrum/hash.h, element by element. The golden
 * values hold both to what was said once, by a third reading of that text, in
 * Python: a hash that changes makes every kept result a stranger.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/cancel.h>
#include <thrum/hash.h>
#include <thrum/pool.h>

#include "arrays.h"
#include "reference.h"

static thrum_hash hash_of(const thrum_array *a)
{
	thrum_hash h = { 0, 0 };
	ck_assert_int_eq(thrum_hash_array(&h, a, NULL), 0);
	return h;
}

static bool same(thrum_hash a, thrum_hash b)
{
	return a.low == b.low && a.high == b.high;
}

/* --- The encoding --------------------------------------------------------- */

START_TEST(arrays_hash_as_the_encoding_says)
{
	uint64_t seed = test_seed();

	for (long i = 0; i < rounds(3000, 100000); i++) {
		void *memory;
		thrum_array a = random_array(&seed,
		                             (thrum_dtype)(1 + i % DTYPES),
		                             i % 50 ? 200 : 60000, &memory);
		HOLDS(same(hash_of(&a), reference_array(&a)));
		free(memory);
	}
}
END_TEST

/* Around the lengths of pieces, and of what goes to several threads. */
START_TEST(bytes_hash_as_the_encoding_says)
{
	static const size_t lengths[] = {
		0, 1, 2, 15, 16, 17, 128, 129, 240, 241, 4096, 65535, 65536,
		65537, 2 * 65536, 16 * 65536 - 1, 16 * 65536, 16 * 65536 + 1,
		33 * 65536 + 12345,
	};
	uint64_t seed = test_seed();
	size_t most = 34 * 65536;
	unsigned char *p = malloc(most);
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < most; i++)
		p[i] = (unsigned char)chance(&seed);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		thrum_hash h = { 0, 0 };
		ck_assert_int_eq(thrum_hash_bytes(&h, p, lengths[i]), 0);
		ck_assert(same(h, reference_bytes(p, lengths[i])));
	}
	free(p);
}
END_TEST

START_TEST(contents_of_several_links_are_chained)
{
	static const size_t beyond[] = { 0, 1, 65536, 17 * 65536 + 3 };
	size_t link = (size_t)1 << 26, most = link + 18 * 65536;
	unsigned char *p = malloc(most);
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < most; i++)
		p[i] = (unsigned char)(i * i >> 7);
	for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
		thrum_hash h = { 0, 0 };
		ck_assert_int_eq(thrum_hash_bytes(&h, p, link + beyond[i]), 0);
		ck_assert(same(h, reference_bytes(p, link + beyond[i])));
	}
	free(p);
}
END_TEST

/* By dtype, from BOOL on: 3 x 5 elements whose numbers, as integers, count up
 * from 1, or of floating point from that of 1.0, the last a NaN. BOOL: 0, 1, 0.. */
static const char *const golden_arrays[] = {
	"90cbf795f9d36f9818151c8d4983bf4d",
	"fc7d664c0a7b1df8b0a683d5d5905c26",
	"ce1e3c385e544b9f9903b02a27709258",
	"6e44a1c63648545739dca91c4f128fa0",
	"8ab1731fafcb8090fe8b91e3c02ee22c",
	"25ef0c657ba3472fc7299e3242c302cb",
	"160a2e20b15dcb61cea1f125bfa8a051",
	"4264a2b0a46b2735ce5052cec321f5ce",
	"e814a3c0f042a73e8df025e0b30337a5",
	"4abdcf3a890832fab8d7fd758671e66b",
	"035c8da0792ad041bcb1d0fea20e12c9",
	"fee84027c2e3d467c46021e8de5d33ed",
	"c0aa47d7c692b343e13b648c5d72ce5d",
	"7b7b8dc1df9bfc99707ebb6659b18e4e",
};
static const char golden_one[] = "6de4cf608378b5daa526318b57dee802";
static const char golden_nothing[] = "2037650435596bef395cea7a7c0b8384";
static const char golden_thrum[] = "0948185b5adb611e537f24baba00c0d1";
static const char golden_long[] = "1d80262bcf58a702cafbdf531aa22c0e";

static void set_bits(unsigned char *p, int size, uint64_t bits)
{
	uint8_t u8 = (uint8_t)bits;
	uint16_t u16 = (uint16_t)bits;
	uint32_t u32 = (uint32_t)bits;

	memcpy(p, size == 1 ? (void *)&u8 : size == 2 ? (void *)&u16
	       : size == 4 ? (void *)&u32 : (void *)&bits, (size_t)size);
}

static void is_golden(thrum_hash h, const char *expected)
{
	char text[33];
	thrum_hash_text(&h, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(arrays_hash_as_ever)
{
	static const size_t shape[] = { 3, 5 };
	static const uint64_t ones[] = { 0, 0, 0x3c00, 0, 0x3f800000, 0, 0, 0,
	                                 0x3ff0000000000000 };
	thrum_dtype dtype = (thrum_dtype)(1 + _i);
	bool is_float = dtype >= THRUM_F16;
	int parts = dtype >= THRUM_C64 ? 2 : 1;
	int size = (int)thrum_dtype_size(dtype) / parts;
	unsigned char x[15 * 16];

	for (int i = 0; i < 15 * parts; i++)
		set_bits(x + i * size, size,
		         is_float && i == 15 * parts - 1 ? UINT64_MAX
		         : is_float ? ones[size] + (uint64_t)i
		         : dtype == THRUM_BOOL ? (uint64_t)(i % 2)
		         : (uint64_t)i + 1);
	thrum_array a = thrum_array_nd(dtype, x, 2, shape, 0);
	is_golden(hash_of(&a), golden_arrays[_i]);
}
END_TEST

START_TEST(values_hash_as_ever)
{
	const double one = 1;
	thrum_array a = thrum_array_nd(THRUM_F64, &one, 0, NULL, 0);
	thrum_hash h = hash_of(&a);
	unsigned char *x = malloc(200000);

	ck_assert_ptr_nonnull(x);
	for (uint64_t i = 0; i < 200000; i++)
		x[i] = (unsigned char)(i * i >> 7);
	is_golden(h, golden_one);
	ck_assert_int_eq(thrum_hash_bytes(&h, NULL, 0), 0);
	is_golden(h, golden_nothing);
	ck_assert_int_eq(thrum_hash_bytes(&h, "thrum", 5), 0);
	is_golden(h, golden_thrum);
	ck_assert_int_eq(thrum_hash_bytes(&h, x, 200000), 0);
	is_golden(h, golden_long);
	free(x);
}
END_TEST

/* --- Laws ----------------------------------------------------------------- */

START_TEST(view_hashes_as_its_copy)
{
	uint64_t seed = test_seed();

	for (long i = 0; i < rounds(2000, 50000); i++) {
		void *memory;
		thrum_dtype dtype = (thrum_dtype)(1 + i % DTYPES);
		thrum_array a = random_array(&seed, dtype, 500, &memory);
		char *copy = elements_copied(&a);
		thrum_array c = thrum_array_nd(dtype, copy, a.ndim, a.shape, 0);
		HOLDS(same(hash_of(&a), hash_of(&c)));
		free(copy);
		free(memory);
	}
}
END_TEST

START_TEST(c_and_fortran_order_hash_alike)
{
	enum { ROWS = 37, COLUMNS = 411 };
	static double c[ROWS][COLUMNS], f[COLUMNS][ROWS];
	const size_t shape[] = { ROWS, COLUMNS };

	for (int i = 0; i < ROWS; i++)
		for (int j = 0; j < COLUMNS; j++)
			c[i][j] = f[j][i] = i * 1000.0 - j;
	thrum_array in_c = thrum_array_nd(THRUM_F64, c, 2, shape, 0);
	thrum_array in_f = thrum_array_nd(THRUM_F64, f, 2, shape, 1);
	ck_assert(same(hash_of(&in_c), hash_of(&in_f)));
	/* Transposed it is another array. */
	thrum_array turned = thrum_array_nd(THRUM_F64, c, 2, shape, 1);
	ck_assert(!same(hash_of(&in_c), hash_of(&turned)));
}
END_TEST

START_TEST(n_jobs_does_not_show)
{
	static const int jobs[] = { 1, 2, 3, 8, -1, -2 };
	const size_t shape[] = { 3, 250007 };
	uint64_t seed = test_seed();
	double *x = malloc(shape[0] * shape[1] * sizeof *x);

	ck_assert_ptr_nonnull(x);
	for (size_t i = 0; i < shape[0] * shape[1]; i++)
		x[i] = chance(&seed) % 100000 ? (double)chance(&seed)
		                              : (double)NAN;
	thrum_array a = thrum_array_nd(THRUM_F64, x, 2, shape, 0);
	thrum_array views[3] = { a, a, a };
	views[1].shape[1] /= 2;
	views[1].stride[1] *= 2;
	views[2].data = x + shape[0] * shape[1] - 1;
	views[2].stride[0] *= -1;
	views[2].stride[1] *= -1;
	for (int v = 0; v < 3; v++) {
		thrum_hash expected = reference_array(&views[v]);
		for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
			thrum_hash h = { 0, 0 };
			ck_assert_int_eq(thrum_hash_array(&h, &views[v],
				THRUM_OPTS(.n_jobs = jobs[i])), 0);
			ck_assert(same(h, expected));
		}
	}
	free(x);
}
END_TEST

START_TEST(every_bit_counts)
{
	uint64_t seed = test_seed();

	for (int dtype = THRUM_I8; dtype <= THRUM_U64; dtype++) {
		unsigned char x[3 * 8 * 5];
		size_t size = thrum_dtype_size((thrum_dtype)dtype);
		const size_t shape[] = { 3, 5 };
		for (size_t i = 0; i < sizeof x; i++)
			x[i] = (unsigned char)chance(&seed);
		thrum_array a = thrum_array_nd((thrum_dtype)dtype, x, 2, shape,
		                               0);
		thrum_hash before = hash_of(&a);
		for (size_t bit = 0; bit < 15 * size * 8; bit++) {
			x[bit / 8] ^= (unsigned char)(1u << bit % 8);
			HOLDS(!same(hash_of(&a), before));
			x[bit / 8] ^= (unsigned char)(1u << bit % 8);
		}
		HOLDS(same(hash_of(&a), before));
	}
}
END_TEST

START_TEST(type_and_shape_count)
{
	static const unsigned char zeros[16 * 12];
	static const size_t shapes[][3] = {
		{ 12, 1, 1 }, { 1, 12, 1 }, { 3, 4, 1 }, { 4, 3, 1 },
		{ 2, 6, 1 }, { 2, 2, 3 }, { 0, 1, 1 }, { 1, 0, 1 },
	};
	enum { SHAPES = sizeof shapes / sizeof *shapes };
	thrum_hash seen[(SHAPES + 3) * DTYPES + 1];
	int n = 0;

	for (int dtype = 1; dtype <= DTYPES; dtype++) {
		thrum_dtype t = (thrum_dtype)dtype;
		for (int i = 0; i < SHAPES; i++) {
			thrum_array a = thrum_array_nd(t, zeros, 3, shapes[i],
			                               0);
			seen[n++] = hash_of(&a);
		}
		thrum_array a = thrum_array_nd(t, zeros, 0, NULL, 0);
		seen[n++] = hash_of(&a);
		a = thrum_array_1d(t, zeros, 1);
		seen[n++] = hash_of(&a);
		a = thrum_array_1d(t, zeros, 12);
		seen[n++] = hash_of(&a);
	}
	ck_assert_int_eq(thrum_hash_bytes(&seen[n++], zeros, 12), 0);
	for (int i = 0; i < n; i++)
		for (int k = 0; k < i; k++)
			HOLDS(!same(seen[i], seen[k]));
}
END_TEST

/* --- Numbers -------------------------------------------------------------- */

static const struct {
	thrum_dtype dtype;
	int parts, size, fraction;
} floats[] = {
	{ THRUM_F16, 1, 2, 10 }, { THRUM_F32, 1, 4, 23 },
	{ THRUM_F64, 1, 8, 52 }, { THRUM_C64, 2, 4, 23 },
	{ THRUM_C128, 2, 8, 52 },
};
enum { FLOATS = sizeof floats / sizeof *floats };

/* At each place of arrays of all lengths, so that each way to look for NaNs
 * comes across one. */
START_TEST(all_nans_are_one)
{
	int size = floats[_i].size, fraction = floats[_i].fraction;
	uint64_t sign = (uint64_t)1 << (8 * size - 1);
	uint64_t infinity = (sign - 1) >> fraction << fraction;
	const uint64_t nans[] = {
		infinity | (uint64_t)1 << (fraction - 1), infinity | 1,
		sign | infinity | 1, sign | (sign - 1), sign - 1,
		infinity | (uint64_t)1 << (fraction - 2),
	};
	unsigned char x[40 * 8];

	for (int n = 1; n <= 40 / floats[_i].parts; n++) {
		thrum_array a = thrum_array_1d(floats[_i].dtype, x, (size_t)n);
		for (int i = 0; i < n * floats[_i].parts; i++) {
			thrum_hash first = { 0, 0 };
			memset(x, 0x11, sizeof x);
			thrum_hash none = hash_of(&a);
			for (int k = 0; k < 6; k++) {
				set_bits(x + i * size, size, nans[k]);
				if (k == 0)
					first = hash_of(&a);
				HOLDS(same(hash_of(&a), first));
			}
			HOLDS(!same(first, none));
			/* What is next to NaN is not one. */
			set_bits(x + i * size, size, infinity);
			thrum_hash plus = hash_of(&a);
			set_bits(x + i * size, size, sign | infinity);
			HOLDS(!same(hash_of(&a), plus));
			HOLDS(!same(hash_of(&a), first));
			HOLDS(!same(plus, first));
		}
	}
}
END_TEST

START_TEST(zeros_of_either_sign_differ)
{
	int size = floats[_i].size;
	unsigned char x[16] = { 0 };
	thrum_array a = thrum_array_1d(floats[_i].dtype, x, 1);

	for (int part = 0; part < floats[_i].parts; part++) {
		memset(x, 0, sizeof x);
		thrum_hash plus = hash_of(&a);
		set_bits(x + part * size, size,
		         (uint64_t)1 << (8 * size - 1));
		ck_assert(!same(hash_of(&a), plus));
	}
}
END_TEST

START_TEST(nans_of_integers_are_numbers)
{
	uint64_t x = 0x7ff8000000000000, y = 0x7ff8000000000001;
	thrum_array a = thrum_array_1d(THRUM_U64, &x, 1);
	thrum_array b = thrum_array_1d(THRUM_U64, &y, 1);
	ck_assert(!same(hash_of(&a), hash_of(&b)));
}
END_TEST

/* --- What is refused ------------------------------------------------------ */

START_TEST(failure_leaves_the_hash_alone)
{
	thrum_hash h = { 1, 2 };
	thrum_array a = thrum_array_1d(THRUM_F64, NULL, 1);

	errno = 7;
	ck_assert_int_eq(thrum_hash_array(&h, &a, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_hash_array(&h, NULL, NULL), THRUM_EINVAL);
	a = thrum_array_1d(THRUM_F64, "", SIZE_MAX / 2);
	ck_assert_int_eq(thrum_hash_array(&h, &a, NULL), THRUM_EOVERFLOW);
	a = thrum_array_1d(THRUM_U8, "", 1);
	ck_assert_int_eq(thrum_hash_array(NULL, &a, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_hash_bytes(&h, NULL, 1), THRUM_EINVAL);
	ck_assert_int_eq(thrum_hash_bytes(NULL, "", 1), THRUM_EINVAL);
	ck_assert_int_eq(thrum_hash_key(&h, NULL), THRUM_EINVAL);
	ck_assert_uint_eq(h.low, 1);
	ck_assert_uint_eq(h.high, 2);
	ck_assert_int_eq(errno, 7);
	ck_assert_int_eq(thrum_hash_bytes(&h, NULL, 0), 0);
}
END_TEST

static void on_progress(void *ctx, const thrum_progress *p)
{
	(void)ctx;
	(void)p;
}

START_TEST(options_that_mean_nothing_here_are_refused)
{
	thrum_array a = thrum_array_1d(THRUM_U8, "ab", 2);
	thrum_report report;
	int status;
	thrum_hash h;
	struct {
		thrum_opts known;
		uint64_t unknown; /* without bytes between */
	} newer = { *THRUM_OPTS(), 1 };
	const thrum_opts wrong[] = {
		*THRUM_OPTS(.verbose = 1), *THRUM_OPTS(.progress = 1),
		*THRUM_OPTS(.flags = THRUM_KEEP_GOING),
		*THRUM_OPTS(.grain = 1), *THRUM_OPTS(.pre_dispatch = 1),
		*THRUM_OPTS(.total = 1), *THRUM_OPTS(.timeout_s = 1),
		*THRUM_OPTS(.on_progress = on_progress),
		*THRUM_OPTS(.on_progress_ctx = &h),
		*THRUM_OPTS(.report = &report), *THRUM_OPTS(.status = &status),
		{ .size = 3 },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_int_eq(thrum_hash_array(&h, &a, &wrong[i]),
		                 THRUM_EINVAL);
	newer.known.size = sizeof newer;
	ck_assert_int_eq(thrum_hash_array(&h, &a, &newer.known), THRUM_E2BIG);
	newer.unknown = 0;
	ck_assert_int_eq(thrum_hash_array(&h, &a, &newer.known), 0);
}
END_TEST

START_TEST(token_ends_a_large_hash)
{
	size_t n = (size_t)1 << 22;
	unsigned char *x = calloc(n, 1);
	thrum_cancel cancel = { 0 };
	thrum_hash h = { 1, 2 };

	ck_assert_ptr_nonnull(x);
	thrum_array a = thrum_array_1d(THRUM_U8, x, n);
	thrum_cancel_set(&cancel);
	ck_assert_int_eq(thrum_hash_array(&h, &a, THRUM_OPTS(.cancel = &cancel)),
	                 THRUM_ECANCELED);
	ck_assert_uint_eq(h.low, 1);

	/* By a default of the thread, where there are no options; a key, too. */
	thrum_key key = THRUM_KEY_INIT;
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.cancel = &cancel),
	                                    NULL), 0);
	ck_assert_int_eq(thrum_hash_bytes(&h, x, n), THRUM_ECANCELED);
	ck_assert_uint_eq(h.low, 1);
	thrum_key_bytes(&key, "x", x, n);
	ck_assert_int_eq(key.error, THRUM_ECANCELED);
	ck_assert_int_eq(thrum_set_defaults(NULL, NULL), 0);
	free(x);
}
END_TEST

START_TEST(text_is_hexadecimal)
{
	const thrum_hash h = { 0x0123456789abcdef, 0xfedcba9876543210 };
	char text[33];

	thrum_hash_text(&h, text);
	ck_assert_str_eq(text, "fedcba98765432100123456789abcdef");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hash");
	TCase *t = tcase_create("encoding");
	tcase_add_test(t, arrays_hash_as_the_encoding_says);
	tcase_add_test(t, bytes_hash_as_the_encoding_says);
	tcase_add_test(t, contents_of_several_links_are_chained);
	tcase_add_loop_test(t, arrays_hash_as_ever, 0, DTYPES);
	tcase_add_test(t, values_hash_as_ever);
	add_test(s, t);
	t = tcase_create("laws");
	tcase_add_test(t, view_hashes_as_its_copy);
	tcase_add_test(t, c_and_fortran_order_hash_alike);
	tcase_add_test(t, n_jobs_does_not_show);
	tcase_add_test(t, every_bit_counts);
	tcase_add_test(t, type_and_shape_count);
	add_test(s, t);
	t = tcase_create("numbers");
	tcase_add_loop_test(t, all_nans_are_one, 0, FLOATS);
	tcase_add_loop_test(t, zeros_of_either_sign_differ, 0, FLOATS);
	tcase_add_test(t, nans_of_integers_are_numbers);
	add_test(s, t);
	t = tcase_create("refusals");
	tcase_add_test(t, failure_leaves_the_hash_alone);
	tcase_add_test(t, options_that_mean_nothing_here_are_refused);
	tcase_add_test(t, token_ends_a_large_hash);
	tcase_add_test(t, text_is_hexadecimal);
	add_test(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
