/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* samples.c - many readings of one thing */
#include "samples.h"

#include <math.h>
#include <stdlib.h>

void samples_add(struct samples *s, double value)
{
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 256;
		double *more = realloc(s->value, room * sizeof *more);
		if (!more)
			return;
		s->value = more;
		s->room = room;
	}
	s->value[s->count++] = value;
}

void samples_free(struct samples *s)
{
	free(s->value);
	*s = (struct samples){ 0 };
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_quantile(struct samples *s, double q)
{
	if (!s->count)
		return NAN;
	qsort(s->value, s->count, sizeof *s->value, ascending);
	double at = q * (double)(s->count - 1);
	size_t below = (size_t)at;
	if (below + 1 >= s->count)
		return s->value[s->count - 1];
	double part = at - (double)below;
	return s->value[below] * (1 - part) + s->value[below + 1] * part;
}

double samples_mad(struct samples *s)
{
	struct samples distance = { 0 };
	double middle = samples_quantile(s, 0.5), mad;

	for (size_t i = 0; i < s->count; i++)
		samples_add(&distance, fabs(s->value[i] - middle));
	mad = samples_quantile(&distance, 0.5);
	samples_free(&distance);
	return mad;
}
