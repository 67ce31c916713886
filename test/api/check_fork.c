/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_fork.c - a tree of forks gives what plain recursion gives */
#include "config.h"

#include "common.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

/* Typed */

static long fib(thrum_task *task, int n);
THRUM_TASK(long, fib, int);

static long fib(thrum_task *task, int n)
{
	if (n < 2)
		return n;
	fib_forked a = fib_fork(task, n - 1);
	long b = fib(task, n - 2);
	return fib_join(task, a) + b;
}

START_TEST(fib_is_fib)
{
	ck_assert_int_eq(fib(NULL, 20), 6765);
	for (int k = 1; k <= 8; k++)
		for (long i = rounds(30, 2000); i > 0; i--) {
			long x = -1;
			thrum_report r;
			ck_assert_int_eq(fib_run(NULL, 18, &x, THRUM_OPTS(
				.n_jobs = k, .report = &r)), 0);
			ck_assert_int_eq(x, 2584);
			ck_assert_uint_eq(r.jobs, 1);
			ck_assert_uint_eq(r.done, 1);
		}
	ck_assert_int_eq(fib_run(NULL, 10, NULL, NULL), 0);
}
END_TEST

/* A pointer as a result, also to what must not be written */
static const char *longer(thrum_task *task, const char *a, const char *b);
THRUM_TASK(const char *, longer, const char *, const char *);

static const char *longer(thrum_task *task, const char *a, const char *b)
{
	(void)task;
	return strlen(a) < strlen(b) ? b : a;
}

static int take_longer(void *ctx, thrum_task *task)
{
	const char *text = NULL;
	longer_forked a = longer_fork(task, "three", "two");
	longer_forked b = longer_fork(task, "one", "two");

	(void)ctx;
	if (longer_taken(task, b, &text) && strcmp(text, "one") != 0)
		return 1;
	return strcmp(longer_join(task, a), "three") != 0;
}

START_TEST(results_may_be_pointers)
{
	ck_assert_int_eq(thrum_run(NULL, take_longer, NULL, NULL), 0);
}
END_TEST

/* The largest arguments and results there may be */
struct big {
	uint64_t lo, hi, x[4];
};
static struct big add(thrum_task *task, struct big b);
THRUM_TASK(struct big, add, struct big);

static struct big add(thrum_task *task, struct big b)
{
	if (b.hi - b.lo == 1) {
		for (int i = 0; i < 4; i++)
			b.x[i] = b.lo * (uint64_t)(i + 1);
		return b;
	}
	uint64_t mid = b.lo + (b.hi - b.lo) / 2;
	add_forked f = add_fork(task, (struct big){ b.lo, mid, { 0 } });
	struct big right = add(task, (struct big){ mid, b.hi, { 0 } });
	struct big left = add_join(task, f);
	for (int i = 0; i < 4; i++)
		b.x[i] = left.x[i] + right.x[i];
	return b;
}

START_TEST(arguments_and_results_of_48_bytes_arrive)
{
	ck_assert_uint_eq(sizeof(struct big), 48);
	for (long i = rounds(100, 5000); i > 0; i--) {
		struct big b = { 0, 1000, { 0 } }, sum;
		ck_assert_int_eq(add_run(NULL, b, &sum, THRUM_OPTS(
			.n_jobs = 1 + (int)(i % 6))), 0);
		ck_assert_uint_eq(sum.lo, 0);
		ck_assert_uint_eq(sum.hi, 1000);
		for (uint64_t k = 0; k < 4; k++)
			ck_assert_uint_eq(sum.x[k], 499500 * (k + 1));
	}
}
END_TEST

/* Arguments of each kind and size. */
struct three {
	char c[3];
};
static double six(thrum_task *task, unsigned char n, double d, const char *s,
                  struct three p, float l, int16_t last);
THRUM_TASK(double, six, unsigned char, double, const char *, struct three,
           float, int16_t);

static double six(thrum_task *task, unsigned char n, double d, const char *s,
                  struct three p, float l, int16_t last)
{
	if (n == 0)
		return d + s[0] + p.c[2] + l + last;
	six_forked row[3];
	double sum = 0;
	for (int i = 0; i < 3; i++)
		row[i] = six_fork(task, (unsigned char)(n - 1), d + i, s + 1, p,
		                  2 * l, (int16_t)(last - i));
	for (int i = 3; i-- > 0;)
		sum += six_join(task, row[i]);
	return sum;
}

START_TEST(six_arguments_arrive_each_as_itself)
{
	struct three p = { { 1, 2, 4 } };
	/* 3^8 leaves: what d gains at a fork, last loses. */
	double right = 6561 * (0.5 + 'i' + 4 + 256 * 0.25 - 7);

	ck_assert(six(NULL, 8, 0.5, "abcdefghi", p, 0.25f, -7) == right);
	for (long i = rounds(20, 2000); i > 0; i--) {
		double sum = 0;
		ck_assert_int_eq(six_run(NULL, 8, 0.5, "abcdefghi", p, 0.25f,
		                         -7, &sum, THRUM_OPTS(
			.n_jobs = 1 + (int)(i % 6))), 0);
		ck_assert(sum == right);
	}
}
END_TEST

/* Rests: run each of [i, n) once, whoever does it */
static long rest(thrum_task *task, atomic_int *ran, int i, int n);
THRUM_TASK(long, rest, atomic_int *, int, int);

static long rest(thrum_task *task, atomic_int *ran, int i, int n)
{
	long sum = 0, others = -1;

	while (i < n) {
		int at = i++;
		rest_forked f = rest_fork(task, ran, i, n);
		atomic_fetch_add(&ran[at], 1);
		sum += at;
		if (at % 16 == 0)
			spin(200); /* time to take the rest */
		if (rest_taken(task, f, &others))
			return sum + others;
	}
	return sum;
}

START_TEST(a_rest_is_run_by_who_took_it_or_by_who_took_it_back)
{
	enum { N = 200 };
	static atomic_int ran[N];

	ck_assert_int_eq(rest(NULL, ran, 0, N), N * (N - 1) / 2);
	for (long round = rounds(300, 20000); round > 0; round--) {
		long sum = -1;
		for (int i = 0; i < N; i++)
			atomic_store(&ran[i], 0);
		ck_assert_int_eq(rest_run(NULL, ran, 0, N, &sum, THRUM_OPTS(
			.n_jobs = 1 + (int)(round % 6))), 0);
		ck_assert_int_eq(sum, N * (N - 1) / 2);
		for (int i = 0; i < N; i++)
			HOLDS(atomic_load(&ran[i]) == 1);
	}
}
END_TEST

/* All in one frame, taken back from the last one on: those there was no room
 * for, too. What others took has run, nothing else has. */
static long give_back(thrum_task *task, atomic_int *ran, int n);
THRUM_TASK(long, give_back, atomic_int *, int);
static int once(thrum_task *task, atomic_int *ran);
THRUM_TASK(int, once, atomic_int *);

static int once(thrum_task *task, atomic_int *ran)
{
	(void)task;
	return atomic_fetch_add(ran, 1);
}

static long give_back(thrum_task *task, atomic_int *ran, int n)
{
	once_forked *f = malloc((size_t)n * sizeof *f);
	long taken = 0;
	int before;

	if (!f)
		return -1;
	for (int i = 0; i < n; i++)
		f[i] = once_fork(task, &ran[i]);
	for (int i = n; i-- > 0;) {
		int was = once_taken(task, f[i], &before);
		HOLDS(!was || before == 0);
		HOLDS(atomic_load(&ran[i]) == was);
		taken += was;
	}
	free(f);
	return taken;
}

START_TEST(what_is_taken_back_does_not_run)
{
	enum { N = 20000 };
	static atomic_int ran[N];

	for (long round = rounds(30, 2000); round > 0; round--) {
		long taken = -1, sum = 0;
		for (int i = 0; i < N; i++)
			atomic_store(&ran[i], 0);
		ck_assert_int_eq(give_back_run(NULL, ran, N, &taken, THRUM_OPTS(
			.n_jobs = 1 + (int)(round % 4))), 0);
		for (int i = 0; i < N; i++)
			sum += atomic_load(&ran[i]);
		ck_assert_int_eq(sum, taken);
	}
	ck_assert_int_eq(give_back(NULL, ran, 0), 0);
}
END_TEST

struct span {
	int *x;
	size_t n;
};
static int sort(thrum_task *task, struct span s);
THRUM_TASK(int, sort, struct span);

static int sort(thrum_task *task, struct span s)
{
	if (s.n < 2)
		return 0;
	int pivot = s.x[(s.n - 1) / 2];
	size_t i = 0, j = s.n - 1;
	for (;; i++, j--) {
		while (s.x[i] < pivot)
			i++;
		while (s.x[j] > pivot)
			j--;
		if (i >= j)
			break;
		int t = s.x[i];
		s.x[i] = s.x[j];
		s.x[j] = t;
	}
	sort_forked f = sort_fork(task, (struct span){ s.x, j + 1 });
	int right = sort(task, (struct span){ s.x + j + 1, s.n - j - 1 });
	return 1 + right + sort_join(task, f);
}

START_TEST(quicksort_sorts)
{
	enum { N = 20000 };
	static int x[N];
	thrum_random r = thrum_random_stream(test_seed(), 0);
	for (long round = rounds(40, 1000); round > 0; round--) {
		int64_t sum = 0;
		for (int i = 0; i < N; i++)
			sum += x[i] = (int)thrum_random_below(&r, 5000);
		int splits = 0;
		ck_assert_int_eq(sort_run(NULL, (struct span){ x, N }, &splits,
			THRUM_OPTS(.n_jobs = 1 + (int)(round % 5))), 0);
		ck_assert_int_eq(splits, N - 1);
		for (int i = 0; i < N; i++) {
			sum -= x[i];
			HOLDS(i == 0 || x[i - 1] <= x[i]);
		}
		ck_assert_int_eq(sum, 0);
	}
}
END_TEST

/* Plain */

struct plain {
	int depth;
	atomic_int *leaves;
};

static int split(void *ctx, thrum_task *task)
{
	struct plain *p = ctx;
	if (p->depth == 0) {
		atomic_fetch_add(p->leaves, 1);
		return 1;
	}
	struct plain below = { p->depth - 1, p->leaves };
	thrum_forked f = thrum_fork(task, split, &below);
	thrum_forked g = thrum_fork(task, split, &below);
	int here = split(&below, task);
	int second = thrum_join(task, g); /* the last one first */
	return here + second + thrum_join(task, f);
}

START_TEST(plain_forks_hand_their_values_back)
{
	for (long i = rounds(200, 5000); i > 0; i--) {
		atomic_int leaves = 0;
		struct plain p = { 6, &leaves };
		ck_assert_int_eq(thrum_run(NULL, split, &p, THRUM_OPTS(
			.n_jobs = 1 + (int)(i % 6))), 729);
		ck_assert_int_eq(atomic_load(&leaves), 729);
	}
	atomic_int leaves = 0;
	struct plain p = { 6, &leaves };
	ck_assert_int_eq(split(&p, NULL), 729);
}
END_TEST

static int value(void *ctx, thrum_task *task)
{
	(void)task;
	spin(200);
	return *(int *)ctx;
}

struct both {
	int f, g;
};

static int join_both(void *ctx, thrum_task *task)
{
	struct both *b = ctx;
	return thrum_join2(task, value, &b->f, value, &b->g);
}

/* The function itself, for those who take its address. */
static int join_both_outside(void *ctx, thrum_task *task)
{
	struct both *b = ctx;
	return (thrum_join2)(task, value, &b->f, value, &b->g);
}

START_TEST(join2_prefers_the_first_failure)
{
	const int v[] = { 0, 1, -7, INT_MAX, INT_MIN };
	for (int k = 1; k <= 4; k++)
		for (int i = 0; i < 5; i++)
			for (int j = 0; j < 5; j++)
				for (int n = 0; n < 20; n++) {
					struct both b = { v[i], v[j] };
					int want = v[i] ? v[i] : v[j];
					ck_assert_int_eq(thrum_run(NULL,
						join_both, &b, THRUM_OPTS(
						.n_jobs = k)), want);
					ck_assert_int_eq(join_both(&b, NULL),
					                 want);
					ck_assert_int_eq(thrum_run(NULL,
						join_both_outside, &b,
						THRUM_OPTS(.n_jobs = k)), want);
				}
}
END_TEST

/* Many forks that wait */

static long leaf(thrum_task *task, int i);
THRUM_TASK(long, leaf, int);

static long leaf(thrum_task *task, int i)
{
	(void)task;
	return i;
}

static long chain(thrum_task *task, int n);
THRUM_TASK(long, chain, int);

static long chain(thrum_task *task, int n)
{
	if (n == 0)
		return 0;
	leaf_forked f = leaf_fork(task, n);
	long rest = chain(task, n - 1);
	return rest + leaf_join(task, f);
}

static long many(thrum_task *task, int n);
THRUM_TASK(long, many, int);

static long many(thrum_task *task, int n)
{
	leaf_forked *f = malloc((size_t)n * sizeof *f);
	long sum = 0;
	if (!f)
		return -1;
	for (int i = 0; i < n; i++)
		f[i] = leaf_fork(task, i);
	for (int i = n; i-- > 0;)
		sum += leaf_join(task, f[i]);
	free(f);
	return sum;
}

START_TEST(more_forks_than_there_is_room_for_run_at_the_join)
{
	const int n[] = { 1, 100, 10000, 16383, 16384, 16385, 20000, 50000 };
	for (int k = 1; k <= 4; k++)
		for (int i = 0; i < 8; i++)
			for (int round = 0; round < 3; round++) {
				long m = n[i], x = -1;
				ck_assert_int_eq(many_run(NULL, n[i], &x,
					THRUM_OPTS(.n_jobs = k)), 0);
				ck_assert_int_eq(x, m * (m - 1) / 2);
				if (m > 20000) /* the stack */
					continue;
				ck_assert_int_eq(chain_run(NULL, n[i], &x,
					THRUM_OPTS(.n_jobs = k)), 0);
				ck_assert_int_eq(x, m * (m + 1) / 2);
			}
}
END_TEST

/* In bodies of other calls */

static int fib_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx;
	*(long *)result = fib(task, (int)(i % 15));
	return 0;
}

static int fib_range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	for (size_t i = begin; i < end; i++)
		fib_body(NULL, i, (long *)ctx + i, task);
	return 0;
}

static int fib_each(void *ctx, thrum_task *task)
{
	((long *)ctx)[thrum_task_worker(task)] = fib(task, 12);
	return 0;
}

START_TEST(bodies_of_loops_may_fork)
{
	static long x[500];
	for (int k = 1; k <= 6; k++)
		for (long i = rounds(20, 1000); i > 0; i--)
			for (int map = 0; map < 2; map++) {
				memset(x, 0, sizeof x);
				const thrum_opts *o = THRUM_OPTS(.n_jobs = k);
				int rc = map ? thrum_map(NULL, 500, fib_body,
					NULL, x, sizeof *x, o)
					: thrum_for(NULL, 500, fib_range, x, o);
				ck_assert_int_eq(rc, 0);
				for (int j = 0; j < 500; j++)
					HOLDS(x[j] == fib(NULL, j % 15));
				ck_assert_int_eq(thrum_each(NULL, fib_each, x,
				                            o), 0);
				ck_assert_int_eq(x[0], 144);
			}
}
END_TEST

static int map_in_task(void *ctx, thrum_task *task)
{
	static _Thread_local long x[50];
	long sum = 0;
	(void)task;
	int rc = thrum_map(NULL, 50, fib_body, NULL, x, sizeof *x, NULL);
	for (int i = 0; i < 50; i++)
		sum += x[i];
	*(long *)ctx = sum;
	return rc;
}

static int fork_maps(void *ctx, thrum_task *task)
{
	long *sum = ctx;
	return thrum_join2(task, map_in_task, &sum[0], map_in_task, &sum[1]);
}

START_TEST(tasks_may_make_calls)
{
	long want = 0;
	for (int i = 0; i < 50; i++)
		want += fib(NULL, i % 15);
	for (long i = rounds(200, 10000); i > 0; i--) {
		long sum[2] = { 0 };
		ck_assert_int_eq(thrum_run(NULL, fork_maps, sum, THRUM_OPTS(
			.n_jobs = 1 + (int)(i % 5))), 0);
		ck_assert_int_eq(sum[0], want);
		ck_assert_int_eq(sum[1], want);
	}
}
END_TEST

/* The codes of thrum_run */

static int give_up(void *ctx, thrum_task *task)
{
	thrum_cancel_set(ctx);
	return thrum_task_cancelled(task) ? THRUM_ECANCELED : 5;
}

static int cancel_and_fork(void *ctx, thrum_task *task)
{
	struct { thrum_cancel *stop; atomic_int *leaves; } *c = ctx;
	struct plain p = { 4, c->leaves };
	thrum_cancel_set(c->stop);
	return split(&p, task) == 81 ? 0 : 1;
}

START_TEST(run_returns_what_the_root_returned)
{
	const int v[] = { 0, 1, -7, INT_MAX, INT_MIN, THRUM_ECANCELED,
		THRUM_ETIMEDOUT };
	for (int k = 1; k <= 3; k++) {
		thrum_report r;
		for (int i = 0; i < 7; i++) {
			int code = v[i];
			ck_assert_int_eq(thrum_run(NULL, value, &code,
				THRUM_OPTS(.n_jobs = k, .report = &r)), code);
			ck_assert_uint_eq(r.done, code == 0);
			ck_assert_uint_eq(r.failed, code != 0);
			ck_assert_int_eq(r.error_code, code);
		}
		thrum_cancel stop = { 0 };
		ck_assert_int_eq(thrum_run(NULL, give_up, &stop, THRUM_OPTS(
			.n_jobs = k, .report = &r, .cancel = &stop)),
			THRUM_ECANCELED);
		ck_assert_uint_eq(r.skipped, 1);
		ck_assert_int_eq(thrum_run(NULL, give_up, &stop, THRUM_OPTS(
			.n_jobs = k, .report = &r, .cancel = &stop)),
			THRUM_ECANCELED);
		ck_assert_uint_eq(r.skipped, 1);
		ck_assert_int_eq(thrum_run(NULL, give_up, &stop, THRUM_OPTS(
			.n_jobs = k, .report = &r, .timeout_s = 1e-9)),
			THRUM_ETIMEDOUT);
		ck_assert_uint_eq(r.skipped, 1);
	}
}
END_TEST

START_TEST(what_was_forked_runs_also_after_a_cancel)
{
	for (int k = 1; k <= 4; k++)
		for (int i = 0; i < 50; i++) {
			thrum_cancel stop = { 0 };
			atomic_int leaves = 0;
			struct { thrum_cancel *stop; atomic_int *leaves; } c =
				{ &stop, &leaves };
			ck_assert_int_eq(thrum_run(NULL, cancel_and_fork, &c,
				THRUM_OPTS(.n_jobs = k, .cancel = &stop)), 0);
			ck_assert_int_eq(atomic_load(&leaves), 81);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fork");
	TCase *c = tcase_create("trees");
	tcase_add_test(c, fib_is_fib);
	tcase_add_test(c, results_may_be_pointers);
	tcase_add_test(c, arguments_and_results_of_48_bytes_arrive);
	tcase_add_test(c, six_arguments_arrive_each_as_itself);
	tcase_add_test(c, a_rest_is_run_by_who_took_it_or_by_who_took_it_back);
	tcase_add_test(c, what_is_taken_back_does_not_run);
	tcase_add_test(c, quicksort_sorts);
	tcase_add_test(c, plain_forks_hand_their_values_back);
	tcase_add_test(c, join2_prefers_the_first_failure);
	tcase_add_test(c, more_forks_than_there_is_room_for_run_at_the_join);
	add_test(s, c);
	c = tcase_create("calls");
	tcase_add_test(c, bodies_of_loops_may_fork);
	tcase_add_test(c, tasks_may_make_calls);
	tcase_add_test(c, run_returns_what_the_root_returned);
	tcase_add_test(c, what_was_forked_runs_also_after_a_cancel);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
