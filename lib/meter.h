/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* meter.h - how many jobs of a call have ended, counted without sharing
 *
 * Each worker adds to a shard of its own, on a line of its own, so counting
 * costs a load and a store of a line that no one else writes. Whoever wants to
 * know reads all shards. That sum is not of one moment, but as each shard only
 * grows, a reader's sums only grow too; once the workers are known to be done,
 * by whatever the call ends with, it is exact.
 */
#ifndef THRUM__METER_H
#define THRUM__METER_H

#include "atomics.h"
#include "cacheline.h"

struct meter_shard {
	THRUM__ALIGNED _Atomic uint64_t done; /* S: jobs that ended well */
	_Atomic uint64_t failed;              /* S */
};

struct meter {
	unsigned shards;           /* I */
	struct meter_shard *shard; /* I */
};

/** Count jobs that have ended. One thread at a time per shard.
 *
 * Relaxed: nobody concludes from the count that a result may be read. */
static inline void thrum__meter_add(struct meter *m, unsigned shard,
                                    uint64_t done, uint64_t failed)
{
	struct meter_shard *s = &m->shard[shard];

	thrum__store(&s->done, thrum__load(&s->done, relaxed) + done, relaxed);
	if (failed != 0)
		thrum__store(&s->failed,
		             thrum__load(&s->failed, relaxed) + failed,
		             relaxed);
}

/** Add up all shards. Any thread, at any time. */
static inline void thrum__meter_sum(const struct meter *m, uint64_t *done,
                                    uint64_t *failed)
{
	*done = *failed = 0;
	for (unsigned i = 0; i < m->shards; i++) {
		*done += thrum__load(&m->shard[i].done, relaxed);
		*failed += thrum__load(&m->shard[i].failed, relaxed);
	}
}

#endif
