/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* work.c - work of known length */
#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t work_clock_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t work_process_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t work_thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static _Thread_local uint64_t chain = 1;

void work_run(uint64_t steps)
{
	uint64_t x = chain;

	for (; steps; steps--)
		x = x * 6364136223846793005u + 1442695040888963407u;
	chain = x;
}

void work_until(uint64_t when)
{
	while (work_clock_ns() < when)
		work_run(200);
}

#define CALIBRATION_STEPS 20000
#define CALIBRATION_TRIES 500

double work_calibrate(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < CALIBRATION_TRIES; i++) {
		uint64_t start = work_clock_ns();
		work_run(CALIBRATION_STEPS);
		uint64_t took = work_clock_ns() - start;
		if (took < least)
			least = took;
	}
	return (double)least / CALIBRATION_STEPS;
}

static double step_ns = 1;

void work_set_step(double ns)
{
	step_ns = ns;
}

uint64_t work_steps(double ns)
{
	return (uint64_t)(ns / step_ns + 0.5);
}

#define LARGE_PAGE ((size_t)2 << 20)

double *work_doubles(size_t n)
{
	size_t pages = n * sizeof(double) / LARGE_PAGE + 1;
	void *block = aligned_alloc(LARGE_PAGE, pages * LARGE_PAGE);

#ifdef MADV_HUGEPAGE
	if (block) /* a wish: small pages are well too */
		(void)madvise(block, pages * LARGE_PAGE, MADV_HUGEPAGE);
#endif
	return block;
}

/* Eight sums at a time: one alone would wait for each addition and leave memory
 * idle. Spelled out, as gcc makes no vectors of a plain loop at -O2. */
typedef double pair __attribute__((vector_size(16)));

static inline pair load(const double *x)
{
	pair two;

	memcpy(&two, x, sizeof two);
	return two;
}

double work_sum(const double *x, size_t n)
{
	pair a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	double rest = 0;
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		a += load(x + i);
		b += load(x + i + 2);
		c += load(x + i + 4);
		d += load(x + i + 6);
	}
	for (; i < n; i++)
		rest += x[i];
	a += b + c + d;
	return a[0] + a[1] + rest;
}
