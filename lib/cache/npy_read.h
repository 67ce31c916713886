/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_read.h - an array made of a .npy file, or of a part of another file */
#ifndef THRUM__CACHE_NPY_READ_H
#define THRUM__CACHE_NPY_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <thrum/array.h>

#include "npy_header.h"
#include "source.h"

/** Read the header that begins at byte @p at of @p fd, a file in which @p room
 * bytes from there on belong to the array.
 * @param bytes  Out: how long the header is: the elements follow.
 * @return 0, and room for all elements; THRUM_EBADMSG, THRUM_ENOTSUP,
 *         THRUM_EOVERFLOW; of the system. */
int thrum__npy_header_at(int fd, uint64_t at, uint64_t room,
                         struct npy_header *h, size_t *bytes);

/** Read header and elements that begin there, by @p n_jobs workers if they are
 * many.
 * @param crc   NULL, or where to put the CRC-32 of it all.
 * @param a     Out: unchanged on failure.
 * @param used  Out: bytes of header and elements.
 * @return As above; THRUM_ENOMEM; THRUM_ECANCELED and THRUM_ETIMEDOUT by the
 *         defaults of the thread. */
int thrum__npy_read_at(int fd, uint64_t at, uint64_t room, int n_jobs,
                       thrum_array *a, uint32_t *crc, uint64_t *used);

/** Read header and elements that come from @p s.
 *
 * @param room  How many bytes there are, if that is known and may be relied
 *              upon; else NPY_ROOM_UNKNOWN: memory is then taken as they come.
 */
int thrum__npy_read_from(struct source *s, uint64_t room, thrum_array *a,
                         uint32_t *crc, uint64_t *used);

#define NPY_ROOM_UNKNOWN UINT64_MAX

/** Describe elements at @p data, which @p owner is the owner of. */
thrum_array thrum__npy_array(const struct npy_header *h, const void *data,
                             void *owner);

#endif
