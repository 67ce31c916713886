/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* machine.c - the cores that this process has to use, found once */
#include "config.h"

#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/report.h>

#include "affinity.h"
#include "atomics.h"
#include "env.h"
#include "park.h"
#include "signals.h"

#if defined(__SANITIZE_ADDRESS__)
#define MACHINE__LSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MACHINE__LSAN 1
#endif
#endif
#ifdef MACHINE__LSAN
#include <sanitizer/lsan_interface.h>
#endif

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
 * another reason, which is kept, the machine can do without. But a machine that
 * was named must be that machine. */
static int load(struct topology *t, const struct topology_source *source,
                bool refused, int *failure)
{
	bool named = source->synthetic || source->xml;
	int rc = -ENOSYS;
	*failure = 0;
	if (!refused && !source->sketch)
		*failure = rc = thrum__topology_load(t, source);
	if (rc != 0 && !named)
		rc = thrum__topology_flat(t, source);
	return rc;
}

static int fill(struct machine *m, struct topology *t,
                const struct topology_source *source,
                const struct cpulist *process,
                const struct cgroup_limits *limits)
{
	m->thissystem = t->thissystem;
	m->binds = t->binds && !m->refused;
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
		m->quota = limits->quota;
	if (m->thissystem)
		memcpy(m->cpuset_file, limits->cpus_file,
		       sizeof(m->cpuset_file));
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
                         const struct topology_source *given)
{
	int before = errno;
	struct cgroup_limits limits;
	struct topology_source here = *given, *source = &here;
	thrum__cgroup_limits(&limits, source->root ? source->root : "",
	                     source->sketch);
	source->cpuset = &limits.cpus;
	*out = NULL;
	struct cpulist process = { 0 };
	int rc = -ENOSYS;
	if (!source->refused)
		rc = thrum__affinity_process(&process);
	bool refused = rc != 0;

	struct topology topology;
	int failure;
	rc = load(&topology, source, refused, &failure);
	if (rc == 0) {
		struct machine *m = calloc(1, sizeof(*m));
		rc = -ENOMEM;
		if (m) {
			m->refused = refused;
			m->failure = failure;
			rc = fill(m, &topology, source, &process, &limits);
		}
		if (rc == 0)
			*out = m;
		else
			thrum__machine_free(m);
		thrum__topology_free(&topology);
	}
	thrum__cpulist_free(&process);
	thrum__cpulist_free(&limits.cpus);
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

/* Loads. No lock is held while hwloc is opened and asked, and nobody waits for a
 * thread that does that, unless for a time: it may be waiting for the dynamic
 * linker, whose lock a thread holds that runs a constructor or destructor of a
 * library, and that thread may be in a call of ours, or fork. So who needs the
 * machine loads it for itself, though another may be at it; the first to finish
 * has found it, and the others throw theirs away. fork and thrum_shutdown wait
 * for loads in flight for 10 s, where 2 to 35 ms are usual: a child that was
 * forked in the middle of one would find the dynamic linker locked.
 *
 * `lock` is for what was found; the sketch is made under `sketch_lock`. Both are
 * held when the machine becomes known, so either it knows of the sketch, or
 * there comes no sketch any more. Order of locks: lock, sketch_lock, that of
 * env.c. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t sketch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct machine *found;    /* L lock: to be freed */
static struct machine *sketched; /* L sketch_lock: to be freed */
static _Atomic(const struct machine *) current; /* A written under both */
static _Atomic(const struct machine *) sketch;  /* A written under sketch_lock */
static _Atomic bool completing; /* A a load after a sketch was begun */
static _Atomic uint32_t loading; /* A written under lock: loads in flight */
static unsigned forgotten;       /* L lock: what was begun before is stale */
static _Atomic bool orphaned;    /* A forked in the middle of a load */

/* The machine is known: @p m, or what there is. A count that was told before
 * stays: programs have made arrays by it. With more cores than that the others
 * are left alone; with fewer the sketch is believed. Then the main thread was
 * bound meanwhile, or hwloc could not read all it needs, as with no more files
 * to be opened: it takes the machine for one of a single CPU and says nothing.
 * Under lock. */
static void conclude_load(struct machine *m)
{
	pthread_mutex_lock(&sketch_lock);
	if (m && sketched && m->usable < sketched->usable) {
		thrum__machine_free(m);
		m = NULL;
	}
	found = m;
	if (m && sketched && m->usable > sketched->usable)
		m->usable = sketched->usable;
	/* [H2] pairs with [H1] in thrum__machine and thrum__machine_now */
	thrum__store(&current, m ? m : sketched ? sketched : &last_resort,
	             release);
	pthread_mutex_unlock(&sketch_lock);
}

/* @return which forgetting it comes after, for end_load. */
static unsigned begin_load(void)
{
	thrum__machine_guard_fork();
	pthread_mutex_lock(&lock);
	thrum__add(&loading, 1u, relaxed); /* under the lock */
	unsigned after = forgotten;
	pthread_mutex_unlock(&lock);
	return after;
}

static void end_load(unsigned after)
{
	const struct topology_source here = {
		/* relaxed: set by the only thread of a child */
		.sketch = thrum__load(&orphaned, relaxed),
	};
	struct machine *m;
	int rc = thrum__machine_build(&m, &here);

	pthread_mutex_lock(&lock);
	/* relaxed: only written under the lock, which is held */
	if (after == forgotten && !thrum__load(&current, relaxed))
		conclude_load(rc == 0 ? m : NULL);
	else
		thrum__machine_free(m);
	thrum__sub(&loading, 1u, relaxed); /* under the lock */
	pthread_mutex_unlock(&lock);
	thrum__park_wake(&loading, INT_MAX);
}

/* Take the lock while no load is in flight, if that is within 10 s. */
static void lock_without_load(void)
{
	uint32_t n;

	pthread_mutex_lock(&lock);
	for (int i = 0; (n = thrum__load(&loading, relaxed)) != 0 && i < 10000;
	     i++) {
		pthread_mutex_unlock(&lock);
		(void)thrum__park_wait(&loading, n, 1000000);
		pthread_mutex_lock(&lock);
	}
}

const struct machine *thrum__machine(void)
{
	for (;;) {
		/* [H1] pairs with [H2] in conclude_load: it is seen whole */
		const struct machine *m = thrum__load(&current, acquire);
		if (m)
			return m;
		int before = errno;
		end_load(begin_load());
		errno = before;
	}
}

/* The sketch, or what is known; NULL if none will do. */
static const struct machine *make_sketch(void)
{
	int before = errno;
	thrum__machine_guard_fork();
	pthread_mutex_lock(&sketch_lock);
	/* relaxed, all: only written under the lock, which is held */
	const struct machine *m = thrum__load(&current, relaxed);
	if (!m)
		m = thrum__load(&sketch, relaxed);
	if (!m && thrum__topology_is_slow()) {
		const struct topology_source source = { .sketch = true };
		if (thrum__machine_build(&sketched, &source) == 0 &&
		    sketched->cores_known && !sketched->refused) {
			m = sketched;
			/* [H4] pairs with [H3] in thrum__machine_now */
			thrum__store(&sketch, m, release);
		} else {
			thrum__machine_free(sketched);
			sketched = NULL;
		}
	}
	pthread_mutex_unlock(&sketch_lock);
	errno = before;
	return m;
}

const struct machine *thrum__machine_now(void)
{
	/* [H1] pairs with [H2] in conclude_load */
	const struct machine *m = thrum__load(&current, acquire);
	if (!m)
		/* [H3] pairs with [H4] in make_sketch */
		m = thrum__load(&sketch, acquire);
	if (!m)
		m = make_sketch();
	return m ? m : thrum__machine();
}

static void *load_beside(void *after)
{
#ifdef MACHINE__LSAN
	/* As a thread ends, LeakSanitizer lets go of it before glibc frees its
	 * error text of dlopen; a process that exits just then has a leak. */
	__lsan_disable();
#endif
	end_load((unsigned)(uintptr_t)after);
	return NULL;
}

/* Detached: nobody may wait for it to end. The code stays, as the library is not
 * unmapped. */
static bool begin_beside(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t old;

	if (pthread_attr_init(&attr) != 0)
		return false;
	unsigned after = begin_load();
	bool began = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED)
	             == 0 && thrum__signals_block(&old) == 0;
	if (began) {
		began = pthread_create(&thread, &attr, load_beside,
		                       (void *)(uintptr_t)after) == 0;
		thrum__signals_restore(&old);
	}
	pthread_attr_destroy(&attr);
	if (!began) {
		pthread_mutex_lock(&lock);
		thrum__sub(&loading, 1u, relaxed); /* under the lock */
		pthread_mutex_unlock(&lock);
	}
	return began;
}

bool thrum__machine_complete(void)
{
	bool idle = false;
	int before = errno;
	/* relaxed, all: to begin it twice would do no harm */
	if (thrum__load(&current, relaxed) || !thrum__load(&sketch, relaxed) ||
	    !thrum__cas(&completing, &idle, true, relaxed))
		return false;
	/* Refused, it is left until somebody needs all of the machine. */
	bool began = begin_beside();
	errno = before;
	return began;
}

bool thrum__machine_is_rough(const struct machine *m)
{
	/* relaxed: to be compared only */
	return m == thrum__load(&sketch, relaxed) &&
	       m != thrum__load(&current, relaxed);
}

/* All as near to each other as the others, and as fast. */
static bool is_even(const struct machine *m)
{
	for (int i = 1; i < m->ncores; i++)
		if (m->core[i].package != m->core[0].package ||
		    m->core[i].node != m->core[0].node ||
		    m->core[i].l3 != m->core[0].l3 ||
		    m->core[i].kind != m->core[0].kind)
			return false;
	return true;
}

bool thrum__machine_adds_nothing(const struct machine *machine,
                                 const struct machine *rough)
{
	const struct core *a = machine->core, *b = rough->core;
	if (machine->ncores != rough->ncores ||
	    machine->usable != rough->usable ||
	    machine->binds != rough->binds || a->node != b->node ||
	    !is_even(machine) || !is_even(rough))
		return false;
	for (int i = 0; i < machine->ncores; i++)
		if (a[i].npus != b[i].npus ||
		    memcmp(a[i].pu, b[i].pu,
		           (size_t)a[i].npus * sizeof(*a[i].pu)) != 0)
			return false;
	return true;
}

void thrum__machine_forget(void)
{
	lock_without_load();
	forgotten++;
	pthread_mutex_lock(&sketch_lock);
	/* relaxed: no other thread is in the library, see machine.h */
	thrum__store(&current, NULL, relaxed);
	thrum__store(&sketch, NULL, relaxed);
	thrum__store(&completing, false, relaxed);
	thrum__machine_free(found);
	thrum__machine_free(sketched);
	found = sketched = NULL;
	pthread_mutex_unlock(&sketch_lock);
	pthread_mutex_unlock(&lock);
	thrum__env_forget();
}

/* Around fork. The child keeps what was found: its main thread may be a bound
 * worker of the parent, whose mask says nothing. */
static void fork_prepare(void)
{
	lock_without_load();
	pthread_mutex_lock(&sketch_lock);
	thrum__env_fork_prepare();
}

static void fork_parent(void)
{
	thrum__env_fork_parent();
	pthread_mutex_unlock(&sketch_lock);
	pthread_mutex_unlock(&lock);
}

static void fork_child(void)
{
	thrum__env_fork_child();
	/* Whoever was about to is not here; and if it was long at it, perhaps
	 * the dynamic linker is locked for ever. Relaxed, all: the only thread.
	 */
	thrum__store(&completing, false, relaxed);
	if (thrum__load(&loading, relaxed))
		thrum__store(&orphaned, true, relaxed);
	thrum__store(&loading, 0, relaxed);
	pthread_mutex_unlock(&sketch_lock);
	pthread_mutex_unlock(&lock);
}

static void install_handlers(void)
{
	/* If it is refused, a fork in the middle of a load is unsafe. */
	(void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* Before main: a fork that began before its handlers were there does without
 * them, even if it makes the child much later. */
#if defined(__GNUC__)
__attribute__((constructor))
#endif
void thrum__machine_guard_fork(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, install_handlers);
}
