/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* affinity.c - on which CPUs threads may run, as the system keeps it */
#include "config.h"

#include "affinity.h"

#include <errno.h>

#ifdef __linux__

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Masks here are rows of words, the layout of cpu_set_t but of any length:
 * cpu_set_t ends at 1024 CPUs, and the system refuses with EINVAL to write a
 * mask into less room than the CPUs that it was built for. */
#define WORD_BITS (8 * sizeof(unsigned long))

_Static_assert(CPULIST_LIMIT >= AFFINITY_CPUS, "a list holds any mask");

static int get(pid_t thread, unsigned long *word, size_t bytes)
{
	int before = errno;
	int rc = sched_getaffinity(thread, bytes, (cpu_set_t *)word);
	if (rc != 0)
		rc = -errno;
	errno = before;
	return rc;
}

static int set(const unsigned long *word, size_t bytes)
{
	int before = errno;
	int rc = sched_setaffinity(0, bytes, (const cpu_set_t *)word);
	if (rc != 0)
		rc = -errno;
	errno = before;
	return rc;
}

static int to_list(struct cpulist *out, const unsigned long *word, int cpus)
{
	*out = (struct cpulist){ 0 };
	out->cpu = malloc((size_t)cpus * sizeof(*out->cpu));
	if (!out->cpu)
		return -ENOMEM;
	for (int cpu = 0; cpu < cpus; cpu++)
		if (word[(size_t)cpu / WORD_BITS] >> (size_t)cpu % WORD_BITS &
		    1)
			out->cpu[out->count++] = cpu;
	return 0;
}

int thrum__affinity_process(struct cpulist *out)
{
	*out = (struct cpulist){ 0 };
	int before = errno;
	int rc = -EINVAL;
	for (int cpus = 1024; cpus <= CPULIST_LIMIT && rc == -EINVAL;
	     cpus *= 2) {
		size_t bytes = (size_t)cpus / 8;
		unsigned long *word = calloc(1, bytes);
		if (!word) {
			rc = -ENOMEM;
			break;
		}
		rc = get(getpid(), word, bytes);
		if (rc == 0)
			rc = to_list(out, word, cpus);
		free(word);
	}
	errno = before;
	return rc;
}

int thrum__affinity_bind(const int *pu, int npus)
{
	struct affinity_saved mask = { .kept = true };
	if (npus < 1)
		return -EINVAL;
	for (int i = 0; i < npus; i++) {
		if (pu[i] < 0 || pu[i] >= AFFINITY_CPUS)
			return -EINVAL;
		mask.word[(size_t)pu[i] / WORD_BITS] |=
			1ul << (size_t)pu[i] % WORD_BITS;
	}
	return set(mask.word, sizeof(mask.word));
}

int thrum__affinity_save(struct affinity_saved *saved)
{
	memset(saved, 0, sizeof(*saved));
	int rc = get(0, saved->word, sizeof(saved->word));
	saved->kept = rc == 0;
	return rc;
}

int thrum__affinity_restore(const struct affinity_saved *saved)
{
	return saved->kept ? set(saved->word, sizeof(saved->word)) : -EINVAL;
}

int thrum__affinity_cpu(void)
{
	int before = errno;
	int cpu = sched_getcpu();
	errno = before;
	return cpu;
}

#else

int thrum__affinity_process(struct cpulist *out)
{
	*out = (struct cpulist){ 0 };
	return -ENOSYS;
}

int thrum__affinity_bind(const int *pu, int npus)
{
	(void)pu;
	(void)npus;
	return -ENOSYS;
}

int thrum__affinity_save(struct affinity_saved *saved)
{
	saved->kept = false;
	return -ENOSYS;
}

int thrum__affinity_restore(const struct affinity_saved *saved)
{
	(void)saved;
	return -ENOSYS;
}

int thrum__affinity_cpu(void)
{
	return -1;
}

#endif
