/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* join.h - to wait for a task that was stolen */
#ifndef THRUM__JOIN_H
#define THRUM__JOIN_H

#include "call.h"
#include "deque.h"

/** Have the newest task of the deque of @p task's worker, in slot @p s, done.
 *
 * @return true if nobody had taken it: it is off the deque, the caller runs it
 *         now. Else it has been run, and its result is in the cell. */
bool thrum__join(struct thrum_task *task, thrum__slot *s);

#endif
