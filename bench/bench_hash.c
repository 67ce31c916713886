/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_hash.c - how fast is an array told from another?
 *
 * The array is larger than the caches, as those are that are worth a memo. The
 * serial loop adds its elements up, which is the least that looks at all of
 * them; joblib takes MD5.
 *
 * Numbers: elements; the step between them, in elements.
 */
#include "harness.h"

#include <thrum/hash.h>

struct hashed {
	thrum_array array;
	thrum_opts opts;
	double sum;
	int wrong;
};

static void hash_array(void *arg)
{
	struct hashed *h = arg;
	thrum_hash hash;

	h->wrong |= thrum_hash_array(&hash, &h->array, &h->opts) != 0;
}

static void add_up(void *arg)
{
	struct hashed *h = arg;

	h->sum += work_sum(h->array.data, h->array.shape[0]);
}

static int is_thrum(const struct run *run)
{
	return (run->who->group & (WITH_THRUM1 | WITH_THRUM)) != 0;
}

static void answer(struct run *run)
{
	size_t n = (size_t)run->question->number[0];
	size_t step = (size_t)run->question->number[1];
	struct hashed h = { .opts = *THRUM_OPTS(.n_jobs = run->workers) };
	double ns, p90;

	if (run->peer->timed) {
		if (run->peer->timed("hash", 1e-9 * (double)run->budget_ns,
		                     &ns, &p90) == 0)
			run_emit(run, 0, 8.0 * (double)n / ns,
			         8.0 * (double)n / p90);
		return;
	}
	double *x = work_doubles(n * step);
	if (!x)
		return;
	for (size_t i = 0; i < n * step; i++)
		x[i] = (double)i;
	h.array = thrum_array_1d(THRUM_F64, x, n);
	h.array.stride[0] = (ptrdiff_t)(step * sizeof *x);
	struct samples s = run_sample(run, is_thrum(run) ? hash_array : add_up,
	                              &h);
	if (!h.wrong)
		run_emit_rate(run, 0, &s, 8.0 * (double)n);
	samples_free(&s);
}

#define WHO (WITH_SERIAL | WITH_THRUM1 | WITH_THRUM)
#define RATE { { "hashed", "GB/s", 1 } }

static const struct question questions[] = {
	{ "80MB", "10^7 doubles, one after the other", WHO | WITH_JOBLIB, RATE,
	  .answer = answer, .number = { 1e7, 1 },
	  .goal = { { "thrum-1", GOAL_VALUE, 8, 0, NULL },
	            { "thrum", GOAL_VALUE, 13.3, 0, NULL } } },
	{ "strided", "10^6 doubles, every fourth", WITH_THRUM1 | WITH_THRUM,
	  RATE, .answer = answer, .number = { 1e6, 4 } },
	{ "small", "100 doubles", WHO, RATE, .answer = answer,
	  .number = { 100, 1 } },
	{ 0 },
};

const struct bench bench = {
	"hash", "how fast is an array told from another?", questions
};
