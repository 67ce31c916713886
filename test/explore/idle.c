/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* idle.c - lib/idle.c under the model checker: nobody sleeps past work
 *
 * Workers that search, announce, look again and sleep, as resident.c does, against
 * producers that publish and ring. Overlooked work is a deadlock.
 */
#include "explore.h"

#include "idle.h"
#include "world.h"

enum { JOBS = 2 };

static _Atomic uint32_t jobs, taken;
static unsigned workers;          /* plain: the first threads are workers */
static struct sleeper *sleeper[3];
static unsigned woke[3];

static void prepare(unsigned n)
{
	world_prepare(n < 2 ? 2 : n, 1);
	thrum__store(&jobs, 0, relaxed);
	thrum__store(&taken, 0, relaxed);
	workers = n;
	for (unsigned i = 0; i < n; i++)
		sleeper[i] = &world.worker[i].home;
	woke[0] = woke[1] = woke[2] = 0;
	explore_name(&jobs, sizeof jobs, "jobs");
	explore_name(&taken, sizeof taken, "taken");
}

static void prepare_1(void)
{
	prepare(1);
}

static void prepare_2(void)
{
	prepare(2);
}

static bool take_job(void)
{
	uint32_t n = thrum__load(&jobs, relaxed);

	while (n > 0)
		if (thrum__cas(&jobs, &n, n - 1, acquire)) {
			thrum__add(&taken, 1, acq_rel);
			return true;
		}
	return false;
}

static void wake_all(void)
{
	for (unsigned i = 0; i < workers; i++)
		if (i != explore_self())
			(void)thrum__idle_wake(&world, sleeper[i]);
}

static bool wake_one(void)
{
	for (unsigned i = 0; i < workers; i++)
		if (thrum__idle_wake(&world, sleeper[i]))
			return true;
	return false;
}

/* Until all jobs are taken; whoever takes the last says so. */
static void work(void)
{
	struct sleeper *s = sleeper[explore_self()];

	for (;;) {
		uint32_t seen = thrum__idle_seen(&world);
		if (thrum__load(&world.stop, relaxed))
			return;
		if (take_job()) {
			if (thrum__load(&taken, relaxed) < JOBS)
				continue;
			thrum__store(&world.stop, 1, relaxed);
			(void)thrum__idle_ring(&world);
			wake_all();
			return;
		}
		thrum__idle_announce(&world, s);
		if (thrum__idle_seen(&world) != seen
		    || thrum__load(&world.stop, relaxed))
			thrum__idle_cancel(&world, s);
		else
			thrum__idle_sleep(&world, s, -1);
	}
}

static void produce(void)
{
	for (unsigned i = 0; i < JOBS; i++) {
		thrum__add(&jobs, 1, release);
		if (thrum__idle_ring(&world))
			wake_one();
	}
}

static void produce_one(void)
{
	thrum__add(&jobs, 1, release);
	if (thrum__idle_ring(&world))
		wake_one();
}

static void all_taken(void)
{
	explore_check(thrum__load(&taken, relaxed) == JOBS, "a job was lost");
	world_check_awake();
}

/* A worker that looks for stop alone, and the end of a pool. */
static void rest_until_stop(void)
{
	struct sleeper *s = sleeper[explore_self()];

	while (!thrum__load(&world.stop, relaxed)) {
		uint32_t seen = thrum__idle_seen(&world);
		if (thrum__load(&world.stop, relaxed))
			break;
		thrum__idle_announce(&world, s);
		if (thrum__idle_seen(&world) != seen
		    || thrum__load(&world.stop, relaxed))
			thrum__idle_cancel(&world, s);
		else
			thrum__idle_sleep(&world, s, -1);
	}
}

/* A sleep with an end: called or not, it ends once, and so does the call. */
static void sleep_for_a_while(void)
{
	thrum__idle_announce(&world, sleeper[0]);
	thrum__idle_sleep(&world, sleeper[0], 1000);
	thrum__idle_announce(&world, sleeper[0]);
	thrum__idle_cancel(&world, sleeper[0]);
}

static void wake_twice(void)
{
	for (unsigned i = 0; i < 2; i++)
		if (thrum__idle_wake(&world, sleeper[0]))
			woke[explore_self()]++;
}

static void sleep_ended(void)
{
	world_check_awake();
	explore_check(thrum__load(&sleeper[0]->parker.token, relaxed) == 0,
	              "a call was left over");
	explore_check(woke[1] + woke[2] <= 2, "more calls than sleeps");
}

/* What was written before the bell is there after it. */
static unsigned message;

static void prepare_message(void)
{
	prepare(1);
	message = 0;
}

static void send(void)
{
	message = 7;
	(void)thrum__idle_ring(&world);
}

static void receive(void)
{
	if (thrum__idle_seen(&world) != 0)
		explore_check(message == 7, "a bell without what it tells of");
}

/* So does the count of a call. */
static void publish_call(void)
{
	struct team *t = thrum__load(&world.team[0], relaxed);

	message = 7;
	thrum__team_publish(t, thrum__deal_pack(1, 0, 1));
}

/* Who sees that one sleeps sees what it did before. */
static void tell_and_announce(void)
{
	message = 7;
	thrum__idle_announce(&world, sleeper[0]);
	thrum__idle_cancel(&world, sleeper[0]);
}

static void see_asleep(void)
{
	if (thrum__load(&sleeper[0]->rest, acquire) == REST_PARKED)
		explore_check(message == 7, "a sleeper without its past");
}

/* So does who wakes it. */
static void tell_and_sleep(void)
{
	message = 7;
	thrum__idle_announce(&world, sleeper[0]);
	thrum__idle_sleep(&world, sleeper[0], 1000);
}

static void wake_and_see(void)
{
	if (thrum__idle_wake(&world, sleeper[0]))
		explore_check(message == 7, "who was woken has no past");
}

const struct scenario explore_idle[] = {
	{ "idle-one-worker", "No job is left while the only worker sleeps.",
	  prepare_1, { work, produce }, all_taken, .spurious = true },
	{ "idle-two-workers", "No job is left while two workers sleep.",
	  prepare_2, { work, work, produce }, all_taken },
	{ "idle-two-producers", "Nor where two ring at once.",
	  prepare_1, { work, produce_one, produce_one }, all_taken },
	{ "idle-stop", "Who sleeps, or is about to, hears of the end.",
	  prepare_2, { rest_until_stop, rest_until_stop, world_end },
	  world_check_awake },
	{ "idle-timeout", "A call that meets the end of a sleep is taken once.",
	  prepare_1, { sleep_for_a_while, wake_twice }, sleep_ended,
	  .spurious = true },
	{ "idle-two-wakers", "Of two that wake one sleeper, one does.",
	  prepare_1, { sleep_for_a_while, wake_twice, wake_twice },
	  sleep_ended },
	{ "idle-called", "So does the count of a call.",
	  prepare_message, { receive, publish_call }, NULL },
	{ "idle-asleep", "Who sees a sleeper sees what it did before.",
	  prepare_message, { tell_and_announce, see_asleep }, NULL },
	{ "idle-woken", "So does who wakes it.",
	  prepare_message, { tell_and_sleep, wake_and_see }, NULL },
	{ "idle-message", "The bell brings what was written before.",
	  prepare_message, { receive, send }, NULL },
	{ 0 },
};
