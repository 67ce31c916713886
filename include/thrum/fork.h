/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/fork.h - fork and join: trees of tasks
 *
 *   static long fib(thrum_task *task, int n);
 *   THRUM_TASK(long, fib, int);
 *
 *   static long fib(thrum_task *task, int n)
 *   {
 *       if (n < 2)
 *           return n;
 *       fib_forked a = fib_fork(task, n - 1);    may run elsewhere from here
 *       long b = fib(task, n - 2);               a plain call
 *       return fib_join(task, a) + b;            its value
 *   }
 *   ... rc = fib_run(NULL, 40, &result, NULL) ...
 *
 * A fork that no other worker takes costs about as much as a call: fork freely.
 * Each fork is joined exactly once, by the function that forked, with the same
 * task, the last one first. A forked function always runs, also after cancel or
 * deadline: long trees ask thrum_task_cancelled() and return early. Bodies of
 * other calls may fork with the task they got. With a NULL task everything runs
 * in place, so fib(NULL, 20) is plain recursion.
 */
#ifndef THRUM_FORK_H
#define THRUM_FORK_H

#include <string.h>
#include <thrum/base.h>
#include <thrum/options.h>

/** The root of a tree, or a part of it in the plain form.
 * @return Given to whoever joins or runs it. */
typedef int thrum_task_fn(void *ctx, thrum_task *task);

/** A fork in the plain form, until it is joined. Fields are the library's. */
typedef struct thrum_forked {
	void *slot;
	thrum_task_fn *fn;
	void *ctx;
} thrum_forked;

THRUM_BEGIN_DECLS

/** Run @p fn as the root of a tree; the caller starts it at once.
 *
 * Counts as one job. Takes .n_jobs, .timeout_s, .cancel, .report and progress.
 * @return What @p fn returned; THRUM_EINVAL, THRUM_E2BIG with nothing run;
 *         THRUM_ECANCELED or THRUM_ETIMEDOUT if it was too late
 *         to begin. */
THRUM_API int thrum_run(thrum_pool *pool, thrum_task_fn *fn, void *ctx,
                        const thrum_opts *opts);

/** Run @p fn once in each worker of a call, with thrum_task_worker() from 0 up:
 * to write memory first where it will be used, to make plans and caches per
 * thread.
 *
 * Unlike the jobs of other calls these are tied to their workers, so the call
 * waits for threads that are busy with calls of others. It takes .n_jobs and
 * .report, in which a worker is a job; where the system refuses a thread, there
 * is one job less.
 * @return 0; the value of the lowest worker whose @p fn did not return 0;
 *         THRUM_EDEADLK inside a body; THRUM_EINVAL, THRUM_E2BIG. */
THRUM_API int thrum_each(thrum_pool *pool, thrum_task_fn *fn, void *ctx,
                         const thrum_opts *opts);

/** Let @p fn run beside what follows, until thrum_join. Neither blocks nor
 * allocates; if there is no room it runs at the join. */
THRUM_API thrum_forked thrum_fork(thrum_task *task, thrum_task_fn *fn,
                                  void *ctx);

/** Have the fork done: run it here, or wait for the worker that took it and
 * help it meanwhile.
 * @return What the function returned. */
THRUM_API int thrum_join(thrum_task *task, thrum_forked forked);

/** Run both, perhaps at the same time.
 * @return 0; else f's value if that is not 0, else g's. */
THRUM_API int thrum_join2(thrum_task *task, thrum_task_fn *f, void *fctx,
                          thrum_task_fn *g, void *gctx);

/* For the inline code below alone. It forks and joins on the deque of the worker
 * by itself, without a call, a fence or an atomic read-modify-write, unless there
 * is something to do beside: a thief asks, the deque is full, the fork was made
 * public. What it sees of the library is the three structs here. They belong to
 * these names of push and pop: a library in which they differ has others.
 *
 * push publishes a copy of the argument and gives the slot, or NULL if it is to
 * run at the join. pop takes it back and gives NULL if nobody had taken it; else
 * it waits and gives where the value is. */
typedef void thrum__thunk_fn(thrum_task *task, void *cell);

typedef struct thrum__slot {
	union {
		thrum__thunk_fn *fn;
		uint64_t room; /* as much where pointers are small */
	} u;
	uint64_t state;         /* the call it belongs to, until it is stolen */
	unsigned char cell[48]; /* argument, then value; aligned to 16 */
} thrum__slot;

typedef struct thrum__lane {
	thrum__slot *head; /* the next free slot */
	thrum__slot *mine; /* slots from here to head: no thief can see them */
	unsigned char apart[128 - 2 * sizeof(void *)];
	thrum__slot *open; /* slots below are to be had without ado; NULL if a
	                      thief asks: it is written by others */
} thrum__lane;

typedef struct thrum__view { /* a task begins with it */
	thrum__lane *lane; /* one without slots if the task has no deque */
	uint64_t call;
} thrum__view;

THRUM_API void *thrum__push(thrum_task *task, thrum__thunk_fn *thunk,
                            const void *arg, size_t bytes);
THRUM_API const void *thrum__pop(thrum_task *task, void *slot);

THRUM_END_DECLS

#if defined(__GNUC__) /* not all of it is used everywhere */
#define THRUM__INLINE static inline __attribute__((unused))
#define THRUM__LIKELY(x) __builtin_expect(!!(x), 1)
#define THRUM__LOAD(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define THRUM__STORE(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#else
#define THRUM__INLINE static inline
#endif
#ifdef __cplusplus
#define THRUM__ASSERT(e, text) static_assert(e, text)
#else
#define THRUM__ASSERT(e, text) _Static_assert(e, text)
#endif

THRUM__ASSERT(sizeof(thrum__slot) == 64, "a slot is a line");

/* Relaxed is enough: a slot is seen by others only when the library makes it
 * public, in push. */
THRUM__INLINE void *thrum__push_inline(thrum_task *task, thrum__thunk_fn *thunk,
                                       const void *arg, size_t bytes)
{
#if defined(__GNUC__)
	if (THRUM__LIKELY(task != NULL)) {
		const thrum__view *view = (const thrum__view *)(void *)task;
		thrum__lane *lane = view->lane;
		thrum__slot *slot = lane->head;
		if (THRUM__LIKELY(slot < THRUM__LOAD(&lane->open))) {
			slot->u.fn = thunk;
			THRUM__STORE(&slot->state, view->call);
			memcpy(slot->cell, arg, bytes);
			lane->head = slot + 1;
			return slot;
		}
		if (!slot) /* one worker: no deque */
			return NULL;
	}
#endif
	return thrum__push(task, thunk, arg, bytes);
}

THRUM__INLINE const void *thrum__pop_inline(thrum_task *task, void *slot)
{
	if (!slot)
		return NULL;
#if defined(__GNUC__)
	thrum__lane *lane = ((const thrum__view *)(void *)task)->lane;
	if (THRUM__LIKELY((thrum__slot *)slot >= lane->mine)) {
		lane->head = (thrum__slot *)slot;
		return NULL;
	}
#endif
	return thrum__pop(task, slot);
}

/* thrum_join2 in line: the functions are often known where it is called. */
typedef struct thrum__plain {
	thrum_task_fn *fn;
	void *ctx;
} thrum__plain;

THRUM__INLINE void thrum__plain_thunk(thrum_task *task, void *cell)
{
	thrum__plain p;
	memcpy(&p, cell, sizeof p);
	int value = p.fn(p.ctx, task);
	memcpy(cell, &value, sizeof value);
}

THRUM__INLINE int thrum__join2_inline(thrum_task *task, thrum_task_fn *f,
                                      void *fctx, thrum_task_fn *g, void *gctx)
{
	thrum__plain p;
	p.fn = g;
	p.ctx = gctx;
	void *slot = thrum__push_inline(task, thrum__plain_thunk, &p, sizeof p);
	int first = f(fctx, task), second;
	const void *cell = thrum__pop_inline(task, slot);
	if (cell)
		memcpy(&second, cell, sizeof second);
	else
		second = g(gctx, task);
	return first ? first : second;
}

#define thrum_join2(task, f, fctx, g, gctx) \
	thrum__join2_inline(task, f, fctx, g, gctx)

/** Make the function `ret name(thrum_task *, arg)`, declared before, forkable.
 *
 * At file scope, once per file. Defines, static and inline:
 *   name_forked                       type of a fork until it is joined
 *   name_fork(task, arg)              a name_forked
 *   name_join(task, forked)           the value of type ret
 *   name_run(pool, arg, &ret, opts)   int, as thrum_run; 0 when it was run;
 *                                     NULL for &ret drops the value
 * @param ret  Any type but void, of at most 48 bytes.
 * @param arg  Any type of at most 48 bytes: a struct for several values, a
 *             pointer into the frame of the forking function for more. */
#define THRUM_TASK(ret, name, arg) \
	typedef struct name##_forked { \
		void *slot; \
		arg value; \
	} name##_forked; \
	typedef struct name##__root { \
		arg value; \
		ret *result; \
	} name##__root; \
	THRUM__INLINE void name##__thunk(thrum_task *thrum__t, void *thrum__cell) \
	{ \
		arg thrum__a; \
		memcpy(&thrum__a, thrum__cell, sizeof thrum__a); \
		ret thrum__r = name(thrum__t, thrum__a); \
		memcpy(thrum__cell, &thrum__r, sizeof thrum__r); \
	} \
	THRUM__INLINE name##_forked name##_fork(thrum_task *thrum__t, arg thrum__a) \
	{ \
		name##_forked thrum__f; \
		thrum__f.value = thrum__a; \
		thrum__f.slot = thrum__push_inline(thrum__t, name##__thunk, \
		                                   &thrum__a, \
		                                   sizeof thrum__a); \
		return thrum__f; \
	} \
	THRUM__INLINE ret name##_join(thrum_task *thrum__t, name##_forked thrum__f) \
	{ \
		const void *thrum__cell = \
			thrum__pop_inline(thrum__t, thrum__f.slot); \
		if (!thrum__cell) \
			return name(thrum__t, thrum__f.value); \
		ret thrum__r; \
		memcpy(&thrum__r, thrum__cell, sizeof thrum__r); \
		return thrum__r; \
	} \
	THRUM__INLINE int name##__start(void *thrum__c, thrum_task *thrum__t) \
	{ \
		name##__root *thrum__p = (name##__root *)thrum__c; \
		ret thrum__r = name(thrum__t, thrum__p->value); \
		if (thrum__p->result) \
			*thrum__p->result = thrum__r; \
		return 0; \
	} \
	THRUM__INLINE int name##_run(thrum_pool *thrum__pool, arg thrum__a, \
	                             ret *thrum__r, const thrum_opts *thrum__o) \
	{ \
		name##__root thrum__c; \
		thrum__c.value = thrum__a; \
		thrum__c.result = thrum__r; \
		return thrum_run(thrum__pool, name##__start, &thrum__c, thrum__o); \
	} \
	THRUM__ASSERT(sizeof(ret) <= 48 && sizeof(arg) <= 48, \
	              #name ": argument or result above 48 bytes")

#endif
