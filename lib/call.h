/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* call.h - one run of thrum_for, _map, _reduce, _stream or _run
 *
 * A call lives in the frame of the function that the user called, and in the
 * team while it has one: there it lies where that of the call before lay, so a
 * program that makes the same call again and again writes none of it, and
 * members find it in their caches. Workers touch it only while they hold a block
 * or a task of it, and the caller does not return before all of these are done.
 *
 * A task is a thread's view of a call: one on the stack of each thread that
 * takes part. Tasks of a thread form a list, the innermost first: that is how a
 * call finds out that it is made inside a body, and of which pool.
 */
#ifndef THRUM__CALL_H
#define THRUM__CALL_H

#include "atomics.h"
#include "cacheline.h"
#include "fpenv.h"
#include "memory.h"
#include "meter.h"

#include <thrum/fork.h>
#include <thrum/options.h>
#include <thrum/task.h>

struct call;
struct team;
struct worker;

/* What became of jobs: of a worker's share, of a piece, of a call. */
struct tally {
	uint64_t done, failed;
	uint64_t error_index; /* lowest that failed, if failed */
	uint64_t chunks; /* pieces that the jobs were run in */
	uint64_t timed_ns, timed; /* time that so many blocks took */
	uint32_t steals; /* of blocks */
	int error_code;
};

/* Why a call is to end; the first reason stays. */
enum stop { STOP_NOT, STOP_FAILED, STOP_CANCELLED, STOP_TIMED_OUT };

/** Run blocks lo <= b < hi of @p call, and count what became of them. */
typedef void call_work_fn(struct call *call, struct thrum_task *task,
                          uint32_t lo, uint32_t hi, struct tally *tally);

struct call {
	alignas(64) struct call *parent; /* I its body made this call; NULL */
	struct thrum_pool *pool; /* I */
	struct team *team;       /* I whose workers run it; NULL: caller alone */
	call_work_fn *work;      /* I */
	struct fpenv fpenv;      /* I of the caller */
	int n_jobs;              /* I workers that it can have */
	unsigned flags;          /* I THRUM_KEEP_GOING | THRUM_UNORDERED */
	thrum_cancel *cancel;    /* I NULL none */
	uint64_t deadline_ns;    /* I on the clock; 0 none */
	struct meter *meter;     /* I NULL: nobody watches */
	int *status;             /* I the user's; each job's written once */
	_Atomic uint64_t *crew;  /* A a bit per worker that ran a job; NULL */
	/* Set where it runs. */
	void *shape;             /* I what work knows: a loop, a stream */
	uint32_t chunk;          /* I blocks to begin with; 0 as 1 */
	uint32_t wakes;          /* I 1: members slept as it began */
	/* From here on it changes while it runs. */
	_Atomic unsigned stop;   /* A enum stop */
	_Atomic uint64_t steals; /* A tasks of it that were stolen */
	_Atomic uint64_t woken;  /* A threads, to help with it */
};

struct thrum_task {
	thrum__view view;        /* for the inline code of thrum/fork.h */
	struct call *call;       /* NULL in a thread that only is not to wait */
	struct worker *worker;   /* NULL: the caller alone, no deque */
	struct thrum_task *outer;
	struct scratch *scratch;
	int number;              /* of the worker in the call */
	int n_jobs;              /* workers that a call made here can have */
	int node;
	size_t failed_at;        /* as the body says; may be out of its range */
};

/** The innermost task of this thread; NULL outside of bodies. */
extern THRUM__THREAD struct thrum_task *thrum__task_current;

/** STOP_NOT, or why @p call is to end: its own reason, its token, its deadline,
 * or the same of a call around it. Any thread that holds a part of the call. */
enum stop thrum__call_stopping(struct call *call);

/** @p call can be ended from outside: by its token, its deadline, a call around
 * it. */
static inline bool thrum__call_watched(const struct call *call)
{
	return call->cancel || call->deadline_ns || call->parent;
}

/** False only if a look at @p call shows that it cannot be ending: the short
 * form for between two small jobs. */
static inline bool thrum__call_may_stop(struct call *call)
{
	/* Relaxed: see call.c. */
	return thrum__load(&call->stop, relaxed) || thrum__call_watched(call);
}

/** End @p call for @p why, unless it is ending. */
void thrum__call_stop(struct call *call, enum stop why);

/** Note that worker @p number ran a job of @p call. */
void thrum__call_mark(struct call *call, int number);

/** Jobs that were run, whatever became of them. */
static inline uint64_t thrum__tally_jobs(const struct tally *tally)
{
	return tally->done + tally->failed;
}

/** Add @p from to @p into. */
void thrum__tally_merge(struct tally *into, const struct tally *from);

/** Count the failure of job @p index, whose body returned @p code. */
void thrum__tally_fail(struct tally *tally, uint64_t index, int code);

/* To read the floating-point environment takes 4.5 ns (Zen 5), more than most of
 * what a short call does otherwise. So it is read once by a thread that enters a
 * call of another, and once after each run of a body; in between it is known. */

/** Enter: make @p task the innermost of this thread, whose floating-point
 * environment is that of the call: it makes the call, or runs it already. */
static inline void thrum__task_enter(struct thrum_task *task)
{
	task->outer = thrum__task_current;
	thrum__task_current = task;
}

/** Leave: nothing to be undone, as after each run of a body. */
static inline void thrum__task_leave(const struct thrum_task *task)
{
	thrum__task_current = task->outer;
}

/** Undo what a body may have changed of the floating-point environment. */
static inline void thrum__task_refresh(const struct fpenv *of_call)
{
	struct fpenv now = thrum__fpenv_get();
	if (!thrum__fpenv_same(&now, of_call))
		thrum__fpenv_set(of_call);
}

/** Take on the environment of a call of another thread.
 * @return what this thread had. */
static inline struct fpenv thrum__task_adapt(const struct thrum_task *task)
{
	struct fpenv own = thrum__fpenv_get();
	if (!thrum__fpenv_same(&own, &task->call->fpenv))
		thrum__fpenv_set(&task->call->fpenv);
	return own;
}

/** And back, what the body did having been undone. */
static inline void thrum__task_readapt(const struct fpenv *own,
                                       const struct fpenv *of_call)
{
	if (!thrum__fpenv_same(own, of_call))
		thrum__fpenv_set(own);
}

#endif
