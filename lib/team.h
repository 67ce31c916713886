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
 *   rank[], member[], size  [T3] release  d = deal             [T2] acquire
 *   call, shape                           r = rank[p]          [T4] acquire
 *   deal = {e, blocks, n}   [T1] release  claim in range, feed or deque
 *   ...                                   run
 *   sum of done == blocks   [L2] acquire  done[r] += blocks    [L1] release
 *
 * Claim: a worker that claims a block of epoch e as rank r is member r of call
 * e. r is not of an earlier table, by [T1] and [T2]. If it were of a later one,
 * that was written after call e had ended, so after the last block of e was
 * claimed; by [T3] and [T4] the worker has seen the words from which they were,
 * and its exchange, which expects blocks of e or a part that nobody touched,
 * fails; see (2) in range.h. The same holds for tasks, with `serving` in the
 * place of the epoch in the word (worker.c), and for items.
 *
 * One line for each way. Where the members spin already, a call is one store of
 * the caller, of the deal; the call itself and its shape are copied to the team
 * only where they differ from those before. Blocks are counted by the worker
 * that did them, in a line of its own, {epoch, blocks}: the caller adds up. A
 * count of an earlier epoch counts nothing, so nobody has to clear it. Nothing
 * is written when a call ends, for the same reason: whoever looks at it later
 * finds no block, item or task. `busy` tells those who would only look in vain.
 *
 * Counting blocks, not threads: the caller returns when all are done, whatever
 * residents are still on their way in or out. A resident that holds no block
 * delays nobody. The last of those that did some wakes a caller that sleeps:
 *
 *   worker                                caller
 *   done[r] += blocks       [L1]          rest = PARKED
 *   [L3] fence seq_cst                    [I4] fence seq_cst
 *   rest PARKED, and the sum complete?    the sum complete? else sleep
 *
 * Of the workers whose fence comes after [I4], the last sees the counts of all,
 * and PARKED; if there is none, the caller sees the counts of all.
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

/* What the worker of a rank has done: of one call, that of the epoch. */
struct done {
	_Atomic uint64_t word; /* S {epoch:32, blocks:32} */
	struct tally tally;    /* W of the rank; the caller's once complete */
};

_Static_assert(sizeof(struct done) <= 64, "a line back from each member");

/* Apart: the caller waits for the one while thieves look at the other. */
struct seat {
	THRUM__ALIGNED struct range range;
	THRUM__ALIGNED struct done done;
};

#define THRUM__SHAPE_BYTES 128

struct team {
	THRUM__ALIGNED _Atomic uint64_t deal; /* S caller; see range.h */
	/* Written only between calls, and where it changes. */
	_Atomic uint16_t *rank;    /* S by place */
	_Atomic uint16_t *member;  /* S worker ids by rank */
	struct seat *seat;         /* I array by rank */
	struct thrum_pool *pool;   /* I */
	struct worker *guest;      /* I for a caller without a place */
	uint32_t number;           /* I in the pool */
	_Atomic uint32_t size;     /* S caller; members, 1 .. places + 1 */
	THRUM__ALIGNED struct call call;
	THRUM__ALIGNED unsigned char shape[THRUM__SHAPE_BYTES]; /* of call */
	/* For whom rank[] and member[] were written last; see team.c. */
	THRUM__ALIGNED uint32_t built_for;
	uint32_t built_size;       /* both by the owner of busy */
	bool built_clean;          /* likewise */
	_Atomic uint32_t busy;     /* A a call has this team */
	_Atomic uint32_t next_wake; /* A rank to wake next */
	_Atomic uint32_t wake_below; /* A and only ranks below this; one more for
	                              * each that does not come, see wake.c */
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

/** Have @p call, for which the team was opened, live in the team. Its shape is
 * to be set there.
 * @return where it lives now. */
struct call *thrum__team_adopt(struct team *t, const struct call *call);

/** Have a shape that does not change live there too, as that of its call, which
 * begins with chunks of @p chunk blocks. */
void thrum__team_shape(struct team *t, const void *shape, size_t bytes,
                       uint32_t chunk);

/** The deal of a call of @p blocks that is to be published next. */
uint64_t thrum__team_deal(struct team *t, uint32_t blocks);

/** Let the members see the call and its @p deal. */
void thrum__team_publish(struct team *t, uint64_t deal);

/** Count @p blocks of the call of @p deal as done by @p rank, whose worker calls
 * it, with what became of them. The call may be gone after it. */
void thrum__team_done(struct team *t, uint64_t deal, unsigned rank,
                      uint32_t blocks, const struct tally *tally);

/** @p blocks blocks of the call of @p deal are done, or more. */
bool thrum__team_complete(const struct team *t, uint64_t deal,
                          uint32_t blocks);

/** Add up what became of them, once all are done. Caller. */
void thrum__team_sum(struct team *t, uint64_t deal, struct tally *tally);

/** False once the call of @p t is over. A hint. */
static inline bool thrum__team_open_still(const struct team *t)
{
	return thrum__load(&t->busy, relaxed) != 0;
}

/** The call is over; team and place are free again. */
void thrum__team_close(struct team *t, struct worker *caller);

/** The worker of @p rank, or another where the tables are just being written. */
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
