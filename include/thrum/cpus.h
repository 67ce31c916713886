/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/cpus.h - how many cores there are to use, and what n_jobs means
 *
 * Usable cores are the physical cores with at least one hardware thread in
 * both the cpuset of the process and the affinity mask of its main thread at
 * first need (or THRUM_CPUS), and no more than the CPU quota of its control
 * groups, rounded up.
 *
 * n_jobs, as option or parameter, is the number of workers of a call:
 *
 *    0              not said: thrum_set_defaults of this thread; else, on the
 *                   default pool and to make a pool, THRUM_N_JOBS; else all.
 *                   Inside a body: all
 *    k > 0          k, also above the number of cores
 *   -1              all
 *   -k              all but k - 1, at least 1
 *   THRUM_JOBS_IO   one and a half times all, rounded up: for work that waits
 *
 * "All" is the usable cores on the default pool, the size of the pool on one
 * made with thrum_pool_create, and inside a body the workers of the call that
 * runs it. The latter two are also the most that a call can get: a nested call
 * shares the workers of the outer one and adds no thread. THRUM_MAX_JOBS cuts
 * last. thrum_report.notes tells whenever fewer took part than was asked.
 */
#ifndef THRUM_CPUS_H
#define THRUM_CPUS_H

#include <limits.h>
#include <thrum/base.h>

#define THRUM_JOBS_IO INT_MIN

THRUM_BEGIN_DECLS

/** Usable cores of this process, at least 1.
 *
 * Looked up once, at the first call that needs it, which may take some tens of
 * milliseconds; then constant, in children too, until thrum_shutdown. Never
 * fails. */
THRUM_API int thrum_cpu_count(void);

/** Workers that a call made here, with this @p pool and @p n_jobs, would have:
 * at least 1. thrum_task_worker() in its bodies is below this number. */
THRUM_API int thrum_effective_n_jobs(thrum_pool *pool, int n_jobs);

/** Read an n_jobs as people write it.
 *
 * `4`, `-2`, `all`, `1.5x` (times the cores, rounded up), `50%` (of the cores,
 * rounded up), `io` (THRUM_JOBS_IO). Blanks around it are allowed.
 *
 * @param n_jobs  Out: a value for .n_jobs; unchanged on error.
 * @return 0; THRUM_EINVAL for `0`, an empty text, nonsense, or too large. */
THRUM_API int thrum_n_jobs_parse(const char *text, int *n_jobs);

THRUM_END_DECLS
#endif
