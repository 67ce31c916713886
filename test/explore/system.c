/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* system.c - the layer below the library, as the model checker has it
 *
 * The futex of lib/park.c, whose calls of syscall() the linker brings here; the
 * clock, which stands still: times of waiting are no matter of a protocol; the
 * memory of slots, of which a few are enough; copies that the compiler leaves to
 * the C library, so that they are seen.
 */
#include "engine.h"

#include "clock.h"
#include "memory.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#if !defined(SYS_futex)
#define SYS_futex SYS_futex_time64
#endif

#define PC __builtin_return_address(0)

/* The kernel compares and queues under one lock, so in one step; it promises no
 * order beyond that. */
static long wait(uint32_t *word, uint32_t expected, bool timed)
{
	explore_point();
	uint32_t now = (uint32_t)memory_newest(word, sizeof *word);
	if (explore_tracing)
		trace_step(PC, "futex wait %s: is %u, to be %u",
		           trace_name(word), now, expected);
	if (now != expected) {
		errno = EAGAIN;
		return -1;
	}
	bool in_time = explore_sleep(word, timed);
	if (explore_tracing)
		trace_step(PC, in_time ? "is awake" : "is awake: time is up");
	if (in_time)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

long explore_syscall(long number, ...);
long explore_syscall(long number, ...)
{
	va_list args;

	va_start(args, number);
	uint32_t *word = va_arg(args, uint32_t *);
	int operation = va_arg(args, int);
	uint32_t value = va_arg(args, uint32_t);
	const void *timeout = va_arg(args, const void *);
	va_end(args);
	if (!explore_running && operation == FUTEX_WAKE_PRIVATE)
		return 0; /* nobody sleeps between runs */
	if (number != SYS_futex || !explore_running) {
		fputs("explore: an unknown call of the system\n", stderr);
		abort();
	}
	if (operation == FUTEX_WAIT_PRIVATE)
		return wait(word, value, timeout != NULL);
	explore_point();
	unsigned woken = explore_futex_wake(word, (int)value);
	if (explore_tracing)
		trace_step(PC, "futex wake %s: %u woken", trace_name(word),
		           woken);
	return woken;
}

uint64_t thrum__clock_ns(void)
{
	return 1000;
}

/* A deque takes its slots from here, all of it anew for each run. Few of them are
 * used. */
enum { MAPS = 8, MAP_BYTES = 1 << 20, USED_BYTES = 1 << 10 };
static unsigned char maps[MAPS][MAP_BYTES] __attribute__((aligned(4096)));
static unsigned mapped;

/* Other memory is not used again within a run, so that who comes too late for it is
 * found. */
enum { BLOCKS = 32, HEAP_BYTES = 1 << 14 };
static unsigned char heap[HEAP_BYTES] __attribute__((aligned(4096)));
static struct { unsigned char *p; size_t bytes; } block[BLOCKS];
static unsigned blocks;
static size_t used;

void system_begin(void)
{
	mapped = blocks = 0;
	used = 0;
}

void *thrum__memory_zalloc(size_t align, size_t bytes)
{
	used = (used + align - 1) / align * align;
	if (blocks == BLOCKS || bytes > sizeof heap - used)
		return NULL;
	block[blocks].p = heap + used;
	block[blocks].bytes = bytes;
	memset(heap + used, 0, bytes);
	used += bytes;
	return block[blocks++].p;
}

void thrum__memory_free(void *p)
{
	for (unsigned i = 0; i < blocks; i++)
		if (block[i].p == p)
			explore_dead(p, block[i].bytes);
}

void *thrum__memory_map(size_t bytes)
{
	if (mapped == MAPS || bytes > MAP_BYTES)
		return NULL;
	memset(maps[mapped], 0, USED_BYTES);
	return maps[mapped++];
}

void thrum__memory_unmap(void *p, size_t bytes)
{
	(void)p, (void)bytes;
}

void *explore_memcpy(void *to, const void *from, size_t bytes);
void *explore_memcpy(void *to, const void *from, size_t bytes)
{
	memory_plain(from, bytes, false, PC);
	memory_plain(to, bytes, true, PC);
	return memcpy(to, from, bytes);
}

void *explore_memset(void *to, int byte, size_t bytes);
void *explore_memset(void *to, int byte, size_t bytes)
{
	memory_plain(to, bytes, true, PC);
	return memset(to, byte, bytes);
}

int explore_memcmp(const void *a, const void *b, size_t bytes);
int explore_memcmp(const void *a, const void *b, size_t bytes)
{
	memory_plain(a, bytes, false, PC);
	memory_plain(b, bytes, false, PC);
	return memcmp(a, b, bytes);
}
