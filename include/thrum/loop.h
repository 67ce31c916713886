/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/loop.h - the loops */
#ifndef THRUM_LOOP_H
#define THRUM_LOOP_H

#include <thrum/base.h>
#include <thrum/options.h>

/** Work on the indices begin <= i < end, begin < end.
 * @return 0, or any other value to fail; see thrum_task_fail(). */
typedef int thrum_for_fn(void *ctx, size_t begin, size_t end, thrum_task *task);

/** Work on index i.
 * @param result  Slot i of the results; NULL if there are none.
 * @return 0, or any other value to fail. */
typedef int thrum_map_fn(void *ctx, size_t i, void *result, thrum_task *task);

/** Dimensions of thrum_for_tiles, at most. */
#define THRUM_DIMS_MAX 8

/** Work on the indices begin[d] <= i[d] < end[d], of each dimension d; none of
 * these ranges is empty.
 * @return 0, or any other value to fail; see thrum_task_fail(). */
typedef int thrum_tile_fn(void *ctx, const size_t begin[], const size_t end[],
                          thrum_task *task);

THRUM_BEGIN_DECLS

/** Run @p body over 0 <= i < n, in ranges that cover each index once.
 *
 * The body that fails first stops the handing out of ranges; the others are
 * waited for. The code returned is that of the lowest index that failed among
 * those that ran. With THRUM_KEEP_GOING all indices run: after a failure at i
 * the body is run again for those after i in its range.
 *
 * Ranges are begun from index 0 on, so one that is dear and last runs alone when
 * all others are done. With THRUM_LAST_FIRST they are begun from the last on;
 * inside a range indices ascend, and nothing else changes.
 *
 * @param n     0 runs nothing and is well.
 * @param ctx   Handed to @p body untouched.
 * @param opts  NULL for the defaults.
 * @return 0; a body's code; THRUM_ECANCELED, THRUM_ETIMEDOUT; THRUM_EINVAL,
 *         THRUM_E2BIG with nothing run. Without memory for a pool the caller
 *         runs it alone. */
THRUM_API int thrum_for(thrum_pool *pool, size_t n, thrum_for_fn *body,
                        void *ctx, const thrum_opts *opts);

/** Run @p body for each 0 <= i < n, with its result in slot i of @p results.
 *
 * As thrum_for otherwise. Slots of indices that failed or were not run are left
 * as the body left them. Which thread runs an index, and when, does not show
 * in the results.
 *
 * @param results  n slots of @p size bytes, of the caller. NULL with size 0: a
 *                 loop without results.
 * @return As thrum_for; THRUM_EOVERFLOW if n * size is past SIZE_MAX. */
THRUM_API int thrum_map(thrum_pool *pool, size_t n, thrum_map_fn *body,
                        void *ctx, void *results, size_t size,
                        const thrum_opts *opts);

/** Run @p body over 0 <= i[d] < shape[d] for all d, in tiles that cover each
 * index once: for what reads its neighbours, or an array along two dimensions.
 *
 * Tiles are long in the last dimension, the innermost, and there begin at
 * multiples of 16 indices unless they are shorter. .grain is the most indices
 * of a tile; 0 is at most 8192, less where that gives fewer than 64 tiles. Sizes
 * and order of the tiles depend on shape and .grain alone. The tiles that a
 * worker begins with lie together, beside those of workers near to it, and are
 * the same in each such call with as many workers; who is done takes from
 * others, as in thrum_for.
 *
 * As thrum_for otherwise. Jobs are indices. Progress, .status, the report and
 * thrum_task_fail() have them by number, row by row: i[0] * shape[1] + i[1]
 * in two dimensions. A tile that fails has done, and left undone, what comes
 * before and after in this order; with THRUM_KEEP_GOING the body is run again
 * for the latter, in boxes.
 *
 * @param ndim   1 to THRUM_DIMS_MAX.
 * @param shape  ndim numbers; with a 0 among them nothing is run and all is
 *               well.
 * @return As thrum_for; THRUM_EOVERFLOW if the product is past SIZE_MAX. */
THRUM_API int thrum_for_tiles(thrum_pool *pool, int ndim, const size_t shape[],
                              thrum_tile_fn *body, void *ctx,
                              const thrum_opts *opts);

THRUM_END_DECLS
#endif
