/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sys.h - the files that Linux would have on a machine, below another root */
#ifndef THRUM__TEST_SYS_H
#define THRUM__TEST_SYS_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topology.h"

enum { SYS_ROOT_BYTES = 64 };

#define SYS_CPUS "/sys/devices/system/cpu"

/* Write a file, and the directories that it is in. Thousands of them: what
 * Check notes of an assertion that holds would take longer than to write. */
static inline void sys_put(const char *root, const char *path,
                           const char *text)
{
	char name[4096];
	snprintf(name, sizeof(name), "%s%s", root, path);
	FILE *file = fopen(name, "w");
	for (char *p = name + strlen(root) + 1;
	     !file && (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(name, 0777);
		*p = '/';
	}
	if (!file)
		file = fopen(name, "w");
	bool written = file && fputs(text, file) >= 0;
	if (!file || fclose(file) != 0 || !written)
		ck_abort_msg("%s cannot be written", name);
}

static inline void sys_put_core(const char *root, const struct core *core)
{
	char path[128], text[4096];
	int *sorted = malloc((size_t)core->npus * sizeof(*sorted));
	struct cpulist list = { .count = core->npus, .cpu = sorted };
	if (!sorted)
		ck_abort_msg("no memory");
	for (int i = 0; i < core->npus; i++) {
		int j = i;
		for (; j > 0 && sorted[j - 1] > core->pu[i]; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = core->pu[i];
	}
	thrum__cpulist_format(&list, text, sizeof(text));
	for (int i = 0; i < core->npus; i++) {
		const char *form = SYS_CPUS "/cpu%d/topology/%s";
		char package[16];
		snprintf(path, sizeof(path), form, core->pu[i],
		         "core_cpus_list");
		sys_put(root, path, text);
		snprintf(path, sizeof(path), form, core->pu[i],
		         "physical_package_id");
		snprintf(package, sizeof(package), "%d\n", core->package);
		sys_put(root, path, package);
	}
	free(sorted);
}

/* A root with the /sys of t; to be removed by sys_remove. */
static inline void sys_make(char *root, const struct topology *t)
{
	char text[65536];
	/* In memory where that is known to be: 2048 CPUs are 8000 files. */
	snprintf(root, SYS_ROOT_BYTES, "%s/check_topo.XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(root));
	thrum__cpulist_format(&t->online, text, sizeof(text));
	sys_put(root, SYS_CPUS "/online", text);
	for (int i = 0; i < t->ncores; i++)
		sys_put_core(root, &t->core[i]);
}

static inline void sys_remove(const char *root)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

#endif
