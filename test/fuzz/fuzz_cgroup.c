/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_cgroup.c - laws of quotas and cpusets, for any files
 *
 * The first two files of the input are /proc/self/cgroup and mountinfo. The
 * reader is taken in as it is, under another name, with its files in memory.
 */
#include "config.h"

#include "files.h"

#define thrum__cgroup_limits fuzz__cgroup_limits
#include "../../lib/cgroup.c"

static bool ends_in(const char *path, const char *name)
{
	size_t length = strlen(path), tail = strlen(name);
	return length > tail && path[length - tail - 1] == '/' &&
	       strcmp(path + length - tail, name) == 0;
}

/* A path is that of a file that was asked, or too long to be told. */
static void check_paths(const struct cgroup_limits *l)
{
	const char *quota = l->quota.file, *cpus = l->cpus_file;
	HOLDS(memchr(quota, '\0', sizeof(l->quota.file)));
	HOLDS(memchr(cpus, '\0', sizeof(l->cpus_file)));
	HOLDS(!*quota || (quota[0] == '/' && (ends_in(quota, "cpu.max") ||
	      ends_in(quota, "cpu.cfs_quota_us"))));
	HOLDS(!*cpus || (cpus[0] == '/' && (ends_in(cpus, "cpuset.cpus") ||
	      ends_in(cpus, "cpuset.effective_cpus") ||
	      ends_in(cpus, "cpuset.cpus.effective"))));
	HOLDS(l->quota.limited || !*quota);
	HOLDS(l->cpus.count > 0 || !*cpus);
}

static void check_same(const struct cgroup_limits *a,
                       const struct cgroup_limits *b)
{
	HOLDS(a->quota.quota_us == b->quota.quota_us);
	HOLDS(a->quota.period_us == b->quota.period_us);
	HOLDS(a->quota.cpus == b->quota.cpus);
	HOLDS(a->cpus.count == b->cpus.count);
	HOLDS(strcmp(a->quota.file, b->quota.file) == 0);
	HOLDS(strcmp(a->cpus_file, b->cpus_file) == 0);
}

static void law_of(const uint8_t *data, size_t size, bool hurry)
{
	struct cgroup_limits l, again;
	files_take(data, size, "/proc/self/cgroup", "/proc/self/mountinfo");
	errno = ENOTTY;
	thrum__cgroup_limits(&l, "", hurry);
	HOLDS(errno == ENOTTY);
	if (l.quota.limited) {
		int64_t q = l.quota.quota_us, p = l.quota.period_us;
		HOLDS(q > 0 && p > 0 && l.quota.cpus >= 1);
		HOLDS((q - 1) / p + 1 == l.quota.cpus);
	} else {
		HOLDS(l.quota.cpus == 0 && l.quota.quota_us == 0 &&
		      l.quota.period_us == 0);
	}
	for (int i = 1; i < l.cpus.count; i++)
		HOLDS(l.cpus.cpu[i] > l.cpus.cpu[i - 1]);
	check_paths(&l);
	files_again();
	thrum__cgroup_limits(&again, "", hurry);
	check_same(&l, &again);
	thrum__cpulist_free(&again.cpus);
	thrum__cpulist_free(&l.cpus);
	files_free();
}

static void law(const uint8_t *data, size_t size)
{
	law_of(data, size, false);
	law_of(data, size, true);
}

FUZZ_TARGET(cgroup, law);
