/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_nested.c - what does a parallel loop in a parallel loop cost?
 *
 * 8 times 1000 indices of 50 ns, and 1 time 8000 in the same form: there all
 * parallelism is in the inner loop.
 *
 * Numbers: outer indices, inner indices.
 */
#include "harness.h"
#include "host.h"

#define INDEX_NS 50

struct nest {
	const struct peer *peer;
	size_t outer, inner;
	uint64_t steps;
	int rc;
};

static int spend(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const struct nest *nest = ctx;

	(void)task;
	for (size_t i = begin; i < end; i++)
		work_run(nest->steps);
	return 0;
}

static void run_nest(void *arg)
{
	struct nest *nest = arg;

	nest->rc |= nest->peer->nested(nest->outer, nest->inner, spend, nest);
}

static void answer(struct run *run)
{
	const double *number = run->question->number;
	struct nest nest = {
		.peer = run->peer,
		.outer = (size_t)number[0],
		.inner = (size_t)number[1],
		.steps = work_steps(INDEX_NS),
	};
	struct samples s;

	if (!run->peer->nested)
		return;
	s = run_sample(run, run_nest, &nest);
	if (!nest.rc)
		run_emit_time(run, 0, &s, 1e-3);
	run_emit(run, 1, host_threads(), 0);
	samples_free(&s);
}

#define ALL (WITH_SERIAL | WITH_RAW | WITH_THRUM | WITH_PEERS)
#define NEST { { "nest", "us", 0 }, { "alive", "threads", 0 } }

static const struct question questions[] = {
	{ "8x1000", "8 x 1000 indices of 50 ns", ALL, NEST, .efficiency = 1,
	  .answer = answer, .number = { 8, 1000 },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 1 / 1.03 } } },
	{ "1x8000", "1 x 8000 indices of 50 ns", ALL, NEST, .efficiency = 1,
	  .answer = answer, .number = { 1, 8000 },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 0.95 } } },
	{ 0 },
};

const struct bench bench = {
	"nested", "what does a parallel loop in a parallel loop cost?",
	questions
};
