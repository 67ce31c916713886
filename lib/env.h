/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* env.h - the THRUM_ variables, read once
 *
 * A value that is not valid is left out of the fields, as if the variable was
 * not set, and told in the table. A variable that is empty, or all blank, is
 * not set. Where the program runs with more rights than its user none is read.
 */
#ifndef THRUM__ENV_H
#define THRUM__ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "atomics.h"
#include "cpulist.h"
#include "cpus.h"

enum env_name {
	ENV_N_JOBS,
	ENV_MAX_JOBS,
	ENV_BIND,
	ENV_CPUS,
	ENV_VERBOSE,
	ENV_PROGRESS,
	ENV_SPIN_US,
	ENV_STACKSIZE,
	ENV_STATS,
	ENV_OMP_NUM_THREADS,
	ENV_COUNT
};

struct env_value {
	const char *name;
	const char *want; /* what is valid, in words; static */
	bool set;
	bool valid;    /* true if not set */
	char text[64]; /* as it was, for people: cut, odd bytes as '?' */
};

struct env {
	struct n_jobs_text n_jobs; /* THRUM_N_JOBS; .n_jobs 0 and .num 0: unset.
	                              See thrum__n_jobs_default */
	int omp_n_jobs;            /* 0 unset */
	int max_jobs;              /* 0 unset */
	int bind;                  /* THRUM_BIND_*; 0 unset */
	int verbose;
	bool verbose_set;
	int progress;       /* THRUM_PROGRESS_*; 0 unset */
	int spin_us;        /* -1 unset */
	size_t stack_bytes; /* 0 unset */
	int stats;          /* THRUM_STATS; 0 unset */
	struct cpulist cpus; /* empty: unset */
	bool invalid;        /* some THRUM_ variable is */
	struct env_value value[ENV_COUNT];
};

/** The variables as they were at the first call. Never NULL; constant until
 * thrum__env_forget. Any thread; errno is unchanged. */
static inline const struct env *thrum__env(void);

/** Read them anew at the next need. No other thread may be in the library. */
void thrum__env_forget(void);

/* Around fork: no other thread is then in the middle of reading. */
void thrum__env_fork_prepare(void);
void thrum__env_fork_parent(void);
void thrum__env_fork_child(void);

/* NULL: not read yet. A call asks several times, so not by a function. */
extern _Atomic(const struct env *) thrum__env_read;
const struct env *thrum__env_get(void);

static inline const struct env *thrum__env(void)
{
	/* [V1] pairs with [V2] in thrum__env_get: what was read is seen whole */
	const struct env *env = thrum__load(&thrum__env_read, acquire);
	return env ? env : thrum__env_get();
}

#endif
