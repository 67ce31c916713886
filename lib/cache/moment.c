/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* moment.c - the two clocks of the cache library */
#include "config.h"

#include "moment.h"

#include <time.h>

/* Neither clock can fail where there are threads. */
static int64_t read_clock(clockid_t clock)
{
	struct timespec t = { 0 };
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint64_t thrum__moment_ns(void)
{
	return (uint64_t)read_clock(CLOCK_MONOTONIC);
}

int64_t thrum__moment_date_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t thrum__moment_of(const struct stat *st)
{
	const int64_t most = INT64_C(9000000000);
	int64_t s = st->st_mtim.tv_sec;

	if (s < 0)
		return 0;
	return (s < most ? s : most) * 1000000000 + st->st_mtim.tv_nsec;
}
