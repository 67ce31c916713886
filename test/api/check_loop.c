/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_loop.c - a loop runs every index once, whatever the rest
 *
 * Bodies mark what they were given; the laws are read off the marks after the
 * call. The marks are plain memory where only one body may touch them, so that
 * ThreadSanitizer sees when two do.
 */
#include "config.h"

#include "common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

struct cover {
	unsigned char *hits; /* plain: each index is one body's */
	size_t n;
	atomic_size_t longest;
	atomic_int outside;  /* ranges that are empty, or not in 0 .. n */
	uint64_t work;       /* steps per index */
};

static int cover(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct cover *c = ctx;
	size_t longest = atomic_load(&c->longest);
	(void)task;
	if (begin >= end || end > c->n) {
		atomic_fetch_add(&c->outside, 1);
		return 0;
	}
	while (end - begin > longest
	       && !atomic_compare_exchange_weak(&c->longest, &longest,
	                                        end - begin))
		;
	for (size_t i = begin; i < end; i++) {
		c->hits[i]++;
		if (c->work)
			spin(c->work);
	}
	return 0;
}

static int cover_one(void *ctx, size_t i, void *result, thrum_task *task)
{
	if (result)
		*(size_t *)result = 3 * i + 1;
	return cover(ctx, i, i + 1, task);
}

static void assert_each_once(struct cover *c, const char *what, int n_jobs)
{
	ck_assert_int_eq(atomic_load(&c->outside), 0);
	for (size_t i = 0; i < c->n; i++)
		if (c->hits[i] != 1)
			ck_abort_msg("%s: n %zu, n_jobs %d: index %zu ran %d "
			             "times", what, c->n, n_jobs, i, c->hits[i]);
}

static struct cover cover_of(size_t n)
{
	struct cover c = { .n = n, .hits = calloc(n + 1, 1) };
	ck_assert_ptr_nonnull(c.hits);
	return c;
}

static void run_for(size_t n, const thrum_opts *o, uint64_t work)
{
	struct cover c = cover_of(n);
	c.work = work;
	ck_assert_int_eq(thrum_for(NULL, n, cover, &c, o), 0);
	assert_each_once(&c, "for", o->n_jobs);
	if (o->grain)
		ck_assert_uint_le(atomic_load(&c.longest), o->grain);
	free(c.hits);
}

static void run_map(size_t n, const thrum_opts *o, uint64_t work)
{
	struct cover c = cover_of(n);
	size_t *result = calloc(n + 1, sizeof *result);
	ck_assert_ptr_nonnull(result);
	c.work = work;
	result[n] = 77;
	ck_assert_int_eq(thrum_map(NULL, n, cover_one, &c, result,
	                           sizeof *result, o), 0);
	assert_each_once(&c, "map", o->n_jobs);
	for (size_t i = 0; i < n; i++)
		HOLDS(result[i] == 3 * i + 1);
	ck_assert_uint_eq(result[n], 77);
	free(result);
	free(c.hits);
}

static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 100, 1000,
	4095, 4096, 4097, 65534, 65535, 65536, 65537, 131069, 131070, 131071,
	1000000 };
enum { SIZES = sizeof sizes / sizeof *sizes };
static const int jobs[] = { 1, 2, 3, 4, 8, -1, 0 };
enum { JOBS = sizeof jobs / sizeof *jobs };

START_TEST(every_index_runs_once)
{
	for (int i = 0; i < SIZES; i++)
		for (int j = 0; j < JOBS; j++) {
			run_for(sizes[i], THRUM_OPTS(.n_jobs = jobs[j]), 0);
			run_map(sizes[i], THRUM_OPTS(.n_jobs = jobs[j]), 0);
		}
}
END_TEST

START_TEST(every_index_runs_once_from_the_last_on)
{
	thrum_cancel never = { 0 };
	for (int i = 0; i < SIZES; i++)
		for (int j = 0; j < JOBS; j++)
			for (size_t grain = 0; grain < 4; grain++) {
				const thrum_opts *o = THRUM_OPTS(
					.n_jobs = jobs[j], .grain = grain,
					.flags = THRUM_LAST_FIRST,
					.cancel = i % 2 ? &never : NULL);
				run_for(sizes[i], o, 0);
				run_map(sizes[i], o, 0);
			}
}
END_TEST

START_TEST(every_index_runs_once_where_it_is_work)
{
	for (int i = 0; sizes[i] <= 4097; i++)
		for (int j = 0; j < JOBS; j++) {
			run_for(sizes[i], THRUM_OPTS(.n_jobs = jobs[j]), 500);
			run_map(sizes[i], THRUM_OPTS(.n_jobs = jobs[j]), 500);
		}
}
END_TEST

START_TEST(grain_is_the_most_per_piece)
{
	const size_t grain[] = { 1, 2, 3, 7, 100, 65535, 70000, SIZE_MAX };
	for (int g = 0; g < 8; g++)
		for (int i = 0; i < SIZES; i++)
			for (int j = 0; j < 3; j++) {
				const thrum_opts *o = THRUM_OPTS(
					.n_jobs = jobs[j], .grain = grain[g]);
				run_for(sizes[i], o, 0);
				run_map(sizes[i], o, 0);
			}
}
END_TEST

START_TEST(a_watched_loop_is_the_same_loop)
{
	thrum_cancel never = { 0 };
	thrum_report r;
	for (int i = 0; i < SIZES; i++)
		for (int j = 0; j < JOBS; j++) {
			int *status = malloc((sizes[i] + 1) * sizeof *status);
			const thrum_opts *o = THRUM_OPTS(
				.n_jobs = jobs[j], .cancel = &never,
				.timeout_s = 1e6, .report = &r,
				.status = status);
			run_for(sizes[i], o, 0);
			ck_assert_uint_eq(r.jobs, sizes[i]);
			ck_assert_uint_eq(r.done, sizes[i]);
			ck_assert_uint_eq(r.failed + r.skipped, 0);
			ck_assert_int_eq(r.error_code, 0);
			ck_assert_int_le(r.workers, r.n_jobs);
			ck_assert_int_ge(r.workers, sizes[i] > 0);
			run_map(sizes[i], o, 0);
			for (size_t k = 0; k < sizes[i]; k++)
				HOLDS(status[k] == 0);
			free(status);
		}
}
END_TEST

/* The longest of loops: nobody could count to its end, so ranges must do. */
static int add_length(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)task;
	atomic_fetch_add((atomic_size_t *)ctx, end - begin);
	return 0;
}

START_TEST(a_loop_may_have_size_max_indices)
{
	thrum_cancel never = { 0 };
	for (int j = 0; j < JOBS; j++)
		for (size_t less = 0; less < 6; less++) {
			atomic_size_t sum = 0;
			thrum_report r;
			ck_assert_int_eq(thrum_for(NULL, SIZE_MAX - less,
			                           add_length, &sum,
			                           THRUM_OPTS(.n_jobs = jobs[j],
				.flags = less < 3 ? 0 : THRUM_LAST_FIRST,
				.cancel = j % 2 ? &never : NULL,
				.report = &r)), 0);
			ck_assert_uint_eq(atomic_load(&sum), SIZE_MAX - less);
			ck_assert_uint_eq(r.done, SIZE_MAX - less);
		}
}
END_TEST

/* In order */

struct order {
	size_t next;
	pthread_t thread;
	int wrong;
};

static int in_order(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct order *o = ctx;
	o->wrong += begin != o->next || thrum_task_worker(task) != 0
	            || thrum_task_n_jobs(task) != 1
	            || !pthread_equal(pthread_self(), o->thread);
	o->next = end;
	return 0;
}

static int one_in_order(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)result;
	return in_order(ctx, i, i + 1, task);
}

START_TEST(one_job_is_the_caller_alone_in_order)
{
	thrum_cancel never = { 0 };
	for (int i = 0; i < SIZES; i++)
		for (int watched = 0; watched < 2; watched++) {
			const thrum_opts *o = THRUM_OPTS(
				.n_jobs = 1, .cancel = watched ? &never : NULL);
			struct order a = { .thread = pthread_self() }, b = a;
			ck_assert_int_eq(thrum_for(NULL, sizes[i], in_order,
			                           &a, o), 0);
			ck_assert_int_eq(thrum_map(NULL, sizes[i], one_in_order,
			                           &b, NULL, 0, o), 0);
			ck_assert_int_eq(a.wrong + b.wrong, 0);
			ck_assert_uint_eq(a.next, sizes[i]);
			ck_assert_uint_eq(b.next, sizes[i]);
		}
}
END_TEST

/* From the last on. */
static int in_reverse(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct order *o = ctx;
	(void)task;
	o->wrong += end != o->next;
	o->next = begin;
	return 0;
}

static int one_in_reverse(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct order *o = ctx;
	o->wrong += result != (char *)o + i; /* slots of a byte, not touched */
	return in_reverse(ctx, i, i + 1, task);
}

START_TEST(last_first_with_one_job_goes_down_from_the_last_index)
{
	thrum_cancel never = { 0 };
	for (int i = 0; i < SIZES; i++)
		for (int watched = 0; watched < 2; watched++)
			for (size_t grain = 0; grain < 4; grain++) {
				const thrum_opts *o = THRUM_OPTS(
					.n_jobs = 1, .grain = grain,
					.flags = THRUM_LAST_FIRST,
					.cancel = watched ? &never : NULL);
				struct order a = { .next = sizes[i] }, b = a;
				ck_assert_int_eq(thrum_for(NULL, sizes[i],
					in_reverse, &a, o), 0);
				ck_assert_int_eq(thrum_map(NULL, sizes[i],
					one_in_reverse, &b, &b, 1, o), 0);
				ck_assert_int_eq(a.wrong + b.wrong, 0);
				ck_assert_uint_eq(a.next + b.next, 0);
			}
}
END_TEST

/* Fails at multiples of 7 from 350 on, and notes what ran. */
enum { SOME = 1000 };

static int fail_some(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	unsigned char *ran = ctx;
	for (size_t i = begin; i < end; i++) {
		ran[i]++;
		if (i >= 350 && i % 7 == 0)
			return thrum_task_fail(task, i, (int)i);
	}
	return 0;
}

static int fail_one(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)result;
	return fail_some(ctx, i, i + 1, task);
}

static void check_failures(int n_jobs, size_t grain, unsigned flags, bool map)
{
	unsigned char ran[SOME] = { 0 };
	int status[SOME], lowest = 0;
	uint64_t done = 0, failed = 0;
	thrum_report r;
	const thrum_opts *o = THRUM_OPTS(
		.n_jobs = n_jobs, .grain = grain, .report = &r,
		.status = grain % 2 ? status : NULL,
		.flags = THRUM_LAST_FIRST | flags);
	int rc = map ? thrum_map(NULL, SOME, fail_one, ran, NULL, 0, o)
	             : thrum_for(NULL, SOME, fail_some, ran, o);

	for (int i = 0; i < SOME; i++) {
		bool bad = i >= 350 && i % 7 == 0;
		HOLDS(ran[i] <= 1 && (ran[i] || !flags));
		HOLDS(!o->status || status[i] == (!ran[i] ? THRUM_ESKIPPED
		                                 : bad ? i : 0));
		if (ran[i] && bad && lowest == 0)
			lowest = i;
		failed += ran[i] && bad;
		done += ran[i] && !bad;
	}
	ck_assert_int_eq(rc, lowest);
	ck_assert_int_eq(r.error_code, lowest);
	ck_assert_uint_eq(r.error_index, (uint64_t)lowest);
	ck_assert_uint_eq(r.failed, failed);
	ck_assert_uint_eq(r.done, done);
	ck_assert_uint_eq(r.skipped, SOME - failed - done);
	if (n_jobs == 1 && (map || grain == 1) && !flags)
		ck_assert_int_eq(lowest, 994); /* the first that it meets */
}

START_TEST(failures_mean_the_same_from_the_last_on)
{
	for (int j = 0; j < JOBS; j++)
		for (size_t grain = 0; grain < 20; grain++)
			for (int map = 0; map < 2; map++) {
				check_failures(jobs[j], grain, 0, map);
				check_failures(jobs[j], grain,
				               THRUM_KEEP_GOING, map);
			}
}
END_TEST

/* Where workers begin */

struct starts {
	atomic_size_t first[2]; /* index + 1 */
	atomic_int arrived, late;
};

/* Worker 0 stays in its first piece until the other has begun with what is its
 * own; it does not wait for ever, as the system may refuse the thread. */
static int note_start(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct starts *s = ctx;
	size_t none = 0;
	int w = thrum_task_worker(task);
	(void)end;
	if (!atomic_compare_exchange_strong(&s->first[w], &none, begin + 1))
		return 0;
	atomic_fetch_add(&s->arrived, 1);
	for (int i = 0; atomic_load(&s->arrived) < 2 && i < 2000; i++)
		doze(1);
	if (atomic_load(&s->arrived) < 2)
		atomic_store(&s->late, 1);
	return 0;
}

START_TEST(equal_loops_begin_at_equal_indices)
{
	thrum_pool *pool;
	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = 2)), 0);
	ck_assert_int_eq(thrum_pool_warm(pool, 2), 2);
	for (size_t n = 1000; n < 200000; n = n * 5 + 3) {
		size_t first = 0;
		for (int i = 0; i < 10; i++) {
			struct starts s = { .late = 0 };
			ck_assert_int_eq(thrum_for(pool, n, note_start, &s,
			                           NULL), 0);
			if (atomic_load(&s.late))
				continue;
			ck_assert_uint_eq(atomic_load(&s.first[0]), 1);
			size_t other = atomic_load(&s.first[1]);
			ck_assert_uint_gt(other, 1);
			if (first)
				ck_assert_uint_eq(other, first);
			first = other;
		}
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

/* Memory */

struct relay {
	const unsigned *from;
	unsigned *to;
};

static int hand_on(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct relay *r = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++)
		r->to[i] = r->from[i] + 1;
	return 0;
}

START_TEST(what_bodies_wrote_is_seen_by_the_next_call)
{
	enum { SIZE = 20000 };
	static unsigned x[2][SIZE];
	long n = rounds(500, 5000);
	memset(x, 0, sizeof x);
	for (long round = 0; round < n; round++) {
		struct relay r = { x[round % 2], x[1 - round % 2] };
		/* Backwards in every second, so that data change hands. */
		ck_assert_int_eq(thrum_for(NULL, SIZE, hand_on, &r,
		                           THRUM_OPTS(.n_jobs = 1 + (int)round
		                                                % 4)), 0);
		x[1 - round % 2][round % SIZE] += 1;
		x[1 - round % 2][round % SIZE] -= 1;
	}
	for (int i = 0; i < SIZE; i++)
		HOLDS(x[n % 2][i] == (unsigned)n);
}
END_TEST

START_TEST(random_loops_run_every_index_once)
{
	thrum_random r = thrum_random_stream(test_seed(), 0);
	thrum_cancel never = { 0 };
	for (long i = rounds(400, 20000); i > 0; i--) {
		size_t n = thrum_random_below(&r, 1u << (1 + thrum_random_below(
			&r, 17)));
		uint64_t work = n < 1000 ? thrum_random_below(&r, 400) : 0;
		const thrum_opts *o = THRUM_OPTS(
			.n_jobs = 1 + (int)thrum_random_below(&r, 9),
			.grain = thrum_random_below(&r, 4) ? 0
				: 1 + thrum_random_below(&r, 1000),
			.flags = thrum_random_below(&r, 2) ? THRUM_LAST_FIRST
				: 0,
			.cancel = thrum_random_below(&r, 2) ? &never : NULL);
		if (thrum_random_below(&r, 2))
			run_for(n, o, work);
		else
			run_map(n, o, work);
	}
}
END_TEST

struct thirds {
	unsigned char ran[1000];
	atomic_size_t failed;
};

/* Fails at the first index that is a multiple of 3; those before it are done. */
static int fail_thirds(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct thirds *s = ctx;
	for (size_t i = begin; i < end; i++) {
		s->ran[i]++;
		if (i % 3)
			continue;
		atomic_fetch_add(&s->failed, 1);
		return thrum_task_fail(task, i, 5);
	}
	return 0;
}

START_TEST(after_a_failure_the_rest_of_a_range_is_run)
{
	thrum_cancel never = { 0 };
	for (int k = 1; k <= 4; k++)
		for (size_t grain = 0; grain < 100; grain = 4 * grain + 1)
			for (int watched = 0; watched < 2; watched++) {
				struct thirds s = { .failed = 0 };
				thrum_report r;
				ck_assert_int_eq(thrum_for(NULL, 1000,
					fail_thirds, &s, THRUM_OPTS(.n_jobs = k,
					.grain = grain, .report = &r,
					.cancel = watched ? &never : NULL,
					.flags = THRUM_KEEP_GOING)), 5);
				ck_assert_uint_eq(r.failed, 334);
				ck_assert_uint_eq(r.done, 666);
				ck_assert_uint_eq(s.failed, 334);
				for (int i = 0; i < 1000; i++)
					HOLDS(s.ran[i] == 1);
			}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loop");
	TCase *c = tcase_create("cover");
	tcase_add_test(c, every_index_runs_once);
	tcase_add_test(c, every_index_runs_once_from_the_last_on);
	tcase_add_test(c, every_index_runs_once_where_it_is_work);
	tcase_add_test(c, grain_is_the_most_per_piece);
	tcase_add_test(c, a_watched_loop_is_the_same_loop);
	tcase_add_test(c, a_loop_may_have_size_max_indices);
	tcase_add_test(c, random_loops_run_every_index_once);
	tcase_add_test(c, after_a_failure_the_rest_of_a_range_is_run);
	add_test(s, c);
	c = tcase_create("order");
	tcase_add_test(c, one_job_is_the_caller_alone_in_order);
	tcase_add_test(c,
	               last_first_with_one_job_goes_down_from_the_last_index);
	tcase_add_test(c, failures_mean_the_same_from_the_last_on);
	tcase_add_test(c, equal_loops_begin_at_equal_indices);
	tcase_add_test(c, what_bodies_wrote_is_seen_by_the_next_call);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
