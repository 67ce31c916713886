/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_npy.c - .npy files: what NumPy wrote, what NumPy would, what nobody should
 *
 * test/data/npy/make says how the golden files were made. What is dumped and
 * loaded is held against the array, element by element.
 */
#include "config.h"

#include <errno.h>
#include <thrum.h>
#include <thrum/npy.h>

#include "folder.h"

static const struct {
	thrum_dtype dtype;
	const char *name;
} kinds[] = {
	{ THRUM_BOOL, "b1" }, { THRUM_I8, "i1" },   { THRUM_I16, "i2" },
	{ THRUM_I32, "i4" },  { THRUM_I64, "i8" },  { THRUM_U8, "u1" },
	{ THRUM_U16, "u2" },  { THRUM_U32, "u4" },  { THRUM_U64, "u8" },
	{ THRUM_F16, "f2" },  { THRUM_F32, "f4" },  { THRUM_F64, "f8" },
	{ THRUM_C64, "c8" },  { THRUM_C128, "c16" }
};

typedef int get_fn(const char *path, thrum_array *a, const thrum_npy_opts *o);
static get_fn *const ways[] = { thrum_npy_load, thrum_npy_map };

/* Number k of the golden arrays, by the rule of test/data/npy/make. */
static double real_part(int k)
{
	return (k % 2 ? -1 : 1) * (k + 0.5);
}

/* Of one that has few digits. */
static uint16_t half(double x)
{
	uint16_t sign = x < 0 ? 0x8000 : 0, exponent = 15;
	double m = x < 0 ? -x : x;
	for (; m >= 2; m /= 2)
		exponent++;
	for (; m < 1; m *= 2)
		exponent--;
	return (uint16_t)(sign | exponent << 10 | (uint16_t)((m - 1) * 1024));
}

static void value(thrum_dtype dtype, int k, void *out)
{
	int i = (k % 2 ? -k : k) * 21;
	float f[2] = { (float)real_part(k), (float)(-2 * real_part(k)) };
	double d[2] = { real_part(k), -2 * real_part(k) };
	uint16_t h = half(d[0]);

	switch (dtype) {
	case THRUM_BOOL: *(uint8_t *)out = k % 2; break;
	case THRUM_I8: *(int8_t *)out = (int8_t)i; break;
	case THRUM_I16: *(int16_t *)out = (int16_t)i; break;
	case THRUM_I32: *(int32_t *)out = i; break;
	case THRUM_I64: *(int64_t *)out = i; break;
	case THRUM_U8: *(uint8_t *)out = (uint8_t)(41 * k); break;
	case THRUM_U16: *(uint16_t *)out = (uint16_t)(41 * k); break;
	case THRUM_U32: *(uint32_t *)out = (uint32_t)(41 * k); break;
	case THRUM_U64: *(uint64_t *)out = (uint64_t)(41 * k); break;
	case THRUM_F16: memcpy(out, &h, sizeof h); break;
	case THRUM_F32: memcpy(out, f, sizeof *f); break;
	case THRUM_F64: memcpy(out, d, sizeof *d); break;
	case THRUM_C64: memcpy(out, f, sizeof f); break;
	case THRUM_C128: memcpy(out, d, sizeof d); break;
	}
}

static void check_golden(const thrum_array *a, thrum_dtype dtype)
{
	ck_assert_int_eq(a->dtype, dtype);
	ck_assert_int_eq(a->ndim, 2);
	ck_assert_uint_eq(a->shape[0], 2);
	ck_assert_uint_eq(a->shape[1], 3);
	for (int k = 0; k < 6; k++) {
		uint64_t want[2];
		value(dtype, k, want);
		ck_assert_mem_eq(element(a, (size_t)k), want,
		                 thrum_dtype_size(dtype));
	}
}

START_TEST(golden_files_hold_what_numpy_saved)
{
	char name[40];
	for (int way = 0; way < 2; way++)
		for (int big = 0; big < 2; big++) {
			thrum_array a;
			snprintf(name, sizeof name, "%s_%s_%s.npy",
			         big ? "be" : "le", kinds[_i].name,
			         big ? "f" : "c");
			ck_assert_int_eq(ways[way](golden(name), &a, NULL), 0);
			check_golden(&a, kinds[_i].dtype);
			ptrdiff_t item = (ptrdiff_t)thrum_dtype_size(a.dtype);
			ck_assert_int_eq(a.stride[0], big ? item : 3 * item);
			ck_assert_uint_eq((uintptr_t)a.data % 64, 0);
			thrum_array_release(&a);
		}
}
END_TEST

START_TEST(dump_gives_the_bytes_of_numpy)
{
	char name[40];
	thrum_array a;
	size_t size, golden_size;
	const uint16_t one = 1;
	/* Golden is the order of this machine alone. */
	bool big = *(const unsigned char *)&one == 0;
	snprintf(name, sizeof name, "%s_%s_%s.npy", big ? "be" : "le",
	         kinds[_i].name, big ? "f" : "c");
	ck_assert_int_eq(thrum_npy_load(golden(name), &a, NULL), 0);
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a, NULL), 0);
	unsigned char *p = read_file("a.npy", &size);
	unsigned char *q = read_file(golden(name), &golden_size);
	ck_assert_uint_eq(size, golden_size);
	ck_assert_mem_eq(p, q, size);
	free(p);
	free(q);
	thrum_array_release(&a);
}
END_TEST

START_TEST(other_versions_and_writers_are_read)
{
	static const char *const names[] = { "version2.npy", "version3.npy",
	                                     "python2.npy", "unaligned.npy" };
	for (int way = 0; way < 2; way++)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			thrum_array a;
			ck_assert_int_eq(ways[way](golden(names[i]), &a, NULL),
			                 0);
			check_golden(&a, THRUM_F64);
			ck_assert_uint_eq((uintptr_t)a.data % 8, 0);
			thrum_array_release(&a);
		}
}
END_TEST

START_TEST(shapes_of_any_kind_are_read)
{
	for (int way = 0; way < 2; way++) {
		thrum_array a;
		ck_assert_int_eq(ways[way](golden("scalar.npy"), &a, NULL), 0);
		ck_assert_int_eq(a.ndim, 0);
		ck_assert_double_eq(*(double *)a.data, 0.5);
		thrum_array_release(&a);
		ck_assert_int_eq(ways[way](golden("empty.npy"), &a, NULL), 0);
		ck_assert_int_eq(a.ndim, 2);
		ck_assert_uint_eq(a.shape[0], 0);
		ck_assert_uint_eq(a.shape[1], 3);
		ck_assert_ptr_nonnull(a.data);
		thrum_array_release(&a);
		ck_assert_int_eq(ways[way](golden("vector.npy"), &a, NULL), 0);
		ck_assert_int_eq(a.ndim, 1);
		for (size_t k = 0; k < 7; k++)
			ck_assert_uint_eq(((uint16_t *)a.data)[k], k);
		thrum_array_release(&a);
		ck_assert_int_eq(ways[way](golden("dims32.npy"), &a, NULL), 0);
		ck_assert_int_eq(a.ndim, 32);
		for (size_t k = 0; k < 4; k++) {
			const uint16_t want = (uint16_t)k;
			ck_assert_mem_eq(element(&a, k), &want, sizeof want);
		}
		thrum_array_release(&a);
	}
}
END_TEST

START_TEST(types_that_are_no_dtype_are_not_supported)
{
	static const char *const names[] = {
		"refused_object.npy", "refused_text.npy", "refused_bytes.npy",
		"refused_struct.npy", "refused_time.npy",
		"refused_longdouble.npy"
	};
	const thrum_array zero = { 0 };
	for (int way = 0; way < 2; way++)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			thrum_array a;
			memset(&a, 1, sizeof a);
			ck_assert_int_eq(ways[way](golden(names[i]), &a, NULL),
			                 THRUM_ENOTSUP);
			ck_assert_mem_eq(&a, &zero, sizeof a);
		}
}
END_TEST

static void check_round_trip(const thrum_array *a, int n_jobs)
{
	const thrum_npy_opts *o = THRUM_NPY_OPTS(.n_jobs = n_jobs);
	ck_assert_int_eq(thrum_npy_dump("a.npy", a, o), 0);
	for (int way = 0; way < 2; way++) {
		thrum_array b;
		ck_assert_int_eq(ways[way]("a.npy", &b, o), 0);
		check_same(&b, a);
		ck_assert_uint_eq((uintptr_t)b.data % 64, 0);
		ck_assert_ptr_nonnull(b.owner);
		thrum_array_release(&b);
	}
}

START_TEST(what_was_dumped_is_loaded)
{
	uint64_t seed = test_seed();
	for (long i = rounds(400, 20000); i > 0; i--) {
		void *memory;
		thrum_dtype dtype = (thrum_dtype)(1 + below(&seed, DTYPES));
		thrum_array a = random_array(&seed, dtype, 3000, &memory);
		check_round_trip(&a, 1 + (int)below(&seed, 4));
		free(memory);
	}
}
END_TEST

/* A matrix of more than a few blocks, and views of it. */
static thrum_array large(thrum_dtype dtype, size_t rows, size_t columns,
                         uint64_t *seed, void **memory)
{
	size_t shape[] = { rows, columns };
	size_t words = rows * columns * thrum_dtype_size(dtype) / 8 + 1;
	uint64_t *p = malloc(words * 8);
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < words; i++)
		p[i] = chance(seed);
	*memory = p;
	return thrum_array_nd(dtype, p, 2, shape, 0);
}

static thrum_array transposed(thrum_array a)
{
	size_t shape = a.shape[0];
	ptrdiff_t stride = a.stride[0];
	a.shape[0] = a.shape[1];
	a.stride[0] = a.stride[1];
	a.shape[1] = shape;
	a.stride[1] = stride;
	return a;
}

/* Without its last row and column. */
static thrum_array within(thrum_array a)
{
	a.shape[0]--;
	a.shape[1]--;
	return a;
}

START_TEST(large_arrays_are_dumped_alike_by_any_number_of_workers)
{
	uint64_t seed = test_seed();
	void *memory;
	thrum_array a = large(_i ? THRUM_F64 : THRUM_I16, _i ? 401 : 1201,
	                      1501, &seed, &memory);
	const thrum_array view[] = { a, transposed(a), within(a),
	                             within(transposed(a)) };
	for (int v = 0; v < 4; v++) {
		size_t size, first_size = 0;
		unsigned char *first = NULL;
		for (int n_jobs = 1; n_jobs <= 4; n_jobs++) {
			check_round_trip(&view[v], n_jobs);
			unsigned char *p = read_file("a.npy", &size);
			if (first) {
				ck_assert_uint_eq(size, first_size);
				HOLDS(memcmp(p, first, size) == 0);
				free(p);
			} else {
				first = p;
				first_size = size;
			}
		}
		free(first);
	}
	free(memory);
}
END_TEST

START_TEST(arrays_without_elements_are_kept)
{
	static const size_t shapes[][3] = { { 0 }, { 0, 5 }, { 5, 0 },
	                                    { 3, 0, 7 }, { 0, 0, 0 } };
	static const int ndims[] = { 1, 2, 2, 3, 3 };
	for (int i = 0; i < 5; i++)
		for (int fortran = 0; fortran < 2; fortran++) {
			thrum_array a = thrum_array_nd(THRUM_F32, NULL,
			                               ndims[i], shapes[i],
			                               fortran);
			check_round_trip(&a, 0);
		}
}
END_TEST

START_TEST(fortran_order_in_memory_is_fortran_order_in_the_file)
{
	double x[24] = { 0 };
	const size_t shape[] = { 2, 3, 4 };
	size_t size;
	for (int fortran = 0; fortran < 2; fortran++) {
		thrum_array a = thrum_array_nd(THRUM_F64, x, 3, shape, fortran);
		ck_assert_int_eq(thrum_npy_dump("a.npy", &a, NULL), 0);
		char *p = (char *)read_file("a.npy", &size);
		ck_assert_ptr_nonnull(strstr(p + 10, fortran ? "True"
		                                             : "False"));
		free(p);
	}
}
END_TEST

/* The other byte order than this machine's, of more than a block. */
START_TEST(other_byte_order_is_turned_by_any_number_of_workers)
{
	static const int widths[] = { 2, 4, 8, 4, 8 };
	static const char *const names[] = { "i2", "f4", "u8", "c8", "c16" };
	uint64_t seed = test_seed();
	const uint16_t one = 1;
	char order = *(const unsigned char *)&one ? '>' : '<';
	size_t n = (size_t)(_i < 3 ? 1 : 2) * 600001, bytes;
	int width = widths[_i];
	unsigned char *p = malloc(bytes = 128 + n * (size_t)width);
	int text = snprintf((char *)p, 128, "\x93NUMPY\x01%c\x76%c{'descr': "
	                    "'%c%s', 'fortran_order': False, 'shape': (600001,)}",
	                    0, 0, order, names[_i]);
	memset(p + text, ' ', 128 - (size_t)text);
	p[127] = '\n';
	for (size_t i = 128; i < bytes; i++)
		p[i] = (unsigned char)chance(&seed);
	write_file("a.npy", p, bytes);
	for (int n_jobs = 1; n_jobs <= 3; n_jobs++)
		for (int way = 0; way < 2; way++) {
			thrum_array a;
			ck_assert_int_eq(ways[way]("a.npy", &a,
				THRUM_NPY_OPTS(.n_jobs = n_jobs)), 0);
			const unsigned char *q = a.data;
			for (size_t i = 0; i < n * (size_t)width; i++)
				HOLDS(q[i] == p[128 + (i ^ (size_t)(width - 1))]);
			thrum_array_release(&a);
		}
	free(p);
}
END_TEST

/* Whatever a file holds, what comes of it is an error, or an array whose
 * elements are all there. */
static int check_any(const char *path, get_fn *get)
{
	thrum_array a;
	const thrum_array zero = { 0 };
	int rc = get(path, &a, NULL);
	if (rc) {
		HOLDS(memcmp(&a, &zero, sizeof a) == 0);
		return rc;
	}
	size_t n = elements_of(&a), size = thrum_dtype_size(a.dtype);
	unsigned sum = 0;
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < size; i++)
			sum += (unsigned char)element(&a, k)[i];
	HOLDS(sum <= n * size * 255);
	thrum_array_release(&a);
	return 0;
}

START_TEST(file_cut_short_is_refused)
{
	size_t size;
	unsigned char *p = read_file(golden(_i ? "version2.npy"
	                                       : "le_c16_c.npy"), &size);
	for (size_t n = 0; n < size; n++) {
		write_file("a.npy", p, n);
		for (int way = 0; way < 2; way++)
			ck_assert_int_eq(check_any("a.npy", ways[way]),
			                 THRUM_EBADMSG);
	}
	free(p);
}
END_TEST

START_TEST(every_flipped_bit_gives_an_error_or_an_array)
{
	static const char *const names[] = { "be_c8_f.npy", "le_i2_c.npy",
	                                     "version3.npy", "python2.npy" };
	size_t size;
	unsigned char *p = read_file(golden(names[_i]), &size);
	int refused = 0;
	for (size_t bit = 0; bit < 8 * size; bit++) {
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		write_file("a.npy", p, size);
		for (int way = 0; way < 2; way++)
			refused += check_any("a.npy", ways[way]) != 0;
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	ck_assert_int_gt(refused, 400);
	free(p);
}
END_TEST

START_TEST(bytes_behind_the_array_are_not_looked_at)
{
	size_t size;
	unsigned char *p = read_file(golden("le_f8_c.npy"), &size);
	unsigned char *twice = malloc(2 * size);
	memcpy(twice, p, size);
	memcpy(twice + size, p, size);
	write_file("a.npy", twice, 2 * size);
	for (int way = 0; way < 2; way++) {
		thrum_array a;
		ck_assert_int_eq(ways[way]("a.npy", &a, NULL), 0);
		check_golden(&a, THRUM_F64);
		thrum_array_release(&a);
	}
	free(p);
	free(twice);
}
END_TEST

/* 10^15 bytes, by a file of 128: there is no memory of this size to ask for. */
START_TEST(memory_is_not_taken_because_a_header_asks_for_it)
{
	char p[128];
	int text = snprintf(p, sizeof p, "\x93NUMPY\x01%c\x76%c{'descr': '<f8', "
	                    "'fortran_order': False, 'shape': "
	                    "(125000000000000,)}", 0, 0);
	memset(p + text, ' ', sizeof p - (size_t)text);
	p[127] = '\n';
	write_file("a.npy", p, sizeof p);
	for (int way = 0; way < 2; way++)
		ck_assert_int_eq(check_any("a.npy", ways[way]),
		                 sizeof(size_t) < 8 ? THRUM_EOVERFLOW
		                                    : THRUM_EBADMSG);
}
END_TEST

int main(void)
{
	const int n = (int)(sizeof kinds / sizeof *kinds);
	Suite *s = suite_create("npy");
	TCase *c = tcase_create("golden");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_loop_test(c, golden_files_hold_what_numpy_saved, 0, n);
	tcase_add_loop_test(c, dump_gives_the_bytes_of_numpy, 0, n);
	tcase_add_test(c, other_versions_and_writers_are_read);
	tcase_add_test(c, shapes_of_any_kind_are_read);
	tcase_add_test(c, types_that_are_no_dtype_are_not_supported);
	add_test(s, c);
	c = tcase_create("round trip");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_test(c, what_was_dumped_is_loaded);
	tcase_add_loop_test(c, large_arrays_are_dumped_alike_by_any_number_of_workers,
	                    0, 2);
	tcase_add_test(c, arrays_without_elements_are_kept);
	tcase_add_test(c, fortran_order_in_memory_is_fortran_order_in_the_file);
	tcase_add_loop_test(c, other_byte_order_is_turned_by_any_number_of_workers,
	                    0, 5);
	add_test(s, c);
	c = tcase_create("damage");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_loop_test(c, file_cut_short_is_refused, 0, 2);
	tcase_add_loop_test(c, every_flipped_bit_gives_an_error_or_an_array, 0, 4);
	tcase_add_test(c, bytes_behind_the_array_are_not_looked_at);
	tcase_add_test(c, memory_is_not_taken_because_a_header_asks_for_it);
	add_test(s, c);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
