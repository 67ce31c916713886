/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* swap.h - numbers turned to the other byte order, in place */
#ifndef THRUM__CACHE_SWAP_H
#define THRUM__CACHE_SWAP_H

#include <stddef.h>
#include <thrum/array.h>

/** Bytes of the numbers that an element of @p dtype consists of: half of it if
 * it is complex. */
size_t thrum__swap_width(thrum_dtype dtype);

/** Reverse the bytes of each number at @p p, which need not be aligned.
 * @param bytes  A multiple of @p width.
 * @param width  1, 2, 4 or 8. */
void thrum__swap(void *p, size_t bytes, size_t width);

#endif
