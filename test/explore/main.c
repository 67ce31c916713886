/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* main.c - the model checker: scenarios, how far, and what came of it
 *
 *   explore                   all; THRUM_TIER=fast or full says how far
 *   explore NAME...           those whose names begin so
 *   explore --list
 *   explore --runs N --seconds S --bound B --random --seed SEED NAME...
 *   explore --replay CHOICES NAME
 *
 * Prints a line for each scenario and the figures of promise P1. Exit status 1 if
 * a law was broken, or a fault that must be found was not.
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scenario *const lists[] = {
	explore_litmus, explore_broken, explore_deque,
};

static struct {
	uint64_t runs, seed;
	double seconds;
	int bound;
	bool random, list, quiet;
	const char *replay;
	char **names;
	int n_names;
} options = { .seed = 1, .seconds = 1e9, .runs = UINT64_MAX };

static struct { uint64_t runs, steps; unsigned wrong, broken, open; } sum;

static bool wanted(const struct scenario *s)
{
	for (int i = 0; i < options.n_names; i++)
		if (strncmp(s->name, options.names[i],
		            strlen(options.names[i])) == 0)
			return true;
	return options.n_names == 0;
}

/* Whether it came out as the scenario says. */
static bool as_expected(const struct scenario *s, const struct result *r,
                        char *why, size_t bytes)
{
	why[0] = '\0';
	if (s->fault) {
		if (r->failed && strstr(r->what, s->fault))
			return true;
		snprintf(why, bytes, "NOT FOUND: %s; %s", s->fault,
		         r->failed ? r->what : "nothing was");
	} else if (r->failed) {
		snprintf(why, bytes, "%s", r->what);
	} else if (s->outcomes && r->exhausted && r->outcomes != s->outcomes) {
		snprintf(why, bytes, "outcomes %#llx, not %#llx",
		         (unsigned long long)r->outcomes,
		         (unsigned long long)s->outcomes);
	}
	return !why[0];
}

static void show(const struct scenario *s, const struct result *r,
                 const char *why)
{
	printf("%-28s %10llu runs %s %6.2f s  %s\n", s->name,
	       (unsigned long long)r->runs,
	       s->fault && r->failed ? "found    "
	       : r->exhausted ? "exhausted" : "so far   ", r->seconds,
	       why[0] ? why : s->law);
	if (why[0] && r->failed) {
		printf("  law: %s\n  again: --replay %s %s\n", s->law,
		       r->choices, s->name);
		struct result once;
		explore_replay(s, r->choices, &once);
	}
	fflush(stdout);
}

static void run(const struct scenario *given, const struct limits *limits)
{
	struct scenario s = *given;
	struct result r;
	char why[512];

	if (options.bound)
		s.bound = options.bound;
	explore_scenario(&s, limits, &r);
	if (!as_expected(&s, &r, why, sizeof why)) {
		sum.wrong++;
		sum.broken += !s.fault && !s.outcomes;
	}
	if (!s.fault) {
		sum.runs += r.runs;
		sum.steps += r.steps;
		sum.open += !r.exhausted && !limits->random;
	}
	show(&s, &r, why);
}

static void run_all(void)
{
	for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++) {
		for (const struct scenario *s = lists[i]; s->name; s++) {
			if (!wanted(s))
				continue;
			if (options.list) {
				printf("%-28s %s\n", s->name, s->law);
				continue;
			}
			struct limits limits = {
				.most = options.runs, .seed = options.seed,
				.seconds = options.seconds,
				.random = options.random || s->random,
			};
			run(s, &limits);
		}
	}
}

static bool replay(void)
{
	struct result r;

	for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
		for (const struct scenario *s = lists[i]; s->name; s++) {
			if (!options.n_names || strcmp(s->name, options.names[0]))
				continue;
			if (!explore_replay(s, options.replay, &r))
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
		if (++i == argc)
			return false;
		if (strcmp(o, "runs") == 0)
			options.runs = strtoull(argv[i], NULL, 0);
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

int main(int argc, char **argv)
{
	if (!read_options(argc, argv) || (options.replay && !replay())) {
		fputs("usage: explore [--list] [--runs N] [--seconds S] "
		      "[--bound B]\n               [--random] [--seed SEED] "
		      "[--replay CHOICES] [NAME...]\n", stderr);
		return 2;
	}
	if (options.replay)
		return 0;
	run_all();
	return sum.wrong != 0;
}
