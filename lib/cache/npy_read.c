/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_read.c - an array made of a .npy file, or of a part of another file
 *
 * Of a file whose size is known elements are read in blocks, by all workers:
 * each block is read to where it belongs, summed up, and swapped while it is
 * in the cache. Of a stream they are read in pieces of the same size.
 *
 * No memory is taken because a header asks for it: a file must be as long as
 * the header says, and what comes from a stream is put into memory that doubles
 * as it comes.
 */
#include "config.h"

#include "npy_read.h"

#include <stdlib.h>
#include <string.h>
#include <thrum/options.h>
#include <thrum/reduce.h>

#include "block.h"
#include "crc32.h"
#include "file.h"
#include "owner.h"
#include "swap.h"

/* What is read at once in the hope that the header is in it; most are 128. */
#define HEADER_GUESS 512

thrum_array thrum__npy_array(const struct npy_header *h, const void *data,
                             void *owner)
{
	thrum_array a = thrum_array_nd(h->dtype, data, h->ndim, h->shape,
	                               h->fortran);
	a.owner = owner;
	return a;
}

/* All of the bytes, which were counted before: a file that is short now has
 * been cut. */
static int read_all_at(int fd, void *out, size_t bytes, uint64_t at)
{
	size_t got;
	int rc = thrum__file_read_at(fd, out, bytes, at, &got);

	return rc == 0 && got < bytes ? THRUM_EBADMSG : rc;
}

/* A header of @p bytes, of which the first @p have are at @p guess. */
static int read_long_header(int fd, uint64_t at, const unsigned char *guess,
                            size_t have, size_t bytes, struct npy_header *h,
                            uint32_t *crc)
{
	unsigned char *all = malloc(bytes);

	if (!all)
		return THRUM_ENOMEM;
	memcpy(all, guess, have);
	int rc = read_all_at(fd, all + have, bytes - have, at + have);
	if (rc == 0)
		rc = thrum__npy_header_read(all, bytes, h);
	/* Of what was not read there is no sum. */
	*crc = rc == 0 ? thrum__crc32(0, all, bytes) : 0;
	free(all);
	return rc;
}

static int read_header_at(int fd, uint64_t at, uint64_t room,
                          struct npy_header *h, size_t *bytes, uint32_t *crc)
{
	unsigned char guess[HEADER_GUESS] = { 0 };
	size_t have = room < sizeof guess ? (size_t)room : sizeof guess;

	if (room < NPY_PREFIX_BYTES)
		return THRUM_EBADMSG;
	int rc = read_all_at(fd, guess, have, at);
	if (rc == 0)
		rc = thrum__npy_header_bytes(guess, bytes);
	if (rc == 0 && *bytes > room)
		rc = THRUM_EBADMSG;
	if (rc)
		return rc;
	if (*bytes > have) {
		rc = read_long_header(fd, at, guess, have, *bytes, h, crc);
	} else {
		rc = thrum__npy_header_read(guess, *bytes, h);
		*crc = thrum__crc32(0, guess, *bytes);
	}
	return rc == 0 && h->bytes > room - *bytes ? THRUM_EBADMSG : rc;
}

int thrum__npy_header_at(int fd, uint64_t at, uint64_t room,
                         struct npy_header *h, size_t *bytes)
{
	uint32_t crc;
	return read_header_at(fd, at, room, h, bytes, &crc);
}

/* Sum up what was read, and make numbers of it. */
static void take_in(void *p, size_t bytes, const struct npy_header *h,
                    uint32_t *crc)
{
	if (crc)
		*crc = thrum__crc32(*crc, p, bytes);
	if (h->swapped)
		thrum__swap(p, bytes, thrum__swap_width(h->dtype));
}

struct elements {
	const struct npy_header *h;
	char *data;
	int fd;
	uint64_t at; /* of the first in the file */
	bool summed;
};

static int read_block(const struct elements *e, size_t block,
                      struct block_sum *sum)
{
	size_t first = block * BLOCK_BYTES;
	size_t bytes = thrum__block_bytes(e->h->bytes, block);
	struct block_sum one = { 0, bytes };
	int rc = read_all_at(e->fd, e->data + first, bytes, e->at + first);

	if (rc)
		return rc;
	take_in(e->data + first, bytes, e->h, e->summed ? &one.crc : NULL);
	thrum__block_join(sum, &one);
	return 0;
}

static int read_blocks(void *ctx, size_t begin, size_t end, void *partial,
                       thrum_task *task)
{
	int rc = 0;

	for (size_t k = begin; rc == 0 && k < end; k++)
		rc = read_block(ctx, k, partial);
	(void)task;
	return rc;
}

int thrum__npy_read_at(int fd, uint64_t at, uint64_t room, int n_jobs,
                       thrum_array *a, uint32_t *crc, uint64_t *used)
{
	struct npy_header h;
	struct block_sum sum = { 0, 0 };
	size_t bytes;
	void *data;
	int rc = read_header_at(fd, at, room, &h, &bytes, &sum.crc);

	if (rc)
		return rc;
	struct owner *owner = thrum__owner_allocate(h.bytes, &data);
	if (!owner)
		return THRUM_ENOMEM;
	struct elements e = { &h, data, fd, at + bytes, crc != NULL };
	sum.bytes = bytes;
	rc = thrum__block_each(h.bytes, read_blocks, &e, n_jobs, &sum);
	if (rc) {
		thrum__owner_free(owner);
		return rc;
	}
	*a = thrum__npy_array(&h, data, owner);
	*used = bytes + h.bytes;
	if (crc)
		*crc = sum.crc;
	return 0;
}

/* *bytes: of the header. */
static int read_header_from(struct source *s, uint64_t room,
                            struct npy_header *h, size_t *bytes, uint32_t *crc)
{
	unsigned char prefix[NPY_PREFIX_BYTES];
	int rc = source_read(s, prefix, sizeof prefix);

	if (rc == 0)
		rc = thrum__npy_header_bytes(prefix, bytes);
	if (rc == 0 && *bytes > room)
		rc = THRUM_EBADMSG;
	if (rc)
		return rc;
	unsigned char *all = malloc(*bytes);
	if (!all)
		return THRUM_ENOMEM;
	memcpy(all, prefix, sizeof prefix);
	rc = source_read(s, all + sizeof prefix, *bytes - sizeof prefix);
	if (rc == 0)
		rc = thrum__npy_header_read(all, *bytes, h);
	*crc = rc == 0 ? thrum__crc32(0, all, *bytes) : 0;
	free(all);
	return rc == 0 && h->bytes > room - *bytes ? THRUM_EBADMSG : rc;
}

/* Memory that elements come into. */
struct well {
	struct owner *owner;
	void *data;
	size_t bytes; /* of it */
};

/* For @p bytes, of which the first @p have are in it. */
static int deepen(struct well *w, size_t bytes, size_t have)
{
	void *data;
	struct owner *owner = thrum__owner_allocate(bytes, &data);

	if (!owner)
		return THRUM_ENOMEM;
	if (have > 0)
		memcpy(data, w->data, have);
	thrum__owner_free(w->owner);
	*w = (struct well){ owner, data, bytes };
	return 0;
}

static int fill(struct well *w, struct source *s, const struct npy_header *h,
                uint32_t *crc)
{
	int rc = 0;

	for (size_t at = 0, n; rc == 0 && at < h->bytes; at += n) {
		n = thrum__block_bytes(h->bytes, at / BLOCK_BYTES);
		if (w->bytes < at + n)
			rc = deepen(w, w->bytes < h->bytes / 2 ? 2 * w->bytes
			                                       : h->bytes, at);
		if (rc == 0)
			rc = source_read(s, (char *)w->data + at, n);
		if (rc == 0)
			take_in((char *)w->data + at, n, h, crc);
	}
	return rc;
}

int thrum__npy_read_from(struct source *s, uint64_t room, thrum_array *a,
                         uint32_t *crc, uint64_t *used)
{
	struct npy_header h;
	struct well w = { NULL, NULL, 0 };
	uint32_t sum;
	size_t bytes;
	int rc = read_header_from(s, room, &h, &bytes, &sum);

	if (rc)
		return rc;
	rc = deepen(&w, room == NPY_ROOM_UNKNOWN && h.bytes > BLOCK_BYTES
	                ? BLOCK_BYTES : h.bytes, 0);
	if (rc == 0)
		rc = fill(&w, s, &h, crc ? &sum : NULL);
	if (rc) {
		thrum__owner_free(w.owner);
		return rc;
	}
	*a = thrum__npy_array(&h, w.data, w.owner);
	*used = bytes + h.bytes;
	if (crc)
		*crc = sum;
	return 0;
}
