/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* goals.h - goals reached and missed */
#ifndef BENCH_GOALS_H
#define BENCH_GOALS_H

#include "figures.h"

struct verdict {
	double value, margin; /* both in the unit of the goal; NAN: none */
	int at_least, reached;
};

struct verdict goals_judge(const struct figures *f, const struct goal *goal);

/** One line under the table of the question. */
void goals_print(const struct figures *f, const struct goal *goal, FILE *out,
                 struct tally *tally);

/** One line for each goal of the question, for the table over all programs:
 * question, goal, figure, ratio to the best peer, verdict. */
void goals_list(const struct figures *f, FILE *out);

#endif
