/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/task.h - what a body may ask of the call that runs it
 *
 * A task is valid until the body that got it returns, and in its thread only.
 * NULL is allowed and stands for a plain serial call, so that a body can be
 * called, and tested, as an ordinary function. None of these blocks; none but
 * thrum_task_scratch allocates.
 */
#ifndef THRUM_TASK_H
#define THRUM_TASK_H

#include <thrum/base.h>

THRUM_BEGIN_DECLS

/** Number of the worker in this call: from 0, below thrum_task_n_jobs(). No two
 * bodies of a call that run at the same time have the same. With NULL: 0. */
THRUM_API int thrum_task_worker(const thrum_task *task);

/** Workers that the call can have: thrum_report.n_jobs. With NULL: 1. */
THRUM_API int thrum_task_n_jobs(const thrum_task *task);

/** The system's number of the NUMA node of the core that the worker has its
 * place on; -1 unknown, or not bound. */
THRUM_API int thrum_task_node(const thrum_task *task);

/** 1 once the call is to end: another body has failed, without
 * THRUM_KEEP_GOING, the token was set, the deadline has passed, or the same is
 * true of an enclosing call; else 0. A few nanoseconds. A long body asks now
 * and then, and if so returns THRUM_ECANCELED: its job counts as not run. */
THRUM_API int thrum_task_cancelled(const thrum_task *task);

/** Memory for the rest of this body: @p bytes, not initialised, aligned to 64,
 * near the worker. Each request gives another block; all go back when the body
 * returns, and the worker keeps them for the next.
 * @return NULL if there is no memory, if bytes is 0, and for a NULL task. */
THRUM_API void *thrum_task_scratch(thrum_task *task, size_t bytes);

/** Say which index of its range a body failed at: `return thrum_task_fail(task,
 * i, code);`. Those before @p index then count as done, those after as not run.
 * A range body that fails without it failed at its first index.
 *
 * @param index  In the range of the body; else the first index is taken.
 * @return @p code. */
THRUM_API int thrum_task_fail(thrum_task *task, size_t index, int code);

THRUM_END_DECLS
#endif
