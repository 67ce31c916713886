/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* clock.c - the one clock of the library */
#include "config.h"
#include "clock.h"

#include <time.h>

uint64_t thrum__clock_ns(void)
{
	/* Can only fail for a clock that does not exist; POSIX systems that
	 * have threads have this one, and then 0 is as good as any answer. */
	struct timespec t = { 0 };
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
