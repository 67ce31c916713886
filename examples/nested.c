/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* nested.c - a loop in a loop: one pool, and no more threads than before
 *
 * C = A B, a few rows at the top and many columns below: the outer loop alone
 * would leave most of a large machine idle. */
#include <stdio.h>
#include "arguments.h"

enum { ROWS = 4, DEPTH = 300, COLS = 2000 };
static double a[ROWS][DEPTH], b[DEPTH][COLS], c[ROWS][COLS];

/* Columns begin .. end of one row of C; NULL task and all, a plain function. */
static int some_columns(void *row, size_t begin, size_t end, thrum_task *task)
{
	size_t i = *(size_t *)row;
	(void)task;
	for (size_t j = begin; j < end; j++)
		c[i][j] = 0;
	for (size_t k = 0; k < DEPTH; k++)
		for (size_t j = begin; j < end; j++)
			c[i][j] += a[i][k] * b[k][j];
	return 0;
}

/* What the inner call returns, the body returns: an error finds its way out. */
static int one_row(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)result, (void)task;
	return thrum_for(NULL, COLS, some_columns, &i, NULL);
}

int main(int argc, char **argv)
{
	struct arguments args = { .n_jobs = -1 };
	args = arguments_read(argc, argv, args);

	for (size_t k = 0; k < DEPTH; k++) {
		for (size_t i = 0; i < ROWS; i++)
			a[i][k] = (double)(i + 1);
		for (size_t j = 0; j < COLS; j++)
			b[k][j] = (double)(j % 10);
	}
	int rc = thrum_map(NULL, ROWS, one_row, NULL, NULL, 0,
	                   THRUM_OPTS(.n_jobs = args.n_jobs,
	                              .verbose = args.verbose));
	for (size_t i = 0; i < ROWS; i++)
		for (size_t j = 0; j < COLS; j++)
			if (c[i][j] != (double)(DEPTH * (i + 1) * (j % 10)))
				rc = 1;
	printf("%s: the last element is %g\n", thrum_strerror(rc),
	       c[ROWS - 1][COLS - 1]);
	return rc != 0;
}
