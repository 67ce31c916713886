/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/pool.h - threads kept between calls
 *
 * Most programs need none of this: NULL is the default pool. A pool of one's
 * own has a fixed size, sets its threads up, and ends when told.
 *
 * A pool has one thread per core, bound to that core; the calling thread takes
 * the place of the one on its core, and its own affinity is never touched.
 * Threads start when work first needs them, block all signals but those that
 * faults raise, and sleep when there is nothing to do.
 */
#ifndef THRUM_POOL_H
#define THRUM_POOL_H

#include <thrum/base.h>

/* .bind */
#define THRUM_BIND_CORES 1 /* a worker per core; those beyond the cores float */
#define THRUM_BIND_NONE  2 /* threads keep the mask of the process */
#define THRUM_BIND_CALLER 3 /* cores, and the calling thread too, for as long
                              as its call lasts */

/** Run in a thread of the pool when it starts, and when it ends.
 *
 * Not run in calling threads: they belong to the program, which can set them
 * up itself.
 *
 * May make calls, but not thrum_each on its own pool, which would wait for it.
 *
 * @param thread  0, 1, ...: which of the pool's threads; not the worker number
 *                of a call.
 * @return From start: 0, else the thread ends and the pool has one less. From
 *         stop: ignored. stop is run only where start returned 0. */
typedef int thrum_thread_fn(void *ctx, int thread);

typedef struct thrum_pool_opts {
	size_t size THRUM_SET_IN_CXX(sizeof(struct thrum_pool_opts));
	int n_jobs;         /* size: workers, one of them the caller; see cpus.h */
	int bind;           /* THRUM_BIND_*; 0: THRUM_BIND, else cores */
	size_t stack_bytes; /* of its threads; 0: THRUM_STACKSIZE, else 8 MiB.
	                       A loop in a body takes about 5 KiB of it */
	int spin_us;        /* 0: THRUM_SPIN_US, else chosen; negative: never spin */
	thrum_thread_fn *start, *stop; /* NULL none */
	void *ctx;          /* for start and stop; until thrum_pool_destroy returns */
} thrum_pool_opts;

/** As THRUM_OPTS, for pools. */
#define THRUM_POOL_OPTS(...) \
	(&(const thrum_pool_opts){ .size = sizeof(thrum_pool_opts), __VA_ARGS__ })

THRUM_BEGIN_DECLS

/** Make a pool. Too few threads is not an error: see thrum_report.notes.
 *
 * @param pool  Out: owned by the caller; NULL on error.
 * @param opts  NULL for the defaults; copied.
 * @return 0, THRUM_EINVAL, THRUM_E2BIG, THRUM_ENOMEM. */
THRUM_API int thrum_pool_create(thrum_pool **pool, const thrum_pool_opts *opts);

/** Start the threads that a call of @p n_jobs made here would have, and wait
 * until they run: for benchmarks, and where the first call must be quick.
 *
 * @return How many workers there are, the caller included; THRUM_EDEADLK inside
 *         a body. */
THRUM_API int thrum_pool_warm(thrum_pool *pool, int n_jobs);

/** Tell which CPU each worker of a call of @p n_jobs made here would be on.
 *
 * cpu[0] is the CPU the calling thread is on now. cpu[w] is the system's number
 * of the first CPU of the core that worker w is bound to; -1 if it is bound to
 * none, and for numbers that the call has no worker for.
 *
 * @param cpu  Out: n of them.
 * @return How many workers the call would have; THRUM_EINVAL. */
THRUM_API int thrum_pool_cpus(thrum_pool *pool, int n_jobs, int *cpu, int n);

/** End @p pool: wait for the calls that use it, then for its threads.
 *
 * No call may begin on it meanwhile. NULL does nothing. In the child of a fork
 * it frees a pool of the parent without waiting.
 * @return 0; THRUM_EDEADLK inside a body that this pool runs: nothing done. */
THRUM_API int thrum_pool_destroy(thrum_pool *pool);

/** End the threads of the default pool and free what the library holds, for
 * leak checkers and before unloading. Never needed; the next call starts anew,
 * and reads the environment again unless a pool of the program's own is left.
 * @return 0; THRUM_EDEADLK inside any body: nothing done. */
THRUM_API int thrum_shutdown(void);

THRUM_END_DECLS
#endif
