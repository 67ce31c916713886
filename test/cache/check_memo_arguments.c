/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_memo_arguments.c - what a memo is told wrongly is an error, and no run
 */
#include "config.h"

#include "memos.h"

#include <math.h>

START_TEST(bad_options_are_refused)
{
	const thrum_memo_opts bad[] = {
		{ .size = 0 },
		{ .size = 8 },
		*THRUM_MEMO_OPTS(.max_age_s = -1),
		*THRUM_MEMO_OPTS(.max_age_s = NAN),
		*THRUM_MEMO_OPTS(.wait_s = -0.5),
		*THRUM_MEMO_OPTS(.wait_s = NAN),
		*THRUM_MEMO_OPTS(.durable = 2),
		*THRUM_MEMO_OPTS(.trusted = -1),
		*THRUM_MEMO_OPTS(.compress = 77),
	};
	struct { thrum_memo_opts o; long more; } newer = { *THRUM_MEMO_OPTS(), 0 };
	thrum_memo *m = (thrum_memo *)&newer;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(thrum_memo_open(&m, the_dir, &bad[i]),
		                 THRUM_EINVAL);
		ck_assert_ptr_null(m);
	}
	newer.o.size = sizeof newer;
	newer.o.wait_s = 1e300; /* for ever */
	newer.o.max_age_s = 1e300;
	ck_assert_int_eq(thrum_memo_open(&m, the_dir, &newer.o), 0);
	ck_assert_int_eq(thrum_memo_evict(m, &bad[3]), THRUM_EINVAL);
	thrum_memo_close(m);
	newer.more = 1;
	ck_assert_int_eq(thrum_memo_open(&m, the_dir, &newer.o), THRUM_E2BIG);
	ck_assert_int_eq(thrum_memo_open(NULL, the_dir, NULL), THRUM_EINVAL);
}
END_TEST

static int no_arrays(void *ctx, thrum_array *results, size_t n)
{
	(void)ctx, (void)results, (void)n;
	count_run();
	return 0;
}

START_TEST(bad_arguments_are_refused_and_nothing_is_run)
{
	static char too_long[1025];
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1), broken = { .error = THRUM_E2BIG };
	thrum_fn fn = THRUM_FN("triple", 1);
	thrum_memo_ref ref;
	thrum_array a;
	int64_t x = 1, y;

	memset(too_long, 'x', sizeof too_long - 1);
	for (int turn = 0; turn < 2; turn++) {
		thrum_memo *o = turn ? NULL : m;
		const char *const name[] = { NULL, "", too_long };
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(thrum_memo_call(o,
				THRUM_FN(name[i], 1), &key, triple, &x, &y,
				sizeof y, 0), THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_call(o, fn, NULL, triple, &x, &y,
			sizeof y, 0), THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_call(o, fn, &key, NULL, &x, &y,
			sizeof y, 0), THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_call(o, fn, &key, triple, &x, NULL,
			sizeof y, 0), THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_call(o, fn, &key, triple, &x, &y,
			0, 0), THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_call(o, fn, &key, triple, &x, &y,
			sizeof y, THRUM_MAPPED), THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_call(o, fn, &key, triple, &x, &y,
			sizeof y, 0x80), THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_call(o, fn, &broken, triple, &x,
			&y, sizeof y, 0), THRUM_E2BIG);
		ck_assert_int_eq(thrum_memo_get(o, NULL, &y, sizeof y),
		                 THRUM_EINVAL);
		ck_assert_int_eq(thrum_memo_arrays(o, fn, &broken, no_arrays,
			NULL, &a, 1, 0), THRUM_E2BIG);
	}
	ck_assert_int_eq(thrum_memo_forget(m, fn, &broken), THRUM_E2BIG);
	thrum_memo_close(m);
	ck_assert_int_eq(thrum_memo_ref_of(&ref, fn, &broken), THRUM_E2BIG);
	ck_assert_int_eq(thrum_memo_ref_of(NULL, fn, &key), THRUM_EINVAL);
	ck_assert_int_eq(counted_runs(), 0);
}
END_TEST

START_TEST(errno_is_left_alone)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1);

	errno = 77;
	ask(m, 1);
	ask(m, 1);
	(void)has(m, 2);
	(void)stats_of(m);
	ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("triple", 1), &key), 0);
	thrum_memo_close(m);
	ck_assert_int_eq(thrum_memo_open(&m, "/proc/no/such", NULL),
	                 THRUM_EIO);
	ck_assert_int_eq(errno, 77);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memo_arguments");
	TCase *t = new_case(s, "arguments");
	tcase_add_test(t, bad_options_are_refused);
	tcase_add_test(t, bad_arguments_are_refused_and_nothing_is_run);
	tcase_add_test(t, errno_is_left_alone);
	return run_laws(s);
}
