/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress_mix.c - programs drawn at random, beside a serial model
 *
 * A round draws a pool of 1 to 256 workers (or the default pool) and one to four
 * host threads. Each makes calls of all kinds on it, whose bodies make calls in
 * their turn, fail, are cancelled or come too late. Bodies decide by index from
 * the seed of the call, so what must come out is known without a thread.
 *
 * A call inside a body may be ended by what ends the call around it. It is
 * excused, then: what it did must still add up.
 *
 * What is drawn in a round depends on the seed and its number alone. A failure
 * tells both, and which call it was; `stress_mix SEED ROUND` does that round again
 * and again.
 */
#include "stress.h"

#include <pthread.h>
#include <stdbool.h>
#include <thrum.h>

enum { DEEPEST = 2, MOST = 3000, WIDEST = 256 };

static thrum_pool *pool; /* of the round; NULL the default */
static int widest;       /* n_jobs to draw up to */
static unsigned long at_round;

/* A call as drawn. */
struct op {
	uint64_t seed;
	int depth;
	thrum_task *outer;
	size_t n;
	thrum_cancel cancel;
	bool cancels;         /* a body sets the token */
	size_t cancel_at;
	bool fails;           /* bodies fail at some indices */
	unsigned char *hits;  /* one per index, written by who runs it */
	/* Streams */
	size_t most, pulled, expected;
	long live, live_most;
	bool ordered;
	unsigned char *seen;
};

static void any_call(uint64_t *state, int depth, thrum_task *outer);

static int failure(const struct op *op, size_t i)
{
	uint64_t x = stress_mix(op->seed ^ i * 0x51ed27u);
	return op->fails && x % 97 == 0 ? (int)(x % 1000) + 1 : 0;
}

static uint64_t value(const struct op *op, size_t i)
{
	return stress_mix(op->seed + i);
}

/* What the body of index i does. */
static int visit(struct op *op, size_t i, thrum_task *task)
{
	uint64_t x = stress_mix(op->seed + 77 * i);

	op->hits[i]++;
	if (x % 16 == 0)
		stress_spin(x >> 8 & 0xfff);
	if (op->cancels && i == op->cancel_at)
		thrum_cancel_set(&op->cancel);
	if (x % 64 == 1) {
		char *p = thrum_task_scratch(task, 1 + (x >> 9) % 3000);
		STRESS_CHECK(p);
		memset(p, (int)x, 1 + (x >> 9) % 3000);
	}
	if (op->depth < DEEPEST && x % 128 == 2) {
		uint64_t state = x;
		any_call(&state, op->depth + 1, task);
	}
	return failure(op, i);
}

static void draw_op(struct op *op, uint64_t *state, int depth,
                    thrum_task *outer)
{
	static const size_t sizes[] = { 0, 1, 2, 7, 100, 1000, MOST };

	memset(op, 0, sizeof *op);
	op->seed = stress_draw(state, UINT64_MAX);
	op->depth = depth;
	op->outer = outer;
	op->n = stress_draw(state, sizes[stress_draw(state, 7)] + 1);
	if (depth > 0)
		op->n /= 10;
	op->fails = stress_draw(state, 4) == 0;
	op->cancels = op->n > 0 && stress_draw(state, 8) == 0;
	op->cancel_at = op->n ? stress_draw(state, op->n) : 0;
	op->hits = calloc(op->n + 1, 1);
	op->seen = calloc(op->n + 1, 1);
	STRESS_CHECK(op->hits && op->seen);
}

static void free_op(struct op *op)
{
	free(op->hits);
	free(op->seen);
}

static int draw_n_jobs(uint64_t *state)
{
	switch (stress_draw(state, 4)) {
	case 0:
		return 0;
	case 1:
		return -1 - (int)stress_draw(state, 2);
	default:
		return 1 + (int)stress_draw(state, (uint64_t)widest);
	}
}

/* Ended by a call around it. */
static bool excused(const struct op *op)
{
	return op->outer && thrum_task_cancelled(op->outer);
}

/* done, failed, skipped and the code, beside what the bodies did. */
static void check_loop(const struct op *op, const thrum_opts *o, int rc,
                       const thrum_report *r, bool late)
{
	uint64_t run = 0, failed = 0;
	size_t lowest = SIZE_MAX;

	for (size_t i = 0; i < op->n; i++) {
		STRESS_CHECK(op->hits[i] <= 1);
		run += op->hits[i];
		if (!op->hits[i] || !failure(op, i))
			continue;
		failed++;
		if (lowest == SIZE_MAX)
			lowest = i;
	}
	STRESS_CHECK(r->jobs == op->n);
	STRESS_CHECK(r->done + r->failed + r->skipped == op->n);
	STRESS_CHECK(r->failed == failed);
	STRESS_CHECK(r->done + r->failed == run);
	STRESS_CHECK(r->workers <= r->n_jobs);
	if (failed) {
		STRESS_CHECK(rc == failure(op, lowest));
		STRESS_CHECK(r->error_index == lowest && r->error_code == rc);
	} else if (run == op->n) {
		STRESS_CHECK(rc == 0);
	} else {
		STRESS_CHECK(rc == THRUM_ECANCELED || rc == THRUM_ETIMEDOUT);
		STRESS_CHECK(rc == THRUM_ETIMEDOUT ? late
		             : op->cancels || excused(op));
	}
	bool ends = op->cancels || late || excused(op)
	            || (failed && !(o->flags & THRUM_KEEP_GOING));
	STRESS_CHECK(ends || run == op->n);
	for (size_t i = 0; o->status && i < op->n; i++)
		STRESS_CHECK(o->status[i] == (op->hits[i] ? failure(op, i)
		                                          : THRUM_ESKIPPED));
}

/* Loops */

static int for_body(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct op *op = ctx;
	for (size_t i = begin; i < end; i++) {
		int code = visit(op, i, task);
		if (code)
			return thrum_task_fail(task, i, code);
	}
	return 0;
}

static int map_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct op *op = ctx;
	uint64_t v = value(op, i);
	memcpy(result, &v, sizeof v);
	return visit(op, i, task);
}

static void loop(uint64_t *state, int depth, thrum_task *outer, bool map)
{
	struct op op;
	thrum_report report;

	draw_op(&op, state, depth, outer);
	thrum_opts o = *THRUM_OPTS(.n_jobs = draw_n_jobs(state),
	                           .cancel = &op.cancel, .report = &report);
	uint64_t *results = calloc(op.n + 1, sizeof *results);
	int *status = calloc(op.n + 1, sizeof *status);
	STRESS_CHECK(results && status);
	if (stress_draw(state, 2))
		o.grain = 1 + stress_draw(state, 40);
	if (stress_draw(state, 2))
		o.flags = THRUM_KEEP_GOING;
	if (stress_draw(state, 2))
		o.status = status;
	bool late = stress_draw(state, 8) == 0;
	if (late)
		o.timeout_s = (double)(1 + stress_draw(state, 300)) * 1e-6;
	int rc = map ? thrum_map(pool, op.n, map_body, &op, results,
	                         sizeof *results, &o)
	             : thrum_for(pool, op.n, for_body, &op, &o);
	check_loop(&op, &o, rc, &report, late);
	for (size_t i = 0; map && i < op.n; i++)
		STRESS_CHECK(results[i] == (op.hits[i] ? value(&op, i) : 0));
	free(results);
	free(status);
	free_op(&op);
}

/* Reductions */

static int sum_body(void *ctx, size_t begin, size_t end, void *partial,
                    thrum_task *task)
{
	struct op *op = ctx;
	int64_t sum;

	memcpy(&sum, partial, sizeof sum);
	for (size_t i = begin; i < end; i++) {
		int code = visit(op, i, task);
		if (code)
			return thrum_task_fail(task, i, code);
		sum += (int64_t)(value(op, i) >> 16);
	}
	memcpy(partial, &sum, sizeof sum);
	return 0;
}

static void reduction(uint64_t *state, int depth, thrum_task *outer)
{
	struct op op;
	thrum_report report;
	int64_t sum = 5, expected = 5;

	draw_op(&op, state, depth, outer);
	thrum_opts o = *THRUM_OPTS(.n_jobs = draw_n_jobs(state),
	                           .cancel = &op.cancel, .report = &report,
	                           .grain = stress_draw(state, 20));
	/* The identity of the sum is 0; 5 shows that it stays on failure. */
	sum = op.fails || op.cancels ? 5 : 0;
	expected = sum;
	if (stress_draw(state, 2))
		o.flags = THRUM_UNORDERED;
	int rc = thrum_reduce(pool, op.n, sum_body, thrum_add_int64, &op, &sum,
	                      sizeof sum, &o);
	check_loop(&op, &o, rc, &report, false);
	if (expected == 0 && rc == 0)
		for (size_t i = 0; i < op.n; i++)
			expected += (int64_t)(value(&op, i) >> 16);
	if (rc != 0 || !(op.fails || op.cancels))
		STRESS_CHECK(sum == expected);
	free_op(&op);
}

/* A combination that does not commute: the order must be that of indices. */
struct text { uint64_t hash, power; };

static int text_body(void *ctx, size_t begin, size_t end, void *partial,
                     thrum_task *task)
{
	struct op *op = ctx;
	struct text t;
	(void)task;

	memcpy(&t, partial, sizeof t);
	for (size_t i = begin; i < end; i++) {
		t.hash = t.hash * 31 + value(op, i);
		t.power *= 31;
	}
	memcpy(partial, &t, sizeof t);
	return 0;
}

static void append(void *ctx, void *into, const void *from)
{
	struct text a, b;
	(void)ctx;

	memcpy(&a, into, sizeof a);
	memcpy(&b, from, sizeof b);
	a.hash = a.hash * b.power + b.hash;
	a.power *= b.power;
	memcpy(into, &a, sizeof a);
}

static void ordered_reduction(uint64_t *state, int depth, thrum_task *outer)
{
	struct op op;
	struct text t = { 0, 1 }, expected = { 0, 1 };

	draw_op(&op, state, depth, outer);
	int rc = thrum_reduce(pool, op.n, text_body, append, &op, &t, sizeof t,
	                      THRUM_OPTS(.n_jobs = draw_n_jobs(state),
	                                 .grain = stress_draw(state, 9)));
	if (rc == 0) {
		(void)text_body(&op, 0, op.n, &expected, NULL);
		STRESS_CHECK(t.hash == expected.hash
		             && t.power == expected.power);
	} else {
		STRESS_CHECK(rc == THRUM_ECANCELED && excused(&op));
	}
	free_op(&op);
}

/* Streams */

struct item {
	size_t index;
	uint64_t value;
};

static int next(void *ctx, void *data)
{
	struct op *op = ctx;
	struct item *it = data;

	if (op->pulled == op->n)
		return THRUM_END;
	it->index = op->pulled++;
	it->value = 0;
	op->live++;
	if (op->live > op->live_most)
		op->live_most = op->live;
	return 0;
}

static int work(void *ctx, void *data, thrum_task *task)
{
	struct op *op = ctx;
	struct item *it = data;

	it->value = value(op, it->index);
	return visit(op, it->index, task);
}

static int consume(void *ctx, void *data)
{
	struct op *op = ctx;
	struct item *it = data;

	STRESS_CHECK(it->index < op->n && it->value == value(op, it->index));
	STRESS_CHECK(!op->seen[it->index]);
	STRESS_CHECK(op->hits[it->index] == 1 && !failure(op, it->index));
	op->seen[it->index] = 1;
	if (op->ordered)
		for (; op->expected < it->index; op->expected++)
			STRESS_CHECK(failure(op, op->expected));
	op->expected = it->index + 1;
	op->live--;
	return 0;
}

static void stream(uint64_t *state, int depth, thrum_task *outer)
{
	struct op op;
	thrum_report r;
	size_t most = stress_draw(state, 10) ? 1 + stress_draw(state, 20)
	                                     : THRUM_ALL;
	uint64_t delivered = 0, failed = 0;

	draw_op(&op, state, depth, outer);
	thrum_opts o = *THRUM_OPTS(.n_jobs = draw_n_jobs(state),
	                           .cancel = &op.cancel, .report = &r,
	                           .pre_dispatch = most);
	bool going = stress_draw(state, 2);
	op.ordered = stress_draw(state, 2);
	o.flags = (going ? THRUM_KEEP_GOING : 0u)
	          | (op.ordered ? 0u : THRUM_UNORDERED);
	int rc = thrum_stream(pool, sizeof(struct item), next, work, consume,
	                      NULL, &op, &o);
	size_t lowest = SIZE_MAX;
	for (size_t i = 0; i < op.n; i++) {
		STRESS_CHECK(op.hits[i] <= 1 && op.hits[i] <= (i < op.pulled));
		delivered += op.seen[i];
		if (op.hits[i] && failure(&op, i)) {
			failed++;
			lowest = lowest < i ? lowest : i;
		}
	}
	STRESS_CHECK(r.jobs == op.pulled);
	STRESS_CHECK(r.done + r.failed + r.skipped == r.jobs);
	STRESS_CHECK(r.done == delivered && r.failed == failed);
	/* The model does not see an item that failed, or was dropped, go. */
	if (!failed && !op.cancels && !excused(&op))
		STRESS_CHECK((size_t)op.live_most <= most && op.live == 0);
	if (failed) {
		STRESS_CHECK(rc == failure(&op, lowest));
	} else if (rc == 0) {
		STRESS_CHECK(delivered == op.n);
	} else {
		STRESS_CHECK(rc == THRUM_ECANCELED
		             && (op.cancels || excused(&op)));
	}
	/* An exact prefix. */
	if (op.ordered && !going && failed && !op.cancels && !excused(&op))
		for (size_t i = 0; i < op.n; i++)
			STRESS_CHECK(op.seen[i] == (i < lowest));
	free_op(&op);
}

/* Trees */

struct tree {
	uint64_t seed;
	int levels, depth;
};

static uint64_t grow(thrum_task *task, struct tree t);
THRUM_TASK(uint64_t, grow, struct tree);

static uint64_t grow(thrum_task *task, struct tree t)
{
	uint64_t x = stress_mix(t.seed), sum = x;
	grow_forked f[4];
	int n = t.levels > 0 ? (int)(x % 5) : 0;

	if (x % 16 == 0)
		stress_spin(x >> 8 & 0x3ff);
	if (task && t.depth < DEEPEST && x % 512 == 3) {
		uint64_t state = x;
		any_call(&state, t.depth + 1, task);
	}
	for (int i = 0; i < n && i < 4; i++)
		f[i] = grow_fork(task, (struct tree){ x + (uint64_t)i,
			t.levels - 1, t.depth });
	if (n)
		sum ^= grow(task, (struct tree){ ~x, t.levels - 1, t.depth });
	for (int i = n < 4 ? n : 4; i-- > 0;)
		sum = sum * 3 + grow_join(task, f[i]);
	return sum;
}

static void tree(uint64_t *state, int depth, thrum_task *outer)
{
	struct tree t = { stress_draw(state, UINT64_MAX),
	                  (int)stress_draw(state, depth ? 4 : 8), depth };
	uint64_t sum = 0;
	int rc = grow_run(pool, t, &sum,
	                  THRUM_OPTS(.n_jobs = draw_n_jobs(state)));

	if (rc == 0)
		STRESS_CHECK(sum == grow(NULL, t));
	else
		STRESS_CHECK(rc == THRUM_ECANCELED && outer
		             && thrum_task_cancelled(outer));
}

/* Turns */

static int turn(void *ctx, thrum_task *task)
{
	unsigned char *turns = ctx;
	turns[thrum_task_worker(task)]++;
	return 0;
}

static void each(uint64_t *state)
{
	unsigned char turns[WIDEST] = { 0 };
	thrum_report r;
	uint64_t done = 0;

	STRESS_CHECK(thrum_each(pool, turn, turns,
	                        THRUM_OPTS(.n_jobs = draw_n_jobs(state),
	                                   .report = &r)) == 0);
	for (int i = 0; i < WIDEST; i++) {
		STRESS_CHECK(turns[i] <= 1);
		done += turns[i];
	}
	STRESS_CHECK(turns[0] == 1 && done == r.done);
	STRESS_CHECK((int)done == r.n_jobs || r.notes & THRUM_NOTE_THREADS
	             || !pool);
}

static void any_call(uint64_t *state, int depth, thrum_task *outer)
{
	static const char *const names[] = { "for", "for", "map", "reduce",
		"ordered reduce", "stream", "tree", "each" };
	uint64_t kind = stress_draw(state, outer ? 7 : 8), drawn = *state;

	(void)snprintf(stress_at, sizeof stress_at,
	               ", round %lu: pool of %d%s, %s, at depth %d, drawn from "
	               "%#llx", at_round, widest, pool ? "" : " (default)",
	               names[kind], depth, (unsigned long long)drawn);
	switch (kind) {
	case 0:
	case 1:
		loop(state, depth, outer, false);
		return;
	case 2:
		loop(state, depth, outer, true);
		return;
	case 3:
		reduction(state, depth, outer);
		return;
	case 4:
		ordered_reduction(state, depth, outer);
		return;
	case 5:
		stream(state, depth, outer);
		return;
	case 6:
		tree(state, depth, outer);
		return;
	default:
		each(state);
	}
}

static void *host(void *arg)
{
	uint64_t state = *(uint64_t *)arg;
	uint64_t calls = 1 + stress_draw(&state, 30);

	while (calls-- > 0 && stress_goes_on())
		any_call(&state, 0, NULL);
	return NULL;
}

static void round_of(uint64_t state)
{
	enum { HOSTS = 4 };
	pthread_t thread[HOSTS];
	uint64_t seed[HOSTS];
	int hosts = 1 + (int)stress_draw(&state, HOSTS);
	uint64_t size = stress_draw(&state, 8);

	widest = 1 + (int)stress_draw(&state, size < 4 ? 4
	                                      : size < 7 ? 64 : WIDEST);
	pool = NULL;
	if (stress_draw(&state, 4))
		STRESS_CHECK(thrum_pool_create(&pool, THRUM_POOL_OPTS(
			.n_jobs = widest,
			.spin_us = stress_draw(&state, 2) ? -1 : 0,
			.bind = 1 + (int)stress_draw(&state, 3))) == 0);
	for (int i = 0; i < hosts; i++) {
		seed[i] = stress_draw(&state, UINT64_MAX);
		STRESS_CHECK(pthread_create(&thread[i], NULL, host, &seed[i])
		             == 0);
	}
	for (int i = 0; i < hosts; i++)
		pthread_join(thread[i], NULL);
	STRESS_CHECK(thrum_pool_destroy(pool) == 0);
	if (stress_draw(&state, 8) == 0)
		STRESS_CHECK(thrum_shutdown() == 0);
}

int main(int argc, char **argv)
{
	const char *only = argc > 2 ? argv[2] : NULL;
	unsigned long rounds = 0;

	stress_begin(argc, argv);
	for (; stress_goes_on(); rounds++) {
		at_round = only ? strtoul(only, NULL, 0) : rounds;
		round_of(stress_mix(stress_seed + at_round));
	}
	STRESS_CHECK(thrum_shutdown() == 0);
	return stress_done("random programs agree with a serial run", rounds);
}
