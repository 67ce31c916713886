/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_range.c - each block goes to exactly one
 *
 * Tickets: a counter for each block, which must end at one. First by one thread,
 * then an owner against thieves that give back what they stole.
 */
#include "config.h"

#include "range.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { MOST = THRUM__BLOCKS_MAX };

/* Call @p epoch with one rank, which has all. */
static uint64_t of(uint32_t epoch)
{
	return thrum__deal_pack(epoch, MOST, 1);
}

START_TEST(claims_cover_in_order)
{
	struct range r = { 0 };
	struct span got;
	uint32_t at = 10;

	thrum__range_set(&r, 7, 10, 200);
	ck_assert_uint_eq(thrum__range_left(&r, of(7), 0), 190);
	while (thrum__range_claim(&r, of(7), 0, (uint32_t)_i, &got)) {
		ck_assert_uint_eq(got.lo, at);
		ck_assert_uint_gt(got.hi, got.lo);
		ck_assert_uint_le(got.hi - got.lo, (uint32_t)_i);
		at = got.hi;
	}
	ck_assert_uint_eq(at, 200);
	ck_assert_uint_eq(thrum__range_left(&r, of(7), 0), 0);
}
END_TEST

START_TEST(thief_takes_back_half)
{
	struct range r = { 0 };
	struct span got;

	thrum__range_set(&r, 1, 0, 9);
	ck_assert(thrum__range_steal(&r, of(1), 0, &got));
	ck_assert_uint_eq(got.lo, 4);
	ck_assert_uint_eq(got.hi, 9);
	ck_assert(thrum__range_claim(&r, of(1), 0, 10, &got));
	ck_assert_uint_eq(got.lo, 0);
	ck_assert_uint_eq(got.hi, 2); /* at most half */
}
END_TEST

START_TEST(last_block_can_be_stolen)
{
	struct range r = { 0 };
	struct span got;

	thrum__range_set(&r, 1, MOST - 1, MOST);
	ck_assert(thrum__range_steal(&r, of(1), 0, &got));
	ck_assert_uint_eq(got.lo, MOST - 1);
	ck_assert_uint_eq(got.hi, MOST);
	ck_assert(!thrum__range_steal(&r, of(1), 0, &got));
	ck_assert(!thrum__range_claim(&r, of(1), 0, 1, &got));
}
END_TEST

START_TEST(parts_cover_and_are_even)
{
	for (uint32_t ranks = 1; ranks < 5000; ranks = ranks * 2 + 1)
		for (uint32_t blocks = 0; blocks <= MOST;
		     blocks += 1 + blocks / 3) {
			uint64_t deal = thrum__deal_pack(9, blocks, ranks);
			uint32_t at = 0, least = blocks / ranks;
			ck_assert_uint_eq(thrum__deal_epoch(deal), 9);
			ck_assert_uint_eq(thrum__deal_blocks(deal), blocks);
			ck_assert_uint_eq(thrum__deal_ranks(deal), ranks);
			for (uint32_t r = 0; r < ranks; r++) {
				struct span s = thrum__deal_part(deal, r);
				ck_assert_uint_eq(s.lo, at);
				ck_assert_uint_ge(s.hi - s.lo, least);
				ck_assert_uint_le(s.hi - s.lo, least + 1);
				at = s.hi;
			}
			ck_assert_uint_eq(at, blocks);
			struct span none = thrum__deal_part(deal, ranks);
			ck_assert_uint_eq(none.lo, none.hi);
		}
}
END_TEST

/* By its worker, and by a thief. */
START_TEST(a_part_that_nobody_touched_is_whole)
{
	const uint32_t epochs[] = { 1, THRUM__LAG, 0x80000000, 0 };

	for (int i = 0; i < 4; i++)
		for (uint32_t lag = 1; lag <= THRUM__LAG; lag *= 4) {
			uint64_t deal = thrum__deal_pack(epochs[i], 30, 3);
			struct range r = { 0 };
			struct span got;
			for (int thief = 0; thief < 2; thief++) {
				thrum__range_set(&r, epochs[i] - lag, 3, 17);
				ck_assert_uint_eq(thrum__range_left(&r, deal,
				                                    1), 10);
				if (thief)
					ck_assert(thrum__range_steal(
						&r, deal, 1, &got));
				else
					ck_assert(thrum__range_claim(
						&r, deal, 1, 5, &got));
				ck_assert_uint_eq(got.lo, thief ? 15 : 10);
				ck_assert_uint_eq(got.hi, thief ? 20 : 15);
				ck_assert_uint_eq(thrum__range_left(&r, deal,
				                                    1), 5);
			}
		}
}
END_TEST

START_TEST(blocks_of_a_later_call_are_refused)
{
	const uint32_t epochs[] = { 1, 3, 0x7fffffff, 0xffffffff };
	struct range r = { 0 };
	struct span got;

	for (int i = 0; i < 4; i++) {
		uint32_t e = epochs[i];
		thrum__range_set(&r, e, 0, MOST);
		for (uint32_t ahead = 1; ahead; ahead *= 2) {
			uint64_t deal = of(e - ahead);
			if (0u - ahead <= THRUM__LAG) /* it has come round */
				continue;
			ck_assert_uint_eq(thrum__range_left(&r, deal, 0), 0);
			ck_assert(!thrum__range_claim(&r, deal, 0, 1, &got));
			ck_assert(!thrum__range_steal(&r, deal, 0, &got));
			ck_assert(!thrum__range_claim_turn(&r, e - ahead));
		}
		ck_assert_uint_eq(thrum__range_left(&r, of(e), 0), MOST);
		ck_assert(thrum__range_claim(&r, of(e), 0, 1, &got));
	}
}
END_TEST

START_TEST(turn_is_taken_once_and_never_stolen)
{
	struct range r = { 0 };
	struct span got;

	thrum__range_set_turn(&r, 5);
	ck_assert_uint_eq(thrum__range_left(&r, of(5), 0), 0);
	ck_assert(!thrum__range_claim(&r, of(5), 0, 1, &got));
	ck_assert(!thrum__range_steal(&r, of(5), 0, &got));
	ck_assert(!thrum__range_claim_turn(&r, 7));
	ck_assert(thrum__range_claim_turn(&r, 5));
	ck_assert(!thrum__range_claim_turn(&r, 5));
	/* An empty range is no turn. */
	thrum__range_set(&r, 5, 0, 0);
	ck_assert(!thrum__range_claim_turn(&r, 5));
}
END_TEST

/* As worker.c steals: from another's word to the own, which is empty. Nobody
 * writes the words from call to call. */

enum { WORKERS = 3, ROUNDS = 600 };

struct game {
	struct range range[WORKERS];
	pthread_barrier_t start, end;
	_Atomic uint32_t left;
	_Atomic uint32_t wrong; /* for after: ck_assert takes microseconds */
	_Atomic unsigned char ticket[MOST];
	uint32_t plain[MOST]; /* goes with the block: [R1] to [R2] */
	uint32_t epoch;
	uint64_t deal;
};

struct player {
	struct game *game;
	int rank;
};

static void punch(struct game *g, struct span s)
{
	for (uint32_t b = s.lo; b < s.hi; b++) {
		if (g->plain[b] != g->epoch)
			thrum__add(&g->wrong, 1u, relaxed);
		thrum__add(&g->ticket[b], 1, relaxed);
	}
	thrum__sub(&g->left, s.hi - s.lo, acq_rel);
}

static void play_round(struct game *g, int rank)
{
	struct range *own = &g->range[rank];
	struct span got;
	unsigned n = (unsigned)rank;

	/* Signed: blocks that ran twice are counted twice. */
	while ((int32_t)thrum__load(&g->left, acquire) > 0) {
		if (thrum__range_claim(own, g->deal, (uint32_t)rank,
		                       1 + n++ % 5, &got)) {
			punch(g, got);
			continue;
		}
		int victim = (rank + 1 + (int)(n++ % (WORKERS - 1))) % WORKERS;
		if (!thrum__range_steal(&g->range[victim], g->deal,
		                        (uint32_t)victim, &got)) {
			if (n % 64 == 0)
				sched_yield();
			continue;
		}
		struct span first = { got.lo, got.lo + 1 };
		if (got.lo + 1 < got.hi)
			thrum__range_set(own, g->epoch, got.lo + 1, got.hi);
		punch(g, first);
	}
}

static void *play(void *arg)
{
	struct player *p = arg;
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&p->game->start);
		play_round(p->game, p->rank);
		pthread_barrier_wait(&p->game->end);
	}
	return NULL;
}

static void give(struct game *g, uint32_t epoch, uint32_t blocks)
{
	g->epoch = epoch;
	for (uint32_t b = 0; b < blocks; b++) {
		thrum__store(&g->ticket[b], 0, relaxed);
		g->plain[b] = epoch;
	}
	g->left = blocks;
	g->deal = thrum__deal_pack(epoch, blocks, WORKERS);
}

START_TEST(each_block_goes_to_exactly_one)
{
	struct game *g = calloc(1, sizeof *g);
	struct player player[WORKERS];
	pthread_t thread[WORKERS];

	ck_assert_ptr_nonnull(g);
	pthread_barrier_init(&g->start, NULL, WORKERS);
	pthread_barrier_init(&g->end, NULL, WORKERS);
	for (int r = 0; r < WORKERS; r++) {
		player[r] = (struct player){ g, r };
		if (r > 0)
			ck_assert_int_eq(pthread_create(&thread[r], NULL, play,
			                                &player[r]), 0);
	}
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t blocks = round % 200 == 0 ? MOST : 1 + round % 300;
		give(g, round + 1, blocks);
		pthread_barrier_wait(&g->start);
		play_round(g, 0);
		pthread_barrier_wait(&g->end);
		for (uint32_t b = 0; b < blocks; b++)
			if (g->ticket[b] != 1)
				ck_abort_msg("block %u of %u ran %d times", b,
				             blocks, g->ticket[b]);
		ck_assert_uint_eq(g->wrong, 0);
	}
	for (int r = 1; r < WORKERS; r++)
		pthread_join(thread[r], NULL);
	free(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("range");
	TCase *alone = tcase_create("alone");
	TCase *threads = tcase_create("threads");

	tcase_add_loop_test(alone, claims_cover_in_order, 1, 70);
	tcase_add_test(alone, thief_takes_back_half);
	tcase_add_test(alone, last_block_can_be_stolen);
	tcase_add_test(alone, parts_cover_and_are_even);
	tcase_add_test(alone, a_part_that_nobody_touched_is_whole);
	tcase_add_test(alone, blocks_of_a_later_call_are_refused);
	tcase_add_test(alone, turn_is_taken_once_and_never_stolen);
	suite_add_tcase(s, alone);
	tcase_add_test(threads, each_block_goes_to_exactly_one);
	suite_add_tcase(s, threads);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
