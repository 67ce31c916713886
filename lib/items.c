/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* items.c - the items of a stream: storage, who is free, in which order */
#include "config.h"

#include "items.h"

#include "memory.h"

#include <string.h>
#include <thrum/base.h>

enum { FIRST_MOST = 64 };

/* Items of segments 0 to j together. */
static uint64_t up_to(const struct items *s, int j)
{
	return ((uint64_t)s->first << (j + 1)) - s->first;
}

int thrum__items_init(struct items *s, size_t bytes, size_t most)
{
	size_t all;

	memset(s, 0, sizeof *s);
	if (bytes > SIZE_MAX - sizeof(struct item) - 64)
		return THRUM_EOVERFLOW;
	s->stride = (sizeof(struct item) + bytes + 63) & ~(size_t)63;
	if (most != SIZE_MAX && !thrum__size_mul(most, s->stride, &all))
		return THRUM_EOVERFLOW;
	s->most = most;
	s->first = most < FIRST_MOST ? (uint32_t)most : FIRST_MOST;
	return 0;
}

void thrum__items_free(struct items *s)
{
	for (int j = 0; j < THRUM__SEGMENTS; j++)
		thrum__memory_free(s->segment[j]);
	thrum__memory_free(s->spare);
	thrum__memory_free(s->line);
}

static int segment_of(const struct items *s, uint32_t number)
{
	int j = 0;
	while (number >= up_to(s, j))
		j++;
	return j;
}

struct item *thrum__items_at(const struct items *s, uint32_t number)
{
	int j = segment_of(s, number);
	uint64_t before = j == 0 ? 0 : up_to(s, j - 1);
	return (struct item *)(void *)(s->segment[j]
	                               + (number - before) * s->stride);
}

/* Another segment, with room for its items in the stack, which is empty, and in
 * the line. */
static bool grow(struct items *s)
{
	int j = segment_of(s, s->count);
	if (j == THRUM__SEGMENTS)
		return false;
	size_t items = (size_t)s->first << j, size = 64, bytes;
	while (size < up_to(s, j))
		size *= 2;
	if (!thrum__size_mul(items, s->stride, &bytes))
		return false;
	char *segment = thrum__memory_zalloc(64, bytes);
	uint32_t *spare = thrum__memory_zalloc(64, size * sizeof *spare);
	uint32_t *line = thrum__memory_zalloc(64, size * sizeof *line);
	if (!segment || !spare || !line) {
		thrum__memory_free(segment);
		thrum__memory_free(spare);
		thrum__memory_free(line);
		return false;
	}
	for (uint64_t i = s->head; i != s->tail; i++)
		line[i & (size - 1)] = s->line[i & (s->line_size - 1)];
	thrum__memory_free(s->spare);
	thrum__memory_free(s->line);
	s->segment[j] = segment;
	s->spare = spare;
	s->line = line;
	s->line_size = (uint32_t)size;
	return true;
}

bool thrum__items_take(struct items *s, uint32_t *number)
{
	if (s->spares > 0) {
		*number = s->spare[--s->spares];
		return true;
	}
	if (s->count == UINT32_MAX - 1
	    || (s->count == 0 || s->count == up_to(s, segment_of(s, s->count - 1))
		? !grow(s) : false))
		return false;
	*number = s->count++;
	return true;
}

void thrum__items_give(struct items *s, uint32_t number)
{
	s->spare[s->spares++] = number;
}

void thrum__items_append(struct items *s, uint32_t number)
{
	s->line[s->tail++ & (s->line_size - 1)] = number;
}
