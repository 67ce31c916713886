/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* calls.h - calls of a few blocks, for scenarios
 *
 * A block writes to the frame of its call, which is gone as soon as the call has
 * returned, as the frame of a function that calls thrum_for may be.
 */
#ifndef THRUM_TEST_CALLS_H
#define THRUM_TEST_CALLS_H

#include "team.h"

enum { CALLS = 2, CALLERS = 2, BLOCKS = 6 };

struct frame {
	_Alignas(16) unsigned ran[BLOCKS]; /* plain: by who runs the block, then
	                                    * the caller */
};

/* Made anew by calls_prepare, then to be changed by prepare(). */
struct calls {
	struct frame frame[CALLERS][CALLS];
	unsigned n;          /* calls of each caller */
	unsigned blocks;     /* of each call */
	unsigned needed;     /* blocks that wait for each other; 0 they do not */
	unsigned callers;    /* of whom the last ends the pool */
	bool forks;          /* each block, a task that another has to take */
	void (*published)(bool before); /* by a caller: just before it publishes,
	                                 * and when its call is over; NULL none */
};

extern struct calls calls;

/** A world with callers, one for each team but one at least, and residents. */
void calls_prepare(unsigned places, unsigned teams, unsigned n, unsigned blocks);

/** A call of this thread, whose blocks run once each, to @p frame. */
void calls_share(struct frame *frame);

/** The calls of this thread; the last of the callers ends the pool. */
void calls_and_end(void);

/** Have a call of the first frame of @p caller live in team @p number, by hand, with
 * @p n members from place @p first on. Nobody has published it yet. In prepare().
 * @return the deal to publish. */
uint64_t calls_place(unsigned number, unsigned caller, unsigned first,
                     unsigned n);

#endif
