/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* codec_zlib.c - deflate, method 8 of zip, by zlib
 *
 * A piece begins with no memory of the one before, and ends at a byte boundary
 * with an empty block, or if it is the last with the mark of the end: as in
 * pigz (M. Adler). So pieces that are put together are one deflate stream, which
 * any reader reads.
 */
#include "config.h"

#include "codec.h"

#include <stdlib.h>
#include <thrum/npy.h>
#include <zlib.h>

/* Deflate without the header and the sum of zlib's own format. */
#define RAW_WINDOW (-MAX_WBITS)
#define MEMORY_LEVEL 8

/* A match of 258 bytes may cost two bits; see "Maximum Compression Factor" of
 * zlib's technical notes. */
#define RATIO_MAX 1032

/* An empty stored block: three bits of header, up to the byte, two lengths; and
 * some, as deflateBound is for a stream that ends. */
#define FLUSH_ROOM 16

static uint64_t holds(uint64_t packed)
{
	return packed < UINT64_MAX / RATIO_MAX ? packed * RATIO_MAX
	                                       : UINT64_MAX;
}

/* Without a state this is more than any level takes. */
static size_t room(size_t bytes)
{
	return deflateBound(NULL, (uLong)bytes) + FLUSH_ROOM;
}

static int pack(int level, bool last, const void *in, size_t bytes, void *out,
                size_t *packed)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, level, Z_DEFLATED, RAW_WINDOW, MEMORY_LEVEL,
	                 Z_DEFAULT_STRATEGY) != Z_OK)
		return THRUM_ENOMEM;
	z.next_in = (Bytef *)(uintptr_t)in;
	z.avail_in = (uInt)bytes;
	z.next_out = out;
	z.avail_out = (uInt)room(bytes);
	int rc = deflate(&z, last ? Z_FINISH : Z_SYNC_FLUSH);
	*packed = (size_t)(z.next_out - (Bytef *)out);
	deflateEnd(&z);
	return rc == (last ? Z_STREAM_END : Z_OK) ? 0 : THRUM_ENOMEM;
}

static void *open_state(void)
{
	z_stream *z = calloc(1, sizeof *z);

	if (z && inflateInit2(z, RAW_WINDOW) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static uInt limited(size_t bytes)
{
	return bytes < (uInt)-1 ? (uInt)bytes : (uInt)-1;
}

static int unpack(void *state, struct codec_flow *flow)
{
	z_stream *z = state;

	z->next_in = (Bytef *)(uintptr_t)flow->in;
	z->avail_in = limited(flow->in_bytes);
	z->next_out = flow->out;
	z->avail_out = limited(flow->out_bytes);
	int rc = inflate(z, Z_NO_FLUSH);
	flow->in_bytes -= (size_t)(z->next_in - flow->in);
	flow->in = z->next_in;
	flow->out_bytes -= (size_t)(z->next_out - flow->out);
	flow->out = z->next_out;
	switch (rc) {
	case Z_STREAM_END:
		return CODEC_END;
	case Z_OK:
	case Z_BUF_ERROR: /* nothing to do with what there is */
		return CODEC_MORE;
	case Z_MEM_ERROR:
		return THRUM_ENOMEM;
	default:
		return THRUM_EBADMSG;
	}
}

static void close_state(void *state)
{
	inflateEnd(state);
	free(state);
}

const struct codec thrum__codec_zlib = {
	THRUM_ZLIB, 8, Z_BEST_COMPRESSION, 6, holds, room, pack, open_state,
	unpack, close_state
};
