/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* layout.c - where the elements of an array are, in the order of their indices
 */
#include "config.h"

#include "layout.h"

#include <string.h>

/* count = the product of the shape; false if count * size is past SIZE_MAX. */
static bool count_elements(struct layout *l, const thrum_array *a)
{
	l->count = 1;
	for (int d = 0; d < a->ndim; d++)
		if (a->shape[d] == 0)
			l->count = 0;
	for (int d = 0; d < a->ndim && l->count > 0; d++) {
		if (a->shape[d] > SIZE_MAX / l->size / l->count)
			return false;
		l->count *= a->shape[d];
	}
	l->bytes = l->count * l->size;
	return true;
}

/* Whether the distance between any two elements is a ptrdiff_t. */
static bool spans_well(const thrum_array *a)
{
	size_t span = 0;

	for (int d = 0; d < a->ndim; d++) {
		size_t steps = a->shape[d] - 1;
		size_t step = a->stride[d] < 0 ? 0 - (size_t)a->stride[d]
		                               : (size_t)a->stride[d];
		if (steps > 0 && step > ((size_t)PTRDIFF_MAX - span) / steps)
			return false;
		span += steps * step;
	}
	return true;
}

/* Whether a step of the dimension before is a whole row of this one. By
 * division: the product may be past a ptrdiff_t. */
static bool follows(ptrdiff_t before, size_t shape, ptrdiff_t stride)
{
	if (stride == 0)
		return before == 0;
	return before % stride == 0 && before / stride == (ptrdiff_t)shape;
}

int thrum__layout_of(struct layout *l, const thrum_array *a)
{
	if (!a || a->ndim < 0 || a->ndim > THRUM_NDIM_MAX
	    || thrum_dtype_size(a->dtype) == 0)
		return THRUM_EINVAL;
	l->data = a->data;
	l->size = thrum_dtype_size(a->dtype);
	l->ndim = 0;
	if (!count_elements(l, a))
		return THRUM_EOVERFLOW;
	if (l->count == 0)
		return 0;
	if (!a->data || !spans_well(a))
		return THRUM_EINVAL;

	for (int d = 0; d < a->ndim; d++) {
		int last = l->ndim - 1;
		if (a->shape[d] == 1)
			continue;
		if (last >= 0 && follows(l->stride[last], a->shape[d],
		                         a->stride[d])) {
			l->shape[last] *= a->shape[d];
			l->stride[last] = a->stride[d];
			continue;
		}
		l->shape[l->ndim] = a->shape[d];
		l->stride[l->ndim] = a->stride[d];
		l->ndim++;
	}
	return 0;
}

/* n elements, stride bytes apart. The sizes are constants, so that each copy
 * is one move. */
static void copy_row(char *to, const char *from, ptrdiff_t stride, size_t n,
                     size_t size)
{
	if (stride == (ptrdiff_t)size) {
		memcpy(to, from, n * size);
		return;
	}
	switch (size) {
	case 1:
		for (size_t i = 0; i < n; i++)
			to[i] = from[(ptrdiff_t)i * stride];
		break;
	case 2:
		for (size_t i = 0; i < n; i++)
			memcpy(to + 2 * i, from + (ptrdiff_t)i * stride, 2);
		break;
	case 4:
		for (size_t i = 0; i < n; i++)
			memcpy(to + 4 * i, from + (ptrdiff_t)i * stride, 4);
		break;
	case 8:
		for (size_t i = 0; i < n; i++)
			memcpy(to + 8 * i, from + (ptrdiff_t)i * stride, 8);
		break;
	default:
		for (size_t i = 0; i < n; i++)
			memcpy(to + 16 * i, from + (ptrdiff_t)i * stride, 16);
	}
}

void thrum__layout_gather(const struct layout *l, size_t begin, size_t n,
                          void *to)
{
	size_t index[THRUM_NDIM_MAX];
	const char *from = l->data;
	int last = l->ndim - 1;
	char *out = to;

	if (thrum__layout_contiguous(l)) {
		if (n > 0)
			memcpy(to, from + begin * l->size, n * l->size);
		return;
	}
	for (int d = last; d >= 0; d--) {
		index[d] = begin % l->shape[d];
		begin /= l->shape[d];
		from += (ptrdiff_t)index[d] * l->stride[d];
	}
	while (n > 0) {
		size_t row = l->shape[last] - index[last];
		if (row > n)
			row = n;
		copy_row(out, from, l->stride[last], row, l->size);
		out += row * l->size;
		n -= row;
		if (n == 0)
			return;
		/* To the first element of the next row: a counter carries. */
		from -= (ptrdiff_t)index[last] * l->stride[last];
		index[last] = 0;
		int d = last - 1;
		while (index[d] + 1 == l->shape[d]) {
			from -= (ptrdiff_t)index[d] * l->stride[d];
			index[d--] = 0;
		}
		index[d]++;
		from += l->stride[d];
	}
}
