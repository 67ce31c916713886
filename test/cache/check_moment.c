/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_moment.c - dates of files, whatever a file system says */
#include "config.h"

#include "memos.h"

#include "moment.h"

static int64_t date_of(int64_t seconds, long ns)
{
	struct stat st = { .st_mtim = { (time_t)seconds, ns } };
	return thrum__moment_of(&st);
}

/* Nanoseconds since 1970, up to the year 2255. */
START_TEST(what_has_no_date_gets_the_nearest)
{
	ck_assert_int_eq(date_of(0, 1), 1);
	ck_assert_int_eq(date_of(1796083200, 5),
	                 INT64_C(1796083200000000005));
	ck_assert_int_eq(date_of(-1, 999999999), 0);
	if (sizeof(time_t) < 8)
		return;
	ck_assert_int_eq(date_of(INT64_MIN, 0), 0);
	ck_assert_int_eq(date_of(INT64_MAX, 999999999),
	                 INT64_C(9000000000999999999));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("moment");
	TCase *t = new_case(s, "dates");
	tcase_add_test(t, what_has_no_date_gets_the_nearest);
	return run_laws(s);
}
