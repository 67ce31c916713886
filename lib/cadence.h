/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cadence.h - at which counts a line of progress is due, and when to look
 *
 * Pure: counts and times come from outside.
 */
#ifndef THRUM__CADENCE_H
#define THRUM__CADENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Above this a line for every job. */
#define CADENCE_FEW 10
/* Lines of one look; after a burst that is longer, the oldest are left out. */
#define CADENCE_BURST 200
/* No due count. */
#define CADENCE_NEVER UINT64_MAX

/** The lowest count above @p shown at which a line is due, for verbose 1 to
 * CADENCE_FEW; CADENCE_NEVER if there is none. @p shown is that of the last
 * line, 0 before the first. @p total is read if @p known. */
uint64_t thrum__cadence_next(int verbose, bool known, uint64_t total,
                             uint64_t shown);

/** Nanoseconds from now to the next look.
 *
 * @param left      Jobs that must end before a line is due; 0: one is due
 *                  already, and waits for its time.
 * @param rate      Jobs per second; 0 unknown.
 * @param since_ns  Since the last line, or the begin of the call. */
uint64_t thrum__cadence_look_ns(int verbose, uint64_t left, double rate,
                                uint64_t since_ns);

/** Whether enough time has passed for a line: at most 20 a second, but for
 * verbose above CADENCE_FEW. @p since_ns: since the last line. */
bool thrum__cadence_rested(int verbose, uint64_t since_ns);

#endif
