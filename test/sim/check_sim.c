/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_sim.c - what the decisions of policy.h add up to
 *
 * Laws of whole loops, in simulated time: on the same machine the same figures
 * to the last digit, so that an efficiency can be demanded. A limit is a little
 * below what the rules reach; who changes a rule and misses one has made some
 * loop slower, and should know which.
 */
#include "sim.h"

#include <check.h>

static const unsigned sizes[] = { 1, 2, 3, 7, 8, 9, 16, 64, 100, 255, 256 };

enum { SIZES = sizeof sizes / sizeof sizes[0], GROUP = 8 };

static struct sim_result run(const struct sim_loop *loop, unsigned workers,
                             bool cold)
{
	struct sim_machine m = { workers, GROUP, cold, 7 };
	struct sim_result r;

	ck_assert_msg(sim_run(loop, &m, &r), "%s, %zu on %u: no end",
	              sim_shape_name(loop->shape), loop->n, workers);
	return r;
}

static void check_once(enum sim_shape shape, size_t n, unsigned workers)
{
	struct sim_loop loop = { shape, n, n < 1000 ? 3000 : 50, n % 2 == 1 };

	for (int cold = 0; cold < 2; cold++) {
		struct sim_result r = run(&loop, workers, cold);
		if (!r.once || r.steals > r.blocks || r.chunks > r.blocks)
			ck_abort_msg("%s, %zu on %u: %llu chunks, %llu steals",
			             sim_shape_name(shape), n, workers,
			             (unsigned long long)r.chunks,
			             (unsigned long long)r.steals);
	}
}

/* Few blocks and many workers are where a range could travel for ever. */
START_TEST(every_block_runs_once_and_each_steal_runs_one)
{
	static const size_t many[] = { 1000, 65535, 65536, 1000000 };

	for (int i = 0; i < SIZES; i++) {
		for (size_t n = 1; n < 100; n += 1 + n / 8)
			check_once((enum sim_shape)_i, n, sizes[i]);
		for (int j = 0; j < 4; j++)
			check_once((enum sim_shape)_i, many[j], sizes[i]);
	}
}
END_TEST

static const struct limit {
	unsigned workers;
	double spinning, asleep;
} limits[] = {
	{ 1, 0.995, 0.995 }, { 2, 0.997, 0.997 }, { 8, 0.99, 0.985 },
	{ 16, 0.985, 0.97 }, { 64, 0.95, 0.88 },  { 128, 0.91, 0.76 },
	{ 256, 0.77, 0.55 },
};

START_TEST(loop_of_100_ms_comes_near_the_ideal)
{
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		for (int shape = 0; shape < SIM_GIANT_LAST; shape++) {
			struct sim_loop loop = { (enum sim_shape)shape, 1000000,
			                         100, false };
			double limit = _i ? limits[i].asleep
			                  : limits[i].spinning;
			struct sim_result r = run(&loop, limits[i].workers, _i);
			ck_assert_msg(sim_efficiency(&r) >= limit,
			              "%s on %u: %.4f", sim_shape_name(
			              loop.shape), limits[i].workers,
			              sim_efficiency(&r));
		}
}
END_TEST

START_TEST(blocks_of_many_indices_are_no_worse)
{
	struct sim_loop loop = { SIM_FLAT, 1000000000, 1, false };

	for (int i = 0; i < SIZES; i++) {
		struct sim_result r = run(&loop, sizes[i], false);
		ck_assert_double_ge(sim_efficiency(&r), 0.98);
	}
}
END_TEST

/* A looser law than those above, for what is over soon: as good as nothing
 * gained must not be worse than the caller alone. */
START_TEST(short_loop_is_not_much_slower_than_alone)
{
	for (int i = 0; i < SIZES; i++)
		for (size_t n = 1; n <= 1000; n *= 10) {
			struct sim_loop loop = { SIM_FLAT, n, 100, false };
			struct sim_result r = run(&loop, sizes[i], false);
			ck_assert_double_le(r.took_ns, r.serial_ns * 1.1
			                    + 200 + 60.0 * sizes[i]);
		}
}
END_TEST

START_TEST(all_get_going_in_a_logarithm_of_their_number)
{
	/* 50 us until a sleeper runs at worst, and two calls to wake two. */
	const double generation_ns = 60000;
	struct sim_loop loop = { SIM_FLAT, 1000000000, 1, false };

	for (int i = 1; i < SIZES; i++) {
		unsigned up = 1, generations = 0;
		struct sim_result r = run(&loop, sizes[i], true);
		while (up < sizes[i]) {
			up *= 3;
			generations++;
		}
		ck_assert_uint_eq(r.wakes, sizes[i] - 1);
		ck_assert(r.going_ns > 0);
		ck_assert_double_le(r.going_ns, generations * generation_ns);
	}
}
END_TEST

START_TEST(last_first_begins_the_giant_in_time)
{
	struct sim_loop loop = { SIM_GIANT_LAST, 1000000, 100, false };

	for (size_t i = 1; i < sizeof limits / sizeof limits[0]; i++) {
		struct sim_result r = run(&loop, limits[i].workers, false);
		ck_assert_double_le(sim_efficiency(&r), 0.82);
		loop.last_first = true;
		r = run(&loop, limits[i].workers, false);
		ck_assert_double_ge(sim_efficiency(&r), limits[i].spinning);
		loop.last_first = false;
	}
}
END_TEST

START_TEST(same_seed_gives_the_same_figures)
{
	struct sim_loop loop = { SIM_PARETO, 100000, 300, false };
	struct sim_result a = run(&loop, 64, true), b = run(&loop, 64, true);

	ck_assert(a.took_ns == b.took_ns && a.serial_ns == b.serial_ns);
	ck_assert_uint_eq(a.events, b.events);
	ck_assert_uint_eq(a.looks, b.looks);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim");
	TCase *c = tcase_create("loops");

	tcase_add_loop_test(c, every_block_runs_once_and_each_steal_runs_one,
	                    0, SIM_SHAPES);
	tcase_add_loop_test(c, loop_of_100_ms_comes_near_the_ideal, 0, 2);
	tcase_add_test(c, blocks_of_many_indices_are_no_worse);
	tcase_add_test(c, short_loop_is_not_much_slower_than_alone);
	tcase_add_test(c, all_get_going_in_a_logarithm_of_their_number);
	tcase_add_test(c, last_first_begins_the_giant_in_time);
	tcase_add_test(c, same_seed_gives_the_same_figures);
	suite_add_tcase(s, c);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
