/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_callback.c - a progress callback sees its call to the end, once, and
 * may do what it likes
 *
 * Times are not compared: slow means that it waits for the whole loop.
 */
#include "config.h"

#include "../sanitizer.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

static void doze(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&t, &t) != 0)
		;
}

/* Each job sleeps; job number `at`, from 1, returns code. */
struct plot {
	long ms;
	size_t at;
	int code;
};

static atomic_int ran;

static int play(void *ctx, size_t i, void *result, thrum_task *task)
{
	const struct plot *p = ctx;
	(void)result, (void)task;
	doze(p->ms);
	atomic_fetch_add(&ran, 1);
	return p->at == i + 1 ? p->code : 0;
}

struct watch {
	int reports, finished, after, wrong;
	thrum_progress last;
	thrum_cancel *cancel; /* it sets this */
	int jobs;             /* it waits until so many have run */
};

static int in_thread(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)result, (void)task;
	return pthread_equal(pthread_self(), *(pthread_t *)ctx) ? 0 : 1;
}

static void watch(void *ctx, const thrum_progress *p)
{
	struct watch *w = ctx;
	pthread_t self = pthread_self();
	w->after += w->finished;
	w->reports++;
	w->finished += p->finished;
	w->wrong += p->done < w->last.done;
	w->last = *p;
	/* A call made here is run by this thread alone. */
	w->wrong += thrum_map(NULL, 100, in_thread, &self, NULL, 0, NULL) != 0;
	if (w->cancel != NULL)
		thrum_cancel_set(w->cancel);
	while (atomic_load(&ran) < w->jobs)
		doze(1);
}

static int map(size_t n, struct plot plot, struct watch *w)
{
	return thrum_map(NULL, n, play, &plot, NULL, 0,
	                 THRUM_OPTS(.n_jobs = 2, .on_progress = watch,
	                            .on_progress_ctx = w, .cancel = w->cancel));
}

START_TEST(the_last_report_comes_once_and_last)
{
	const size_t jobs[] = { 0, 1, 200 };
	for (int i = 0; i < 3; i++) {
		struct watch w = { .jobs = 0 };
		ck_assert_int_eq(map(jobs[i], (struct plot){ .ms = 5 }, &w), 0);
		ck_assert_int_eq(w.finished, 1);
		ck_assert_int_eq(w.after + w.wrong, 0);
		ck_assert_uint_eq(w.last.done, jobs[i]);
		ck_assert_uint_eq(w.last.total, jobs[i]);
		ck_assert_uint_eq(w.last.failed, 0);
		ck_assert_double_eq(w.last.remaining_s, 0);
		ck_assert_int_eq(w.last.finished, 1);
	}
}
END_TEST

START_TEST(a_slow_callback_delays_the_end_only)
{
	struct watch w = { .jobs = 200 };
	atomic_store(&ran, 0);
	ck_assert_int_eq(map(200, (struct plot){ .ms = 3 }, &w), 0);
	ck_assert_int_eq(w.finished, 1);
	ck_assert_int_eq(w.after + w.wrong, 0);
	ck_assert_uint_eq(w.last.done, 200);
}
END_TEST

START_TEST(a_failure_is_reported_too)
{
	struct watch w = { .jobs = 0 };
	struct plot failure = { .ms = 1, .at = 10, .code = 7 };
	ck_assert_int_eq(map(100, failure, &w), 7);
	ck_assert_int_eq(w.finished, 1);
	ck_assert_uint_ge(w.last.failed, 1);
}
END_TEST

START_TEST(a_callback_can_cancel_its_call)
{
	thrum_cancel stop = { 0 };
	struct watch w = { .cancel = &stop };
	ck_assert_int_eq(map(1000000, (struct plot){ .ms = 5 }, &w),
	                 THRUM_ECANCELED);
	ck_assert_int_eq(w.finished, 1);
	ck_assert_uint_lt(w.last.done, 1000000);
}
END_TEST

#if !UNDER_TSAN
struct forker {
	bool forked;
	int finished;
	atomic_int child;
};

static void fork_once(void *ctx, const thrum_progress *p)
{
	struct forker *f = ctx;
	f->finished += p->finished;
	if (f->forked)
		return;
	f->forked = true;
	pid_t child = fork();
	if (child == 0) {
		pthread_t self = pthread_self();
		alarm(20);
		if (thrum_map(NULL, 100, in_thread, &self, NULL, 0, NULL))
			_exit(1);
		if (UNDER_ASAN) /* what other threads held is no leak here */
			_exit(0);
		return;
	}
	atomic_store(&f->child, (int)child);
}

static int until_forked(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct forker *f = ctx;
	(void)i, (void)result, (void)task;
	while (atomic_load(&f->child) == 0)
		doze(1);
	return 0;
}

/* The child is a copy of the thread that reports, and nothing else: it returns
 * from the callback, and with its only thread the process ends. */
START_TEST(a_callback_may_fork)
{
	struct forker f = { .finished = 0 };
	int status;
	/* No worker begins at the fork: see sanitizer.h. */
	ck_assert_int_ge(thrum_pool_warm(NULL, 2), 1);
	ck_assert_int_eq(thrum_map(NULL, 10, until_forked, &f, NULL, 0,
		THRUM_OPTS(.n_jobs = 2, .on_progress = fork_once,
		           .on_progress_ctx = &f)), 0);
	ck_assert_int_eq(f.finished, 1);
	ck_assert_int_gt(f.child, 0);
	ck_assert_int_eq((int)waitpid(f.child, &status, 0), f.child);
	ck_assert_int_eq(status, 0);
}
END_TEST
#endif

START_TEST(a_default_callback_is_not_called_where_none_is_wanted)
{
	struct plot plot = { .ms = 0 };
	struct watch w = { .jobs = 0 }, own = { .jobs = 0 };

	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(
		.on_progress = watch, .on_progress_ctx = &w), NULL), 0);
	ck_assert_int_eq(thrum_map(NULL, 10, play, &plot, NULL, 0,
	                           THRUM_OPTS(.verbose = -1)), 0);
	ck_assert_int_eq(w.reports, 0);
	ck_assert_int_eq(thrum_map(NULL, 10, play, &plot, NULL, 0,
	                           THRUM_OPTS(.verbose = -1,
	                                      .on_progress = watch,
	                                      .on_progress_ctx = &own)), 0);
	ck_assert_int_eq(own.finished, 1);
	ck_assert_int_eq(thrum_map(NULL, 10, play, &plot, NULL, 0, NULL), 0);
	ck_assert_int_eq(w.finished, 1);
	ck_assert_int_eq(thrum_set_defaults(NULL, NULL), 0);
}
END_TEST

static Suite *callback_suite(void)
{
	Suite *s = suite_create("callback");
	TCase *t = tcase_create("callbacks");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_last_report_comes_once_and_last);
	tcase_add_test(t, a_slow_callback_delays_the_end_only);
	tcase_add_test(t, a_failure_is_reported_too);
	tcase_add_test(t, a_callback_can_cancel_its_call);
	tcase_add_test(t, a_default_callback_is_not_called_where_none_is_wanted);
#if !UNDER_TSAN
	tcase_add_test(t, a_callback_may_fork);
#endif
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(callback_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
