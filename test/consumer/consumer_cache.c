/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* consumer_cache.c - a C11 program that uses libthrum-cache as installed */
#include <thrum/array.h>

#include <stdio.h>

int main(void)
{
	double x[2][3] = { { 0 } };
	thrum_array a = thrum_array_nd(THRUM_F64, x, 2,
	                               (const size_t[]){ 2, 3 }, 0);

	if (a.stride[0] != (ptrdiff_t)sizeof *x
	    || a.stride[1] != (ptrdiff_t)sizeof **x) {
		fprintf(stderr, "strides %td, %td\n", a.stride[0], a.stride[1]);
		return 1;
	}
	thrum_array_release(&a);
	return a.ndim;
}
