/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_stream.c - how many items a second go through a stream?
 *
 * The three stages do next to nothing, so this is the price of handing an item
 * round: the work of a real item should be well above it.
 *
 * Number: items alive at once; 0 default.
 */
#include "harness.h"

#define ITEMS 100000u

struct stream {
	const struct peer *peer;
	size_t live;
	int wrong;
};

static void run_stream(void *arg)
{
	struct stream *s = arg;
	uint64_t n = ITEMS;

	s->wrong |= s->peer->stream(n, s->live) != n * (n - 1);
}

static void answer(struct run *run)
{
	struct stream stream = { run->peer,
		                 (size_t)run->question->number[0], 0 };
	struct samples s;

	if (!run->peer->stream)
		return;
	s = run_sample(run, run_stream, &stream);
	if (!stream.wrong)
		run_emit_rate(run, 0, &s, 1e3 * ITEMS);
	samples_free(&s);
}

#define ALL (WITH_SERIAL | WITH_THRUM1 | WITH_THRUM | WITH_PEERS)
#define RATE { { "items", "10^6/s", 1 } }

static const struct question questions[] = {
	{ "live4", "at most 4 items alive", ALL, RATE, .answer = answer,
	  .number = { 4 } },
	{ "default", "as many as the default allows", ALL, RATE,
	  .answer = answer },
	{ 0 },
};

const struct bench bench = {
	"stream", "how many items a second go through a stream?", questions
};
