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
 *
 * hwloc is opened when the machine is first looked at, under the soname that
 * configure found, and is not linked. It brings libraries of its own, and the
 * dynamic linker would make every program that links libthrum wait for them,
 * 0.2 ms, whether or not it ever makes a call. It stays open: its plugins may
 * bring what does not like to be closed. It is opened RTLD_LOCAL, which its
 * plugins (devices, libxml2) find out and then stay away; none is needed.
 *
 * The inline functions of hwloc.h call functions that are not linked, so what
 * they do is spelt out here.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomics.h"
#include "topology.h"

#if HWLOC_API_VERSION < 0x00020400
#error "hwloc 2.4 or newer is needed"
#endif

#define CALLS(CALL) \
	CALL(get_api_version) \
	CALL(topology_init) \
	CALL(topology_destroy) \
	CALL(topology_load) \
	CALL(topology_set_synthetic) \
	CALL(topology_set_xml) \
	CALL(topology_set_flags) \
	CALL(topology_set_all_types_filter) \
	CALL(topology_set_type_filter) \
	CALL(topology_set_components) \
	CALL(topology_is_thissystem) \
	CALL(topology_get_topology_cpuset) \
	CALL(topology_get_allowed_cpuset) \
	CALL(get_type_depth) \
	CALL(get_nbobjs_by_depth) \
	CALL(get_obj_by_depth) \
	CALL(cpukinds_get_nr) \
	CALL(cpukinds_get_by_cpuset) \
	CALL(cpukinds_get_info) \
	CALL(bitmap_weight) \
	CALL(bitmap_next) \
	CALL(bitmap_intersects)

/* The functions of hwloc by their names without prefix, with the types that
 * hwloc.h gives them. Several threads may open it at once; the table of the first
 * stays. No lock: none may be held while the dynamic linker is waited for. */
#define POINTER(name) __typeof__(hwloc_##name) *name;
struct functions {
	CALLS(POINTER)
};
static _Atomic(const struct functions *) opened;

static const struct functions *hw(void)
{
	/* [H5] pairs with [H6] in open_hwloc */
	return thrum__load(&opened, acquire);
}

static bool find(void *library, const char *name, void *pointer)
{
	void *found = dlsym(library, name);
	/* the form in which POSIX has an address become a function */
	memcpy(pointer, &found, sizeof(found));
	return found != NULL;
}

/* @return 0; -ENOSYS if there is none, or one of another major version than
 * this was built for: other structures. -ENOMEM. */
static int open_hwloc(void)
{
	const struct functions *none = NULL;
	bool whole = true;
	if (hw())
		return 0;
	void *library = dlopen(HWLOC_SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return -ENOSYS;
	struct functions *f = malloc(sizeof(*f));
	if (!f)
		return -ENOMEM; /* it stays open: nothing was found wrong */
#define FIND(name) whole &= find(library, "hwloc_" #name, &f->name);
	CALLS(FIND)
	if (!whole || f->get_api_version() >> 16 != HWLOC_API_VERSION >> 16) {
		free(f);
		dlclose(library);
		return -ENOSYS;
	}
	/* (NULL) -> (a table) [H6] pairs with [H5] in hw */
	if (!thrum__cas(&opened, &none, f, acq_rel))
		free(f);
	return 0;
}

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
	    hw()->topology_set_synthetic(h, source->synthetic) != 0)
		return failure();
	if (source->xml && hw()->topology_set_xml(h, source->xml) != 0)
		return failure();
	if (hw()->topology_set_flags(h, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED))
		return failure();
	if (hw()->topology_set_all_types_filter(h, HWLOC_TYPE_FILTER_KEEP_NONE))
		return failure();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (hw()->topology_set_type_filter(h, kept[i],
		                                   HWLOC_TYPE_FILTER_KEEP_ALL))
			return failure();
	if (hw()->topology_set_type_filter(h, HWLOC_OBJ_GROUP,
	                                   HWLOC_TYPE_FILTER_KEEP_STRUCTURE))
		return failure();
	/* A build of hwloc that has no such component need not be told. */
	if (!source->synthetic && !source->xml)
		(void)hw()->topology_set_components(
			h, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
	return 0;
}

static int list_of_set(struct cpulist *out, hwloc_const_bitmap_t set)
{
	int count = hw()->bitmap_weight(set), cpu = -1;
	*out = (struct cpulist){ 0 };
	if (count < 0)
		return -EINVAL;
	int rc = thrum__cpulist_first(out, count);
	for (int i = 0; i < out->count; i++)
		out->cpu[i] = cpu = hw()->bitmap_next(set, cpu);
	return rc;
}

static int count_of(hwloc_topology_t h, hwloc_obj_type_t type)
{
	int depth = hw()->get_type_depth(h, type);
	if (depth == HWLOC_TYPE_DEPTH_UNKNOWN ||
	    depth == HWLOC_TYPE_DEPTH_MULTIPLE)
		return 0;
	return (int)hw()->get_nbobjs_by_depth(h, depth);
}

static hwloc_obj_t first_of(hwloc_topology_t h, hwloc_obj_type_t type)
{
	return count_of(h, type) > 0 ?
		hw()->get_obj_by_depth(h, hw()->get_type_depth(h, type), 0) : NULL;
}

/* The number of the smallest node that holds a CPU of the core, the lowest of
 * those as small: memory without CPUs holds none, and of two memories of one
 * group of cores the first is the ordinary one. */
static int node_of(hwloc_topology_t h, hwloc_const_cpuset_t cpuset)
{
	int found = -1, least = -1;
	for (hwloc_obj_t node = first_of(h, HWLOC_OBJ_NUMANODE); node;
	     node = node->next_cousin) {
		if (!hw()->bitmap_intersects(node->cpuset, cpuset))
			continue;
		int weight = hw()->bitmap_weight(node->cpuset);
		int number = (int)node->os_index;
		if (found < 0 || weight < least ||
		    (weight == least && number < found)) {
			found = number;
			least = weight;
		}
	}
	return found;
}

static hwloc_obj_t above_of(hwloc_obj_t obj, hwloc_obj_type_t type)
{
	do
		obj = obj->parent;
	while (obj && obj->type != type);
	return obj;
}

static int logical(hwloc_obj_t core, hwloc_obj_type_t type)
{
	hwloc_obj_t above = above_of(core, type);
	return above ? (int)above->logical_index : -1;
}

/* The rank of the kind of core, if there is more than one kind and hwloc could
 * rank them. */
static int kind_of(hwloc_topology_t h, hwloc_const_cpuset_t cpuset, int kinds)
{
	int kind = -1, rank = -1;
	if (kinds > 1)
		kind = hw()->cpukinds_get_by_cpuset(h, cpuset, 0);
	if (kind < 0)
		return -1;
#if HWLOC_API_VERSION >= 0x00030000
	int rc = hw()->cpukinds_get_info(h, (unsigned)kind, NULL, &rank, NULL,
	                                 0);
#else
	int rc = hw()->cpukinds_get_info(h, (unsigned)kind, NULL, &rank, NULL,
	                                 NULL, 0);
#endif
	return rc == 0 ? rank : -1;
}

static struct core core_of(hwloc_topology_t h, hwloc_obj_t obj, int kinds)
{
	return (struct core){ .package = logical(obj, HWLOC_OBJ_PACKAGE),
		              .node = node_of(h, obj->cpuset),
		              .l3 = logical(obj, HWLOC_OBJ_L3CACHE),
		              .kind = kind_of(h, obj->cpuset, kinds) };
}

/* By CPUs, not by cores: one that hwloc knows no core of is a core by itself,
 * on a machine where that is all of them, or only some. */
static int copy_cores(struct topology *t, hwloc_topology_t h)
{
	int count = t->online.count, rc = thrum__topology_allot(t, count, count);
	if (rc != 0)
		return rc;

	hwloc_obj_t pu = first_of(h, HWLOC_OBJ_PU), last = NULL;
	struct core *core = NULL;
	for (int i = 0; i < count && pu; i++, pu = pu->next_cousin) {
		t->pu[i] = (int)pu->os_index;
		hwloc_obj_t parent = above_of(pu, HWLOC_OBJ_CORE);
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
	t->thissystem = hw()->topology_is_thissystem(h) == 1;
	t->binds = t->thissystem;
	t->packages = count_of(h, HWLOC_OBJ_PACKAGE);
	t->nodes = count_of(h, HWLOC_OBJ_NUMANODE);
	t->l3s = count_of(h, HWLOC_OBJ_L3CACHE);
	int kinds = hw()->cpukinds_get_nr(h, 0);
	t->kinds = kinds > 0 ? kinds : 0;
	snprintf(t->origin, sizeof(t->origin), "hwloc, interface %u.%u",
	         HWLOC_API_VERSION >> 16, HWLOC_API_VERSION >> 8 & 255);

	int rc = list_of_set(&t->online,
	                     hw()->topology_get_topology_cpuset(h));
	if (rc != 0)
		return rc;
	rc = list_of_set(&t->allowed, hw()->topology_get_allowed_cpuset(h));
	return rc != 0 ? rc : copy_cores(t, h);
}

/* Its variables make hwloc see another machine, or this one in another way. */
bool thrum__topology_is_slow(void)
{
	for (char **variable = environ; variable && *variable; variable++)
		if (strncmp(*variable, "HWLOC_", 6) == 0)
			return false;
	return true;
}

static int load(struct topology *t, const struct topology_source *source)
{
	hwloc_topology_t h;
	errno = 0;
	if (hw()->topology_init(&h) != 0)
		return failure();
	int rc = configure(h, source);
	if (rc == 0 && hw()->topology_load(h) != 0)
		rc = failure();
	if (rc == 0)
		rc = copy(t, h);
	hw()->topology_destroy(h);
	return rc;
}

int thrum__topology_load(struct topology *t,
                         const struct topology_source *source)
{
	memset(t, 0, sizeof(*t));
	int rc = open_hwloc() == 0 ? load(t, source) : -ENOSYS;
	/* hwloc's plugins may have failed to open. What the dynamic linker has
	 * to say of that is not for the program to find. */
	(void)dlerror();
	if (rc != 0)
		thrum__topology_free(t);
	return rc;
}
