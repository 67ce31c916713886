/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cgroup.h - what the control groups of this process leave it: time and CPUs
 *
 * Reads version 1, version 2, and both at once. Nothing here can fail: where
 * there is doubt (no file, a file that is not understood, a group that is not
 * below any mount that we see, no memory) there is no limit.
 */
#ifndef THRUM__CGROUP_H
#define THRUM__CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "cpulist.h"

enum { CGROUP_PATH_BYTES = 4096 };

struct cgroup_quota {
	bool limited; /* else the rest is 0 */
	int cpus;     /* quota / period, rounded up: at least 1 */
	int64_t quota_us, period_us;
	char file[CGROUP_PATH_BYTES]; /* that said so */
};

struct cgroup_limits {
	struct cgroup_quota quota; /* the tightest on the way to the top */
	struct cpulist cpus;       /* of the cpuset; empty if unknown */
	char cpus_file[CGROUP_PATH_BYTES]; /* that said so; "" unknown */
};

/** The limits of the group of this process; cpus is to be freed.
 *
 * @param root  Stands before every path, "" for the system's own; for tests.
 *              It is not part of the files.
 * @param hurry  Do not ask for the list of mounts where the group is found in
 *               the usual place without it. */
void thrum__cgroup_limits(struct cgroup_limits *limits, const char *root,
                          bool hurry);

#endif
