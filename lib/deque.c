/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* deque.c - the tasks that a worker has forked: a split deque; see deque.h */
#include "config.h"

#include "deque.h"

#include "memory.h"

#include <string.h>

_Static_assert(THRUM__DEQUE_CAPACITY < 0xffff, "head must fit 16 bits");

static uint64_t pack(uint64_t incarnation, uint32_t tail, uint32_t split)
{
	return incarnation << 32 | (uint64_t)tail << 16 | split;
}

static thrum__slot *end_of(const struct deque *d)
{
	return d->slot ? d->slot + THRUM__DEQUE_CAPACITY : NULL;
}

void thrum__deque_prepare(struct deque *d)
{
	if (d->slot)
		return;
	d->slot = thrum__memory_map(THRUM__DEQUE_CAPACITY * sizeof *d->slot);
	d->lane.head = d->lane.mine = d->slot;
	thrum__poke(&d->lane.open, end_of(d), relaxed); /* a hint */
}

void thrum__deque_free(struct deque *d)
{
	if (d->slot)
		thrum__memory_unmap(d->slot,
		                    THRUM__DEQUE_CAPACITY * sizeof *d->slot);
	d->slot = NULL;
	d->lane = (thrum__lane){ .head = NULL };
}

void thrum__deque_begin(struct deque *d)
{
	/* (incarnation) -> (incarnation + 1); the carry falls off the top.
	 * [D6] release: pairs with [D5] in thrum__deque_look; what the owner
	 * says next about its work is never seen before this is. */
	thrum__add(&d->word, (uint64_t)1 << 32, acq_rel);
}

void thrum__deque_reset(struct deque *d)
{
	/* Relaxed: the only thread of the process. */
	uint64_t word = thrum__load(&d->word, relaxed);
	thrum__store(&d->word, pack((word >> 32) + 1, 0, 0), relaxed);
	thrum__poke(&d->lane.open, end_of(d), relaxed);
	d->lane.head = d->lane.mine = d->slot;
}

thrum__slot *thrum__deque_push(struct deque *d, thrum__thunk_fn *fn,
                               struct call *call, const void *arg,
                               size_t bytes)
{
	thrum__slot *s = d->lane.head;
	if (s == end_of(d))
		return NULL;
	s->u.fn = fn;
	memcpy(s->cell, arg, bytes);
	/* Relaxed: private until [D1]. */
	thrum__poke(&s->state, (uint64_t)(uintptr_t)call, relaxed);
	d->lane.head = s + 1;
	return s;
}

bool thrum__deque_pop(struct deque *d, thrum__slot *s)
{
	uint32_t i = (uint32_t)(s - d->slot);

	if (s >= d->lane.mine) {
		d->lane.head = s;
		return true;
	}
	/* Relaxed: a guess, confirmed below; the slots are the owner's own. */
	uint64_t word = thrum__load(&d->word, relaxed);
	for (;;) {
		uint32_t tail = thrum__deque_tail(word);
		if (tail > i)
			return false;
		/* Half of what is there comes back, so that joins of public
		 * tasks one after the other pay for one exchange in two, four,
		 * eight. */
		uint32_t mid = tail + (i - tail) / 2;
		/* (tail, split) -> (tail, mid)
		 * [D3] pairs with [D2] in thrum__deque_take: one of them wins;
		 * the release is that of [D1], carried on. */
		if (thrum__cas(&d->word, &word, pack(word >> 32, tail, mid),
		               acq_rel)) {
			d->lane.mine = d->slot + mid;
			d->lane.head = s;
			return true;
		}
	}
}

void thrum__deque_drop(struct deque *d, thrum__slot *s)
{
	uint32_t i = (uint32_t)(s - d->slot);
	/* Relaxed: tail == split == i + 1, so the owner alone changes it. */
	uint64_t word = thrum__load(&d->word, relaxed);

	d->lane.head = d->lane.mine = s;
	/* (i + 1, i + 1) -> (i, i)
	 * [D4] pairs with [D2] in thrum__deque_take, as [D1] */
	thrum__store(&d->word, pack(word >> 32, i, i), release);
}

uint32_t thrum__deque_expose(struct deque *d)
{
	uint32_t more = (uint32_t)(d->lane.head - d->lane.mine + 1) / 2;
	if (more == 0)
		return 0;
	/* Before the tasks can be seen, so that a thief that finds none after
	 * them asks anew. Relaxed: a hint. */
	thrum__poke(&d->lane.open, end_of(d), relaxed);

	uint32_t old = (uint32_t)(d->lane.mine - d->slot), split = old + more;
	uint64_t word = thrum__load(&d->word, relaxed); /* a guess */
	if (thrum__deque_tail(word) == old) {
		/* (split, split) -> (split, split + more): no thief can.
		 * [D1] pairs with [D2] in thrum__deque_take, [D5] in
		 * thrum__deque_look */
		thrum__store(&d->word, pack(word >> 32, old, split),
		             release);
	} else {
		/* (tail, split) -> (tail, split + more)
		 * [D1] pairs with [D2] in thrum__deque_take, [D5] in
		 * thrum__deque_look */
		while (!thrum__cas(&d->word, &word,
		                   pack(word >> 32, thrum__deque_tail(word),
		                        split), release))
			;
	}
	d->lane.mine += more;
	return more;
}

thrum__slot *thrum__deque_take(struct deque *d, uint64_t word)
{
	uint32_t tail = thrum__deque_tail(word);

	if (tail >= thrum__deque_split(word))
		return NULL;
	/* (tail, split) -> (tail + 1, split)
	 * [D2] pairs with [D1] in thrum__deque_expose, and as that with [D3]
	 * and [D4]: [D2] pairs with [D3] in thrum__deque_pop, [D4] in
	 * thrum__deque_drop */
	if (!thrum__cas(&d->word, &word, word + ((uint64_t)1 << 16), acquire))
		return NULL;
	return &d->slot[tail];
}
