/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* topology_hwloc.c - the cores of a machine, as hwloc finds them
 *
 * The topology is loaded, copied into plain arrays, and let go: it is not
 * needed again, and neither is hwloc's memory. Bare necessities are asked for.
 *
 * - CORE is kept in any case. With KEEP_STRUCTURE, a tempting saving, virtual
 *   machines with one core in each package came out with no core at all.
 * - Groups are kept where they are structure. hwloc hangs a node that is part
 *   of a package on a group; without groups it hangs it on the package, and
 *   all cores of that have the first of its nodes.
 * - The x86 component is left out. It would bind the calling thread to each
 *   CPU in turn to ask it, and the mask of a caller is not ours to touch; what
 *   it knows, Linux knows as well.
 * - CPUs that the control group forbids are included, and marked so: the
 *   difference is what thrum-info explains.
 *
 * The caller has made sure that sched_getaffinity works: where it is refused,
 * hwloc looks for the size of the kernel's masks for ever.
 */
#include "config.h"

#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <string.h>

#include "topology.h"

#if HWLOC_API_VERSION < 0x00020400
#error "hwloc 2.4 or newer is needed"
#endif

static int failure(void)
{
	return errno > 0 ? -errno : -EINVAL;
}

static int configure(hwloc_topology_t h, const struct topology_source *source)
{
	static const hwloc_obj_type_t kept[] = { HWLOC_OBJ_PACKAGE,
		                                 HWLOC_OBJ_L3CACHE,
		                                 HWLOC_OBJ_CORE };
	if (source->synthetic &&
	    hwloc_topology_set_synthetic(h, source->synthetic) != 0)
		return failure();
	if (source->xml && hwloc_topology_set_xml(h, source->xml) != 0)
		return failure();
	if (hwloc_topology_set_flags(h, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED))
		return failure();
	if (hwloc_topology_set_all_types_filter(h, HWLOC_TYPE_FILTER_KEEP_NONE))
		return failure();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (hwloc_topology_set_type_filter(h, kept[i],
		                                   HWLOC_TYPE_FILTER_KEEP_ALL))
			return failure();
	if (hwloc_topology_set_type_filter(h, HWLOC_OBJ_GROUP,
	                                   HWLOC_TYPE_FILTER_KEEP_STRUCTURE))
		return failure();
	/* A build of hwloc that has no such component need not be told. */
	if (!source->synthetic && !source->xml)
		(void)hwloc_topology_set_components(
			h, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
	return 0;
}

static int list_of_set(struct cpulist *out, hwloc_const_bitmap_t set)
{
	int count = hwloc_bitmap_weight(set), cpu = -1;
	*out = (struct cpulist){ 0 };
	if (count < 0)
		return -EINVAL;
	int rc = thrum__cpulist_first(out, count);
	for (int i = 0; i < out->count; i++)
		out->cpu[i] = cpu = hwloc_bitmap_next(set, cpu);
	return rc;
}

/* The number of the smallest node that holds a CPU of the core, the lowest of
 * those as small: memory without CPUs holds none, and of two memories of one
 * group of cores the first is the ordinary one. */
static int node_of(hwloc_topology_t h, hwloc_const_cpuset_t cpuset)
{
	int found = -1, least = -1;
	hwloc_obj_t node = NULL;
	while ((node = hwloc_get_next_obj_by_type(h, HWLOC_OBJ_NUMANODE,
	                                          node)) != NULL) {
		if (!hwloc_bitmap_intersects(node->cpuset, cpuset))
			continue;
		int weight = hwloc_bitmap_weight(node->cpuset);
		int number = (int)node->os_index;
		if (found < 0 || weight < least ||
		    (weight == least && number < found)) {
			found = number;
			least = weight;
		}
	}
	return found;
}

static int logical(hwloc_topology_t h, hwloc_obj_type_t type, hwloc_obj_t core)
{
	hwloc_obj_t above = hwloc_get_ancestor_obj_by_type(h, type, core);
	return above ? (int)above->logical_index : -1;
}

/* The rank of the kind of core, if there is more than one kind and hwloc could
 * rank them. */
static int kind_of(hwloc_topology_t h, hwloc_const_cpuset_t cpuset, int kinds)
{
	int kind = -1, rank = -1;
	if (kinds > 1)
		kind = hwloc_cpukinds_get_by_cpuset(h, cpuset, 0);
	if (kind < 0)
		return -1;
#if HWLOC_API_VERSION >= 0x00030000
	int rc = hwloc_cpukinds_get_info(h, (unsigned)kind, NULL, &rank, NULL,
	                                 0);
#else
	int rc = hwloc_cpukinds_get_info(h, (unsigned)kind, NULL, &rank, NULL,
	                                 NULL, 0);
#endif
	return rc == 0 ? rank : -1;
}

static struct core core_of(hwloc_topology_t h, hwloc_obj_t obj, int kinds)
{
	return (struct core){ .package = logical(h, HWLOC_OBJ_PACKAGE, obj),
		              .node = node_of(h, obj->cpuset),
		              .l3 = logical(h, HWLOC_OBJ_L3CACHE, obj),
		              .kind = kind_of(h, obj->cpuset, kinds) };
}

static int count_of(hwloc_topology_t h, hwloc_obj_type_t type)
{
	int count = hwloc_get_nbobjs_by_type(h, type);
	return count > 0 ? count : 0;
}

/* By CPUs, not by cores: one that hwloc knows no core of is a core by itself,
 * on a machine where that is all of them, or only some. */
static int copy_cores(struct topology *t, hwloc_topology_t h)
{
	int count = t->online.count, rc = thrum__topology_allot(t, count, count);
	if (rc != 0)
		return rc;

	hwloc_obj_t pu = NULL, last = NULL;
	struct core *core = NULL;
	for (int i = 0; i < count; i++) {
		pu = hwloc_get_next_obj_by_type(h, HWLOC_OBJ_PU, pu);
		if (!pu)
			break;
		t->pu[i] = (int)pu->os_index;
		hwloc_obj_t parent = hwloc_get_ancestor_obj_by_type(
			h, HWLOC_OBJ_CORE, pu);
		if (!core || !parent || parent != last) {
			core = &t->core[t->ncores++];
			*core = core_of(h, parent ? parent : pu, t->kinds);
			core->pu = &t->pu[i];
		}
		core->npus++;
		last = parent;
	}
	t->cores_known = count_of(h, HWLOC_OBJ_CORE) > 0;
	return t->ncores > 0 ? 0 : -EINVAL;
}

static int copy(struct topology *t, hwloc_topology_t h)
{
	t->thissystem = hwloc_topology_is_thissystem(h) == 1;
	t->binds = t->thissystem;
	t->packages = count_of(h, HWLOC_OBJ_PACKAGE);
	t->nodes = count_of(h, HWLOC_OBJ_NUMANODE);
	t->l3s = count_of(h, HWLOC_OBJ_L3CACHE);
	int kinds = hwloc_cpukinds_get_nr(h, 0);
	t->kinds = kinds > 0 ? kinds : 0;
	snprintf(t->origin, sizeof(t->origin), "hwloc, interface %u.%u",
	         HWLOC_API_VERSION >> 16, HWLOC_API_VERSION >> 8 & 255);

	int rc = list_of_set(&t->online,
	                     hwloc_topology_get_topology_cpuset(h));
	if (rc != 0)
		return rc;
	rc = list_of_set(&t->allowed, hwloc_topology_get_allowed_cpuset(h));
	return rc != 0 ? rc : copy_cores(t, h);
}

int thrum__topology_load(struct topology *t,
                         const struct topology_source *source)
{
	memset(t, 0, sizeof(*t));
	/* another major version than this was built for: other structures */
	if (hwloc_get_api_version() >> 16 != HWLOC_API_VERSION >> 16)
		return -ENOSYS;
	hwloc_topology_t h;
	errno = 0;
	if (hwloc_topology_init(&h) != 0)
		return failure();
	int rc = configure(h, source);
	if (rc == 0 && hwloc_topology_load(h) != 0)
		rc = failure();
	if (rc == 0)
		rc = copy(t, h);
	hwloc_topology_destroy(h);
	if (rc != 0)
		thrum__topology_free(t);
	return rc;
}
