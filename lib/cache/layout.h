/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* layout.h - where the elements of an array are, in the order of their indices
 *
 * Element number k of an array is the k-th with the last index running fastest,
 * whatever its strides: the order that hashes and files have. A layout is an
 * array that was checked, with its dimensions merged where they follow each
 * other in memory, so that what is contiguous has one dimension, or none.
 */
#ifndef THRUM__CACHE_LAYOUT_H
#define THRUM__CACHE_LAYOUT_H

#include <stdbool.h>
#include <thrum/array.h>

struct layout {
	const char *data;
	size_t size;  /* bytes of an element */
	size_t count; /* elements */
	size_t bytes; /* count * size */
	int ndim;
	/* Each > 1, unless count is 0; then ndim is 0. */
	size_t shape[THRUM_NDIM_MAX];
	ptrdiff_t stride[THRUM_NDIM_MAX];
};

/** Check @p a.
 * @param l  Out: borrows the data of @p a; undefined on error.
 * @return 0; THRUM_EINVAL, THRUM_EOVERFLOW as thrum/array.h says. */
int thrum__layout_of(struct layout *l, const thrum_array *a);

/** Whether the elements lie one after the other from l->data on. */
static inline bool thrum__layout_contiguous(const struct layout *l)
{
	return l->ndim == 0
	       || (l->ndim == 1 && l->stride[0] == (ptrdiff_t)l->size);
}

/** Copy the elements number @p begin to @p begin + @p n - 1, which must be
 * there, one after the other to @p to. */
void thrum__layout_gather(const struct layout *l, size_t begin, size_t n,
                          void *to);

#endif
