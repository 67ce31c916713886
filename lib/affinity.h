/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* affinity.h - on which CPUs threads may run, as the system keeps it
 *
 * Where the system has no such thing all of these fail with -ENOSYS and
 * threads run where they like. errno is unchanged.
 */
#ifndef THRUM__AFFINITY_H
#define THRUM__AFFINITY_H

#include <stdbool.h>

#include "cpulist.h"

/* As many CPUs as Linux can be built for. */
#define AFFINITY_CPUS 8192

/* The mask of a thread, kept while it is bound elsewhere. */
struct affinity_saved {
	unsigned long word[AFFINITY_CPUS / (8 * sizeof(unsigned long))];
	bool kept; /* word holds what thrum__affinity_save found */
};

/** The mask of the main thread of the process.
 *
 * Not of the calling thread: that may be bound to one core by an OpenMP
 * runtime or a pool of ours, the process is not.
 * @return 0; -ENOMEM; else what the system said, as -EPERM under seccomp. */
int thrum__affinity_process(struct cpulist *out);

/** Bind the calling thread to the @p npus CPUs @p pu.
 * @return 0; -EINVAL if npus < 1; else what the system said. */
int thrum__affinity_bind(const int *pu, int npus);

/** Remember the mask of the calling thread. Allocates nothing.
 * @return 0; else what the system said, and restore will do nothing. */
int thrum__affinity_save(struct affinity_saved *saved);

/** Give the calling thread back the mask that was saved. @return as save. */
int thrum__affinity_restore(const struct affinity_saved *saved);

/** The CPU that the calling thread is on, which may be over when this returns;
 * -1 unknown. */
int thrum__affinity_cpu(void);

#endif
