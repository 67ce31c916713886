/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* task.c - what a body may ask of the call that runs it */
#include "config.h"

#include "call.h"

int thrum_task_worker(const thrum_task *task)
{
	return task ? task->number : 0;
}

int thrum_task_n_jobs(const thrum_task *task)
{
	return task ? task->n_jobs : 1;
}

int thrum_task_node(const thrum_task *task)
{
	return task ? task->node : -1;
}

int thrum_task_cancelled(const thrum_task *task)
{
	return task && thrum__call_may_stop(task->call)
	       && thrum__call_stopping(task->call) != STOP_NOT;
}

void *thrum_task_scratch(thrum_task *task, size_t bytes)
{
	return task ? thrum__scratch_take(task->scratch, bytes) : NULL;
}

int thrum_task_fail(thrum_task *task, size_t index, int code)
{
	if (task)
		task->failed_at = index;
	return code;
}
