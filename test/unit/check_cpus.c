/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_cpus.c - what n_jobs means, as a number and as people write it */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <thrum/cpus.h>
#include <thrum/report.h>

#include "cpus.h"
#include "machine.h"

static const struct {
	int n_jobs, all, workers;
	bool cut;
} rules[] = {
	{ 1, 1, 1, false },        { 3, 2, 3, false },
	{ 4096, 2, 4096, false },  { 4097, 2, 4096, true },
	{ INT_MAX, 2, 4096, true }, { 0, 7, 7, false },
	{ -1, 1, 1, false },       { -1, 8, 8, false },
	{ -2, 8, 7, false },       { -8, 8, 1, false },
	{ -9, 8, 1, true },        { -2, 1, 1, true },
	{ -100, 4, 1, true },      { -INT_MAX, 4, 1, true },
	{ -1, 5000, 4096, true },  { -2, 4097, 4096, false },
	{ -1, INT_MAX, 4096, true }, { -INT_MAX, INT_MAX, 1, false },
	{ THRUM_JOBS_IO, 1, 2, false }, { THRUM_JOBS_IO, 2, 3, false },
	{ THRUM_JOBS_IO, 3, 5, false }, { THRUM_JOBS_IO, 4096, 4096, true },
	{ THRUM_JOBS_IO, INT_MAX, 4096, true },
};

START_TEST(n_jobs_resolves_as_written)
{
	unsigned notes = THRUM_NOTE_MASK;
	int workers = thrum__n_jobs_resolve(rules[_i].n_jobs, rules[_i].all,
	                                    &notes);
	ck_assert_msg(workers == rules[_i].workers, "n_jobs %d of %d: %d",
	              rules[_i].n_jobs, rules[_i].all, workers);
	ck_assert_uint_eq(notes, THRUM_NOTE_MASK |
	                  (rules[_i].cut ? THRUM_NOTE_CUT : 0));
}
END_TEST

/* As text, on a machine of so many cores; 0: refused. */
static const struct {
	const char *text;
	int cores, n_jobs;
} texts[] = {
	{ "4", 2, 4 },          { "-2", 2, -2 },
	{ "  4\t\n", 2, 4 },    { "all", 2, -1 },
	{ " all ", 2, -1 },     { "io", 2, THRUM_JOBS_IO },
	{ "1.5x", 2, 3 },       { "1.5x", 3, 5 },
	{ "2x", 3, 6 },         { "1x", 7, 7 },
	{ "0.5x", 7, 4 },       { "0.001x", 7, 1 },
	{ "1.000000001x", 8, 9 }, { "1.0000000001x", 8, 8 },
	{ "50%", 8, 4 },        { "50%", 7, 4 },
	{ "100%", 7, 7 },       { "150%", 2, 3 },
	{ "12.5%", 8, 1 },      { "1%", 8, 1 },
	{ "33.3333333333%", 3, 1 }, { "0050%", 8, 4 },
	{ "2147483647", 2, INT_MAX }, { "-2147483647", 2, -INT_MAX },
	{ "0", 2, 0 },          { "", 2, 0 },
	{ "  ", 2, 0 },         { "-0", 2, 0 },
	{ "00", 2, 0 },         { "0x", 2, 0 },
	{ "0.0x", 2, 0 },       { "0%", 2, 0 },
	{ "-1x", 2, 0 },        { "-50%", 2, 0 },
	{ "1.5", 2, 0 },        { "1,5x", 2, 0 },
	{ ".5x", 2, 0 },        { "1.x", 2, 0 },
	{ "1 x", 2, 0 },        { "50 %", 2, 0 },
	{ "1.5xx", 2, 0 },      { "50%%", 2, 0 },
	{ "+4", 2, 0 },         { "4 5", 2, 0 },
	{ "--4", 2, 0 },        { "- 4", 2, 0 },
	{ "0x10", 2, 0 },       { "1e3", 2, 0 },
	{ "ALL", 2, 0 },        { "allx", 2, 0 },
	{ "al", 2, 0 },         { "iox", 2, 0 },
	{ "nan", 2, 0 },        { "inf", 2, 0 },
	{ "2147483648", 2, 0 }, { "-2147483648", 2, 0 },
	{ "99999999999999999999", 2, 0 }, { "2147483648x", 2, 0 },
	{ "2147483647x", 2, 0 }, { "2147483647x", 1, INT_MAX },
};

START_TEST(text_is_read_as_written)
{
	struct n_jobs_text read = { 0 };
	int n_jobs = 0;
	if (thrum__n_jobs_read(texts[_i].text, &read))
		n_jobs = thrum__n_jobs_of_text(&read, texts[_i].cores);
	ck_assert_msg(n_jobs == texts[_i].n_jobs, "'%s' on %d: %d",
	              texts[_i].text, texts[_i].cores, n_jobs);
}
END_TEST

START_TEST(parse_counts_the_cores_of_this_process)
{
	int n_jobs = 0, cores = thrum_cpu_count();
	ck_assert_int_eq(thrum_n_jobs_parse("2x", &n_jobs), 0);
	ck_assert_int_eq(n_jobs, 2 * cores);
	ck_assert_int_eq(thrum_n_jobs_parse("50%", &n_jobs), 0);
	ck_assert_int_eq(n_jobs, (cores + 1) / 2);
	ck_assert_int_eq(thrum_n_jobs_parse("-2", &n_jobs), 0);
	ck_assert_int_eq(n_jobs, -2);
}
END_TEST

START_TEST(an_error_changes_nothing)
{
	int n_jobs = 77;
	errno = ENOTTY;
	ck_assert_int_eq(thrum_n_jobs_parse("0", &n_jobs), THRUM_EINVAL);
	ck_assert_int_eq(thrum_n_jobs_parse("", &n_jobs), THRUM_EINVAL);
	ck_assert_int_eq(thrum_n_jobs_parse(NULL, &n_jobs), THRUM_EINVAL);
	ck_assert_int_eq(thrum_n_jobs_parse("99999999999", &n_jobs),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_n_jobs_parse("4", NULL), THRUM_EINVAL);
	ck_assert_int_eq(n_jobs, 77);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

static int default_with(const char *ours, const char *omp)
{
	unsetenv("THRUM_N_JOBS");
	unsetenv("OMP_NUM_THREADS");
	if (ours)
		setenv("THRUM_N_JOBS", ours, 1);
	if (omp)
		setenv("OMP_NUM_THREADS", omp, 1);
	thrum__machine_forget();
	return thrum__n_jobs_default();
}

START_TEST(own_variable_wins_over_openmp)
{
	int cores = thrum_cpu_count();
	ck_assert_int_eq(default_with(NULL, NULL), -1);
	ck_assert_int_eq(default_with(NULL, "3,2"), 3);
	ck_assert_int_eq(default_with("-2", "3"), -2);
	ck_assert_int_eq(default_with("io", "3"), THRUM_JOBS_IO);
	ck_assert_int_eq(default_with("2x", "3"), 2 * cores);
	ck_assert_int_eq(default_with("0", "3"), 3);
	ck_assert_int_eq(default_with("0", "no"), -1);
	ck_assert_int_ge(default_with("2147483647x", NULL), cores);
	(void)default_with(NULL, NULL);
}
END_TEST

static void forget(void)
{
	thrum__machine_forget();
}

static Suite *cpus_suite(void)
{
	Suite *s = suite_create("cpus");
	TCase *tc = tcase_create("numbers");
	tcase_add_loop_test(tc, n_jobs_resolves_as_written, 0,
	                    (int)(sizeof(rules) / sizeof(rules[0])));
	suite_add_tcase(s, tc);
	tc = tcase_create("text");
	tcase_add_checked_fixture(tc, NULL, forget);
	tcase_add_loop_test(tc, text_is_read_as_written, 0,
	                    (int)(sizeof(texts) / sizeof(texts[0])));
	tcase_add_test(tc, parse_counts_the_cores_of_this_process);
	tcase_add_test(tc, an_error_changes_nothing);
	tcase_add_test(tc, own_variable_wins_over_openmp);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(cpus_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
