/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_nested.c - calls inside bodies share the workers of the outer call
 *
 * Each level of a test knows which worker numbers are at work in it, so that a
 * number that is handed out twice, or a body that is run on top of another of
 * its own call by a worker that waits, shows at once.
 */
#include "config.h"

#include "common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <thrum.h>

enum { WORKERS = 64 };

/* A call as its bodies see it. */
struct level {
	atomic_int busy[WORKERS];
	atomic_int wrong;
	int n_jobs; /* it was given; 0: not looked at */
};

static void enter(struct level *l, const thrum_task *task)
{
	int w = thrum_task_worker(task), k = thrum_task_n_jobs(task);
	if (w < 0 || w >= k || k > WORKERS || (l->n_jobs && k > l->n_jobs)
	    || atomic_fetch_add(&l->busy[w], 1) != 0)
		atomic_fetch_add(&l->wrong, 1);
}

static void leave(struct level *l, const thrum_task *task)
{
	atomic_fetch_sub(&l->busy[thrum_task_worker(task)], 1);
}

/* Depth */

struct deep {
	int depth;
	atomic_long *leaves;
	atomic_int *wrong;
	struct level level;
};

static int go_down(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct deep *d = ctx;
	int rc = 0;
	(void)result;
	enter(&d->level, task);
	if (i == 0 && d->depth > 0) {
		struct deep below = { d->depth - 1, d->leaves, d->wrong,
		                      { .wrong = 0 } };
		rc = thrum_map(NULL, 3, go_down, &below, NULL, 0, NULL);
		atomic_fetch_add(d->wrong, atomic_load(&below.level.wrong));
	} else {
		spin(300);
		atomic_fetch_add(d->leaves, 1);
	}
	leave(&d->level, task);
	return rc;
}

START_TEST(calls_nest_to_any_depth)
{
	const int jobs[] = { 1, 2, 4, 16 };
	for (int j = 0; j < 4; j++)
		for (long round = rounds(20, 2000); round > 0; round--) {
			atomic_long leaves = 0;
			atomic_int wrong = 0;
			struct deep d = { 50, &leaves, &wrong, { .wrong = 0 } };
			ck_assert_int_eq(thrum_map(NULL, 3, go_down, &d, NULL, 0,
				THRUM_OPTS(.n_jobs = jobs[j])), 0);
			ck_assert_int_eq(atomic_load(&leaves), 50 * 2 + 3);
			ck_assert_int_eq(atomic_load(&wrong)
			                 + atomic_load(&d.level.wrong), 0);
		}
}
END_TEST

/* Width */

static _Thread_local int outer_bodies; /* on the stack of this thread */

struct wide {
	struct level level;
	size_t inner;
	int inner_jobs;
	atomic_int on_top; /* outer bodies begun on top of another */
	atomic_int wrong;
	unsigned short *hits;
	thrum_pool *pool;
};

struct inner {
	struct level level;
	unsigned short *hits; /* plain: one body each */
};

static int inner_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct inner *in = ctx;
	(void)result;
	enter(&in->level, task);
	in->hits[i]++;
	spin(i % 64);
	leave(&in->level, task);
	return 0;
}

static int outer_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct wide *w = ctx;
	struct inner in = { .hits = w->hits + i * w->inner,
	                    .level = { .n_jobs = w->inner_jobs } };
	(void)result;
	enter(&w->level, task);
	if (outer_bodies++)
		atomic_fetch_add(&w->on_top, 1);
	int rc = thrum_map(w->pool, w->inner, inner_body, &in, NULL, 0,
	                   THRUM_OPTS(.n_jobs = w->inner_jobs));
	atomic_fetch_add(&w->wrong, atomic_load(&in.level.wrong));
	outer_bodies--;
	leave(&w->level, task);
	return rc;
}

static void run_wide(thrum_pool *outer, thrum_pool *inner, size_t n, size_t m,
                     int jobs, int inner_jobs)
{
	struct wide w = { .inner = m, .inner_jobs = inner_jobs,
		.hits = calloc(n * m, sizeof(unsigned short)), .pool = inner };
	ck_assert_ptr_nonnull(w.hits);
	ck_assert_int_eq(thrum_map(outer, n, outer_body, &w, NULL, 0,
	                           THRUM_OPTS(.n_jobs = jobs)), 0);
	ck_assert_int_eq(w.on_top, 0);
	ck_assert_int_eq(w.wrong, 0);
	ck_assert_int_eq(w.level.wrong, 0);
	for (size_t i = 0; i < n * m; i++)
		HOLDS(w.hits[i] == 1);
	free(w.hits);
}

START_TEST(eight_times_a_thousand_run_once_each)
{
	const int jobs[] = { 1, 2, 3, 4, 8 };
	for (int j = 0; j < 5; j++)
		for (long round = rounds(60, 3000); round > 0; round--)
			run_wide(NULL, NULL, 8, 1000, jobs[j], 0);
}
END_TEST

START_TEST(fewer_workers_may_be_asked_for_inside)
{
	for (long round = rounds(60, 3000); round > 0; round--) {
		run_wide(NULL, NULL, 20, 200, 4, 2);
		run_wide(NULL, NULL, 20, 200, 8, 3);
		run_wide(NULL, NULL, 20, 200, 4, 1);
	}
}
END_TEST

START_TEST(nesting_starts_no_threads)
{
	ck_assert_int_eq(thrum_shutdown(), 0);
	int before = threads_now();
	if (before == 0)
		return; /* no /proc here */
	int workers = thrum_pool_warm(NULL, 4);
	for (int i = 0; i < 20; i++) {
		run_wide(NULL, NULL, 8, 500, 4, 0);
		run_wide(NULL, NULL, 8, 500, 4, 2);
		run_wide(NULL, NULL, 8, 500, 4, 16);
		/* A worker for each place: the caller's may change. */
		ck_assert_int_le(threads_now() - before, workers);
	}
	ck_assert_int_eq(thrum_shutdown(), 0);
	ck_assert(threads_come_down_to(before));
}
END_TEST

/* What a nested call can have */

struct found {
	int all, more, fewer, io, minus, cut;
};

static int nothing(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i, (void)result, (void)task;
	return 0;
}

static int ask(void *ctx, size_t i, void *result, thrum_task *task)
{
	thrum_report r;
	(void)ctx, (void)i, (void)task;
	int rc = thrum_map(NULL, 3, nothing, NULL, NULL, 0,
	                   THRUM_OPTS(.n_jobs = 100, .report = &r));
	*(struct found *)result = (struct found){
		thrum_effective_n_jobs(NULL, 0), r.n_jobs,
		thrum_effective_n_jobs(NULL, 2),
		thrum_effective_n_jobs(NULL, THRUM_JOBS_IO),
		thrum_effective_n_jobs(NULL, -2),
		rc == 0 && r.notes & THRUM_NOTE_CUT,
	};
	return rc;
}

START_TEST(a_nested_call_has_at_most_the_workers_of_the_outer)
{
	for (int k = 1; k <= 6; k++) {
		struct found f[40];
		ck_assert_int_eq(thrum_map(NULL, 40, ask, NULL, f, sizeof *f,
		                           THRUM_OPTS(.n_jobs = k)), 0);
		for (int i = 0; i < 40; i++) {
			ck_assert_int_eq(f[i].all, k);
			ck_assert_int_eq(f[i].more, k);
			ck_assert_int_eq(f[i].fewer, k < 2 ? k : 2);
			ck_assert_int_eq(f[i].io, k);
			ck_assert_int_eq(f[i].minus, k < 2 ? 1 : k - 1);
			ck_assert(f[i].cut);
		}
	}
}
END_TEST

/* Pools in pools */

struct pair {
	thrum_pool *outer, *inner;
	atomic_int ok;
};

static int back_again(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct pair *p = ctx;
	struct pair back = { p->inner, p->outer, 0 };
	(void)i, (void)result, (void)task;
	int rc = thrum_map(back.inner, 20, nothing, NULL, NULL, 0, NULL);
	atomic_fetch_add(&p->ok, rc == 0);
	return rc;
}

static int cross(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct pair *p = ctx;
	(void)i, (void)result, (void)task;
	return thrum_map(p->inner, 10, back_again, p, NULL, 0, NULL);
}

static void *cross_often(void *ctx)
{
	struct pair *p = ctx;
	for (int i = 0; i < 30; i++)
		if (thrum_map(p->outer, 10, cross, p, NULL, 0, NULL) != 0)
			return p;
	return NULL;
}

START_TEST(pools_may_call_each_other_both_ways)
{
	for (int size = 1; size <= 4; size++) {
		thrum_pool *a, *b;
		void *failed;
		pthread_t t;
		ck_assert_int_eq(thrum_pool_create(&a, THRUM_POOL_OPTS(
			.n_jobs = size)), 0);
		ck_assert_int_eq(thrum_pool_create(&b, THRUM_POOL_OPTS(
			.n_jobs = 3)), 0);
		run_wide(a, b, 8, 200, 0, 0);
		run_wide(b, a, 8, 200, 0, 0);
		run_wide(NULL, a, 8, 200, 4, 0);
		struct pair ab = { a, b, 0 }, ba = { b, a, 0 };
		ck_assert_int_eq(pthread_create(&t, NULL, cross_often, &ab), 0);
		ck_assert_ptr_null(cross_often(&ba));
		ck_assert_int_eq(pthread_join(t, &failed), 0);
		ck_assert_ptr_null(failed);
		ck_assert_int_eq(ab.ok, 3000);
		ck_assert_int_eq(ba.ok, 3000);
		ck_assert_int_eq(thrum_pool_destroy(a), 0);
		ck_assert_int_eq(thrum_pool_destroy(b), 0);
	}
}
END_TEST

/* Random trees of calls */

struct tree {
	uint64_t seed;
	int depth;
	atomic_long *leaves;
};

static size_t width(const struct tree *t, size_t i)
{
	thrum_random r = thrum_random_stream(t->seed, i);
	return thrum_random_below(&r, 9);
}

static long count_leaves(const struct tree *t, size_t n)
{
	long sum = 0;
	for (size_t i = 0; i < n; i++) {
		struct tree below = { t->seed * 31 + i, t->depth - 1, NULL };
		sum += t->depth == 0 ? 1 : count_leaves(&below, width(t, i));
	}
	return sum;
}

static int grow(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct tree *t = ctx;
	(void)result, (void)task;
	if (t->depth == 0) {
		atomic_fetch_add(t->leaves, 1);
		spin(t->seed % 500);
		return 0;
	}
	struct tree below = { t->seed * 31 + i, t->depth - 1, t->leaves };
	return thrum_map(NULL, width(t, i), grow, &below, NULL, 0,
	                 THRUM_OPTS(.n_jobs = (int)(t->seed % 4)));
}

START_TEST(random_trees_of_calls_run_every_leaf)
{
	uint64_t seed = test_seed();
	for (long round = rounds(60, 3000); round > 0; round--) {
		atomic_long leaves = 0;
		struct tree t = { seed + (uint64_t)round, 4, &leaves };
		ck_assert_int_eq(thrum_map(NULL, 5, grow, &t, NULL, 0,
			THRUM_OPTS(.n_jobs = 1 + (int)(round % 8))), 0);
		ck_assert_int_eq(atomic_load(&leaves), count_leaves(&t, 5));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("nested");
	TCase *c = tcase_create("trees");
	tcase_add_test(c, calls_nest_to_any_depth);
	tcase_add_test(c, eight_times_a_thousand_run_once_each);
	tcase_add_test(c, random_trees_of_calls_run_every_leaf);
	add_test(s, c);
	c = tcase_create("workers");
	tcase_add_test(c, fewer_workers_may_be_asked_for_inside);
	tcase_add_test(c, nesting_starts_no_threads);
	tcase_add_test(c, a_nested_call_has_at_most_the_workers_of_the_outer);
	tcase_add_test(c, pools_may_call_each_other_both_ways);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
