/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* usage.h - what processes that use a store tell each other: counts and claims
 *
 * The file `usage` holds for each shard how many entries and bytes are in it, so
 * that a limit is checked without looking at a million files. The counts are an
 * estimate: what a killed process did not add is put right when somebody counts
 * the shard.
 *
 * A claim says that somebody computes the result of a key. It is a lock on a
 * byte of the same file, far behind its end, that the key's hash chooses: there
 * is no lock file to create, to lose or to sweep, and the system takes the lock
 * back at the moment that its process dies.
 */
#ifndef THRUM__CACHE_USAGE_H
#define THRUM__CACHE_USAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"

struct usage {
	int fd;               /* I; -1: no counts, no claims between processes */
	pthread_mutex_t lock; /* around reading and writing a record */
};

struct counts {
	bool known;
	uint64_t entries, bytes;
};

/** Open the file, or make it. Without it all goes on, less well. */
void thrum__usage_open(struct usage *u, const struct store *s);
void thrum__usage_close(struct usage *u);

/** Around fork(), in this order. Claims stay the parent's. */
void thrum__usage_fork_prepare(struct usage *u);
void thrum__usage_fork_parent(struct usage *u);
void thrum__usage_fork_child(struct usage *u, const struct store *s);

/** Add to the counts of a shard, if they are known. */
void thrum__usage_add(struct usage *u, int shard, int64_t entries,
                      int64_t bytes);

/** What somebody has just counted. */
void thrum__usage_set(struct usage *u, int shard, uint64_t entries,
                      uint64_t bytes);

/** Read all. Those that cannot be read are not known. */
void thrum__usage_read(struct usage *u, struct counts counts[STORE_SHARDS]);

/** Claim the result of @p ref.
 * @return 0: it is ours, until it is dropped; -EAGAIN: another process has it;
 *         another code: there are no claims here. */
int thrum__usage_claim(struct usage *u, const thrum_memo_ref *ref);
void thrum__usage_drop(struct usage *u, const thrum_memo_ref *ref);

#endif
