/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* listing1.c - square roots of squares; joblib:
 * Parallel(n_jobs=2)(delayed(sqrt)(i ** 2) for i in range(10)) */
#include <math.h>
#include <stdio.h>
#include "arguments.h"

static int root(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)task;
	*(double *)result = sqrt((double)(i * i));
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments a = arguments_read(argc, argv,
	                                    (struct arguments){ .n_jobs = 2 });
	double r[10];
	int rc = thrum_map(NULL, 10, root, NULL, r, sizeof *r,
	                   THRUM_OPTS(.n_jobs = a.n_jobs,
	                              .verbose = a.verbose));
	if (rc) {
		fprintf(stderr, "%s\n", thrum_strerror(rc));
		return 1;
	}
	for (int i = 0; i < 10; i++)
		printf("%s%.1f", i ? ", " : "[", r[i]);
	puts("]");
	return 0;
}
