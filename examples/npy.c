/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy.c - an array from NumPy, worked on by all cores, and back to NumPy
 *
 *   python3 -c 'import numpy as n; n.save("x.npy", n.random.rand(100000, 50))'
 *   npy x.npy z.npy
 *   python3 -c 'import numpy as n; print(n.load("z.npy").std(axis=0))'
 *
 * Columns are scaled to mean 0 and standard deviation 1. The file is mapped: an
 * array larger than memory is no matter, and nothing is copied to be read.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <thrum.h>
#include <thrum/npy.h>

struct matrices {
	thrum_array from, to;
};

/* Any array order, so by strides. */
static double *at(const thrum_array *a, size_t i, size_t j)
{
	return (void *)((char *)a->data + a->stride[0] * (ptrdiff_t)i
	                + a->stride[1] * (ptrdiff_t)j);
}

static int scale(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const struct matrices *m = ctx;
	size_t n = m->from.shape[0];
	(void)task;
	for (size_t j = begin; j < end; j++) {
		double sum = 0, squares = 0;
		for (size_t i = 0; i < n; i++)
			sum += *at(&m->from, i, j);
		for (size_t i = 0; i < n; i++)
			squares += pow(*at(&m->from, i, j) - sum / (double)n, 2);
		double deviation = sqrt(squares / (double)n);
		for (size_t i = 0; i < n; i++)
			*at(&m->to, i, j) = (*at(&m->from, i, j)
			                     - sum / (double)n) / deviation;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct matrices m = { .from = { 0 } };
	if (argc != 3)
		return fprintf(stderr, "usage: npy FROM.npy TO.npy\n"), 2;

	int rc = thrum_npy_map(argv[1], &m.from, NULL);
	if (rc == 0 && (m.from.ndim != 2 || m.from.dtype != THRUM_F64))
		rc = THRUM_EINVAL; /* not a matrix of doubles */
	size_t rows = m.from.shape[0], columns = m.from.shape[1];
	double *z = calloc(rows * columns + 1, sizeof *z);
	/* In Fortran order, which NumPy takes as it is: a column is a run. */
	m.to = thrum_array_nd(THRUM_F64, z, 2, m.from.shape, 1);
	if (rc == 0)
		rc = !z ? THRUM_ENOMEM : thrum_for(NULL, columns, scale, &m, NULL);
	if (rc == 0)
		rc = thrum_npy_dump(argv[2], &m.to, NULL);
	printf("%zu x %zu: %s\n", rows, columns, thrum_strerror(rc));
	free(z);
	thrum_array_release(&m.from);
	return rc != 0;
}
