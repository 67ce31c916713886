/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress.h - what the stress programs share: time, chance, figures, and how to
 * fail
 *
 * A program runs for THRUM_STRESS_SECONDS (5), draws from a seed that it prints,
 * and takes one as its argument or from THRUM_SEED to do the same again; what
 * threads make of it differs. It prints one line of TAP. A hang ends by alarm.
 *
 * THRUM_TIER=full has the program go on until it has reached what is asked of
 * it, and fail if it does not. Otherwise it asks for less.
 */
#ifndef THRUM__TEST_STRESS_H
#define THRUM__TEST_STRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t stress_seed;
static double stress_end;
static bool stress_full, stress_missed;

static inline uint64_t stress_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double stress_now(void)
{
	return (double)stress_ns() / 1e9;
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

/* Any thread; _exit, as others still run. The words come from what the thread
 * says that it is at, if it does. */
static _Thread_local char stress_at[400];

#define STRESS_CHECK(e) ((e) ? (void)0 : stress_fail(#e, __FILE__, __LINE__))

static inline void stress_fail(const char *what, const char *file, int line)
{
	printf("not ok 1 - %s:%d: %s, seed %llu%s\n", file, line, what,
	       (unsigned long long)stress_seed, stress_at);
	fflush(stdout);
	_exit(1);
}

/* How long until a program that hangs is ended, from now. */
static inline void stress_alarm(double seconds)
{
	const char *patience = getenv("CK_TIMEOUT_MULTIPLIER");
	alarm((unsigned)seconds + 6 * (patience ? (unsigned)atoi(patience) : 10));
}

static inline void stress_begin_with(uint64_t seed)
{
	const char *seconds = getenv("THRUM_STRESS_SECONDS");
	const char *tier = getenv("THRUM_TIER");
	double length = seconds ? strtod(seconds, NULL) : 5;

	stress_full = tier && strcmp(tier, "full") == 0;
	stress_seed = seed ? seed : stress_ns() / 1000;
	stress_end = stress_now() + length;
	printf("1..1\n# seed %llu\n", (unsigned long long)stress_seed);
	fflush(stdout);
	stress_alarm(length);
}

static inline void stress_begin(int argc, char **argv)
{
	const char *seed = argc > 1 ? argv[1] : getenv("THRUM_SEED");
	stress_begin_with(seed ? strtoull(seed, NULL, 0) : 0);
}

/* What a promise asks for: @p quick in a look, @p full in the full tier, and then
 * it is gone on for, while @p done is less. */
static inline bool stress_wants(uint64_t done, uint64_t full)
{
	if (stress_full ? done >= full : !stress_goes_on())
		return false;
	if (stress_full && done % 64 == 0)
		stress_alarm(60);
	return true;
}

/* The line that test/figures gathers. @p ok decides in the full tier, and where
 * it is not a matter of time. */
static inline void stress_figure(const char *promise, double reached,
                                 double asked, bool ok, const char *what)
{
	printf("FIGURE %s %.12g %.12g %s %s\n", promise, reached, asked,
	       ok ? "ok" : "MISSED", what);
	if (!ok)
		stress_missed = true;
}

static inline int stress_done(const char *name, unsigned long rounds)
{
	printf("# %lu rounds\n%s 1 - %s\n", rounds,
	       stress_missed ? "not ok" : "ok", name);
	return stress_missed;
}

#endif
