/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* eta.c - the recent rate of a call, and the time that remains */
#include "config.h"

#include "eta.h"

#define GAP_MIN_NS UINT64_C(100000000)
#define GAP_SHARE 256

static void take(struct eta *e, uint64_t now_ns, uint64_t ended)
{
	struct eta_sample sample = { now_ns, ended };

	e->sample[e->count % ETA_SAMPLES] = sample;
	e->count++;
}

void thrum__eta_start(struct eta *e, uint64_t now_ns)
{
	e->start_ns = now_ns;
	e->count = 0;
	take(e, now_ns, 0);
}

void thrum__eta_note(struct eta *e, uint64_t now_ns, uint64_t ended)
{
	const struct eta_sample *last =
		&e->sample[(e->count - 1) % ETA_SAMPLES];
	uint64_t gap_ns = (now_ns - e->start_ns) / GAP_SHARE;

	if (gap_ns < GAP_MIN_NS)
		gap_ns = GAP_MIN_NS;
	if (ended > last->ended && now_ns - last->ns >= gap_ns)
		take(e, now_ns, ended);
}

double thrum__eta_rate(const struct eta *e, uint64_t now_ns, uint64_t ended)
{
	unsigned oldest = e->count < ETA_SAMPLES ? 0 : e->count % ETA_SAMPLES;
	const struct eta_sample *s = &e->sample[oldest];

	if (now_ns <= s->ns || ended <= s->ended)
		return 0;
	return (double)(ended - s->ended) / ((double)(now_ns - s->ns) / 1e9);
}

double thrum__eta_remaining(double rate, uint64_t left)
{
	if (left == 0)
		return 0;
	return rate > 0 ? (double)left / rate : -1;
}
