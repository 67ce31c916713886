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
 * 16 % on empty iterations. */
#define THRUM__CHUNK_NS 2000

/* A chunk costs about 50 ns, claim, clock and all: 3 % of 2 us. Where it is but
 * a small part of what its worker has left, nobody waits for its end, and it
 * may last longer: up to this part, and up to so long. Bodies are asked to end
 * no sooner. */
#define THRUM__CHUNK_PARTS 32
#define THRUM__CHUNK_MOST_NS 50000

/* A loop that is expected to be shorter is run by its caller alone: to share it
 * costs a third of a microsecond, and four times that where cores are far
 * apart. */
#define THRUM__SHORT_NS 2000

/* Such a loop, once it has lasted so long after all, is shared. */
#define THRUM__SURPRISE_NS 4000

/* Blocks of a loop: a range word has 16 bits for a bound. */
#define THRUM__BLOCKS_MAX 65535u

/** Indices per block of a loop of @p n. */
static inline size_t thrum__policy_block(size_t n)
{
	return n / THRUM__BLOCKS_MAX + (n % THRUM__BLOCKS_MAX != 0);
}

/** Blocks to claim next from the @p left ones of the own range: at most half,
 * so that what is left for thieves shrinks in steps, as guided scheduling's
 * does; but all, if that is a small part of a chunk: it is over before a thief
 * has it, and each step costs 50 ns. */
static inline uint32_t thrum__policy_claim(size_t chunk, uint32_t left)
{
	uint32_t half = left - left / 2;

	if (left <= chunk / 4)
		return left;
	return chunk < half ? (uint32_t)chunk : half;
}

/** Blocks to begin with, where a block took @p ns the last time: a quarter of a
 * chunk, as it may be dearer now, and not more than the @p part of a member. A
 * power of two, so that it is the same for about the same cost. Negative: not
 * known. */
static inline size_t thrum__policy_first(double ns, size_t part)
{
	double fit = ns < 0 ? 1 : THRUM__CHUNK_NS / 4 / (ns > 0.01 ? ns : 0.01);
	size_t chunk = 1;

	while (chunk <= part / 2 && 2 * (double)chunk <= fit)
		chunk *= 2;
	return chunk;
}

/** How long the next chunk is to last, of what will last about @p left_ns. */
static inline double thrum__policy_chunk_ns(double left_ns)
{
	double part = left_ns / THRUM__CHUNK_PARTS;

	return part < THRUM__CHUNK_NS ? THRUM__CHUNK_NS
	       : part < THRUM__CHUNK_MOST_NS ? part : THRUM__CHUNK_MOST_NS;
}

/** Next size of a chunk, in jobs, after @p jobs took @p ns, with @p left more to
 * do. Growth by doubling from 1: what is first met may be a thousand times
 * dearer than the average. */
static inline size_t thrum__policy_chunk(size_t chunk, size_t jobs, uint64_t ns,
                                         size_t left)
{
	double each = (double)ns / (double)jobs;
	double want = thrum__policy_chunk_ns(each * (double)left);

	if ((double)ns < want / 2)
		return jobs < chunk || chunk > SIZE_MAX / 2 ? chunk : 2 * chunk;
	if ((double)ns <= want * 3 / 2)
		return chunk;
	size_t fit = (size_t)(want / each);
	return fit ? fit : 1;
}

/** A nested loop answers thieves between chunks, so they stay short; but the
 * clock, half of what a chunk costs, is read after so many only, as long as the
 * size of a chunk is @p steady. */
static inline unsigned thrum__policy_clock(bool steady)
{
	return steady ? 4 : 1;
}

/** Blocks that a thief takes of the @p left ones of a victim: the back half. */
static inline uint32_t thrum__policy_steal(uint32_t left)
{
	return left - left / 2;
}

/* Where a thief looks. Places that share a cache are a group; a thief looks at
 * its own first, and takes from the richest of it. Else it looks at others, from
 * a different one each time, two at least, and takes from the richest so far.
 *
 * To look at all costs a transfer for each of them: by simulation of 256 workers
 * in groups of 8, "front heavy" reaches 0.63 of the ideal so, and 0.81 by these
 * rules. To go to the nearest other group first sends all of a group to the
 * same few blocks: 0.49, and 0.64 on a ramp for 128, where this reaches 0.94. */

/** Whether to look no further, after @p looked groups. @param most  Blocks of
 * the richest in them. */
static inline bool thrum__policy_looked(unsigned looked, uint32_t most)
{
	return most > 0 && looked != 2;
}

/** Which of the @p others groups that are not its own worker @p id looks at
 * first, the @p nth time. */
static inline unsigned thrum__policy_far(unsigned id, uint64_t nth,
                                         unsigned others)
{
	uint64_t mix = ((uint64_t)id << 32 | (uint32_t)nth)
	               * 0x9e3779b97f4a7c15u;
	mix = (mix ^ mix >> 32) * 0xbf58476d1ce4e5b9u;
	return (unsigned)((mix >> 32) * others >> 32);
}

/** Jobs of a nested loop to give away of the @p left ones, when a thief asks:
 * the back half, unless what would stay is less than one chunk. */
static inline size_t thrum__policy_split(size_t left, size_t chunk)
{
	return left / 2 >= chunk ? left / 2 : 0;
}

/** Leaves of a reduction that is expected to be short, of @p leaves, to run
 * before the clock is looked at: so many that the look, some 20 ns, does not
 * seem the work of many. */
static inline size_t thrum__policy_trial(size_t leaves)
{
	return leaves / 64 + (leaves % 64 != 0);
}

/** Whether to go on alone after the first @p done of @p leaves took @p ns. */
static inline bool thrum__policy_still_short(size_t leaves, size_t done,
                                             uint64_t ns)
{
	return (double)ns * ((double)leaves / (double)done)
	       < THRUM__SURPRISE_NS;
}

/** Whether to keep work in sight of thieves before they ask, where what is done
 * between two looks takes @p ns (negative: not known): to be asked later may be
 * to let them wait so long. */
static inline bool thrum__policy_ahead(double ns)
{
	return ns < 0 || ns > THRUM__CHUNK_NS / 2;
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

/** How long to spin the next time, after @p spun_ns of spinning and @p slept_ns of
 * sleep, with @p most_ns of it at most. To spin is worth it where it spares the
 * sleep. If work came so soon that the longest spin would have met it, that is
 * tried again. Else the gaps are longer, and half as much is tried down to what
 * a sleep and a wake cost. */
static inline uint64_t thrum__policy_spin_next(uint64_t most_ns,
                                               uint64_t spun_ns,
                                               uint64_t slept_ns)
{
	uint64_t least = most_ns < 5000 ? most_ns : 5000;

	if (spun_ns + slept_ns <= most_ns)
		return most_ns;
	return spun_ns / 2 > least ? spun_ns / 2 : least;
}

/** How long a resident that is kept out of a call sleeps before it looks again,
 * after @p ns the last time; 0: it was not kept out. As long as all it has waited
 * so far, so that it comes at most as much too late. */
static inline int64_t thrum__policy_kept_ns(int64_t ns)
{
	return ns == 0 ? 1000000 : ns < 50000000 ? 2 * ns : ns;
}

/** Whether @p ns of work that can be shared are worth waking a sleeper for: a
 * system call here, and some microseconds until it runs. */
static inline bool thrum__policy_worth_waking(uint64_t ns)
{
	return ns > 20000;
}

/** Looks at what others have done before their blocks are taken away, a moment
 * between each two: as many as two or three lines take to arrive. */
static inline unsigned thrum__policy_linger(void)
{
	return 50;
}

/** Pauses of a member before it looks further than at the team whose call it took
 * part in, of which the next call may follow at once. */
static inline unsigned thrum__policy_stay(void)
{
	return 12;
}

/** Calls of one team that a member takes part in before it looks whether there are
 * others. */
static inline unsigned thrum__policy_calls_in_a_row(void)
{
	return 64;
}

/** Workers that one thread wakes before it goes on: those woken do the same, so
 * that all are up after log3 of their number. */
static inline unsigned thrum__policy_wakes(void)
{
	return 2;
}

#endif
