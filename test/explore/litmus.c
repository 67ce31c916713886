/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* litmus.c - what the memory model of the checker allows, and what it does not
 *
 * The usual small programs, under the names they have in the literature (Alglave,
 * Maranget, Tautschnig, "Herding cats", TOPLAS 2014), in C11. For each the set of
 * outcomes that C11 allows, but for load buffering: all of them must be seen, and
 * no other. Outcome r0 + 2 r1 + 4 r2 + 8 r3 of the registers.
 */
#include "explore.h"

#include <stdatomic.h>

static _Atomic unsigned x, y;
static unsigned r[4], plain;

static void prepare(void)
{
	atomic_init(&x, 0);
	atomic_init(&y, 0);
	r[0] = r[1] = r[2] = r[3] = plain = 0;
	explore_name(&x, sizeof x, "x");
	explore_name(&y, sizeof y, "y");
	explore_name(&plain, sizeof plain, "plain");
}

static void finish(void)
{
	explore_outcome(r[0] + 2 * r[1] + 4 * r[2] + 8 * r[3]);
}

static void finish_final(void)
{
	/* 2+2W: the values 1, 2 as 0, 1. */
	explore_outcome((atomic_load(&x) - 1) + 2 * (atomic_load(&y) - 1));
}

#define set(p, v, o) atomic_store_explicit(p, v, memory_order_##o)
#define get(p, o) atomic_load_explicit(p, memory_order_##o)
#define fence(o) atomic_thread_fence(memory_order_##o)

/* A thread of the program NAME. */
#define THREAD(name, ...) static void name(void) { __VA_ARGS__ }

THREAD(sb_0, set(&x, 1, relaxed); r[0] = get(&y, relaxed);)
THREAD(sb_1, set(&y, 1, relaxed); r[1] = get(&x, relaxed);)
THREAD(sb_ra_0, set(&x, 1, release); r[0] = get(&y, acquire);)
THREAD(sb_ra_1, set(&y, 1, release); r[1] = get(&x, acquire);)
THREAD(sb_sc_0, set(&x, 1, seq_cst); r[0] = get(&y, seq_cst);)
THREAD(sb_sc_1, set(&y, 1, seq_cst); r[1] = get(&x, seq_cst);)
THREAD(sb_f_0, set(&x, 1, relaxed); fence(seq_cst); r[0] = get(&y, relaxed);)
THREAD(sb_f_1, set(&y, 1, relaxed); fence(seq_cst); r[1] = get(&x, relaxed);)

THREAD(mp_0, set(&x, 1, relaxed); set(&y, 1, relaxed);)
THREAD(mp_1, r[0] = get(&y, relaxed); r[1] = get(&x, relaxed);)
THREAD(mp_rel, set(&x, 1, relaxed); set(&y, 1, release);)
THREAD(mp_acq, r[0] = get(&y, acquire); r[1] = get(&x, relaxed);)
THREAD(mp_rel_f, set(&x, 1, relaxed); fence(release); set(&y, 1, relaxed);)
THREAD(mp_acq_f, r[0] = get(&y, relaxed); fence(acquire);
       r[1] = get(&x, relaxed);)
THREAD(mp_plain_0, plain = 1; set(&y, 1, release);)
THREAD(mp_plain_1, if (get(&y, acquire)) r[0] = plain;)
THREAD(mp_race_0, plain = 1; set(&y, 1, relaxed);)

THREAD(lb_0, r[0] = get(&x, relaxed); set(&y, 1, relaxed);)
THREAD(lb_1, r[1] = get(&y, relaxed); set(&x, 1, relaxed);)

THREAD(one_x, set(&x, 1, relaxed);)
THREAD(one_y, set(&y, 1, relaxed);)
THREAD(rel_x, set(&x, 1, release);)
THREAD(rel_y, set(&y, 1, release);)
THREAD(iriw_0, r[0] = get(&x, acquire); r[1] = get(&y, acquire);)
THREAD(iriw_1, r[2] = get(&y, acquire); r[3] = get(&x, acquire);)
THREAD(iriw_f_0, r[0] = get(&x, relaxed); fence(seq_cst);
       r[1] = get(&y, relaxed);)
THREAD(iriw_f_1, r[2] = get(&y, relaxed); fence(seq_cst);
       r[3] = get(&x, relaxed);)

THREAD(corr, r[0] = get(&x, relaxed); r[1] = get(&x, relaxed);)

THREAD(w22_0, set(&x, 1, relaxed); set(&y, 2, relaxed);)
THREAD(w22_1, set(&y, 1, relaxed); set(&x, 2, relaxed);)
THREAD(w22_f_0, set(&x, 1, relaxed); fence(seq_cst); set(&y, 2, relaxed);)
THREAD(w22_f_1, set(&y, 1, relaxed); fence(seq_cst); set(&x, 2, relaxed);)

/* A release sequence: another thread's read-modify-write carries it on, its
 * relaxed store does not. */
THREAD(rs_0, plain = 1; set(&y, 1, release);)
THREAD(rs_add, if (get(&y, relaxed) == 1)
	atomic_fetch_add_explicit(&y, 1, memory_order_relaxed);)
THREAD(rs_set, if (get(&y, relaxed) == 1) set(&y, 2, relaxed);)
THREAD(rs_2, if (get(&y, acquire) == 2) r[0] = plain;)

THREAD(add, atomic_fetch_add_explicit(&x, 1, memory_order_relaxed);)
static void added(void)
{
	explore_check(atomic_load(&x) == 2, "an addition was lost");
}

/* Write to read causality: what thread 1 has seen goes on to thread 2. */
THREAD(wrc_1, if (get(&x, acquire)) set(&y, 1, release);)
THREAD(wrc_2, r[0] = get(&y, acquire); r[1] = get(&x, relaxed);)

#define ALL4 0xf

const struct scenario explore_litmus[] = {
	{ "litmus-sb", "Store buffering: both may read 0.",
	  prepare, { sb_0, sb_1 }, finish, .outcomes = ALL4 },
	{ "litmus-sb-ra", "Release and acquire do not prevent it.",
	  prepare, { sb_ra_0, sb_ra_1 }, finish, .outcomes = ALL4 },
	{ "litmus-sb-sc", "Seq_cst accesses do, where they are fences.",
	  prepare, { sb_sc_0, sb_sc_1 }, finish, .outcomes = ALL4 & ~1 },
	{ "litmus-sb-sc-weak", "They do not where they are acq_rel only.",
	  prepare, { sb_sc_0, sb_sc_1 }, finish, .outcomes = ALL4,
	  .accesses_weak = true },
	{ "litmus-sb-fences", "Seq_cst fences prevent it.",
	  prepare, { sb_f_0, sb_f_1 }, finish, .outcomes = ALL4 & ~1 },
	{ "litmus-sb-one-fence", "One fence alone does not.",
	  prepare, { sb_f_0, sb_1 }, finish, .outcomes = ALL4 },
	{ "litmus-mp", "Message passing, relaxed: flag without message.",
	  prepare, { mp_0, mp_1 }, finish, .outcomes = ALL4 },
	{ "litmus-mp-rel-acq", "Release and acquire bring the message.",
	  prepare, { mp_rel, mp_acq }, finish, .outcomes = ALL4 & ~2 },
	{ "litmus-mp-rel-only", "Release alone does not.",
	  prepare, { mp_rel, mp_1 }, finish, .outcomes = ALL4 },
	{ "litmus-mp-fences", "Fences bring it as well.",
	  prepare, { mp_rel_f, mp_acq_f }, finish, .outcomes = ALL4 & ~2 },
	{ "litmus-mp-plain", "What is released is no race.",
	  prepare, { mp_plain_0, mp_plain_1 }, finish, .outcomes = 3 },
	{ "litmus-mp-race", "What is not released is one.",
	  prepare, { mp_race_0, mp_plain_1 }, finish, .fault = "data race" },
	{ "litmus-lb", "Load buffering is left out.",
	  prepare, { lb_0, lb_1 }, finish, .outcomes = ALL4 & ~8 },
	{ "litmus-iriw", "Two readers may disagree on the order of writes.",
	  prepare, { rel_x, rel_y, iriw_0, iriw_1 }, finish, .outcomes = 0xffff,
	  .bound = 3 },
	{ "litmus-iriw-fences", "With seq_cst fences they do not.",
	  prepare, { one_x, one_y, iriw_f_0, iriw_f_1 }, finish,
	  .outcomes = 0xffff & ~(1 << 5), .bound = 3 },
	{ "litmus-corr", "Nobody reads backwards.",
	  prepare, { one_x, corr }, finish, .outcomes = ALL4 & ~2 },
	{ "litmus-2+2w", "Two writers: each may come before the other.",
	  prepare, { w22_0, w22_1 }, finish_final, .outcomes = ALL4 },
	{ "litmus-2+2w-fences", "Not so with fences.",
	  prepare, { w22_f_0, w22_f_1 }, finish_final,
	  .outcomes = ALL4 & ~1 },
	{ "litmus-wrc", "What was seen is passed on.",
	  prepare, { rel_x, wrc_1, wrc_2 }, finish, .outcomes = ALL4 & ~2 },
	{ "litmus-sequence", "A read-modify-write carries a release on.",
	  prepare, { rs_0, rs_add, rs_2 }, finish, .outcomes = 3 },
	{ "litmus-sequence-ends", "A relaxed store of another does not.",
	  prepare, { rs_0, rs_set, rs_2 }, finish, .fault = "data race" },
	{ "litmus-add", "No addition is lost.",
	  prepare, { add, add }, added },
	{ 0 },
};
