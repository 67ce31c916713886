/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* held.c - memory and maps that were got and not given back; see held.h */
#include "held.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

static atomic_bool counting;

void held_begin(void)
{
	atomic_store(&counting, true);
}

/* What is held: a table of addresses, hashed; a free place is 0, one that was
 * left 1. No lock, as a process may fork while a thread is here. */
enum { HELD = 1 << 15 };
static _Atomic uintptr_t held[HELD];
static atomic_int held_count;

static unsigned place_of(uintptr_t p)
{
	return (unsigned)(p >> 4 ^ p >> 17) % HELD;
}

void *held_hold(void *p)
{
	if (!p || p == MAP_FAILED || !atomic_load(&counting))
		return p;
	for (unsigned i = 0, at = place_of((uintptr_t)p); i < HELD; i++) {
		uintptr_t was = atomic_load(&held[(at + i) % HELD]);
		if (was <= 1 && atomic_compare_exchange_strong(
				&held[(at + i) % HELD], &was, (uintptr_t)p))
			break;
	}
	atomic_fetch_add(&held_count, 1);
	return p;
}

void held_let_go(void *p)
{
	for (unsigned i = 0, at = place_of((uintptr_t)p); p && i < HELD; i++) {
		uintptr_t was = atomic_load(&held[(at + i) % HELD]);
		if (was == 0)
			return; /* of before, or not the library's */
		if (was == (uintptr_t)p) {
			atomic_store(&held[(at + i) % HELD], 1);
			atomic_fetch_sub(&held_count, 1);
			return;
		}
	}
}

int held_now(void)
{
	return atomic_load(&held_count);
}
