/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* feed.c - lib/feed.h under the model checker: each item has one claimant
 *
 * A producer that has at most so many items out, workers that claim and say so.
 * An item is plain memory, written by the producer, read by who claimed it, and
 * written anew by the producer once it is back.
 */
#include "explore.h"

#include "feed.h"

#include <string.h>

enum { ITEMS = 3, DEALS = 2 };

static struct feed feed;
static _Atomic uint64_t deal;
static _Atomic uint32_t state[ITEMS]; /* 0 spare or out, 1 done */
static unsigned item[ITEMS], got[ITEMS]; /* plain: 100 deal + number */
static unsigned bound;

static void prepare(void)
{
	memset(&feed, 0, sizeof feed);
	for (unsigned i = 0; i < ITEMS; i++) {
		thrum__store(&state[i], 0, relaxed);
		item[i] = got[i] = 0;
	}
	thrum__store(&deal, 1, relaxed);
	bound = 1;
	explore_name(&feed.filled, sizeof feed.filled, "filled");
	explore_name(&feed.claimed, sizeof feed.claimed, "claimed");
	explore_name(feed.entry, sizeof feed.entry, "entry");
	explore_name(&deal, sizeof deal, "deal");
	explore_name(state, sizeof state, "state");
	explore_name(item, sizeof item, "item");
	explore_name(got, sizeof got, "got");
}

static void prepare_bound_2(void)
{
	prepare();
	bound = 2;
}

static void await(unsigned i)
{
	while (!thrum__load(&state[i], acquire))
		thrum__pause();
	got[i]++; /* after the worker's */
	explore_check(got[i] == 2, "an item was not worked on exactly once");
}

/* In the order they came, with `bound` of them out. */
static void produce_in_order(void)
{
	for (unsigned i = 0; i < ITEMS; i++) {
		if (i >= bound)
			await(i - bound);
		item[i] = 100 + i;
		thrum__feed_put(&feed, i);
	}
	for (unsigned i = ITEMS - bound; i < ITEMS; i++)
		await(i);
}

static bool work(uint64_t of)
{
	uint32_t i;

	if (!thrum__feed_claim(&feed, &i, &deal, of))
		return false;
	explore_check(i < ITEMS, "an item that there is not");
	explore_check(item[i] == 100 * of + i, "an item of another stream");
	got[i]++;
	thrum__store(&state[i], 1, release);
	return true;
}

static void work_until_all_came(void)
{
	while (thrum__load(&feed.claimed, relaxed) < ITEMS)
		if (!work(1))
			thrum__pause();
}

static void all_claimed(void)
{
	explore_check(feed.filled == ITEMS && feed.claimed == ITEMS,
	              "the counters differ");
}

/* Two streams, one after the other, by one feed: a worker that is late claims
 * nothing of the second for the first. Its items are worked on by the caller. */
static void two_streams(void)
{
	for (unsigned d = 1; d <= DEALS; d++) {
		thrum__store(&deal, d, release);
		item[d] = 100 * d + d;
		thrum__feed_put(&feed, d);
		while (!thrum__load(&state[d], acquire))
			if (!work(d))
				thrum__pause();
	}
}

static void two_looks(void)
{
	uint64_t of = thrum__load(&deal, acquire);

	if (of)
		work(of);
	of = thrum__load(&deal, acquire);
	if (of)
		work(of);
}

static void look_at_first(void)
{
	work(1);
	work(1);
}

static void prepare_streams(void)
{
	prepare();
	thrum__store(&deal, 0, relaxed);
}

/* The ring is full but for one: an entry is written again only when it was
 * claimed, and a claim that comes too late fails. */
static void prepare_full(void)
{
	prepare();
	/* Entry 0 is of number 512, entry 1 of number 1, all of item 0. */
	thrum__store(&feed.claimed, 1, relaxed);
	thrum__store(&feed.filled, THRUM__FEED, relaxed);
}

static void fill(void)
{
	for (unsigned i = 1; i < ITEMS; i++) {
		while (thrum__feed_waiting(&feed) >= THRUM__FEED)
			thrum__pause();
		thrum__feed_put(&feed, i);
	}
}

static void claim_two(void)
{
	uint32_t i = 0;

	for (unsigned k = 0; k < 2; k++) {
		explore_check(thrum__feed_claim(&feed, &i, &deal, 1),
		              "a full feed has nothing");
		explore_check(i == 0, "an entry that was written too early");
	}
}

static void full_again(void)
{
	explore_check(feed.filled - feed.claimed <= THRUM__FEED,
	              "more entries than there is room");
	explore_check(feed.filled == THRUM__FEED + 2, "an entry is missing");
}

/* Who sees an entry taken sees what was done before: its entry was read. */
static unsigned message;

static void prepare_message(void)
{
	prepare();
	message = 0;
}

static void put_and_see(void)
{
	thrum__feed_put(&feed, 0);
	if (thrum__feed_waiting(&feed) == 0)
		explore_check(message == 7, "an entry taken from the future");
}

static void tell_and_claim(void)
{
	uint32_t i;

	message = 7;
	(void)thrum__feed_claim(&feed, &i, &deal, 1);
}

const struct scenario explore_feed[] = {
	{ "feed-bound-1", "Items come to one worker, one out at a time.",
	  prepare, { produce_in_order, work_until_all_came }, all_claimed },
	{ "feed-bound-2", "The same with two out.",
	  prepare_bound_2, { produce_in_order, work_until_all_came },
	  all_claimed },
	{ "feed-two-workers", "Each item goes to one of two workers.",
	  prepare_bound_2, { produce_in_order, work_until_all_came,
	                     work_until_all_came }, all_claimed },
	{ "feed-two-streams", "Who is late claims nothing of the next stream.",
	  prepare_streams, { two_streams, two_looks }, NULL },
	{ "feed-old-deal", "Nor who never hears of it.",
	  prepare_streams, { two_streams, look_at_first }, NULL },
	{ "feed-taken", "Who sees an entry taken sees what was before that.",
	  prepare_message, { put_and_see, tell_and_claim }, NULL },
	{ "feed-full", "An entry is written again only after its claim.",
	  prepare_full, { fill, claim_two }, full_again },
	{ "feed-full-2", "The same against two.",
	  prepare_full, { fill, claim_two, claim_two }, full_again },
	{ 0 },
};
