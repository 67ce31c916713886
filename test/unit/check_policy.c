/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_policy.c - decisions stay within what their users rely on
 *
 * The scheduler takes these numbers as they come: a claim of nothing, or of more
 * than is there, would lose or repeat jobs. So the laws are bounds, over small
 * values completely and over large ones at their edges.
 */
#include "config.h"

#include "policy.h"

#include <check.h>

static const size_t edge[] = {
	1, 2, 3, 63, 64, 65, 1000, 65534, 65535, 65536, 65537, 131070, 131071,
	UINT32_MAX, SIZE_MAX / 2, SIZE_MAX - 65535, SIZE_MAX - 1, SIZE_MAX,
};

enum { EDGES = sizeof edge / sizeof edge[0] };

START_TEST(blocks_cover_and_fit_a_range_word)
{
	for (int i = 0; i < EDGES; i++) {
		size_t n = edge[i], block = thrum__policy_block(n);
		ck_assert_uint_ge(block, 1);
		ck_assert_uint_le((n - 1) / block + 1, THRUM__BLOCKS_MAX);
	}
}
END_TEST

START_TEST(claim_leaves_half_or_next_to_nothing)
{
	for (uint32_t left = 1; left < 300; left++)
		for (uint32_t chunk = 1; chunk < 300; chunk += 7) {
			uint32_t k = thrum__policy_claim(chunk, left);
			uint32_t most = left <= chunk / 4 ? left
			                                  : (left + 1) / 2;
			if (k < 1 || k > chunk || k > most)
				ck_abort_msg("%u of %u, %u", k, left, chunk);
		}
}
END_TEST

START_TEST(thief_takes_something_and_at_most_half_rounded_up)
{
	for (uint32_t left = 1; left <= THRUM__BLOCKS_MAX; left++) {
		uint32_t k = thrum__policy_steal(left);
		if (k < 1 || k > (left + 1) / 2)
			ck_abort_msg("%u of %u", k, left);
	}
}
END_TEST

START_TEST(chunk_is_never_none_and_at_most_doubles)
{
	const uint64_t ns[] = { 0, 1, 999, 1000, 3000, 3001, 1000000,
	                        UINT64_MAX };
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < EDGES; j++)
			for (size_t jobs = 1; jobs && jobs <= edge[j]; jobs *= 2) {
				size_t k = thrum__policy_chunk(edge[j], jobs,
				                               ns[i], edge[j]);
				ck_assert_uint_ge(k, 1);
				ck_assert(k <= edge[j] || k == 2 * edge[j]);
			}
}
END_TEST

/* Jobs of 10 ns, with so many left that a chunk may last @p want ns. */
static void check_time(size_t left, size_t want)
{
	size_t chunk = 1;
	for (int i = 0; i < 30; i++)
		chunk = thrum__policy_chunk(chunk, chunk, chunk * 10, left);
	ck_assert_uint_ge(chunk * 10, want / 2);
	ck_assert_uint_le(chunk * 10, want * 3 / 2);
}

START_TEST(chunk_approaches_its_time)
{
	check_time(0, THRUM__CHUNK_NS);
	check_time(10000, 10000 * 10 / THRUM__CHUNK_PARTS);
	check_time(100000000, THRUM__CHUNK_MOST_NS);
}
END_TEST

START_TEST(chunk_is_short_or_a_small_part_of_what_is_left)
{
	double last = 0;
	for (double left = 0; left < 1e12; left = left * 1.3 + 1) {
		double ns = thrum__policy_chunk_ns(left);
		ck_assert(ns >= THRUM__CHUNK_NS && ns <= THRUM__CHUNK_MOST_NS);
		ck_assert(ns <= THRUM__CHUNK_NS
		          || ns <= left / THRUM__CHUNK_PARTS);
		ck_assert(ns >= last);
		last = ns;
	}
}
END_TEST

/* One step of the search after the other ends, and none is left out. */
START_TEST(thief_that_finds_nothing_looks_everywhere)
{
	for (unsigned looked = 1; looked < 300; looked++)
		ck_assert(!thrum__policy_looked(looked, 0));
}
END_TEST

START_TEST(thief_takes_of_its_own_group_or_chooses_between_two)
{
	ck_assert(thrum__policy_looked(1, 1));
	ck_assert(!thrum__policy_looked(2, 1000));
	for (unsigned looked = 3; looked < 300; looked++)
		ck_assert(thrum__policy_looked(looked, 1));
}
END_TEST

START_TEST(thieves_begin_at_different_groups)
{
	for (unsigned others = 1; others < 70; others++) {
		unsigned times[70] = { 0 };
		for (unsigned id = 0; id < 64; id++)
			for (uint64_t nth = 0; nth < 64; nth++) {
				unsigned g = thrum__policy_far(id, nth, others);
				ck_assert_uint_lt(g, others);
				times[g]++;
			}
		for (unsigned g = 0; g < others; g++) {
			ck_assert_uint_ge(times[g], 4096 / others / 2);
			ck_assert_uint_le(times[g], 4096 / others * 2 + 1);
		}
	}
}
END_TEST

START_TEST(clock_is_read_after_each_chunk_until_the_size_is_steady)
{
	ck_assert_uint_eq(thrum__policy_clock(false), 1);
	ck_assert_uint_ge(thrum__policy_clock(true), 1);
}
END_TEST

START_TEST(first_chunk_is_a_part_of_its_time)
{
	const size_t all = THRUM__BLOCKS_MAX;

	ck_assert_uint_eq(thrum__policy_first(-1, all), 1);
	ck_assert_uint_eq(thrum__policy_first(1e12, all), 1);
	ck_assert_uint_eq(thrum__policy_first(0, all), 32768);
	ck_assert_uint_eq(thrum__policy_first(1e-30, all), 32768);
	for (double ns = 0.01; ns < 1e9; ns *= 1.7)
		for (size_t part = 0; part <= all; part = 3 * part + 1) {
			size_t first = thrum__policy_first(ns, part);
			ck_assert_uint_ge(first, 1);
			ck_assert(first == 1 || first <= part);
			ck_assert(first == 1
			          || (double)first * ns
			             <= THRUM__CHUNK_NS / 4);
			/* The same for about the same cost. */
			ck_assert_uint_eq(first & (first - 1), 0);
		}
}
END_TEST

START_TEST(split_leaves_a_chunk)
{
	for (size_t left = 0; left < 300; left++)
		for (size_t chunk = 1; chunk < 300; chunk++) {
			size_t k = thrum__policy_split(left, chunk);
			if ((k > 0 && left - k < chunk) || k > left / 2)
				ck_abort_msg("%zu of %zu, %zu", k, left, chunk);
		}
	ck_assert_uint_eq(thrum__policy_split(SIZE_MAX, 1), SIZE_MAX / 2);
}
END_TEST

START_TEST(nobody_spins_where_threads_wait_for_cores)
{
	ck_assert_uint_eq(thrum__policy_spin_ns(-1, 3, 2, false), 0);
	ck_assert_uint_eq(thrum__policy_spin_ns(-1, 1, 1, false), 0);
	ck_assert_uint_gt(thrum__policy_spin_ns(-1, 2, 2, false),
	                  thrum__policy_spin_ns(-1, 2, 2, true));
	ck_assert_uint_eq(thrum__policy_spin_ns(0, 2, 2, false), 0);
	ck_assert_uint_eq(thrum__policy_spin_ns(7, 9, 2, true), 7000);
	ck_assert_uint_eq(thrum__policy_spin_ns(INT32_MAX, 2, 2, false),
	                  INT32_MAX * UINT64_C(1000));
}
END_TEST

START_TEST(kept_out_is_at_most_as_long_again)
{
	int64_t waited = 0, ns = 0;

	for (int i = 0; i < 100; i++) {
		ns = thrum__policy_kept_ns(ns);
		ck_assert(ns > 0 && ns <= 100000000);
		ck_assert(i == 0 || ns <= waited + 1000000);
		waited += ns;
	}
}
END_TEST

START_TEST(spin_follows_the_gaps)
{
	uint64_t most = 100000, spin = most;

	/* Gaps of 1 ms: spinning never spares a sleep, and dwindles. */
	for (int i = 0; i < 20; i++) {
		uint64_t next = thrum__policy_spin_next(most, spin,
		                                        1000000 - spin);
		ck_assert(next < spin || next == 5000);
		spin = next;
	}
	ck_assert_uint_eq(spin, 5000);
	/* Gaps of 90 us: one sleep is enough to find out. */
	ck_assert_uint_eq(thrum__policy_spin_next(most, spin, 85000), most);
	/* Never more than allowed, and none if none is. */
	for (most = 0; most < 10000; most += 100)
		for (uint64_t slept = 0; slept < 100000; slept += 1000)
			ck_assert_uint_le(thrum__policy_spin_next(
				most, most, slept), most);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policy");
	TCase *loops = tcase_create("loops");
	TCase *victim = tcase_create("victim");
	TCase *sleep = tcase_create("sleep");

	tcase_add_test(loops, blocks_cover_and_fit_a_range_word);
	tcase_add_test(loops, claim_leaves_half_or_next_to_nothing);
	tcase_add_test(loops, thief_takes_something_and_at_most_half_rounded_up);
	tcase_add_test(loops, chunk_is_never_none_and_at_most_doubles);
	tcase_add_test(loops, chunk_approaches_its_time);
	tcase_add_test(loops, chunk_is_short_or_a_small_part_of_what_is_left);
	tcase_add_test(loops,
	               clock_is_read_after_each_chunk_until_the_size_is_steady);
	tcase_add_test(loops, first_chunk_is_a_part_of_its_time);
	tcase_add_test(loops, split_leaves_a_chunk);
	suite_add_tcase(s, loops);
	tcase_add_test(victim, thief_that_finds_nothing_looks_everywhere);
	tcase_add_test(victim,
	               thief_takes_of_its_own_group_or_chooses_between_two);
	tcase_add_test(victim, thieves_begin_at_different_groups);
	suite_add_tcase(s, victim);
	tcase_add_test(sleep, spin_follows_the_gaps);
	tcase_add_test(sleep, kept_out_is_at_most_as_long_again);
	tcase_add_test(sleep, nobody_spins_where_threads_wait_for_cores);
	suite_add_tcase(s, sleep);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
