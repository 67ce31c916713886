/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* reduce.c - a sum and the place of a maximum, with the same bits every time;
 * OpenMP: reduction(+:s), whose last bits change with the number of threads */
#include <math.h>
#include <stdio.h>
#include "arguments.h"

static int sum(void *ctx, size_t begin, size_t end, void *partial,
               thrum_task *task)
{
	const double *x = ctx;
	double s = 0;
	(void)task;
	for (size_t i = begin; i < end; i++)
		s += x[i];
	*(double *)partial = s;
	return 0;
}

struct best { double value; size_t index; };

static void better(void *ctx, void *into, const void *from)
{
	struct best *a = into;
	const struct best *b = from;
	(void)ctx;
	if (b->value > a->value)
		*a = *b;
}

static int argmax(void *ctx, size_t begin, size_t end, void *partial,
                  thrum_task *task)
{
	const double *x = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++)
		better(NULL, partial, &(struct best){ x[i], i });
	return 0;
}

int main(int argc, char **argv)
{
	static double x[1000000];
	size_t n = sizeof x / sizeof *x;
	struct arguments a = { .n_jobs = -1 };
	a = arguments_read(argc, argv, a);
	for (size_t i = 0; i < n; i++)
		x[i] = sin((double)i) / (double)(i + 1);

	double s = 0, alone = 0; /* what comes in is the identity */
	struct best b = { -INFINITY, 0 };
	const thrum_opts *opts = THRUM_OPTS(.n_jobs = a.n_jobs,
	                                    .verbose = a.verbose);
	int rc = thrum_reduce(NULL, n, sum, thrum_add_double, x,
	                      &s, sizeof s, opts);
	if (rc == 0)
		rc = thrum_reduce(NULL, n, sum, thrum_add_double, x, &alone,
		                  sizeof alone, THRUM_OPTS(.n_jobs = 1));
	if (rc == 0)
		rc = thrum_reduce(NULL, n, argmax, better, x,
		                  &b, sizeof b, opts);
	printf("%s: sum %.17g, by one worker %.17g; largest %g at %zu\n",
	       thrum_strerror(rc), s, alone, b.value, b.index);
	return rc != 0 || memcmp(&s, &alone, sizeof s) != 0;
}
