/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* here.c - the laws of a program that uses the library on this very machine
 *
 *   here [quota=N] [notes=MASK] [ms=N] [disturb]
 *
 * Run it confined in whatever way. It works out for itself what it has been
 * left, from the mask that the system tells and the siblings that /sys tells,
 * and asks the library for loops, turns and sums as usual. Then: as many
 * workers as cores are left, and no more than the quota; each index once; no
 * thread ever on a CPU outside of the mask; nothing of the program changed.
 *
 * quota    the quota of N CPUs that was set for it must be found
 * notes    bits that the reports must have, and those of the mask that was not
 *          asked for must not
 * ms       go on for so long, while somebody outside changes what is left
 * disturb  change the mask of every thread over and over meanwhile
 *
 * Ends with 0 if all laws held, else tells the first that did not.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "state.h"

enum { INDICES = 20000, WORKERS = 4096 };

/* What may change meanwhile cannot be held against the threads. */
static bool restless;
static struct state before;
static atomic_uchar times[INDICES];
static atomic_uchar turns[WORKERS];
static atomic_int outside; /* times that a thread was where it may not be */
static atomic_int stop;

static int broken(const char *law)
{
	printf("broken: %s\n", law);
	return 1;
}

#define HOLDS(law) do { if (!(law)) return broken(#law); } while (0)

/* A thread of the library is within the mask that the program had. */
static void look_around(void)
{
	unsigned long mask[STATE_WORDS];
	if (restless || !before.told)
		return;
	if (!state_mask(mask) || !state_within(mask, before.mask) ||
	    !state_has(before.mask, sched_getcpu()))
		atomic_fetch_add(&outside, 1);
}

static int work(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx;
	(void)task;
	volatile unsigned x = 0;
	for (size_t i = begin; i < end; i++) {
		for (int k = 0; k < 200; k++)
			x = x * 3 + 1;
		atomic_fetch_add(&times[i], 1);
	}
	look_around();
	return 0;
}

static int take_turn(void *ctx, thrum_task *task)
{
	(void)ctx;
	look_around();
	atomic_fetch_add(&turns[thrum_task_worker(task) % WORKERS], 1);
	return 0;
}

static int add(void *ctx, size_t begin, size_t end, void *sum, thrum_task *task)
{
	(void)ctx;
	(void)task;
	for (size_t i = begin; i < end; i++)
		*(uint64_t *)sum += i;
	look_around();
	return 0;
}

static void join(void *ctx, void *into, const void *from)
{
	(void)ctx;
	*(uint64_t *)into += *(const uint64_t *)from;
}

/* Cores with a CPU of the mask: a CPU counts if no lower one of the mask is
 * among its siblings. Without masks, all that are online. */
static int cores_left(void)
{
	int cores = 0;
	for (int cpu = 0; cpu < STATE_CPUS; cpu++) {
		char path[128], line[4096];
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/"
		         "topology/thread_siblings_list", cpu);
		FILE *file = fopen(path, "r");
		bool told = file && fgets(line, sizeof(line), file);
		if (file)
			fclose(file);
		if (before.told ? !state_has(before.mask, cpu) : !told)
			continue;
		int lowest = cpu;
		for (char *p = line; told && lowest == cpu && *p; p++) {
			long from = strtol(p, &p, 10), to = from;
			if (*p == '-')
				to = strtol(p + 1, &p, 10);
			for (long i = from; i <= to && i < lowest; i++)
				if (!before.told ||
				    state_has(before.mask, (int)i))
					lowest = (int)i;
			if (*p != ',')
				break;
		}
		cores += lowest == cpu;
	}
	return cores;
}

static int workers_are_what_is_left(int quota)
{
	struct cgroup_limits limits;
	int cores = cores_left();
	thrum__cgroup_limits(&limits, "", false);
	thrum__cpulist_free(&limits.cpus);
	HOLDS(quota == 0 || (limits.quota.limited &&
	                     limits.quota.cpus <= quota));
	if (limits.quota.limited && limits.quota.cpus < cores)
		cores = limits.quota.cpus;
	errno = before.errnum; /* all that follows is the library's */
	HOLDS(thrum_cpu_count() == cores);
	HOLDS(thrum_effective_n_jobs(NULL, -1) == cores);
	return 0;
}

static int calls_are_right(unsigned notes, unsigned among)
{
	thrum_report r;
	uint64_t sum = 0;
	int cores = thrum_cpu_count();
	memset(times, 0, sizeof(times));
	memset(turns, 0, sizeof(turns));
	int rc = thrum_for(NULL, INDICES, work, NULL,
	                   THRUM_OPTS(.n_jobs = -1, .report = &r));
	HOLDS(rc == 0 && r.done == INDICES);
	HOLDS(r.n_jobs == cores && r.workers <= cores);
	for (int i = 0; i < INDICES; i++)
		HOLDS(times[i] == 1);
	rc = thrum_each(NULL, take_turn, NULL,
	                THRUM_OPTS(.n_jobs = -1, .report = &r));
	HOLDS(rc == 0);
	for (int i = 0; i < WORKERS; i++)
		HOLDS(turns[i] == (i < cores));
	HOLDS((r.notes & among) == notes);
	rc = thrum_reduce(NULL, INDICES, add, join, NULL, &sum, sizeof(sum),
	                  NULL);
	HOLDS(rc == 0 && sum == (uint64_t)INDICES * (INDICES - 1) / 2);
	HOLDS(atomic_load(&outside) == 0);
	return 0;
}

/* Give every thread of the process another mask, each turn a CPU further, then
 * all. */
static void *disturb(void *arg)
{
	(void)arg;
	for (int turn = 0; !atomic_load(&stop); turn++) {
		unsigned long mask[STATE_WORDS] = { 0 };
		cpu_set_t *set = (cpu_set_t *)mask;
		if (state_has(before.mask, turn % 8))
			CPU_SET_S((size_t)turn % 8, sizeof(mask), set);
		else
			memcpy(mask, before.mask, sizeof(mask));
		DIR *tasks = opendir("/proc/self/task");
		for (struct dirent *d; tasks && (d = readdir(tasks));)
			if (d->d_name[0] != '.')
				(void)sched_setaffinity(atoi(d->d_name),
				                        sizeof(mask), set);
		if (tasks)
			closedir(tasks);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	return NULL;
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Not between the two looks at the state: masks are changed by this itself. A
 * thread that begins while its CPU is taken away is rightly told not to be bound,
 * so that this note may be there or not, but for where it must be. */
static int hold_on(double ms, bool disturbed, unsigned notes, unsigned among)
{
	among &= ~(unsigned)THRUM_NOTE_UNPINNED | notes;
	pthread_t thread;
	int rc = 0;
	double end = now_ms() + ms;
	restless = true;
	if (disturbed && pthread_create(&thread, NULL, disturb, NULL) != 0)
		return broken("a thread can be had");
	while (rc == 0 && now_ms() < end)
		rc = calls_are_right(notes, among);
	atomic_store(&stop, 1);
	if (disturbed)
		pthread_join(thread, NULL);
	restless = false;
	return rc;
}

int main(int argc, char **argv)
{
	int quota = 0;
	unsigned notes = 0;
	double ms = 0;
	bool disturbed = false;
	const unsigned among = THRUM_NOTE_UNPINNED | THRUM_NOTE_THREADS
	                       | THRUM_NOTE_ENV;
	sigset_t some;

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "quota=", 6) == 0)
			quota = atoi(argv[i] + 6);
		else if (strncmp(argv[i], "notes=", 6) == 0)
			notes = (unsigned)strtoul(argv[i] + 6, NULL, 0);
		else if (strncmp(argv[i], "ms=", 3) == 0)
			ms = atof(argv[i] + 3);
		else if (strcmp(argv[i], "disturb") == 0)
			disturbed = true;
		else
			return 2;

	/* Nothing as programs have it from the start, so that a library that
	 * sets it so is found out. */
	alarm(120);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigprocmask(SIG_BLOCK, &some, NULL);
	umask(0137);
	(void)setlocale(LC_ALL, "C.UTF-8");
	errno = ENOTTY;
	state_take(&before);

	int rc = workers_are_what_is_left(quota);
	if (rc == 0)
		rc = calls_are_right(notes, among);
	const char *changed = state_changed(&before);
	if (rc == 0 && changed)
		rc = broken(changed);
	if (rc == 0 && ms > 0)
		rc = hold_on(ms, disturbed, notes, among);
	int workers = thrum_cpu_count();
	if (thrum_shutdown() != 0)
		rc = broken("the threads can be ended");
	if (rc == 0)
		printf("%d workers\n", workers);
	return rc;
}
