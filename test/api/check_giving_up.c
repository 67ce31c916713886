/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_giving_up.c - a body that sees the end of its call has not failed
 *
 * It may return THRUM_ECANCELED or THRUM_ETIMEDOUT once the call is to end, and
 * then counts as not run. Before that these are codes like any other. Each part
 * of each call that is the program's returns one of them, here by a token that
 * it has set itself, there by none.
 */
#include "config.h"

#include "common.h"

#include <stdatomic.h>
#include <thrum.h>

enum { N = 1000 };

struct plot {
	thrum_cancel stop;
	bool sets;           /* the token, first */
	int code;            /* what is returned then */
	size_t at;           /* by the part that is given this index */
	atomic_size_t whole; /* parts that returned 0 */
	size_t pulled;       /* of a stream: the calling thread's */
	unsigned part;
};

static int gives_up(struct plot *p)
{
	if (p->sets)
		thrum_cancel_set(&p->stop);
	return p->code;
}

static int range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct plot *p = ctx;
	if (begin <= p->at && p->at < end)
		return thrum_task_fail(task, p->at, gives_up(p));
	atomic_fetch_add(&p->whole, 1);
	return 0;
}

static int job(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)result;
	return range(ctx, i, i + 1, task);
}

static int tile(void *ctx, const size_t *begin, const size_t *end,
                thrum_task *task)
{
	struct plot *p = ctx;
	size_t i = begin[0] * 10 + begin[1];
	if (p->at / 10 >= begin[0] && p->at / 10 < end[0]
	    && p->at % 10 >= begin[1] && p->at % 10 < end[1])
		return thrum_task_fail(task, i, gives_up(p));
	atomic_fetch_add(&p->whole, 1);
	return 0;
}

static int next(void *ctx, void *item)
{
	struct plot *p = ctx;
	size_t *i = item;
	if (p->part == 0 && p->pulled == p->at)
		return gives_up(p);
	*i = p->pulled;
	return p->pulled++ < N ? 0 : THRUM_END;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	struct plot *p = ctx;
	(void)task;
	return p->part == 1 && *(size_t *)item == p->at ? gives_up(p) : 0;
}

static int consume(void *ctx, void *item)
{
	struct plot *p = ctx;
	if (p->part == 2 && *(size_t *)item == p->at)
		return gives_up(p);
	atomic_fetch_add(&p->whole, 1);
	return 0;
}

enum { FOR, MAP, WATCHED, TILES, NEXT, WORK, CONSUME, CALLS };

static int run(struct plot *p, int call, thrum_opts o)
{
	static const size_t shape[] = { N / 10, 10 };

	switch (call) {
	case FOR:
		o.grain = 7;
		return thrum_for(NULL, N, range, p, &o);
	case MAP:
		return thrum_map(NULL, N, job, p, NULL, 0, &o);
	case WATCHED:
		o.timeout_s = 1000;
		return thrum_for(NULL, N, range, p, &o);
	case TILES:
		return thrum_for_tiles(NULL, 2, shape, tile, p, &o);
	default:
		p->part = (unsigned)(call - NEXT);
		return thrum_stream(NULL, sizeof(size_t), next, work, consume,
		                    NULL, p, &o);
	}
}

static void each_way(bool sets)
{
	for (int call = 0; call < CALLS; call++)
		for (int k = 1; k <= 4; k++)
			for (size_t at = 0; at < N; at = 3 * at + 1) {
				struct plot p = { .sets = sets, .at = at,
					.code = at % 2 ? THRUM_ECANCELED
					               : THRUM_ETIMEDOUT };
				thrum_report r;
				const thrum_opts *o = THRUM_OPTS(.n_jobs = k,
					.cancel = &p.stop, .report = &r);
				int rc = run(&p, call, *o);
				ck_assert_uint_eq(r.done + r.failed + r.skipped,
				                  r.jobs);
				ck_assert_uint_eq(r.failed, sets ? 0 : 1);
				ck_assert_int_eq(rc, sets ? THRUM_ECANCELED
				                          : p.code);
				ck_assert_int_eq(r.error_code,
				                 sets ? 0 : p.code);
			}
}

START_TEST(who_gives_up_at_the_end_of_a_call_has_not_failed)
{
	each_way(true);
}
END_TEST

START_TEST(who_gives_up_before_has_failed)
{
	each_way(false);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("giving up");
	TCase *c = tcase_create("code");
	tcase_add_test(c, who_gives_up_at_the_end_of_a_call_has_not_failed);
	tcase_add_test(c, who_gives_up_before_has_failed);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
