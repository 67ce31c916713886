/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* work.h - work of known length, and the clock it is measured with
 *
 * A step is one link of a chain of multiplications. The chain of a thread goes
 * on through all its work, so that a processor cannot begin the next piece
 * beside the one before it: else many small bodies would seem quicker than one
 * large one that does the same.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stddef.h>
#include <stdint.h>

/** Nanoseconds of a clock that only goes forward. */
uint64_t work_clock_ns(void);

/** CPU time used by the whole process, by the calling thread. */
uint64_t work_process_ns(void);
uint64_t work_thread_ns(void);

/** Work for so many steps. */
void work_run(uint64_t steps);

/** Work until the clock says so; threads that share a core lose nothing. */
void work_until(uint64_t clock_ns);

/** Do nothing for 100 ms: what a runtime does once, when it first has time (one
 * looks at the machine, another ends threads), is no part of what it does later.
 */
void work_settle(void);

/** Measure what a step takes, in nanoseconds: the least of many tries. */
double work_calibrate(void);

/** Steps of @p ns nanoseconds, as the run measured them when it began: the same
 * number in each of its processes. */
uint64_t work_steps(double ns);

/** Say what work_calibrate gave. */
void work_set_step(double ns);

/** Memory for @p n doubles from a border of large pages on, of large pages if
 * the system has them: else two processes that do the same may differ by a
 * factor of two for where their pages happen to lie. NULL if there is none.
 * Kept until the process ends. */
double *work_doubles(size_t n);

/** Sum of x[0 .. n), quick enough to wait for memory only. */
double work_sum(const double *x, size_t n);

#endif
