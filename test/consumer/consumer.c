/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* consumer.c - a C11 program that uses libthrum as installed */
#include <thrum.h>

#include <stdio.h>
#include <string.h>

enum { N = 10000 };

static int square(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	double *y = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++)
		y[i] = (double)i * (double)i;
	return 0;
}

static long fib(thrum_task *task, int n);
THRUM_TASK(long, fib, int);

static long fib(thrum_task *task, int n)
{
	if (n < 2)
		return n;
	fib_forked a = fib_fork(task, n - 1);
	long b = fib(task, n - 2);
	return fib_join(task, a) + b;
}

int main(void)
{
	static double y[N];
	thrum_report r;
	long f = 0;

	if (strcmp(thrum_version(), THRUM_VERSION) != 0) {
		fprintf(stderr, "header %s, library %s\n", THRUM_VERSION,
		        thrum_version());
		return 1;
	}
	int rc = thrum_for(NULL, N, square, y,
	                   THRUM_OPTS(.n_jobs = 2, .report = &r));
	if (rc != 0 || r.done != N) {
		fprintf(stderr, "thrum_for: %s\n", thrum_strerror(rc));
		return 1;
	}
	for (int i = 0; i < N; i++)
		if (y[i] != (double)i * i) {
			fprintf(stderr, "y[%d] = %g\n", i, y[i]);
			return 1;
		}
	rc = fib_run(NULL, 20, &f, NULL);
	if (rc != 0 || f != 6765) {
		fprintf(stderr, "fib: %s, %ld\n", thrum_strerror(rc), f);
		return 1;
	}
	return 0;
}
