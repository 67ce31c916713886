/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* map.c - thrum_for and thrum_map */
#include "config.h"

#include "entry.h"
#include "loop.h"

enum {
	TAKES = TAKES_GRAIN | TAKES_STATUS | TAKES_KEEP_GOING
	        | TAKES_LAST_FIRST
};

static int run(thrum_pool *pool, struct loop *loop, const thrum_opts *opts,
               int rc)
{
	struct entry e;
	struct tally tally = { 0 };

	rc = thrum__entry_begin(&e, pool, loop->n, opts, TAKES, rc);
	if (rc)
		return rc;
	loop->grain = e.opts.grain;
	loop->last_first = (e.opts.flags & THRUM_LAST_FIRST) != 0;
	thrum__loop_run(loop, &e.call, e.within, &tally);
	return thrum__entry_end(&e, loop->n, &tally);
}

int thrum_for(thrum_pool *pool, size_t n, thrum_for_fn *body, void *ctx,
              const thrum_opts *opts)
{
	struct loop loop;

	thrum__loop_init(&loop, n, ctx, (uintptr_t)body);
	loop.body = body;
	return run(pool, &loop, opts, body ? 0 : THRUM_EINVAL);
}

int thrum_map(thrum_pool *pool, size_t n, thrum_map_fn *body, void *ctx,
              void *results, size_t size, const thrum_opts *opts)
{
	struct loop loop;
	size_t bytes;
	int rc = 0;

	thrum__loop_init(&loop, n, ctx, (uintptr_t)body);
	loop.each = body;
	loop.results = results;
	loop.size = size;
	if (!body || !results != !size)
		rc = THRUM_EINVAL;
	else if (!thrum__size_mul(n, size, &bytes))
		rc = THRUM_EOVERFLOW;
	return run(pool, &loop, opts, rc);
}
