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

/** What the rounds of one contestant and metric come to. */
struct summary {
	int count;
	double median, best, p90, spread;
};
struct summary figures_summary(const struct figures *f, const struct row *row,
                               int metric);

/** Whose name it is, NULL for serial; NULL if it took no part. */
const struct row *figures_row(const struct figures *f, const char *name);

/** The median over the rounds of row over base, of row less base, and of the
 * serial time over the workers, over the time. NAN if one took no part. */
double figures_ratio(const struct figures *f, const struct row *row,
                     const struct row *base, int metric);
double figures_less(const struct figures *f, const struct row *row,
                    const struct row *base, int metric);
double figures_efficiency(const struct figures *f, const struct row *row);

/** Four digits, as many behind the point as that leaves. @return text */
const char *figures_number(double x, char text[16]);

void figures_print(const struct figures *f, FILE *out, struct tally *tally);

/** One line for each contestant, metric and round. */
void figures_csv_head(FILE *out);
void figures_csv(const struct figures *f, FILE *out);

/** One object of the list "questions". */
void figures_json(const struct figures *f, FILE *out, int first);
void figures_json_head(const struct host *host, int workers, FILE *out);
void figures_json_tail(FILE *out);

#endif
