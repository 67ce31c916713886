/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* clock.h - the one clock of the library */
#ifndef THRUM__CLOCK_H
#define THRUM__CLOCK_H

#include <stdint.h>

/** Nanoseconds since some moment before the process began. Never goes back,
 * is the same in all threads, and does not stop for steps of the wall clock.
 * About 20 ns; no system call where the vDSO has the clock. */
uint64_t thrum__clock_ns(void);

#endif
