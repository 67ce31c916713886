/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* array.c - descriptions of arrays, and the release of what they own */
#include "config.h"

#include "owner.h"

#include <string.h>
#include <thrum/array.h>

size_t thrum_dtype_size(thrum_dtype dtype)
{
	switch (dtype) {
	case THRUM_BOOL:
	case THRUM_I8:
	case THRUM_U8:
		return 1;
	case THRUM_I16:
	case THRUM_U16:
	case THRUM_F16:
		return 2;
	case THRUM_I32:
	case THRUM_U32:
	case THRUM_F32:
		return 4;
	case THRUM_I64:
	case THRUM_U64:
	case THRUM_F64:
	case THRUM_C64:
		return 8;
	case THRUM_C128:
		return 16;
	}
	return 0;
}

thrum_array thrum_array_1d(thrum_dtype dtype, const void *data, size_t n)
{
	return thrum_array_nd(dtype, data, 1, &n, 0);
}

thrum_array thrum_array_nd(thrum_dtype dtype, const void *data, int ndim,
                           const size_t *shape, int fortran)
{
	thrum_array a;

	memset(&a, 0, sizeof a);
	a.data = (void *)(uintptr_t)data;
	a.dtype = dtype;
	if (ndim < 0 || ndim > THRUM_NDIM_MAX || (ndim > 0 && !shape)) {
		a.ndim = -1;
		return a;
	}
	a.ndim = ndim;
	/* Products past the range of a stride wrap here; who reads the array
	 * computes its size with care and refuses it. */
	size_t stride = thrum_dtype_size(dtype);
	for (int k = 0; k < ndim; k++) {
		int d = fortran ? k : ndim - 1 - k;
		a.shape[d] = shape[d];
		a.stride[d] = (ptrdiff_t)stride;
		stride *= shape[d];
	}
	return a;
}

void thrum_array_release(thrum_array *a)
{
	if (!a)
		return;
	thrum__owner_free(a->owner);
	memset(a, 0, sizeof *a);
}
