/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_write.c - what a .npy file of an array holds, and how it gets there
 *
 * Elements that lie in memory as they are to lie in the file are written from
 * there, in one go: the kernel lets one thread write to a file at a time, so
 * more of them would only wait. If they must be gathered, or summed up, workers
 * do that block by block, and write what they have.
 */
#include "config.h"

#include "npy_write.h"

#include <stdlib.h>
#include <thrum/task.h>

#include "block.h"
#include "crc32.h"
#include "file.h"

/* @p a with its indices in reverse: what is Fortran order there is C order. */
static thrum_array reversed(const thrum_array *a)
{
	thrum_array r = *a;

	for (int d = 0; d < a->ndim; d++) {
		r.shape[d] = a->shape[a->ndim - 1 - d];
		r.stride[d] = a->stride[a->ndim - 1 - d];
	}
	return r;
}

int thrum__npy_image_of(struct npy_image *image, const thrum_array *a)
{
	struct npy_header *h = &image->header;
	int rc = thrum__layout_of(&image->elements, a);

	if (rc)
		return rc;
	*h = (struct npy_header){ .dtype = a->dtype, .ndim = a->ndim };
	for (int d = 0; d < a->ndim; d++)
		h->shape[d] = a->shape[d];
	rc = thrum__npy_header_measure(h);
	if (rc)
		return rc;
	if (!thrum__layout_contiguous(&image->elements)) {
		thrum_array back = reversed(a);
		struct layout l;
		(void)thrum__layout_of(&l, &back); /* as that of a */
		h->fortran = thrum__layout_contiguous(&l);
		if (h->fortran)
			image->elements = l;
	}
	image->text_bytes = thrum__npy_header_write(image->text, h);
	return 0;
}

const void *thrum__npy_image_block(const struct npy_image *image, size_t block,
                                   void *buffer)
{
	const struct layout *l = &image->elements;
	size_t at = block * BLOCK_BYTES;

	if (thrum__layout_contiguous(l))
		return l->data + at;
	thrum__layout_gather(l, at / l->size,
	                     thrum__block_bytes(l->bytes, block) / l->size,
	                     buffer);
	return buffer;
}

struct target {
	const struct npy_image *image;
	int fd;
	uint64_t at; /* of the first element in the file */
	bool summed;
};

static int write_blocks(const struct target *t, size_t begin, size_t end,
                        void *buffer, struct block_sum *sum)
{
	int rc = 0;

	for (size_t k = begin; rc == 0 && k < end; k++) {
		size_t n = thrum__block_bytes(t->image->elements.bytes, k);
		const void *p = thrum__npy_image_block(t->image, k, buffer);
		struct block_sum one = {
			t->summed ? thrum__crc32(0, p, n) : 0, n
		};
		thrum__block_join(sum, &one);
		rc = thrum__file_write_at(t->fd, p, n, t->at + k * BLOCK_BYTES);
	}
	return rc;
}

static int write_range(void *ctx, size_t begin, size_t end, void *partial,
                       thrum_task *task)
{
	const struct target *t = ctx;
	const struct layout *l = &t->image->elements;
	void *buffer = NULL;

	if (!thrum__layout_contiguous(l)) {
		buffer = thrum_task_scratch(task,
		                            thrum__block_bytes(l->bytes, 0));
		if (!buffer)
			return THRUM_ENOMEM;
	}
	return write_blocks(t, begin, end, buffer, partial);
}

int thrum__npy_image_write(const struct npy_image *image, int fd, uint64_t at,
                           int n_jobs, uint32_t *crc)
{
	const struct layout *l = &image->elements;
	struct target t = { image, fd, at + image->text_bytes,
	                    crc != NULL };
	int rc = 0;

	if (l->bytes >= BLOCK_BYTES)
		rc = thrum__file_reserve(fd, at, image->text_bytes
		                         + (uint64_t)l->bytes);
	if (rc == 0)
		rc = thrum__file_write_at(fd, image->text, image->text_bytes,
		                          at);
	if (rc)
		return rc;
	if (!crc && thrum__layout_contiguous(l))
		return thrum__file_write_at(fd, l->data, l->bytes, t.at);
	struct block_sum sum = { 0, image->text_bytes };
	if (crc)
		sum.crc = thrum__crc32(0, image->text, image->text_bytes);
	rc = thrum__block_each(l->bytes, write_range, &t, n_jobs, &sum);
	if (crc)
		*crc = sum.crc;
	return rc;
}
