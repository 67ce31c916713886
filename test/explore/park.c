/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* park.c - lib/park.c under the model checker: no call is lost
 *
 * The futex below it is that of system.c, which compares and queues in one step,
 * may return for no reason, and times out whenever that is worst.
 */
#include "explore.h"

#include "park.h"

static struct parker parker;
static _Atomic uint32_t said;
static unsigned message[2]; /* plain: what the call is about */

static void prepare(void)
{
	parker = (struct parker){ 0 };
	thrum__store(&said, 0, relaxed);
	message[0] = message[1] = 0;
	explore_name(&parker, sizeof parker, "parker");
	explore_name(message, sizeof message, "message");
}

static void call(void)
{
	message[explore_self() - 1] = 1;
	thrum__parker_unpark(&parker);
}

static void park_once(void)
{
	thrum__parker_park(&parker);
	explore_check(message[0] == 1, "a park returned without its call");
}

static void park_for_two(void)
{
	while (thrum__load(&said, acquire) != 2)
		thrum__parker_park(&parker);
	explore_check(message[0] && message[1], "a message is missing");
}

static void say_and_call(void)
{
	message[explore_self() - 1] = 1;
	thrum__add(&said, 1, release);
	thrum__parker_unpark(&parker);
}

/* Called, or out of time; what was called then is left for the next park. */
static void park_in_time(void)
{
	if (!thrum__parker_park_for(&parker, 1000))
		thrum__parker_park(&parker);
	explore_check(message[0] == 1, "a call was lost at the end of the time");
}

/* As the frame of a stream: the parker's memory stays, the message does not. */
static void park_and_leave(void)
{
	thrum__parker_park(&parker);
	explore_check(message[0] == 1, "a park returned without its call");
	explore_dead(message, sizeof message);
}

static void call_twice(void)
{
	message[0] = 1;
	thrum__parker_unpark(&parker);
	thrum__parker_unpark(&parker);
}

static void awake_or_called(void)
{
	explore_check(thrum__load(&parker.token, relaxed) <= 1,
	              "the parker is left asleep");
}

const struct scenario explore_park[] = {
	{ "park-call", "A call before, while or after one falls asleep wakes.",
	  prepare, { park_once, call }, awake_or_called, .spurious = true },
	{ "park-two-callers", "Of two that call, none is overlooked.",
	  prepare, { park_for_two, say_and_call, say_and_call },
	  awake_or_called, .spurious = true, .bound = 3 },
	{ "park-timeout", "A call that meets the end of the time is not lost.",
	  prepare, { park_in_time, call }, awake_or_called, .spurious = true },
	{ "park-leave", "What a call is about may be gone when it returns.",
	  prepare, { park_and_leave, call_twice }, awake_or_called },
	{ 0 },
};
