/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* tsan.c - what -fsanitize=thread calls, as the model checker has it
 *
 * In place of libtsan, by the same names: gcc and clang write a call of these for
 * each access and each fence of the code they compile.
 */
#include "engine.h"

#include <string.h>

#define PC __builtin_return_address(0)

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc);
void __tsan_func_entry(void *pc)
{
	(void)pc;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

#define PLAIN(name, bytes, write) \
	void __tsan_##name(void *p); \
	void __tsan_##name(void *p) \
	{ \
		memory_plain(p, bytes, write, PC); \
	}

#define PLAINS(bytes) \
	PLAIN(read##bytes, bytes, false) \
	PLAIN(write##bytes, bytes, true) \
	PLAIN(unaligned_read##bytes, bytes, false) \
	PLAIN(unaligned_write##bytes, bytes, true) \
	PLAIN(volatile_read##bytes, bytes, false) \
	PLAIN(volatile_write##bytes, bytes, true)

PLAINS(1)
PLAINS(2)
PLAINS(4)
PLAINS(8)
PLAINS(16)

void __tsan_read_range(void *p, size_t bytes);
void __tsan_read_range(void *p, size_t bytes)
{
	memory_plain(p, bytes, false, PC);
}

void __tsan_write_range(void *p, size_t bytes);
void __tsan_write_range(void *p, size_t bytes)
{
	memory_plain(p, bytes, true, PC);
}

/* Clang's calls in place of the functions of the C library. */

void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
	memory_plain(from, bytes, false, PC);
	memory_plain(to, bytes, true, PC);
	return memcpy(to, from, bytes);
}

void *__tsan_memmove(void *to, const void *from, size_t bytes);
void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
	memory_plain(from, bytes, false, PC);
	memory_plain(to, bytes, true, PC);
	return memmove(to, from, bytes);
}

void *__tsan_memset(void *to, int byte, size_t bytes);
void *__tsan_memset(void *to, int byte, size_t bytes)
{
	memory_plain(to, bytes, true, PC);
	return memset(to, byte, bytes);
}

/* Atomic accesses */

static uint64_t sum(uint64_t old, uint64_t v)
{
	return old + v;
}

static uint64_t difference(uint64_t old, uint64_t v)
{
	return old - v;
}

static uint64_t either(uint64_t old, uint64_t v)
{
	return old | v;
}

static uint64_t both(uint64_t old, uint64_t v)
{
	return old & v;
}

static uint64_t one_of(uint64_t old, uint64_t v)
{
	return old ^ v;
}

static uint64_t other(uint64_t old, uint64_t v)
{
	(void)old;
	return v;
}

#define CHANGE(bits, name, function) \
	uint##bits##_t __tsan_atomic##bits##_##name( \
		volatile uint##bits##_t *p, uint##bits##_t v, int order); \
	uint##bits##_t __tsan_atomic##bits##_##name( \
		volatile uint##bits##_t *p, uint##bits##_t v, int order) \
	{ \
		return (uint##bits##_t)memory_change( \
			p, bits / 8, function, v, order, #name, PC); \
	}

#define CAS(bits, name) \
	int __tsan_atomic##bits##_compare_exchange_##name( \
		volatile uint##bits##_t *p, uint##bits##_t *expected, \
		uint##bits##_t v, int order, int failure); \
	int __tsan_atomic##bits##_compare_exchange_##name( \
		volatile uint##bits##_t *p, uint##bits##_t *expected, \
		uint##bits##_t v, int order, int failure) \
	{ \
		uint64_t old = *expected; \
		bool done = memory_cas(p, bits / 8, &old, v, order, failure, \
		                       PC); \
		if (!done) \
			*expected = (uint##bits##_t)old; \
		return done; \
	}

/* Clang's form: the value that was there. */
#define CAS_VALUE(bits) \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val( \
		volatile uint##bits##_t *p, uint##bits##_t expected, \
		uint##bits##_t v, int order, int failure); \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val( \
		volatile uint##bits##_t *p, uint##bits##_t expected, \
		uint##bits##_t v, int order, int failure) \
	{ \
		uint64_t old = expected; \
		(void)memory_cas(p, bits / 8, &old, v, order, failure, PC); \
		return (uint##bits##_t)old; \
	}

#define ATOMICS(bits) \
	uint##bits##_t __tsan_atomic##bits##_load( \
		const volatile uint##bits##_t *p, int order); \
	uint##bits##_t __tsan_atomic##bits##_load( \
		const volatile uint##bits##_t *p, int order) \
	{ \
		return (uint##bits##_t)memory_load(p, bits / 8, order, PC); \
	} \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, \
	                                 uint##bits##_t v, int order); \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, \
	                                 uint##bits##_t v, int order) \
	{ \
		memory_store(p, bits / 8, v, order, PC); \
	} \
	CHANGE(bits, exchange, other) \
	CHANGE(bits, fetch_add, sum) \
	CHANGE(bits, fetch_sub, difference) \
	CHANGE(bits, fetch_or, either) \
	CHANGE(bits, fetch_and, both) \
	CHANGE(bits, fetch_xor, one_of) \
	CAS(bits, strong) \
	CAS(bits, weak) \
	CAS_VALUE(bits)

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	memory_fence(order, PC);
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}
