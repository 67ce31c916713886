/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* topology.c - the cores of a machine, without hwloc
 *
 * The list of CPUs that are online, and for each the list of its siblings and
 * the number of its package, as Linux writes them below /sys. CPUs that do not
 * tell are cores of their own. Caches and nodes are not asked for: who wants
 * to be placed by them has hwloc.
 */
#include "config.h"

#include "topology.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "decimal.h"

#define SYS_CPU "/sys/devices/system/cpu"

/* The first line of a file below /sys; false if there is none. */
static bool read_line(char *line, size_t size, const char *root,
                      const char *path)
{
	char name[CGROUP_PATH_BYTES];
	int n = snprintf(name, sizeof(name), "%s%s", root, path);
	if (n < 0 || (size_t)n >= sizeof(name))
		return false;
	FILE *file = fopen(name, "re");
	if (!file)
		return false;
	bool found = fgets(line, (int)size, file) != NULL;
	fclose(file);
	return found;
}

static int read_online(struct cpulist *out, const char *root)
{
	char line[4096];
	int rc = -EINVAL;
	if (read_line(line, sizeof(line), root, SYS_CPU "/online"))
		rc = thrum__cpulist_parse(out, line);
	if (rc != -EINVAL)
		return rc;
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	if (count < 1)
		count = 1;
	if (count > CPULIST_LIMIT)
		count = CPULIST_LIMIT;
	return thrum__cpulist_first(out, (int)count);
}

/* The CPUs of the core of cpu; false if the system does not tell, or tells
 * what cannot be. */
static bool read_siblings(struct cpulist *out, const char *root, int cpu)
{
	static const char *const names[] = { "core_cpus_list",
		                             "thread_siblings_list" };
	for (int i = 0; i < 2; i++) {
		char path[128], line[4096];
		snprintf(path, sizeof(path), SYS_CPU "/cpu%d/topology/%s", cpu,
		         names[i]);
		if (!read_line(line, sizeof(line), root, path) ||
		    thrum__cpulist_parse(out, line) != 0)
			continue;
		if (thrum__cpulist_has(out, cpu))
			return true;
		thrum__cpulist_free(out);
	}
	return false;
}

static int read_package(const char *root, int cpu)
{
	char path[128], line[64];
	const char *p = line;
	uint64_t package;
	snprintf(path, sizeof(path),
	         SYS_CPU "/cpu%d/topology/physical_package_id", cpu);
	if (!read_line(line, sizeof(line), root, path) ||
	    !thrum__decimal_uint(&p, INT_MAX, &package))
		return -1;
	return (int)package;
}

/* A core for cpu, which is not in one yet, with those of its siblings that are
 * online and not in one either. taken[i] says so of online.cpu[i]. */
static int *add_core(struct topology *t, const char *root, int first,
                     bool *taken, int *pu)
{
	int cpu = t->online.cpu[first];
	struct cpulist siblings = { 0 };
	bool known = read_siblings(&siblings, root, cpu);
	struct core *core = &t->core[t->ncores++];
	*core = (struct core){ .package = read_package(root, cpu),
		               .node = -1,
		               .l3 = -1,
		               .kind = -1,
		               .pu = pu };
	for (int i = first; i < t->online.count; i++) {
		int other = t->online.cpu[i];
		if (taken[i] || (i != first &&
		                 !thrum__cpulist_has(&siblings, other)))
			continue;
		taken[i] = true;
		*pu++ = other;
		core->npus++;
		if (core->npus >= siblings.count)
			break;
	}
	t->cores_known = t->cores_known && known;
	thrum__cpulist_free(&siblings);
	return pu;
}

static int by_package(const void *a, const void *b)
{
	const struct core *x = a, *y = b;
	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	return x->pu[0] < y->pu[0] ? -1 : 1;
}

/* Topology order: cores of a package next to each other, packages from 0. */
static void order_packages(struct topology *t)
{
	qsort(t->core, (size_t)t->ncores, sizeof(*t->core), by_package);
	int last = -1;
	for (int i = 0; i < t->ncores; i++) {
		int package = t->core[i].package;
		if (package < 0)
			continue;
		t->packages += package != last;
		last = package;
		t->core[i].package = t->packages - 1;
	}
}

int thrum__topology_allot(struct topology *t, int ncores, int npus)
{
	t->core = calloc((size_t)ncores, sizeof(*t->core));
	t->pu = calloc((size_t)npus, sizeof(*t->pu));
	return t->core && t->pu ? 0 : -ENOMEM;
}

int thrum__topology_flat(struct topology *t, const char *root)
{
	memset(t, 0, sizeof(*t));
	bool *taken = NULL;
	int rc = read_online(&t->online, root);
	if (rc != 0)
		goto fail;
	rc = thrum__topology_allot(t, t->online.count, t->online.count);
	if (rc != 0)
		goto fail;
	rc = -ENOMEM;
	taken = calloc((size_t)t->online.count, sizeof(*taken));
	if (!taken)
		goto fail;

	t->thissystem = true;
	t->cores_known = true;
	int *pu = t->pu;
	for (int i = 0; i < t->online.count; i++)
		if (!taken[i])
			pu = add_core(t, root, i, taken, pu);
	order_packages(t);
	free(taken);
	taken = NULL;

	struct cpulist cpuset;
	char file[CGROUP_PATH_BYTES];
	thrum__cgroup_cpuset(&cpuset, file, root);
	rc = thrum__cpulist_and(&t->allowed, &t->online, &cpuset);
	thrum__cpulist_free(&cpuset);
	if (rc == 0 && t->allowed.count == 0) {
		thrum__cpulist_free(&t->allowed);
		rc = thrum__cpulist_copy(&t->allowed, &t->online);
	}
	if (rc != 0)
		goto fail;
	snprintf(t->origin, sizeof(t->origin), "%s", SYS_CPU);
	return 0;
fail:
	free(taken);
	thrum__topology_free(t);
	return rc;
}

void thrum__topology_free(struct topology *t)
{
	thrum__cpulist_free(&t->online);
	thrum__cpulist_free(&t->allowed);
	free(t->core);
	free(t->pu);
	t->core = NULL;
	t->pu = NULL;
	t->ncores = 0;
}
