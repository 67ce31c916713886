/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* policy.h - the decisions of the scheduler, as pure functions
 *
 * Nothing here reads a clock, a word of another thread or a variable: what a
 * decision depends on is handed in, so that a simulator can run the same code.
 */
#ifndef THRUM__POLICY_H
#define THRUM__POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A worker looks at the rest of the world once in about so long: claims a
 * chunk, sees whether the call is to end, answers a thief. 0.5 us instead costs
 * 16 % on empty iterations, 2 us costs 1 to 4 %. */
#define THRUM__CHUNK_NS 2000

/* A loop that is expected to be shorter is run by its caller alone: to share it
 * costs half a microsecond, and four times that where cores are far apart. */
#define THRUM__SHORT_NS 4000

/* Such a loop, once it has lasted so long after all, is shared. */
#define THRUM__SURPRISE_NS 8000

/* Blocks of a loop: a range word has 16 bits for a bound. */
#define THRUM__BLOCKS_MAX 65535u

/** Indices per block of a loop of @p n. */
static inline size_t thrum__policy_block(size_t n)
{
	return n / THRUM__BLOCKS_MAX + (n % THRUM__BLOCKS_MAX != 0);
}

/** Blocks to claim next from the @p left ones of the own range: at most half,
 * so that what is left for thieves shrinks in steps, as guided scheduling's
 * does. */
static inline uint32_t thrum__policy_claim(uint32_t chunk, uint32_t left)
{
	uint32_t half = left - left / 2;
	return chunk < half ? chunk : half;
}

/** Blocks to begin with, where a block took @p ns the last time: a quarter of a
 * chunk, as it may be dearer now, and not more than the @p part of a member. A
 * power of two, so that it is the same for about the same cost. Negative: not
 * known. */
static inline uint32_t thrum__policy_first(double ns, uint32_t part)
{
	double fit = ns < 0 ? 1 : THRUM__CHUNK_NS / 4 / (ns > 0.01 ? ns : 0.01);
	uint32_t chunk = 1;

	while (2 * chunk <= part && 2 * chunk <= fit)
		chunk *= 2;
	return chunk;
}

/** Next size of a chunk after @p blocks of it took @p ns. Growth by doubling
 * from 1: what is first met may be a thousand times dearer than the average. */
static inline uint32_t thrum__policy_chunk(uint32_t chunk, uint32_t blocks,
                                           uint64_t ns)
{
	if (ns < THRUM__CHUNK_NS / 2)
		return blocks < chunk || chunk > THRUM__BLOCKS_MAX / 2
		       ? chunk : 2 * chunk;
	if (ns <= THRUM__CHUNK_NS * 3 / 2)
		return chunk;
	uint64_t fit = (uint64_t)blocks * THRUM__CHUNK_NS / ns;
	return fit ? (uint32_t)fit : 1;
}

/** The same in indices, where no range word bounds it. */
static inline size_t thrum__policy_indices(size_t chunk, uint64_t ns)
{
	if (ns < THRUM__CHUNK_NS / 2)
		return chunk <= SIZE_MAX / 2 ? 2 * chunk : chunk;
	if (ns <= THRUM__CHUNK_NS * 3 / 2)
		return chunk;
	size_t fit = (size_t)((double)chunk * THRUM__CHUNK_NS / (double)ns);
	return fit ? fit : 1;
}

/** Blocks that a thief takes of the @p left ones of a victim: the back half. */
static inline uint32_t thrum__policy_steal(uint32_t left)
{
	return left - left / 2;
}

/** Jobs of a nested loop to give away of the @p left ones, when a thief asks:
 * the back half, unless what would stay is less than one chunk. */
static inline size_t thrum__policy_split(size_t left, size_t chunk)
{
	return left / 2 >= chunk ? left / 2 : 0;
}

/** How long a worker with nothing to do spins before it sleeps.
 *
 * @param asked_us  THRUM_SPIN_US or the pool's option; negative: not said.
 * @param threads, cores  Of the pool, of the process: spinning where threads
 *                  wait for a core takes it from the one that works.
 * @param quota     There is a CPU quota: spinning eats of it. */
static inline uint64_t thrum__policy_spin_ns(int asked_us, int threads,
                                             int cores, bool quota)
{
	if (asked_us >= 0)
		return (uint64_t)asked_us * 1000;
	if (threads > cores || cores < 2)
		return 0;
	return quota ? 20000 : 100000;
}

/** Whether @p ns of work that can be shared are worth waking a sleeper for: a
 * system call here, and some microseconds until it runs. */
static inline bool thrum__policy_worth_waking(uint64_t ns)
{
	return ns > 20000;
}

/** Looks at what others have done before their blocks are taken away: as many
 * as two or three lines take to arrive. */
static inline unsigned thrum__policy_linger(void)
{
	return 12;
}

/** Workers that one thread wakes before it goes on: those woken do the same, so
 * that all are up after log3 of their number. */
static inline unsigned thrum__policy_wakes(void)
{
	return 2;
}

#endif
