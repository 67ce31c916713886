/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* broken.c - toys that are wrong, each in a way of its own: the checker says so
 *
 * A checker that finds nothing may be one that cannot find. For each kind of
 * report there is one here that must come.
 */
#include "explore.h"

#include "atomics.h"
#include "policy.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint32_t flag, other, turn;
static unsigned frame, count;

static void prepare(void)
{
	atomic_init(&flag, 0);
	atomic_init(&other, 0);
	atomic_init(&turn, 0);
	frame = 7;
	count = 0;
	explore_name(&flag, sizeof flag, "flag");
	explore_name(&other, sizeof other, "other");
	explore_name(&turn, sizeof turn, "turn");
	explore_name(&frame, sizeof frame, "frame");
	explore_name(&count, sizeof count, "count");
}

static void wait(_Atomic uint32_t *word, uint32_t while_it_is)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_it_is, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Looks before it sleeps, but does not tell the futex what it saw. */
static void sleep_without_look(void)
{
	if (thrum__load(&flag, acquire) == 0) {
		thrum__store(&other, 1, relaxed);
		wait(&other, 1);
	}
}

static void raise_and_wake(void)
{
	thrum__store(&flag, 1, release);
	wake(&other);
}

/* The two halves of idle.h without their fences. */
static void publish_without_fence(void)
{
	thrum__store(&flag, 1, relaxed);
	if (thrum__load(&other, relaxed)) {
		thrum__store(&other, 0, relaxed);
		wake(&other);
	}
}

static void announce_without_fence(void)
{
	thrum__store(&other, 1, relaxed);
	if (!thrum__load(&flag, relaxed))
		wait(&other, 1);
}

/* Sets a latch, and looks at the frame that it lies in. */
static void set_then_touch(void)
{
	thrum__store(&flag, 1, release);
	count = frame;
}

static void await_then_leave(void)
{
	while (!thrum__load(&flag, acquire))
		thrum__pause();
	explore_dead(&frame, sizeof frame);
}

static void set_then_touch_late(void)
{
	thrum__store(&flag, 1, release);
	/* It has seen the end of the frame: no race, but an error. */
	if (thrum__load(&other, acquire))
		count = frame;
}

static void leave_and_say_so(void)
{
	if (!thrum__load(&flag, acquire))
		return;
	explore_dead(&frame, sizeof frame);
	thrum__store(&other, 1, release);
}

/* Peterson's lock with relaxed accesses, and Dekker's question. */
static void lock_relaxed(void)
{
	_Atomic uint32_t *mine = explore_self() ? &other : &flag;
	_Atomic uint32_t *theirs = explore_self() ? &flag : &other;

	thrum__store(mine, 1, relaxed);
	if (!thrum__load(theirs, relaxed))
		count++;
}

static void add_by_load_and_store(void)
{
	thrum__store(&turn, thrum__load(&turn, relaxed) + 1, relaxed);
}

static void both_added(void)
{
	explore_check(thrum__load(&turn, relaxed) == 2, "an addition was lost");
}

static void await_the_other(void)
{
	while (thrum__load(&turn, acquire) != 1 + explore_self())
		thrum__pause();
}

/* Gives up after as many rounds as the longest loop of the library that does: must
 * be seen to, though the other has not come. */
static void give_up(void)
{
	for (unsigned i = 0; i < thrum__policy_linger(); i++) {
		if (thrum__load(&flag, acquire))
			return;
		thrum__pause();
	}
	explore_check(thrum__load(&flag, relaxed) || !thrum__load(&other, relaxed),
	              "gave up between the two");
}

static void raise_late(void)
{
	thrum__store(&other, 1, release);
	thrum__store(&flag, 1, release);
}

/* Right: what a checker must let pass. */
static void lock_fenced(void)
{
	_Atomic uint32_t *mine = explore_self() ? &other : &flag;
	_Atomic uint32_t *theirs = explore_self() ? &flag : &other;

	thrum__store(mine, 1, relaxed);
	thrum__fence_seq_cst();
	if (!thrum__load(theirs, relaxed))
		count++;
}

static void swap_lock(void)
{
	while (thrum__swap(&turn, 1, acquire))
		thrum__pause();
	count++;
	thrum__store(&turn, 0, release);
}

static void counted_twice(void)
{
	explore_check(count == 2, "the lock let both in");
}

const struct scenario explore_broken[] = {
	{ "broken-lost-wakeup", "A sleep that does not look again is a deadlock.",
	  prepare, { sleep_without_look, raise_and_wake }, NULL,
	  .fault = "deadlock" },
	{ "broken-no-fences", "Neither is one whose look is not fenced.",
	  prepare, { announce_without_fence, publish_without_fence }, NULL,
	  .fault = "deadlock" },
	{ "broken-late-touch", "A latch that is set may be gone: a race.",
	  prepare, { await_then_leave, set_then_touch }, NULL,
	  .fault = "data race" },
	{ "broken-use-after-end", "What is gone is gone, though one knows.",
	  prepare, { leave_and_say_so, set_then_touch_late }, NULL,
	  .fault = "use after the end" },
	{ "broken-lock", "Relaxed accesses make no lock.",
	  prepare, { lock_relaxed, lock_relaxed }, NULL, .fault = "data race" },
	{ "broken-add", "A load and a store are no addition.",
	  prepare, { add_by_load_and_store, add_by_load_and_store }, both_added,
	  .fault = "an addition was lost" },
	{ "broken-livelock", "Two that wait for each other do not end.",
	  prepare, { await_the_other, await_the_other }, NULL,
	  .fault = "livelock" },
	{ "broken-haste", "Who gives up may do so at any time.",
	  prepare, { give_up, raise_late }, NULL, .fault = "gave up" },
	{ "right-lock", "Fenced, one of the two stays out.",
	  prepare, { lock_fenced, lock_fenced }, NULL },
	{ "right-swap-lock", "A lock by exchange lets one in at a time.",
	  prepare, { swap_lock, swap_lock }, counted_twice },
	{ 0 },
};
