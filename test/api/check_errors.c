/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_errors.c - how a call ends that does not end well, and what it says
 *
 * The bodies follow a plan: index i fails with plan[i], and notes that it ran.
 * Every law is read off that note, the report and the status after the call.
 */
#include "config.h"

#include "common.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

enum { N = 2000 };

struct plan {
	int code[N];
	atomic_int ran[N];
	bool tell;       /* by thrum_task_fail, where a range fails */
	uint64_t work;
};

static struct plan plan;

static void plan_clear(void)
{
	memset(&plan, 0, sizeof plan);
}

static int follow(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)result, (void)task;
	atomic_fetch_add(&plan.ran[i], 1);
	if (plan.work)
		spin(plan.work);
	return plan.code[i];
}

static int follow_range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	for (size_t i = begin; i < end; i++) {
		int code = follow(ctx, i, NULL, task);
		if (code)
			return plan.tell ? thrum_task_fail(task, i, code) : code;
	}
	return 0;
}

static int run(size_t n, thrum_opts o, bool map, thrum_report *r)
{
	memset(r, 0xff, sizeof *r);
	o.report = r;
	int rc = map ? thrum_map(NULL, n, follow, NULL, NULL, 0, &o)
	             : thrum_for(NULL, n, follow_range, NULL, &o);
	ck_assert_uint_eq(r->jobs, n);
	ck_assert_uint_eq(r->done + r->failed + r->skipped, n);
	ck_assert_int_le(r->workers, r->n_jobs);
	ck_assert(r->wall_s >= 0);
	if (r->failed) {
		ck_assert_int_eq(r->error_code, rc);
		ck_assert_uint_lt(r->error_index, n);
	} else {
		ck_assert_int_eq(r->error_code, 0);
		ck_assert_uint_eq(r->error_index, 0);
	}
	return rc;
}

static const int jobs[] = { 1, 2, 3, 4, 8 };
enum { JOBS = sizeof jobs / sizeof *jobs };

START_TEST(one_failure_anywhere_is_the_failure_reported)
{
	const size_t at[] = { 0, 1, N / 2, N - 2, N - 1 };
	const int codes[] = { 1, -5, INT_MAX, INT_MIN, THRUM_EINVAL,
		THRUM_ECANCELED, THRUM_ETIMEDOUT, THRUM_ESKIPPED, THRUM_END };
	thrum_report r;
	for (int j = 0; j < JOBS; j++)
		for (int a = 0; a < 5; a++)
			for (int c = 0; c < 9; c++)
				for (int map = 0; map < 2; map++) {
					plan_clear();
					plan.tell = true;
					plan.work = c % 2 ? 0 : 200;
					plan.code[at[a]] = codes[c];
					int rc = run(N, *THRUM_OPTS(.n_jobs = jobs[j]),
					             map, &r);
					ck_assert_int_eq(rc, codes[c]);
					ck_assert_uint_eq(r.failed, 1);
					ck_assert_uint_eq(r.error_index, at[a]);
				}
}
END_TEST

START_TEST(a_range_that_does_not_say_where_failed_at_its_first_index)
{
	thrum_report r;
	for (int j = 0; j < JOBS; j++)
		for (size_t at = 0; at < 100; at += 33) {
			plan_clear();
			plan.code[at] = 9;
			/* In ranges of 10, unless there are smaller ones. */
			int rc = run(100, *THRUM_OPTS(.n_jobs = jobs[j],
			                              .grain = 10), false, &r);
			ck_assert_int_eq(rc, 9);
			ck_assert_uint_eq(r.failed, 1);
			ck_assert_uint_le(r.error_index, at);
			ck_assert_uint_gt(r.error_index + 10, at);
		}
}
END_TEST

static int fail_outside(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)end;
	return thrum_task_fail(task, *(size_t *)ctx, begin == 5 ? 3 : 0);
}

START_TEST(an_index_outside_of_the_range_is_not_believed)
{
	const size_t outside[] = { 4, 6, 0, SIZE_MAX };
	for (int j = 0; j < JOBS; j++)
		for (int i = 0; i < 4; i++) {
			size_t at = outside[i];
			thrum_report r;
			ck_assert_int_eq(thrum_for(NULL, 10, fail_outside, &at,
			                           THRUM_OPTS(.n_jobs = jobs[j],
			                                      .grain = 1,
			                                      .report = &r)), 3);
			ck_assert_uint_eq(r.error_index, 5);
			ck_assert_uint_eq(r.failed, 1);
		}
	ck_assert_int_eq(thrum_task_fail(NULL, 3, 4), 4);
}
END_TEST

START_TEST(the_lowest_that_failed_among_those_that_ran_is_reported)
{
	thrum_random rnd = thrum_random_stream(test_seed(), 1);
	for (long round = rounds(2000, 50000); round > 0; round--) {
		thrum_report r;
		size_t lowest = N, ran = 0, failed = 0;
		unsigned density = 1 + thrum_random_below(&rnd, 400);
		plan_clear();
		plan.tell = true;
		plan.work = thrum_random_below(&rnd, 3) * 100;
		for (int i = 0; i < N; i++)
			if (thrum_random_below(&rnd, density) == 0)
				plan.code[i] = i + 1;
		bool map = thrum_random_below(&rnd, 2);
		int rc = run(N, *THRUM_OPTS(.n_jobs = 1 + (int)thrum_random_below(
			&rnd, 4)), map, &r);
		for (size_t i = 0; i < N; i++) {
			int times = atomic_load(&plan.ran[i]);
			HOLDS(times <= 1);
			ran += (size_t)times;
			if (!times || !plan.code[i])
				continue;
			failed++;
			if (lowest == N)
				lowest = i;
		}
		ck_assert_uint_eq(r.done + r.failed, ran);
		ck_assert_uint_eq(r.failed, failed);
		ck_assert_int_eq(rc, lowest == N ? 0 : (int)lowest + 1);
		if (lowest < N)
			ck_assert_uint_eq(r.error_index, lowest);
		else
			ck_assert_uint_eq(ran, N);
	}
}
END_TEST

START_TEST(keep_going_runs_all_and_keeps_every_code)
{
	static int status[N];
	thrum_report r;
	for (int j = 0; j < JOBS; j++)
		for (int map = 0; map < 2; map++)
			for (int every = 1; every < 300; every = every * 3 + 1) {
				uint64_t failed = 0;
				plan_clear();
				plan.tell = true;
				for (int i = 0; i < N; i += every)
					plan.code[i] = i % 7 ? -i : i + 1, failed++;
				memset(status, 0x33, sizeof status);
				int rc = run(N, *THRUM_OPTS(.n_jobs = jobs[j],
					.flags = THRUM_KEEP_GOING,
					.status = status), map, &r);
				ck_assert_int_eq(rc, 1); /* that of index 0 */
				ck_assert_uint_eq(r.failed, failed);
				ck_assert_uint_eq(r.skipped, 0);
				ck_assert_uint_eq(r.error_index, 0);
				for (int i = 0; i < N; i++) {
					HOLDS(status[i] == plan.code[i]);
					HOLDS(plan.ran[i] == 1);
				}
			}
}
END_TEST

START_TEST(the_status_tells_of_each_job_whether_it_ran)
{
	static int status[N];
	thrum_report r;
	for (int j = 0; j < JOBS; j++)
		for (size_t at = 0; at < N; at += 399) {
			uint64_t done = 0, skipped = 0, failed = 0;
			plan_clear();
			plan.code[at] = 6;
			memset(status, 0x33, sizeof status);
			ck_assert_int_eq(run(N, *THRUM_OPTS(.n_jobs = jobs[j],
				.status = status), true, &r), 6);
			for (size_t i = 0; i < N; i++) {
				int ran = atomic_load(&plan.ran[i]);
				HOLDS(status[i] == (ran ? plan.code[i]
				                        : THRUM_ESKIPPED));
				done += status[i] == 0;
				failed += status[i] == 6;
				skipped += status[i] == THRUM_ESKIPPED;
			}
			ck_assert_uint_eq(r.done, done);
			ck_assert_uint_eq(r.failed, failed);
			ck_assert_uint_eq(r.skipped, skipped);
			if (jobs[j] == 1)
				ck_assert_uint_eq(done, at);
		}
}
END_TEST

/* Cancel */

struct canceller {
	thrum_cancel stop;
	size_t at;
	atomic_int ran;
	bool obey; /* wait until told, and give up */
	atomic_int gave_up;
	bool by_signal;
};

static thrum_cancel *for_handler;
static atomic_int handled;

static void on_signal(int number)
{
	(void)number;
	thrum_cancel_set(for_handler);
	atomic_store(&handled, thrum_cancel_is_set(for_handler));
}

static int cancel_at(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct canceller *c = ctx;
	(void)result;
	atomic_fetch_add(&c->ran, 1);
	if (i == c->at && c->by_signal)
		kill(getpid(), SIGUSR1);
	else if (i == c->at)
		thrum_cancel_set(&c->stop);
	if (i != c->at && c->by_signal)
		doze(1);
	if (!c->obey)
		return 0;
	while (!thrum_task_cancelled(task))
		doze(1);
	atomic_fetch_add(&c->gave_up, 1);
	return i % 2 ? THRUM_ECANCELED : THRUM_ETIMEDOUT;
}

START_TEST(a_token_that_is_set_before_lets_nothing_run)
{
	for (int j = 0; j < JOBS; j++)
		for (size_t n = 0; n < 3000; n = n * 3 + 1) {
			struct canceller c = { .at = SIZE_MAX };
			thrum_report r;
			const thrum_opts *o = THRUM_OPTS(.n_jobs = jobs[j],
				.cancel = &c.stop, .report = &r);
			thrum_cancel_set(&c.stop);
			int rc = thrum_map(NULL, n, cancel_at, &c, NULL, 0, o);
			/* Of nothing all is done. */
			ck_assert_int_eq(rc, n ? THRUM_ECANCELED : 0);
			ck_assert_int_eq(atomic_load(&c.ran), 0);
			ck_assert_uint_eq(r.skipped, n);
			ck_assert_int_eq(r.error_code, 0);
			thrum_cancel_clear(&c.stop);
			ck_assert_int_eq(thrum_cancel_is_set(&c.stop), 0);
			ck_assert_int_eq(thrum_map(NULL, n, cancel_at, &c, NULL,
			                           0, o), 0);
		}
}
END_TEST

START_TEST(a_token_that_is_set_during_a_call_ends_it)
{
	for (int j = 0; j < JOBS; j++)
		for (int i = 0; i < 50; i++) {
			struct canceller c = { .at = 0, .obey = i % 2 };
			thrum_report r;
			ck_assert_int_eq(thrum_map(NULL, SIZE_MAX, cancel_at,
				&c, NULL, 0, THRUM_OPTS(.n_jobs = jobs[j],
					.cancel = &c.stop, .report = &r)),
				THRUM_ECANCELED);
			ck_assert_uint_eq(r.failed, 0);
			ck_assert_uint_eq(r.done + (uint64_t)c.gave_up,
			                  (uint64_t)c.ran);
			ck_assert_uint_eq(r.done + r.skipped, SIZE_MAX);
		}
}
END_TEST

START_TEST(a_token_that_is_set_by_the_last_job_is_too_late)
{
	for (size_t n = 1; n < 3000; n = n * 3 + 1) {
		struct canceller c = { .at = n - 1 };
		thrum_report r;
		ck_assert_int_eq(thrum_map(NULL, n, cancel_at, &c, NULL, 0,
			THRUM_OPTS(.n_jobs = 1, .cancel = &c.stop,
			           .report = &r)), 0);
		ck_assert_uint_eq(r.done, n);
		ck_assert_int_eq(thrum_cancel_is_set(&c.stop), 1);
	}
}
END_TEST

START_TEST(a_signal_handler_may_set_a_token)
{
	struct sigaction act = { .sa_handler = on_signal }, old;
	sigaction(SIGUSR1, &act, &old);
	for (int j = 0; j < JOBS; j++) {
		struct canceller c = { .at = 10, .by_signal = true };
		for_handler = &c.stop;
		ck_assert_int_eq(thrum_map(NULL, 1000000, cancel_at, &c, NULL,
			0, THRUM_OPTS(.n_jobs = jobs[j], .cancel = &c.stop)),
			THRUM_ECANCELED);
		ck_assert_int_eq(atomic_load(&handled), 1);
	}
	sigaction(SIGUSR1, &old, NULL);
}
END_TEST

/* Deadlines */

START_TEST(a_deadline_that_has_passed_lets_nothing_run)
{
	thrum_report r;
	for (int j = 0; j < JOBS; j++)
		for (int map = 0; map < 2; map++) {
			plan_clear();
			ck_assert_int_eq(run(N, *THRUM_OPTS(.n_jobs = jobs[j],
				.timeout_s = 1e-9), map, &r), THRUM_ETIMEDOUT);
			ck_assert_uint_eq(r.skipped, N);
		}
}
END_TEST

static int slowly(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)result, (void)task;
	atomic_fetch_add((atomic_int *)ctx, 1);
	doze(1);
	return 0;
}

START_TEST(a_deadline_that_passes_during_a_call_ends_it)
{
	for (int j = 0; j < JOBS; j++) {
		atomic_int ran = 0;
		thrum_report r;
		ck_assert_int_eq(thrum_map(NULL, 10000000, slowly, &ran, NULL,
			0, THRUM_OPTS(.n_jobs = jobs[j], .timeout_s = 0.02,
			              .report = &r)), THRUM_ETIMEDOUT);
		ck_assert_uint_eq(r.done, (uint64_t)ran);
		ck_assert_uint_eq(r.done + r.skipped, 10000000);
	}
}
END_TEST

/* Nested */

struct nest {
	thrum_cancel outer, inner;
	atomic_int inner_codes, others, want;
	bool hand_on;
	double timeout_s;
	int code;
};

static int leaf(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct nest *nest = ctx;
	(void)i, (void)result, (void)task;
	doze(1);
	return nest->code;
}

static int nested(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct nest *nest = ctx;
	(void)result, (void)task;
	if (i == 3)
		thrum_cancel_set(&nest->outer);
	int rc = thrum_map(NULL, nest->code ? 10 : 1000000, leaf, nest, NULL, 0,
	                   THRUM_OPTS(.cancel = &nest->inner,
	                              .timeout_s = nest->timeout_s));
	if (rc == atomic_load(&nest->want))
		atomic_fetch_add(&nest->inner_codes, 1);
	else
		atomic_fetch_add(&nest->others, 1);
	return nest->hand_on ? rc : 0;
}

START_TEST(the_end_of_a_call_ends_those_in_its_bodies)
{
	for (int j = 0; j < JOBS; j++)
		for (int hand_on = 0; hand_on < 2; hand_on++) {
			struct nest nest = { .want = THRUM_ECANCELED,
			                     .hand_on = hand_on };
			thrum_report r;
			/* Without an end from outside this would take hours. */
			int rc = thrum_map(NULL, 4, nested, &nest, NULL, 0,
				THRUM_OPTS(.n_jobs = jobs[j], .report = &r,
				           .cancel = &nest.outer,
				           .timeout_s = 0.05));
			ck_assert_uint_eq(r.failed, 0);
			ck_assert_uint_eq(r.done + r.skipped, 4);
			if (hand_on) /* gave up: not run */
				ck_assert_uint_eq(r.done, 0);
			if (r.skipped == 0)
				ck_assert_int_eq(rc, 0);
			else
				ck_assert(rc == THRUM_ECANCELED
				          || rc == THRUM_ETIMEDOUT);
			ck_assert_int_eq(nest.others, 0);
			ck_assert_int_ge(nest.inner_codes, 1);
		}
}
END_TEST

START_TEST(an_inner_end_is_the_bodies_affair)
{
	for (int j = 0; j < JOBS; j++)
		for (int hand_on = 0; hand_on < 2; hand_on++) {
			struct nest late = { .want = THRUM_ETIMEDOUT,
				.timeout_s = 0.002, .hand_on = hand_on };
			struct nest set = { .want = THRUM_ECANCELED,
				.hand_on = hand_on };
			thrum_cancel_set(&set.inner);
			const thrum_opts *o = THRUM_OPTS(.n_jobs = jobs[j]);
			ck_assert_int_eq(thrum_map(NULL, 8, nested, &late, NULL,
				0, o), hand_on ? THRUM_ETIMEDOUT : 0);
			ck_assert_int_eq(thrum_map(NULL, 8, nested, &set, NULL,
				0, o), hand_on ? THRUM_ECANCELED : 0);
			ck_assert_int_eq(set.others, 0);
			if (!hand_on)
				ck_assert_int_eq(late.inner_codes, 8);
		}
}
END_TEST

START_TEST(an_error_in_a_nested_call_is_handed_through)
{
	for (int j = 0; j < JOBS; j++)
		for (int code = -3; code < 4; code += 2) {
			struct nest nest = { .want = code, .hand_on = true,
			                     .code = code };
			thrum_report r;
			ck_assert_int_eq(thrum_map(NULL, 20, nested, &nest, NULL,
				0, THRUM_OPTS(.n_jobs = jobs[j],
				              .report = &r)), code);
			ck_assert_int_eq(r.error_code, code);
			ck_assert_uint_ge(r.failed, 1);
		}
}
END_TEST

/* errno */

static int soil(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)result, (void)task;
	errno = 99;
	return *(int *)ctx;
}

static int soil_part(void *ctx, thrum_task *task)
{
	return soil(ctx, 0, NULL, task);
}

static int soil_range(void *ctx, size_t begin, size_t end, void *partial,
                      thrum_task *task)
{
	(void)end, (void)partial;
	return soil(ctx, begin, NULL, task);
}

static int soil_next(void *ctx, void *item)
{
	(void)item;
	return soil(ctx, 0, NULL, NULL) ? 7 : THRUM_END;
}

START_TEST(errno_is_unchanged_by_a_call)
{
	double sum = 0;
	int k, cpu[4];
	thrum_pool *pool;
	ck_assert_int_eq(thrum_shutdown(), 0); /* first use counts too */
	for (int code = 0; code < 2; code++)
		for (int j = 0; j < JOBS; j++) {
			const thrum_opts *o = THRUM_OPTS(.n_jobs = jobs[j]);
			errno = 1234;
			(void)thrum_map(NULL, 100, soil, &code, NULL, 0, o);
			ck_assert_int_eq(errno, 1234);
			(void)thrum_reduce(NULL, 100, soil_range,
			                   thrum_add_double, &code, &sum,
			                   sizeof sum, o);
			ck_assert_int_eq(errno, 1234);
			(void)thrum_run(NULL, soil_part, &code, o);
			ck_assert_int_eq(errno, 1234);
			(void)thrum_each(NULL, soil_part, &code, o);
			ck_assert_int_eq(errno, 1234);
			(void)thrum_stream(NULL, 8, soil_next, NULL, NULL, NULL,
			                   &code, o);
			ck_assert_int_eq(errno, 1234);
			(void)thrum_for(NULL, 1, NULL, NULL, o);
			(void)thrum_n_jobs_parse("nonsense", &k);
			(void)thrum_pool_cpus(NULL, jobs[j], cpu, 4);
			(void)thrum_pool_warm(NULL, jobs[j]);
			(void)thrum_pool_create(&pool, THRUM_POOL_OPTS(
				.n_jobs = jobs[j]));
			(void)thrum_pool_warm(pool, 0);
			(void)thrum_pool_destroy(pool);
			(void)thrum_set_defaults(NULL, NULL);
			ck_assert_int_eq(errno, 1234);
			(void)thrum_shutdown();
			ck_assert_int_eq(errno, 1234);
			(void)thrum_cpu_count();
			ck_assert_int_eq(errno, 1234);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("errors");
	TCase *c = tcase_create("failure");
	tcase_add_test(c, one_failure_anywhere_is_the_failure_reported);
	tcase_add_test(c, a_range_that_does_not_say_where_failed_at_its_first_index);
	tcase_add_test(c, an_index_outside_of_the_range_is_not_believed);
	tcase_add_test(c, the_lowest_that_failed_among_those_that_ran_is_reported);
	tcase_add_test(c, keep_going_runs_all_and_keeps_every_code);
	tcase_add_test(c, the_status_tells_of_each_job_whether_it_ran);
	add_test(s, c);
	c = tcase_create("end");
	tcase_add_test(c, a_token_that_is_set_before_lets_nothing_run);
	tcase_add_test(c, a_token_that_is_set_during_a_call_ends_it);
	tcase_add_test(c, a_token_that_is_set_by_the_last_job_is_too_late);
	tcase_add_test(c, a_signal_handler_may_set_a_token);
	tcase_add_test(c, a_deadline_that_has_passed_lets_nothing_run);
	tcase_add_test(c, a_deadline_that_passes_during_a_call_ends_it);
	add_test(s, c);
	c = tcase_create("nested");
	tcase_add_test(c, the_end_of_a_call_ends_those_in_its_bodies);
	tcase_add_test(c, an_inner_end_is_the_bodies_affair);
	tcase_add_test(c, an_error_in_a_nested_call_is_handed_through);
	add_test(s, c);
	c = tcase_create("errno");
	tcase_add_test(c, errno_is_unchanged_by_a_call);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
