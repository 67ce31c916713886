/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* machine.h - the cores that this process has to use, found once
 *
 *   online   every CPU that runs
 *   allowed  of those, the ones in the cpuset of the control group
 *   mask     of those, the ones in the affinity mask of the main thread, or in
 *            THRUM_CPUS
 *   usable   the cores with a CPU left; no more than the CPU quota of the
 *            control groups, rounded up
 *
 * A machine that is not this one (HWLOC_SYNTHETIC, HWLOC_XMLFILE) is taken as
 * it is: neither mask nor quota apply to it, and nothing is bound.
 */
#ifndef THRUM__MACHINE_H
#define THRUM__MACHINE_H

#include <stdbool.h>

#include "cgroup.h"
#include "cpulist.h"
#include "topology.h"

enum machine_step { STEP_ONLINE, STEP_ALLOWED, STEP_MASK, STEP_COUNT };

struct machine {
	int ncores; /* at least 1 */
	const struct core *core; /* before the quota, in topology order; pu are
	                            those of the mask alone */
	int usable; /* max(1, min(ncores, quota.cpus)) */
	bool thissystem;
	bool binds; /* threads may be bound to .core[].pu */
	unsigned notes; /* THRUM_NOTE_MASK, _UNPINNED, _ENV: for every report */

	/* How it came about, for thrum-info. */
	bool cores_known;  /* else each CPU counts as a core */
	bool refused;      /* the system does not tell masks */
	bool cpus_ignored; /* THRUM_CPUS has no CPU that is allowed */
	bool cpus_taken;   /* THRUM_CPUS stands for the mask */
	int packages, nodes, l3s, kinds; /* of all that is online */
	char origin[64];   /* who told the topology */
	struct {
		struct cpulist cpus;
		int cores;
	} step[STEP_COUNT];
	char cpuset_file[CGROUP_PATH_BYTES]; /* "" unknown */
	struct cgroup_quota quota;
	int *pu; /* storage of core[].pu */
};

/** This machine. Never NULL; the same until thrum__machine_forget. The first
 * call loads the topology, which may take some tens of milliseconds; others
 * wait for it. Any thread; errno is unchanged. */
const struct machine *thrum__machine(void);

/** Find one for a test, or anew. @return 0 or -ENOMEM; else what reading the
 * source said, if it names another machine than this one. */
int thrum__machine_build(struct machine **out,
                         const struct topology_source *source);

/** Free what thrum__machine_build made; NULL does nothing. */
void thrum__machine_free(struct machine *machine);

/** Forget the machine and the environment: the next need reads them anew. No
 * other thread may be in the library, and no pool may be left. */
void thrum__machine_forget(void);

/** Have fork wait for a load of the machine or of the environment that is in
 * flight. Before either lock is taken for the first time. */
void thrum__machine_guard_fork(void);

#endif
