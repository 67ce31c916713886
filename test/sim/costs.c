/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* costs.c - what the blocks of a simulated loop cost
 *
 * A block of a huge loop has thousands of indices; of these some are taken for
 * all.
 */
#include "costs.h"

#include "policy.h"

#include <math.h>
#include <stdlib.h>

#define SAMPLES 16
#define PARETO_SHAPE 1.1
#define PARETO_MOST 2000
#define HEAVY_PART 0.05  /* of the indices */
#define HEAVY_SHARE 0.95 /* of the work */
#define GIANT_SHARE 0.6  /* of what is one worker's due */

const char *sim_shape_name(enum sim_shape shape)
{
	static const char *const name[SIM_SHAPES] = {
		"flat", "ramp up", "ramp down", "pareto", "front heavy",
		"back heavy", "giant in the middle", "giant last",
	};
	return name[shape];
}

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
double sim_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (double)(z >> 11) / 9007199254740992.0;
}

/* Relative to the mean, at the part @p at of the way. */
static double relative(enum sim_shape shape, double at, uint64_t *state)
{
	const double heavy = HEAVY_SHARE / HEAVY_PART;
	const double light = (1 - HEAVY_SHARE) / (1 - HEAVY_PART);

	switch (shape) {
	case SIM_RAMP_UP:
		return 2 * at;
	case SIM_RAMP_DOWN:
		return 2 * (1 - at);
	case SIM_PARETO: {
		double p = pow(1 - sim_random(state), -1 / PARETO_SHAPE);
		return (p < PARETO_MOST ? p : PARETO_MOST)
		       * (PARETO_SHAPE - 1) / PARETO_SHAPE;
	}
	case SIM_FRONT:
		return at < HEAVY_PART ? heavy : light;
	case SIM_BACK:
		return at >= 1 - HEAVY_PART ? heavy : light;
	default:
		return 1;
	}
}

/* Of indices begin <= i < end. */
static double block_cost(struct costs *c, const struct sim_loop *loop,
                         size_t begin, size_t end, uint64_t *state)
{
	size_t n = end - begin, samples = n < SAMPLES ? n : SAMPLES;
	double sum = 0;

	for (size_t k = 0; k < samples; k++) {
		double at = (double)begin + ((double)k + 0.5) * (double)n
		                            / (double)samples;
		double ns = loop->mean_ns * relative(loop->shape,
		                                     at / (double)loop->n,
		                                     state);
		if (ns > c->dearest)
			c->dearest = ns;
		sum += ns;
	}
	return sum * (double)n / (double)samples;
}

static void reverse(double *x, uint32_t n)
{
	for (uint32_t i = 0; i < n / 2; i++) {
		double t = x[i];
		x[i] = x[n - 1 - i];
		x[n - 1 - i] = t;
	}
}

bool sim_costs_make(struct costs *c, const struct sim_loop *loop,
                    const struct sim_machine *machine)
{
	size_t block = thrum__policy_block(loop->n);
	uint64_t state = machine->seed;
	uint32_t giant;

	c->blocks = (uint32_t)((loop->n - 1) / block + 1);
	c->before = calloc(c->blocks + 1, sizeof *c->before);
	c->dearest = 0;
	if (!c->before)
		return false;
	double *each = c->before + 1, sum = 0;
	for (uint32_t b = 0; b < c->blocks; b++) {
		size_t begin = b * block, end = begin + block;
		each[b] = block_cost(c, loop, begin,
		                     end < loop->n ? end : loop->n, &state);
		sum += each[b];
	}
	giant = loop->shape == SIM_GIANT_MIDDLE ? c->blocks / 2
	                                        : c->blocks - 1;
	if (loop->shape == SIM_GIANT_MIDDLE || loop->shape == SIM_GIANT_LAST) {
		c->dearest = GIANT_SHARE * sum / machine->workers;
		each[giant] += c->dearest;
	}
	if (loop->last_first)
		reverse(each, c->blocks);
	for (uint32_t b = 0; b < c->blocks; b++)
		c->before[b + 1] += c->before[b];
	return true;
}

void sim_costs_free(struct costs *c)
{
	free(c->before);
}
