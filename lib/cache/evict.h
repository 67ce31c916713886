/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* evict.h - to hold limits, and to drop entries */
#ifndef THRUM__CACHE_EVICT_H
#define THRUM__CACHE_EVICT_H

#include <stdint.h>

#include "store.h"
#include "usage.h"

struct limits {
	uint64_t bytes, entries; /* 0 no limit */
	int64_t age_ns;          /* likewise */
};

/** Apply @p limits to the whole store, count it, and sweep it.
 * @param evicted  Out: how many went.
 * @return 0, or the code of a shard that could not be read. */
int thrum__evict_all(const struct store *s, struct usage *u,
                     const struct limits *limits, uint64_t *evicted);

/** After an entry was stored: if there is too much now, drop as much as brings
 * the store under the limits, but never @p just.
 * @param care  Look after one shard in any case: count it, drop what is too
 *              old, sweep drafts.
 * @return How many went. */
uint64_t thrum__evict_after(const struct store *s, struct usage *u,
                            const struct limits *limits,
                            const thrum_memo_ref *just, bool care);

/** Drop all entries of @p function; NULL: of all. */
int thrum__evict_function(const struct store *s, struct usage *u,
                          const thrum_hash *function);

/** Drop one. @return 0, also if there was none; a code. */
int thrum__evict_one(const struct store *s, struct usage *u,
                     const thrum_memo_ref *ref);

/** Entries and bytes in the store; shards that nobody has counted are. */
void thrum__evict_count(const struct store *s, struct usage *u,
                        uint64_t *entries, uint64_t *bytes);

#endif
