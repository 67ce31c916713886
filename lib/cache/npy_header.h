/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_header.h - the header of a .npy file, read and written; pure
 *
 * The format is that of numpy.lib.format: 6 bytes of magic, 2 of version, the
 * length of the text in 2 bytes (version 1) or 4 (versions 2 and 3), least
 * first, then the text of a Python dictionary, then the elements.
 */
#ifndef THRUM__CACHE_NPY_HEADER_H
#define THRUM__CACHE_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <thrum/array.h>

/* What must be there to tell how long the header is. A file may be shorter only
 * if it is no .npy file: the text alone is longer than what is missing. */
#define NPY_PREFIX_BYTES 12

/* No header of ours, or of a numeric array of NumPy's, is longer; and a file
 * can ask for no more memory than this before anything is known of it. */
#define NPY_HEADER_BYTES_MAX ((size_t)64 << 10)

/* Room for any header that is written. */
#define NPY_HEADER_ROOM 1024

/* Elements begin at a multiple of it, in files of NumPy since 1.14 and ours. */
#define NPY_ALIGN 64

struct npy_header {
	thrum_dtype dtype;
	bool swapped; /* elements are in the other byte order than ours */
	bool fortran; /* the first index is fastest */
	int ndim;
	size_t shape[THRUM_NDIM_MAX];
	size_t bytes; /* of all elements; at most PTRDIFF_MAX */
};

/** How many bytes the whole header has.
 * @return 0; THRUM_EBADMSG if this is no .npy file, its version is none, or the
 *         header is longer than NPY_HEADER_BYTES_MAX. */
int thrum__npy_header_bytes(const unsigned char prefix[NPY_PREFIX_BYTES],
                            size_t *bytes);

/** Read a header of @p size bytes, as thrum__npy_header_bytes told.
 *
 * @return 0; THRUM_EBADMSG if it is not one; THRUM_ENOTSUP for elements that
 *         are not of a thrum_dtype, or more than THRUM_NDIM_MAX dimensions;
 *         THRUM_EOVERFLOW if the array is past what memory can hold, in which
 *         dimensions of 0 count as 1. On failure *h is not to be used. */
int thrum__npy_header_read(const unsigned char *header, size_t size,
                           struct npy_header *h);

/** Set h->bytes from the dtype and the shape.
 * @return 0; THRUM_EOVERFLOW as above. */
int thrum__npy_header_measure(struct npy_header *h);

/** Write what NumPy 1.23 and later write for this dtype, order and shape, to
 * the byte. Not looked at: bytes. @return the bytes written. */
size_t thrum__npy_header_write(unsigned char out[NPY_HEADER_ROOM],
                               const struct npy_header *h);

#endif
