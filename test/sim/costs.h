/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* costs.h - what the blocks of a simulated loop cost */
#ifndef THRUM_SIM_COSTS_H
#define THRUM_SIM_COSTS_H

#include "sim.h"

struct costs {
	uint32_t blocks;
	double *before; /* blocks + 1 sums: of the blocks before this one */
	double dearest; /* of one index */
};

/** A number in [0, 1); the same sequence for the same state. */
double sim_random(uint64_t *state);

/** @return false without memory. */
bool sim_costs_make(struct costs *costs, const struct sim_loop *loop,
                    const struct sim_machine *machine);
void sim_costs_free(struct costs *costs);

static inline double sim_costs_of(const struct costs *c, uint32_t lo,
                                  uint32_t hi)
{
	return c->before[hi] - c->before[lo];
}

#endif
