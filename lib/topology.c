/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* topology.c - the cores of a machine, without hwloc
 *
 * The list of CPUs that are online, and for each the list of its siblings and
 * the number of its package, as Linux writes them below /sys. CPUs that do not
 * tell are cores of their own. Nodes are told only if there is but one, and
 * caches not at all: who wants to be placed by them has hwloc.
 *
 * The cores must be those that hwloc would find, as this stands in for it while
 * it is loaded. There is one place where that takes more than the siblings: on
 * AMD's processors of two cores a module (Bulldozer) the system calls the two
 * siblings, and only their core_id tells that they are cores.
 */
#include "config.h"

#include "topology.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decimal.h"

#define SYS_CPU "/sys/devices/system/cpu"
#define SYS_NODE "/sys/devices/system/node"

#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif

/* All of a file below /sys, which is a line; false if there is none. */
static bool read_line(char *line, size_t size, const char *root,
                      const char *path)
{
	char name[PATH_MAX];
	int n = snprintf(name, sizeof(name), "%s%s", root, path);
	if (n < 0 || (size_t)n >= sizeof(name))
		return false;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length;
	do /* a container may have this file from a process, as of lxcfs */
		length = read(fd, line, size - 1);
	while (length < 0 && errno == EINTR);
	close(fd);
	if (length <= 0)
		return false;
	line[length] = '\0';
	return true;
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

/* A number that the system tells of cpu; -1 if it does not. */
static int read_number(const char *root, int cpu, const char *what)
{
	char path[128], line[64];
	const char *p = line;
	uint64_t number;
	snprintf(path, sizeof(path), SYS_CPU "/cpu%d/topology/%s", cpu, what);
	if (!read_line(line, sizeof(line), root, path) ||
	    !thrum__decimal_uint(&p, INT_MAX, &number))
		return -1;
	return (int)number;
}

/* Are the siblings cores, not threads of one? What holds for two of them holds
 * for the machine, and is asked once. */
static bool are_cores(const char *root, const struct cpulist *siblings)
{
	return read_number(root, siblings->cpu[0], "core_id") !=
	       read_number(root, siblings->cpu[1], "core_id");
}

/* While cores are made of CPUs. */
struct making {
	const char *root;
	bool *taken; /* online.cpu[i] is in a core */
	int *pu;     /* where the next CPU goes */
	enum { NOT_ASKED, THREADS, CORES } siblings; /* what they are */
};

/* A core for online.cpu[first], which is not in one yet, with those of its
 * siblings that are online and not in one either. */
static void add_core(struct topology *t, struct making *m, int first)
{
	int cpu = t->online.cpu[first];
	struct cpulist siblings = { 0 };
	bool known = read_siblings(&siblings, m->root, cpu);
	struct core *core = &t->core[t->ncores++];
	*core = (struct core){ .package = read_number(m->root, cpu,
		                                      "physical_package_id"),
		               .node = -1,
		               .l3 = -1,
		               .kind = -1,
		               .pu = m->pu };
	if (siblings.count > 1 && m->siblings == NOT_ASKED)
		m->siblings = are_cores(m->root, &siblings) ? CORES : THREADS;
	int most = m->siblings == CORES || siblings.count < 1 ? 1
	                                                      : siblings.count;
	for (int i = first; i < t->online.count && core->npus < most; i++) {
		int other = t->online.cpu[i];
		if (m->taken[i] || (i != first &&
		                    !thrum__cpulist_has(&siblings, other)))
			continue;
		m->taken[i] = true;
		*m->pu++ = other;
		core->npus++;
	}
	t->cores_known = t->cores_known && known;
	thrum__cpulist_free(&siblings);
}

/* The one node that there is; of several, which has which CPU is not asked. */
static void read_node(struct topology *t, const char *root)
{
	char line[64];
	const char *p = line;
	uint64_t node;
	if (!read_line(line, sizeof(line), root, SYS_NODE "/online") ||
	    !thrum__decimal_uint(&p, INT_MAX, &node) || !thrum__decimal_end(p))
		return;
	t->nodes = 1;
	for (int i = 0; i < t->ncores; i++)
		t->core[i].node = (int)node;
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

int thrum__topology_flat(struct topology *t,
                         const struct topology_source *source)
{
	const char *root = source->root ? source->root : "";
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
	struct making making = { .root = root, .taken = taken, .pu = t->pu };
	for (int i = 0; i < t->online.count; i++)
		if (!taken[i])
			add_core(t, &making, i);
	t->binds = t->cores_known;
	order_packages(t);
	read_node(t, root);
	free(taken);
	taken = NULL;

	if (source->cpuset)
		rc = thrum__cpulist_and(&t->allowed, &t->online,
		                        source->cpuset);
	else
		rc = 0;
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
