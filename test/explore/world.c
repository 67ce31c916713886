/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* world.c - a pool for the model checker: places, a team, threads that are there */
#include "explore.h"

#include "world.h"

#include "affinity.h"
#include "entry.h"
#include "idle.h"
#include "machine.h"
#include "progress.h"

#include <string.h>

enum { PLACES = 5, TEAMS = 2 };

struct thrum_pool world;

static struct worker workers[PLACES], guests[TEAMS];
static struct team teams[TEAMS];
static struct seat seats[TEAMS][PLACES + 1];
static _Atomic uint16_t ranks[TEAMS][PLACES + 1], members[TEAMS][PLACES + 1];
static uint16_t orders[PLACES][2 * PLACES + 1];
static _Atomic uint32_t met;
static struct parker meeting[EXPLORE_THREADS];
static unsigned without_order; /* a bit per thread */
static unsigned most_teams; /* that may be made */
static const struct machine machine = { .ncores = PLACES };

static void prepare_worker(struct worker *w, uint32_t id)
{
	memset(w, 0, sizeof *w);
	w->pool = &world;
	w->id = id;
	w->node = -1;
	w->home.stats = &w->at_home;
	w->seat.stats = &w->at_seat;
	thrum__deque_prepare(&w->deque);
}

/* One group: the place itself, then those behind it, and around. */
static void prepare_order(unsigned place, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		orders[place][i] = (uint16_t)((place + i) % n);
	orders[place][n] = 1;
	orders[place][n + 1] = (uint16_t)n;
}

static void init_team(unsigned i, unsigned places)
{
	struct team *t = &teams[i];

	memset(t, 0, sizeof *t);
	memset(seats[i], 0, sizeof seats[i]);
	memset((void *)members[i], 0, sizeof members[i]);
	t->pool = &world;
	t->number = i;
	t->guest = &guests[i];
	t->seat = seats[i];
	t->rank = ranks[i];
	t->member = members[i];
	for (unsigned p = 0; p < places; p++)
		thrum__store(&t->rank[p], THRUM__NO_RANK, relaxed);
	prepare_worker(&guests[i], places + i);
}

static void name_places(void)
{
	static const char *const home[] = { "home[0]", "home[1]", "home[2]",
		                            "home[3]", "home[4]" };
	static const char *const seat[] = { "seat[0]", "seat[1]", "seat[2]",
		                            "seat[3]", "seat[4]" };
	static const char *const word[] = { "word[0]", "word[1]", "word[2]",
		                            "word[3]", "word[4]" };

	for (unsigned i = 0; i < world.places; i++) {
		explore_name(&workers[i].home, sizeof workers[i].home, home[i]);
		explore_name(&workers[i].seat, sizeof workers[i].seat, seat[i]);
		explore_name(&workers[i].deque.word, sizeof(uint64_t), word[i]);
		explore_name(&workers[i].serving, sizeof(uint64_t), "serving");
		explore_name(&workers[i].leaper, sizeof(uint32_t), "leaper");
		explore_name(&workers[i].taken, sizeof(uint32_t), "taken");
		explore_name(&seats[0][i].range, sizeof(uint64_t), "range");
		explore_name(&seats[0][i].done.word, sizeof(uint64_t), "done");
	}
	explore_name(&world.bell, sizeof world.bell, "bell");
	explore_name(&world.resting, sizeof world.resting, "resting");
	explore_name(&world.stop, sizeof world.stop, "stop");
	explore_name(&teams[0].deal, sizeof teams[0].deal, "deal");
	explore_name(&teams[0].busy, sizeof teams[0].busy, "busy");
	explore_name(&teams[0].call, sizeof teams[0].call, "call");
	explore_name(ranks[0], sizeof ranks[0], "rank");
}

void world_prepare(unsigned places, unsigned n_teams)
{
	memset(&world, 0, sizeof world);
	thrum__store(&met, 0, relaxed);
	without_order = 0;
	memset(meeting, 0, sizeof meeting);
	most_teams = n_teams ? n_teams : 1;
	world.worker = workers;
	world.places = places;
	world.size = (int)places;
	world.plan.machine = &machine;
	world.bind = THRUM_BIND_NONE;
	for (unsigned p = 0; p < places; p++) {
		prepare_worker(&workers[p], p);
		prepare_order(p, places);
	}
	for (unsigned i = 0; i < n_teams; i++) {
		init_team(i, places);
		thrum__store(&world.team[i], &teams[i], relaxed);
	}
	thrum__store(&world.teams, n_teams, relaxed);
	name_places();
}

void world_resident(void)
{
	thrum__worker_main(&workers[explore_self()]);
}

void world_end(void)
{
	thrum__pool_end_threads(&world);
}

void world_more_teams(unsigned n)
{
	most_teams = n;
}

void world_without_order(unsigned thread)
{
	without_order |= 1u << thread;
}

void world_meet(unsigned n)
{
	if (n == 0)
		return;
	if ((thrum__add(&met, 1, acq_rel) + 1) % n != 0) {
		thrum__parker_park(&meeting[explore_self()]);
		return;
	}
	for (unsigned i = 0; i < EXPLORE_THREADS; i++)
		if (i != explore_self())
			thrum__parker_unpark(&meeting[i]);
}

void world_check_awake(void)
{
	explore_check(thrum__load(&world.resting, relaxed) == 0,
	              "somebody is counted as asleep");
	for (unsigned i = 0; i < world.places; i++) {
		struct worker *w = &workers[i];
		explore_check(thrum__load(&w->home.rest, relaxed) != REST_PARKED
		              && thrum__load(&w->seat.rest, relaxed)
		                 != REST_PARKED, "somebody is marked as asleep");
		explore_check(thrum__load(&w->home.parker.token, relaxed) != 2,
		              "a parker is left asleep");
		explore_check(thrum__load(&w->taken, relaxed) == PLACE_FREE,
		              "a place is still taken");
	}
	for (unsigned i = 0; i < thrum__load(&world.teams, relaxed); i++)
		explore_check(!thrum__load(&teams[i].busy, relaxed),
		              "a team is still taken");
}

/* pool.c and thread.c */

/* Made by one caller at a time; others would wait for the lock. */
struct team *thrum__pool_team(struct thrum_pool *pool, uint32_t number)
{
	if (number < thrum__load(&pool->teams, acquire))
		return thrum__load(&pool->team[number], relaxed);
	if (number >= most_teams)
		return NULL;
	init_team(number, pool->places);
	thrum__store(&pool->team[number], &teams[number], release);
	thrum__store(&pool->teams, number + 1, release);
	return &teams[number];
}

const uint16_t *thrum__pool_order(struct thrum_pool *pool, uint32_t place)
{
	(void)pool;
	return without_order & 1u << explore_self() ? NULL : orders[place];
}

bool thrum__pool_start(struct worker *w)
{
	(void)w;
	return false; /* it was */
}

void thrum__pool_settle(struct worker *w)
{
	(void)w;
}

void thrum__pool_end_threads(struct thrum_pool *pool)
{
	thrum__store(&pool->stop, 1, relaxed);
	(void)thrum__idle_ring(pool);
	for (uint32_t p = 0; p < pool->places; p++)
		(void)thrum__idle_wake(pool, &pool->worker[p].home);
}

/* The machine: a thread is on the core of its number. */

int thrum__affinity_cpu(void)
{
	return (int)explore_self();
}

int thrum__plan_place_of_cpu(const struct plan *plan, int cpu)
{
	(void)plan;
	return cpu < (int)world.places ? cpu : -1;
}

int thrum__affinity_bind(const int *pu, int npus)
{
	(void)pu, (void)npus;
	return 0;
}

int thrum__affinity_save(struct affinity_saved *saved)
{
	(void)saved;
	return -1;
}

int thrum__affinity_restore(const struct affinity_saved *saved)
{
	(void)saved;
	return 0;
}

bool thrum__machine_complete(void)
{
	return false;
}

/* Entry: nothing is watched or reported. */

int thrum__entry_begin(struct entry *e, thrum_pool *pool, uint64_t jobs,
                       const thrum_opts *opts, unsigned takes, int rc)
{
	(void)jobs, (void)takes;
	memset(e, 0, offsetof(struct entry, crew));
	e->call.pool = pool;
	e->call.fpenv = thrum__fpenv_get();
	e->call.n_jobs = pool->size;
	if (opts) {
		e->opts = *opts;
		e->call.flags = opts->flags;
	}
	return rc;
}

int thrum__entry_end(struct entry *e, uint64_t jobs, const struct tally *tally)
{
	(void)e, (void)jobs;
	return tally->failed ? tally->error_code : 0;
}

int thrum__entry_abandon(struct entry *e, uint64_t jobs,
                         const struct tally *tally, int code)
{
	(void)e, (void)jobs, (void)tally;
	return code;
}

void thrum__progress_pulled(struct progress *p, uint64_t n)
{
	(void)p, (void)n;
}

void thrum__progress_total(struct progress *p, uint64_t n)
{
	(void)p, (void)n;
}

void thrum__scratch_free(struct scratch *s)
{
	(void)s;
}
