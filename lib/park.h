/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* park.h - to sleep until somebody calls
 *
 * park_wait and park_wake are the futex of Linux, or stand-ins with its
 * meaning. The parker is a binary semaphore of one thread above them: an unpark
 * that comes before the park is not lost, further ones are.
 */
#ifndef THRUM__PARK_H
#define THRUM__PARK_H

#include "atomics.h"

/** Sleep while *word is expected, until a wake or for timeout_ns (negative: no
 * end). May return for no reason: the caller looks again.
 * @return 0, or -ETIMEDOUT. */
int thrum__park_wait(_Atomic uint32_t *word, uint32_t expected,
                     int64_t timeout_ns);

/** Wake up to count threads that sleep on word; it is not read. */
void thrum__park_wake(_Atomic uint32_t *word, int count);

/* token: 0 awake, 1 called, 2 asleep. */
struct parker {
	_Atomic uint32_t token; /* A */
};

/** Sleep until called since the last park. By the parker's own thread. */
void thrum__parker_park(struct parker *p);

/** The same for @p ns at most, if that is not negative.
 * @return false if the time was up. */
bool thrum__parker_park_for(struct parker *p, int64_t ns);

/** Call: the thread, or its next park, returns. What was written before is
 * seen by it after. Any thread, as long as the memory of p is there. */
void thrum__parker_unpark(struct parker *p);

#endif
