/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_display.c - what is told of a total that is not known from the start
 *
 * A stream says so when it has come to its end, or has had more items than were
 * expected. The display tells a callback, here, what it knows at each look.
 */
#include "config.h"
#include "display.h"
#include "meter.h"

#include <check.h>

static thrum_progress told;
static struct meter_shard shard;
static struct meter meter = { 1, &shard };

static void tell(void *ctx, const thrum_progress *p)
{
	(void)ctx;
	told = *p;
}

static void start(struct display *d, uint64_t total, bool known)
{
	const struct progress_spec spec = {
		.n_jobs_given = 1, .workers = 1, .verbose = 1,
		.total = total, .total_known = known, .fn = tell,
	};

	*d = (struct display){ 0 };
	shard = (struct meter_shard){ 0 };
	thrum__display_start(d, &spec, &meter);
}

START_TEST(a_total_that_comes_to_be_known_is_told)
{
	struct display d;

	start(&d, 0, false);
	thrum__meter_add(&meter, 0, 3, 0);
	thrum__display_look(&d);
	ck_assert_uint_eq(told.done, 3);
	ck_assert_uint_eq(told.total, 0);
	ck_assert(told.remaining_s < 0);
	thrum__display_total(&d, 50);
	thrum__display_look(&d);
	ck_assert_uint_eq(told.total, 50);
	ck_assert(!told.finished);
}
END_TEST

START_TEST(more_than_were_expected_leaves_the_total_unknown)
{
	struct display d;

	start(&d, 10, true);
	thrum__display_pulled(&d, 10);
	thrum__display_look(&d);
	ck_assert_uint_eq(told.total, 10);
	thrum__display_pulled(&d, 11);
	thrum__display_look(&d);
	ck_assert_uint_eq(told.total, 0);
	thrum__display_total(&d, 12);
	thrum__display_look(&d);
	ck_assert_uint_eq(told.total, 12);
}
END_TEST

START_TEST(the_end_tells_as_many_as_there_were)
{
	struct display d;

	start(&d, 10, true);
	thrum__meter_add(&meter, 0, 12, 0);
	thrum__display_look(&d);
	ck_assert_uint_eq(told.total, 0);
	thrum__display_end(&d, PROGRESS_FINISHED, 0);
	ck_assert(told.finished);
	ck_assert_uint_eq(told.total, 12);
	ck_assert(told.remaining_s == 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("display");
	TCase *total = tcase_create("total");

	tcase_add_test(total, a_total_that_comes_to_be_known_is_told);
	tcase_add_test(total, more_than_were_expected_leaves_the_total_unknown);
	tcase_add_test(total, the_end_tells_as_many_as_there_were);
	suite_add_tcase(s, total);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
