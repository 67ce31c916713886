/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_fpenv_call.c - bodies see the caller's floating-point environment, and
 * what they change of it stays with them
 *
 * Every body looks at what it finds, then spoils it.
 */
#include "config.h"

#include "common.h"

#include <fenv.h>
#include <stdatomic.h>
#include <thrum.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { N = 300 };

struct want {
	int rounding;
	unsigned control; /* MXCSR without its flags */
	atomic_int wrong, ran;
	atomic_int left;  /* items of a stream */
	bool spoil;
};

static unsigned control(void)
{
#if defined(__x86_64__)
	return _mm_getcsr() & ~0x3fu;
#else
	return 0;
#endif
}

static void flush_to_zero(bool on)
{
#if defined(__x86_64__)
	_mm_setcsr(on ? _mm_getcsr() | 0x8040u : _mm_getcsr() & ~0x8040u);
#else
	(void)on;
#endif
}

static int look(struct want *w)
{
	if (fegetround() != w->rounding || control() != w->control)
		atomic_fetch_add(&w->wrong, 1);
	atomic_fetch_add(&w->ran, 1);
	if (w->spoil) {
		fesetround(w->rounding == FE_DOWNWARD ? FE_TONEAREST
		                                      : FE_DOWNWARD);
		flush_to_zero(!(w->control & 0x8000u));
	}
	spin(500);
	return 0;
}

static int each(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)result, (void)task;
	return look(ctx);
}

static int range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)begin, (void)end, (void)task;
	return look(ctx);
}

static int leaf(void *ctx, size_t begin, size_t end, void *partial,
                thrum_task *task)
{
	(void)partial;
	return range(ctx, begin, end, task);
}

static void combine(void *ctx, void *into, const void *from)
{
	(void)into, (void)from;
	look(ctx);
}

static int next(void *ctx, void *item)
{
	struct want *w = ctx;
	(void)item;
	look(w);
	return atomic_fetch_sub(&w->left, 1) > 0 ? 0 : THRUM_END;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	(void)item, (void)task;
	return look(ctx);
}

static int use(void *ctx, void *item)
{
	(void)item;
	return look(ctx);
}

static int part(void *ctx, thrum_task *task)
{
	(void)task;
	return look(ctx);
}

static int nest(void *ctx, size_t i, void *result, thrum_task *task)
{
	int rc = thrum_map(NULL, 20, each, ctx, NULL, 0, NULL);
	return rc ? rc : each(ctx, i, result, task);
}

static int call(int which, struct want *w, const thrum_opts *o)
{
	double sum = 0;
	switch (which) {
	case 0:
		return thrum_map(NULL, N, each, w, NULL, 0, o);
	case 1:
		return thrum_for(NULL, N, range, w, o);
	case 2:
		return thrum_reduce(NULL, N, leaf, combine, w, &sum, sizeof sum,
		                    o);
	case 3:
		atomic_store(&w->left, N);
		return thrum_stream(NULL, 8, next, work, use, NULL, w, o);
	case 4:
		return thrum_run(NULL, part, w, o);
	case 5:
		return thrum_each(NULL, part, w, o);
	default:
		return thrum_map(NULL, 20, nest, w, NULL, 0, o);
	}
}
enum { CALLS = 7 };

static void assert_seen(int which, int n_jobs, int rounding, bool ftz,
                        bool spoil)
{
	static const char *const name[] = { "map", "for", "reduce", "stream",
	                                    "run", "each", "nested map" };
	fesetround(rounding);
	flush_to_zero(ftz);
	unsigned had = control();
	struct want w = { .rounding = rounding, .control = had,
	                  .spoil = spoil };
	/* The second time a map is known to be short. */
	int rc = call(which, &w, THRUM_OPTS(.n_jobs = n_jobs));
	rc |= call(which, &w, THRUM_OPTS(.n_jobs = n_jobs));
	rc |= call(which, &w, THRUM_OPTS(.n_jobs = n_jobs, .timeout_s =
	                                 which == 5 ? 0 : 1e6));
	int rounds_as = fegetround();
	unsigned has = control();
	fesetround(FE_TONEAREST);
	flush_to_zero(false);
	ck_assert_int_eq(rc, 0);
	/* A map puts the words back after each of its ranges, not after each
	 * job; see thrum/base.h. */
	bool per_range = spoil && (which == 0 || which == CALLS - 1);
	ck_assert_msg(per_range || atomic_load(&w.wrong) == 0,
	              "%s, n_jobs %d: %d of %d bodies saw another environment",
	              name[which], n_jobs, atomic_load(&w.wrong),
	              atomic_load(&w.ran));
	ck_assert_msg(rounds_as == rounding && has == had,
	              "%s, n_jobs %d: the caller has %d %x, had %d %x",
	              name[which], n_jobs, rounds_as, has, rounding, had);
}

static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD,
	FE_TOWARDZERO };

START_TEST(bodies_see_what_the_caller_has)
{
	for (int k = 1; k <= 4; k++)
		for (int m = 0; m < 4; m++)
			for (int ftz = 0; ftz < 2; ftz++)
				assert_seen(_i, k, modes[m], ftz, false);
}
END_TEST

START_TEST(what_a_body_changes_stays_in_its_range)
{
	for (int k = 1; k <= 4; k++)
		for (int m = 0; m < 4; m++)
			for (int ftz = 0; ftz < 2; ftz++)
				assert_seen(_i, k, modes[m], ftz, true);
}
END_TEST

/* Forks: the tasks that are stolen, and those that are not */
static int tree(void *ctx, thrum_task *task)
{
	struct { struct want *w; int depth; } *t = ctx, below;
	if (t->depth == 0) {
		if (fegetround() != t->w->rounding)
			atomic_fetch_add(&t->w->wrong, 1);
		spin(200);
		return 0;
	}
	below.w = t->w;
	below.depth = t->depth - 1;
	return thrum_join2(task, tree, &below, tree, &below);
}

START_TEST(stolen_tasks_see_what_the_caller_has)
{
	for (int k = 1; k <= 4; k++)
		for (int m = 0; m < 4; m++)
			for (int i = 0; i < 20; i++) {
				struct want w = { .rounding = modes[m] };
				struct { struct want *w; int depth; } t =
					{ &w, 8 };
				fesetround(modes[m]);
				int rc = thrum_run(NULL, tree, &t, THRUM_OPTS(
					.n_jobs = k));
				fesetround(FE_TONEAREST);
				ck_assert_int_eq(rc, 0);
				ck_assert_int_eq(w.wrong, 0);
			}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fpenv_call");
	TCase *c = tcase_create("bodies");
	tcase_add_loop_test(c, bodies_see_what_the_caller_has, 0, CALLS);
	tcase_add_loop_test(c, what_a_body_changes_stays_in_its_range, 0, CALLS);
	tcase_add_test(c, stolen_tasks_see_what_the_caller_has);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
