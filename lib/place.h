/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* place.h - who sits where, and who is near to whom
 *
 * A place is where a worker works: a core, a second hardware thread of one, or
 * nowhere in particular. A plan has a place for each worker of a pool, in
 * topology order, so that neighbours in number are neighbours on the chip.
 */
#ifndef THRUM__PLACE_H
#define THRUM__PLACE_H

#include "machine.h"

struct place {
	int core; /* index in machine.core; -1 floats */
	int cpu;  /* number of its first CPU; -1 floats */
	int node; /* number of its node; -1 unknown */
	int npus; /* its worker is bound to pu[0] to pu[npus - 1]; 0: to none */
	const int *pu;
};

/* Refers to the machine, which must outlive it. */
struct plan {
	int count; /* at least 1 */
	struct place *place;
	const struct machine *machine;
	int ncpus;     /* CPUs 0 to ncpus - 1 are in of_cpu */
	int *of_cpu;   /* place of that CPU, or -1 */
};

/* How near two places are. */
enum nearness {
	NEAR_CORE,
	NEAR_L3,
	NEAR_NODE,    /* one package and one node of memory */
	NEAR_PACKAGE, /* one of the two */
	NEAR_MACHINE,
	NEAR_NOWHERE, /* one of them floats */
	NEAR_COUNT
};

/** Make places for @p count workers.
 *
 * Up to the number of cores: the cores nearest to that of @p near_cpu (-1, or
 * unknown: the first), in topology order. Beyond: all cores, then the second
 * hardware threads of the cores, one each, then the third; the rest floats.
 *
 * @param count  Below 1 counts as 1.
 * @param bind   THRUM_BIND_*. Under THRUM_BIND_NONE, and on a machine that
 *               does not bind, the places are the same and npus is 0.
 * @return 0 or THRUM_ENOMEM, then there is nothing to free. */
int thrum__plan_make(struct plan *plan, const struct machine *machine,
                     int count, int near_cpu, int bind);

void thrum__plan_free(struct plan *plan);

enum nearness thrum__plan_nearness(const struct plan *plan, int a, int b);

/** All places, nearest first: order[0] is @p from, order has room for count.
 * Those equally near follow in the order of their numbers, from behind @p from
 * on and around, so that thieves do not all begin with the same victim.
 *
 * @param group  Out, room for count: where each group of @p order ends, so group
 *               g is group[g - 1] <= i < group[g]. Places of one group share a
 *               cache; if caches are not known a node, and those that float are
 *               together. NULL: not asked for.
 * @return the number of groups. */
int thrum__plan_nearest(const struct plan *plan, int from, int *order,
                        int *group);

/** The place of the core that @p cpu belongs to; the one of the whole core if
 * there are more. -1 if there is none. */
int thrum__plan_place_of_cpu(const struct plan *plan, int cpu);

#endif
