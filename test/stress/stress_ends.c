/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress_ends.c - calls that end by an error, a cancel or a deadline
 *
 * Each schedule is a call with one to three of these drawn for it: bodies fail at
 * some indices; a body sets the token; a thread beside sets it after some time,
 * also before the call begins or when it is over; the time is up. What has to
 * hold whichever comes first:
 *
 *  - done + failed + skipped is the number of jobs, and each is what its body,
 *    or nobody, did; what is returned is the code of the lowest that failed
 *    among those run, or why there are some that were not;
 *  - once a token is set a worker begins at most one further job, and a loop by
 *    ranges one further range;
 *  - no body runs after the call has returned.
 *
 * Then a thousand calls that can only end by their deadline: none before it, and
 * not much after it. From one that is late the time is taken off for which
 * threads of the program waited for a CPU.
 */
#include "stress.h"

#include "waited.h"

#include <stdatomic.h>
#include <thrum.h>

enum { MOST = 400, WORKERS = 8, COLUMNS = 5 };

static thrum_pool *pool;

struct schedule {
	uint64_t seed;
	size_t n;
	bool fails;
	size_t cancel_at;     /* SIZE_MAX: by no body */
	uint64_t timeout_us;  /* 0 none */
	size_t pulled;
	thrum_cancel token;
	_Atomic bool told;    /* the token is set, for certain */
	_Atomic bool over;    /* the call has returned */
	unsigned char hits[MOST];
	struct {
		_Alignas(64) unsigned late; /* begun after told */
	} worker[WORKERS];
};

static int code_of(const struct schedule *s, size_t i)
{
	uint64_t x = stress_mix(s->seed ^ i);
	return s->fails && x % 61 == 0 ? 1 + (int)(x >> 8) % 100 : 0;
}

static void set_token(struct schedule *s)
{
	thrum_cancel_set(&s->token);
	atomic_store_explicit(&s->told, true, memory_order_release);
}

/* A job, or a range of them, is begun. */
static void begin(struct schedule *s, const thrum_task *task)
{
	STRESS_CHECK(!atomic_load_explicit(&s->over, memory_order_relaxed));
	if (atomic_load_explicit(&s->told, memory_order_acquire))
		s->worker[thrum_task_worker(task)].late++;
}

static int visit(struct schedule *s, size_t i)
{
	uint64_t x = stress_mix(s->seed + i);
	s->hits[i]++;
	if (x % 4 == 0)
		stress_spin(x >> 8 & 0x3ff);
	if (i == s->cancel_at)
		set_token(s);
	return code_of(s, i);
}

static int range(void *ctx, size_t from, size_t to, thrum_task *task)
{
	struct schedule *s = ctx;
	begin(s, task);
	for (size_t i = from; i < to; i++) {
		int code = visit(s, i);
		if (code)
			return thrum_task_fail(task, i, code);
	}
	return 0;
}

static int job(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)result;
	begin(ctx, task);
	return visit(ctx, i);
}

static int tile(void *ctx, const size_t from[], const size_t to[],
                thrum_task *task)
{
	struct schedule *s = ctx;
	begin(s, task);
	for (size_t i = from[0]; i < to[0]; i++)
		for (size_t j = from[1]; j < to[1]; j++) {
			int code = visit(s, i * COLUMNS + j);
			if (code)
				return thrum_task_fail(task, i * COLUMNS + j,
				                       code);
		}
	return 0;
}

static int next(void *ctx, void *item)
{
	struct schedule *s = ctx;
	if (s->pulled == s->n)
		return THRUM_END;
	memcpy(item, &s->pulled, sizeof s->pulled);
	s->pulled++;
	return 0;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	size_t i;
	memcpy(&i, item, sizeof i);
	begin(ctx, task);
	return visit(ctx, i);
}

/* The thread beside, which gets one schedule after the other. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct schedule *at; /* NULL: it is done with that */
	uint64_t wait;
	bool over;
} beside = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0,
	     false };

static void *cancel_beside(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&beside.lock);
	while (!beside.over) {
		if (beside.at) {
			stress_spin(beside.wait);
			set_token(beside.at);
			beside.at = NULL;
			pthread_cond_broadcast(&beside.changed);
		} else {
			pthread_cond_wait(&beside.changed, &beside.lock);
		}
	}
	pthread_mutex_unlock(&beside.lock);
	return NULL;
}

static void give_beside(struct schedule *s, uint64_t wait)
{
	pthread_mutex_lock(&beside.lock);
	beside.at = s;
	beside.wait = wait;
	pthread_cond_broadcast(&beside.changed);
	pthread_mutex_unlock(&beside.lock);
}

static void await_beside(void)
{
	pthread_mutex_lock(&beside.lock);
	while (beside.at)
		pthread_cond_wait(&beside.changed, &beside.lock);
	pthread_mutex_unlock(&beside.lock);
}

static void check(const struct schedule *s, const thrum_report *r, int rc,
                  bool going, bool cancels)
{
	uint64_t run = 0, failed = 0;
	size_t lowest = SIZE_MAX, jobs = s->n;

	for (size_t i = 0; i < s->n; i++) {
		STRESS_CHECK(s->hits[i] <= 1);
		run += s->hits[i];
		if (!s->hits[i] || !code_of(s, i))
			continue;
		failed++;
		lowest = lowest < i ? lowest : i;
	}
	if (r->jobs != jobs)
		jobs = s->pulled;
	STRESS_CHECK(r->jobs == jobs);
	STRESS_CHECK(r->done + r->failed + r->skipped == jobs);
	STRESS_CHECK(r->failed == failed);
	STRESS_CHECK(r->done <= run - failed);
	if (failed)
		STRESS_CHECK(rc == code_of(s, lowest)
		             && r->error_index == lowest);
	else if (run == s->n && rc == 0)
		STRESS_CHECK(r->done == s->n);
	else
		STRESS_CHECK((rc == THRUM_ECANCELED && cancels)
		             || (rc == THRUM_ETIMEDOUT && s->timeout_us));
	if (going && !cancels && !s->timeout_us)
		STRESS_CHECK(run == s->n);
	for (int w = 0; w < WORKERS; w++)
		STRESS_CHECK(s->worker[w].late <= 1);
}

static void one(uint64_t *state)
{
	struct schedule s = { .seed = stress_draw(state, UINT64_MAX),
	                      .n = stress_draw(state, MOST + 1),
	                      .cancel_at = SIZE_MAX };
	uint64_t ends = 1 + stress_draw(state, 15);
	bool going = stress_draw(state, 2), others = ends & 4;
	thrum_report r;
	int rc;

	s.fails = ends & 1;
	if (ends & 8)
		s.timeout_us = 1 + stress_draw(state, 300);
	thrum_opts o = *THRUM_OPTS(
		.n_jobs = 1 + (int)stress_draw(state, WORKERS), .report = &r,
		.cancel = &s.token, .timeout_s = (double)s.timeout_us * 1e-6,
		.flags = going ? THRUM_KEEP_GOING : 0u);
	enum { FOR, TILES, MAP, STREAM };
	uint64_t kind = stress_draw(state, 4);
	if (kind <= TILES)
		o.grain = 1 + stress_draw(state, 20);
	if (kind == TILES)
		s.n -= s.n % COLUMNS;
	if (ends & 2 && s.n > 0)
		s.cancel_at = stress_draw(state, s.n);
	(void)snprintf(stress_at, sizeof stress_at,
	               ": kind %d, n %zu, n_jobs %d, grain %zu, ends %d%s",
	               (int)kind, s.n, o.n_jobs, (size_t)o.grain, (int)ends,
	               going ? ", going" : "");
	if (others)
		give_beside(&s, stress_draw(state, 30000));
	if (kind == FOR)
		rc = thrum_for(pool, s.n, range, &s, &o);
	else if (kind == TILES)
		rc = thrum_for_tiles(pool, 2, (const size_t[]){
			s.n / COLUMNS, COLUMNS }, tile, &s, &o);
	else if (kind == MAP)
		rc = thrum_map(pool, s.n, job, &s, NULL, 0, &o);
	else
		rc = thrum_stream(pool, sizeof(size_t), next, work, NULL, NULL,
		                  &s, &o);
	atomic_store_explicit(&s.over, true, memory_order_relaxed);
	if (others)
		await_beside();
	check(&s, &r, rc, going, others || s.cancel_at != SIZE_MAX);
}

/* Deadlines */

static int endless(void *ctx, size_t from, size_t to, thrum_task *task)
{
	uint64_t until = stress_ns() + 20000;
	(void)ctx, (void)from, (void)to, (void)task;
	while (stress_ns() < until)
		;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void deadlines(uint64_t *state, bool strict)
{
	enum { TRIALS = 1000, LATE_MS = 20 };
	static double late_ms[TRIALS];
	int n = stress_full ? TRIALS : TRIALS / 10;

	for (int i = 0; i < n; i++) {
		double timeout = (double)(200 + stress_draw(state, 3000)) * 1e-6;
		uint64_t waited = stress_waited(), since = stress_ns();
		int rc = thrum_for(pool, (size_t)1 << 40, endless, NULL,
		                   THRUM_OPTS(.timeout_s = timeout, .grain = 1));
		double took = (double)(stress_ns() - since) / 1e9;
		STRESS_CHECK(rc == THRUM_ETIMEDOUT);
		STRESS_CHECK(took >= timeout);
		double excuse = (double)(stress_waited() - waited) / 1e6;
		late_ms[i] = 1e3 * (took - timeout);
		if (late_ms[i] > LATE_MS)
			late_ms[i] -= late_ms[i] < excuse ? late_ms[i] : excuse;
	}
	stress_figure("P8", 0, 0, true, "deadlines that came early");
	qsort(late_ms, (size_t)n, sizeof *late_ms, by_size);
	printf("# %d deadlines, late by %.3g ms in the middle\n", n,
	       late_ms[n / 2]);
	if (!strict)
		return; /* delays are in the way */
	stress_figure("P8", late_ms[n * 99 / 100], LATE_MS,
	              late_ms[n * 99 / 100] <= LATE_MS, "ms, deadlines late, p99");
	stress_figure("P8", late_ms[n - 1], 200, late_ms[n - 1] <= 200,
	              "ms, deadlines late, the latest");
}

int main(int argc, char **argv)
{
	static const uint64_t asked = 100000;
	const char *chaos = getenv("THRUM_CHAOS");
	unsigned long schedules = 0;
	pthread_t canceller;

	stress_begin(argc, argv);
	STRESS_CHECK(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = WORKERS, .spin_us = stress_seed % 2 ? -1 : 0)) == 0);
	STRESS_CHECK(pthread_create(&canceller, NULL, cancel_beside, NULL) == 0);
	uint64_t state = stress_seed;
	for (; stress_wants(schedules, asked); schedules++)
		one(&state);
	pthread_mutex_lock(&beside.lock);
	beside.over = true;
	pthread_cond_broadcast(&beside.changed);
	pthread_mutex_unlock(&beside.lock);
	STRESS_CHECK(pthread_join(canceller, NULL) == 0);
	stress_figure("P7", (double)schedules, stress_full ? (double)asked : 1,
	              schedules >= (stress_full ? asked : 1),
	              "schedules of errors, cancels and deadlines, all accounted");
	stress_alarm(60);
	deadlines(&state, !chaos || atoi(chaos) == 0);
	STRESS_CHECK(thrum_pool_destroy(pool) == 0);
	STRESS_CHECK(thrum_shutdown() == 0);
	return stress_done("calls end as they should, and when", schedules);
}
