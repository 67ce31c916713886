/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_memo_arrays.c - arrays come back as they were, copied or mapped
 */
#include "config.h"

#include "memos.h"

#include <stdint.h>

/* What a function gives: several arrays of all kinds, from a table by number. */
enum { KINDS = 7 };

static double table[6][8];
static const int32_t numbers[5] = { 1, -2, 3, -4, 5 };

static void fill_table(void)
{
	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 8; j++)
			table[i][j] = 10 * i + j;
}

static thrum_array made(int kind)
{
	const size_t shape[2] = { 6, 8 }, none[3] = { 4, 0, 2 };
	thrum_array a = { 0 };

	switch (kind) {
	case 0: /* borrowed, C order */
		return thrum_array_nd(THRUM_F64, table, 2, shape, 0);
	case 1: /* borrowed, Fortran order: the transpose */
		a = thrum_array_nd(THRUM_F64, table, 2,
		                   (const size_t[]){ 8, 6 }, 1);
		return a;
	case 2: /* every second column, backwards */
		a = thrum_array_nd(THRUM_F64, &table[0][7], 2, shape, 0);
		a.shape[1] = 4;
		a.stride[1] = -2 * (ptrdiff_t)sizeof(double);
		return a;
	case 3: /* no elements */
		return thrum_array_nd(THRUM_F32, NULL, 3, none, 0);
	case 4: /* a number */
		return thrum_array_nd(THRUM_I32, numbers, 0, NULL, 0);
	case 5:
		return thrum_array_1d(THRUM_I32, numbers, 5);
	default: /* one row again and again */
		a = thrum_array_nd(THRUM_F64, table, 2, shape, 0);
		a.stride[0] = 0;
		return a;
	}
}

static const void *at(const thrum_array *a, const size_t *index)
{
	const char *p = a->data;
	for (int d = 0; d < a->ndim; d++)
		p += (ptrdiff_t)index[d] * a->stride[d];
	return p;
}

static void same_elements(const thrum_array *a, const thrum_array *b)
{
	size_t index[THRUM_NDIM_MAX] = { 0 }, n = 1;

	ck_assert_int_eq(a->dtype, b->dtype);
	ck_assert_int_eq(a->ndim, b->ndim);
	for (int d = 0; d < a->ndim; d++) {
		ck_assert_uint_eq(a->shape[d], b->shape[d]);
		n *= a->shape[d];
	}
	for (size_t k = 0; k < n; k++) {
		ck_assert_mem_eq(at(a, index), at(b, index),
		                 thrum_dtype_size(a->dtype));
		for (int d = a->ndim - 1; d >= 0; d--) {
			if (++index[d] < a->shape[d])
				break;
			index[d] = 0;
		}
	}
}

static int all_kinds(void *ctx, thrum_array *results, size_t n)
{
	(void)ctx;
	count_run();
	ck_assert_uint_eq(n, KINDS);
	for (int i = 0; i < KINDS; i++) {
		ck_assert_ptr_null(results[i].data);
		results[i] = made(i);
	}
	return 0;
}

static void check_all(thrum_memo *m, unsigned flags)
{
	thrum_key key = key_of(1);
	thrum_array a[KINDS];

	memset(a, 0xff, sizeof a);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("kinds", 1), &key,
	                                   all_kinds, NULL, a, KINDS, flags),
	                 0);
	for (int i = 0; i < KINDS; i++) {
		thrum_array want = made(i);
		same_elements(&a[i], &want);
		ck_assert_int_eq((int)((uintptr_t)a[i].data % 64), 0);
		ck_assert(a[i].data != want.data || !want.data);
	}
	/* Fortran order stays; what has neither is in C order. */
	ck_assert_int_eq(a[1].stride[0], sizeof(double));
	ck_assert_int_eq(a[2].stride[1], sizeof(double));
	for (int i = 0; i < KINDS; i++) {
		thrum_array_release(&a[i]);
		ck_assert_ptr_null(a[i].data);
	}
}

static const unsigned how[] = { 0, THRUM_MAPPED };

START_TEST(arrays_come_back)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.durable = _i > 1));

	fill_table();
	for (int turn = 0; turn < 3; turn++)
		check_all(m, how[_i % 2]);
	ck_assert_int_eq(counted_runs(), 1);
	check_all(m, how[(_i + 1) % 2]);
	check_all(m, THRUM_REFRESH | how[_i % 2]);
	check_all(m, THRUM_REFRESH | THRUM_NO_STORE | how[_i % 2]);
	ck_assert_int_eq(counted_runs(), 3);
	check_all(NULL, how[_i % 2]);
	ck_assert_uint_eq(stats_of(m).failures, 0);
	thrum_memo_close(m);
}
END_TEST

/* NULL, with a word about it, where the build has no compression. */
static thrum_memo *open_packed(void)
{
	thrum_memo *m;
	int rc = thrum_memo_open(&m, the_dir, THRUM_MEMO_OPTS(
		.compress = THRUM_ZSTD));

	if (rc == THRUM_ENOTSUP) {
		printf("# skipped: no zstd in this build\n");
		return NULL;
	}
	ck_assert_int_eq(rc, 0);
	return m;
}

START_TEST(compressed_arrays_come_back)
{
	thrum_memo *m = open_packed();

	if (!m)
		return;
	fill_table();
	for (int turn = 0; turn < 3; turn++)
		check_all(m, how[turn % 2]);
	ck_assert_int_eq(counted_runs(), 1);
	uint64_t packed = stats_of(m).bytes;
	thrum_memo_close(m);
	m = open_memo(NULL); /* reads them all the same */
	check_all(m, 0);
	ck_assert_int_eq(counted_runs(), 1);
	check_all(m, THRUM_REFRESH);
	ck_assert_uint_lt(packed, stats_of(m).bytes);
	thrum_memo_close(m);
}
END_TEST

static int zeros(void *ctx, thrum_array *results, size_t n)
{
	static double none[1000];
	(void)ctx;
	count_run();
	for (size_t i = 0; i < n; i++)
		results[i] = thrum_array_1d(THRUM_F64, none, 1000);
	return 0;
}

static int fill_value(void *ctx, void *result)
{
	count_run();
	memset(result, 7, *(const size_t *)ctx);
	return 0;
}

/* Also what is one piece, or so small that to compress it is not worth it. */
START_TEST(compressed_values_come_back)
{
	static unsigned char value[5000];
	static const size_t sizes[] = { 1, 511, 512, sizeof value };
	thrum_memo *m = open_packed();

	if (!m)
		return;
	for (size_t turn = 0; turn < 8; turn++) {
		size_t n = sizes[turn % 4];
		thrum_key key = key_of((int64_t)n);
		memset(value, 0, sizeof value);
		ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("value", 1), &key,
			fill_value, &n, value, n, 0), 0);
		ck_assert(value[0] == 7 && value[n - 1] == 7);
		ck_assert_int_eq(counted_runs(), turn < 4 ? (int)turn + 1 : 4);
	}
	for (int turn = 0; turn < 2; turn++) {
		thrum_key key = key_of(1);
		thrum_array a;
		ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("zeros", 1),
			&key, zeros, NULL, &a, 1, 0), 0);
		ck_assert(a.shape[0] == 1000 && ((double *)a.data)[999] == 0);
		thrum_array_release(&a);
		ck_assert_int_eq(counted_runs(), 5);
	}
	ck_assert_uint_lt(stats_of(m).bytes, sizeof value + 8000);
	thrum_memo_close(m);
}
END_TEST

/* Owned: what another call gave. */
struct inner {
	thrum_memo *memo;
	int code;
};

static int hands_on(void *ctx, thrum_array *results, size_t n)
{
	struct inner *in = ctx;
	thrum_key key = key_of(1);

	int rc = thrum_memo_arrays(in->memo, THRUM_FN("kinds", 1), &key,
	                           all_kinds, NULL, results, n, THRUM_MAPPED);
	return rc ? rc : in->code;
}

START_TEST(what_is_owned_is_handed_on_or_released)
{
	thrum_memo *m = open_memo(NULL);
	struct inner in = { m, 0 };
	thrum_key key = key_of(2);
	thrum_array a[KINDS], want;

	fill_table();
	for (in.code = 42; in.code >= 0; in.code -= 42) {
		int rc = thrum_memo_arrays(m, THRUM_FN("on", 1), &key, hands_on,
		                           &in, a, KINDS, 0);
		ck_assert_int_eq(rc, in.code);
		for (int i = 0; i < KINDS; i++) {
			want = made(i);
			if (rc == 0)
				same_elements(&a[i], &want);
			else
				ck_assert_ptr_null(a[i].data);
			thrum_array_release(&a[i]);
		}
	}
	thrum_memo_close(m);
}
END_TEST

START_TEST(map_outlives_entry_and_memo)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1);
	thrum_array a[KINDS], want;

	fill_table();
	check_all(m, 0);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("kinds", 1), &key,
	                                   all_kinds, NULL, a, KINDS,
	                                   THRUM_MAPPED), 0);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("kinds", 1), NULL), 0);
	thrum_memo_close(m);
	for (int i = 0; i < KINDS; i++) {
		want = made(i);
		same_elements(&a[i], &want);
		thrum_array_release(&a[i]);
	}
}
END_TEST

START_TEST(another_number_or_kind_is_missing)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1);
	thrum_memo_ref ref;
	thrum_array a[KINDS];
	int64_t y = 0;

	fill_table();
	check_all(m, 0);
	ck_assert_int_eq(thrum_memo_ref_of(&ref, THRUM_FN("kinds", 1), &key),
	                 0);
	ck_assert_int_eq(thrum_memo_get_arrays(m, &ref, a, KINDS, 0), 0);
	for (int i = 0; i < KINDS; i++)
		thrum_array_release(&a[i]);
	ck_assert_int_eq(thrum_memo_get_arrays(m, &ref, a, KINDS - 1, 0),
	                 THRUM_ENOENT);
	ck_assert_int_eq(thrum_memo_get_arrays(m, &ref, a, 1, THRUM_MAPPED),
	                 THRUM_ENOENT);
	ck_assert_ptr_null(a[0].data);
	ck_assert_int_eq(thrum_memo_get(m, &ref, &y, sizeof y), THRUM_ENOENT);
	ck_assert_int_eq(thrum_memo_get_arrays(m, &ref, a, 0, 0),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_get_arrays(m, &ref, a, 1, THRUM_REFRESH),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_get_arrays(NULL, &ref, a, 1, 0),
	                 THRUM_ENOENT);
	thrum_memo_close(m);
}
END_TEST

static int bad_array(void *ctx, thrum_array *results, size_t n)
{
	(void)n;
	count_run();
	results[0] = made(0);
	results[1] = *(const thrum_array *)ctx;
	return 0;
}

START_TEST(array_that_is_none_is_an_error)
{
	const thrum_array bad[] = {
		{ .dtype = 0, .ndim = 1, .shape = { 1 } },
		{ .dtype = THRUM_F64, .ndim = -1 },
		{ .dtype = THRUM_F64, .ndim = THRUM_NDIM_MAX + 1 },
		{ .dtype = THRUM_F64, .ndim = 1, .shape = { 3 } },
		{ .dtype = THRUM_F64, .ndim = 2,
		  .shape = { SIZE_MAX, SIZE_MAX } },
	};
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(3);
	thrum_array a[2];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		thrum_array given = bad[i];
		int rc = thrum_memo_arrays(m, THRUM_FN("bad", 1), &key,
		                           bad_array, &given, a, 2, 0);
		ck_assert_int_eq(rc, i == 4 ? THRUM_EOVERFLOW : THRUM_EINVAL);
		ck_assert_ptr_null(a[0].owner);
	}
	ck_assert_int_eq(entries_there(), 0);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("bad", 1), &key,
	                                   bad_array, NULL, a, 0, 0),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("bad", 1), &key,
	                                   bad_array, NULL, a, 1025, 0),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("bad", 1), &key, NULL,
	                                   NULL, a, 1, 0), THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("bad", 1), &key,
	                                   bad_array, NULL, a, 1, 0x40),
	                 THRUM_EINVAL);
	thrum_memo_close(m);
}
END_TEST

/* Flips in the head are misses, also for a map; flips in a body are misses where
 * it is copied. */
START_TEST(damage_is_a_miss_as_far_as_it_is_looked_for)
{
	static unsigned char bytes[65536];
	char path[PATH_MAX];
	thrum_memo *m = open_memo(NULL);

	fill_table();
	check_all(m, 0);
	the_entry(path);
	size_t n = read_file(path, bytes, sizeof bytes);
	int asked = counted_runs();
	for (size_t i = 0; i < n; i += 7) {
		bytes[i] ^= 0x10;
		write_file(path, bytes, n);
		bytes[i] ^= 0x10;
		check_all(m, THRUM_NO_STORE | (i < 256 ? THRUM_MAPPED : 0));
		ck_assert_int_eq(counted_runs(), ++asked);
	}
	thrum_memo_close(m);
}
END_TEST

static int many(void *ctx, thrum_array *results, size_t n)
{
	(void)ctx;
	count_run();
	for (size_t i = 0; i < n; i++)
		results[i] = thrum_array_1d(THRUM_F64, table, i % 40);
	return 0;
}

START_TEST(a_thousand_arrays_are_one_entry)
{
	static thrum_array a[1024];
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(4);

	fill_table();
	for (int turn = 0; turn < 3; turn++) {
		ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("many", 1), &key,
		                                   many, NULL, a, 1024,
		                                   how[turn % 2]), 0);
		for (size_t i = 0; i < 1024; i++) {
			ck_assert_uint_eq(a[i].shape[0], i % 40);
			ck_assert(i % 40 == 0 || memcmp(a[i].data, table,
				i % 40 * sizeof(double)) == 0);
			thrum_array_release(&a[i]);
		}
	}
	ck_assert_int_eq(counted_runs(), 1);
	thrum_memo_close(m);
}
END_TEST

/* Two columns of one array, which the first of them owns. */
static int columns(void *ctx, thrum_array *results, size_t n)
{
	const size_t shape[2] = { 600, 2 };
	static double rows[600][2];
	thrum_array whole;

	(void)ctx;
	ck_assert_uint_eq(n, 2);
	count_run();
	for (int i = 0; i < 600; i++)
		rows[i][0] = i, rows[i][1] = -i;
	thrum_array a = thrum_array_nd(THRUM_F64, rows, 2, shape, 0);
	if (thrum_npy_dump("columns.npy", &a, NULL)
	    || thrum_npy_load("columns.npy", &whole, NULL))
		return 1;
	results[0] = whole;
	results[0].ndim = 1;
	results[1] = results[0];
	results[1].data = (double *)whole.data + 1;
	results[1].owner = NULL;
	return 0;
}

START_TEST(one_result_may_borrow_from_another)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(9);
	thrum_array a[2];
	char here[PATH_MAX];

	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_int_eq(chdir(the_dir), 0);
	for (int turn = 0; turn < 2; turn++) {
		ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("columns", 1),
		                                   &key, columns, NULL, a, 2,
		                                   0), 0);
		for (int i = 0; i < 600; i++) {
			ck_assert_double_eq(((double *)a[0].data)[i], i);
			ck_assert_double_eq(((double *)a[1].data)[i], -i);
		}
		thrum_array_release(&a[0]);
		thrum_array_release(&a[1]);
	}
	ck_assert_int_eq(counted_runs(), 1);
	ck_assert_int_eq(unlink("columns.npy"), 0);
	ck_assert_int_eq(chdir(here), 0);
	thrum_memo_close(m);
}
END_TEST

START_TEST(results_are_zero_after_any_error)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(9);
	thrum_memo_ref ref;
	thrum_array a[2], none[2];

	memset(none, 0, sizeof none);
	ck_assert_int_eq(thrum_memo_ref_of(&ref, THRUM_FN("columns", 1), &key),
	                 0);
	memset(a, 0x55, sizeof a);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("columns", 1), &key,
	                                   columns, NULL, a, 2, 0x80),
	                 THRUM_EINVAL);
	ck_assert_mem_eq(a, none, sizeof a);
	memset(a, 0x55, sizeof a);
	ck_assert_int_eq(thrum_memo_arrays(m, THRUM_FN("columns", 1), &key,
	                                   NULL, NULL, a, 2, 0), THRUM_EINVAL);
	ck_assert_mem_eq(a, none, sizeof a);
	memset(a, 0x55, sizeof a);
	ck_assert_int_eq(thrum_memo_get_arrays(m, &ref, a, 2, 0x80),
	                 THRUM_EINVAL);
	ck_assert_mem_eq(a, none, sizeof a);
	thrum_memo_close(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memo_arrays");
	TCase *t = new_case(s, "there and back");
	tcase_add_loop_test(t, arrays_come_back, 0, 4);
	tcase_add_test(t, compressed_arrays_come_back);
	tcase_add_test(t, compressed_values_come_back);
	tcase_add_test(t, a_thousand_arrays_are_one_entry);
	t = new_case(s, "ownership");
	tcase_add_test(t, what_is_owned_is_handed_on_or_released);
	tcase_add_test(t, map_outlives_entry_and_memo);
	tcase_add_test(t, one_result_may_borrow_from_another);
	tcase_add_test(t, results_are_zero_after_any_error);
	t = new_case(s, "missing");
	tcase_add_test(t, another_number_or_kind_is_missing);
	tcase_add_test(t, array_that_is_none_is_an_error);
	tcase_add_test(t, damage_is_a_miss_as_far_as_it_is_looked_for);
	return run_laws(s);
}
