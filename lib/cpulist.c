/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cpulist.c - a set of CPUs, by the numbers of the system */
#include "config.h"

#include "cpulist.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"

/* A row of bits on the stack while a text is read: it sorts and drops doubles
 * by itself. 8 KiB. */
#define WORD_BITS 64

struct bits {
	uint64_t word[CPULIST_LIMIT / WORD_BITS];
	size_t used; /* words from there on are 0 */
};

static void add_range(struct bits *bits, uint64_t from, uint64_t to)
{
	for (uint64_t cpu = from; cpu <= to; cpu++)
		bits->word[cpu / WORD_BITS] |= UINT64_C(1) << cpu % WORD_BITS;
	if (bits->used <= to / WORD_BITS)
		bits->used = to / WORD_BITS + 1;
}

/* Make room for count numbers; an empty list has no array. */
static int allot(struct cpulist *out, int count)
{
	*out = (struct cpulist){ 0 };
	if (count == 0)
		return 0;
	out->cpu = malloc((size_t)count * sizeof(*out->cpu));
	return out->cpu ? 0 : -ENOMEM;
}

static int from_bits(struct cpulist *out, const struct bits *bits)
{
	int count = 0;
	for (size_t i = 0; i < bits->used; i++)
		count += __builtin_popcountll(bits->word[i]);
	int rc = allot(out, count);
	if (rc != 0)
		return rc;
	for (int cpu = 0; out->count < count; cpu++)
		if (bits->word[cpu / WORD_BITS] >> cpu % WORD_BITS & 1)
			out->cpu[out->count++] = cpu;
	return 0;
}

int thrum__cpulist_parse(struct cpulist *out, const char *text)
{
	struct bits bits = { .used = 0 };
	*out = (struct cpulist){ 0 };

	for (const char *p = text;; p++) {
		uint64_t from, to;
		p = thrum__decimal_skip(p);
		if (!thrum__decimal_uint(&p, CPULIST_LIMIT - 1, &from))
			return -EINVAL;
		to = from;
		if (thrum__decimal_word(&p, "-") &&
		    !thrum__decimal_uint(&p, CPULIST_LIMIT - 1, &to))
			return -EINVAL;
		if (to < from)
			return -EINVAL;
		add_range(&bits, from, to);
		p = thrum__decimal_skip(p);
		if (*p == '\0')
			break;
		if (*p != ',')
			return -EINVAL;
	}
	return from_bits(out, &bits);
}

int thrum__cpulist_first(struct cpulist *out, int count)
{
	int rc = allot(out, count);
	if (rc != 0)
		return rc;
	while (out->count < count) {
		out->cpu[out->count] = out->count;
		out->count++;
	}
	return 0;
}

int thrum__cpulist_and(struct cpulist *out, const struct cpulist *a,
                       const struct cpulist *b)
{
	int rc = allot(out, a->count < b->count ? a->count : b->count);
	if (rc != 0)
		return rc;
	for (int i = 0, j = 0; i < a->count && j < b->count;) {
		if (a->cpu[i] == b->cpu[j])
			out->cpu[out->count++] = a->cpu[i];
		if (a->cpu[i] <= b->cpu[j])
			i++;
		else
			j++;
	}
	return 0;
}

int thrum__cpulist_copy(struct cpulist *out, const struct cpulist *list)
{
	return thrum__cpulist_and(out, list, list);
}

bool thrum__cpulist_has(const struct cpulist *list, int cpu)
{
	int low = 0, high = list->count;
	while (low < high) {
		int middle = low + (high - low) / 2;
		if (list->cpu[middle] < cpu)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->cpu[low] == cpu;
}

size_t thrum__cpulist_format(const struct cpulist *list, char *text,
                             size_t size)
{
	size_t length = 0;
	if (size > 0)
		text[0] = '\0';
	for (int i = 0, last; i < list->count; i = last + 1) {
		for (last = i; last + 1 < list->count; last++)
			if (list->cpu[last + 1] != list->cpu[last] + 1)
				break;
		char item[32];
		const char *comma = i > 0 ? "," : "";
		int n = last == i ?
			snprintf(item, sizeof(item), "%s%d", comma,
			         list->cpu[i]) :
			snprintf(item, sizeof(item), "%s%d-%d", comma,
			         list->cpu[i], list->cpu[last]);
		if (length < size) {
			size_t room = size - length - 1;
			size_t take = (size_t)n < room ? (size_t)n : room;
			memcpy(text + length, item, take);
			text[length + take] = '\0';
		}
		length += (size_t)n;
	}
	return length;
}

void thrum__cpulist_free(struct cpulist *list)
{
	free(list->cpu);
	*list = (struct cpulist){ 0 };
}
