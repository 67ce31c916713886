/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sim.h - a loop on a machine that is only imagined
 *
 * The decisions are those of the library, lib/policy.h as it is; what carries
 * them out is lib/worker.c told again in simulated time. So a decision can be
 * judged on 256 workers by whoever has two, and to the nanosecond: the same
 * loop, machine and seed give the same figures everywhere.
 */
#ifndef THRUM_SIM_H
#define THRUM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the costs of a loop are laid out over its indices. */
enum sim_shape {
	SIM_FLAT,
	SIM_RAMP_UP,      /* from 0 to twice the mean */
	SIM_RAMP_DOWN,
	SIM_PARETO,       /* shape 1.1, at most 2000 times the least */
	SIM_FRONT,        /* nearly all of it in the first 5 % */
	SIM_BACK,         /* the same at the end: dear where it seemed cheap */
	SIM_GIANT_MIDDLE, /* flat, and one index more of 0.6 / workers of all */
	SIM_GIANT_LAST,
	SIM_SHAPES
};

const char *sim_shape_name(enum sim_shape shape);

struct sim_loop {
	enum sim_shape shape;
	size_t n;
	double mean_ns;  /* of an index */
	bool last_first; /* as THRUM_LAST_FIRST */
};

struct sim_machine {
	unsigned workers; /* 1 to SIM_WORKERS_MAX */
	unsigned group;   /* neighbours that share a cache */
	bool cold;        /* all but the caller sleep at first */
	uint64_t seed;    /* of wake-up times and of SIM_PARETO */
};

#define SIM_WORKERS_MAX 256u

struct sim_result {
	double took_ns;    /* until the caller goes on */
	double serial_ns;  /* sum of the costs */
	double ideal_ns;   /* serial over workers, or the dearest index */
	double going_ns;   /* until all workers had run something; 0: never */
	uint32_t blocks;
	bool once;         /* every block was run exactly once */
	uint64_t chunks, steals, looks, wakes;
	uint64_t events;   /* steps of the simulation */
};

/** Simulate @p loop on @p machine.
 * @return false without memory, or if it did not end. */
bool sim_run(const struct sim_loop *loop, const struct sim_machine *machine,
             struct sim_result *result);

/** Ideal time over the time it took: 1 at best. */
static inline double sim_efficiency(const struct sim_result *r)
{
	return r->ideal_ns / r->took_ns;
}

#endif
