/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_progress.c - every call has its last line and its last report, whatever
 * else goes on, and nobody waits for what is not his
 *
 * The test plays the caller and the workers. Where something must not wait for
 * something else, that something else waits, in the test, for the first: if the
 * law is broken the test does not end.
 */
#include "config.h"
#include "progress.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/wait.h>
#include <thrum/report.h>

#include "../sanitizer.h"
#include "capture.h"
#include "env.h"

static struct capture shown;

static struct progress_spec spec_of(int verbose, uint64_t total)
{
	return (struct progress_spec){ .n_jobs_given = 2, .workers = 2,
	                               .total = total, .total_known = true,
	                               .verbose = verbose };
}

/* One call in which @p done jobs end well. */
static void call(const struct progress_spec *spec, uint64_t done,
                 enum progress_end how)
{
	struct progress *p = thrum__progress_begin(spec);
	ck_assert_ptr_nonnull(p);
	for (uint64_t i = 0; i < done; i++)
		thrum__meter_add(thrum__progress_meter(p), i % 2, 1, 0);
	thrum__progress_end(p, how);
}

static void set_env(const char *name, const char *value)
{
	setenv(name, value, 1);
	thrum__env_forget();
}

static void teardown(void)
{
	thrum__progress_shutdown();
	unsetenv("THRUM_PROGRESS");
	unsetenv("THRUM_VERBOSE");
	unsetenv("THRUM_STACKSIZE");
	thrum__env_forget();
}

static int wanted(int verbose, int form, thrum_progress_fn *fn)
{
	struct progress_spec s = spec_of(verbose, 10);
	s.form = form;
	s.fn = fn;
	return thrum__progress_wanted(&s);
}

static void ignore(void *ctx, const thrum_progress *p)
{
	(void)ctx, (void)p;
}

START_TEST(nothing_is_shown_that_was_not_asked_for)
{
	ck_assert(!wanted(0, 0, NULL));
	ck_assert(!wanted(-1, 0, NULL));
	ck_assert(!wanted(-1, THRUM_PROGRESS_BAR, NULL));
	ck_assert(!wanted(50, THRUM_PROGRESS_OFF, NULL));
	ck_assert(wanted(0, THRUM_PROGRESS_OFF, ignore)); /* never silenced */
	ck_assert(wanted(1, 0, NULL));
	ck_assert(wanted(0, THRUM_PROGRESS_JSON, NULL));
	ck_assert(wanted(0, THRUM_PROGRESS_LINES, NULL));
	ck_assert(wanted(0, 0, ignore));
}
END_TEST

START_TEST(the_environment_is_the_default_and_off_wins)
{
	set_env("THRUM_VERBOSE", "5");
	ck_assert(wanted(0, 0, NULL));
	ck_assert(!wanted(-1, 0, NULL));
	unsetenv("THRUM_VERBOSE");
	set_env("THRUM_PROGRESS", "json");
	ck_assert(!wanted(0, 0, NULL));
	set_env("THRUM_PROGRESS", "off");
	ck_assert(!wanted(50, 0, NULL));
	ck_assert(!wanted(50, THRUM_PROGRESS_BAR, NULL));
	ck_assert(wanted(0, 0, ignore)); /* a callback is never silenced */
}
END_TEST

static const struct { enum progress_end how; const char *last; } ends[] = {
	{ PROGRESS_FINISHED, "s finished\n" },
	{ PROGRESS_FAILED, "s failed\n" },
	{ PROGRESS_CANCELLED, "s cancelled\n" },
	{ PROGRESS_TIMED_OUT, "s timed out\n" },
};

START_TEST(a_last_line_also_for_no_jobs)
{
	struct progress_spec s = spec_of(1, 0);
	capture_start(&shown, 2);
	call(&s, 0, ends[_i].how);
	const char *text = capture_end(&shown);
	ck_assert_int_eq(lines_in(text), 1);
	ck_assert(strncmp(text, "[Parallel(n_jobs=2)]: Done    0 out of    0 |",
	                  45) == 0);
	ck_assert(ends_with(text, ends[_i].last));
}
END_TEST

START_TEST(many_jobs_have_few_lines)
{
	struct progress_spec s = spec_of(5, 100000);
	capture_start(&shown, 2);
	call(&s, 100000, PROGRESS_FINISHED);
	const char *text = capture_end(&shown);
	ck_assert_int_le(lines_in(text), 7);
	ck_assert(ends_with(text, " finished\n"));
	ck_assert_ptr_nonnull(strstr(text, "Done 100000 out of 100000 |"));
}
END_TEST

START_TEST(above_10_each_job_has_a_line)
{
	struct progress_spec s = spec_of(_i, 50);
	char want[80];
	capture_start(&shown, 2);
	call(&s, 50, PROGRESS_FINISHED);
	const char *at = capture_end(&shown);
	ck_assert_int_eq(lines_in(at), 51);
	for (int i = 1; i <= 51; i++) {
		int n = snprintf(want, sizeof(want), "[Parallel(n_jobs=2)]: "
		                 "Done %4d out of   50 | elapsed: ",
		                 i < 51 ? i : 50);
		ck_assert_int_eq(strncmp(at, want, (size_t)n), 0);
		at = strchr(at, '\n') + 1;
	}
}
END_TEST

START_TEST(above_50_lines_go_to_standard_output)
{
	struct progress_spec s = spec_of(51, 3);
	static struct capture other;
	capture_start(&shown, 1);
	capture_start(&other, 2);
	call(&s, 3, PROGRESS_FINISHED);
	ck_assert_int_eq(lines_in(capture_end(&other)), 0);
	ck_assert_int_eq(lines_in(capture_end(&shown)), 4);
}
END_TEST

START_TEST(an_unknown_total_is_known_at_the_end)
{
	struct progress_spec s = spec_of(5, 0);
	s.total_known = false;
	capture_start(&shown, 2);
	call(&s, 7, PROGRESS_FINISHED);
	call(&s, 7, PROGRESS_FAILED);
	const char *text = capture_end(&shown);
	ck_assert_ptr_nonnull(strstr(text, "Done    7 out of    7 | elapsed:"));
	ck_assert_ptr_nonnull(strstr(text, "Done    7 tasks      | elapsed:"));
	ck_assert(ends_with(text, " failed\n"));
}
END_TEST

START_TEST(a_total_that_was_wrong_is_not_shown)
{
	struct progress_spec s = spec_of(5, 4);
	capture_start(&shown, 2);
	call(&s, 7, PROGRESS_FAILED); /* more came */
	struct progress *p = thrum__progress_begin(&s);
	thrum__progress_pulled(p, 9);
	thrum__progress_end(p, PROGRESS_CANCELLED);
	p = thrum__progress_begin(&s);
	thrum__progress_total(p, 9);
	thrum__progress_end(p, PROGRESS_CANCELLED);
	const char *text = capture_end(&shown);
	ck_assert_ptr_nonnull(strstr(text, "Done    7 tasks      | elapsed:"));
	ck_assert_ptr_nonnull(strstr(text, "Done    0 tasks      | elapsed:"));
	ck_assert_ptr_nonnull(strstr(text, "Done    0 out of    9 | elapsed:"));
}
END_TEST

START_TEST(failures_are_not_done)
{
	struct progress_spec s = spec_of(0, 10);
	s.form = THRUM_PROGRESS_JSON;
	capture_start(&shown, 2);
	struct progress *p = thrum__progress_begin(&s);
	thrum__meter_add(thrum__progress_meter(p), 0, 7, 3);
	thrum__progress_end(p, PROGRESS_FAILED);
	const char *text = capture_end(&shown);
	ck_assert_ptr_nonnull(strstr(text, "\"done\":7,\"failed\":3,"
	                             "\"total\":10,"));
	ck_assert(ends_with(text, "\"state\":\"failed\"}\n"));
}
END_TEST

START_TEST(a_variable_that_is_ignored_is_told_once)
{
	struct progress_spec s = spec_of(1, 1);
	set_env("THRUM_VERBOSE", "lots");
	s.notes = THRUM_NOTE_ENV;
	capture_start(&shown, 2);
	call(&s, 1, PROGRESS_FINISHED);
	call(&s, 1, PROGRESS_FINISHED);
	const char *text = capture_end(&shown);
	ck_assert_int_eq(lines_in(text), 3);
	ck_assert_int_eq(strncmp(text, "[Parallel(n_jobs=2)]: ignored "
	                         "THRUM_VERBOSE=lots, not ", 53), 0);
}
END_TEST

START_TEST(errno_is_unchanged)
{
	struct progress_spec s = spec_of(11, 20);
	capture_start(&shown, 2);
	errno = 12345;
	ck_assert(thrum__progress_wanted(&s));
	call(&s, 20, PROGRESS_FINISHED);
	thrum__progress_end(NULL, PROGRESS_FINISHED);
	ck_assert_int_eq(errno, 12345);
	capture_end(&shown);
}
END_TEST

/* What a callback has seen. */
struct watch {
	int reports, finished;
	uint64_t done;
	bool steady, inside;
	pthread_t thread;
	sem_t entered, leave;
};

static void watch(void *ctx, const thrum_progress *p)
{
	struct watch *w = ctx;
	w->steady = w->steady && w->finished == 0 && p->done >= w->done;
	w->reports++;
	w->finished += p->finished;
	w->done = p->done;
	w->inside = thrum__progress_inside();
	w->thread = pthread_self();
}

static void watch_first(void *ctx, const thrum_progress *p)
{
	struct watch *w = ctx;
	watch(w, p);
	sem_post(&w->entered);
}

START_TEST(the_last_report_is_the_only_finished_one)
{
	struct watch w = { .steady = true };
	struct progress_spec s = spec_of(0, 300);
	uint64_t jobs = 0;
	sem_init(&w.entered, 0, 0);
	s.fn = watch_first;
	s.fn_ctx = &w;
	struct progress *p = thrum__progress_begin(&s);
	while (sem_trywait(&w.entered) != 0) { /* until the first report */
		thrum__meter_add(thrum__progress_meter(p), 0, 1, 0);
		jobs++;
		usleep(1000);
	}
	thrum__progress_end(p, PROGRESS_FINISHED);
	ck_assert(w.steady);
	ck_assert_int_eq(w.finished, 1);
	ck_assert_uint_eq(w.done, jobs);
	ck_assert_int_ge(w.reports, 2);
	ck_assert(w.inside);
	ck_assert(!thrum__progress_inside());
	ck_assert(!pthread_equal(w.thread, pthread_self()));
}
END_TEST

static void wait_inside(void *ctx, const thrum_progress *p)
{
	struct watch *w = ctx;
	w->finished += p->finished;
	sem_post(&w->entered);
	while (sem_wait(&w->leave) != 0)
		;
}

/* With the reporter in a callback that does not return, another call ends. */
START_TEST(a_slow_callback_holds_up_no_other_call)
{
	struct watch slow = { 0 }, quick = { .steady = true };
	struct progress_spec s = spec_of(5, 1);
	sem_init(&slow.entered, 0, 0);
	sem_init(&slow.leave, 0, 0);
	capture_start(&shown, 2);
	s.fn = wait_inside;
	s.fn_ctx = &slow;
	struct progress *p = thrum__progress_begin(&s);
	while (sem_wait(&slow.entered) != 0)
		;
	s.fn = watch;
	s.fn_ctx = &quick;
	call(&s, 1, PROGRESS_FINISHED);
	ck_assert_int_eq(quick.finished, 1);
	s.fn = NULL;
	call(&s, 1, PROGRESS_FINISHED);
	ck_assert_int_eq(slow.finished, 0);
	for (int i = 0; i < 100; i++)
		sem_post(&slow.leave);
	thrum__progress_end(p, PROGRESS_FINISHED);
	ck_assert_int_eq(slow.finished, 1);
	ck_assert(ends_with(capture_end(&shown), " finished\n"));
}
END_TEST

static void call_inside(void *ctx, const thrum_progress *p)
{
	struct progress_spec s = spec_of(5, 1);
	(void)p;
	call(&s, 1, PROGRESS_FINISHED);
	watch(ctx, p);
}

START_TEST(a_callback_can_show_a_call_of_its_own)
{
	struct watch w = { .steady = true };
	struct progress_spec s = spec_of(0, 1);
	s.fn = call_inside;
	s.fn_ctx = &w;
	capture_start(&shown, 2);
	call(&s, 1, PROGRESS_FINISHED);
	ck_assert_int_eq(lines_in(capture_end(&shown)), w.reports);
	ck_assert_int_eq(w.finished, 1);
}
END_TEST

START_TEST(without_a_thread_the_end_is_still_shown)
{
	struct watch w = { .steady = true };
	struct progress_spec s = spec_of(5, 3);
	/* More than can be mapped: no thread starts. */
	set_env("THRUM_STACKSIZE",
	        sizeof(size_t) == 8 ? "100000000G" : "4000M");
	capture_start(&shown, 2);
	call(&s, 3, PROGRESS_FINISHED);
	s.fn = watch;
	s.fn_ctx = &w;
	call(&s, 3, PROGRESS_FINISHED);
	ck_assert_int_eq(lines_in(capture_end(&shown)), 1);
	ck_assert_int_eq(w.finished, 1);
	ck_assert_uint_eq(w.done, 3);
}
END_TEST

START_TEST(after_a_shutdown_calls_end_and_begin)
{
	struct progress_spec s = spec_of(5, 3);
	capture_start(&shown, 2);
	struct progress *p = thrum__progress_begin(&s);
	thrum__progress_shutdown();
	thrum__progress_shutdown();
	thrum__progress_end(p, PROGRESS_CANCELLED);
	call(&s, 3, PROGRESS_FINISHED);
	const char *text = capture_end(&shown);
	ck_assert_ptr_nonnull(strstr(text, "cancelled\n"));
	ck_assert(ends_with(text, "finished\n"));
}
END_TEST

START_TEST(the_child_of_a_fork_ends_old_calls_and_shows_new_ones)
{
	struct progress_spec s = spec_of(5, 3);
	struct watch w = { .steady = true };
	capture_start(&shown, 2);
	struct progress *p = thrum__progress_begin(&s);
	s.fn = watch;
	s.fn_ctx = &w;
	struct progress *q = thrum__progress_begin(&s);
	int answer[2];
	ck_assert_int_eq(pipe(answer), 0);
	thrum__progress_fork_prepare();
	pid_t child = fork();
	if (child == 0) {
		thrum__progress_fork_child();
		thrum__progress_end(p, PROGRESS_CANCELLED);
		thrum__progress_end(q, PROGRESS_CANCELLED);
		s.fn = NULL;
		struct progress *r = thrum__progress_begin(&s);
		thrum__progress_end(r, PROGRESS_TIMED_OUT);
		/* Not by the status: Valgrind has its own, for the stacks of
		 * threads that are not here. */
		char well = w.finished == 1 ? 'y' : 'n';
		_exit(write(answer[1], &well, 1) != 1);
	}
	thrum__progress_fork_parent();
	thrum__progress_end(p, PROGRESS_FINISHED);
	thrum__progress_end(q, PROGRESS_FINISHED);
	char well = 'n';
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	close(answer[1]);
	ck_assert_int_eq((int)read(answer[0], &well, 1), 1);
	ck_assert_int_eq(well, 'y');
	close(answer[0]);
	ck_assert_int_eq(w.finished, 1);
	const char *text = capture_end(&shown);
	ck_assert_ptr_nonnull(strstr(text, "cancelled\n"));
	ck_assert_ptr_nonnull(strstr(text, "timed out\n"));
	ck_assert_ptr_nonnull(strstr(text, "finished\n"));
}
END_TEST

static void *some_calls(void *arg)
{
	struct progress_spec s = spec_of(11, 20);
	struct watch w = { .steady = true };
	s.n_jobs_given = *(int *)arg;
	for (int i = 0; i < 5; i++) {
		s.fn = i == 3 ? watch : NULL;
		s.fn_ctx = &w;
		call(&s, 20, PROGRESS_FINISHED);
	}
	return w.finished == 1 && w.steady ? arg : NULL;
}

START_TEST(lines_of_many_calls_are_never_mixed)
{
	pthread_t thread[64];
	int number[64];
	capture_start(&shown, 2);
	for (int i = 0; i < 64; i++) {
		number[i] = i;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, some_calls,
		                                &number[i]), 0);
	}
	for (int i = 0; i < 64; i++) {
		void *well;
		pthread_join(thread[i], &well);
		ck_assert_ptr_nonnull(well);
	}
	capture_release(&shown);
	rewind(shown.file);
	static char line[4096];
	int lines = 0, finished = 0, n, done;
	for (; fgets(line, sizeof(line), shown.file) != NULL; lines++) {
		ck_assert_int_eq(sscanf(line, "[Parallel(n_jobs=%d)]: Done %d "
		                        "out of   20 | elapsed: ", &n, &done),
		                 2);
		ck_assert(ends_with(line, " finished\n") ||
		          strstr(line, " remaining: ") != NULL);
		finished += ends_with(line, " finished\n");
	}
	fclose(shown.file);
	ck_assert_int_eq(finished, 64 * 4);
	ck_assert_int_eq(lines, 64 * 4 * 21);
}
END_TEST

static Suite *progress_suite(void)
{
	Suite *s = suite_create("progress");

	TCase *t = tcase_create("lines");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, nothing_is_shown_that_was_not_asked_for);
	tcase_add_test(t, the_environment_is_the_default_and_off_wins);
	tcase_add_loop_test(t, a_last_line_also_for_no_jobs, 0, 4);
	tcase_add_test(t, many_jobs_have_few_lines);
	tcase_add_loop_test(t, above_10_each_job_has_a_line, 11, 13);
	tcase_add_loop_test(t, above_10_each_job_has_a_line, 50, 51);
	tcase_add_test(t, above_50_lines_go_to_standard_output);
	tcase_add_test(t, an_unknown_total_is_known_at_the_end);
	tcase_add_test(t, a_total_that_was_wrong_is_not_shown);
	tcase_add_test(t, failures_are_not_done);
	tcase_add_test(t, a_variable_that_is_ignored_is_told_once);
	tcase_add_test(t, errno_is_unchanged);
	suite_add_tcase(s, t);

	t = tcase_create("callbacks");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, the_last_report_is_the_only_finished_one);
	tcase_add_test(t, a_slow_callback_holds_up_no_other_call);
	tcase_add_test(t, a_callback_can_show_a_call_of_its_own);
	suite_add_tcase(s, t);

	t = tcase_create("reporter");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, without_a_thread_the_end_is_still_shown);
	tcase_add_test(t, after_a_shutdown_calls_end_and_begin);
	tcase_add_loop_test(
		t, the_child_of_a_fork_ends_old_calls_and_shows_new_ones, 0,
		!UNDER_TSAN);
	tcase_add_test(t, lines_of_many_calls_are_never_mixed);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(progress_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
