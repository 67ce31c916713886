/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* source.h - bytes that come one after the other: of a pipe, or unpacked */
#ifndef THRUM__CACHE_SOURCE_H
#define THRUM__CACHE_SOURCE_H

#include <stddef.h>

struct source {
	/** Give the next @p bytes, all of them.
	 * @return 0; THRUM_EBADMSG if there are not so many, or they cannot be
	 *         unpacked; or of the system. Afterwards nothing is asked. */
	int (*read)(struct source *s, void *out, size_t bytes);
};

static inline int source_read(struct source *s, void *out, size_t bytes)
{
	return bytes ? s->read(s, out, bytes) : 0;
}

#endif
