/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fpenv.h - the floating-point control words of a thread
 *
 * Rounding, exception masks, flush-to-zero and denormals-are-zero: what decides
 * the bits a body computes. Not the exception flags, which each thread keeps
 * for itself. fegetenv() has all of this, but costs ten times as much, brings
 * the flags along, and takes a library call in every region.
 *
 * The compiler may move arithmetic past these functions; bodies are called
 * through pointers, and past such a call it moves nothing.
 */
#ifndef THRUM__FPENV_H
#define THRUM__FPENV_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__) \
	&& (defined(__x86_64__) || (defined(__i386__) && defined(__SSE__)))

#define FPENV__SSE_FLAGS 0x3fu /* the low bits of MXCSR; the rest is control */

struct fpenv {
	uint32_t sse; /* MXCSR, flags cleared */
	uint16_t x87; /* control word: long double, and all of i386 */
	uint16_t none; /* 0: two of the same are the same bytes */
};

static inline struct fpenv thrum__fpenv_get(void)
{
	/* Words of their own: together they would be read as one, before the
	 * halves that the instructions write have arrived. */
	uint32_t sse;
	uint16_t x87;
	__asm__ volatile("stmxcsr %0" : "=m"(sse));
	__asm__ volatile("fnstcw %0" : "=m"(x87));
	return (struct fpenv){ .sse = sse & ~FPENV__SSE_FLAGS, .x87 = x87 };
}

static inline void thrum__fpenv_set(const struct fpenv *e)
{
	uint32_t sse;
	__asm__ volatile("stmxcsr %0" : "=m"(sse));
	sse = e->sse | (sse & FPENV__SSE_FLAGS);
	__asm__ volatile("ldmxcsr %0" : : "m"(sse) : "memory");
	__asm__ volatile("fldcw %0" : : "m"(e->x87) : "memory");
}

static inline bool thrum__fpenv_same(const struct fpenv *a,
                                     const struct fpenv *b)
{
	return a->sse == b->sse && a->x87 == b->x87;
}

#elif defined(__GNUC__) && defined(__aarch64__)

struct fpenv {
	uint64_t fpcr; /* the flags have a register of their own, FPSR */
};

static inline struct fpenv thrum__fpenv_get(void)
{
	struct fpenv e;
	__asm__ volatile("mrs %0, fpcr" : "=r"(e.fpcr));
	return e;
}

static inline void thrum__fpenv_set(const struct fpenv *e)
{
	__asm__ volatile("msr fpcr, %0" : : "r"(e->fpcr) : "memory");
}

static inline bool thrum__fpenv_same(const struct fpenv *a,
                                     const struct fpenv *b)
{
	return a->fpcr == b->fpcr;
}

#else /* what C has a name for: the rounding */

#include <fenv.h>

struct fpenv {
	int rounding; /* negative: the system cannot tell */
};

static inline struct fpenv thrum__fpenv_get(void)
{
	return (struct fpenv){ fegetround() };
}

static inline void thrum__fpenv_set(const struct fpenv *e)
{
	if (e->rounding >= 0)
		fesetround(e->rounding);
}

static inline bool thrum__fpenv_same(const struct fpenv *a,
                                     const struct fpenv *b)
{
	return a->rounding == b->rounding;
}

#endif
#endif
