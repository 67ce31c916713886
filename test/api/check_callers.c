/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_callers.c - threads of the program that call at once each get their own
 */
#include "config.h"

#include "common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <thrum.h>

enum { MOST = 64, N = 400 };

struct host {
	pthread_t thread;
	thrum_pool *pool;
	int number, n_jobs;
	long rounds;
	int wrong;       /* plain: of this host */
	int *status;
	atomic_int stop_now;
	int code;        /* its bodies' */
	thrum_cancel stop;
};

static int body(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct host *h = ctx;
	(void)task;
	if (result)
		*(int *)result = h->number * N + (int)i;
	spin(i % 50);
	return i == N / 2 ? h->code : 0;
}

static int leaf(void *ctx, size_t begin, size_t end, void *out,
                thrum_task *task)
{
	struct host *h = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++)
		*(int64_t *)out += h->number + (int64_t)i;
	return 0;
}

struct line {
	struct host *host;
	int pulled, consumed;
};

static int next(void *ctx, void *item)
{
	struct line *l = ctx;
	*(int *)item = l->pulled;
	return l->pulled++ < 50 ? 0 : THRUM_END;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	struct line *l = ctx;
	(void)task;
	*(int *)item += l->host->number * N;
	return 0;
}

static int use(void *ctx, void *item)
{
	struct line *l = ctx;
	return *(int *)item == l->host->number * N + l->consumed++ ? 0 : -1;
}

static void map(struct host *h, const thrum_opts *o)
{
	int result[N];
	int rc = thrum_map(h->pool, N, body, h, result, sizeof *result, o);
	h->wrong += rc != h->code;
	for (int i = 0; rc == 0 && i < N; i++)
		h->wrong += result[i] != h->number * N + i;
}

static void round_of(struct host *h, long round)
{
	thrum_report r;
	const thrum_opts *o = THRUM_OPTS(.n_jobs = h->n_jobs, .report = &r,
	                                 .cancel = &h->stop);
	switch ((round + h->number) % 5) {
	case 0:
		h->code = 0;
		map(h, o);
		h->wrong += r.done != N;
		break;
	case 1:
		h->code = 1000 + h->number;
		map(h, o);
		h->wrong += r.error_index != N / 2 || r.failed != 1;
		break;
	case 2: {
		int64_t sum = 0, want = 0;
		for (int i = 0; i < N; i++)
			want += h->number + i;
		h->wrong += thrum_reduce(h->pool, N, leaf, thrum_add_int64, h,
		                         &sum, sizeof sum, o) != 0
		            || sum != want;
		break;
	}
	case 3: {
		struct line l = { h, 0, 0 };
		h->wrong += thrum_stream(h->pool, sizeof(int), next, work, use,
		                         NULL, &l, o) != 0 || l.consumed != 50;
		break;
	}
	default:
		h->code = 0;
		thrum_cancel_set(&h->stop);
		h->wrong += thrum_map(h->pool, N, body, h, NULL, 0, o)
		            != THRUM_ECANCELED;
		thrum_cancel_clear(&h->stop);
	}
}

static void *live(void *ctx)
{
	struct host *h = ctx;
	for (long i = 0; i < h->rounds; i++)
		round_of(h, i);
	return NULL;
}

static void assert_hosts(int hosts, thrum_pool *pool, int n_jobs, long n)
{
	static struct host host[MOST];
	memset(host, 0, sizeof host);
	for (int i = 0; i < hosts; i++) {
		host[i].pool = pool;
		host[i].number = i;
		host[i].n_jobs = n_jobs;
		host[i].rounds = n;
		ck_assert_int_eq(pthread_create(&host[i].thread, NULL, live,
		                                &host[i]), 0);
	}
	for (int i = 0; i < hosts; i++)
		ck_assert_int_eq(pthread_join(host[i].thread, NULL), 0);
	for (int i = 0; i < hosts; i++)
		ck_assert_msg(host[i].wrong == 0, "host %d of %d: %d wrong", i,
		              hosts, host[i].wrong);
}

static const int hosts[] = { 2, 8, 64 };

START_TEST(callers_of_the_default_pool_get_their_own_results)
{
	long n = rounds(6400, 200000) / hosts[_i];
	assert_hosts(hosts[_i], NULL, 0, n);
	assert_hosts(hosts[_i], NULL, 4, n);
}
END_TEST

START_TEST(callers_of_one_pool_get_their_own_results)
{
	for (int size = 1; size <= 8; size *= 2) {
		thrum_pool *pool;
		ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
			.n_jobs = size)), 0);
		assert_hosts(hosts[_i], pool, 0,
		             rounds(3200, 100000) / hosts[_i]);
		ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	}
}
END_TEST

static int count(void *ctx, thrum_task *task)
{
	(void)task;
	atomic_fetch_add((atomic_int *)ctx, 1);
	return 0;
}

static void *each_often(void *ctx)
{
	struct host *h = ctx;
	for (long i = 0; i < h->rounds; i++) {
		atomic_int n = 0;
		thrum_report r;
		h->wrong += thrum_each(h->pool, count, &n, THRUM_OPTS(
			.report = &r)) != 0 || (uint64_t)n != r.done || n < 1;
		round_of(h, i);
	}
	return NULL;
}

START_TEST(turns_for_each_worker_go_beside_other_calls)
{
	enum { HOSTS = 4 };
	thrum_pool *pool;
	struct host host[HOSTS];
	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = 3)), 0);
	memset(host, 0, sizeof host);
	for (int i = 0; i < HOSTS; i++) {
		host[i].pool = i % 2 ? pool : NULL;
		host[i].number = i;
		host[i].rounds = rounds(500, 10000);
		ck_assert_int_eq(pthread_create(&host[i].thread, NULL,
		                                each_often, &host[i]), 0);
	}
	for (int i = 0; i < HOSTS; i++) {
		ck_assert_int_eq(pthread_join(host[i].thread, NULL), 0);
		ck_assert_int_eq(host[i].wrong, 0);
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

START_TEST(threads_may_come_and_go)
{
	for (long i = rounds(100, 5000); i > 0; i--)
		assert_hosts(3, NULL, 2, 2);
}
END_TEST

/* Jobs that all have to be there at once, and stay until they may go. */
struct gathering {
	pthread_t thread;
	thrum_pool *pool;
	int size, rc;
	atomic_int there;
	atomic_bool may_go;
};

static int gather(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct gathering *g = ctx;
	(void)i, (void)result, (void)task;
	atomic_fetch_add(&g->there, 1);
	while (atomic_load(&g->there) < g->size || !atomic_load(&g->may_go))
		doze(1);
	return 0;
}

static void *hold_gathering(void *ctx)
{
	struct gathering *g = ctx;
	g->rc = thrum_map(g->pool, (size_t)g->size, gather, g, NULL, 0, NULL);
	return NULL;
}

static void begin_gathering(struct gathering *g, thrum_pool *pool, int size)
{
	*g = (struct gathering){ .pool = pool, .size = size };
	ck_assert_int_eq(pthread_create(&g->thread, NULL, hold_gathering, g), 0);
	while (atomic_load(&g->there) < size)
		doze(1);
}

static void end_gathering(struct gathering *g)
{
	atomic_store(&g->may_go, true);
	ck_assert_int_eq(pthread_join(g->thread, NULL), 0);
	ck_assert_int_eq(g->rc, 0);
}

/* Of 12 workers 5 are at work in the middle, and a caller may have a place there
 * though others took its jobs. A call of 6 jobs has to find those before and behind
 * them, who all sleep. */
START_TEST(a_call_does_not_count_on_those_at_work_for_another)
{
	thrum_pool *pool;
	struct gathering first, second, last;

	ck_assert_int_eq(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = 12)), 0);
	for (long i = rounds(20, 1000); i > 0; i--) {
		begin_gathering(&first, pool, 5);
		begin_gathering(&second, pool, 5);
		end_gathering(&first);
		doze(5);
		begin_gathering(&last, pool, 6);
		end_gathering(&last);
		end_gathering(&second);
	}
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("callers");
	TCase *c = tcase_create("hosts");
	tcase_add_loop_test(c, callers_of_the_default_pool_get_their_own_results,
	                    0, 3);
	tcase_add_loop_test(c, callers_of_one_pool_get_their_own_results, 0, 3);
	tcase_add_test(c, turns_for_each_worker_go_beside_other_calls);
	tcase_add_test(c, threads_may_come_and_go);
	tcase_add_test(c, a_call_does_not_count_on_those_at_work_for_another);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
