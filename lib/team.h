/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* team.h - the workers of one call
 *
 * A pool keeps a few teams; a call that is shared takes a free one for as long
 * as it lasts. The team says which worker has which number (rank) in the call:
 * rank 0 is the caller, the others are residents of the places nearest to it.
 * It holds the ranges of a loop, the feed of a stream, and the count of blocks
 * that are not done.
 *
 * The memory of a team is the pool's and stays until the pool is destroyed. So
 * a resident that was held up may look at it at any time; what it may do is
 * decided by the epoch, which is odd while a call runs and differs for each.
 *
 *   caller                                resident of place p
 *   rank[], member[], size  [T3] release  e = epoch            [T2] acquire
 *   ranges {e, lo, hi}      [R1] release  r = rank[p]          [T4] acquire
 *   epoch = e (odd)         [T1] release  claim in range, feed or deque
 *   ...                                   run
 *   left == 0               [L2] acquire  left -= blocks       [L1] release
 *   epoch = e + 1 (even)
 *
 * Claim: a worker that claims a block of epoch e as rank r is member r of call
 * e. r is not of an earlier table, by [T1] and [T2]. If it were of a later one,
 * that was written after call e had ended, so after the last block of e was
 * claimed; by [T3] and [T4] the worker has seen the empty words, and its
 * exchange, which expects blocks of e, fails. The same holds for tasks, with
 * `serving` in the place of the epoch in the word (worker.c), and for items.
 *
 * Counting blocks, not threads: the caller returns when left == 0, whatever
 * residents are still on their way in or out. A resident that holds no block
 * delays nobody.
 */
#ifndef THRUM__TEAM_H
#define THRUM__TEAM_H

#include "atomics.h"
#include "cacheline.h"
#include "call.h"
#include "feed.h"
#include "range.h"

#define THRUM__NO_RANK 0xffffu

struct worker;

struct seat {
	THRUM__ALIGNED struct range range;
	struct tally tally; /* W of the rank; the caller's again at the end */
};

struct team {
	THRUM__ALIGNED _Atomic uint32_t epoch; /* S caller; odd: a call runs */
	_Atomic uint32_t size;     /* S caller; members, 1 .. places + 1 */
	struct call *call;         /* S caller; only with a claim in hand */
	_Atomic uint16_t *rank;    /* S by place */
	_Atomic uint16_t *member;  /* S worker ids by rank */
	struct seat *seat;         /* I array by rank */
	struct thrum_pool *pool;   /* I */
	struct worker *guest;      /* I for a caller without a place */
	uint32_t number;           /* I in the pool */
	/* For whom rank[] and member[] were written last; see team.c. */
	uint32_t built_for, built_size; /* owner of busy */
	bool built_clean;               /* likewise */
	THRUM__ALIGNED _Atomic uint32_t left; /* A blocks that are not done */
	THRUM__ALIGNED _Atomic uint32_t next_wake; /* A rank to wake next */
	_Atomic uint32_t wake_below; /* A and only ranks below this */
	_Atomic uint32_t busy;     /* A a call has this team */
	struct feed feed;
};

/** Take a team of @p pool for a call of up to @p *n_jobs workers by this thread,
 * and a place for the caller; @p within is the innermost task of this pool if
 * the call is made inside a body, and its workers are then the ones to choose
 * from.
 *
 * @param n_jobs  In and out: fewer if there are not so many.
 * @param caller  Out: the worker that the calling thread is now.
 * @return NULL if no team or no memory was left: run it alone. */
struct team *thrum__team_open(struct thrum_pool *pool, int *n_jobs,
                              const struct thrum_task *within,
                              struct worker **caller);

/** Give each member its static block of @p blocks; before publish. */
void thrum__team_deal(struct team *t, uint32_t blocks);

/** Let the members see @p call. @return its epoch. */
uint32_t thrum__team_publish(struct team *t, struct call *call);

/** Wake members, nearest first; those woken wake more. */
void thrum__team_wake(struct team *t);

/** Wake the callers of all calls of @p pool that sleep, to look again. */
void thrum__team_wake_callers(struct thrum_pool *pool);

/** The call is over; team and place are free again. */
void thrum__team_close(struct team *t, struct worker *caller);

/** Ranks and worker ids as a call by this thread would have them, now. By the
 * owner of @p t->busy; see team.c. */
struct worker *thrum__team_member(const struct team *t, unsigned rank);

/** Allocate team @p number of @p pool. NULL without memory. */
struct team *thrum__team_new(struct thrum_pool *pool, uint32_t number);
void thrum__team_free(struct team *t);

/** The workers of a call of @p n_jobs by a thread that is worker @p caller, in
 * the order of their ranks: nearest first, as @p order says; those whose places
 * other callers hold last. @return how many. */
unsigned thrum__team_choose(struct thrum_pool *pool, uint32_t caller,
                            const uint16_t *order,
                            const struct thrum_task *within, unsigned n_jobs,
                            uint16_t *id);

#endif
