/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* canonical.h - elements as bytes that are the same on every machine
 *
 * Canonical elements are little-endian, and every NaN among them is the quiet
 * one without sign or payload: 0x7e00, 0x7fc00000, 0x7ff8000000000000. The parts
 * of a complex number are each a number. Negative zeros stay.
 */
#ifndef THRUM__CACHE_CANONICAL_H
#define THRUM__CACHE_CANONICAL_H

#include <stdbool.h>
#include <thrum/array.h>

/** Whether the @p n bytes of elements at @p p are canonical as they are. Reads
 * them once, with little more than the speed of memory. */
bool thrum__canonical_is(thrum_dtype dtype, const void *p, size_t n);

/** Make the @p n bytes of elements at @p p canonical in place. */
void thrum__canonical_make(thrum_dtype dtype, void *p, size_t n);

/** @p value in the eight bytes of a canonical F64. */
void thrum__canonical_f64(unsigned char out[8], double value);

#endif
