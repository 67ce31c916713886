/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_names.h - names of arrays in an archive */
#ifndef THRUM__CACHE_NPZ_NAMES_H
#define THRUM__CACHE_NPZ_NAMES_H

#include <stddef.h>

/** Whether the names can be those of the arrays of one archive: each UTF-8 of 1
 * to 65531 bytes, no two alike.
 * @return 0, THRUM_EINVAL, THRUM_ENOMEM. */
int thrum__npz_names_check(size_t n, const char *const *names);

/** The name of the member that array @p name is in: NAME.npy.
 * @param bytes  Out: its length.
 * @return Owned by the caller; NULL without memory. */
char *thrum__npz_name(const char *name, size_t *bytes);

#endif
