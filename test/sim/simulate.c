/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* simulate.c - the decisions of the library on machines that are not at hand
 *
 *   test/sim/simulate [workers [group [seed]]]
 *
 * One line for each loop: its ideal time, and for workers that spin and for
 * workers that sleep at first the part of the ideal that is reached, with
 * chunks, steals, ranges looked at, and wakes.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

static const struct sim_loop loops[] = {
	{ SIM_FLAT, 100, 50, false },
	{ SIM_FLAT, 1000, 100, false },
	{ SIM_FLAT, 100000, 100, false },
	{ SIM_FLAT, 5000, 5000, false },
	{ SIM_FLAT, 1000000000, 1, false },
	{ SIM_RAMP_UP, 1000000, 100, false },
	{ SIM_RAMP_UP, 100000000, 1, false },
	{ SIM_RAMP_DOWN, 1000000, 100, false },
	{ SIM_PARETO, 1000000, 100, false },
	{ SIM_PARETO, 100000, 600, false },
	{ SIM_FRONT, 1000000, 100, false },
	{ SIM_BACK, 1000000, 100, false },
	{ SIM_BACK, 100000000, 1, false },
	{ SIM_GIANT_MIDDLE, 1000000, 100, false },
	{ SIM_GIANT_LAST, 1000000, 100, false },
	{ SIM_GIANT_LAST, 1000000, 100, true },
};

static void tell(const struct sim_loop *loop, struct sim_machine m)
{
	printf("%-19s%s %10zu %6.0f", sim_shape_name(loop->shape),
	       loop->last_first ? "*" : " ", loop->n, loop->mean_ns);
	for (int cold = 0; cold < 2; cold++) {
		struct sim_result r;
		m.cold = cold;
		if (!sim_run(loop, &m, &r)) {
			printf("  did not end");
			continue;
		}
		if (!cold)
			printf(" %9.1f", r.ideal_ns / 1e3);
		printf(" | %.3f %7llu %6llu %8llu %5llu",
		       sim_efficiency(&r), (unsigned long long)r.chunks,
		       (unsigned long long)r.steals,
		       (unsigned long long)r.looks,
		       (unsigned long long)r.wakes);
	}
	puts("");
}

static unsigned number(int argc, char **argv, int i, unsigned without)
{
	return i < argc ? (unsigned)strtoul(argv[i], NULL, 0) : without;
}

int main(int argc, char **argv)
{
	struct sim_machine m = {
		.workers = number(argc, argv, 1, 64),
		.group = number(argc, argv, 2, 8),
		.seed = number(argc, argv, 3, 1),
	};

	if (m.workers < 1 || m.workers > SIM_WORKERS_MAX || m.group < 1) {
		fprintf(stderr, "usage: simulate [workers [group [seed]]], "
		        "1 to %u workers\n", SIM_WORKERS_MAX);
		return 2;
	}
	printf("%u workers in groups of %u, seed %llu; * last first\n",
	       m.workers, m.group, (unsigned long long)m.seed);
	printf("%-20s %10s %6s %9s | %s | %s\n", "loop", "n", "ns", "ideal us",
	       "spin  chunks steals    looks wakes",
	       "sleep chunks steals    looks wakes");
	for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++)
		tell(&loops[i], m);
	return 0;
}
