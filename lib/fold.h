/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fold.h - the tree of a reduction, or a part of it, as one worker makes it
 *
 * The tree T(a, b) of thrum/reduce.h is not walked but counted: leaves are run
 * from left to right, and whenever two complete subtrees of one size lie beside
 * each other they are combined, as carries go through a binary counter. What
 * is left at the end is combined from the right. That is the same tree, and a
 * node costs its combination.
 *
 * Other workers. The worker looks at each leaf whether a thief asks. If so, the
 * largest right subtree that it has not begun goes into its deque:
 *
 *      node .............. next ........ mid .............. end
 *      | done, in partials  | still here  | gift: T(mid, end) |
 *
 * node is the beginning of the smallest subtree known to reach from before next
 * to end, and mid the middle of that, hence a power of two from node. So when
 * `next` arrives at mid, the newest partial is T(node, mid), and what it is to
 * be combined with is the gift. If nobody took it, its leaves are simply the
 * next to run; if somebody did, its partial came with the news that it is done.
 * Then the node is complete, as if it had been made here.
 *
 *   partials + gifts <= depth of the tree + 1
 *
 * as each stands for the subtree beside the way from the root to the leaf.
 *
 * Two halves are combined exactly if both are whole: by what was run, not by
 * whether the call is to end, as it may have been told so after the last leaf.
 * Once a leaf is missing the fold combines nothing any more, and only collects
 * its gifts.
 *
 * Partials are 64 bytes apart at least, in the frame of who folds if they fit.
 */
#ifndef THRUM__FOLD_H
#define THRUM__FOLD_H

#include "call.h"
#include "deque.h"

#include <limits.h>
#include <thrum/reduce.h>

#define FOLD_ALIGN 64u
#define FOLD_NEAR 20u /* partials in the frame: of half a million leaves */
#define FOLD_DEPTH (sizeof(size_t) * CHAR_BIT)

struct reduction {
	size_t n, leaf, leaves, size; /* leaf: indices of one */
	thrum_reduce_fn *body;
	thrum_combine_fn *combine;
	void *ctx;
	const void *identity;
	bool ahead; /* leaves take long; see thrum__policy_ahead */
};

struct gift {
	thrum__slot *slot;
	size_t node, mid, end;
};

struct fold {
	struct reduction *r;
	struct thrum_task *task; /* of the session it goes on in */
	struct tally *tally;
	size_t first;            /* the whole is T(first, ..) */
	size_t next, end, node;  /* as above */
	unsigned given;
	bool whole;
	bool spoilt; /* bodies leave floating-point words changed */
	/* Partials lie from `partial` to `top`, the newest below top; those of
	 * the gifts from `roof` down. */
	char *partial, *top, *roof;
	size_t stride;
	struct gift gift[FOLD_DEPTH];
	alignas(FOLD_ALIGN) char near[FOLD_NEAR * FOLD_ALIGN];
};

/** Begin T(first, end) of @p r, with room from @p scratch if it does not fit
 * into @p f. Counts go to @p tally.
 * @return false without memory. */
bool thrum__fold_begin(struct fold *f, struct reduction *r, size_t first,
                       size_t end, struct scratch *scratch,
                       struct tally *tally);

/** Run leaves up to @p until, or all that nobody took, in @p task. */
void thrum__fold_run(struct fold *f, struct thrum_task *task, size_t until);

/** Run what is left and collect what was taken.
 * @return where the value is; NULL if not all was run. */
const void *thrum__fold_end(struct fold *f);

#endif
