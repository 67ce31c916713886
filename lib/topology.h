/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* topology.h - the cores of a machine, and how near they are to each other
 *
 * topology_hwloc.c asks hwloc, and is the only file that includes hwloc.h;
 * topology_flat.c stands in where the library is built without it. One of the
 * two is compiled. topology.c reads what /sys has: fewer figures, a hundred
 * times faster. It stands in for hwloc while that is loaded, and where it is
 * not to be had.
 *
 * What a system must supply: nothing. A system that tells no cores has one for
 * each CPU; one that tells nothing at all has a single core.
 */
#ifndef THRUM__TOPOLOGY_H
#define THRUM__TOPOLOGY_H

#include <stdbool.h>

#include "cpulist.h"

/* A physical core. Numbers are -1 where the system does not tell. Packages and
 * caches are counted from 0 in topology order; nodes have their number of the
 * system. */
struct core {
	int package;
	int node;
	int l3;
	int kind; /* rising with speed: 0 are the slowest; -1 also if alike */
	int npus; /* at least 1 */
	const int *pu; /* numbers of the system, in topology order */
};

/* Where to look, for tests; all 0 is this system. */
struct topology_source {
	const char *synthetic; /* a description as lstopo takes, or NULL */
	const char *xml;       /* a file of hwloc, or NULL */
	const char *root;      /* stands before /proc and /sys; NULL "" */
	/* Of the control group, for who does not find it; NULL as empty. */
	const struct cpulist *cpuset;
	/* Taken instead of the mask of the process and THRUM_CPUS, also for a
	 * machine that is not this one; NULL none. */
	const struct cpulist *mask;
	bool refused; /* as where sched_getaffinity is refused */
	bool sketch;  /* without hwloc: what /sys has will do */
};

struct topology {
	bool thissystem;  /* else: described, not found */
	bool binds;       /* threads may be bound to its cores */
	bool cores_known; /* else every CPU is a core */
	struct cpulist online;
	struct cpulist allowed; /* by the control group; within online */
	int packages, nodes, l3s, kinds;
	int ncores;
	struct core *core; /* all that are online, in topology order */
	int *pu;           /* storage of core[].pu */
	char origin[64];   /* who told, for people */
};

/** Ask hwloc, or what stands in for it. On failure nothing is to be freed.
 * @return 0; -ENOMEM; -ENOSYS if this build cannot read the source; else what
 *         hwloc said. */
int thrum__topology_load(struct topology *topology,
                         const struct topology_source *source);

/** thrum__topology_load of this system may take milliseconds, and tells the
 * same cores as thrum__topology_flat. */
bool thrum__topology_is_slow(void);

/** Do without hwloc: CPUs, their siblings and packages as /sys has them, the
 * node if there is but one. No caches, no kinds.
 * @return 0 or -ENOMEM, then nothing is to be freed. */
int thrum__topology_flat(struct topology *topology,
                         const struct topology_source *source);

/** Make room for @p ncores cores with @p npus CPUs. @return 0 or -ENOMEM. */
int thrum__topology_allot(struct topology *topology, int ncores, int npus);

void thrum__topology_free(struct topology *topology);

#endif
