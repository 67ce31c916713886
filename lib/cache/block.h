/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* block.h - the blocks in which the bytes of large arrays are worked on
 *
 * The size of a block is that of a piece in compressed archives, too, so that
 * what is in a file does not depend on how many workers wrote it.
 */
#ifndef THRUM__CACHE_BLOCK_H
#define THRUM__CACHE_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <thrum/reduce.h>

/* A block and its copy fit into a second-level cache; what a block costs beside
 * the work is far below a thousandth of that. */
#define BLOCK_BYTES ((size_t)1 << 20)

/* Sum and length of a piece of a file. */
struct block_sum {
	uint32_t crc;
	uint64_t bytes;
};

/** Blocks of @p bytes bytes. */
static inline size_t thrum__block_count(size_t bytes)
{
	return bytes / BLOCK_BYTES + (bytes % BLOCK_BYTES != 0);
}

/** Bytes of block number @p block of them: the last may be short. */
static inline size_t thrum__block_bytes(size_t bytes, size_t block)
{
	size_t left = bytes - block * BLOCK_BYTES;
	return left < BLOCK_BYTES ? left : BLOCK_BYTES;
}

/** Let @p into be the sum of what it was, and of what @p from is behind it. */
void thrum__block_join(struct block_sum *into, const struct block_sum *from);

/** Run @p body, as thrum_reduce does, over the blocks of @p bytes bytes; its
 * partials are struct block_sum. What fits into a block is the caller's, and
 * makes no pool.
 * @param sum  In: of what is before them; out: of it all.
 * @return 0; a code of a body; THRUM_ECANCELED, THRUM_ETIMEDOUT. */
int thrum__block_each(size_t bytes, thrum_reduce_fn *body, void *ctx,
                      int n_jobs, struct block_sum *sum);

#endif
