/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_find.h - where in an archive a member is */
#ifndef THRUM__CACHE_NPZ_FIND_H
#define THRUM__CACHE_NPZ_FIND_H

#include <stdint.h>

#include "zip.h"

/** Find the member @p name of @p fd, an archive of @p file_bytes.
 *
 * @param m     Out: its name is @p name; .size is what the archive says.
 * @param data  Out: where its data begin; they end in the file.
 * @return 0; THRUM_ENOENT; THRUM_EBADMSG if this is no archive, or two members
 *         have the name; THRUM_ENOTSUP for archives in volumes; THRUM_ENOMEM; of
 *         the system. */
int thrum__npz_find(int fd, uint64_t file_bytes, const char *name,
                    size_t name_bytes, struct zip_member *m, uint64_t *data);

#endif
