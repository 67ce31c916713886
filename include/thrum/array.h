/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/array.h - a typed n-dimensional array, described (libthrum-cache)
 *
 * A description is a plain value: copy it, change its shape, stride and data,
 * and it is a view. Views of an array that owns its memory are made by setting
 * .owner to NULL, and are of no use after it was released.
 *
 * Every function that reads an array refuses, with THRUM_EINVAL, a dtype that
 * is none, an ndim outside 0 .. THRUM_NDIM_MAX, elements without data, and
 * elements further apart than PTRDIFF_MAX; with THRUM_EOVERFLOW more bytes of
 * elements than SIZE_MAX.
 */
#ifndef THRUM_ARRAY_H
#define THRUM_ARRAY_H

#include <thrum/base.h>

/** Type of an element. The numbers are a part of hashes and files. */
typedef enum thrum_dtype {
	THRUM_BOOL = 1, /* one byte, 0 or 1 */
	THRUM_I8 = 2,
	THRUM_I16 = 3,
	THRUM_I32 = 4,
	THRUM_I64 = 5,
	THRUM_U8 = 6,
	THRUM_U16 = 7,
	THRUM_U32 = 8,
	THRUM_U64 = 9,
	THRUM_F16 = 10, /* IEEE 754, two bytes */
	THRUM_F32 = 11,
	THRUM_F64 = 12,
	THRUM_C64 = 13, /* complex: two F32, the real part first */
	THRUM_C128 = 14 /* complex: two F64 */
} thrum_dtype;

#define THRUM_NDIM_MAX 32

/* Codes of the cache library besides those of thrum/base.h. */
#define THRUM_EIO     (-EIO)
#define THRUM_ENOENT  (-ENOENT)
#define THRUM_EACCES  (-EACCES)
#define THRUM_ENOSPC  (-ENOSPC)
#define THRUM_EBADMSG (-EBADMSG) /* a damaged or hostile file */
#define THRUM_ENOTSUP (-ENOTSUP) /* not in this build */

/** Elements in native byte order: element (i, j, ..) is stride[0] * i +
 * stride[1] * j + .. bytes after data. Strides may be negative or 0, and need
 * not be multiples of the size of an element. */
typedef struct thrum_array {
	void *data;
	thrum_dtype dtype;
	int ndim;                         /* 0: one element */
	size_t shape[THRUM_NDIM_MAX];     /* a 0 among them: no elements */
	ptrdiff_t stride[THRUM_NDIM_MAX]; /* bytes */
	void *owner;                      /* NULL: data is borrowed */
} thrum_array;

THRUM_BEGIN_DECLS

/** Bytes of one element; 0 if @p dtype is none. */
THRUM_API size_t thrum_dtype_size(thrum_dtype dtype);

/** Describe n contiguous elements at @p data, which stays the caller's; const
 * data too, as long as nobody writes through the description. */
THRUM_API thrum_array thrum_array_1d(thrum_dtype dtype, const void *data,
                                     size_t n);

/** Describe a contiguous array at @p data, which stays the caller's.
 *
 * @param ndim     Outside 0 .. THRUM_NDIM_MAX, or without a @p shape where it
 *                 takes one, the array has ndim -1, which every function
 *                 refuses.
 * @param shape    ndim numbers, borrowed during the call.
 * @param fortran  0: the last index is the fastest, as in C; else the first. */
THRUM_API thrum_array thrum_array_nd(thrum_dtype dtype, const void *data,
                                     int ndim, const size_t *shape,
                                     int fortran);

/** Free or unmap what a load, map or memo made @p a own, and zero it. An array
 * that owns nothing, and NULL, are well. */
THRUM_API void thrum_array_release(thrum_array *a);

THRUM_END_DECLS
#endif
