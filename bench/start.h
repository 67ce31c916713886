/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* start.h - the work of the programs that bench_pool starts: 64 x about 1 us */
#ifndef BENCH_START_H
#define BENCH_START_H

#include <stddef.h>
#include <stdint.h>

#define START_INDICES 64
#define START_STEPS 1000

static inline uint64_t start_work(size_t begin, size_t end)
{
	uint64_t x = begin;

	for (size_t i = begin; i < end; i++)
		for (int k = 0; k < START_STEPS; k++)
			x = x * 6364136223846793005u + 1442695040888963407u;
	return x;
}

#endif
