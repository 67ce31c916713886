/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* loop.h - to run a body over indices: what thrum_for, thrum_map and
 * thrum_for_tiles share */
#ifndef THRUM__LOOP_H
#define THRUM__LOOP_H

#include "call.h"

#include <thrum/loop.h>

struct loop;

/** Run positions begin <= p < end of @p loop, and count what became of them. */
typedef void loop_run_fn(struct loop *loop, struct call *call,
                         struct thrum_task *task, size_t begin, size_t end,
                         struct tally *tally);

struct loop {
	size_t n;
	thrum_for_fn *body; /* over a range; or */
	thrum_map_fn *each; /* over an index; or */
	loop_run_fn *run;   /* all that is to be done */
	void *ctx;
	char *results; /* of each; NULL none */
	size_t size;
	uintptr_t site; /* whose time per index it is: the user's body */
	size_t grain;  /* most indices per run of body; 0 no bound */
	size_t last_first; /* 1: position p is index n - 1 - p; 0. As wide as the
	                    * others, as loops are compared byte by byte */
	double ns;     /* I per index, the last times, if nested; negative: not
	                * known */
	size_t first;  /* I position of block 0 */
	size_t block;  /* I positions per block */
};

/** A loop over @p n of the body at @p site, which is to be put into it. Member
 * by member; see fill_call in entry.c. */
static inline void thrum__loop_init(struct loop *l, size_t n, void *ctx,
                                    uintptr_t site)
{
	l->n = n;
	l->body = NULL;
	l->each = NULL;
	l->run = NULL;
	l->ctx = ctx;
	l->results = NULL;
	l->size = 0;
	l->site = site;
	l->grain = 0;
	l->last_first = 0;
	l->ns = 0;
	l->first = 0;
	l->block = 0;
}

/** Run @p loop as @p call, by the workers that the call can have.
 * @param within  Innermost task of this thread in the call's pool; NULL none. */
void thrum__loop_run(struct loop *loop, struct call *call,
                     const struct thrum_task *within, struct tally *tally);

/** The body returned @p code because the call is to end: its jobs were not run,
 * rather than failed. */
bool thrum__loop_gave_up(struct call *call, int code);

/** Count that job @p i failed, and end the call if it is to end. */
void thrum__loop_count_failed(struct call *call, struct thrum_task *task,
                              size_t i, int code, struct tally *tally);

/** Count what became of begin <= i < end, where the body returned @p code, not
 * 0, and end the call if it is to end.
 * @return the index to go on at: end, or with THRUM_KEEP_GOING the one after
 *         the one that failed. */
size_t thrum__loop_failed(struct call *call, struct thrum_task *task,
                          size_t begin, size_t end, int code,
                          struct tally *tally);

#endif
