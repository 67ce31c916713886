/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* machine.c - the cores that this process has to use, found once */
#include "config.h"

#include "machine.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/report.h>

#include "affinity.h"
#include "atomics.h"
#include "env.h"

static bool has_cpu(const struct core *core, const struct cpulist *cpus)
{
	for (int i = 0; i < core->npus; i++)
		if (thrum__cpulist_has(cpus, core->pu[i]))
			return true;
	return false;
}

static void count_cores(struct machine *m, const struct topology *t)
{
	for (int step = 0; step < STEP_COUNT; step++)
		for (int i = 0; i < t->ncores; i++)
			m->step[step].cores +=
				has_cpu(&t->core[i], &m->step[step].cpus);
}

/* The cores of the topology that have a CPU in the last step, with those of
 * their CPUs that are in it. */
static int keep_cores(struct machine *m, const struct topology *t)
{
	const struct cpulist *cpus = &m->step[STEP_MASK].cpus;
	struct core *core = calloc((size_t)t->ncores, sizeof(*core));
	int *pu = calloc((size_t)cpus->count + 1, sizeof(*pu));
	m->core = core;
	m->pu = pu;
	if (!core || !pu)
		return -ENOMEM;
	for (int i = 0; i < t->ncores; i++) {
		struct core *kept = &core[m->ncores];
		*kept = t->core[i];
		kept->pu = pu;
		kept->npus = 0;
		for (int j = 0; j < t->core[i].npus; j++) {
			int cpu = t->core[i].pu[j];
			if (thrum__cpulist_has(cpus, cpu))
				pu[kept->npus++] = cpu;
		}
		pu += kept->npus;
		m->ncores += kept->npus > 0;
	}
	return m->ncores > 0 ? 0 : -EINVAL;
}

/* Narrow what is allowed by mask. A mask that leaves nothing is not the mask
 * of this machine, and is passed over: applied says so. */
static int narrow(struct machine *m, const struct cpulist *mask, bool *applied)
{
	struct cpulist *cpus = &m->step[STEP_MASK].cpus;
	int rc = thrum__cpulist_and(cpus, &m->step[STEP_ALLOWED].cpus, mask);
	*applied = rc == 0 && cpus->count > 0;
	if (!*applied)
		thrum__cpulist_free(cpus);
	return rc;
}

/* The mask that counts: that of a test, else THRUM_CPUS, else that of the
 * process; none for a machine that is not this one. */
static int apply_mask(struct machine *m, const struct cpulist *given,
                      const struct cpulist *process)
{
	const struct env *env = thrum__env();
	bool applied = false;
	int rc = 0;
	if (given)
		rc = narrow(m, given, &applied);
	else if (m->thissystem && env->cpus.count > 0) {
		rc = narrow(m, &env->cpus, &applied);
		m->cpus_taken = applied;
		m->cpus_ignored = !applied;
	}
	if (rc == 0 && !applied && !given && m->thissystem &&
	    process->count > 0)
		rc = narrow(m, process, &applied);
	if (rc == 0 && !applied)
		rc = thrum__cpulist_copy(&m->step[STEP_MASK].cpus,
		                         &m->step[STEP_ALLOWED].cpus);
	return rc;
}

/* Far fewer: one core of several, or a quarter and less. If the quota leaves no
 * more than that anyway, or the user has said so, there is nothing to tell. */
static bool is_far_fewer(const struct machine *m)
{
	int cores = m->step[STEP_MASK].cores;
	int most = m->step[STEP_ALLOWED].cores;
	if (m->quota.limited && m->quota.cpus < most)
		most = m->quota.cpus;
	return m->thissystem && !m->cpus_taken && cores < most &&
		(cores == 1 || cores <= most / 4);
}

static void conclude(struct machine *m)
{
	m->usable = m->ncores;
	if (m->quota.limited && m->quota.cpus < m->usable)
		m->usable = m->quota.cpus;
	if (is_far_fewer(m))
		m->notes |= THRUM_NOTE_MASK;
	if (m->refused)
		m->notes |= THRUM_NOTE_UNPINNED;
	if (thrum__env()->invalid || m->cpus_ignored)
		m->notes |= THRUM_NOTE_ENV;
}

/* Where masks are refused hwloc would never come back; where it fails for
 * another reason the machine can do without. But a machine that was named must
 * be that machine. */
static int load(struct topology *t, const struct topology_source *source,
                bool refused)
{
	bool named = source->synthetic || source->xml;
	int rc = -ENOSYS;
	if (!refused)
		rc = thrum__topology_load(t, source);
	if (rc != 0 && !named)
		rc = thrum__topology_flat(t, source->root ? source->root : "");
	return rc;
}

static int fill(struct machine *m, struct topology *t,
                const struct topology_source *source,
                const struct cpulist *process)
{
	const char *root = source->root ? source->root : "";
	m->thissystem = t->thissystem;
	m->binds = t->binds;
	m->cores_known = t->cores_known;
	m->packages = t->packages;
	m->nodes = t->nodes;
	m->l3s = t->l3s;
	m->kinds = t->kinds;
	memcpy(m->origin, t->origin, sizeof(m->origin));

	/* the lists change hands */
	m->step[STEP_ONLINE].cpus = t->online;
	m->step[STEP_ALLOWED].cpus = t->allowed;
	t->online = (struct cpulist){ 0 };
	t->allowed = (struct cpulist){ 0 };

	if (m->thissystem || source->root)
		thrum__cgroup_quota(&m->quota, root);
	if (m->thissystem) {
		struct cpulist unused;
		thrum__cgroup_cpuset(&unused, m->cpuset_file, root);
		thrum__cpulist_free(&unused);
	}
	int rc = apply_mask(m, source->mask, process);
	if (rc != 0)
		return rc;
	count_cores(m, t);
	rc = keep_cores(m, t);
	if (rc == 0)
		conclude(m);
	return rc;
}

int thrum__machine_build(struct machine **out,
                         const struct topology_source *source)
{
	int before = errno;
	*out = NULL;
	struct cpulist process = { 0 };
	int rc = -ENOSYS;
	if (!source->refused)
		rc = thrum__affinity_process(&process);
	bool refused = rc != 0;

	struct topology topology;
	rc = load(&topology, source, refused);
	if (rc == 0) {
		struct machine *m = calloc(1, sizeof(*m));
		rc = -ENOMEM;
		if (m) {
			m->refused = refused;
			rc = fill(m, &topology, source, &process);
		}
		if (rc == 0)
			*out = m;
		else
			thrum__machine_free(m);
		thrum__topology_free(&topology);
	}
	thrum__cpulist_free(&process);
	errno = before;
	return rc;
}

void thrum__machine_free(struct machine *m)
{
	if (!m)
		return;
	for (int step = 0; step < STEP_COUNT; step++)
		thrum__cpulist_free(&m->step[step].cpus);
	free((struct core *)m->core);
	free(m->pu);
	free(m);
}

/* What there is in any case: the core that this runs on. For want of memory to
 * say more. */
static const int any_cpu[] = { 0 };
static const struct core any_core = { .package = -1,
	                              .node = -1,
	                              .l3 = -1,
	                              .kind = -1,
	                              .npus = 1,
	                              .pu = any_cpu };
static const struct machine last_resort = { .ncores = 1,
	                                    .core = &any_core,
	                                    .usable = 1,
	                                    .thissystem = true,
	                                    .origin = "none" };

/* L under lock: found, which is to be freed. Readers go by current. Order of
 * locks: this one, then that of env.c. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct machine *found;
static _Atomic(const struct machine *) current;

const struct machine *thrum__machine(void)
{
	/* [H1] pairs with [H2] in thrum__machine: it is seen whole */
	const struct machine *m = thrum__load(&current, acquire);
	if (m)
		return m;

	thrum__machine_guard_fork();
	pthread_mutex_lock(&lock);
	/* relaxed: only written under the lock, which is held */
	m = thrum__load(&current, relaxed);
	if (!m) {
		const struct topology_source here = { 0 };
		int rc = thrum__machine_build(&found, &here);
		m = rc == 0 ? found : &last_resort;
		/* [H2] pairs with [H1] in thrum__machine */
		thrum__store(&current, m, release);
	}
	pthread_mutex_unlock(&lock);
	return m;
}

void thrum__machine_forget(void)
{
	pthread_mutex_lock(&lock);
	/* relaxed: no other thread is in the library, see machine.h */
	thrum__store(&current, NULL, relaxed);
	thrum__machine_free(found);
	found = NULL;
	pthread_mutex_unlock(&lock);
	thrum__env_forget();
}

/* Around fork. A child that was forked in the middle of a load would hang in
 * its own. The child keeps what was found: its main thread may be a bound
 * worker of the parent, whose mask says nothing. */
static void fork_prepare(void)
{
	pthread_mutex_lock(&lock);
	thrum__env_fork_prepare();
}

static void fork_parent(void)
{
	thrum__env_fork_parent();
	pthread_mutex_unlock(&lock);
}

static void fork_child(void)
{
	thrum__env_fork_child();
	pthread_mutex_unlock(&lock);
}

static void install_handlers(void)
{
	/* If it is refused, a fork in the middle of a load is unsafe. */
	(void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

void thrum__machine_guard_fork(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, install_handlers);
}
