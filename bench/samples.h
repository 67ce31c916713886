/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* samples.h - many readings of one thing, and what is said of them */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>

/** Zero-initialised it is empty. Memory is found when it grows; where there is
 * none the reading is lost. */
struct samples {
	double *value;
	size_t count, room;
};

void samples_add(struct samples *s, double value);
void samples_free(struct samples *s);

/** The value that a share @p q of them is below; sorts them. NAN if empty. */
double samples_quantile(struct samples *s, double q);

/** Spread: the median distance from the median. */
double samples_mad(struct samples *s);

#endif
