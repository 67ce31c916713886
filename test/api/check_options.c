/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_options.c - what a call refuses it does not run, and says so
 *
 * All calls are made through one table, so that each law holds for each. Every
 * body counts; a call that is refused must have counted nothing.
 */
#include "config.h"

#include "common.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

enum { N = 10 };

static atomic_int ran;

static int range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx, (void)begin, (void)end, (void)task;
	atomic_fetch_add(&ran, 1);
	return 0;
}

static int each(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)result;
	return range(ctx, 0, 1, task);
}

static int leaf(void *ctx, size_t begin, size_t end, void *partial,
                thrum_task *task)
{
	(void)partial;
	return range(ctx, begin, end, task);
}

static int next(void *ctx, void *item)
{
	int *left = ctx;
	(void)item;
	atomic_fetch_add(&ran, 1);
	return (*left)-- > 0 ? 0 : THRUM_END;
}

static int part(void *ctx, thrum_task *task)
{
	return range(ctx, 0, 1, task);
}

static int call_for(const thrum_opts *o)
{
	return thrum_for(NULL, N, range, NULL, o);
}

static int call_map(const thrum_opts *o)
{
	return thrum_map(NULL, N, each, NULL, NULL, 0, o);
}

static int call_reduce(const thrum_opts *o)
{
	double sum = 0;
	return thrum_reduce(NULL, N, leaf, thrum_add_double, NULL, &sum,
	                    sizeof sum, o);
}

static int call_stream(const thrum_opts *o)
{
	int left = N;
	return thrum_stream(NULL, 8, next, NULL, NULL, NULL, &left, o);
}

static int call_run(const thrum_opts *o)
{
	return thrum_run(NULL, part, NULL, o);
}

static int call_each(const thrum_opts *o)
{
	return thrum_each(NULL, part, NULL, o);
}

enum { FOR = 1, MAP = 2, REDUCE = 4, STREAM = 8, RUN = 16, EACH = 32, ALL = 63 };

static const struct call {
	const char *name;
	unsigned bit;
	int (*make)(const thrum_opts *);
	uint64_t jobs; /* known before it runs */
} calls[] = {
	{ "for", FOR, call_for, N },    { "map", MAP, call_map, N },
	{ "reduce", REDUCE, call_reduce, N },
	{ "stream", STREAM, call_stream, 0 },
	{ "run", RUN, call_run, 1 },    { "each", EACH, call_each, 0 },
};
enum { CALLS = sizeof calls / sizeof *calls };

/* @p o with another size than the macro gives. */
static thrum_opts sized(size_t size, size_t report_size, thrum_opts o)
{
	o.size = size;
	o.report_size = report_size;
	return o;
}

static void assert_refused(const struct call *c, const thrum_opts *o, int want)
{
	atomic_store(&ran, 0);
	int rc = c->make(o);
	ck_assert_msg(rc == want && atomic_load(&ran) == 0,
	              "%s: %d, not %d, and ran %d", c->name, rc, want,
	              atomic_load(&ran));
}

static void assert_taken(const struct call *c, const thrum_opts *o)
{
	atomic_store(&ran, 0);
	int rc = c->make(o);
	ck_assert_msg(rc == 0 && atomic_load(&ran) > 0, "%s: %d, and ran %d",
	              c->name, rc, atomic_load(&ran));
}

START_TEST(options_all_zero_but_size_are_the_defaults)
{
	thrum_opts o;
	memset(&o, 0, sizeof o);
	o.size = sizeof o;
	for (int i = 0; i < CALLS; i++) {
		assert_taken(&calls[i], &o);
		assert_taken(&calls[i], THRUM_OPTS(0));
		assert_taken(&calls[i], NULL);
	}
}
END_TEST

START_TEST(a_size_that_is_too_small_is_refused)
{
	const size_t sizes[] = { 0, 1, sizeof(size_t), sizeof(thrum_opts) - 1 };
	for (int i = 0; i < CALLS; i++)
		for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
			thrum_opts o = sized(sizes[j], sizeof(thrum_report),
			                     *THRUM_OPTS(0));
			assert_refused(&calls[i], &o, THRUM_EINVAL);
		}
}
END_TEST

/* The options of a thrum that is newer by 24 bytes. */
struct newer {
	thrum_opts known;
	char tail[24];
};

START_TEST(a_larger_size_is_taken_if_the_tail_is_zero)
{
	struct newer o;
	for (int i = 0; i < CALLS; i++)
		for (size_t more = 0; more <= sizeof o.tail; more++) {
			memset(&o, 0, sizeof o);
			o.known.size = sizeof o.known + more;
			o.known.report_size = sizeof(thrum_report);
			/* Past the size anything may be. */
			memset(o.tail + more, 0xff, sizeof o.tail - more);
			assert_taken(&calls[i], &o.known);
			if (more == 0)
				continue;
			o.tail[more - 1] = 1;
			assert_refused(&calls[i], &o.known, THRUM_E2BIG);
			o.tail[more - 1] = 0;
			o.tail[0] = 1;
			assert_refused(&calls[i], &o.known, THRUM_E2BIG);
		}
}
END_TEST

START_TEST(values_that_mean_nothing_are_refused)
{
	const thrum_opts bad[] = {
		*THRUM_OPTS(.flags = 0x8u), *THRUM_OPTS(.flags = 0x80000000u),
		*THRUM_OPTS(.flags = ~0u),
		*THRUM_OPTS(.timeout_s = -1), *THRUM_OPTS(.timeout_s = -1e-300),
		*THRUM_OPTS(.timeout_s = -INFINITY),
		*THRUM_OPTS(.timeout_s = NAN), *THRUM_OPTS(.timeout_s = -NAN),
		*THRUM_OPTS(.progress = -1),
		*THRUM_OPTS(.progress = THRUM_PROGRESS_OFF + 1),
		*THRUM_OPTS(.progress = 1000000),
	};
	for (int i = 0; i < CALLS; i++)
		for (size_t j = 0; j < sizeof bad / sizeof *bad; j++)
			assert_refused(&calls[i], &bad[j], THRUM_EINVAL);
}
END_TEST

static void on_progress(void *ctx, const thrum_progress *p)
{
	(void)ctx, (void)p;
}

START_TEST(an_option_that_a_call_does_not_take_must_be_zero)
{
	static int status[N];
	static thrum_cancel cancel;
	const struct {
		unsigned takers;
		thrum_opts o;
	} row[] = {
		{ ALL, *THRUM_OPTS(.n_jobs = 2) },
		{ FOR | MAP | REDUCE, *THRUM_OPTS(.grain = 3) },
		{ STREAM, *THRUM_OPTS(.pre_dispatch = 3) },
		{ STREAM, *THRUM_OPTS(.total = 3) },
		{ FOR | MAP, *THRUM_OPTS(.status = status) },
		{ FOR | MAP | STREAM, *THRUM_OPTS(.flags = THRUM_KEEP_GOING) },
		{ REDUCE | STREAM, *THRUM_OPTS(.flags = THRUM_UNORDERED) },
		{ FOR | MAP, *THRUM_OPTS(.flags = THRUM_LAST_FIRST) },
		{ FOR | MAP, *THRUM_OPTS(.flags = THRUM_LAST_FIRST
		                                  | THRUM_KEEP_GOING) },
		{ STREAM, *THRUM_OPTS(.flags = THRUM_UNORDERED
		                               | THRUM_KEEP_GOING) },
		{ ALL & ~EACH, *THRUM_OPTS(.timeout_s = 1000) },
		{ ALL & ~EACH, *THRUM_OPTS(.timeout_s = INFINITY) },
		{ ALL & ~EACH, *THRUM_OPTS(.cancel = &cancel) },
		{ ALL & ~EACH, *THRUM_OPTS(.verbose = -1) },
		{ ALL & ~EACH, *THRUM_OPTS(.progress = THRUM_PROGRESS_OFF) },
		{ ALL & ~EACH, *THRUM_OPTS(.on_progress = on_progress) },
	};
	for (int i = 0; i < CALLS; i++)
		for (size_t j = 0; j < sizeof row / sizeof *row; j++)
			if (row[j].takers & calls[i].bit)
				assert_taken(&calls[i], &row[j].o);
			else
				assert_refused(&calls[i], &row[j].o,
				               THRUM_EINVAL);
}
END_TEST

START_TEST(arguments_that_mean_nothing_are_refused)
{
	double sum = 0;
	int left = N, x[N], cpu[2];
	atomic_store(&ran, 0);
	ck_assert_int_eq(thrum_for(NULL, N, NULL, NULL, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_map(NULL, N, NULL, NULL, x, sizeof *x, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_map(NULL, N, each, NULL, NULL, 4, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_reduce(NULL, N, NULL, thrum_add_double, NULL,
	                              &sum, sizeof sum, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_reduce(NULL, N, leaf, NULL, NULL, &sum,
	                              sizeof sum, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_reduce(NULL, N, leaf, thrum_add_double, NULL,
	                              NULL, sizeof sum, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_reduce(NULL, N, leaf, thrum_add_double, NULL,
	                              &sum, 0, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_stream(NULL, 0, next, NULL, NULL, NULL, &left,
	                              NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_stream(NULL, 8, NULL, NULL, NULL, NULL, &left,
	                              NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_run(NULL, NULL, NULL, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_each(NULL, NULL, NULL, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_pool_cpus(NULL, 0, NULL, 2), THRUM_EINVAL);
	ck_assert_int_eq(thrum_pool_cpus(NULL, 0, cpu, -1), THRUM_EINVAL);
	ck_assert_int_eq(atomic_load(&ran), 0);
}
END_TEST

START_TEST(a_product_past_size_max_is_refused)
{
	thrum_report r;
	int left = N, x;
	atomic_store(&ran, 0);
	ck_assert_int_eq(thrum_map(NULL, SIZE_MAX / 2 + 1, each, NULL, &x, 2,
	                           THRUM_OPTS(.report = &r)), THRUM_EOVERFLOW);
	ck_assert_uint_eq(r.skipped, SIZE_MAX / 2 + 1);
	ck_assert_int_eq(thrum_map(NULL, 2, each, NULL, &x, SIZE_MAX, NULL),
	                 THRUM_EOVERFLOW);
	ck_assert_int_eq(thrum_stream(NULL, SIZE_MAX / 4, next, NULL, NULL,
	                              NULL, &left,
	                              THRUM_OPTS(.pre_dispatch = 8)),
	                 THRUM_EOVERFLOW);
	ck_assert_int_eq(thrum_stream(NULL, 1024, next, NULL, NULL, NULL, &left,
	                              THRUM_OPTS(.pre_dispatch = SIZE_MAX - 1)),
	                 THRUM_EOVERFLOW);
	ck_assert_int_eq(thrum_stream(NULL, SIZE_MAX, next, NULL, NULL, NULL,
	                              &left, NULL), THRUM_EOVERFLOW);
	ck_assert_int_eq(atomic_load(&ran), 0);
}
END_TEST

START_TEST(the_report_of_a_refused_call_says_that_all_was_skipped)
{
	struct {
		thrum_report known;
		char tail[40];
	} r;
	const thrum_report *p = &r.known;
	for (int i = 0; i < CALLS; i++)
		for (int newer = 0; newer < 2; newer++) {
			struct newer o = { .known = sized(
				sizeof o.known, sizeof r, *THRUM_OPTS(
				.flags = 0x100, .report = &r.known)) };
			if (newer) {
				o.known.size = sizeof o;
				o.known.flags = 0;
				o.tail[3] = 1;
			}
			memset(&r, 0xff, sizeof r);
			assert_refused(&calls[i], &o.known,
			               newer ? THRUM_E2BIG : THRUM_EINVAL);
			thrum_report want;
			memset(&want, 0, sizeof want);
			want.jobs = want.skipped = calls[i].jobs;
			ck_assert_mem_eq(p, &want, sizeof want);
			for (size_t k = 0; k < sizeof r.tail; k++)
				ck_assert_int_eq(r.tail[k], 0);
		}
	thrum_report small;
	memset(&small, 0x5a, sizeof small);
	for (size_t less = 8; less <= sizeof small; less += sizeof small - 8) {
		thrum_opts o = sized(sizeof o, sizeof small - less,
		                     *THRUM_OPTS(.report = &small));
		assert_refused(&calls[0], &o, THRUM_EINVAL);
	}
	for (size_t k = 0; k < sizeof small; k++)
		ck_assert_int_eq(((unsigned char *)&small)[k], 0x5a);
}
END_TEST

START_TEST(pools_refuse_as_calls_do)
{
	struct {
		thrum_pool_opts known;
		char tail[8];
	} o = { .known = *THRUM_POOL_OPTS(.n_jobs = 2) };
	thrum_pool *p = (thrum_pool *)&o;
	ck_assert_int_eq(thrum_pool_create(NULL, NULL), THRUM_EINVAL);
	o.known.size = 0;
	ck_assert_int_eq(thrum_pool_create(&p, &o.known), THRUM_EINVAL);
	ck_assert_ptr_null(p);
	const int binds[] = { -1, 4, 99 };
	for (int i = 0; i < 3; i++) {
		p = (thrum_pool *)&o;
		ck_assert_int_eq(thrum_pool_create(
			&p, THRUM_POOL_OPTS(.bind = binds[i])), THRUM_EINVAL);
		ck_assert_ptr_null(p);
	}
	o.known.size = sizeof o;
	ck_assert_int_eq(thrum_pool_create(&p, &o.known), 0);
	ck_assert_int_eq(thrum_pool_destroy(p), 0);
	o.tail[7] = 1;
	ck_assert_int_eq(thrum_pool_create(&p, &o.known), THRUM_E2BIG);
	ck_assert_ptr_null(p);
	ck_assert_int_eq(thrum_pool_destroy(NULL), 0);
}
END_TEST

/* Defaults */

START_TEST(defaults_are_what_zero_means_until_put_back)
{
	thrum_opts old = *THRUM_OPTS();
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.n_jobs = 3,
	                                               .pre_dispatch = 5),
	                                    NULL), 0);
	ck_assert_int_eq(thrum_effective_n_jobs(NULL, 0), 3);
	ck_assert_int_eq(thrum_effective_n_jobs(NULL, 2), 2);
	for (int i = 0; i < CALLS; i++) {
		thrum_report r;
		assert_taken(&calls[i], THRUM_OPTS(.report = &r));
		ck_assert_int_eq(r.n_jobs, 3);
	}
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.n_jobs = 4), &old), 0);
	ck_assert_int_eq(old.n_jobs, 3);
	ck_assert_uint_eq(old.pre_dispatch, 5);
	ck_assert_uint_eq(old.size, sizeof old);
	ck_assert_int_eq(thrum_effective_n_jobs(NULL, 0), 4);
	ck_assert_int_eq(thrum_set_defaults(&old, NULL), 0);
	ck_assert_int_eq(thrum_effective_n_jobs(NULL, 0), 3);
	ck_assert_int_eq(thrum_set_defaults(NULL, &old), 0);
	ck_assert_int_eq(old.n_jobs, 3);
	ck_assert_int_eq(thrum_effective_n_jobs(NULL, 0), thrum_cpu_count());
}
END_TEST

START_TEST(defaults_that_are_refused_change_nothing)
{
	static int status[N];
	static thrum_report report;
	struct newer o = { .known = sized(sizeof o, sizeof report,
	                                  *THRUM_OPTS(.n_jobs = 1)) };
	const thrum_opts bad[] = {
		*THRUM_OPTS(.n_jobs = 1, .grain = 1),
		*THRUM_OPTS(.n_jobs = 1, .flags = THRUM_KEEP_GOING),
		*THRUM_OPTS(.n_jobs = 1, .total = 1),
		*THRUM_OPTS(.n_jobs = 1, .status = status),
		*THRUM_OPTS(.n_jobs = 1, .report = &report),
		*THRUM_OPTS(.n_jobs = 1, .timeout_s = NAN),
		*THRUM_OPTS(.n_jobs = 1, .timeout_s = -1),
		*THRUM_OPTS(.n_jobs = 1, .progress = 77),
		sized(8, sizeof report, *THRUM_OPTS(.n_jobs = 1)),
	};
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.n_jobs = 3), NULL), 0);
	for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
		ck_assert_int_eq(thrum_set_defaults(&bad[j], NULL),
		                 THRUM_EINVAL);
		ck_assert_int_eq(thrum_effective_n_jobs(NULL, 0), 3);
	}
	o.tail[0] = 1;
	ck_assert_int_eq(thrum_set_defaults(&o.known, NULL), THRUM_E2BIG);
	ck_assert_int_eq(thrum_effective_n_jobs(NULL, 0), 3);
	ck_assert_int_eq(thrum_set_defaults(NULL, NULL), 0);
}
END_TEST

static int workers_here(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i;
	*(int *)result = thrum_effective_n_jobs(NULL, 0) * 100
	                 + thrum_task_n_jobs(task);
	return 0;
}

START_TEST(defaults_do_not_reach_into_bodies)
{
	int found[64];
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.n_jobs = 1), NULL), 0);
	ck_assert_int_eq(thrum_map(NULL, 64, workers_here, NULL, found,
	                           sizeof *found, THRUM_OPTS(.n_jobs = 2)), 0);
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(found[i], 202);
	ck_assert_int_eq(thrum_set_defaults(NULL, NULL), 0);
}
END_TEST

static void *another_thread(void *found)
{
	*(int *)found = thrum_effective_n_jobs(NULL, 0);
	return NULL;
}

START_TEST(defaults_are_those_of_a_thread)
{
	pthread_t t;
	int found = 0;
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.n_jobs = 7), NULL), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, another_thread, &found), 0);
	pthread_join(t, NULL);
	ck_assert_int_eq(found, thrum_cpu_count());
	ck_assert_int_eq(thrum_set_defaults(NULL, NULL), 0);
}
END_TEST

START_TEST(a_default_token_and_deadline_end_calls)
{
	thrum_cancel stop = { 0 };
	thrum_cancel_set(&stop);
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.cancel = &stop), NULL),
	                 0);
	for (int i = 0; i < CALLS; i++)
		if (calls[i].bit == EACH) /* takes no token */
			assert_taken(&calls[i], NULL);
		else
			ck_assert_int_eq(calls[i].make(NULL), THRUM_ECANCELED);
	ck_assert_int_eq(thrum_set_defaults(THRUM_OPTS(.timeout_s = 1e-9),
	                                    NULL), 0);
	for (int i = 0; i < CALLS; i++)
		if (calls[i].bit != EACH)
			ck_assert_int_eq(calls[i].make(NULL), THRUM_ETIMEDOUT);
	ck_assert_int_eq(thrum_set_defaults(NULL, NULL), 0);
}
END_TEST

/* Texts */

START_TEST(n_jobs_is_read_as_people_write_it)
{
	int cores = thrum_cpu_count(), k;
	const struct {
		const char *text;
		int want; /* 0: refused */
	} row[] = {
		{ "4", 4 }, { "1", 1 }, { "-1", -1 }, { "-2", -2 },
		{ "all", -1 }, { " 3 ", 3 }, { "\t3\n", 3 }, { "+3", 3 },
		{ "io", THRUM_JOBS_IO }, { "1.5x", (3 * cores + 1) / 2 },
		{ "2x", 2 * cores }, { "50%", (cores + 1) / 2 },
		{ "100%", cores }, { "0.001x", 1 }, { "", 0 }, { " ", 0 },
		{ "0", 0 }, { "-0", 0 }, { "x", 0 }, { "%", 0 }, { "1.5", 0 },
		{ "4 4", 0 }, { "4,4", 0 }, { "0x", 0 }, { "0%", 0 },
		{ "nan", 0 }, { "nanx", 0 }, { "infx", 0 }, { "-1x", 0 },
		{ "99999999999999999999", 0 }, { "1e400x", 0 },
		{ "allx", 0 }, { "--1", 0 }, { "0x10", 0 }, { NULL, 0 },
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		const char *text = row[i].text ? row[i].text : "NULL";
		if (row[i].text && strcmp(row[i].text, "+3") == 0)
			continue; /* either will do */
		k = 12345;
		int rc = thrum_n_jobs_parse(row[i].text, &k);
		int want = row[i].want ? row[i].want : 12345;
		ck_assert_msg(rc == (row[i].want ? 0 : THRUM_EINVAL)
		              && k == want, "'%s': %d, %d", text, rc, k);
	}
	ck_assert_int_eq(thrum_n_jobs_parse("4", NULL), THRUM_EINVAL);
}
END_TEST

START_TEST(pre_dispatch_is_read_as_people_write_it)
{
	const struct {
		const char *text;
		int n_jobs;
		size_t want; /* 0: refused */
	} row[] = {
		{ "all", 3, THRUM_ALL }, { "8", 3, 8 }, { "1", 3, 1 },
		{ "n_jobs", 3, 3 }, { "n_jobs", 1, 1 }, { "2*n_jobs", 3, 6 },
		{ "1.5*n_jobs", 3, 5 }, { "1.5*n_jobs", 4, 6 },
		{ "0.1*n_jobs", 3, 1 }, { " 2*n_jobs ", 3, 6 },
		{ " all ", 3, THRUM_ALL }, { "2 * n_jobs", 3, 6 },
		{ "", 3, 0 }, { " ", 3, 0 }, { "0", 3, 0 }, { "-1", 3, 0 },
		{ "-2*n_jobs", 3, 0 }, { "0*n_jobs", 3, 0 }, { "1.5", 3, 0 },
		{ "2*", 3, 0 }, { "*n_jobs", 3, 0 }, { "n_jobs*2*2", 3, 0 },
		{ "2*n_jobsx", 3, 0 }, { "2n_jobs", 3, 0 }, { "2**n_jobs", 3, 0 },
		{ "all*n_jobs", 3, 0 }, { "nan*n_jobs", 3, 0 },
		{ "99999999999999999999999", 3, 0 }, { NULL, 3, 0 },
	};
	size_t k;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		k = 12345;
		int rc = thrum_pre_dispatch_parse(row[i].text, row[i].n_jobs,
		                                  &k);
		size_t want = row[i].want ? row[i].want : 12345;
		ck_assert_msg(rc == (row[i].want ? 0 : THRUM_EINVAL)
		              && k == want, "'%s': %d, %zu",
		              row[i].text ? row[i].text : "NULL", rc, k);
	}
	ck_assert_int_eq(thrum_pre_dispatch_parse("4", 1, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_pre_dispatch_parse("3*n_jobs", -1, &k), 0);
	ck_assert_uint_eq(k, 3 * (size_t)thrum_cpu_count());
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *c = tcase_create("calls");
	tcase_add_test(c, options_all_zero_but_size_are_the_defaults);
	tcase_add_test(c, a_size_that_is_too_small_is_refused);
	tcase_add_test(c, a_larger_size_is_taken_if_the_tail_is_zero);
	tcase_add_test(c, values_that_mean_nothing_are_refused);
	tcase_add_test(c, an_option_that_a_call_does_not_take_must_be_zero);
	tcase_add_test(c, arguments_that_mean_nothing_are_refused);
	tcase_add_test(c, a_product_past_size_max_is_refused);
	tcase_add_test(c, the_report_of_a_refused_call_says_that_all_was_skipped);
	tcase_add_test(c, pools_refuse_as_calls_do);
	add_test(s, c);
	c = tcase_create("defaults");
	tcase_add_test(c, defaults_are_what_zero_means_until_put_back);
	tcase_add_test(c, defaults_that_are_refused_change_nothing);
	tcase_add_test(c, defaults_do_not_reach_into_bodies);
	tcase_add_test(c, defaults_are_those_of_a_thread);
	tcase_add_test(c, a_default_token_and_deadline_end_calls);
	add_test(s, c);
	c = tcase_create("texts");
	tcase_add_test(c, n_jobs_is_read_as_people_write_it);
	tcase_add_test(c, pre_dispatch_is_read_as_people_write_it);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
