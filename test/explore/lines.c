/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* lines.c - how often a line of memory would move from one core to another
 *
 * Each thread is a core with a cache of its own, kept coherent as by MESI. A line
 * of 64 bytes has copies; an access by a core that has none moves it there. A write
 * by one that has a copy among others moves nothing, but tells them to drop theirs.
 * When a run begins all cores have copies of all lines.
 */
#include "engine.h"

#include <string.h>

enum { LINES = 4096 };

static struct { uintptr_t key; uint32_t run; uint8_t copies; } lines[LINES];
static unsigned transfers[THREADS];
static uint32_t run;

void lines_begin(void)
{
	run++;
	memset(transfers, 0, sizeof transfers);
}

void lines_move(const volatile void *p, bool write)
{
	uintptr_t key = (uintptr_t)p >> 6;
	uint8_t bit = (uint8_t)(1 << explore_me);
	unsigned h = (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40);

	while (lines[h % LINES].run == run && lines[h % LINES].key != key)
		h++;
	if (lines[h % LINES].run != run) {
		lines[h % LINES].run = run;
		lines[h % LINES].key = key;
		lines[h % LINES].copies = UINT8_MAX;
	}
	uint8_t *copies = &lines[h % LINES].copies;
	if (!(*copies & bit))
		transfers[explore_me]++;
	*copies = write ? bit : *copies | bit;
}

unsigned explore_transfers(void)
{
	return transfers[explore_me];
}
