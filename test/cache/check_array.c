/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_array.c - descriptions of arrays, their elements in order, their owners
 *
 * A layout is held against the formula of the header, element by element, on
 * arrays with any strides.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <thrum/array.h>
#include <unistd.h>

#include "arrays.h"
#include "layout.h"
#include "owner.h"

START_TEST(sizes_are_those_of_the_names)
{
	static const size_t sizes[] = { 0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8,
	                                8, 16, 0 };
	for (int dtype = 0; dtype <= DTYPES + 1; dtype++)
		ck_assert_uint_eq(thrum_dtype_size((thrum_dtype)dtype),
		                  sizes[dtype]);
	ck_assert_uint_eq(thrum_dtype_size((thrum_dtype)0x7fffffff), 0);
}
END_TEST

START_TEST(c_order_has_the_last_index_fastest)
{
	const size_t shape[] = { 2, 3, 5 };
	int x = 0;
	thrum_array a = thrum_array_nd(THRUM_I16, &x, 3, shape, 0);
	ck_assert_ptr_eq(a.data, &x);
	ck_assert_int_eq(a.ndim, 3);
	ck_assert_int_eq(a.stride[0], 30);
	ck_assert_int_eq(a.stride[1], 10);
	ck_assert_int_eq(a.stride[2], 2);
	ck_assert_mem_eq(a.shape, shape, sizeof shape);
	ck_assert_ptr_null(a.owner);
}
END_TEST

START_TEST(fortran_order_has_the_first_index_fastest)
{
	const size_t shape[] = { 2, 3, 5 };
	thrum_array a = thrum_array_nd(THRUM_F64, NULL, 3, shape, 1);
	ck_assert_int_eq(a.stride[0], 8);
	ck_assert_int_eq(a.stride[1], 16);
	ck_assert_int_eq(a.stride[2], 48);
}
END_TEST

START_TEST(shape_that_cannot_be_is_marked)
{
	const size_t shape[THRUM_NDIM_MAX + 1] = { 0 };
	struct layout l;
	thrum_array a = thrum_array_nd(THRUM_U8, "", THRUM_NDIM_MAX + 1, shape,
	                               0);
	ck_assert_int_eq(a.ndim, -1);
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EINVAL);
	a = thrum_array_nd(THRUM_U8, "", -1, shape, 0);
	ck_assert_int_eq(a.ndim, -1);
	a = thrum_array_nd(THRUM_U8, "", 1, NULL, 0);
	ck_assert_int_eq(a.ndim, -1);
	a = thrum_array_nd(THRUM_U8, "", 0, NULL, 0);
	ck_assert_int_eq(a.ndim, 0);
	ck_assert_int_eq(thrum__layout_of(&l, &a), 0);
	ck_assert_uint_eq(l.count, 1);
}
END_TEST

START_TEST(array_that_cannot_be_is_refused)
{
	struct layout l;
	const size_t big = SIZE_MAX / 8 + 1, two_big[] = { big, 9 };
	const size_t none[] = { SIZE_MAX, 0, SIZE_MAX };
	thrum_array a;

	ck_assert_int_eq(thrum__layout_of(&l, NULL), THRUM_EINVAL);
	a = thrum_array_1d((thrum_dtype)0, "", 1);
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EINVAL);
	a = thrum_array_1d((thrum_dtype)(DTYPES + 1), "", 1);
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EINVAL);
	a = thrum_array_1d(THRUM_U8, NULL, 1);
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EINVAL);
	a = thrum_array_1d(THRUM_F64, "", big);
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EOVERFLOW);
	a = thrum_array_nd(THRUM_U8, "", 2, two_big, 0);
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EOVERFLOW);
	a = thrum_array_1d(THRUM_U8, "", SIZE_MAX);
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EINVAL);
	/* Two elements that no pointer difference can tell apart. */
	a = thrum_array_1d(THRUM_U8, "", 2);
	a.stride[0] = PTRDIFF_MIN;
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EINVAL);
	a = thrum_array_1d(THRUM_U8, "", 3);
	a.stride[0] = PTRDIFF_MAX;
	ck_assert_int_eq(thrum__layout_of(&l, &a), THRUM_EINVAL);
	/* No elements: nothing to be wrong with. */
	a = thrum_array_nd(THRUM_F64, NULL, 3, none, 0);
	ck_assert_int_eq(thrum__layout_of(&l, &a), 0);
	ck_assert_uint_eq(l.count, 0);
	ck_assert(thrum__layout_contiguous(&l));
	thrum__layout_gather(&l, 0, 0, NULL);
}
END_TEST

START_TEST(what_follows_in_memory_is_one_dimension)
{
	const size_t shape[] = { 4, 1, 3, 5 };
	struct layout l;
	thrum_array a = thrum_array_nd(THRUM_F32, "", 4, shape, 0);

	a.stride[1] = 12345; /* of no effect where there is one index */
	ck_assert_int_eq(thrum__layout_of(&l, &a), 0);
	ck_assert_int_eq(l.ndim, 1);
	ck_assert_uint_eq(l.shape[0], 60);
	ck_assert(thrum__layout_contiguous(&l));
	/* Every second row: rows stay whole. */
	a.stride[0] *= 2;
	ck_assert_int_eq(thrum__layout_of(&l, &a), 0);
	ck_assert_int_eq(l.ndim, 2);
	ck_assert(!thrum__layout_contiguous(&l));
	/* One element, repeated. */
	memset(a.stride, 0, sizeof a.stride);
	ck_assert_int_eq(thrum__layout_of(&l, &a), 0);
	ck_assert_int_eq(l.ndim, 1);
	ck_assert_int_eq(l.stride[0], 0);
}
END_TEST

START_TEST(layout_gives_the_elements_in_order)
{
	uint64_t seed = test_seed();

	for (long i = 0; i < rounds(4000, 100000); i++) {
		thrum_dtype dtype = (thrum_dtype)(1 + i % DTYPES);
		size_t size = thrum_dtype_size(dtype);
		void *memory;
		thrum_array a = random_array(&seed, dtype, 300, &memory);
		char *model = elements_copied(&a);
		struct layout l;

		ck_assert_int_eq(thrum__layout_of(&l, &a), 0);
		ck_assert_uint_eq(l.count, elements_of(&a));
		ck_assert_uint_eq(l.bytes, l.count * size);
		if (thrum__layout_contiguous(&l))
			ck_assert_mem_eq(l.data, model, l.bytes);
		for (int part = 0; part < 4; part++) {
			size_t begin = below(&seed, l.count);
			size_t n = below(&seed, l.count - begin + 1);
			char *out = malloc(n * size + 1);
			ck_assert_ptr_nonnull(out);
			out[n * size] = 'x';
			thrum__layout_gather(&l, begin, n, out);
			HOLDS(memcmp(out, model + begin * size, n * size) == 0);
			HOLDS(out[n * size] == 'x');
			free(out);
		}
		free(model);
		free(memory);
	}
}
END_TEST

START_TEST(allocated_memory_is_aligned_and_owned)
{
	for (size_t bytes = 0; bytes < 1000; bytes += 37) {
		thrum_array a = thrum_array_1d(THRUM_U8, NULL, bytes);
		a.owner = thrum__owner_allocate(bytes, &a.data);
		ck_assert_ptr_nonnull(a.owner);
		ck_assert_ptr_nonnull(a.data);
		ck_assert_uint_eq((uintptr_t)a.data % OWNER_ALIGN, 0);
		memset(a.data, 1, bytes);
		thrum_array_release(&a);
		ck_assert_ptr_null(a.owner);
		ck_assert_ptr_null(a.data);
		ck_assert_int_eq(a.dtype, 0);
	}
	void *data;
	errno = 7;
	ck_assert_ptr_null(thrum__owner_allocate(SIZE_MAX, &data));
	ck_assert_ptr_null(thrum__owner_allocate(PTRDIFF_MAX, &data));
	ck_assert_int_eq(errno, 7);
}
END_TEST

START_TEST(mapping_is_given_back)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(p != MAP_FAILED);
	thrum_array a = thrum_array_1d(THRUM_F64, (char *)p + 64, 3);
	a.owner = thrum__owner_of_mapping(p, 2 * page);
	ck_assert_ptr_nonnull(a.owner);
	thrum_array_release(&a);
	/* Nothing is mapped there any more. */
	unsigned char resident[2];
	ck_assert_int_eq(mincore(p, 2 * page, resident), -1);
	ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

START_TEST(release_of_what_owns_nothing_is_well)
{
	double x[3] = { 1, 2, 3 };
	thrum_array a = thrum_array_1d(THRUM_F64, x, 3);
	thrum_array_release(&a);
	thrum_array_release(&a);
	thrum_array_release(NULL);
	ck_assert_double_eq(x[2], 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("array");
	TCase *t = tcase_create("descriptions");
	tcase_add_test(t, sizes_are_those_of_the_names);
	tcase_add_test(t, c_order_has_the_last_index_fastest);
	tcase_add_test(t, fortran_order_has_the_first_index_fastest);
	tcase_add_test(t, shape_that_cannot_be_is_marked);
	suite_add_tcase(s, t);
	t = tcase_create("layouts");
	tcase_add_test(t, array_that_cannot_be_is_refused);
	tcase_add_test(t, what_follows_in_memory_is_one_dimension);
	tcase_add_test(t, layout_gives_the_elements_in_order);
	suite_add_tcase(s, t);
	t = tcase_create("owners");
	tcase_add_test(t, allocated_memory_is_aligned_and_owned);
	tcase_add_test(t, mapping_is_given_back);
	tcase_add_test(t, release_of_what_owns_nothing_is_well);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
