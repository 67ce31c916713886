/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* axpy.c - y += a x; OpenMP: #pragma omp parallel for */
#include <stdio.h>
#include "arguments.h"

struct axpy { double a; const double *x; double *y; };

/* A plain loop over a range, so that the compiler can vectorise it. */
static int axpy(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct axpy *c = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++)
		c->y[i] += c->a * c->x[i];
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = 1000000, wrong = 0;
	struct arguments a = { .n_jobs = -1 };
	a = arguments_read(argc, argv, a);
	double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
	if (!x || !y)
		return 1;
	for (size_t i = 0; i < n; i++) {
		x[i] = (double)i;
		y[i] = 1;
	}

	int rc = thrum_for(NULL, n, axpy, &(struct axpy){ 2.0, x, y },
	                   THRUM_OPTS(.n_jobs = a.n_jobs,
	                              .verbose = a.verbose));

	for (size_t i = 0; i < n; i++)
		wrong += y[i] != 1 + 2.0 * (double)i;
	printf("%s: y[10] = %g, %zu wrong\n", thrum_strerror(rc), y[10], wrong);
	free(x);
	free(y);
	return rc != 0 || wrong != 0;
}
