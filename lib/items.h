/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* items.h - the items of a stream: storage, who is free, in which order
 *
 * All of it belongs to the calling thread, but for the state of an item and the
 * item itself while a worker has it. Items lie in segments that never move, so
 * that a worker finds its item by number while the caller adds a segment.
 */
#ifndef THRUM__ITEMS_H
#define THRUM__ITEMS_H

#include "atomics.h"
#include "cacheline.h"

#include <stdbool.h>
#include <stddef.h>

enum item_state { ITEM_PENDING, ITEM_DONE, ITEM_FAILED, ITEM_SKIPPED };

struct item {
	alignas(64) _Atomic uint32_t state; /* A enum item_state */
	_Atomic uint32_t next; /* S in the list of completed ones, number + 1 */
	int code;              /* of the failure; with the state */
	uint64_t index;        /* in the order of next(); I while it is out */
	alignas(64) unsigned char data[]; /* the user's */
};

#define THRUM__SEGMENTS 26

struct items {
	size_t stride;              /* I bytes from item to item */
	size_t most;                /* I pre_dispatch */
	uint32_t first;             /* I items of segment 0; doubles after */
	char *segment[THRUM__SEGMENTS];
	uint32_t count;             /* items made so far */
	uint32_t *spare;            /* stack of numbers */
	uint32_t spares;
	uint32_t *line;             /* ring of the numbers that are out, in order */
	uint32_t line_size;         /* a power of two */
	uint64_t head, tail;        /* of line */
};

/** Prepare for up to @p most items of @p bytes.
 * @return 0, THRUM_EOVERFLOW, THRUM_ENOMEM; then there is nothing to free. */
int thrum__items_init(struct items *s, size_t bytes, size_t most);

/** Free all; close has been run for them. */
void thrum__items_free(struct items *s);

/** The item @p number. */
struct item *thrum__items_at(const struct items *s, uint32_t number);

/** Take a free item, or make one. @return false without memory. */
bool thrum__items_take(struct items *s, uint32_t *number);

/** Give it back, as it is. */
void thrum__items_give(struct items *s, uint32_t number);

/** Put it at the end of the line. There is room for all that were taken. */
void thrum__items_append(struct items *s, uint32_t number);

/** The number at the head of the line; it is not empty. */
static inline uint32_t thrum__items_head(const struct items *s)
{
	return s->line[s->head & (s->line_size - 1)];
}

static inline bool thrum__items_out(const struct items *s)
{
	return s->head != s->tail;
}

#endif
