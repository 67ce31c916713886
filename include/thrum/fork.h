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
 * task, the last one first. A forked function runs, unless it is taken back,
 * also after cancel or deadline: long trees ask thrum_task_cancelled() and
 * return early. Bodies of other calls may fork with the task they got. With a
 * NULL task everything runs in place, so fib(NULL, 20) is plain recursion.
 *
 * The children of a node: fork the rest of them, run one, take the rest back.
 * Whoever takes it has many at once, and nothing is kept for each child. Of
 * very many fork halves first: rests taken in turn are waited for one in another.
 *
 *   static long below(thrum_task *task, const struct node *n, int i)
 *   {
 *       long sum = 0, others;
 *       while (i < n->children) {
 *           const struct node *child = n->child[i++];
 *           below_forked rest = below_fork(task, n, i);
 *           sum += 1 + below(task, child, 0);
 *           if (below_taken(task, rest, &others))
 *               return sum + others;                 the rest is done
 *       }
 *       return sum;
 *   }
 */
#ifndef THRUM_FORK_H
#define THRUM_FORK_H

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
	thrum__lane *lane; /* NULL if the task has no deque */
	uint64_t call;
} thrum__view;

/* Of a task that has a lane: what is not done in line. */
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
#define THRUM__LIKELY(x) (x)
#endif
#ifdef __cplusplus
#define THRUM__ASSERT(e, text) static_assert(e, text)
#define THRUM__ALIGNOF(t) alignof(t)
#else
#define THRUM__ASSERT(e, text) _Static_assert(e, text)
#define THRUM__ALIGNOF(t) _Alignof(t)
#endif

THRUM__ASSERT(sizeof(thrum__slot) == 64, "a slot is a line");

/* Where @p task forks; NULL where forks run at their joins, as there is one
 * worker, or no task at all. Looked at first: alone, a fork is this one load. */
THRUM__INLINE thrum__lane *thrum__lane_of(thrum_task *task)
{
	return THRUM__LIKELY(task != NULL)
		? ((const thrum__view *)(void *)task)->lane : NULL;
}

/* The next slot of @p lane, a fork of @p thunk but for its argument, or NULL if
 * that takes more than this. Relaxed is enough: a slot is seen by others only
 * when the library makes it public, in push. */
THRUM__INLINE thrum__slot *thrum__reserve(thrum_task *task, thrum__lane *lane,
                                          thrum__thunk_fn *thunk)
{
#if defined(__GNUC__)
	thrum__slot *slot = lane->head;
	if (THRUM__LIKELY(slot < THRUM__LOAD(&lane->open))) {
		lane->head = slot + 1;
		slot->u.fn = thunk;
		THRUM__STORE(&slot->state,
		             ((const thrum__view *)(void *)task)->call);
		return slot;
	}
#else
	(void)task;
	(void)lane;
	(void)thunk;
#endif
	return NULL;
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

/* Arguments go into the cell, and results out of it, as objects of their types:
 * slots are memory that has no type of its own. Copied by memcpy they would go
 * over the stack, written in parts and read as a whole, and a processor does
 * not forward such stores: it waits until they are done. */

/* thrum_join2 in line: the functions are often known where it is called. */
typedef struct thrum__plain {
	thrum_task_fn *fn;
	void *ctx;
} thrum__plain;

THRUM__INLINE void thrum__plain_thunk(thrum_task *task, void *cell)
{
	const thrum__plain *p = (const thrum__plain *)cell;
	int value = p->fn(p->ctx, task);
	*(int *)cell = value;
}

THRUM__INLINE int thrum__join2_inline(thrum_task *task, thrum_task_fn *f,
                                      void *fctx, thrum_task_fn *g, void *gctx)
{
	thrum__lane *lane = thrum__lane_of(task);
	thrum__slot *slot = NULL;
	if (lane) {
		slot = thrum__reserve(task, lane, thrum__plain_thunk);
		if (THRUM__LIKELY(slot != NULL)) {
			thrum__plain *p = (thrum__plain *)(void *)slot->cell;
			p->fn = g;
			p->ctx = gctx;
		} else {
			thrum__plain p = { g, gctx };
			slot = (thrum__slot *)thrum__push(
				task, thrum__plain_thunk, &p, sizeof p);
		}
	}
	int first = f(fctx, task), second;
	const void *cell = thrum__pop_inline(task, slot);
	if (cell)
		second = *(const int *)cell;
	else
		second = g(gctx, task);
	return first ? first : second;
}

#define thrum_join2(task, f, fctx, g, gctx) \
	thrum__join2_inline(task, f, fctx, g, gctx)

/** Make the function `ret name(thrum_task *, arg, ..)`, declared before,
 * forkable.
 *
 * At file scope, once per file. Defines, static and inline:
 *   name_forked                            type of a fork until it is joined
 *   name_fork(task, arg, ..)               a name_forked
 *   name_join(task, forked)                the value of type ret
 *   name_taken(task, forked, &ret)         in place of name_join: 1 and the
 *                                          value, if another worker took it;
 *                                          0 if nobody did, and nobody will:
 *                                          the caller does it otherwise
 *   name_run(pool, arg, .., &ret, opts)    int, as thrum_run; 0 when it was
 *                                          run; NULL for &ret drops the value
 * @param ret  Any type but void, of at most 48 bytes.
 * @param ...  The types of one to six arguments: of at most 48 bytes together,
 *             each counted in eights. A pointer into the frame of the forking
 *             function for more. Several small ones cost less than a struct of
 *             them. No type is aligned to more than 16. */
#define THRUM_TASK(ret, name, ...) \
	THRUM__TASK_OF(THRUM__SEVENTH(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0), ret, \
	               name, __VA_ARGS__)

/* What is to be written once for each argument, the last one having number 1:
 * members, parameters, arguments from the members of an object, and members set
 * to the parameters.
 *
 * Each in eight bytes of its own: gcc gathers small neighbours in a register of
 * vectors before it stores them, at three times the cost. */
#if defined(__GNUC__)
#define THRUM__IN_EIGHT __attribute__((__aligned__(8)))
#else
#define THRUM__IN_EIGHT
#endif
#define THRUM__FIELDS_1(t) t thrum__a1 THRUM__IN_EIGHT;
#define THRUM__FIELDS_2(t, ...) t thrum__a2 THRUM__IN_EIGHT; \
	THRUM__FIELDS_1(__VA_ARGS__)
#define THRUM__FIELDS_3(t, ...) t thrum__a3 THRUM__IN_EIGHT; \
	THRUM__FIELDS_2(__VA_ARGS__)
#define THRUM__FIELDS_4(t, ...) t thrum__a4 THRUM__IN_EIGHT; \
	THRUM__FIELDS_3(__VA_ARGS__)
#define THRUM__FIELDS_5(t, ...) t thrum__a5 THRUM__IN_EIGHT; \
	THRUM__FIELDS_4(__VA_ARGS__)
#define THRUM__FIELDS_6(t, ...) t thrum__a6 THRUM__IN_EIGHT; \
	THRUM__FIELDS_5(__VA_ARGS__)
#define THRUM__PARAMS_1(t) , t thrum__a1
#define THRUM__PARAMS_2(t, ...) , t thrum__a2 THRUM__PARAMS_1(__VA_ARGS__)
#define THRUM__PARAMS_3(t, ...) , t thrum__a3 THRUM__PARAMS_2(__VA_ARGS__)
#define THRUM__PARAMS_4(t, ...) , t thrum__a4 THRUM__PARAMS_3(__VA_ARGS__)
#define THRUM__PARAMS_5(t, ...) , t thrum__a5 THRUM__PARAMS_4(__VA_ARGS__)
#define THRUM__PARAMS_6(t, ...) , t thrum__a6 THRUM__PARAMS_5(__VA_ARGS__)
#define THRUM__PASS_1(of) , of thrum__a1
#define THRUM__PASS_2(of) , of thrum__a2 THRUM__PASS_1(of)
#define THRUM__PASS_3(of) , of thrum__a3 THRUM__PASS_2(of)
#define THRUM__PASS_4(of) , of thrum__a4 THRUM__PASS_3(of)
#define THRUM__PASS_5(of) , of thrum__a5 THRUM__PASS_4(of)
#define THRUM__PASS_6(of) , of thrum__a6 THRUM__PASS_5(of)
#define THRUM__SET_1(of) of thrum__a1 = thrum__a1;
#define THRUM__SET_2(of) of thrum__a2 = thrum__a2; THRUM__SET_1(of)
#define THRUM__SET_3(of) of thrum__a3 = thrum__a3; THRUM__SET_2(of)
#define THRUM__SET_4(of) of thrum__a4 = thrum__a4; THRUM__SET_3(of)
#define THRUM__SET_5(of) of thrum__a5 = thrum__a5; THRUM__SET_4(of)
#define THRUM__SET_6(of) of thrum__a6 = thrum__a6; THRUM__SET_5(of)

#define THRUM__SEVENTH(a, b, c, d, e, f, g, ...) g
#define THRUM__TASK_OF(n, ret, name, ...) \
	THRUM__TASK_WITH(n, ret, name, __VA_ARGS__)
#define THRUM__TASK_WITH(n, ret, name, ...) \
	THRUM__TASK(ret, name, THRUM__FIELDS_##n(__VA_ARGS__), \
	            THRUM__PARAMS_##n, (__VA_ARGS__), THRUM__PASS_##n, \
	            THRUM__SET_##n)

#define THRUM__TASK(ret, name, fields, PARAMS, types, PASS, SET) \
	typedef struct name##__args { \
		fields \
	} name##__args; \
	typedef struct name##_forked { \
		name##__args args; \
		void *slot; \
	} name##_forked; \
	typedef struct name##__root { \
		name##__args args; \
		ret *result; \
	} name##__root; \
	THRUM__INLINE void name##__thunk(thrum_task *thrum__t, \
	                                 void *thrum__cell) \
	{ \
		const name##__args *thrum__p = \
			(const name##__args *)thrum__cell; \
		ret thrum__r = name(thrum__t PASS(thrum__p->)); \
		*(ret *)thrum__cell = thrum__r; \
	} \
	THRUM__INLINE name##_forked \
	name##_fork(thrum_task *thrum__t PARAMS types) \
	{ \
		name##_forked thrum__f; \
		SET(thrum__f.args.) \
		thrum__lane *thrum__l = thrum__lane_of(thrum__t); \
		thrum__f.slot = NULL; \
		if (THRUM__LIKELY(thrum__l != NULL)) { \
			thrum__slot *thrum__s = thrum__reserve( \
				thrum__t, thrum__l, name##__thunk); \
			thrum__f.slot = thrum__s; \
			if (THRUM__LIKELY(thrum__s != NULL)) { \
				name##__args *thrum__p = \
					(name##__args *)(void *)thrum__s->cell; \
				SET(thrum__p->) \
			} else { \
				name##__args thrum__c; /* known to push */ \
				SET(thrum__c.) \
				thrum__f.slot = thrum__push( \
					thrum__t, name##__thunk, &thrum__c, \
					sizeof thrum__c); \
			} \
		} \
		return thrum__f; \
	} \
	THRUM__INLINE ret name##_join(thrum_task *thrum__t, \
	                              name##_forked thrum__f) \
	{ \
		const void *thrum__cell = \
			thrum__pop_inline(thrum__t, thrum__f.slot); \
		if (!thrum__cell) \
			return name(thrum__t PASS(thrum__f.args.)); \
		return *(ret const *)thrum__cell; \
	} \
	THRUM__INLINE int name##_taken(thrum_task *thrum__t, \
	                               name##_forked thrum__f, ret *thrum__r) \
	{ \
		const void *thrum__cell = \
			thrum__pop_inline(thrum__t, thrum__f.slot); \
		if (THRUM__LIKELY(!thrum__cell)) \
			return 0; \
		*thrum__r = *(ret const *)thrum__cell; \
		return 1; \
	} \
	THRUM__INLINE int name##__start(void *thrum__c, thrum_task *thrum__t) \
	{ \
		name##__root *thrum__p = (name##__root *)thrum__c; \
		ret thrum__r = name(thrum__t PASS(thrum__p->args.)); \
		if (thrum__p->result) \
			*thrum__p->result = thrum__r; \
		return 0; \
	} \
	THRUM__INLINE int name##_run(thrum_pool *thrum__pool PARAMS types, \
	                             ret *thrum__r, \
	                             const thrum_opts *thrum__o) \
	{ \
		name##__root thrum__c; \
		SET(thrum__c.args.) \
		thrum__c.result = thrum__r; \
		return thrum_run(thrum__pool, name##__start, &thrum__c, \
		                 thrum__o); \
	} \
	THRUM__ASSERT(sizeof(ret) <= 48 && sizeof(name##__args) <= 48, \
	              #name ": arguments or result above 48 bytes"); \
	THRUM__ASSERT(THRUM__ALIGNOF(ret) <= 16 \
	              && THRUM__ALIGNOF(name##__args) <= 16, \
	              #name ": arguments or result aligned to more than 16")

#endif
