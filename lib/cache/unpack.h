/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* unpack.h - compressed data in a file, as a source of what they were */
#ifndef THRUM__CACHE_UNPACK_H
#define THRUM__CACHE_UNPACK_H

#include <stdint.h>

#include "codec.h"
#include "source.h"

struct unpacker {
	struct source source;
	const struct codec *codec;
	void *state;
	int fd;
	uint64_t at, left; /* where the next packed bytes are, how many */
	struct codec_flow flow;
	int ended; /* CODEC_END: the last step came to the end of a whole */
	unsigned char *buffer;
};

/** Begin with the @p packed bytes at byte @p at of @p fd, which are borrowed.
 * @return 0, THRUM_ENOMEM. */
int thrum__unpack_open(struct unpacker *u, const struct codec *codec, int fd,
                       uint64_t at, uint64_t packed);

/** Make sure that what was read is all that there was.
 * @return 0; THRUM_EBADMSG; of the system. */
int thrum__unpack_finish(struct unpacker *u);

void thrum__unpack_close(struct unpacker *u);

#endif
