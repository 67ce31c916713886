/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* listing2.c - a thousand jobs of 5 ms that tell how far they are; joblib:
 * Parallel(n_jobs=2, verbose=5)(delayed(work)(i) for i in range(1000)) */
#include <stdio.h>
#include <time.h>
#include "arguments.h"

/* Waiting stands for work: it takes as long on any machine. */
static int work(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i, (void)result, (void)task;
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments a = { .n_jobs = 2, .verbose = 5 };
	a = arguments_read(argc, argv, a);

	int rc = thrum_map(NULL, 1000, work, NULL, NULL, 0,
	                   THRUM_OPTS(.n_jobs = a.n_jobs,
	                              .verbose = a.verbose));
	if (rc)
		fprintf(stderr, "%s\n", thrum_strerror(rc));
	return rc != 0;
}
