/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_reduce.c - a reduction is the tree of thrum/reduce.h, bit for bit
 *
 * The model below is that rule written down again, serially. Values are hashes
 * under a combination that is neither associative nor commutative, so that any
 * other tree, or another order, gives another result.
 */
#include "config.h"

#include "common.h"

#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15u;
	return x ^ x >> 29;
}

#define IDENTITY UINT64_C(0x123456789abcdef)

/* A partial of any size: its words are kept alike. */
struct shape {
	size_t words;
	atomic_int wrong; /* partials not aligned, or not the identity */
	size_t fail_at;   /* SIZE_MAX: none */
};

static int leaf(void *ctx, size_t begin, size_t end, void *partial,
                thrum_task *task)
{
	struct shape *s = ctx;
	uint64_t *p = partial;
	(void)task;
	if ((uintptr_t)p % 64)
		atomic_fetch_add(&s->wrong, 1);
	for (size_t w = 0; w < s->words; w++)
		if (p[w] != IDENTITY + w)
			atomic_fetch_add(&s->wrong, 1);
	if (s->fail_at - begin < end - begin)
		return thrum_task_fail(task, s->fail_at, 17);
	for (size_t w = 0; w < s->words; w++)
		p[w] = mix(mix(begin + 1) + 3 * end + w);
	return 0;
}

static void combine(void *ctx, void *into, const void *from)
{
	struct shape *s = ctx;
	uint64_t *a = into;
	const uint64_t *b = from;
	for (size_t w = 0; w < s->words; w++)
		a[w] = mix(a[w] * 5 + 1) + mix(b[w] * 3 + 2);
}

/* The rule, written again. */

static size_t leaf_size(size_t n, size_t grain)
{
	if (grain)
		return grain;
	size_t l = 1;
	while (l < 4096 && l * 64 < n)
		l *= 2;
	return l;
}

static uint64_t model(size_t n, size_t l, size_t a, size_t b)
{
	if (b - a == 1) {
		size_t end = n - a * l < l ? n : a * l + l;
		return mix(mix(a * l + 1) + 3 * end);
	}
	size_t p = 1;
	while (p * 2 < b - a)
		p *= 2;
	uint64_t left = model(n, l, a, a + p), right = model(n, l, a + p, b);
	return mix(left * 5 + 1) + mix(right * 3 + 2);
}

static uint64_t model_of(size_t n, size_t grain)
{
	size_t l = leaf_size(n, grain);
	return n ? model(n, l, 0, n / l + (n % l != 0)) : IDENTITY;
}

static uint64_t reduce(size_t n, const thrum_opts *o)
{
	struct shape s = { .words = 1, .fail_at = SIZE_MAX };
	uint64_t x = IDENTITY;
	ck_assert_int_eq(thrum_reduce(NULL, n, leaf, combine, &s, &x, sizeof x,
	                              o), 0);
	ck_assert_int_eq(s.wrong, 0);
	return x;
}

static void assert_tree(size_t n, int n_jobs, size_t grain)
{
	uint64_t x = reduce(n, THRUM_OPTS(.n_jobs = n_jobs, .grain = grain));
	if (x != model_of(n, grain))
		ck_abort_msg("n %zu, n_jobs %d, grain %zu: %llx, not %llx", n,
		             n_jobs, grain, (unsigned long long)x,
		             (unsigned long long)model_of(n, grain));
}

START_TEST(the_shape_is_the_rule_for_small_n)
{
	for (size_t n = 0; n <= 300; n++)
		for (int k = 1; k <= 8; k++)
			assert_tree(n, k, 0);
}
END_TEST

START_TEST(the_shape_is_the_rule_around_its_edges)
{
	for (size_t e = 64; e <= (size_t)1 << 20; e *= 2)
		for (size_t n = e - 2; n <= e + 2; n++)
			for (int k = 1; k <= 4; k++)
				assert_tree(n, k, 0);
}
END_TEST

START_TEST(grain_is_the_size_of_a_leaf)
{
	const size_t grain[] = { 1, 2, 3, 5, 7, 64, 100, 4095, 5000, 99999,
		SIZE_MAX };
	for (int g = 0; g < 11; g++)
		for (size_t n = 1; n < 20000; n = n * 3 + 2)
			for (int k = 1; k <= 8; k++)
				assert_tree(n, k, grain[g]);
}
END_TEST

START_TEST(random_reductions_are_the_rule)
{
	thrum_random r = thrum_random_stream(test_seed(), 2);
	for (long i = rounds(2000, 200000); i > 0; i--) {
		size_t n = thrum_random_below(&r, 1u << (1 + thrum_random_below(
			&r, 17)));
		assert_tree(n, 1 + (int)thrum_random_below(&r, 8),
		            thrum_random_below(&r, 2) ? 0
		            : 1 + thrum_random_below(&r, 300));
	}
}
END_TEST

/* Sums of doubles that depend on the order, with work of uneven cost */
static int sum(void *ctx, size_t begin, size_t end, void *out, thrum_task *task)
{
	const double *x = ctx;
	double s = *(double *)out;
	(void)task;
	for (size_t i = begin; i < end; i++) {
		s += x[i];
		spin(i % 97);
	}
	*(double *)out = s;
	return 0;
}

START_TEST(the_bits_of_a_sum_are_the_same_for_any_n_jobs)
{
	enum { N = 30000 };
	static double x[N];
	thrum_random r = thrum_random_stream(5, 5);
	for (int i = 0; i < N; i++)
		x[i] = (thrum_random_double(&r) - 0.5)
		       * (double)(UINT64_C(1) << thrum_random_below(&r, 60));
	for (size_t grain = 0; grain < 300; grain = grain * 4 + 1) {
		double first = 0;
		for (long i = 0; i < rounds(60, 1000); i++) {
			double s = 0;
			ck_assert_int_eq(thrum_reduce(NULL, N, sum,
				thrum_add_double, x, &s, sizeof s,
				THRUM_OPTS(.n_jobs = 1 + (int)(i % 8),
				           .grain = grain)), 0);
			if (i == 0)
				first = s;
			ck_assert_mem_eq(&s, &first, sizeof s);
		}
	}
}
END_TEST

/* Affine maps under composition: associative, not commutative, and one value,
 * whatever the tree. */
struct affine {
	uint64_t a, b;
};

static struct affine after(struct affine f, struct affine g)
{
	return (struct affine){ f.a * g.a, f.b * g.a + g.b };
}

static int compose(void *ctx, size_t begin, size_t end, void *out,
                   thrum_task *task)
{
	struct affine *f = out;
	(void)ctx, (void)task;
	for (size_t i = begin; i < end; i++)
		*f = after(*f, (struct affine){ 2 * mix(i) + 1, mix(i + 7) });
	return 0;
}

static void compose_both(void *ctx, void *into, const void *from)
{
	struct affine *f = into;
	(void)ctx;
	*f = after(*f, *(const struct affine *)from);
}

START_TEST(an_associative_combination_is_the_serial_one)
{
	for (size_t n = 1; n < 300000; n = n * 4 + 3) {
		struct affine want = { 1, 0 };
		for (size_t i = 0; i < n; i++)
			want = after(want, (struct affine){ 2 * mix(i) + 1,
			                                    mix(i + 7) });
		for (int k = 1; k <= 4; k++) {
			struct affine f = { 1, 0 };
			ck_assert_int_eq(thrum_reduce(NULL, n, compose,
				compose_both, NULL, &f, sizeof f,
				THRUM_OPTS(.n_jobs = k)), 0);
			ck_assert_mem_eq(&f, &want, sizeof f);
		}
	}
}
END_TEST

START_TEST(partials_may_be_large)
{
	const size_t words[] = { 1, 2, 5, 6, 7, 8, 9, 1000, 100000 };
	for (int i = 0; i < 9; i++)
		for (int k = 1; k <= 3; k++) {
			struct shape s = { .words = words[i],
			                   .fail_at = SIZE_MAX };
			size_t bytes = words[i] * sizeof(uint64_t);
			uint64_t *x = malloc(bytes + 8);
			ck_assert_ptr_nonnull(x);
			for (size_t w = 0; w < words[i]; w++)
				x[w] = IDENTITY + w;
			x[words[i]] = 42;
			ck_assert_int_eq(thrum_reduce(NULL, 100, leaf, combine,
				&s, x, bytes, THRUM_OPTS(.n_jobs = k)), 0);
			ck_assert_int_eq(s.wrong, 0);
			ck_assert_uint_eq(x[0], model_of(100, 0));
			ck_assert_uint_eq(x[words[i]], 42);
			free(x);
		}
}
END_TEST

/* The deepest trees have more partials than the frame of a fold has room for. */
START_TEST(a_tree_may_have_millions_of_leaves)
{
	for (int k = 1; k <= 3; k++)
		assert_tree(((size_t)1 << 20) + 12345, k, 1);
}
END_TEST

START_TEST(of_nothing_the_result_is_the_identity)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED) {
		thrum_report r;
		ck_assert(reduce(0, THRUM_OPTS(.flags = flags, .report = &r))
		          == IDENTITY);
		ck_assert_uint_eq(r.jobs + r.done + r.failed + r.skipped, 0);
	}
}
END_TEST

START_TEST(a_failure_leaves_the_result_unchanged)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED)
		for (int k = 1; k <= 4; k++)
			for (size_t at = 0; at < 5000; at += 617) {
				struct shape s = { .words = 1, .fail_at = at };
				uint64_t x = IDENTITY;
				thrum_report r;
				thrum_cancel stop = { 0 };
				/* Unordered, a partial goes on from range to
				 * range: it is not the identity then. */
				ck_assert_int_eq(thrum_reduce(NULL, 5000, leaf,
					combine, &s, &x, sizeof x,
					THRUM_OPTS(.n_jobs = k, .flags = flags,
					           .report = &r)), 17);
				ck_assert(x == IDENTITY);
				ck_assert_uint_eq(r.error_index, at);
				ck_assert_uint_eq(r.failed, 1);
				ck_assert_uint_eq(r.done + r.failed + r.skipped,
				                  5000);
				thrum_cancel_set(&stop);
				ck_assert_int_eq(thrum_reduce(NULL, 5000, leaf,
					combine, &s, &x, sizeof x,
					THRUM_OPTS(.n_jobs = k, .flags = flags,
					           .cancel = &stop)),
					THRUM_ECANCELED);
				ck_assert(x == IDENTITY);
			}
}
END_TEST

/* Leaf by leaf, where the last one of all to run is the end of the call. */
struct late {
	thrum_cancel stop;
	atomic_size_t left;
};

static int stops_last(void *ctx, size_t begin, size_t end, void *partial,
                      thrum_task *task)
{
	struct late *l = ctx;
	for (size_t i = begin; i < end; i++)
		*(int64_t *)partial += (int64_t)i;
	if (atomic_fetch_sub(&l->left, end - begin) == end - begin) {
		thrum_cancel_set(&l->stop);
		ck_assert(thrum_task_cancelled(task));
	}
	return 0;
}

START_TEST(a_cancel_after_the_last_job_leaves_the_sum_whole)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED)
		for (int k = 1; k <= 4; k++)
			for (size_t n = 1; n < 200; n++) {
				struct late l = { .left = n };
				int64_t x = 0;
				ck_assert_int_eq(thrum_reduce(NULL, n,
					stops_last, thrum_add_int64, &l, &x,
					sizeof x,
					THRUM_OPTS(.n_jobs = k, .grain = 1,
					           .flags = flags,
					           .cancel = &l.stop)), 0);
				ck_assert_int_eq(x, (int64_t)(n * (n - 1) / 2));
			}
}
END_TEST

static int count(void *ctx, size_t begin, size_t end, void *out,
                 thrum_task *task)
{
	(void)ctx, (void)task;
	for (size_t i = begin; i < end; i++)
		*(int64_t *)out += (int64_t)(i % 1000);
	return 0;
}

START_TEST(unordered_adds_everything_once)
{
	for (size_t n = 0; n < 3000000; n = n * 7 + 1)
		for (int k = 1; k <= 8; k++) {
			int64_t x = 0, want = 0;
			for (size_t i = 0; i < n; i++)
				want += (int64_t)(i % 1000);
			ck_assert_int_eq(thrum_reduce(NULL, n, count,
				thrum_add_int64, NULL, &x, sizeof x,
				THRUM_OPTS(.n_jobs = k,
				           .flags = THRUM_UNORDERED)), 0);
			ck_assert_int_eq(x, want);
		}
}
END_TEST

/* Each worker would have one of its own, and together they would be too large. */
START_TEST(partials_that_no_memory_can_hold_are_refused)
{
	int64_t x = 5;
	thrum_report r;
	for (size_t size = SIZE_MAX; size > SIZE_MAX / 4; size -= SIZE_MAX / 3) {
		ck_assert_int_eq(thrum_reduce(NULL, 1000, count,
			thrum_add_int64, NULL, &x, size,
			THRUM_OPTS(.n_jobs = 4, .flags = THRUM_UNORDERED,
			           .report = &r)), THRUM_ENOMEM);
		ck_assert_uint_eq(r.skipped, 1000);
		ck_assert_int_eq(x, 5);
	}
}
END_TEST

static int nested(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)task;
	struct shape s = { .words = 1, .fail_at = SIZE_MAX };
	uint64_t *x = result;
	*x = IDENTITY;
	int rc = thrum_reduce(NULL, 100 * i, leaf, combine, &s, x, sizeof *x,
	                      NULL);
	return rc ? rc : s.wrong;
}

START_TEST(a_nested_reduction_is_the_same)
{
	for (long i = rounds(200, 5000); i > 0; i--) {
		uint64_t x[40];
		ck_assert_int_eq(thrum_map(NULL, 40, nested, NULL, x, sizeof *x,
			THRUM_OPTS(.n_jobs = 1 + (int)(i % 6))), 0);
		for (size_t j = 0; j < 40; j++)
			HOLDS(x[j] == model_of(100 * j, 0));
	}
}
END_TEST

/* A body that is short at first, and then waits until another thread runs a leaf
 * beside it. */
struct meeting {
	bool wait;
	atomic_ullong seen[2]; /* who ran a leaf, by the number of the worker */
};

static int meet(void *ctx, size_t begin, size_t end, void *out,
                thrum_task *task)
{
	struct meeting *m = ctx;
	int w = thrum_task_worker(task);
	*(int64_t *)out += (int64_t)(end - begin);
	atomic_store(&m->seen[w], 1);
	/* The first is the caller's in any case, and tells how long they are. */
	if (m->wait && begin == 0)
		doze(1);
	while (m->wait && begin > 0
	       && !(atomic_load(&m->seen[0]) && atomic_load(&m->seen[1])))
		;
	return 0;
}

START_TEST(a_reduction_that_is_not_short_any_more_is_shared)
{
	for (long i = rounds(20, 500); i > 0; i--) {
		struct meeting m = { .wait = false };
		for (int j = 0; j < 40; j++) {
			m.wait = j == 39;
			atomic_store(&m.seen[0], 0);
			atomic_store(&m.seen[1], 0);
			int64_t x = 0;
			ck_assert_int_eq(thrum_reduce(NULL, 100, meet,
				thrum_add_int64, &m, &x, sizeof x,
				THRUM_OPTS(.n_jobs = 2)), 0);
			ck_assert_int_eq(x, 100);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reduce");
	TCase *c = tcase_create("shape");
	tcase_add_test(c, the_shape_is_the_rule_for_small_n);
	tcase_add_test(c, the_shape_is_the_rule_around_its_edges);
	tcase_add_test(c, grain_is_the_size_of_a_leaf);
	tcase_add_test(c, random_reductions_are_the_rule);
	tcase_add_test(c, the_bits_of_a_sum_are_the_same_for_any_n_jobs);
	tcase_add_test(c, a_nested_reduction_is_the_same);
	tcase_add_test(c, a_reduction_that_is_not_short_any_more_is_shared);
	add_test(s, c);
	c = tcase_create("values");
	tcase_add_test(c, an_associative_combination_is_the_serial_one);
	tcase_add_test(c, partials_may_be_large);
	tcase_add_test(c, a_tree_may_have_millions_of_leaves);
	tcase_add_test(c, of_nothing_the_result_is_the_identity);
	tcase_add_test(c, a_failure_leaves_the_result_unchanged);
	tcase_add_test(c, a_cancel_after_the_last_job_leaves_the_sum_whole);
	tcase_add_test(c, unordered_adds_everything_once);
	tcase_add_test(c,
	               partials_that_no_memory_can_hold_are_refused);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
