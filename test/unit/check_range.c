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

START_TEST(claims_cover_in_order)
{
	struct range r = { 0 };
	struct span got;
	uint32_t at = 10;

	thrum__range_set(&r, 7, 10, 200);
	ck_assert_uint_eq(thrum__range_left(&r, 7), 190);
	while (thrum__range_claim(&r, 7, (uint32_t)_i, &got)) {
		ck_assert_uint_eq(got.lo, at);
		ck_assert_uint_gt(got.hi, got.lo);
		ck_assert_uint_le(got.hi - got.lo, (uint32_t)_i);
		at = got.hi;
	}
	ck_assert_uint_eq(at, 200);
	ck_assert_uint_eq(thrum__range_left(&r, 7), 0);
}
END_TEST

START_TEST(thief_takes_back_half)
{
	struct range r = { 0 };
	struct span got;

	thrum__range_set(&r, 1, 0, 9);
	ck_assert(thrum__range_steal(&r, 1, &got));
	ck_assert_uint_eq(got.lo, 4);
	ck_assert_uint_eq(got.hi, 9);
	ck_assert(thrum__range_claim(&r, 1, 100, &got));
	ck_assert_uint_eq(got.lo, 0);
	ck_assert_uint_eq(got.hi, 2); /* at most half */
}
END_TEST

START_TEST(last_block_can_be_stolen)
{
	struct range r = { 0 };
	struct span got;

	thrum__range_set(&r, 1, MOST - 1, MOST);
	ck_assert(thrum__range_steal(&r, 1, &got));
	ck_assert_uint_eq(got.lo, MOST - 1);
	ck_assert_uint_eq(got.hi, MOST);
	ck_assert(!thrum__range_steal(&r, 1, &got));
	ck_assert(!thrum__range_claim(&r, 1, 1, &got));
}
END_TEST

START_TEST(epoch_of_another_call_is_refused)
{
	const uint32_t epochs[] = { 1, 3, 0x7fffffff, 0xffffffff };
	struct range r = { 0 };
	struct span got;

	for (int i = 0; i < 4; i++) {
		uint32_t e = epochs[i];
		thrum__range_set(&r, e, 0, MOST);
		for (int j = 0; j < 2; j++) {
			uint32_t other = j ? e + 2 : e - 2;
			ck_assert_uint_eq(thrum__range_left(&r, other), 0);
			ck_assert(!thrum__range_claim(&r, other, 1, &got));
			ck_assert(!thrum__range_steal(&r, other, &got));
			ck_assert(!thrum__range_claim_turn(&r, other));
		}
		ck_assert_uint_eq(thrum__range_left(&r, e), MOST);
		ck_assert(thrum__range_claim(&r, e, 1, &got));
	}
}
END_TEST

START_TEST(turn_is_taken_once_and_never_stolen)
{
	struct range r = { 0 };
	struct span got;

	thrum__range_set_turn(&r, 5);
	ck_assert_uint_eq(thrum__range_left(&r, 5), 0);
	ck_assert(!thrum__range_claim(&r, 5, 1, &got));
	ck_assert(!thrum__range_steal(&r, 5, &got));
	ck_assert(!thrum__range_claim_turn(&r, 7));
	ck_assert(thrum__range_claim_turn(&r, 5));
	ck_assert(!thrum__range_claim_turn(&r, 5));
	/* An empty range is no turn. */
	thrum__range_set(&r, 5, 0, 0);
	ck_assert(!thrum__range_claim_turn(&r, 5));
}
END_TEST

/* As worker.c steals: from another's word to the own, which is empty. */

enum { WORKERS = 3, ROUNDS = 600 };

struct game {
	struct range range[WORKERS];
	pthread_barrier_t start, end;
	_Atomic uint32_t left;
	_Atomic uint32_t wrong; /* for after: ck_assert takes microseconds */
	_Atomic unsigned char ticket[MOST];
	uint32_t plain[MOST]; /* goes with the block: [R1] to [R2] */
	uint32_t epoch;
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
		if (thrum__range_claim(own, g->epoch, 1 + n++ % 5, &got)) {
			punch(g, got);
			continue;
		}
		int victim = (rank + 1 + (int)(n++ % (WORKERS - 1))) % WORKERS;
		if (!thrum__range_steal(&g->range[victim], g->epoch, &got)) {
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

static void deal(struct game *g, uint32_t epoch, uint32_t blocks)
{
	g->epoch = epoch;
	for (uint32_t b = 0; b < blocks; b++) {
		thrum__store(&g->ticket[b], 0, relaxed);
		g->plain[b] = epoch;
	}
	g->left = blocks;
	for (uint32_t r = 0; r < WORKERS; r++)
		thrum__range_set(&g->range[r], epoch, blocks * r / WORKERS,
		                 blocks * (r + 1) / WORKERS);
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
		deal(g, 2 * round + 1, blocks);
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
	tcase_add_test(alone, epoch_of_another_call_is_refused);
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
