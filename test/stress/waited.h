/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* waited.h - for how long the threads of this process waited for a CPU
 *
 * What took long because all CPUs were busy, or were taken away from the machine
 * by what it is a guest of, says nothing of the library.
 */
#ifndef THRUM__TEST_WAITED_H
#define THRUM__TEST_WAITED_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* What was taken away from all CPUs, in ns; the system counts in ticks. */
static inline uint64_t stress_stolen(void)
{
	unsigned long long ticks = 0;
	FILE *f = fopen("/proc/stat", "r");

	if (!f)
		return 0;
	if (fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		ticks = 0;
	fclose(f);
	return ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* All of them together, in ns, until now; 0 where the system does not tell. */
static inline uint64_t stress_waited(void)
{
	uint64_t sum = stress_stolen();
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char name[300];
		unsigned long long ran, waited;
		(void)snprintf(name, sizeof name, "/proc/self/task/%s/schedstat",
		               e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(name, "r");
		if (!f)
			continue;
		if (fscanf(f, "%llu %llu", &ran, &waited) == 2)
			sum += waited;
		fclose(f);
	}
	if (dir)
		closedir(dir);
	return sum;
}

#endif
