/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* atomics.h - every ordered operation of the library goes through here
 *
 * The forms are those of C11, with the order spelt as a word, so that a reader
 * sees that it was chosen: thrum__load(&x, acquire). One header, so that a
 * model checker, or an annotation for a tool, has one place to stand in.
 *
 * Tags. An operation that is ordered carries a tag, [D2], and names its
 * partner; one that is relaxed says why no order is needed, where that is not
 * plain. The essays at the head of the files use the same tags.
 *
 * Orders of a compare-and-swap. When it fails nothing was published and the
 * caller tries again or goes elsewhere, so a failure is relaxed; what it then
 * reads in `expected` may only be used as the next guess.
 */
#ifndef THRUM__ATOMICS_H
#define THRUM__ATOMICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What stands around an operation, in builds for tests alone. In a build that is
 * installed each of these is the operation itself.
 *
 * THRUM__CHAOS: a delay before it, now and then; test/stress/chaos.c.
 * THRUM__VALGRIND: helgrind and drd do not know these operations; they are told
 * which words are such, and what is ordered by them; lib/annotate.h. */
#define THRUM__ORDER_relaxed __ATOMIC_RELAXED
#define THRUM__ORDER_acquire __ATOMIC_ACQUIRE
#define THRUM__ORDER_release __ATOMIC_RELEASE
#define THRUM__ORDER_acq_rel __ATOMIC_ACQ_REL
#define THRUM__ORDER_seq_cst __ATOMIC_SEQ_CST
#if defined(THRUM__CHAOS)
void thrum__chaos(void);
#define THRUM__AROUND(p, order, op) (thrum__chaos(), (op))
#define THRUM__AROUND_STORE(p, order, op) (thrum__chaos(), (op))
#elif defined(THRUM__VALGRIND)
#include "annotate.h"
#define THRUM__AROUND(p, order, op) __extension__({ \
	thrum__annotate_before((p), sizeof *(p), THRUM__ORDER_##order); \
	__auto_type thrum__value = (op); \
	thrum__annotate_after((p), THRUM__ORDER_##order); \
	thrum__value; })
#define THRUM__AROUND_STORE(p, order, op) \
	(thrum__annotate_before((p), sizeof *(p), THRUM__ORDER_##order), (op))
#else
#define THRUM__AROUND(p, order, op) (op)
#define THRUM__AROUND_STORE(p, order, op) (op)
#endif

#define thrum__load(p, order) \
	THRUM__AROUND(p, order, \
		atomic_load_explicit((p), memory_order_##order))
#define thrum__store(p, v, order) \
	THRUM__AROUND_STORE(p, order, \
		atomic_store_explicit((p), (v), memory_order_##order))
#define thrum__swap(p, v, order) \
	THRUM__AROUND(p, order, \
		atomic_exchange_explicit((p), (v), memory_order_##order))
#define thrum__add(p, v, order) \
	THRUM__AROUND(p, order, \
		atomic_fetch_add_explicit((p), (v), memory_order_##order))
#define thrum__sub(p, v, order) \
	THRUM__AROUND(p, order, \
		atomic_fetch_sub_explicit((p), (v), memory_order_##order))
#define thrum__or(p, v, order) \
	THRUM__AROUND(p, order, \
		atomic_fetch_or_explicit((p), (v), memory_order_##order))
#define thrum__and(p, v, order) \
	THRUM__AROUND(p, order, \
		atomic_fetch_and_explicit((p), (v), memory_order_##order))
#define thrum__cas(p, expected, v, order) \
	THRUM__AROUND(p, order, \
		atomic_compare_exchange_strong_explicit((p), (expected), (v), \
		                                        memory_order_##order, \
		                                        memory_order_relaxed))

/* The same on a word of a public struct, whose header has no atomic types. */
#define thrum__peek(p, order) \
	THRUM__AROUND(p, order, \
		__atomic_load_n((p), THRUM__ORDER_##order))
#define thrum__poke(p, v, order) \
	THRUM__AROUND_STORE(p, order, \
		__atomic_store_n((p), (v), THRUM__ORDER_##order))
#define thrum__poke_swap(p, v, order) \
	THRUM__AROUND(p, order, \
		__atomic_exchange_n((p), (v), THRUM__ORDER_##order))
#define thrum__poke_or(p, v, order) \
	THRUM__AROUND(p, order, \
		__atomic_fetch_or((p), (v), THRUM__ORDER_##order))
#define thrum__poke_cas(p, expected, v, order) \
	THRUM__AROUND(p, order, \
		__atomic_compare_exchange_n((p), (expected), (v), 0, \
		                            THRUM__ORDER_##order, \
		                            __ATOMIC_RELAXED))

#if defined(__SANITIZE_THREAD__)
#define THRUM__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THRUM__TSAN 1
#endif
#endif

/* The model checker (test/explore) sees fences, and takes the place of waiting. */
#if defined(THRUM__EXPLORE)
void thrum__explore_pause(void);
#endif

/** A full fence. All of them are in one order that every thread agrees on.
 *
 * ThreadSanitizer does not see fences: there it is a read-modify-write, which
 * orders at least as much. On x86-64 it always is, on a word of the own stack:
 * clang would write mfence, five times as dear (26 ns against 5 ns on a Zen 5).
 */
static inline void thrum__fence_seq_cst(void)
{
#if defined(THRUM__CHAOS)
	thrum__chaos();
#endif
#if defined(THRUM__EXPLORE)
	atomic_thread_fence(memory_order_seq_cst);
#elif defined(THRUM__TSAN)
	static _Atomic unsigned word;
	thrum__add(&word, 0u, seq_cst);
#elif defined(__x86_64__) && defined(__GNUC__)
	__asm__ __volatile__("lock; orl $0, -4(%%rsp)" ::: "memory", "cc");
#else
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

/** Tell the core that it is in a loop of waiting. */
static inline void thrum__pause(void)
{
#if defined(THRUM__EXPLORE)
	thrum__explore_pause();
#elif defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
	__asm__ __volatile__("isb" ::: "memory");
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

/** Wait for less than that, some 6 ns, between looks at a line that is to arrive
 * in a few of them: a pause takes 25 ns (Zen 5), so that half of one is lost.
 *
 * Not for nothing: looks that follow at once are begun many at a time, and take
 * the line away from who has got it to write several words and has written one.
 * The time begins when @p after is known.
 * @return 0, but the processor knows it only when the time is over: looks that
 *         need something that it was added to do not begin before. */
static inline uint64_t thrum__moment(uint64_t after)
{
#if defined(THRUM__EXPLORE) || !defined(__GNUC__)
	(void)after;
	thrum__pause();
	return 0;
#else
	uint64_t x = after, same;
	for (int i = 0; i < 8; i++) {
		x *= UINT64_C(0x9e3779b97f4a7c15);
		__asm__ __volatile__("" : "+r"(x));
	}
	same = x;
	__asm__ __volatile__("" : "+r"(same));
	return x ^ same;
#endif
}

#endif
