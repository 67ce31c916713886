/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_reporter.c - calls and their ends while the reporter does not come back
 *
 * It looks at a call by thrum__display_look, in whose place the linker puts a
 * function of this test (--wrap), which stays at a gate until it is opened. So
 * a reporter that hangs in a stream, or that is not run, is had at will.
 */
#include "config.h"
#include "progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <thrum/report.h>
#include <unistd.h>

#include "capture.h"
#include "display.h"

static struct capture shown;
static atomic_bool shut;
static atomic_int waiting; /* at the gate now */

void __real_thrum__display_look(struct display *d);
void __wrap_thrum__display_look(struct display *d);

void __wrap_thrum__display_look(struct display *d)
{
	atomic_fetch_add(&waiting, 1);
	while (atomic_load(&shut))
		usleep(1000);
	atomic_fetch_sub(&waiting, 1);
	__real_thrum__display_look(d);
}

static struct progress *begin(void)
{
	struct progress_spec s = { .n_jobs_given = 2, .workers = 1, .total = 20,
	                           .total_known = true, .verbose = 11 };
	struct progress *p = thrum__progress_begin(&s);
	ck_assert_ptr_nonnull(p);
	thrum__meter_add(thrum__progress_meter(p), 0, 3, 0);
	return p;
}

/* Until so many are at the gate. */
static void wait_for(int n)
{
	while (atomic_load(&waiting) != n)
		usleep(1000);
}

static struct progress *begin_and_hang(void)
{
	atomic_store(&shut, true);
	struct progress *p = begin();
	wait_for(1);
	return p;
}

static int last_lines(const char *text)
{
	int n = 0;
	while ((text = strstr(text, "finished\n")) != NULL) {
		text++;
		n++;
	}
	return n;
}

static void teardown(void)
{
	atomic_store(&shut, false);
	thrum__progress_shutdown();
}

/* If not, this does not end: the gate is opened after it. What it leaves behind
 * is the reporter's, as AddressSanitizer sees. */
START_TEST(no_call_waits_for_a_reporter_that_hangs)
{
	capture_start(&shown, 2);
	struct progress *p = begin_and_hang();
	thrum__progress_end(p, PROGRESS_FINISHED);
	atomic_store(&shut, false);
	wait_for(0);
	thrum__progress_end(begin(), PROGRESS_FINISHED);
	thrum__progress_shutdown();
	ck_assert_int_eq(last_lines(capture_end(&shown)), 1);
}
END_TEST

static void *open_soon(void *arg)
{
	usleep(50000);
	atomic_store(&shut, false);
	return arg;
}

START_TEST(for_one_that_comes_back_there_is_time)
{
	pthread_t t;
	capture_start(&shown, 2);
	struct progress *p = begin_and_hang();
	ck_assert_int_eq(pthread_create(&t, NULL, open_soon, NULL), 0);
	thrum__progress_end(p, PROGRESS_FINISHED);
	pthread_join(t, NULL);
	ck_assert_int_eq(last_lines(capture_end(&shown)), 1);
}
END_TEST

static void *shut_down(void *arg)
{
	thrum__progress_shutdown();
	return arg;
}

/* The old reporter hangs in a call while it is to end, and a new one is there:
 * that one passes over the call, and shows it when it was let go. */
START_TEST(a_new_reporter_leaves_to_the_old_one_what_it_holds)
{
	pthread_t t;
	capture_start(&shown, 2);
	struct progress *p = begin_and_hang(), *q;
	ck_assert_int_eq(pthread_create(&t, NULL, shut_down, NULL), 0);
	/* A call finds a new reporter once the shutdown has begun. */
	for (;;) {
		q = begin();
		for (int i = 0; i < 200 && atomic_load(&waiting) < 2; i++)
			usleep(1000);
		if (atomic_load(&waiting) == 2)
			break;
		thrum__progress_end(q, PROGRESS_CANCELLED);
	}
	atomic_store(&shut, false);
	pthread_join(t, NULL);
	thrum__progress_end(p, PROGRESS_FINISHED);
	thrum__progress_end(q, PROGRESS_FINISHED);
	ck_assert_int_eq(last_lines(capture_end(&shown)), 2);
}
END_TEST

static void shut_down_inside(void *ctx, const thrum_progress *now)
{
	(void)now;
	thrum__progress_shutdown();
	++*(int *)ctx;
}

START_TEST(a_callback_does_not_end_its_own_thread)
{
	int reports = 0;
	struct progress_spec s = { .n_jobs_given = 2, .workers = 1, .total = 3,
	                           .total_known = true, .fn = shut_down_inside,
	                           .fn_ctx = &reports };
	for (int i = 0; i < 3; i++) {
		struct progress *p = thrum__progress_begin(&s);
		ck_assert_ptr_nonnull(p);
		thrum__progress_end(p, PROGRESS_FINISHED);
	}
	ck_assert_int_ge(reports, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reporter");
	TCase *c = tcase_create("away");
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, no_call_waits_for_a_reporter_that_hangs);
	tcase_add_test(c, for_one_that_comes_back_there_is_time);
	tcase_add_test(c, a_new_reporter_leaves_to_the_old_one_what_it_holds);
	tcase_add_test(c, a_callback_does_not_end_its_own_thread);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
