/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* block.c - the blocks in which the bytes of large arrays are worked on */
#include "config.h"

#include "block.h"

#include <thrum/options.h>

#include "crc32.h"

void thrum__block_join(struct block_sum *into, const struct block_sum *from)
{
	into->crc = thrum__crc32_join(into->crc, from->crc, from->bytes);
	into->bytes += from->bytes;
}

static void combine(void *ctx, void *into, const void *from)
{
	(void)ctx;
	thrum__block_join(into, from);
}

int thrum__block_each(size_t bytes, thrum_reduce_fn *body, void *ctx,
                      int n_jobs, struct block_sum *sum)
{
	struct block_sum all = { 0, 0 };
	size_t n = thrum__block_count(bytes);
	int rc = thrum_reduce(NULL, n, body, combine, ctx, &all, sizeof all,
	                      THRUM_OPTS(.n_jobs = n > 1 ? n_jobs : 1,
	                                 .verbose = -1));

	if (rc == 0)
		thrum__block_join(sum, &all);
	return rc;
}
