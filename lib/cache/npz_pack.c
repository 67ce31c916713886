/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_pack.c - the image of an array, compressed by all workers into a file
 *
 * A stream of pieces: a block of elements each, the header with the first, so
 * that an array of up to a block is a single piece. Workers gather, sum up and
 * compress; the caller writes the pieces in their order.
 */
#include "config.h"

#include "npz_pack.h"

#include <stdlib.h>
#include <string.h>
#include <thrum/stream.h>

#include "block.h"
#include "file.h"
#include "crc32.h"

struct packing {
	const struct npy_image *image;
	const struct codec *codec;
	int level;
	int fd;
	size_t pieces, next;
	uint64_t at; /* where the next piece is written */
	struct block_sum sum;
};

#define PIECE_BYTES_MAX (BLOCK_BYTES + NPY_HEADER_ROOM)

struct piece {
	size_t number;
	unsigned char *in, *out; /* owned; room for any piece */
	size_t packed;
	struct block_sum sum;
};

static int next_piece(void *ctx, void *item)
{
	struct packing *p = ctx;
	struct piece *piece = item;

	if (p->next == p->pieces)
		return THRUM_END;
	piece->number = p->next++;
	return 0;
}

/* The bytes of the piece: in the array if they are there as they are to be. */
static const void *piece_bytes(const struct npy_image *image,
                               struct piece *piece, size_t *bytes)
{
	*bytes = thrum__block_bytes(image->elements.bytes, piece->number);
	if (piece->number > 0)
		return thrum__npy_image_block(image, piece->number, piece->in);
	unsigned char *behind = piece->in + image->text_bytes;
	memcpy(piece->in, image->text, image->text_bytes);
	if (*bytes > 0) {
		const void *p = thrum__npy_image_block(image, 0, behind);
		if (p != behind)
			memcpy(behind, p, *bytes);
	}
	*bytes += image->text_bytes;
	return piece->in;
}

static int pack_piece(void *ctx, void *item, thrum_task *task)
{
	const struct packing *p = ctx;
	struct piece *piece = item;
	size_t bytes;

	(void)task;
	if (!piece->in)
		piece->in = malloc(PIECE_BYTES_MAX);
	if (!piece->out)
		piece->out = malloc(p->codec->room(PIECE_BYTES_MAX));
	if (!piece->in || !piece->out)
		return THRUM_ENOMEM;
	const void *in = piece_bytes(p->image, piece, &bytes);
	piece->sum = (struct block_sum){ thrum__crc32(0, in, bytes), bytes };
	return p->codec->pack(p->level, piece->number + 1 == p->pieces, in,
	                      bytes, piece->out, &piece->packed);
}

static int write_piece(void *ctx, void *item)
{
	struct packing *p = ctx;
	const struct piece *piece = item;
	int rc = thrum__file_write_at(p->fd, piece->out, piece->packed, p->at);

	thrum__block_join(&p->sum, &piece->sum);
	p->at += piece->packed;
	return rc;
}

static void free_piece(void *ctx, void *item)
{
	struct piece *piece = item;

	(void)ctx;
	free(piece->in);
	free(piece->out);
}

int thrum__npz_pack(const struct npy_image *image, const struct codec *codec,
                    int level, int fd, uint64_t at, int n_jobs,
                    uint64_t *packed, uint32_t *crc)
{
	struct packing p = {
		.image = image, .codec = codec,
		.level = level ? level : codec->level_usual,
		.fd = fd, .at = at,
		.pieces = thrum__block_count(image->elements.bytes)
	};

	if (p.pieces == 0)
		p.pieces = 1; /* the header */
	int rc = thrum_stream(NULL, sizeof(struct piece), next_piece,
	                      pack_piece, write_piece, free_piece, &p,
	                      THRUM_OPTS(.n_jobs = p.pieces > 1 ? n_jobs : 1,
	                                 .verbose = -1));
	*packed = p.at - at;
	*crc = p.sum.crc;
	return rc;
}
