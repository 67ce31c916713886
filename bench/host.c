/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* host.c - the machine that figures are from */
#include "host.h"

#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

int host_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return CPU_COUNT(&set);
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static void read_model(char *model, size_t size)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	snprintf(model, size, "unknown processor");
	if (!f)
		return;
	while (fgets(line, sizeof line, f)) {
		char *value = strchr(line, ':');
		if (!value || strncmp(line, "model name", 10))
			continue;
		value += strspn(value, ": \t");
		value[strcspn(value, "\n")] = 0;
		snprintf(model, size, "%.90s", value);
		break;
	}
	fclose(f);
}

struct host host_get(void)
{
	struct host h = { .cores = host_cores() };
	struct utsname uts;
	time_t now = time(NULL);
	struct tm tm;
	const char *commit = getenv("BENCH_COMMIT");

	read_model(h.cpu, sizeof h.cpu);
	if (uname(&uts) == 0)
		snprintf(h.system, sizeof h.system, "%.30s %.40s %.20s",
		         uts.sysname, uts.release, uts.machine);
#if defined(__clang__)
	snprintf(h.compiler, sizeof h.compiler, "clang %.50s",
	         __clang_version__);
#else
	snprintf(h.compiler, sizeof h.compiler, "gcc %.50s", __VERSION__);
#endif
	h.compiler[strcspn(h.compiler, "\n")] = 0;
	strftime(h.date, sizeof h.date, "%Y-%m-%dT%H:%MZ",
	         gmtime_r(&now, &tm));
	snprintf(h.commit, sizeof h.commit, "%.60s", commit ? commit : "");
	return h;
}

double host_busy_s(void)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq;
	FILE *f = fopen("/proc/stat", "r");
	int n = 0;

	if (!f)
		return 0;
	n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
	           &system, &idle, &iowait, &irq, &softirq);
	fclose(f);
	if (n != 7)
		return 0;
	return (double)(user + nice + system + irq + softirq)
	       / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_s(int who)
{
	struct rusage u;

	if (getrusage(who, &u))
		return 0;
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
	       + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

double host_own_s(void)
{
	return cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN);
}

/* The second number of a thread's schedstat, in nanoseconds. */
static double thread_waited_s(const char *thread)
{
	char path[64];
	unsigned long long ran, waited = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%.20s/schedstat", thread);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	fclose(f);
	return 1e-9 * (double)waited;
}

double host_waited_s(void)
{
	DIR *dir = opendir("/proc/self/task");
	double waited = 0;

	if (!dir)
		return 0;
	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			waited += thread_waited_s(e->d_name);
	closedir(dir);
	return waited;
}

struct host_memory host_memory(void)
{
	struct host_memory m = { 0, 0 };
	unsigned long mapped, resident;
	double page_kb = (double)sysconf(_SC_PAGESIZE) / 1024;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f)
		return m;
	if (fscanf(f, "%lu %lu", &mapped, &resident) == 2) {
		m.resident = (double)resident * page_kb;
		m.mapped = (double)mapped * page_kb;
	}
	fclose(f);
	return m;
}

int host_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	if (!dir)
		return 0;
	for (const struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static char *join(char *path, size_t size, const char *dir, const char *name)
{
	int n = snprintf(path, size, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= size || access(path, R_OK))
		return NULL;
	return path;
}

char *host_find(char *path, size_t size, const char *dir, const char *name)
{
	char self[PATH_MAX];
	ssize_t n;
	char *found = NULL;

	if (dir)
		return join(path, size, dir, name);
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		return NULL;
	self[n] = 0;
	for (int up = 0; up < 2 && !found; up++) {
		char *slash = strrchr(self, '/');
		if (!slash)
			break;
		*slash = 0;
		found = join(path, size, self, name);
	}
	return found;
}
