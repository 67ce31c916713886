/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_write.h - what a .npy file of an array holds, and how it gets there */
#ifndef THRUM__CACHE_NPY_WRITE_H
#define THRUM__CACHE_NPY_WRITE_H

#include <stdint.h>
#include <thrum/array.h>

#include "layout.h"
#include "npy_header.h"

struct npy_image {
	struct layout elements; /* in the order of the file */
	struct npy_header header;
	size_t text_bytes; /* of the header */
	unsigned char text[NPY_HEADER_ROOM];
};

/** Make the image of @p a, which is borrowed with it.
 * @return 0; THRUM_EINVAL, THRUM_EOVERFLOW as thrum/array.h says; the latter
 *         also past what a file can be read back from. */
int thrum__npy_image_of(struct npy_image *image, const thrum_array *a);

/** Where block @p block of the elements is: in the array or, if they are apart
 * there, gathered in @p buffer, of the block's size. */
const void *thrum__npy_image_block(const struct npy_image *image, size_t block,
                                   void *buffer);

/** Write the image at byte @p at of @p fd, by @p n_jobs workers if that is of
 * use.
 * @param crc  NULL, or where to put the CRC-32 of it all.
 * @return 0; of the system; THRUM_ENOMEM; THRUM_ECANCELED and THRUM_ETIMEDOUT by
 *         the defaults of the thread. */
int thrum__npy_image_write(const struct npy_image *image, int fd, uint64_t at,
                           int n_jobs, uint32_t *crc);

#endif
