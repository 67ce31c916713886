/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* eta.h - the recent rate of a call, and the time that remains
 *
 * The rate is that of the last ETA_SAMPLES samples, not the mean since the
 * start: joblib's mean contains the start of its workers, and does not notice
 * when jobs grow dear. Samples are at least 0.1 s and a 256th of the elapsed
 * time apart, so a long call looks back over an eighth of itself; and are only
 * taken when jobs have ended, so slow jobs are seen over ETA_SAMPLES ends.
 * While no job ends the rate sinks, as the time since the oldest sample grows.
 *
 * Pure: counts and times come from outside.
 */
#ifndef THRUM__ETA_H
#define THRUM__ETA_H

#include <stdint.h>

#define ETA_SAMPLES 32

struct eta_sample {
	uint64_t ns, ended;
};

struct eta {
	uint64_t start_ns;
	unsigned count;  /* samples taken, ever; the first is the start */
	struct eta_sample sample[ETA_SAMPLES]; /* ring, at count % size */
};

void thrum__eta_start(struct eta *e, uint64_t now_ns);

/** @p ended jobs have ended by @p now_ns; neither ever sinks. */
void thrum__eta_note(struct eta *e, uint64_t now_ns, uint64_t ended);

/** Jobs per second, of late; 0 unknown. */
double thrum__eta_rate(const struct eta *e, uint64_t now_ns, uint64_t ended);

/** Seconds that @p left jobs take; 0 for none; negative unknown. */
double thrum__eta_remaining(double rate, uint64_t left);

#endif
