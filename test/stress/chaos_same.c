/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* chaos_same.c - the same bits, whatever the workers and the schedule
 *
 * A map, a reduction of doubles whose order shows in the last bits, and a sum,
 * by 1 to 8 workers, with delays from one seed after the other. All results are
 * compared with those of a single worker by memcmp.
 */
#include "stress.h"

#include "chaos.h"

#include <math.h>
#include <thrum.h>

enum { N = 3000, WORKERS = 8 };

struct results {
	double map[N];
	double sums[2]; /* with two grains */
	thrum_sum sum;
};

static double x[N];

static int map_one(void *ctx, size_t i, void *result, thrum_task *task)
{
	double y = x[i] * 1.0000001 + 1 / (x[i] + 2);
	(void)ctx, (void)task;
	memcpy(result, &y, sizeof y);
	return 0;
}

static int add_up(void *ctx, size_t begin, size_t end, void *partial,
                  thrum_task *task)
{
	double s;
	(void)ctx, (void)task;
	memcpy(&s, partial, sizeof s);
	for (size_t i = begin; i < end; i++)
		s += x[i];
	memcpy(partial, &s, sizeof s);
	return 0;
}

static int sum_up(void *ctx, size_t begin, size_t end, void *partial,
                  thrum_task *task)
{
	thrum_sum s = { 0, 0 };
	(void)ctx, (void)task;
	for (size_t i = begin; i < end; i++)
		thrum_sum_add(&s, x[i]);
	memcpy(partial, &s, sizeof s);
	return 0;
}

static void compute(thrum_pool *pool, int n_jobs, struct results *r)
{
	thrum_opts o = *THRUM_OPTS(.n_jobs = n_jobs);

	memset(r, 0, sizeof *r);
	STRESS_CHECK(thrum_map(pool, N, map_one, NULL, r->map, sizeof *r->map,
	                       &o) == 0);
	for (int i = 0; i < 2; i++) {
		o.grain = i ? 7 : 100;
		STRESS_CHECK(thrum_reduce(pool, N, add_up, thrum_add_double,
		                          NULL, &r->sums[i], sizeof r->sums[i],
		                          &o) == 0);
	}
	o.grain = 16;
	STRESS_CHECK(thrum_reduce(pool, N, sum_up, thrum_add_sum, NULL, &r->sum,
	                          sizeof r->sum, &o) == 0);
}

int main(int argc, char **argv)
{
	static const uint64_t asked = 1000;
	static struct results expected, found;
	thrum_pool *pool;
	unsigned long seeds = 0;

	stress_begin(argc, argv);
	for (size_t i = 0; i < N; i++)
		x[i] = ldexp((double)stress_mix(stress_seed + i),
		             -(int)(i % 90));
	chaos_seed(0);
	STRESS_CHECK(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = WORKERS)) == 0);
	compute(pool, 1, &expected);
	for (; stress_wants(seeds, asked); seeds++) {
		chaos_seed(stress_seed + seeds + 1);
		for (int n_jobs = 1; n_jobs <= WORKERS; n_jobs++) {
			compute(pool, n_jobs, &found);
			STRESS_CHECK(memcmp(&found, &expected, sizeof found)
			             == 0);
		}
	}
	STRESS_CHECK(thrum_pool_destroy(pool) == 0);
	STRESS_CHECK(thrum_shutdown() == 0);
	printf("# %llu delays\n", (unsigned long long)chaos_delays());
	STRESS_CHECK(chaos_delays() > 0);
	stress_figure("P13", (double)seeds, stress_full ? (double)asked : 1,
	              seeds >= (stress_full ? asked : 1),
	              "seeds of delays, by 1 to 8 workers each, the same bits");
	return stress_done("results do not depend on the schedule", seeds);
}
