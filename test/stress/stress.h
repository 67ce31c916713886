/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress.h - what the stress programs share: time, chance, and how to fail
 *
 * A program runs for THRUM_STRESS_SECONDS (5), draws from a seed that it prints,
 * and takes one as its argument or from THRUM_SEED to do the same again; what
 * threads make of it differs. It prints one line of TAP. A hang ends by alarm.
 */
#ifndef THRUM__TEST_STRESS_H
#define THRUM__TEST_STRESS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t stress_seed;
static double stress_end;

static inline double stress_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int stress_goes_on(void)
{
	return stress_now() < stress_end;
}

/* Numbers that look drawn, as a function of x: bodies ask by index, so that
 * they and the model get the same (splitmix64, Steele, Lea, Flood, OOPSLA
 * 2014). */
static inline uint64_t stress_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* The next of a sequence, below @p n. */
static inline uint64_t stress_draw(uint64_t *state, uint64_t n)
{
	*state += 0x9e3779b97f4a7c15u;
	return stress_mix(*state) % n;
}

static inline void stress_spin(uint64_t turns)
{
	for (volatile uint64_t i = 0; i < turns; i++)
		;
}

/* Any thread; _exit, as others still run. */
#define STRESS_CHECK(e) ((e) ? (void)0 : stress_fail(#e, __FILE__, __LINE__))

static inline void stress_fail(const char *what, const char *file, int line)
{
	printf("not ok 1 - %s:%d: %s, seed %llu\n", file, line, what,
	       (unsigned long long)stress_seed);
	fflush(stdout);
	_exit(1);
}

static inline void stress_begin(int argc, char **argv)
{
	const char *seed = argc > 1 ? argv[1] : getenv("THRUM_SEED");
	const char *seconds = getenv("THRUM_STRESS_SECONDS");
	const char *patience = getenv("CK_TIMEOUT_MULTIPLIER");
	double length = seconds ? strtod(seconds, NULL) : 5;

	stress_seed = seed ? strtoull(seed, NULL, 0)
	                   : (uint64_t)(stress_now() * 1e6);
	stress_end = stress_now() + length;
	printf("1..1\n# seed %llu\n", (unsigned long long)stress_seed);
	fflush(stdout);
	alarm((unsigned)length
	      + 6 * (patience ? (unsigned)atoi(patience) : 10));
}

static inline int stress_done(const char *name, unsigned long rounds)
{
	printf("# %lu rounds\nok 1 - %s\n", rounds, name);
	return 0;
}

#endif
