/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* forkjoin.c - fib and quicksort; OpenMP: #pragma omp task ... taskwait */
#include <stdio.h>
#include "arguments.h"

static long fib(thrum_task *task, int n);
THRUM_TASK(long, fib, int);

static long fib(thrum_task *task, int n)
{
	if (n < 2)
		return n;
	fib_forked a = fib_fork(task, n - 1); /* may run elsewhere from here */
	long b = fib(task, n - 2);
	return fib_join(task, a) + b;
}

struct slice { double *x; size_t n; };
static int sort(thrum_task *task, struct slice s);
THRUM_TASK(int, sort, struct slice);

static int sort(thrum_task *task, struct slice s)
{
	if (s.n < 2)
		return 0;
	double pivot = s.x[s.n / 2];
	size_t i = 0, j = s.n - 1;
	for (;; i++, j--) {
		while (s.x[i] < pivot)
			i++;
		while (s.x[j] > pivot)
			j--;
		if (i >= j)
			break;
		double t = s.x[i];
		s.x[i] = s.x[j];
		s.x[j] = t;
	}
	sort_forked left = sort_fork(task, (struct slice){ s.x, i });
	sort(task, (struct slice){ s.x + j + 1, s.n - j - 1 });
	return sort_join(task, left);
}

int main(int argc, char **argv)
{
	static double x[1000000];
	size_t n = sizeof x / sizeof *x, bad = 0;
	struct arguments a = { .n_jobs = -1 };
	thrum_random r = thrum_random_stream(1, 0);
	long f = 0;
	a = arguments_read(argc, argv, a);

	const thrum_opts *opts = THRUM_OPTS(.n_jobs = a.n_jobs,
	                                    .verbose = a.verbose);
	thrum_random_fill(&r, x, n);
	int rc = fib_run(NULL, 30, &f, opts);
	if (rc == 0)
		rc = sort_run(NULL, (struct slice){ x, n }, NULL, opts);
	for (size_t i = 1; i < n; i++)
		bad += x[i - 1] > x[i];
	printf("%s: fib(30) = %ld, %zu of %zu out of order\n",
	       thrum_strerror(rc), f, bad, n);
	return rc != 0 || f != 832040 || bad != 0;
}
