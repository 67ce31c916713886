/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* regions.c - short parallel regions in close succession, for strace to see
 *
 *   regions COUNT
 *
 * A region is some tens of microseconds: long enough to be shared between the
 * workers, short enough that they come back to it before they would sleep.
 */
#include <stdlib.h>
#include <thrum.h>

enum { JOBS = 64, TURNS = 1000 };

static int spend(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	double *y = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++) {
		double x = y[i];
		for (int turn = 0; turn < TURNS; turn++)
			x = x * 0.999 + 1;
		y[i] = x;
	}
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	double y[JOBS] = { 0 };

	for (long i = 0; i < count; i++)
		if (thrum_for(NULL, JOBS, spend, y, NULL) != 0)
			return 1;
	return 0;
}
