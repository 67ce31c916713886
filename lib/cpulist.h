/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cpulist.h - a set of CPUs, by the numbers of the system
 *
 * The form in which masks, control groups, variables and topologies meet: a
 * sorted array without doubles. It has no fixed width, as cpu_set_t has. A zero
 * initialised list is empty and valid; a list owns its array.
 */
#ifndef THRUM__CPULIST_H
#define THRUM__CPULIST_H

#include <stdbool.h>
#include <stddef.h>

/* Numbers are below this: eight times what Linux can be built for. */
#define CPULIST_LIMIT 65536

struct cpulist {
	int count;
	int *cpu; /* rising */
};

/** Read a list as the kernel and taskset write it, `0-7,16`. Blanks and line
 * ends around numbers are allowed.
 * @return 0; -EINVAL if it is empty or not a list; -ENOMEM. */
int thrum__cpulist_parse(struct cpulist *out, const char *text);

/** The CPUs 0 to @p count - 1. @return 0 or -ENOMEM. */
int thrum__cpulist_first(struct cpulist *out, int count);

/** What is in both. @return 0 or -ENOMEM. */
int thrum__cpulist_and(struct cpulist *out, const struct cpulist *a,
                       const struct cpulist *b);

/** A copy. @return 0 or -ENOMEM. */
int thrum__cpulist_copy(struct cpulist *out, const struct cpulist *list);

bool thrum__cpulist_has(const struct cpulist *list, int cpu);

/** Write `0-7,16`, cut as snprintf cuts. @return the length it would have. */
size_t thrum__cpulist_format(const struct cpulist *list, char *text,
                             size_t size);

/** Free the array; the list is empty then. */
void thrum__cpulist_free(struct cpulist *list);

#endif
