/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stencil.c - heat in a plate, step by step, in tiles: each worker has the same
 * part of the plate in every step, and finds it in its cache */
#include <stdio.h>
#include "arguments.h"

enum { ROWS = 700, COLUMNS = 900, STEPS = 100 };

struct plate { double (*now)[COLUMNS], (*next)[COLUMNS]; };

static void step(const struct plate *p, size_t i, size_t begin, size_t end)
{
	const double *above = p->now[i - 1], *below = p->now[i + 1];
	const double *here = p->now[i];
	for (size_t j = begin; j < end; j++)
		p->next[i][j] = 0.25 * (above[j] + below[j]
		                        + here[j - 1] + here[j + 1]);
}

/* The inner points; those of the edge stay as they are. */
static int tile(void *ctx, const size_t begin[], const size_t end[],
                thrum_task *task)
{
	(void)task;
	for (size_t i = begin[0]; i < end[0]; i++)
		step(ctx, i + 1, begin[1] + 1, end[1] + 1);
	return 0;
}

static void swap(struct plate *p)
{
	double (*was)[COLUMNS] = p->now;
	p->now = p->next;
	p->next = was;
}

int main(int argc, char **argv)
{
	static double a[ROWS][COLUMNS], b[ROWS][COLUMNS];
	static double c[ROWS][COLUMNS], d[ROWS][COLUMNS];
	const size_t inner[] = { ROWS - 2, COLUMNS - 2 };
	struct plate p = { a, b }, serial = { c, d };
	struct arguments args = { .n_jobs = -1 };
	int rc = 0;
	args = arguments_read(argc, argv, args);
	for (size_t j = 0; j < COLUMNS; j++) /* one edge is hot */
		a[0][j] = b[0][j] = c[0][j] = d[0][j] = 100;

	for (int k = 0; k < STEPS && rc == 0; k++) {
		rc = thrum_for_tiles(NULL, 2, inner, tile, &p,
		                     THRUM_OPTS(.n_jobs = args.n_jobs));
		swap(&p);
	}
	for (int k = 0; k < STEPS; k++) {
		for (size_t i = 1; i < ROWS - 1; i++)
			step(&serial, i, 1, COLUMNS - 1);
		swap(&serial);
	}
	int same = memcmp(p.now, serial.now, sizeof a) == 0;
	printf("%s: %g, %s as by one loop\n", thrum_strerror(rc),
	       p.now[5][COLUMNS / 2], same ? "the same" : "not");
	return rc != 0 || !same;
}
