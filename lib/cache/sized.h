/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sized.h - structs of options that begin with their size, and grow */
#ifndef THRUM__CACHE_SIZED_H
#define THRUM__CACHE_SIZED_H

#include <stddef.h>
#include <string.h>
#include <thrum/base.h>

/** Copy @p opts, or zeros if it is NULL, to the @p known bytes at @p out.
 * @return 0; THRUM_EINVAL if it is smaller than any that there was; THRUM_E2BIG
 *         if it has what this library does not know, and that is not 0. */
static inline int thrum__sized_take(void *out, size_t known, const void *opts)
{
	size_t size = known;

	memset(out, 0, known);
	if (!opts)
		return 0;
	memcpy(&size, opts, sizeof size);
	if (size < known)
		return THRUM_EINVAL;
	for (size_t i = known; i < size; i++)
		if (((const unsigned char *)opts)[i] != 0)
			return THRUM_E2BIG;
	memcpy(out, opts, known);
	return 0;
}

#endif
