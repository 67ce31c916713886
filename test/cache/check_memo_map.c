/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_memo_map.c - a map over the memo is a map that runs what is missing
 */
#include "config.h"

#include "memos.h"

#include <thrum.h>

enum { N = 300 };

struct sweep {
	int fail_at; /* an index, or -1 */
	int code;
};

static void index_key(void *ctx, size_t i, thrum_key *key)
{
	(void)ctx;
	thrum_key_i64(key, "i", (int64_t)i);
}

static int cube(void *ctx, size_t i, void *result, thrum_task *task)
{
	const struct sweep *s = ctx;

	(void)task;
	count_run();
	if ((int)i == s->fail_at)
		return s->code;
	*(double *)result = (double)i * (double)i * (double)i;
	return 0;
}

static int map(thrum_memo *m, struct sweep *s, double *y,
               const thrum_opts *opts)
{
	return thrum_memo_map(m, THRUM_FN("cube", 1), index_key, NULL, N, cube,
	                      s, y, sizeof *y, opts);
}

static void check_cubes(const double *y)
{
	for (int i = 0; i < N; i++)
		ck_assert(y[i] == (double)i * i * i);
}

START_TEST(only_what_is_missing_is_run)
{
	struct sweep s = { -1, 0 };
	thrum_memo *m = open_memo(NULL);
	double y[N];
	thrum_report r;

	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("cube", 1), index_key, NULL,
	                                100, cube, &s, y, sizeof *y, NULL), 0);
	ck_assert_int_eq(counted_runs(), 100);
	for (int n_jobs = 1; n_jobs <= 3; n_jobs++) {
		memset(y, 0, sizeof y);
		ck_assert_int_eq(map(m, &s, y, THRUM_OPTS(.n_jobs = n_jobs,
		                                          .report = &r)), 0);
		check_cubes(y);
		ck_assert_uint_eq(r.done, N);
		ck_assert_int_eq(counted_runs(), N);
	}
	thrum_memo_close(m);
}
END_TEST

START_TEST(interrupted_sweep_goes_on_where_it_was)
{
	struct sweep s = { 150, 42 };
	thrum_memo *m = open_memo(NULL);
	double y[N];
	thrum_report r;

	ck_assert_int_eq(map(m, &s, y, THRUM_OPTS(.report = &r)), 42);
	ck_assert_uint_eq(r.error_index, 150);
	ck_assert_int_eq(r.error_code, 42);
	ck_assert_uint_eq(r.done + r.failed + r.skipped, N);
	ck_assert_int_eq(entries_there(), (int)r.done);
	int before = counted_runs();
	s.fail_at = -1;
	ck_assert_int_eq(map(m, &s, y, NULL), 0);
	check_cubes(y);
	ck_assert_int_eq(counted_runs() - before, N - (int)r.done);
	thrum_memo_close(m);
}
END_TEST

START_TEST(status_tells_of_each_index)
{
	struct sweep s = { 7, -9 };
	thrum_memo *m = open_memo(NULL);
	int status[N];
	double y[N];
	thrum_report r;

	for (int turn = 0; turn < 2; turn++) {
		ck_assert_int_eq(map(m, &s, y, THRUM_OPTS(.status = status,
			.report = &r, .flags = THRUM_KEEP_GOING)), -9);
		for (int i = 0; i < N; i++)
			ck_assert_int_eq(status[i], i == 7 ? -9 : 0);
		ck_assert_uint_eq(r.done, N - 1);
		ck_assert_uint_eq(r.failed, 1);
	}
	ck_assert_int_eq(counted_runs(), N + 1);
	thrum_memo_close(m);
}
END_TEST

static void short_key(void *ctx, size_t i, thrum_key *key)
{
	(void)ctx;
	thrum_key_i64(key, "i", (int64_t)(i % 5));
}

static int fifth(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)task;
	count_run();
	*(int *)result = (int)(i % 5);
	return 0;
}

START_TEST(indices_with_one_key_are_run_once)
{
	thrum_memo *m = open_memo(NULL);
	int y[N];

	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("fifth", 1), short_key,
	                                NULL, N, fifth, NULL, y, sizeof *y,
	                                THRUM_OPTS(.n_jobs = 4, .grain = 1)),
	                 0);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(y[i], i % 5);
	ck_assert_int_eq(counted_runs(), 5);
	thrum_memo_close(m);
}
END_TEST

static int no_result(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i, (void)task;
	ck_assert_ptr_null(result);
	count_run();
	return 0;
}

START_TEST(without_results_it_is_kept_that_it_was_run)
{
	thrum_memo *m = open_memo(NULL);

	for (int turn = 0; turn < 2; turn++)
		ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("none", 1),
		                                index_key, NULL, N, no_result,
		                                NULL, NULL, 0, NULL), 0);
	ck_assert_int_eq(counted_runs(), N);
	thrum_memo_close(m);
}
END_TEST

/* A memoized call of a body, which makes memoized calls in bodies of its own. */
struct nested {
	thrum_memo *memo;
	size_t i;
};

static int inner(void *ctx, size_t j, void *result, thrum_task *task)
{
	const struct nested *n = ctx;

	(void)task;
	count_run();
	*(double *)result = (double)(n->i + j);
	return 0;
}

static void inner_key(void *ctx, size_t j, thrum_key *key)
{
	const struct nested *n = ctx;
	thrum_key_i64(key, "sum", (int64_t)(n->i + j));
}

static int outer(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct nested n = { ctx, i };
	double y[20], sum = 0;

	(void)task;
	int rc = thrum_memo_map(n.memo, THRUM_FN("inner", 1), inner_key, NULL,
	                        20, inner, &n, y, sizeof *y, NULL);
	for (int j = 0; j < 20; j++)
		sum += y[j];
	*(double *)result = sum;
	return rc;
}

START_TEST(maps_nest)
{
	thrum_memo *m = open_memo(NULL);
	double y[20];

	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("outer", 1), index_key,
	                                NULL, 20, outer, m, y, sizeof *y,
	                                THRUM_OPTS(.n_jobs = 4, .grain = 1)),
	                 0);
	for (int i = 0; i < 20; i++)
		ck_assert(y[i] == 20 * i + 190);
	ck_assert_int_eq(counted_runs(), 39); /* sums 0 .. 38, each once */
	thrum_memo_close(m);
}
END_TEST

static void bad_key(void *ctx, size_t i, thrum_key *key)
{
	(void)ctx;
	thrum_key_i64(key, i == 3 ? "" : "i", (int64_t)i);
}

START_TEST(bad_arguments_and_keys_are_errors)
{
	struct sweep s = { -1, 0 };
	thrum_memo *m = open_memo(NULL);
	double y[N];
	thrum_report r;
	const thrum_opts *opts = THRUM_OPTS(.n_jobs = 1, .report = &r);

	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("", 1), index_key, NULL, N,
	                                cube, &s, y, sizeof *y, opts),
	                 THRUM_EINVAL);
	ck_assert_uint_eq(r.skipped, N);
	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("f", 1), NULL, NULL, N,
	                                cube, &s, y, sizeof *y, opts),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("f", 1), index_key, NULL, N,
	                                NULL, &s, y, sizeof *y, opts),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("f", 1), index_key, NULL, N,
	                                cube, &s, NULL, sizeof *y, opts),
	                 THRUM_EINVAL);
	ck_assert_int_eq(counted_runs(), 0);
	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("f", 1), bad_key, NULL, N,
	                                cube, &s, y, sizeof *y, opts),
	                 THRUM_EINVAL);
	ck_assert_uint_eq(r.error_index, 3);
	ck_assert_uint_eq(r.done, 3);
	thrum_memo_close(m);
}
END_TEST

START_TEST(without_a_memo_it_is_a_map)
{
	struct sweep s = { -1, 0 };
	double y[N];

	ck_assert_int_eq(map(NULL, &s, y, NULL), 0);
	check_cubes(y);
	ck_assert_int_eq(map(NULL, &s, y, NULL), 0);
	ck_assert_int_eq(counted_runs(), 2 * N);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memo_map");
	TCase *t = new_case(s, "sweeps");
	tcase_add_test(t, only_what_is_missing_is_run);
	tcase_add_test(t, interrupted_sweep_goes_on_where_it_was);
	tcase_add_test(t, status_tells_of_each_index);
	tcase_add_test(t, indices_with_one_key_are_run_once);
	tcase_add_test(t, without_results_it_is_kept_that_it_was_run);
	tcase_add_test(t, maps_nest);
	t = new_case(s, "arguments");
	tcase_add_test(t, bad_arguments_and_keys_are_errors);
	tcase_add_test(t, without_a_memo_it_is_a_map);
	return run_laws(s);
}
