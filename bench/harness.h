/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* harness.h - how questions are put and figures are taken
 *
 * A program has a list of questions. For each the harness goes through some
 * rounds; in a round every contestant that the question invites is measured
 * once, in turn, each in a process of its own that does nothing else. So what
 * disturbs the machine disturbs all alike, and ratios are taken within a round.
 *
 * In its process an answer warms up, takes readings until its time is over, and
 * emits their median. The table shows over the rounds: the median, the least,
 * the median of the p90 inside the processes, and the spread.
 *
 * What no method removes is another program that takes a core away. Each
 * process of a measurement tells how long its threads waited for one; if that
 * is much the reading is taken again, some times, and the least disturbed one
 * is kept.
 *
 * A goal counts as reached if the median is within it plus the spread of the
 * serial run, which tells how well the machine could be read.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include "contestants.h"
#include "samples.h"
#include "work.h"

#define METRICS_MAX 4
#define GOALS_MAX 6
#define NUMBERS_MAX 4

struct run;

struct metric {
	const char *name, *unit;
	int higher; /* 1 if more is better */
};

enum goal_kind {
	GOAL_VALUE = 1,  /* the value itself */
	GOAL_TIMES,      /* the value over that of .than */
	GOAL_OVER,       /* the value less that of .than */
	GOAL_PEERS,      /* the value over that of the best peer */
	GOAL_SPEEDUP,    /* that of .than over the value: at least */
	GOAL_EFFICIENCY  /* serial / (workers * value): at least */
};

/** The value is to be at most the limit; at least, if more is better. */
struct goal {
	const char *who;
	enum goal_kind kind;
	double limit;
	int metric;
	const char *than; /* NULL: serial */
};

struct question {
	const char *name, *text;
	unsigned with;            /* WITH_* */
	struct metric metric[METRICS_MAX];
	const char *than;         /* whose value ratios are to; NULL: serial */
	int efficiency;           /* 1: show serial / (workers * value) */
	int crowded;              /* 1: waiting for a core is part of it */
	int rounds;               /* at most; 0: as many as the run has */
	void (*answer)(struct run *run);
	double number[NUMBERS_MAX]; /* for the answer; see there */
	struct goal goal[GOALS_MAX];
};

/** What each program defines; main() is the harness's. */
struct bench {
	const char *name, *text;
	const struct question *question; /* ends with a name of NULL */
};
extern const struct bench bench;

/** One measurement, in a process of its own. */
struct run {
	const struct question *question;
	const struct contestant *who;
	const struct peer *peer;
	int workers;        /* of this contestant */
	int quick;          /* 1: figures need only be rough */
	uint64_t warm_ns;   /* time to warm up */
	uint64_t budget_ns; /* time for readings */
};

/** Take readings of @p op until the time of the run is over, after warming up:
 * nanoseconds a call. Calls far shorter than the clock can tell are read in
 * batches of about 2 us. Owned by the caller. */
struct samples run_sample(const struct run *run, void (*op)(void *),
                          void *arg);

/** A loop as the contestant does it: its own schedule if @p how is PEER_AUTO.
 * @return 0, or anything else if it cannot do it. */
int run_loop(const struct run *run, size_t n, enum peer_schedule how,
             size_t grain, thrum_for_fn *body, void *ctx);

/** The figure of metric @p metric; if 0 is not emitted the contestant is left
 * out of the question. */
void run_emit(const struct run *run, int metric, double value, double p90);

/** Of readings in nanoseconds: median and p90, each times @p scale. */
void run_emit_time(const struct run *run, int metric, struct samples *s,
                   double scale);

/** Of readings in nanoseconds: @p amount over each. */
void run_emit_rate(const struct run *run, int metric, struct samples *s,
                   double amount);

/** What reading the clock twice costs, in nanoseconds. */
double run_clock_cost(void);

#endif
