/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* main.c - the model checker: scenarios, how far, and what came of it
 *
 *   explore                   all; THRUM_TIER=fast or full says how far
 *   explore NAME...           those whose names begin so
 *   explore --list
 *   explore --runs N --seconds S --bound B --random --seed SEED --stop NAME...
 *   explore --jobs N          by so many processes at a time
 *   explore --seed SEED --bound B --replay CHOICES NAME
 *
 * --stop ends at the first that does not come out as it should. The names are tried
 * in the order given, then.
 *
 * Without options each scenario is exhausted as far as the tier lets it, and those
 * that were not, or are too large, are run at random after that, too.
 *
 * Prints a line for each scenario and, where all were run, the figures of promise
 * P1. Exit status 1 if a law was broken, a fault that must be found was not, or a
 * figure was missed.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct scenario *const lists[] = {
	explore_litmus, explore_broken, explore_deque, explore_range,
	explore_park, explore_feed, explore_idle, explore_join,
	explore_call, explore_team, explore_wake, explore_turns, explore_stream,
	explore_outlet, explore_display, explore_steal,
};

static struct {
	uint64_t runs, seed;
	double seconds;
	int bound;
	unsigned jobs;
	bool random, list, stop;
	const char *replay;
	char **names;
	int n_names;
} options = { .seed = 1 };

/* How far a tier goes: for each scenario, and what is asked of all. The fast one by
 * runs alone, so that it does the same on any machine. */
static const struct tier {
	const char *name;
	uint64_t runs, random_runs;
	double seconds, random_seconds;
	uint64_t runs_asked, steps_asked;
} tiers[] = {
	{ "fast", 100000, 5000, 1e9, 1e9, 2000000, 50000000 },
	{ "full", UINT64_MAX, 200000, 60, 20, 20000000, 1000000000 },
};
static const struct tier *tier = &tiers[0];

/* Of all processes, in memory that they share. */
static struct sum {
	_Atomic uint64_t runs, steps;
	_Atomic unsigned wrong, broken, exhausted, exhaustible;
	_Atomic unsigned next; /* scenario to be tried */
	_Atomic unsigned moves; /* see steal.c */
} *sum;

static bool begins(const struct scenario *s, const char *name)
{
	return strncmp(s->name, name, strlen(name)) == 0;
}

static bool wanted(const struct scenario *s)
{
	for (int i = 0; i < options.n_names; i++)
		if (begins(s, options.names[i]))
			return true;
	return options.n_names == 0;
}

/* What was found is found again by its choices. */
static bool repeats(const struct scenario *s, const struct limits *limits,
                    const struct result *r)
{
	struct result again;

	return explore_replay(s, limits, r->choices, false, &again)
	       && again.failed && strcmp(again.what, r->what) == 0;
}

/* Whether it came out as the scenario says. */
static bool as_expected(const struct scenario *s, const struct limits *limits,
                        const struct result *r, char *why, size_t bytes)
{
	why[0] = '\0';
	if (s->fault) {
		if (r->failed && strstr(r->what, s->fault)) {
			if (!repeats(s, limits, r))
				snprintf(why, bytes, "DOES NOT REPEAT ITSELF: %s",
				         r->what);
			return !why[0];
		}
		snprintf(why, bytes, "NOT FOUND: %s; %s", s->fault,
		         r->failed ? r->what : "nothing was");
	} else if (r->failed) {
		snprintf(why, bytes, "%s", r->what);
	} else if (s->outcomes && (!r->exhausted
	                           || r->outcomes != s->outcomes)) {
		snprintf(why, bytes, "outcomes%s %#llx, not %#llx",
		         r->exhausted ? "" : " so far",
		         (unsigned long long)r->outcomes,
		         (unsigned long long)s->outcomes);
	}
	return !why[0];
}

static void show(const struct scenario *s, const struct limits *limits,
                 const struct result *r, const char *how, const char *why)
{
	printf("%-20s %9llu runs, %3llu steps each, %-9s %6.2f s  %s\n", s->name,
	       (unsigned long long)r->runs,
	       (unsigned long long)(r->steps / r->runs), how, r->seconds,
	       why[0] ? why : s->law);
	if (why[0] && r->failed) {
		struct result once;
		printf("  law: %s\n  again: --seed %llu --bound %d --replay %s "
		       "%s\n", s->law, (unsigned long long)limits->seed,
		       s->bound, r->choices, s->name);
		explore_replay(s, limits, r->choices, true, &once);
	}
	fflush(stdout);
}

/* @return whether there is more to see. */
static bool run(const struct scenario *s, const struct limits *limits)
{
	struct result r;
	char why[512];

	explore_scenario(s, limits, &r);
	if (!as_expected(s, limits, &r, why, sizeof why)) {
		sum->wrong++;
		sum->broken += !s->fault && !s->outcomes;
	}
	if (!s->fault) {
		sum->runs += r.runs;
		sum->steps += r.steps;
	}
	if (!s->fault && !limits->random) {
		sum->exhausted += r.exhausted;
		sum->exhaustible++;
	}
	show(s, limits, &r, s->fault && r.failed ? "found" : limits->random ? "random"
	     : r.exhausted ? "exhausted" : "so far", why);
	return !r.exhausted && !r.failed && !limits->random;
}

static struct scenario bounded(const struct scenario *given)
{
	struct scenario s = *given;

	if (options.bound)
		s.bound = options.bound;
	return s;
}

static void run_both_ways(const struct scenario *given)
{
	struct scenario s = bounded(given);
	struct limits limits = {
		.most = options.runs ? options.runs : tier->runs,
		.seconds = options.seconds ? options.seconds : tier->seconds,
		.seed = options.seed, .random = options.random || s.random,
	};

	if (!limits.random && (!run(&s, &limits) || options.runs
	                       || options.seconds))
		return;
	if (!options.runs)
		limits.most = tier->random_runs;
	if (!options.seconds)
		limits.seconds = tier->random_seconds;
	limits.random = true;
	run(&s, &limits);
}

static void list_all(void)
{
	for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
		for (const struct scenario *s = lists[i]; s->name; s++)
			if (wanted(s))
				printf("%-20s %s\n", s->name, s->law);
}

/* The next scenario, and so on. */
static void run_in_turn(void)
{
	unsigned k = 0, mine = sum->next++;

	for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
		for (const struct scenario *s = lists[i]; s->name; s++) {
			if (!wanted(s) || k++ != mine)
				continue;
			run_both_ways(s);
			mine = sum->next++;
		}
}

static void run_all(void)
{
	int status;

	for (unsigned i = 1; i < options.jobs; i++) {
		pid_t child = fork();
		if (child < 0) {
			perror("explore: fork");
			break; /* fewer do as well */
		}
		if (child == 0) {
			run_in_turn();
			_exit(0);
		}
	}
	run_in_turn();
	while (wait(&status) > 0)
		if (status != 0) {
			printf("a process has ended with %#x\n", status);
			sum->wrong++;
		}
}

void explore_note_moves(unsigned moves)
{
	unsigned most = sum->moves;

	while (most < moves
	       && !atomic_compare_exchange_weak(&sum->moves, &most, moves))
		;
}

/* The cheap ones first, as the caller knows them. */
static void run_until_wrong(void)
{
	for (int k = 0; k < options.n_names; k++)
		for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
			for (const struct scenario *s = lists[i]; s->name; s++)
				if (begins(s, options.names[k]) && !sum->wrong)
					run_both_ways(s);
}

static void figure(uint64_t reached, uint64_t asked, bool ok, const char *what)
{
	printf("FIGURE P1 %llu %llu %s %s\n", (unsigned long long)reached,
	       (unsigned long long)asked, ok ? "ok" : "MISSED", what);
	sum->wrong += !ok;
}

static void figures(void)
{
	printf("tier %s, seed %llu; exhausted %u of %u scenarios\n", tier->name,
	       (unsigned long long)options.seed, (unsigned)sum->exhausted,
	       (unsigned)sum->exhaustible);
	figure(sum->runs, tier->runs_asked, sum->runs >= tier->runs_asked,
	       "runs of the library's sources in the model checker");
	figure(sum->steps, tier->steps_asked, sum->steps >= tier->steps_asked,
	       "steps of shared memory in them");
	figure(sum->broken, 0, sum->broken == 0,
	       "runs with a job lost or doubled, a deadlock, a race");
	printf("FIGURE steal %u %u %s lines moved to the thief by a steal, at "
	       "most\n", sum->moves, EXPLORE_MOVES,
	       sum->moves <= EXPLORE_MOVES ? "ok" : "MISSED");
}

/* A run that is known by its choices. */
static bool replay(void)
{
	struct limits limits = { .most = UINT64_MAX, .seed = options.seed,
	                         .random = *options.replay == 'r' };
	struct result r;

	for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
		for (const struct scenario *given = lists[i]; given->name;
		     given++) {
			if (!options.n_names
			    || strcmp(given->name, options.names[0]))
				continue;
			struct scenario s = bounded(given);
			if (!explore_replay(&s, &limits, options.replay, true,
			                    &r))
				return false;
			puts(r.failed ? r.what : "nothing was found");
			return true;
		}
	return false;
}

static bool read_options(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		const char *o = argv[i] + 2;
		if (strcmp(o, "list") == 0) {
			options.list = true;
			continue;
		}
		if (strcmp(o, "random") == 0) {
			options.random = true;
			continue;
		}
		if (strcmp(o, "stop") == 0) {
			options.stop = true;
			continue;
		}
		if (++i == argc)
			return false;
		if (strcmp(o, "runs") == 0)
			options.runs = strtoull(argv[i], NULL, 0);
		else if (strcmp(o, "jobs") == 0)
			options.jobs = (unsigned)strtoul(argv[i], NULL, 0);
		else if (strcmp(o, "seconds") == 0)
			options.seconds = strtod(argv[i], NULL);
		else if (strcmp(o, "bound") == 0)
			options.bound = atoi(argv[i]);
		else if (strcmp(o, "seed") == 0)
			options.seed = strtoull(argv[i], NULL, 0);
		else if (strcmp(o, "replay") == 0)
			options.replay = argv[i];
		else
			return false;
	}
	options.names = argv + i;
	options.n_names = argc - i;
	return true;
}

static void choose_tier(void)
{
	const char *name = getenv("THRUM_TIER");

	if (name && strcmp(name, tiers[1].name) == 0)
		tier = &tiers[1];
}

int main(int argc, char **argv)
{
	sum = mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE,
	           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sum == MAP_FAILED) {
		perror("explore: mmap");
		return 2;
	}
	if (!read_options(argc, argv) || (options.replay && !replay())) {
		fputs("usage: explore [--list] [--jobs N] [--runs N] "
		      "[--seconds S] [--bound B]\n               [--random] [--seed SEED] "
		      "[--stop] [--replay CHOICES] [NAME...]\n", stderr);
		return 2;
	}
	if (options.replay)
		return 0;
	choose_tier();
	if (options.list)
		list_all();
	else if (options.stop)
		run_until_wrong();
	else
		run_all();
	if (!options.list && !options.n_names)
		figures();
	return sum->wrong != 0;
}
