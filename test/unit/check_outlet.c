/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_outlet.c - one at a time lets text out, whole lines of it, and nobody
 * waits for one who cannot
 *
 * Standard error is a file, or a pipe that is full and never read.
 */
#include "config.h"
#include "outlet.h"

#include <pthread.h>
#include <sys/resource.h>

#include "cadence.h"
#include "capture.h"
#include "clock.h"
#include "line.h"
#include "progress.h"
#include "terminal.h"

static struct capture shown;
static int ends[2];

/* Standard error takes nothing any more. */
static void be_full(void)
{
	static const char dots[4096];
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	while (write(ends[1], dots, sizeof dots) > 0)
		;
	while (write(ends[1], dots, 1) > 0)
		;
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
	capture_with(&shown, 2, ends[1]);
}

static void be_done(void)
{
	capture_release(&shown);
	close(ends[0]);
	close(ends[1]);
}

static uint64_t soon(void)
{
	return thrum__clock_ns() + 1000000;
}

START_TEST(a_bar_belongs_to_one_call_at_a_time)
{
	struct outlet *o = thrum__outlet(2);
	capture_start(&shown, 2);
	ck_assert(thrum__outlet_take(o, 0));
	ck_assert(thrum__outlet_bar(o, 1, "one"));
	ck_assert(!thrum__outlet_bar(o, 2, "two"));
	thrum__outlet_bar_end(o, 2); /* which is not there */
	ck_assert(thrum__outlet_bar(o, 1, "more"));
	thrum__outlet_bar_end(o, 1);
	ck_assert(thrum__outlet_bar(o, 2, "two"));
	thrum__outlet_line(o, "line\n", 5);
	thrum__outlet_bar_end(o, 2); /* a line has taken it off */
	thrum__outlet_flush(o, 0);
	thrum__outlet_give(o);
	ck_assert_str_eq(capture_end(&shown),
	                 "one\r\033[Kmore\r\033[Ktwo\r\033[Kline\n");
}
END_TEST

/* Of lines that each have their number, those that come out are the first. */
START_TEST(what_there_is_no_room_for_is_left_out)
{
	struct outlet *o = thrum__outlet(2);
	enum { LINES = 2 * (CADENCE_BURST + 20) };
	char line[LINE_BYTES];
	int n = 0;

	capture_start(&shown, 2);
	ck_assert(thrum__outlet_take(o, 0));
	for (int i = 0; i < LINES; i++) {
		memset(line, '.', sizeof line);
		line[snprintf(line, sizeof line, "%d", i)] = ' ';
		line[sizeof line - 1] = '\n';
		thrum__outlet_line(o, line, sizeof line);
	}
	thrum__outlet_flush(o, 0);
	thrum__outlet_give(o);
	for (const char *at = capture_end(&shown); *at; n++) {
		ck_assert_int_eq(atoi(at), n);
		ck_assert_int_eq(at[LINE_BYTES - 1], '\n');
		at += LINE_BYTES;
	}
	ck_assert_int_ge(n, LINES / 2 - 1);
	ck_assert_int_lt(n, LINES);
}
END_TEST

START_TEST(of_what_is_stuck_nobody_waits_for_the_end)
{
	struct outlet *o = thrum__outlet(2);
	be_full();
	ck_assert(thrum__outlet_take(o, 0));
	ck_assert(!thrum__outlet_take(o, 0));
	thrum__outlet_line(o, "line\n", 5);
	ck_assert(!thrum__outlet_clear(o, soon()));
	/* As another would. It may be late, but is not kept for ever. */
	ck_assert(!thrum__outlet_take(o, soon()));
	thrum__outlet_flush(o, soon());
	thrum__outlet_give(o);
	ck_assert(thrum__outlet_take(o, 0));
	ck_assert(thrum__outlet_clear(o, soon())); /* it was dropped */
	thrum__outlet_give(o);
	be_done();
}
END_TEST

static void *give_soon(void *o)
{
	usleep(20000);
	thrum__outlet_give(o);
	return NULL;
}

START_TEST(who_waits_has_it_when_it_is_given)
{
	struct outlet *o = thrum__outlet(2);
	pthread_t t;
	ck_assert(thrum__outlet_take(o, 0));
	ck_assert_int_eq(pthread_create(&t, NULL, give_soon, o), 0);
	/* Who is late in giving is not stuck: it is waited for still. */
	ck_assert(thrum__outlet_take(o, soon()));
	thrum__outlet_give(o);
	pthread_join(t, NULL);
}
END_TEST

/* In each form, while another has the outlet and cannot let its text out. */
START_TEST(calls_end_though_they_cannot_be_shown)
{
	static const int forms[] = { 0, THRUM_PROGRESS_BAR, THRUM_PROGRESS_JSON };
	struct outlet *o = thrum__outlet(2);
	be_full();
	ck_assert(thrum__outlet_take(o, 0));
	thrum__outlet_line(o, "line\n", 5);
	ck_assert(!thrum__outlet_clear(o, soon()));
	for (int i = 0; i < 3; i++) {
		struct progress_spec s = { .n_jobs_given = 2, .workers = 1,
			.total = 20, .total_known = true, .verbose = 11,
			.form = forms[i] };
		struct progress *p = thrum__progress_begin(&s);
		ck_assert_ptr_nonnull(p);
		thrum__meter_add(thrum__progress_meter(p), 0, 20, 0);
		usleep(150000); /* for the reporter to look, and see */
		thrum__progress_end(p, PROGRESS_FINISHED);
	}
	thrum__progress_shutdown();
	thrum__outlet_give(o);
	be_done();
}
END_TEST

/* Without a descriptor to open the stream anew it is asked each time. */
START_TEST(what_cannot_be_opened_anew_does_not_block)
{
	struct rlimit before, none;
	be_full();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	long n = thrum__terminal_write(2, "x", 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq((int)n, 0);
	be_done();
}
END_TEST

START_TEST(what_is_no_terminal_has_the_usual_columns)
{
	char *columns = getenv("COLUMNS");
	char *kept = columns ? strdup(columns) : NULL;
	unsetenv("COLUMNS");
	ck_assert_int_eq(pipe(ends), 0);
	capture_with(&shown, 2, ends[1]);
	struct terminal t = thrum__terminal_look(2);
	ck_assert_int_eq(thrum__terminal_columns(&t, 2), 80);
	be_done();
	if (kept)
		setenv("COLUMNS", kept, 1);
	free(kept);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("outlet");
	TCase *c = tcase_create("one at a time");
	tcase_add_test(c, a_bar_belongs_to_one_call_at_a_time);
	tcase_add_test(c, what_there_is_no_room_for_is_left_out);
	tcase_add_test(c, who_waits_has_it_when_it_is_given);
	suite_add_tcase(s, c);
	c = tcase_create("stuck");
	tcase_add_test(c, of_what_is_stuck_nobody_waits_for_the_end);
	tcase_add_test(c, calls_end_though_they_cannot_be_shown);
	tcase_add_test(c, what_cannot_be_opened_anew_does_not_block);
	tcase_add_test(c, what_is_no_terminal_has_the_usual_columns);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
