/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* place.c - who sits where, and who is near to whom */
#include "config.h"

#include "place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/base.h>
#include <thrum/pool.h>

/* A node may be part of a package, or hold several: the larger of the two is
 * the farther step. What is unknown is shared by nobody. */
static enum nearness cores_nearness(const struct core *a, const struct core *b)
{
	bool node = a->node >= 0 && a->node == b->node;
	bool package = a->package >= 0 && a->package == b->package;
	if (a == b)
		return NEAR_CORE;
	if (a->l3 >= 0 && a->l3 == b->l3)
		return NEAR_L3;
	if (node && a->package == b->package)
		return NEAR_NODE;
	return node || package ? NEAR_PACKAGE : NEAR_MACHINE;
}

static int core_of_cpu(const struct machine *m, int cpu)
{
	for (int i = 0; i < m->ncores; i++)
		for (int j = 0; j < m->core[i].npus; j++)
			if (m->core[i].pu[j] == cpu)
				return i;
	return -1;
}

static struct place place_on(const struct machine *m, int core, int first,
                             int npus)
{
	const struct core *c = &m->core[core];
	return (struct place){ .core = core,
		               .cpu = c->pu[first],
		               .node = c->node,
		               .npus = npus,
		               .pu = &c->pu[first] };
}

/* The count cores nearest to home, ties in their order from home on and
 * around. So two programs that start on different cores spread by themselves,
 * and k workers on one cache stay there if they fit. */
static void choose_cores(const struct machine *m, int count, int home,
                         bool *chosen)
{
	int left = count;
	for (int near = NEAR_CORE; near < NEAR_NOWHERE; near++)
		for (int i = 0; i < m->ncores && left > 0; i++) {
			int core = (home + i) % m->ncores;
			if ((int)cores_nearness(&m->core[home],
			                        &m->core[core]) != near)
				continue;
			chosen[core] = true;
			left--;
		}
}

static void place_on_cores(struct plan *plan, int count, const bool *chosen)
{
	const struct machine *m = plan->machine;
	for (int core = 0; core < m->ncores && plan->count < count; core++)
		if (chosen[core])
			plan->place[plan->count++] =
				place_on(m, core, 0, m->core[core].npus);
}

/* One round for the second hardware threads, one for the third, and so on, as
 * long as a round finds any. */
static void place_on_siblings(struct plan *plan, int count)
{
	const struct machine *m = plan->machine;
	bool any = true;
	for (int sibling = 1; any; sibling++) {
		any = false;
		for (int core = 0; core < m->ncores; core++) {
			if (m->core[core].npus <= sibling)
				continue;
			if (plan->count == count)
				return;
			any = true;
			plan->place[plan->count++] =
				place_on(m, core, sibling, 1);
		}
	}
}

/* The resident of a core comes first, so the first place that says a core has
 * all CPUs of it. */
static int index_cpus(struct plan *plan)
{
	const struct machine *m = plan->machine;
	for (int i = 0; i < m->ncores; i++)
		for (int j = 0; j < m->core[i].npus; j++)
			if (m->core[i].pu[j] >= plan->ncpus)
				plan->ncpus = m->core[i].pu[j] + 1;
	plan->of_cpu = malloc((size_t)plan->ncpus * sizeof(*plan->of_cpu));
	if (!plan->of_cpu)
		return THRUM_ENOMEM;
	for (int i = 0; i < plan->ncpus; i++)
		plan->of_cpu[i] = -1;
	for (int i = 0; i < plan->count; i++) {
		if (plan->place[i].core < 0)
			break;
		const struct core *core = &m->core[plan->place[i].core];
		for (int j = 0; j < core->npus; j++)
			if (plan->of_cpu[core->pu[j]] < 0)
				plan->of_cpu[core->pu[j]] = i;
	}
	return 0;
}

int thrum__plan_make(struct plan *plan, const struct machine *m, int count,
                     int near_cpu, int bind)
{
	int before = errno;
	if (count < 1)
		count = 1;
	*plan = (struct plan){ .machine = m };
	plan->place = calloc((size_t)count, sizeof(*plan->place));
	bool *chosen = calloc((size_t)m->ncores, sizeof(*chosen));
	if (!plan->place || !chosen)
		goto fail;

	int home = core_of_cpu(m, near_cpu);
	choose_cores(m, count, home < 0 ? 0 : home, chosen);
	place_on_cores(plan, count, chosen);
	place_on_siblings(plan, count);
	while (plan->count < count)
		plan->place[plan->count++] =
			(struct place){ .core = -1, .cpu = -1, .node = -1 };
	if (index_cpus(plan) != 0)
		goto fail;

	if (bind == THRUM_BIND_NONE || !m->binds)
		for (int i = 0; i < count; i++) {
			plan->place[i].npus = 0;
			plan->place[i].pu = NULL;
		}
	free(chosen);
	return 0;
fail:
	free(chosen);
	thrum__plan_free(plan);
	errno = before;
	return THRUM_ENOMEM;
}

void thrum__plan_free(struct plan *plan)
{
	free(plan->place);
	free(plan->of_cpu);
	memset(plan, 0, sizeof(*plan));
}

enum nearness thrum__plan_nearness(const struct plan *plan, int a, int b)
{
	int core_a = plan->place[a].core, core_b = plan->place[b].core;
	if (a == b)
		return NEAR_CORE;
	if (core_a < 0 || core_b < 0)
		return NEAR_NOWHERE;
	const struct core *core = plan->machine->core;
	return cores_nearness(&core[core_a], &core[core_b]);
}

/* Of one group. */
static bool together(const struct plan *plan, int a, int b)
{
	int core_a = plan->place[a].core, core_b = plan->place[b].core;
	if (core_a < 0 || core_b < 0)
		return core_a == core_b;
	const struct core *core = plan->machine->core;
	bool known = core[core_a].l3 >= 0 || core[core_b].l3 >= 0;
	return cores_nearness(&core[core_a], &core[core_b])
	       <= (known ? NEAR_L3 : NEAR_NODE);
}

/* Sorted by counting, from itself first: a - from, around, keeps the ties in
 * their order. */
int thrum__plan_nearest(const struct plan *plan, int from, int *order,
                        int *group)
{
	int next[NEAR_COUNT + 1] = { 0 }, groups = 0;
	for (int i = 1; i < plan->count; i++) {
		int place = (from + i) % plan->count;
		next[thrum__plan_nearness(plan, from, place) + 1]++;
	}
	for (int near = 0; near < NEAR_COUNT; near++)
		next[near + 1] += next[near];
	order[0] = from;
	for (int i = 1; i < plan->count; i++) {
		int place = (from + i) % plan->count;
		order[1 + next[thrum__plan_nearness(plan, from, place)]++] =
			place;
	}
	for (int i = 1; i <= plan->count; i++) {
		if (i < plan->count && together(plan, order[i - 1], order[i]))
			continue;
		if (group)
			group[groups] = i;
		groups++;
	}
	return groups;
}

int thrum__plan_place_of_cpu(const struct plan *plan, int cpu)
{
	return cpu >= 0 && cpu < plan->ncpus ? plan->of_cpu[cpu] : -1;
}
