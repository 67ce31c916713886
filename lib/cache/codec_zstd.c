/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* codec_zstd.c - zstd, method 93 of zip, by libzstd
 *
 * A piece is a frame. RFC 8878 (section 3.1) has frames one behind the other
 * decoded to what theirs are, one behind the other; readers that stop at the
 * end of the first see the beginning of an array of more than a piece.
 */
#include "config.h"

#include "codec.h"

#include <thrum/npy.h>
#include <zstd.h>
#include <zstd_errors.h>

/* A block of four bytes that says: the same byte, 128 KiB long. */
#define BLOCK_BYTES_LEAST 4
#define BLOCK_HOLDS_MOST ((uint64_t)128 << 10)

static uint64_t holds(uint64_t packed)
{
	uint64_t blocks = packed / BLOCK_BYTES_LEAST;

	return blocks < UINT64_MAX / BLOCK_HOLDS_MOST
	       ? blocks * BLOCK_HOLDS_MOST : UINT64_MAX;
}

static size_t room(size_t bytes)
{
	return ZSTD_compressBound(bytes);
}

/* Memory is the only thing that can be wrong. */
static int pack(int level, bool last, const void *in, size_t bytes, void *out,
                size_t *packed)
{
	(void)last;
	*packed = ZSTD_compress(out, room(bytes), in, bytes, level);
	return ZSTD_isError(*packed) ? THRUM_ENOMEM : 0;
}

/* A frame of some bytes may ask for a window of 128 MiB, which is taken before
 * anything comes out. Ours need 8 MiB at most, at any level that is offered, and
 * so much RFC 8878 asks of each reader. */
#define WINDOW_LOG_MAX 23

static void *open_state(void)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();

	if (d && ZSTD_isError(ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax,
	                                             WINDOW_LOG_MAX))) {
		ZSTD_freeDCtx(d);
		return NULL;
	}
	return d;
}

static int unpack(void *state, struct codec_flow *flow)
{
	ZSTD_inBuffer in = { flow->in, flow->in_bytes, 0 };
	ZSTD_outBuffer out = { flow->out, flow->out_bytes, 0 };
	size_t hint = ZSTD_decompressStream(state, &out, &in);

	/* Where there is nothing there may be no pointer to add 0 to. */
	if (in.pos > 0)
		flow->in += in.pos;
	if (out.pos > 0)
		flow->out += out.pos;
	flow->in_bytes -= in.pos;
	flow->out_bytes -= out.pos;
	if (ZSTD_isError(hint))
		switch (ZSTD_getErrorCode(hint)) {
		case ZSTD_error_memory_allocation:
			return THRUM_ENOMEM;
		case ZSTD_error_frameParameter_windowTooLarge:
			return THRUM_ENOTSUP;
		default:
			return THRUM_EBADMSG;
		}
	return hint == 0 ? CODEC_END : CODEC_MORE;
}

static void close_state(void *state)
{
	ZSTD_freeDCtx(state);
}

const struct codec thrum__codec_zstd = {
	THRUM_ZSTD, 93, 19, 3, holds, room, pack, open_state, unpack,
	close_state
};
