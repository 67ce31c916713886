/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* error.c - jobs that fail, and what the report says of them */
#include <stdio.h>
#include "arguments.h"

enum { N = 1000, NEGATIVE = 7 };

/* The loop is over ranges, so the body says which index it was. */
static int check(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const double *x = ctx;
	for (size_t i = begin; i < end; i++)
		if (x[i] < 0)
			return thrum_task_fail(task, i, NEGATIVE);
	return 0;
}

static void print(const char *title, int rc, const thrum_report *r)
{
	printf("%s: code %d (%s), first at index %llu\n"
	       "    %llu jobs = %llu done + %llu failed + %llu skipped\n",
	       title, rc, thrum_strerror(rc),
	       (unsigned long long)r->error_index,
	       (unsigned long long)r->jobs, (unsigned long long)r->done,
	       (unsigned long long)r->failed, (unsigned long long)r->skipped);
}

int main(int argc, char **argv)
{
	struct arguments a = { .n_jobs = -1 };
	static double x[N] = { [17] = -1, [500] = -2, [501] = -3 };
	static int status[N];
	thrum_report r;
	a = arguments_read(argc, argv, a);

	/* The first failure ends the loop. */
	int first = thrum_for(NULL, N, check, x,
	                      THRUM_OPTS(.n_jobs = a.n_jobs, .report = &r,
	                                 .verbose = a.verbose));
	print("until the first", first, &r);

	/* All jobs run, and each has a status of its own. */
	int all = thrum_for(NULL, N, check, x,
	                    THRUM_OPTS(.n_jobs = a.n_jobs, .report = &r,
	                               .verbose = a.verbose, .status = status,
	                               .flags = THRUM_KEEP_GOING));
	print("keep going", all, &r);
	for (int i = 0; i < N; i++)
		if (status[i])
			printf("    x[%d] = %g is negative\n", i, x[i]);
	return first != NEGATIVE || all != NEGATIVE || r.failed != 3;
}
