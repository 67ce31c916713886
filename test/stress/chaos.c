/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* chaos.c - delays at the ordered operations of the library, from a seed
 *
 * Two threads meet at a bad moment only if one of them is held up just there.
 * On a machine of two CPUs the system does so some thousand times a second, and
 * mostly elsewhere. Here a thread holds itself up, now and then, between two
 * operations: it gives up the CPU, turns for a while, or sleeps.
 *
 * A thread is of a temper for a while: rarely held up, often, or long. So there
 * are times when one is stuck while the others run ahead, which is what finds
 * most (O'Callahan, "Introducing rr chaos mode", 2016). What is drawn depends on
 * the seed, the number of the thread and its operations. What that makes of the
 * program depends on the system, too: the same seed gives the same pressure, not
 * the same run.
 */
#include "config.h"

#include "chaos.h"

#include "atomics.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* Not by the forms of atomics.h, which would come back here. Relaxed, all of
 * them: they must not order what they are to disturb. */
static _Atomic uint64_t seed, delays;
static atomic_uint turn, threads;

static _Thread_local struct {
	uint64_t state;
	uint32_t left;   /* operations until the next delay */
	unsigned turn;   /* of the seed that state comes from */
	unsigned number;
	unsigned temper; /* delays until it changes, and which */
	uint32_t gap;
} mine;

__attribute__((constructor)) static void read_seed(void)
{
	const char *text = getenv("THRUM_CHAOS");
	if (text)
		chaos_seed(strtoull(text, NULL, 0));
}

void chaos_seed(uint64_t new_seed)
{
	atomic_store_explicit(&seed, new_seed, memory_order_relaxed);
	atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
}

uint64_t chaos_delays(void)
{
	return atomic_load_explicit(&delays, memory_order_relaxed);
}

/* splitmix64, see stress.h */
static uint64_t draw(void)
{
	uint64_t x = mine.state += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void nap(long ns)
{
	int saved = errno;
	(void)nanosleep(&(struct timespec){ 0, ns }, NULL);
	errno = saved;
}

static void delay(void)
{
	uint64_t x = draw();
	unsigned kind = (unsigned)(x % 100);

	atomic_fetch_add_explicit(&delays, 1, memory_order_relaxed);
	x >>= 32;
	if (kind < 55)
		(void)sched_yield();
	else if (kind < 90)
		for (uint64_t i = x % 2000; i > 0; i--)
			thrum__pause();
	else if (kind < 99)
		nap((long)(x % 50000));
	else
		nap((long)(x % 1000000));
}

static void change_temper(void)
{
	static const uint32_t gaps[] = { 4, 64, 1024, 16384 };
	uint64_t x = draw();
	mine.temper = 1 + (unsigned)(x >> 8) % 64;
	mine.gap = gaps[x % 4];
}

void thrum__chaos(void)
{
	enum { LOOK_AGAIN = 4096 };

	if (mine.left > 0) {
		mine.left--;
		return;
	}
	unsigned now = atomic_load_explicit(&turn, memory_order_relaxed);
	uint64_t s = atomic_load_explicit(&seed, memory_order_relaxed);
	if (s == 0) {
		mine.left = LOOK_AGAIN;
		return;
	}
	if (mine.turn != now) {
		mine.turn = now;
		if (mine.number == 0)
			mine.number = 1 + atomic_fetch_add_explicit(
				&threads, 1, memory_order_relaxed);
		mine.state = s + mine.number * 0xd1342543de82ef95u;
		change_temper();
	}
	delay();
	if (--mine.temper == 0)
		change_temper();
	mine.left = (uint32_t)(draw() % (2 * mine.gap));
	if (mine.left > LOOK_AGAIN)
		mine.left = LOOK_AGAIN + mine.left % LOOK_AGAIN;
}
