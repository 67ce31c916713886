/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_env.c - the THRUM_ variables, and the words and lists in them
 *
 * Each row sets one variable and says what must be read. What is not valid
 * must be told and must leave no trace.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/cpus.h>
#include <thrum/pool.h>
#include <thrum/progress.h>

#include "cpulist.h"
#include "decimal.h"
#include "env.h"

static const char *const names[] = {
	"THRUM_N_JOBS",   "THRUM_MAX_JOBS", "THRUM_BIND",
	"THRUM_CPUS",     "THRUM_VERBOSE",  "THRUM_PROGRESS",
	"THRUM_SPIN_US",  "THRUM_STACKSIZE", "THRUM_STATS",
	"OMP_NUM_THREADS",
};

static void clear(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_int_eq(unsetenv(names[i]), 0);
	thrum__env_forget();
}

static const struct env *with(const char *name, const char *text)
{
	clear();
	ck_assert_int_eq(setenv(name, text, 1), 0);
	return thrum__env();
}

#define INVALID (-12345)

/* What a variable gives as one number; INVALID if it was refused. */
static long long number_of(enum env_name which, const char *text)
{
	clear();
	const struct env *env = with(names[which], text);
	ck_assert_str_eq(env->value[which].name, names[which]);
	if (!env->value[which].valid) {
		ck_assert(env->value[which].set);
		ck_assert_str_ne(env->value[which].want, "");
		ck_assert_int_eq(env->invalid, which != ENV_OMP_NUM_THREADS);
	} else {
		ck_assert(!env->invalid);
	}
	long long unset[] = { 0, 0, 0, 0, 0, 0, -1, 0, 0, 0 };
	long long number[] = {
		env->n_jobs.n_jobs, env->max_jobs, env->bind,
		env->cpus.count,    env->verbose,  env->progress,
		env->spin_us,       (long long)env->stack_bytes,
		env->stats,         env->omp_n_jobs,
	};
	for (int i = 0; i < ENV_COUNT; i++)
		if (i != (int)which || !env->value[i].valid)
			ck_assert_int_eq(number[i], unset[i]);
	return env->value[which].valid ? number[which] : INVALID;
}

static const struct {
	enum env_name which;
	const char *text;
	long long number;
} rows[] = {
	{ ENV_N_JOBS, "4", 4 },
	{ ENV_N_JOBS, " -2\n", -2 },
	{ ENV_N_JOBS, "all", -1 },
	{ ENV_N_JOBS, "io", THRUM_JOBS_IO },
	{ ENV_N_JOBS, "0", INVALID },
	{ ENV_N_JOBS, "two", INVALID },
	{ ENV_MAX_JOBS, "8", 8 },
	{ ENV_MAX_JOBS, "0", INVALID },
	{ ENV_MAX_JOBS, "-1", INVALID },
	{ ENV_MAX_JOBS, "99999999999", INVALID },
	{ ENV_BIND, "cores", THRUM_BIND_CORES },
	{ ENV_BIND, "none", THRUM_BIND_NONE },
	{ ENV_BIND, " caller ", THRUM_BIND_CALLER },
	{ ENV_BIND, "core", INVALID },
	{ ENV_BIND, "coresx", INVALID },
	{ ENV_CPUS, "0-7,16", 9 },
	{ ENV_CPUS, "3,1,3", 2 },
	{ ENV_CPUS, "7-0", INVALID },
	{ ENV_CPUS, "0,", INVALID },
	{ ENV_VERBOSE, "5", 5 },
	{ ENV_VERBOSE, "-1", -1 },
	{ ENV_VERBOSE, "-2147483647", -INT_MAX },
	{ ENV_VERBOSE, "loud", INVALID },
	{ ENV_VERBOSE, "1.5", INVALID },
	{ ENV_PROGRESS, "auto", THRUM_PROGRESS_AUTO },
	{ ENV_PROGRESS, "lines", THRUM_PROGRESS_LINES },
	{ ENV_PROGRESS, "bar", THRUM_PROGRESS_BAR },
	{ ENV_PROGRESS, "json", THRUM_PROGRESS_JSON },
	{ ENV_PROGRESS, "off", THRUM_PROGRESS_OFF },
	{ ENV_PROGRESS, "on", INVALID },
	{ ENV_SPIN_US, "0", 0 },
	{ ENV_SPIN_US, "50", 50 },
	{ ENV_SPIN_US, "-1", INVALID },
	{ ENV_SPIN_US, "50us", INVALID },
	{ ENV_STACKSIZE, "65536", 65536 },
	{ ENV_STACKSIZE, "512K", 524288 },
	{ ENV_STACKSIZE, "16M ", 16777216 },
	{ ENV_STACKSIZE, "1g", 1073741824 },
	{ ENV_STACKSIZE, "0", INVALID },
	{ ENV_STACKSIZE, "M", INVALID },
	{ ENV_STACKSIZE, "1MB", INVALID },
	{ ENV_STACKSIZE, "1.5M", INVALID },
	{ ENV_STACKSIZE, "18446744073709551615G", INVALID },
	{ ENV_STATS, "0", 0 },
	{ ENV_STATS, " 1 ", 1 },
	{ ENV_STATS, "2", INVALID },
	{ ENV_STATS, "01", INVALID },
	{ ENV_STATS, "on", INVALID },
	{ ENV_OMP_NUM_THREADS, "6", 6 },
	{ ENV_OMP_NUM_THREADS, " 6 , 2,1", 6 },
	{ ENV_OMP_NUM_THREADS, "0", INVALID },
	{ ENV_OMP_NUM_THREADS, "auto", INVALID },
};

START_TEST(value_is_read_or_told)
{
	long long number = number_of(rows[_i].which, rows[_i].text);
	ck_assert_msg(number == rows[_i].number, "%s=%s gives %lld",
	              names[rows[_i].which], rows[_i].text, number);
}
END_TEST

START_TEST(blank_is_not_set)
{
	for (int i = 0; i < ENV_COUNT; i++) {
		const struct env *env = with(names[i], " \t");
		ck_assert(!env->value[i].set);
		ck_assert(env->value[i].valid);
		ck_assert(!env->invalid);
	}
}
END_TEST

START_TEST(verbose_0_is_said)
{
	ck_assert(with("THRUM_VERBOSE", "0")->verbose_set);
	ck_assert(!with("THRUM_BIND", "none")->verbose_set);
}
END_TEST

START_TEST(read_once)
{
	const struct env *env = with("THRUM_N_JOBS", "3");
	ck_assert_int_eq(setenv("THRUM_N_JOBS", "5", 1), 0);
	ck_assert_ptr_eq(thrum__env(), env);
	ck_assert_int_eq(thrum__env()->n_jobs.n_jobs, 3);
	thrum__env_forget();
	ck_assert_int_eq(thrum__env()->n_jobs.n_jobs, 5);
}
END_TEST

START_TEST(text_is_fit_to_print)
{
	char text[200];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[1] = '\033';
	const struct env_value *value =
		&with("THRUM_BIND", text)->value[ENV_BIND];
	ck_assert(!value->valid);
	ck_assert_uint_eq(strlen(value->text), sizeof(value->text) - 1);
	ck_assert_int_eq(value->text[1], '?');
}
END_TEST

START_TEST(errno_is_left_alone)
{
	clear();
	ck_assert_int_eq(setenv("THRUM_CPUS", "x", 1), 0);
	errno = ENOTTY;
	ck_assert(thrum__env()->invalid);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(locale_does_not_matter)
{
	/* where there is no such locale this tests what the others do */
	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	const struct env *env = with("THRUM_N_JOBS", "1.5x");
	ck_assert(env->value[ENV_N_JOBS].valid);
	ck_assert_uint_eq(env->n_jobs.num * 2, env->n_jobs.den * 3);
	ck_assert(with("THRUM_N_JOBS", "1,5x")->invalid);
}
END_TEST

START_TEST(list_round_trip)
{
	static const struct {
		const char *text, *list; /* NULL: refused */
	} row[] = { { "0", "0" },
		    { "0-3", "0-3" },
		    { " 5 , 1 - 2", NULL },
		    { " 5 , 1-2 \n", "1-2,5" },
		    { "3-5,4-8,1", "1,3-8" },
		    { "65535", "65535" },
		    { "65536", NULL },
		    { "0-4294967296", NULL },
		    { "", NULL },
		    { "-", NULL },
		    { "-1", NULL },
		    { "1-", NULL },
		    { "1--2", NULL },
		    { ",1", NULL },
		    { "1,,2", NULL },
		    { "1 2", NULL },
		    { "0x3", NULL } };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cpulist list;
		char text[64];
		int rc = thrum__cpulist_parse(&list, row[i].text);
		ck_assert_msg(rc == (row[i].list ? 0 : -EINVAL), "'%s': %d",
		              row[i].text, rc);
		size_t length = thrum__cpulist_format(&list, text,
		                                      sizeof(text));
		ck_assert_str_eq(text, row[i].list ? row[i].list : "");
		ck_assert_uint_eq(length, strlen(text));
		thrum__cpulist_free(&list);
	}
}
END_TEST

START_TEST(list_is_cut_to_the_room)
{
	struct cpulist list;
	char text[6];
	ck_assert_int_eq(thrum__cpulist_parse(&list, "10,12,14"), 0);
	ck_assert_uint_eq(thrum__cpulist_format(&list, text, sizeof(text)), 8);
	ck_assert_str_eq(text, "10,12");
	ck_assert_uint_eq(thrum__cpulist_format(&list, text, 1), 8);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(thrum__cpulist_format(&list, NULL, 0), 8);
	thrum__cpulist_free(&list);
}
END_TEST

START_TEST(list_and_is_what_is_in_both)
{
	struct cpulist a, b, both;
	ck_assert_int_eq(thrum__cpulist_parse(&a, "0-4,9,20"), 0);
	ck_assert_int_eq(thrum__cpulist_parse(&b, "3-9,21"), 0);
	ck_assert_int_eq(thrum__cpulist_and(&both, &a, &b), 0);
	for (int cpu = -1; cpu < 25; cpu++)
		ck_assert_int_eq(thrum__cpulist_has(&both, cpu),
		                 thrum__cpulist_has(&a, cpu) &&
		                 thrum__cpulist_has(&b, cpu));
	ck_assert_int_eq(both.count, 3);
	thrum__cpulist_free(&a);
	thrum__cpulist_free(&b);
	thrum__cpulist_free(&both);
}
END_TEST

START_TEST(numbers_stop_at_their_bound)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool fits;
	} row[] = { { "0", 0, true },
		    { "1", 0, false },
		    { "7", 5, false },
		    { "255", 255, true },
		    { "256", 255, false },
		    { "18446744073709551615", UINT64_MAX, true },
		    { "18446744073709551616", UINT64_MAX, false },
		    { "99999999999999999999", UINT64_MAX, false },
		    { "000000000000000000000000009", 9, true } };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *p = row[i].text;
		uint64_t value;
		bool fits = thrum__decimal_uint(&p, row[i].max, &value);
		ck_assert_msg(fits == row[i].fits, "%s", row[i].text);
		ck_assert_int_eq(*p == '\0', fits);
	}
}
END_TEST

static Suite *env_suite(void)
{
	Suite *s = suite_create("env");
	TCase *tc = tcase_create("variables");
	tcase_add_checked_fixture(tc, clear, clear);
	tcase_add_loop_test(tc, value_is_read_or_told, 0,
	                    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, blank_is_not_set);
	tcase_add_test(tc, verbose_0_is_said);
	tcase_add_test(tc, read_once);
	tcase_add_test(tc, text_is_fit_to_print);
	tcase_add_test(tc, errno_is_left_alone);
	tcase_add_test(tc, locale_does_not_matter);
	suite_add_tcase(s, tc);
	tc = tcase_create("lists_and_numbers");
	tcase_add_test(tc, list_round_trip);
	tcase_add_test(tc, list_is_cut_to_the_room);
	tcase_add_test(tc, list_and_is_what_is_in_both);
	tcase_add_test(tc, numbers_stop_at_their_bound);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(env_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
