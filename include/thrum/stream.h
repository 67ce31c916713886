/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/stream.h - work on items as they come, with a bound on how many exist
 *
 * Three functions, in the manner of a production line, share one item type:
 * next() fills an item, work() works on it, consume() uses it up. The library
 * owns .pre_dispatch items of item_size bytes and hands them round:
 *
 *      next -> work (many at a time) -> consume -> back to next
 *
 * So at most .pre_dispatch items are alive at any time, however slow the
 * consumer. An item starts as zero bytes and is handed to next() again as
 * consume() left it: buffers it points at can be used again, and close() frees
 * them, once for every item, when all is over. Nothing else owns anything.
 */
#ifndef THRUM_STREAM_H
#define THRUM_STREAM_H

#include <thrum/base.h>
#include <thrum/options.h>

/** Fill @p item, the next in order. Run by the calling thread only.
 * @return 0; THRUM_END: no more, @p item is not used; any other value: failure,
 *         which ends the stream as a failed work() does. */
typedef int thrum_next_fn(void *ctx, void *item);

/** Work on @p item, which nobody else touches. Results go into the item.
 * @return 0, or any other value to fail. */
typedef int thrum_work_fn(void *ctx, void *item, thrum_task *task);

/** Use @p item. Run by the calling thread only, never beside next(), so that
 * neither need be thread-safe; in the order of next(), or as completed with
 * THRUM_UNORDERED.
 * @return 0; any other value: failure, as above. */
typedef int thrum_consume_fn(void *ctx, void *item);

/** Free what @p item points at. Items never filled are zero bytes. */
typedef void thrum_close_fn(void *ctx, void *item);

THRUM_BEGIN_DECLS

/** Run items from @p next through @p work to @p consume until THRUM_END.
 *
 * A failure ends the pulling of items; those in front of it in the order are
 * still worked on and delivered, so that consume() has seen exactly the items
 * before the one that failed; with THRUM_UNORDERED, an unbroken set is not
 * promised. With THRUM_KEEP_GOING only next() and consume() end the stream: an
 * item whose work() failed is counted and not delivered. After a cancel or the
 * deadline nothing more is worked on or delivered. In the report items count
 * from 0; one is done when it was delivered, and one that next() could not fill
 * counts as failed.
 *
 * The calling thread pulls and delivers, and works on items in between; while
 * next() or consume() block, the other workers go on. Both may make calls.
 *
 * @param item_size  Bytes of an item, aligned to 64; not 0.
 * @param work       NULL: items go to consume() as they are.
 * @param consume    NULL: items end after work().
 * @param close      NULL: items point at nothing.
 * @param ctx        Handed to all four.
 * @return As thrum_for; THRUM_EOVERFLOW if pre_dispatch * item_size is too
 *         large; THRUM_ENOMEM without memory for a single item: with less than
 *         .pre_dispatch asks for, the stream goes on with what there is. */
THRUM_API int thrum_stream(thrum_pool *pool, size_t item_size,
                           thrum_next_fn *next, thrum_work_fn *work,
                           thrum_consume_fn *consume, thrum_close_fn *close,
                           void *ctx, const thrum_opts *opts);

THRUM_END_DECLS
#endif
