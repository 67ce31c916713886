/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* arrays.h - arrays by chance, and a slow way to their elements */
#ifndef THRUM__TEST_ARRAYS_H
#define THRUM__TEST_ARRAYS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/array.h>

#include "../api/common.h"

enum { DTYPES = THRUM_C128 };

/* splitmix64 */
static inline uint64_t chance(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline size_t below(uint64_t *seed, size_t n)
{
	return (size_t)(chance(seed) % n);
}

static inline size_t elements_of(const thrum_array *a)
{
	size_t n = 1;
	for (int d = 0; d < a->ndim; d++)
		n *= a->shape[d];
	return n;
}

/* Element number k, the last index running fastest. */
static inline char *element(const thrum_array *a, size_t k)
{
	char *p = a->data;
	for (int d = a->ndim - 1; d >= 0; d--) {
		p += (ptrdiff_t)(k % a->shape[d]) * a->stride[d];
		k /= a->shape[d];
	}
	return p;
}

/* A copy of the elements in this order; to be freed. */
static inline void *elements_copied(const thrum_array *a)
{
	size_t n = elements_of(a), size = thrum_dtype_size(a->dtype);
	char *copy = malloc(n * size + 1);
	ck_assert_ptr_nonnull(copy);
	for (size_t k = 0; k < n; k++)
		memcpy(copy + k * size, element(a, k), size);
	return copy;
}

/* An array of random bytes and shape, at most about @p most elements, whose
 * dimensions lie in memory in any order, with gaps, backwards, or on top of
 * each other; misaligned now and then. 0s and 1s in bytes that are BOOL.
 * @param memory  Out: to be freed. */
static inline thrum_array random_array(uint64_t *seed, thrum_dtype dtype,
                                       size_t most, void **memory)
{
	size_t size = thrum_dtype_size(dtype);
	size_t shape[THRUM_NDIM_MAX], n = 1;
	int ndim = (int)below(seed, 6), order[THRUM_NDIM_MAX];

	for (int d = 0; d < ndim; d++) {
		size_t left = most / n;
		shape[d] = below(seed, 8) == 0 ? 1
			: 1 + below(seed, d == ndim - 1 ? left
			                  : left < 12 ? left : 12);
		n *= shape[d];
		order[d] = d;
	}
	for (int d = ndim - 1; d > 0; d--) {
		int other = (int)below(seed, (size_t)d + 1), kept = order[d];
		order[d] = order[other];
		order[other] = kept;
	}
	thrum_array a = thrum_array_nd(dtype, NULL, ndim, shape, 0);
	bool plain = below(seed, 3) == 0;
	size_t step = size, offset = plain ? 0 : below(seed, 9);
	for (int k = 0; k < ndim; k++) {
		int d = plain ? ndim - 1 - k : order[k];
		if (!plain && below(seed, 6) == 0) {
			a.stride[d] = 0;
			continue;
		}
		if (!plain && below(seed, 3) == 0)
			step += below(seed, 20);
		a.stride[d] = (ptrdiff_t)step;
		step *= shape[d];
		if (!plain && below(seed, 3) == 0) {
			offset += (size_t)a.stride[d] * (shape[d] - 1);
			a.stride[d] = -a.stride[d];
		}
	}
	size_t bytes = 2 * step + offset + 16;
	unsigned char *block = malloc(bytes);
	ck_assert_ptr_nonnull(block);
	for (size_t i = 0; i < bytes; i++)
		block[i] = (unsigned char)(chance(seed) >> 7 &
		                           (dtype == THRUM_BOOL ? 1 : 0xff));
	*memory = block;
	a.data = block + offset;
	return a;
}

#endif
