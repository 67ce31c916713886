/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* deque.h - the tasks that a worker has forked: a split deque
 *
 * After the direct task stack of Wool (Faxen, "Efficient work stealing for fine
 * grained parallelism", ICPP 2010) and the split deque of Lace (van Dijk, van
 * de Pol, "Lace: non-blocking split deque for work-stealing", MuCoCoS 2014):
 * the tasks lie in the slots themselves, and only those below `split` can be
 * stolen, so that the owner forks and joins the rest without a fence or a
 * read-modify-write. Departures: tail and split share one word with the
 * owner's incarnation, the owner takes back by compare-and-swap rather than by
 * store and fence, and a thief asks by taking away the limit that the owner
 * compares its head with at each fork, as a full deque does.
 *
 *      0 ........ tail ........ split ........ head
 *      stolen         public          private
 *
 * Invariants: tail <= split <= head <= capacity, split == the owner's copy.
 *
 *   owner, fork     fill slot[head]; head++; if hungry or full: more to do
 *   owner, expose   (tail, split) -> (tail, split + half)   [D1] release
 *   owner, join     slot i = head - 1 is private: head = i, run it here
 *                   public: (tail, split) -> (tail, mid), mid <= i  [D3]
 *                   stolen (tail > i): wait, then (i + 1, i + 1) -> (i, i) [D4]
 *   thief           (tail, split) -> (tail + 1, split)      [D2] acquire
 *
 * Claims
 *  (1) A slot has one claimant. While it is public it leaves that state only by
 *      a compare-and-swap of the word, of a thief or of the owner, and one of
 *      them succeeds. The stores of the owner ([D1] when tail == split, [D4])
 *      are made when tail == split, where no thief's exchange can succeed.
 *  (2) A thief reads a slot only after it has claimed it, and the owner does
 *      not write it again before the thief has said DONE. So a thief that was
 *      held up between load and exchange does no harm when the word has become
 *      equal again meanwhile: equal word, equal owners.
 *  (3) What the owner wrote into the slot is seen: the exchange [D2] reads the
 *      word from [D1], or from a read-modify-write after it, which carries its
 *      release on.
 *  (4) The incarnation goes up whenever the owner begins or ends work that it
 *      took from elsewhere. An exchange whose word was loaded while the owner was
 *      at certain work therefore fails if it is not at that work any more.
 *      That is what keeps a waiting worker to descendants of what it waits for
 *      (join.c), and a thief to the call it belongs to (worker.c).
 *
 * "Hungry" (lane.open == NULL) is a hint both ways. Set late it delays an
 * exposure to the next fork; the owner runs its own tasks in any case.
 */
#ifndef THRUM__DEQUE_H
#define THRUM__DEQUE_H

#include "atomics.h"
#include "cacheline.h"

#include <stddef.h>
#include <thrum/fork.h>

struct call;

#define THRUM__DEQUE_CAPACITY 16384u
#define THRUM__CELL_BYTES 48u

/* slot.state: a call, aligned to 8, while nobody took it; STOLEN with the
 * thief's number and head; DONE. WAITING: the owner sleeps until DONE. */
#define THRUM__SLOT_STOLEN  1u
#define THRUM__SLOT_WAITING 2u
#define THRUM__SLOT_DONE    4u
#define THRUM__SLOT_FLAGS   7u

/* The owner's part is the lane, of which thrum/fork.h has the layout: it forks
 * and joins there in line. head, mine and the slots are W; mine is the owner's
 * copy of split; open is A: the end of the slots, or NULL, which says hungry. */
struct deque {
	THRUM__ALIGNED _Atomic uint64_t word; /* A {incarnation, tail, split} */
	THRUM__ALIGNED thrum__lane lane;
	THRUM__ALIGNED thrum__slot *slot; /* W; NULL until needed */
};

_Static_assert(sizeof(thrum__slot) == 64, "a slot is a line of 64 bytes");
_Static_assert(offsetof(thrum__slot, cell) == 16, "cells are aligned to 16");
_Static_assert(offsetof(thrum__lane, open) >= THRUM__LINE,
               "what thieves write is on a line of its own");

/** Number of slots in use. Owner. */
static inline uint32_t thrum__deque_head(const struct deque *d)
{
	return (uint32_t)(d->lane.head - d->slot);
}

static inline uint32_t thrum__deque_tail(uint64_t word)
{
	return (uint32_t)(word >> 16) & 0xffff;
}

static inline uint32_t thrum__deque_split(uint64_t word)
{
	return (uint32_t)word & 0xffff;
}

/** Have the slots ready; without memory the deque is always full. Owner. */
void thrum__deque_prepare(struct deque *d);

/** Give the slots back; the deque is empty. Nobody else looks at it. */
void thrum__deque_free(struct deque *d);

/** A new incarnation; see (4). Owner. */
void thrum__deque_begin(struct deque *d);

/** Empty it by force: in the child of a fork, where the thieves are gone. */
void thrum__deque_reset(struct deque *d);

/** Push a task of @p call with a copy of its argument, also if hungry. Owner.
 * @return its slot, or NULL when full. */
thrum__slot *thrum__deque_push(struct deque *d, thrum__thunk_fn *fn,
                               struct call *call, const void *arg,
                               size_t bytes);

/** Take the newest task back. Owner.
 * @return false if it was stolen: wait until it is DONE, then drop it. */
bool thrum__deque_pop(struct deque *d, thrum__slot *s);

/** Forget the newest task, which was stolen and is DONE. Owner. */
void thrum__deque_drop(struct deque *d, thrum__slot *s);

/** Make the older half of the private tasks public.
 * @return how many; with 0 the flag stays, for the next fork. Owner. */
uint32_t thrum__deque_expose(struct deque *d);

/** What there is to steal, for thrum__deque_take; any thread. */
static inline uint64_t thrum__deque_look(const struct deque *d)
{
	/* [D5] pairs with [D1] in thrum__deque_expose, [D6] in
	 * thrum__deque_begin: who sees tasks sees for which call their owner
	 * works. */
	return thrum__load(&d->word, acquire);
}

/** Some task can be seen and was not taken. Owner. */
static inline bool thrum__deque_shows(const struct deque *d)
{
	uint64_t word = thrum__load(&d->word, relaxed); /* a hint */
	return thrum__deque_tail(word) < thrum__deque_split(word);
}

/** Take the oldest public task, if the deque is still as in @p word.
 * @return NULL if it is not, or has none. */
thrum__slot *thrum__deque_take(struct deque *d, uint64_t word);

/** Ask for tasks. */
static inline void thrum__deque_beg(struct deque *d)
{
	/* Relaxed both, a hint; the load keeps the line shared. */
	if (thrum__peek(&d->lane.open, relaxed))
		thrum__poke(&d->lane.open, NULL, relaxed);
}

/** Somebody asked. */
static inline bool thrum__deque_wanted(const struct deque *d)
{
	return !thrum__peek(&d->lane.open, relaxed); /* a hint */
}

#endif
