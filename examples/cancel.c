/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cancel.c - Ctrl-C ends the loop, and what is done is kept */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "arguments.h"

static thrum_cancel stop;

static void on_signal(int number)
{
	(void)number;
	thrum_cancel_set(&stop); /* one store: allowed in a handler */
}

/* About a millisecond; a longer one is left at once when the loop is to end. */
static int simulate(void *ctx, size_t i, void *result, thrum_task *task)
{
	double x = (double)i / 1e6;
	(void)ctx;
	for (int step = 0; step < 100; step++) {
		if (thrum_task_cancelled(task))
			return THRUM_ECANCELED;
		for (int k = 0; k < 2000; k++)
			x = 3.9 * x * (1 - x);
	}
	*(double *)result = x;
	return 0;
}

int main(int argc, char **argv)
{
	static double r[1000000];
	thrum_report report;
	struct arguments a = { .n_jobs = -1 };
	a = arguments_read(argc, argv, a);

	signal(SIGINT, on_signal);
	signal(SIGALRM, on_signal);
	alarm(1); /* for want of a hand on the keyboard */
	int rc = thrum_map(NULL, sizeof r / sizeof *r, simulate, NULL, r,
	                   sizeof *r, THRUM_OPTS(.n_jobs = a.n_jobs,
	                                         .verbose = a.verbose,
	                                         .cancel = &stop,
	                                         .report = &report));
	printf("%s after %.2f s: %llu done, %llu not run\n",
	       thrum_strerror(rc), report.wall_s,
	       (unsigned long long)report.done,
	       (unsigned long long)report.skipped);
	return rc != THRUM_ECANCELED || report.failed != 0;
}
