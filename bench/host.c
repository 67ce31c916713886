/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* host.c - the machine that figures are from */
#include "host.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "samples.h"
#include "work.h"

int host_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return CPU_COUNT(&set);
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* --- A line between two cores --------------------------------------------- */

#define TRIPS 2000
#define TRIES 21

struct ends {
	_Alignas(128) _Atomic unsigned line;
	int cpu[2];
	struct samples took;
};

static void bind_self(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

/* Relaxed: nothing but the line itself goes from core to core. */
static void *answer_line(void *arg)
{
	struct ends *ends = arg;

	bind_self(ends->cpu[1]);
	for (unsigned i = 1; i < 2 * TRIPS * TRIES; i += 2) {
		while (atomic_load_explicit(&ends->line, memory_order_relaxed)
		       != i)
			continue;
		atomic_store_explicit(&ends->line, i + 1,
		                      memory_order_relaxed);
	}
	return NULL;
}

static void send_line(struct ends *ends)
{
	unsigned i = 0;

	bind_self(ends->cpu[0]);
	for (int try = 0; try < TRIES; try++) {
		uint64_t start = work_clock_ns();
		for (int trip = 0; trip < TRIPS; trip++, i += 2) {
			atomic_store_explicit(&ends->line, i + 1,
			                      memory_order_relaxed);
			while (atomic_load_explicit(&ends->line,
			                            memory_order_relaxed)
			       != i + 2)
				continue;
		}
		samples_add(&ends->took, (double)(work_clock_ns() - start));
	}
}

double host_line_ns(void)
{
	static struct ends ends;
	pthread_t other;
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof set, &set))
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			ends.cpu[n++] = cpu;
	if (n < 2 || pthread_create(&other, NULL, answer_line, &ends))
		return 0;
	send_line(&ends);
	pthread_join(other, NULL);
	/* Processes that are started inherit it. */
	(void)sched_setaffinity(0, sizeof set, &set);
	double median = samples_quantile(&ends.took, 0.5);
	samples_free(&ends.took);
	return median / TRIPS;
}

/* --- The machine ----------------------------------------------------------- */

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
	struct host h = { .cores = host_cores(), .line_ns = host_line_ns() };
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
	unsigned long mapped, resident, shared;
	double page_kb = (double)sysconf(_SC_PAGESIZE) / 1024;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f)
		return m;
	if (fscanf(f, "%lu %lu %lu", &mapped, &resident, &shared) == 3) {
		m.resident = (double)(resident - shared) * page_kb;
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
