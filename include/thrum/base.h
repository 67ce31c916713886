/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/base.h - linkage, opaque types, error codes, and the words used */
#ifndef THRUM_BASE_H
#define THRUM_BASE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define THRUM_API __attribute__((visibility("default")))
#else
#define THRUM_API
#endif

#ifdef __cplusplus
#define THRUM_BEGIN_DECLS extern "C" {
#define THRUM_END_DECLS }
/* In C++ `thrum_opts o{};` sets the size by itself; in C the macro does. */
#define THRUM_SET_IN_CXX(value) = value
#else
#define THRUM_BEGIN_DECLS
#define THRUM_END_DECLS
#define THRUM_SET_IN_CXX(value)
#endif

/* Words, used alike on every page.
 *
 * pool    threads that run work. NULL is allowed wherever a pool is asked for:
 *         inside a body it is the pool that runs the body, elsewhere the
 *         default pool, which is made at first use.
 * call    one run of thrum_for, _map, _reduce, _stream, _run or _each.
 * body    a function of the user that a call runs.
 * job     what a call counts: an index of a loop, an item of a stream.
 * worker  a thread while it takes part in a call. The calling thread does.
 * task    what a body knows of the call that runs it.
 *
 * Common to every function, unless its own text says otherwise
 *
 * - Any thread may call, at any time, also inside a body and after fork() in
 *   the child. Not in a signal handler.
 * - Memory that is passed in is borrowed until the function returns.
 * - A call returns when no body of it runs any more. What the caller wrote
 *   before it is seen by all bodies; what bodies wrote is seen after it.
 * - While it waits, a worker runs only jobs of the call that it waits for.
 * - Bodies see the floating-point control words of the caller: rounding, masks,
 *   flush to zero. A body that changes them puts them back; one that forgets to
 *   does not change them for the caller, nor for the worker's next range;
 *   small ranges that follow each other count as one.
 * - errno is unchanged by a call. Nothing but progress is printed, and what
 *   THRUM_STATS=1 asks for.
 * - Bodies must come back by return: longjmp, pthread_exit and C++ exceptions out
 *   of a body are undefined, as is to cancel a thread of the program's own that is
 *   in a call. To cancel a thread of the library has no effect. An exception that
 *   nobody catches ends the process. Bodies of one call must not wait for each
 *   other.
 */
typedef struct thrum_pool thrum_pool;
typedef struct thrum_task thrum_task;

/* Results: 0 is well, negative is ours, positive is the body's own.
 *
 * A body returns 0, or any other value to fail. The call hands that value
 * through unchanged, negative ones too, so that `return thrum_for(...)` at the
 * end of a body does what it says. A body that gives up because its call is to
 * end, as thrum_task_cancelled() says, returns THRUM_ECANCELED: while the call
 * is ending, that and THRUM_ETIMEDOUT count as not run, not as failure.
 */
/* The first four mean that nothing was run, unless stated otherwise. */
#define THRUM_EINVAL    (-EINVAL)    /* bad argument or option */
#define THRUM_E2BIG     (-E2BIG)     /* options of a newer thrum; no room */
#define THRUM_EOVERFLOW (-EOVERFLOW) /* a product of sizes is past SIZE_MAX */
#define THRUM_ENOMEM    (-ENOMEM)
#define THRUM_ECANCELED (-ECANCELED) /* the cancel token was set in time */
#define THRUM_ETIMEDOUT (-ETIMEDOUT) /* the deadline passed */
#define THRUM_EDEADLK   (-EDEADLK)   /* would wait for itself */
#define THRUM_ESKIPPED  (-20001)     /* as a job's status: it was not run */
#define THRUM_END       (-20002)     /* from next(): there are no more items */

THRUM_BEGIN_DECLS

/** One line on @p code, in English; never NULL; static storage. 0 and the
 * bodies' positive codes are described too. Signal handlers may call. */
THRUM_API const char *thrum_strerror(int code);

THRUM_END_DECLS
#endif
