/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* common.h - what the tests through the public interface share */
#ifndef THRUM__TEST_COMMON_H
#define THRUM__TEST_COMMON_H

#include <check.h>
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* As ck_assert, which writes to a file each time: for what is asked a million
 * times. */
#define HOLDS(law) do { if (!(law)) ck_abort_msg("broken: %s", #law); } while (0)

static inline void doze(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&t, &t) != 0)
		;
}

/* Do something for about so many steps that no compiler leaves out. */
static inline uint64_t spin(uint64_t steps)
{
	volatile uint64_t x = steps;
	for (uint64_t i = 0; i < steps; i++)
		x = x * 6364136223846793005u + 1;
	return x;
}

static inline int entries(const char *folder)
{
	DIR *d = opendir(folder);
	int n = -2; /* . and .. */
	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Threads of this process that the system knows of. */
static inline int threads_now(void)
{
	return entries("/proc/self/task");
}

/* A thread that was joined may be listed for a moment more. */
static inline bool threads_come_down_to(int n)
{
	for (int i = 0; i < 2000; i++) {
		if (threads_now() <= n)
			return true;
		doze(1);
	}
	return false;
}

/* Fewer rounds where each is slow, as under Valgrind; many on request. */
static inline long rounds(long usual, long many)
{
	if (getenv("THRUM_TEST_SHORT"))
		return usual / 20 + 1;
	return getenv("THRUM_LONG") ? many : usual;
}

/* THRUM_TEST_SEED repeats what a failure has printed. */
static inline uint64_t test_seed(void)
{
	const char *text = getenv("THRUM_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0)
	                     : (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid();
	printf("# seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

static inline void add_test(Suite *s, TCase *c)
{
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
}

#endif
