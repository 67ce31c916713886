/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_memo.c - a call gives what its function gives, and runs it once
 *
 * The laws of calls by one thread: what is found and what is missing, versions,
 * keys, flags, ages, validity, refs and figures.
 */
#include "config.h"

#include "memos.h"

#include <stdint.h>

/* Calls */

START_TEST(what_was_computed_is_found)
{
	thrum_memo *m = open_memo(NULL);

	for (int turn = 0; turn < 3; turn++)
		for (int64_t x = 0; x < 20; x++)
			ask(m, x);
	ck_assert_int_eq(counted_runs(), 20);
	thrum_memo_close(m);
	m = open_memo(NULL);
	for (int64_t x = 0; x < 20; x++)
		ask(m, x);
	ck_assert_int_eq(counted_runs(), 20);
	thrum_memo_close(m);
}
END_TEST

START_TEST(each_version_has_its_own)
{
	thrum_memo *m = open_memo(NULL);

	for (unsigned turn = 0; turn < 6; turn++)
		(void)ask_flags(m, 7, 1 + turn % 3, 0);
	ck_assert_int_eq(counted_runs(), 3);
	thrum_memo_close(m);
}
END_TEST

static int own_name(void *ctx, void *result)
{
	count_run();
	*(size_t *)result = strlen(ctx);
	return 0;
}

START_TEST(any_name_is_a_name)
{
	static char longest[1024];
	const char *name[] = { "..", ".", "../../etc/passwd", "a/b", "a\nb",
		               " ", "\xff\xfe", "%s%n", longest };
	enum { NAMES = sizeof name / sizeof name[0] };
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1);

	memset(longest, 'x', sizeof longest - 1);
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < NAMES; i++) {
			size_t n = 0;
			ck_assert_int_eq(thrum_memo_call(m,
				THRUM_FN(name[i], 1), &key, own_name,
				(void *)(uintptr_t)name[i], &n, sizeof n, 0),
				0);
			ck_assert_uint_eq(n, strlen(name[i]));
		}
	ck_assert_int_eq(counted_runs(), NAMES);
	ck_assert_int_eq(entries_there(), NAMES);
	thrum_memo_close(m);
}
END_TEST

START_TEST(result_of_another_size_is_missing)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(5);
	int64_t x = 5, y[2] = { 0 };

	ask(m, 5);
	ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("triple", 1), &key, triple,
	                                 &x, y, sizeof y, 0), 0);
	ck_assert_int_eq(counted_runs(), 2);
	ck_assert_int_eq(y[0], 16);
	thrum_memo_close(m);
}
END_TEST

static int fills(void *ctx, void *result)
{
	count_run();
	memset(result, *(const unsigned char *)ctx, 1000000);
	return 0;
}

START_TEST(large_value_comes_back)
{
	thrum_memo *m = open_memo(NULL);
	unsigned char *out = malloc(1000000), c = 0x5a;
	thrum_key key = key_of(1);

	for (int turn = 0; turn < 2; turn++) {
		memset(out, 0, 1000000);
		ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("fills", 1), &key,
		                                 fills, &c, out, 1000000, 0),
		                 0);
		for (size_t i = 0; i < 1000000; i++)
			if (out[i] != 0x5a)
				ck_abort_msg("byte %zu", i);
	}
	ck_assert_int_eq(counted_runs(), 1);
	free(out);
	thrum_memo_close(m);
}
END_TEST

static int runs_only(void *ctx, void *result)
{
	(void)ctx;
	ck_assert_ptr_null(result);
	count_run();
	return 0;
}

START_TEST(that_it_was_run_is_kept_without_a_result)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1);

	for (int turn = 0; turn < 3; turn++)
		ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("runs", 1), &key,
		                                 runs_only, NULL, NULL, 0, 0),
		                 0);
	ck_assert_int_eq(counted_runs(), 1);
	thrum_memo_close(m);
}
END_TEST

static int fails(void *ctx, void *result)
{
	(void)result;
	count_run();
	return *(const int *)ctx;
}

START_TEST(failure_is_returned_and_not_kept)
{
	static const int code[] = { 1, 42, -5, THRUM_ECANCELED, INT32_MIN };
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1);
	int result;

	for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) {
		int c = code[i];
		ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("fails", 1), &key,
		                                 fails, &c, &result,
		                                 sizeof result, 0), code[i]);
		ck_assert_int_eq(counted_runs(), (int)i + 1);
		ck_assert_int_eq(entries_there(), 0);
	}
	thrum_memo_close(m);
}
END_TEST

/* x! by the memo itself. */
struct factorial {
	thrum_memo *memo;
	int64_t n;
};

static int factorial(void *ctx, void *result)
{
	const struct factorial *f = ctx;
	struct factorial less = { f->memo, f->n - 1 };
	thrum_key key = key_of(less.n);
	int64_t rest = 1;

	count_run();
	int rc = f->n == 0 ? 0
	         : thrum_memo_call(f->memo, THRUM_FN("factorial", 1), &key,
	                           factorial, &less, &rest, sizeof rest, 0);
	*(int64_t *)result = (f->n ? f->n : 1) * rest;
	return rc;
}

START_TEST(function_may_ask_the_memo)
{
	thrum_memo *m = open_memo(NULL);
	struct factorial f = { m, 12 };
	thrum_key key = key_of(12);
	int64_t y = 0;

	for (int turn = 0; turn < 2; turn++)
		ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("factorial", 1),
		                                 &key, factorial, &f, &y,
		                                 sizeof y, 0), 0);
	ck_assert_int_eq(y, 479001600);
	ck_assert_int_eq(counted_runs(), 13);
	thrum_memo_close(m);
}
END_TEST

/* Asks for itself, twice. */
static int again(void *ctx, void *result)
{
	thrum_memo *m = ctx;
	thrum_key key = key_of(1);

	count_run();
	*(int *)result = 7;
	return counted_runs() > 2 ? 0
	       : thrum_memo_call(m, THRUM_FN("again", 1), &key, again, m,
	                         result, sizeof(int), 0);
}

START_TEST(function_that_asks_for_itself_is_run)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(1);
	int y = 0;

	ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("again", 1), &key, again,
	                                 m, &y, sizeof y, 0), 0);
	ck_assert_int_eq(y, 7);
	ck_assert_int_eq(counted_runs(), 3);
	thrum_memo_close(m);
}
END_TEST

/* Flags */

START_TEST(refresh_runs_and_stores)
{
	thrum_memo *m = open_memo(NULL);

	ask(m, 1);
	(void)ask_flags(m, 1, 1, THRUM_REFRESH);
	ck_assert_int_eq(counted_runs(), 2);
	(void)ask_flags(m, 2, 1, THRUM_REFRESH);
	ask(m, 1);
	ask(m, 2);
	ck_assert_int_eq(counted_runs(), 3);
	ck_assert_uint_eq(stats_of(m).entries, 2);
	thrum_memo_close(m);
}
END_TEST

START_TEST(no_store_looks_up_and_does_not_keep)
{
	thrum_memo *m = open_memo(NULL);

	(void)ask_flags(m, 1, 1, THRUM_NO_STORE);
	ck_assert(!has(m, 1));
	(void)ask_flags(m, 1, 1, THRUM_REFRESH | THRUM_NO_STORE);
	ck_assert(!has(m, 1));
	ask(m, 1);
	(void)ask_flags(m, 1, 1, THRUM_NO_STORE);
	ck_assert_int_eq(counted_runs(), 3);
	thrum_memo_close(m);
}
END_TEST

/* Without a store */

START_TEST(without_a_directory_each_call_runs)
{
	thrum_memo *m;
	thrum_memo_ref ref;
	thrum_key key = key_of(3);
	int64_t y;

	unsetenv("THRUM_CACHE_DIR");
	ck_assert_int_eq(thrum_memo_open(&m, NULL, NULL), 0);
	ask(m, 3);
	ask(m, 3);
	ask(NULL, 3);
	ck_assert_int_eq(counted_runs(), 3);
	ck_assert(!has(m, 3));
	ck_assert(!has(NULL, 3));
	ck_assert_int_eq(thrum_memo_ref_of(&ref, THRUM_FN("triple", 1), &key),
	                 0);
	ck_assert_int_eq(thrum_memo_get(m, &ref, &y, 8), THRUM_ENOENT);
	ck_assert_int_eq(thrum_memo_get(NULL, &ref, &y, 8), THRUM_ENOENT);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("triple", 1), NULL), 0);
	ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
	ck_assert_uint_eq(stats_of(m).misses, 3);
	ck_assert_uint_eq(stats_of(NULL).misses, 0);
	thrum_memo_close(m);
	thrum_memo_close(NULL);
}
END_TEST

START_TEST(the_variable_names_the_directory)
{
	thrum_memo *m;

	setenv("THRUM_CACHE_DIR", the_dir, 1);
	ck_assert_int_eq(thrum_memo_open(&m, NULL, NULL), 0);
	ask(m, 3);
	thrum_memo_close(m);
	ck_assert_int_eq(entries_there(), 1);
}
END_TEST

/* Forgetting */

START_TEST(one_a_function_or_all_can_be_forgotten)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(3);

	for (unsigned version = 1; version <= 2; version++)
		for (int64_t x = 0; x < 10; x++)
			(void)ask_flags(m, x, version, 0);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("triple", 1), &key), 0);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("triple", 1), &key), 0);
	ck_assert(!has(m, 3));
	ck_assert_int_eq(entries_there(), 19);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("triple", 1), NULL), 0);
	ck_assert_int_eq(entries_there(), 10);
	ck_assert_uint_eq(stats_of(m).entries, 10);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("other", 1), NULL), 0);
	ck_assert_int_eq(entries_there(), 10);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN(NULL, 0), NULL), 0);
	ck_assert_int_eq(entries_there(), 0);
	ck_assert_uint_eq(stats_of(m).bytes, 0);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN(NULL, 0), &key),
	                 THRUM_EINVAL);
	thrum_memo_close(m);
}
END_TEST

/* Age and validity */

START_TEST(older_than_the_limit_is_missing)
{
	thrum_memo *m = open_memo(NULL);

	ask(m, 1);
	thrum_memo_close(m);
	sleep_ms(30);
	m = open_memo(THRUM_MEMO_OPTS(.max_age_s = 0.02));
	ck_assert(!has(m, 1));
	ask(m, 1);
	ck_assert_int_eq(counted_runs(), 2);
	thrum_memo_close(m);
	m = open_memo(THRUM_MEMO_OPTS(.max_age_s = 1000));
	ask(m, 1);
	ck_assert_int_eq(counted_runs(), 2);
	thrum_memo_close(m);
}
END_TEST

struct seen {
	int times, answer;
	char fn[64], key[64], host[256];
	unsigned version;
	double age_s, duration_s;
	uint64_t bytes;
};

static int look(void *ctx, const thrum_memo_entry *e)
{
	struct seen *s = ctx;

	s->times++;
	snprintf(s->fn, sizeof s->fn, "%s", e->fn.name);
	snprintf(s->key, sizeof s->key, "%s", e->key_text);
	snprintf(s->host, sizeof s->host, "%s", e->host);
	s->version = e->fn.version;
	s->age_s = e->age_s;
	s->duration_s = e->duration_s;
	s->bytes = e->bytes;
	return s->answer;
}

static int slowly(void *ctx, void *result)
{
	sleep_ms(20);
	return triple(ctx, result);
}

START_TEST(callback_sees_the_entry_and_decides)
{
	struct seen s = { .answer = 1 };
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.valid = look,
	                                          .valid_ctx = &s));
	thrum_key key = THRUM_KEY_INIT;
	int64_t x = 4, y = 0;
	char host[256] = "", path[PATH_MAX];
	struct stat st;

	thrum_key_i64(&key, "n", 4);
	thrum_key_f64(&key, "x", 1.5);
	for (int turn = 0; turn < 3; turn++) {
		s.answer = turn < 2;
		ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("slowly", 3),
		                                 &key, slowly, &x, &y,
		                                 sizeof y, 0), 0);
		ck_assert_int_eq(y, 13);
	}
	ck_assert_int_eq(counted_runs(), 2);
	ck_assert_int_ge(s.times, 2);
	gethostname(host, sizeof host - 1);
	the_entry(path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_str_eq(s.fn, "slowly");
	ck_assert_uint_eq(s.version, 3);
	ck_assert_str_eq(s.key, "n=4 x=1.5");
	ck_assert_str_eq(s.host, host);
	ck_assert(s.duration_s >= 0.02 && s.duration_s < 100);
	ck_assert(s.age_s >= 0 && s.age_s < 1000);
	ck_assert_uint_eq(s.bytes, (uint64_t)st.st_size);
	thrum_memo_close(m);
}
END_TEST

/* Refs */

START_TEST(ref_gets_the_value_and_nothing_else)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(9);
	thrum_memo_ref ref, other;
	int64_t y = -1;

	ck_assert_int_eq(thrum_memo_ref_of(&ref, THRUM_FN("triple", 1), &key),
	                 0);
	ck_assert_int_eq(thrum_memo_ref_of(&other, THRUM_FN("triple", 2), &key),
	                 0);
	ck_assert(ref.function.low != other.function.low
	          || ref.function.high != other.function.high);
	ck_assert_int_eq(thrum_memo_get(m, &ref, &y, sizeof y), THRUM_ENOENT);
	ck_assert_int_eq(y, -1);
	ask(m, 9);
	ck_assert_int_eq(thrum_memo_get(m, &ref, &y, sizeof y), 0);
	ck_assert_int_eq(y, 28);
	ck_assert_int_eq(thrum_memo_get(m, &other, &y, sizeof y),
	                 THRUM_ENOENT);
	ck_assert_int_eq(thrum_memo_get(m, &ref, &y, 4), THRUM_ENOENT);
	ck_assert_int_eq(thrum_memo_forget(m, THRUM_FN("triple", 1), &key), 0);
	ck_assert_int_eq(thrum_memo_get(m, &ref, &y, sizeof y), THRUM_ENOENT);
	thrum_memo_close(m);
}
END_TEST

/* Figures */

START_TEST(figures_add_up)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(100);
	int64_t x = 100, y;

	for (int64_t i = 0; i < 5; i++)
		ask(m, i);
	for (int64_t i = 0; i < 7; i++)
		ask(m, i);
	for (int turn = 0; turn < 2; turn++)
		ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("slowly", 1),
		                                 &key, slowly, &x, &y,
		                                 sizeof y, 0), 0);
	thrum_memo_stats s = stats_of(m);
	ck_assert_uint_eq(s.misses, 8);
	ck_assert_uint_eq(s.hits, 6);
	ck_assert_uint_eq(s.stores, 8);
	ck_assert_uint_eq(s.failures, 0);
	ck_assert_uint_eq(s.evicted, 0);
	ck_assert_uint_eq(s.entries, 8);
	ck_assert_uint_gt(s.bytes, 8 * 136);
	ck_assert(s.saved_s >= 0.02);

	struct { thrum_memo_stats s; uint64_t more; } newer;
	memset(&newer, 0xff, sizeof newer);
	ck_assert_int_eq(thrum_memo_get_stats(m, &newer.s, sizeof newer), 0);
	ck_assert_uint_eq(newer.more, 0);
	ck_assert_uint_eq(newer.s.hits, 6);
	ck_assert_int_eq(thrum_memo_get_stats(m, NULL, 8), THRUM_EINVAL);
	ck_assert_int_eq(thrum_memo_get_stats(m, &s, 0), THRUM_EINVAL);
	thrum_memo_close(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memo");
	TCase *t = new_case(s, "calls");
	tcase_add_test(t, what_was_computed_is_found);
	tcase_add_test(t, each_version_has_its_own);
	tcase_add_test(t, any_name_is_a_name);
	tcase_add_test(t, result_of_another_size_is_missing);
	tcase_add_test(t, large_value_comes_back);
	tcase_add_test(t, that_it_was_run_is_kept_without_a_result);
	tcase_add_test(t, failure_is_returned_and_not_kept);
	tcase_add_test(t, function_may_ask_the_memo);
	tcase_add_test(t, function_that_asks_for_itself_is_run);
	t = new_case(s, "flags");
	tcase_add_test(t, refresh_runs_and_stores);
	tcase_add_test(t, no_store_looks_up_and_does_not_keep);
	t = new_case(s, "without a store");
	tcase_add_test(t, without_a_directory_each_call_runs);
	tcase_add_test(t, the_variable_names_the_directory);
	t = new_case(s, "forgetting");
	tcase_add_test(t, one_a_function_or_all_can_be_forgotten);
	t = new_case(s, "age and validity");
	tcase_add_test(t, older_than_the_limit_is_missing);
	tcase_add_test(t, callback_sees_the_entry_and_decides);
	t = new_case(s, "refs");
	tcase_add_test(t, ref_gets_the_value_and_nothing_else);
	t = new_case(s, "figures");
	tcase_add_test(t, figures_add_up);
	return run_laws(s);
}
