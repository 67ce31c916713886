/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_sys.c - laws of the machine that /sys tells, for any files
 *
 * The first two files of the input are the lists of CPUs and of nodes that are
 * online. The reader is taken in as it is, under other names, with its files in
 * memory.
 */
#include "config.h"

#define FILES_WHOLE
#include "files.h"

#define thrum__topology_flat fuzz__topology_flat
#define thrum__topology_allot fuzz__topology_allot
#define thrum__topology_free fuzz__topology_free
#include "../../lib/topology.c"

/* Each CPU that is online is in one core, which has one at least. */
static void check_cores(const struct topology *t)
{
	int cpus = 0;
	int last = t->online.cpu[t->online.count - 1];
	bool *seen = calloc((size_t)last + 1, sizeof(*seen));
	HOLDS(seen && t->ncores >= 1);
	for (int i = 0; i < t->ncores; i++) {
		const struct core *core = &t->core[i];
		HOLDS(core->npus >= 1);
		HOLDS(core->package >= -1 && core->package < t->packages);
		HOLDS(core->node == (t->nodes == 1 ? t->core[0].node : -1));
		for (int j = 0; j < core->npus; j++, cpus++) {
			HOLDS(thrum__cpulist_has(&t->online, core->pu[j]));
			HOLDS(!seen[core->pu[j]]);
			seen[core->pu[j]] = true;
		}
	}
	HOLDS(cpus == t->online.count);
	free(seen);
}

/* More CPUs than this only take time: each is read as the others are. */
static bool is_large(void)
{
	struct cpulist online;
	if (files.count == 0 || thrum__cpulist_parse(&online, files.text[0]))
		return false;
	bool large = online.count > 64;
	thrum__cpulist_free(&online);
	return large;
}

static void check_same(const struct topology *a, const struct topology *b)
{
	HOLDS(a->ncores == b->ncores && a->packages == b->packages);
	HOLDS(a->nodes == b->nodes && a->cores_known == b->cores_known);
	HOLDS(a->online.count == b->online.count);
	for (int i = 0; i < a->ncores; i++)
		HOLDS(a->core[i].npus == b->core[i].npus &&
		      a->core[i].pu[0] == b->core[i].pu[0]);
}

static void law(const uint8_t *data, size_t size)
{
	struct topology t, again;
	struct cpulist one = { .count = 1, .cpu = (int[]){ 1 } };
	files_take(data, size, SYS_CPU "/online", SYS_NODE "/online");
	if (is_large()) {
		files_free();
		return;
	}
	struct topology_source source = { .cpuset = size % 2 ? &one : NULL };
	HOLDS(thrum__topology_flat(&t, &source) == 0);
	check_cores(&t);
	bool within = size % 2 && thrum__cpulist_has(&t.online, 1);
	HOLDS(t.allowed.count == (within ? 1 : t.online.count));
	HOLDS(t.thissystem && t.binds == t.cores_known);
	HOLDS(t.origin[0] != '\0' && t.nodes <= 1 && t.l3s == 0);
	files_again();
	HOLDS(thrum__topology_flat(&again, &source) == 0);
	check_same(&t, &again);
	thrum__topology_free(&again);
	thrum__topology_free(&t);
	files_free();
}

FUZZ_TARGET(sys, law);
