/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_stream.c - a stream delivers what it pulled, and never holds more than
 * it may
 *
 * The producer and the consumer of the line below keep their state in plain
 * memory: both are the calling thread's, and ThreadSanitizer would tell if they
 * were not. Items are numbered as they are pulled.
 */
#include "config.h"

#include "common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

struct line {
	size_t n;                   /* items there are */
	size_t next_fails, work_fails, consume_fails; /* index + 1; 0: none */
	size_t every;               /* work fails for multiples of; 0: none */
	uint64_t work;              /* steps per item */
	long consume_ms;
	thrum_cancel *stop;
	size_t stop_at;             /* set by consume() of so many; 0: none */
	/* plain: of the calling thread */
	pthread_t thread;
	size_t pulled, consumed, live, most_live, last;
	int at_work;                /* in next() or consume() */
	unsigned char *seen;        /* by index */
	bool in_order;
	size_t fresh, opened, closed;
	atomic_int wrong;
	atomic_size_t worked;
};

struct item {
	size_t index;
	uint64_t value;
	uint64_t *buffer; /* kept from round to round */
	int worked, closed;
};

static void begin(struct line *l)
{
	if (l->at_work++ || !pthread_equal(pthread_self(), l->thread))
		atomic_fetch_add(&l->wrong, 1);
}

static int pull(void *ctx, void *at)
{
	struct line *l = ctx;
	struct item *it = at;
	int rc = 0;
	begin(l);
	if ((uintptr_t)it % 64 || it->closed)
		atomic_fetch_add(&l->wrong, 1);
	if (!it->buffer) { /* the first time it is zero bytes */
		static const struct item zero;
		if (memcmp(it, &zero, sizeof zero) != 0)
			atomic_fetch_add(&l->wrong, 1);
		it->buffer = malloc(sizeof *it->buffer);
		l->opened++;
	}
	if (l->pulled + 1 == l->next_fails) {
		rc = -77;
	} else if (l->pulled == l->n) {
		rc = THRUM_END;
	} else {
		it->index = l->pulled++;
		it->worked = 0;
		*it->buffer = it->index;
		if (++l->live > l->most_live)
			l->most_live = l->live;
	}
	l->at_work--;
	return rc;
}

static int work(void *ctx, void *at, thrum_task *task)
{
	struct line *l = ctx;
	struct item *it = at;
	(void)task;
	if (*it->buffer != it->index || it->worked++)
		atomic_fetch_add(&l->wrong, 1);
	it->value = 3 * it->index + 1;
	if (l->work)
		spin(l->work * (it->index % 7));
	atomic_fetch_add(&l->worked, 1);
	if (it->index + 1 == l->work_fails
	    || (l->every && it->index % l->every == 0))
		return (int)(it->index % 1000) + 1;
	return 0;
}

static int use(void *ctx, void *at)
{
	struct line *l = ctx;
	struct item *it = at;
	int rc = 0;
	begin(l);
	if (it->worked != 1 || it->value != 3 * it->index + 1
	    || it->index >= l->n || (l->seen && l->seen[it->index]++))
		atomic_fetch_add(&l->wrong, 1);
	if (l->in_order && l->consumed && it->index <= l->last)
		atomic_fetch_add(&l->wrong, 1);
	l->last = it->index;
	l->live--;
	if (l->consume_ms)
		doze(l->consume_ms);
	if (it->index + 1 == l->consume_fails)
		rc = 55;
	else
		l->consumed++;
	if (l->stop_at && l->consumed == l->stop_at)
		thrum_cancel_set(l->stop);
	l->at_work--;
	return rc;
}

static void release(void *ctx, void *at)
{
	struct line *l = ctx;
	struct item *it = at;
	if (it->closed++)
		atomic_fetch_add(&l->wrong, 1);
	if (it->buffer)
		l->closed++;
	free(it->buffer);
}

static struct line line_of(size_t n, bool in_order)
{
	struct line l = { .n = n, .in_order = in_order,
		.thread = pthread_self(), .seen = calloc(n + 1, 1) };
	ck_assert_ptr_nonnull(l.seen);
	return l;
}

/* What holds for all. */
static int run(struct line *l, thrum_opts o, thrum_report *r)
{
	o.report = r;
	int rc = thrum_stream(NULL, sizeof(struct item), pull, work, use,
	                      release, l, &o);
	ck_assert_int_eq(l->wrong, 0);
	ck_assert_uint_eq(l->opened, l->closed);
	ck_assert_uint_eq(r->jobs, l->pulled + (l->next_fails != 0
	                                        && r->failed
	                                        && rc == -77));
	ck_assert_uint_eq(r->done + r->failed + r->skipped, r->jobs);
	ck_assert_uint_eq(r->done, l->consumed);
	if (o.pre_dispatch) {
		ck_assert_uint_le(l->opened, o.pre_dispatch);
		/* Those that failed or were skipped are not consumed. */
		if (r->done == r->jobs)
			ck_assert_uint_le(l->most_live, o.pre_dispatch);
	}
	free(l->seen);
	return rc;
}

static const size_t bounds[] = { 1, 2, 3, 4, 7, 64, 65, 1000, 0, THRUM_ALL };
enum { BOUNDS = sizeof bounds / sizeof *bounds };

START_TEST(no_more_items_are_alive_than_the_bound)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED) {
		struct line l = line_of((size_t)rounds(1000000, 1000000),
		                        !flags);
		thrum_report r;
		ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = 2, .flags = flags,
			.pre_dispatch = 4), &r), 0);
		ck_assert_uint_le(l.most_live, 4);
		ck_assert_uint_eq(l.consumed, l.n);
	}
}
END_TEST

START_TEST(every_item_is_delivered_once)
{
	const size_t n[] = { 0, 1, 2, 3, 10, 100, 3000 };
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED)
		for (int i = 0; i < 7; i++)
			for (int b = 0; b < BOUNDS; b++)
				for (int k = 1; k <= 6; k++) {
					struct line l = line_of(n[i], !flags);
					thrum_report r;
					l.work = (uint64_t)(b % 3) * 100;
					ck_assert_int_eq(run(&l, *THRUM_OPTS(
						.n_jobs = k, .flags = flags,
						.pre_dispatch = bounds[b]),
						&r), 0);
					ck_assert_uint_eq(l.consumed, n[i]);
					ck_assert_uint_eq(l.worked, n[i]);
					ck_assert_uint_eq(r.n_jobs, k);
					if (!bounds[b])
						ck_assert_uint_le(l.most_live,
						                  2 * (size_t)k);
				}
}
END_TEST

START_TEST(a_slow_consumer_holds_the_producer_back)
{
	for (int k = 1; k <= 4; k++) {
		struct line l = line_of(40, true);
		thrum_report r;
		l.consume_ms = 1;
		ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
			.pre_dispatch = 3), &r), 0);
		ck_assert_uint_eq(l.consumed, 40);
	}
}
END_TEST

/* Failures */

START_TEST(the_consumer_has_seen_exactly_what_is_before_a_failure)
{
	const size_t n = 500, at[] = { 0, 1, 2, 50, 498, 499 };
	for (int kind = 0; kind < 3; kind++)
		for (int a = 0; a < 6; a++)
			for (int k = 1; k <= 5; k++)
				for (int b = 0; b < BOUNDS; b++) {
					struct line l = line_of(n, true);
					thrum_report r;
					l.work = (uint64_t)(a % 3) * 50;
					if (kind == 0)
						l.work_fails = at[a] + 1;
					else if (kind == 1)
						l.next_fails = at[a] + 1;
					else
						l.consume_fails = at[a] + 1;
					int rc = run(&l, *THRUM_OPTS(.n_jobs = k,
						.pre_dispatch = bounds[b]), &r);
					ck_assert_int_eq(rc, kind == 0
						? (int)at[a] + 1
						: kind == 1 ? -77 : 55);
					ck_assert_uint_eq(l.consumed, at[a]);
					ck_assert_uint_eq(r.done, at[a]);
					ck_assert_uint_eq(r.failed, 1);
					ck_assert_uint_eq(r.error_index, at[a]);
					ck_assert_int_eq(r.error_code, rc);
				}
}
END_TEST

START_TEST(of_many_failures_the_first_in_order_ends_the_stream)
{
	for (size_t first = 1; first < 40; first++)
		for (int k = 1; k <= 5; k++) {
			struct line l = line_of(2000, true);
			thrum_report r;
			l.every = first; /* index 0 fails too */
			ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
				.pre_dispatch = 16), &r), 1);
			ck_assert_uint_eq(r.error_index, 0);
			ck_assert_uint_eq(l.consumed, 0);
		}
}
END_TEST

START_TEST(an_unordered_stream_ends_with_a_failure_too)
{
	for (size_t at = 0; at < 500; at += 83)
		for (int k = 1; k <= 5; k++) {
			struct line l = line_of(500, false);
			thrum_report r;
			l.work_fails = at + 1;
			ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
				.flags = THRUM_UNORDERED), &r), (int)at + 1);
			ck_assert_uint_eq(r.error_index, at);
			ck_assert_uint_eq(r.failed, 1);
		}
}
END_TEST

START_TEST(keep_going_delivers_all_that_did_not_fail)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED)
		for (int k = 1; k <= 5; k++)
			for (int b = 0; b < BOUNDS; b++) {
				struct line l = line_of(1000, !flags);
				thrum_report r;
				l.every = 5;
				ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
					.flags = flags | THRUM_KEEP_GOING,
					.pre_dispatch = bounds[b]), &r), 1);
				ck_assert_uint_eq(r.jobs, 1000);
				ck_assert_uint_eq(r.failed, 200);
				ck_assert_uint_eq(l.consumed, 800);
				ck_assert_uint_eq(r.error_index, 0);
			}
}
END_TEST

START_TEST(keep_going_ends_where_next_or_consume_fail)
{
	for (int k = 1; k <= 5; k++) {
		thrum_report r;
		struct line l = line_of(1000, true), m = line_of(1000, true);
		l.next_fails = 301;
		ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
			.flags = THRUM_KEEP_GOING), &r), -77);
		ck_assert_uint_eq(l.consumed, 300);
		m.consume_fails = 301;
		ck_assert_int_eq(run(&m, *THRUM_OPTS(.n_jobs = k,
			.flags = THRUM_KEEP_GOING), &r), 55);
		ck_assert_uint_eq(m.consumed, 300);
	}
}
END_TEST

/* Ends from outside */

START_TEST(nothing_is_delivered_after_a_cancel)
{
	for (unsigned flags = 0; flags <= THRUM_UNORDERED;
	     flags += THRUM_UNORDERED)
		for (int k = 1; k <= 5; k++)
			for (size_t at = 1; at < 1000; at = at * 3 + 1) {
				thrum_cancel stop = { 0 };
				struct line l = line_of(10000, !flags);
				thrum_report r;
				l.stop = &stop;
				l.stop_at = at;
				ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
					.flags = flags, .cancel = &stop), &r),
					THRUM_ECANCELED);
				/* One more may be under way at once. */
				ck_assert_uint_ge(l.consumed, at);
				ck_assert_uint_le(l.consumed,
				                  at + 2 * (size_t)k);
				ck_assert_uint_eq(r.failed, 0);
			}
}
END_TEST

START_TEST(a_token_set_before_or_a_deadline_past_lets_nothing_run)
{
	for (int k = 1; k <= 4; k++) {
		thrum_cancel stop = { 0 };
		struct line l = line_of(100, true), m = line_of(100, true);
		thrum_report r;
		thrum_cancel_set(&stop);
		ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
			.cancel = &stop), &r), THRUM_ECANCELED);
		ck_assert_uint_eq(l.pulled, 0);
		ck_assert_int_eq(run(&m, *THRUM_OPTS(.n_jobs = k,
			.timeout_s = 1e-9), &r), THRUM_ETIMEDOUT);
		ck_assert_uint_eq(m.pulled, 0);
	}
}
END_TEST

START_TEST(a_deadline_ends_a_stream_without_end)
{
	for (int k = 1; k <= 4; k++) {
		struct line l = line_of(100000000, true);
		thrum_report r;
		l.consume_ms = 1;
		ck_assert_int_eq(run(&l, *THRUM_OPTS(.n_jobs = k,
			.timeout_s = 0.03), &r), THRUM_ETIMEDOUT);
	}
}
END_TEST

/* Parts that are not there, and calls in calls */

START_TEST(work_consume_and_close_may_be_absent)
{
	for (int k = 1; k <= 4; k++) {
		struct line l = line_of(300, true), m = line_of(300, true);
		thrum_report r;
		const thrum_opts *o = THRUM_OPTS(.n_jobs = k, .report = &r,
			.pre_dispatch = 4);
		ck_assert_int_eq(thrum_stream(NULL, sizeof(struct item), pull,
			work, NULL, release, &l, o), 0);
		ck_assert_uint_eq(r.done, 300);
		ck_assert_uint_eq(l.worked, 300);
		ck_assert_int_eq(thrum_stream(NULL, sizeof(struct item), pull,
			NULL, NULL, release, &m, o), 0);
		ck_assert_uint_eq(r.done, 300);
		ck_assert_int_eq(l.wrong + m.wrong, 0);
		free(l.seen);
		free(m.seen);
	}
}
END_TEST

static int inner_stream(struct line *outer)
{
	struct line l = { .n = 30, .in_order = true,
	                  .thread = pthread_self() };
	int rc = thrum_stream(NULL, sizeof(struct item), pull, work, use,
	                      release, &l, THRUM_OPTS(.pre_dispatch = 3));
	if (rc || l.wrong || l.consumed != 30 || l.most_live > 3)
		atomic_fetch_add(&outer->wrong, 1);
	return rc;
}

static int pull_in_pull(void *ctx, void *item)
{
	return inner_stream(ctx) ? -1 : pull(ctx, item);
}

static int work_in_work(void *ctx, void *item, thrum_task *task)
{
	return inner_stream(ctx) ? -1 : work(ctx, item, task);
}

static int use_in_use(void *ctx, void *item)
{
	return inner_stream(ctx) ? -1 : use(ctx, item);
}

START_TEST(streams_may_run_in_each_part_of_a_stream)
{
	for (long round = rounds(5, 200); round > 0; round--)
		for (int k = 1; k <= 5; k++)
			for (unsigned part = 1; part < 8; part++) {
				struct line l = line_of(20, true);
				ck_assert_int_eq(thrum_stream(NULL,
					sizeof(struct item),
					part & 1 ? pull_in_pull : pull,
					part & 2 ? work_in_work : work,
					part & 4 ? use_in_use : use, release, &l,
					THRUM_OPTS(.n_jobs = k)), 0);
				ck_assert_int_eq(l.wrong, 0);
				ck_assert_uint_eq(l.consumed, 20);
				free(l.seen);
			}
}
END_TEST

START_TEST(random_streams_are_exact)
{
	thrum_random rnd = thrum_random_stream(test_seed(), 3);
	for (long i = rounds(1500, 50000); i > 0; i--) {
		bool ordered = thrum_random_below(&rnd, 2);
		struct line l = line_of(thrum_random_below(&rnd, 600), ordered);
		thrum_report r;
		l.work = thrum_random_below(&rnd, 3) * 60;
		if (thrum_random_below(&rnd, 3) == 0)
			l.work_fails = 1 + thrum_random_below(&rnd, 700);
		size_t fails = l.work_fails <= l.n ? l.work_fails : 0;
		int rc = run(&l, *THRUM_OPTS(
			.n_jobs = 1 + (int)thrum_random_below(&rnd, 6),
			.flags = ordered ? 0 : THRUM_UNORDERED,
			.pre_dispatch = thrum_random_below(&rnd, 12)), &r);
		ck_assert_int_eq(rc, (int)fails);
		if (!fails)
			ck_assert_uint_eq(l.consumed, l.n);
		else if (ordered)
			ck_assert_uint_eq(l.consumed, fails - 1);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stream");
	TCase *c = tcase_create("items");
	tcase_add_test(c, no_more_items_are_alive_than_the_bound);
	tcase_add_test(c, every_item_is_delivered_once);
	tcase_add_test(c, a_slow_consumer_holds_the_producer_back);
	tcase_add_test(c, random_streams_are_exact);
	add_test(s, c);
	c = tcase_create("failure");
	tcase_add_test(c, the_consumer_has_seen_exactly_what_is_before_a_failure);
	tcase_add_test(c, of_many_failures_the_first_in_order_ends_the_stream);
	tcase_add_test(c, an_unordered_stream_ends_with_a_failure_too);
	tcase_add_test(c, keep_going_delivers_all_that_did_not_fail);
	tcase_add_test(c, keep_going_ends_where_next_or_consume_fail);
	add_test(s, c);
	c = tcase_create("end");
	tcase_add_test(c, nothing_is_delivered_after_a_cancel);
	tcase_add_test(c, a_token_set_before_or_a_deadline_past_lets_nothing_run);
	tcase_add_test(c, a_deadline_ends_a_stream_without_end);
	add_test(s, c);
	c = tcase_create("parts");
	tcase_add_test(c, work_consume_and_close_may_be_absent);
	tcase_add_test(c, streams_may_run_in_each_part_of_a_stream);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
