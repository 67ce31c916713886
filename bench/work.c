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

void work_settle(void)
{
	const struct timespec pause = { 0, 100000000 };

	nanosleep(&pause, NULL);
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

/* Many sums at a time: one alone would wait for each addition and leave memory
 * idle. Spelled out, as gcc makes no vectors of a plain loop at -O2; vectors as
 * long as the processor has them, as 10^4 doubles in the caches are read no
 * quicker than they are added. */
typedef double vector __attribute__((vector_size(64)));

#define LANES (sizeof(vector) / sizeof(double))

static inline __attribute__((always_inline)) double sum_vectors(const double *x,
                                                                size_t n)
{
	vector a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 }, v[4];
	double rest = 0;
	size_t i = 0;

	for (; n - i >= 4 * LANES; i += 4 * LANES) {
		memcpy(v, x + i, sizeof v);
		a += v[0];
		b += v[1];
		c += v[2];
		d += v[3];
	}
	for (; i < n; i++)
		rest += x[i];
	a += b + c + d;
	for (size_t k = 0; k < LANES; k++)
		rest += a[k];
	return rest;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static double sum_avx2(const double *x,
                                                       size_t n)
{
	return sum_vectors(x, n);
}

__attribute__((target("avx512f"))) static double sum_avx512(const double *x,
                                                            size_t n)
{
	return sum_vectors(x, n);
}

double work_sum(const double *x, size_t n)
{
	if (__builtin_cpu_supports("avx512f"))
		return sum_avx512(x, n);
	if (__builtin_cpu_supports("avx2"))
		return sum_avx2(x, n);
	return sum_vectors(x, n);
}
#else
double work_sum(const double *x, size_t n)
{
	return sum_vectors(x, n);
}
#endif
