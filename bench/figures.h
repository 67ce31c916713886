/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* figures.h - the figures of a question, as table, CSV and JSON */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdio.h>

#include "harness.h"
#include "host.h"

#define ROUNDS_MAX 99
#define ROWS_MAX 32

/** What a contestant gave, round by round; NAN where it gave nothing. */
struct row {
	const struct contestant *who;
	int workers;
	double value[METRICS_MAX][ROUNDS_MAX];
	double p90[METRICS_MAX][ROUNDS_MAX];
	double waited[ROUNDS_MAX]; /* share of its time without a core */
};

struct figures {
	const struct question *question;
	int rows, rounds;
	struct row row[ROWS_MAX];
	double others; /* share of the machine that other processes took */
};

/** Goals reached and missed so far. */
struct tally {
	int reached, missed;
};

void figures_print(const struct figures *f, FILE *out, struct tally *tally);

/** One line for each contestant, metric and round. */
void figures_csv_head(FILE *out);
void figures_csv(const struct figures *f, FILE *out);

/** One object of the list "questions". */
void figures_json(const struct figures *f, FILE *out, int first);
void figures_json_head(const struct host *host, int workers, FILE *out);
void figures_json_tail(FILE *out);

#endif
