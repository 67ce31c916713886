/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_reduce.c - how fast are numbers added up?
 *
 * 10^7 doubles are limited by memory, 10^4 by how soon the partial sums meet.
 * The kernel is the same for all; only thrum adds them in the same order on any
 * number of workers.
 *
 * Number: how many.
 */
#include <math.h>

#include "harness.h"

struct sum {
	const struct peer *peer;
	const double *x;
	size_t n;
	double right;
	int wrong;
};

static void add_up(void *arg)
{
	struct sum *s = arg;
	double sum = s->peer->sum(s->x, s->n, work_sum);

	s->wrong |= fabs(sum - s->right) > 1e-9 * s->right;
}

static void answer(struct run *run)
{
	size_t n = (size_t)run->question->number[0];
	double *x = work_doubles(n);
	struct sum sum = { run->peer, x, n, .right = 0 };
	struct samples s;

	if (!x || !run->peer->sum)
		return;
	for (size_t i = 0; i < n; i++)
		x[i] = (double)(i % 1000);
	sum.right = work_sum(x, n);
	s = run_sample(run, add_up, &sum);
	if (!sum.wrong && run->question->metric[0].higher)
		run_emit_rate(run, 0, &s, (double)(n * sizeof *x));
	else if (!sum.wrong)
		run_emit_time(run, 0, &s, 1e-3);
	samples_free(&s);
}

#define ALL \
	(WITH_SERIAL | WITH_RAW | WITH_THRUM1 | WITH_THRUM | WITH_PEERS)

static const struct question questions[] = {
	{ "sum1e7", "10^7 doubles", ALL, { { "read", "GB/s", 1 } },
	  .answer = answer, .number = { 1e7 },
	  .goal = { { "thrum", GOAL_TIMES, .limit = 0.97, .than = "raw" } } },
	{ "sum1e4", "10^4 doubles", ALL, { { "sum", "us", 0 } },
	  .answer = answer, .number = { 1e4 },
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.40 } } },
	{ 0 },
};

const struct bench bench = {
	"reduce", "how fast are numbers added up?", questions
};
