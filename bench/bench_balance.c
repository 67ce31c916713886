/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_balance.c - how even is the load, if the indices are not alike?
 *
 * 10^5 indices of about 61 ms in all, dear and cheap ones laid out in ways that
 * are hard on some schedule. The ideal is the serial time over the workers; a
 * giant index at the end cannot do better than itself if it is met last, which
 * thrum can be told.
 *
 * Numbers: the shape; the schedule, an enum peer_schedule.
 */
#include <math.h>
#include <stdlib.h>

#include "harness.h"

#define INDICES 100000u
#define TOTAL_NS 61e6
#define GIANT_SHARE 0.3
#define PARETO_SHAPE 1.1
#define PARETO_MOST 2000 /* times the least: no giant among them */

enum shape { FLAT = 1, RAMP_UP, RAMP_DOWN, PARETO, GIANT_MIDDLE, GIANT_LAST };

struct loop {
	const struct run *run;
	enum peer_schedule how;
	uint32_t *steps;
	int rc;
};

static int spend(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const uint32_t *steps = ctx;

	(void)task;
	for (size_t i = begin; i < end; i++)
		work_run(steps[i]);
	return 0;
}

/* Uniform on (0, 1), the same in each process: splitmix64 of the index. */
static double uniform(size_t i)
{
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return ((double)(z >> 11) + 0.5) / 9007199254740992.0;
}

static double cost(enum shape shape, size_t i)
{
	double pareto = pow(uniform(i), -1 / PARETO_SHAPE);

	switch (shape) {
	case RAMP_UP:
		return (double)(i + 1);
	case RAMP_DOWN:
		return (double)(INDICES - i);
	case PARETO:
		return pareto < PARETO_MOST ? pareto : PARETO_MOST;
	case FLAT:
	case GIANT_MIDDLE:
	case GIANT_LAST:
		break;
	}
	return 1;
}

static void lay_out(uint32_t *steps, enum shape shape)
{
	double sum = 0, total = (double)work_steps(TOTAL_NS), giant = 0;
	size_t where = shape == GIANT_LAST ? INDICES - 1 : INDICES / 2;

	if (shape == GIANT_MIDDLE || shape == GIANT_LAST)
		giant = GIANT_SHARE * total;
	for (size_t i = 0; i < INDICES; i++)
		sum += cost(shape, i);
	for (size_t i = 0; i < INDICES; i++)
		steps[i] = (uint32_t)(cost(shape, i) / sum * (total - giant)
		                      + 0.5);
	steps[where] += (uint32_t)giant;
}

static void run_the_loop(void *arg)
{
	struct loop *l = arg;

	l->rc |= run_loop(l->run, INDICES, l->how, 0, spend, l->steps);
}

static void answer(struct run *run)
{
	const double *number = run->question->number;
	struct loop l = {
		.run = run,
		.how = (enum peer_schedule)number[1],
	};
	struct samples s;

	l.steps = malloc(INDICES * sizeof *l.steps);
	if (!l.steps)
		return;
	lay_out(l.steps, (enum shape)number[0]);
	s = run_sample(run, run_the_loop, &l);
	if (!l.rc)
		run_emit_time(run, 0, &s, 1e-6);
	samples_free(&s);
	free(l.steps);
}

#define ALL (WITH_SERIAL | WITH_THRUM | WITH_PEERS | WITH_SCHEDULES)
#define LOOP { { "loop", "ms", 0 } }

static const struct question questions[] = {
	{ "flat", "all alike", ALL, LOOP, .efficiency = 1, .answer = answer,
	  .number = { FLAT },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 0.99 } } },
	{ "ramp-up", "costs that rise to twice the mean", ALL, LOOP,
	  .efficiency = 1, .answer = answer, .number = { RAMP_UP },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 0.99 } } },
	{ "ramp-down", "costs that fall from twice the mean", ALL, LOOP,
	  .efficiency = 1, .answer = answer, .number = { RAMP_DOWN },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 0.99 } } },
	{ "pareto", "a few dear ones anywhere, shape 1.1", ALL, LOOP,
	  .efficiency = 1, .answer = answer, .number = { PARETO },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 0.99 } } },
	{ "giant", "one of 30 % in the middle", ALL, LOOP, .efficiency = 1,
	  .answer = answer, .number = { GIANT_MIDDLE },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 0.99 } } },
	{ "giant-last", "one of 30 % at the end (2 workers: 0.77 at most)",
	  ALL, LOOP, .efficiency = 1, .answer = answer,
	  .number = { GIANT_LAST } },
	{ "giant-hint", "the same, told to begin with the last",
	  WITH_SERIAL | WITH_THRUM, LOOP, .efficiency = 1, .answer = answer,
	  .number = { GIANT_LAST, PEER_LAST_FIRST },
	  .goal = { { "thrum", GOAL_EFFICIENCY, .limit = 0.95 } } },
	{ 0 },
};

const struct bench bench = {
	"balance", "how even is the load, if the indices are not alike?",
	questions
};
