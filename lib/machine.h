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
 *
 * hwloc takes some milliseconds to tell the topology, on large machines some
 * tens. The first call of a process does not wait for it: a sketch, from what
 * /sys has, gives the cores and their CPUs in 0.1 ms, which is what a pool is
 * made of. The topology, which adds caches, nodes and kinds, so who is near to
 * whom, is loaded by the first resident that finds nothing to do. See pool.c for
 * what becomes of the pool that was made by the sketch.
 *
 * Measured and rejected: a thread that loads while the first call runs. The
 * call's own threads then share their cores with it, and a call of 0.1 ms may
 * wait for one that was held up for a time slice, 3 ms.
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
	int failure;       /* what kept hwloc from telling; 0 nothing */
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

/** This machine. Never NULL; the same until thrum__machine_forget. Loads the
 * topology, if it is not known. Any thread; errno is unchanged. */
const struct machine *thrum__machine(void);

/** What is known of it by now: this machine, or as long as nobody has loaded it
 * the sketch. Loads only if /sys does not tell, or variables of hwloc say that it
 * is not to be asked. What is usable does not grow later:
 * programs make arrays by it. Never NULL, valid until thrum__machine_forget.
 * Any thread; errno is unchanged. */
const struct machine *thrum__machine_now(void);

/** Have the machine loaded by a thread of its own, if only the sketch is known and
 * that was not begun yet. By a thread with nothing to do.
 * @return whether it was begun. */
bool thrum__machine_complete(void);

/** @p m is but the sketch. */
bool thrum__machine_is_rough(const struct machine *m);

/** @p machine says nothing that @p rough did not, of what matters to a pool. */
bool thrum__machine_adds_nothing(const struct machine *machine,
                                 const struct machine *rough);

/** Find one for a test, or anew. @return 0 or -ENOMEM; else what reading the
 * source said, if it names another machine than this one. */
int thrum__machine_build(struct machine **out,
                         const struct topology_source *source);

/** Free what thrum__machine_build made; NULL does nothing. */
void thrum__machine_free(struct machine *machine);

/** Forget the machine and the environment: the next need reads them anew. No
 * other thread may be in the library, and no pool may be left. */
void thrum__machine_forget(void);

/** Have fork wait for a load of the machine that is in flight, 10 s at most,
 * and for the reading of the environment. Runs by itself before main; for
 * compilers that do not have that, before any of their locks is taken for the
 * first time. */
void thrum__machine_guard_fork(void);

#endif
