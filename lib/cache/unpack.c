/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* unpack.c - compressed data in a file, as a source of what they were */
#include "config.h"

#include "unpack.h"

#include <stdlib.h>
#include <thrum/array.h>

#include "file.h"

#define BUFFER_BYTES ((size_t)256 << 10)

/* Have packed bytes at hand if there are any. */
static int refill(struct unpacker *u)
{
	size_t n = u->left < BUFFER_BYTES ? (size_t)u->left : BUFFER_BYTES;
	size_t got;

	if (u->flow.in_bytes > 0 || n == 0)
		return 0;
	int rc = thrum__file_read_at(u->fd, u->buffer, n, u->at, &got);
	if (rc == 0 && got < n)
		rc = THRUM_EBADMSG; /* the file has been cut meanwhile */
	u->flow.in = u->buffer;
	u->flow.in_bytes = n;
	u->at += n;
	u->left -= n;
	return rc;
}

/* One step; an error also if it could make none: the data are cut short, or go
 * on behind their end. */
static int step(struct unpacker *u)
{
	int rc = refill(u);

	if (rc)
		return rc;
	const size_t in = u->flow.in_bytes, out = u->flow.out_bytes;
	rc = u->codec->unpack(u->state, &u->flow);
	if (rc < 0)
		return rc;
	if (u->flow.in_bytes == in && u->flow.out_bytes == out
	    && (rc != CODEC_END || u->ended))
		return THRUM_EBADMSG;
	u->ended = rc;
	return 0;
}

/* Whether there is nothing more to unpack. */
static int is_over(const struct unpacker *u)
{
	return u->ended && u->flow.in_bytes == 0 && u->left == 0;
}

static int read_unpacked(struct source *s, void *out, size_t bytes)
{
	struct unpacker *u = (struct unpacker *)s;
	int rc = 0;

	u->flow.out = out;
	u->flow.out_bytes = bytes;
	while (rc == 0 && u->flow.out_bytes > 0)
		rc = is_over(u) ? THRUM_EBADMSG : step(u);
	return rc;
}

int thrum__unpack_finish(struct unpacker *u)
{
	unsigned char more;
	int rc = 0;

	u->flow.out = &more;
	u->flow.out_bytes = sizeof more;
	while (rc == 0 && u->flow.out_bytes > 0 && !is_over(u))
		rc = step(u);
	return rc == 0 && u->flow.out_bytes == 0 ? THRUM_EBADMSG : rc;
}

int thrum__unpack_open(struct unpacker *u, const struct codec *codec, int fd,
                       uint64_t at, uint64_t packed)
{
	*u = (struct unpacker){ .source = { read_unpacked }, .codec = codec,
	                        .fd = fd, .at = at, .left = packed };
	u->buffer = malloc(BUFFER_BYTES);
	u->state = u->buffer ? codec->open() : NULL;
	if (u->state)
		return 0;
	free(u->buffer);
	return THRUM_ENOMEM;
}

void thrum__unpack_close(struct unpacker *u)
{
	u->codec->close(u->state);
	free(u->buffer);
}
