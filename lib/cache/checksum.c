/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* checksum.c - XXH3-64 of bytes that are there at once, or come in pieces
 *
 * xxHash gives a state of fixed size to who takes it in line only; here it is, so
 * that no sum needs an allocation.
 */
#include "config.h"

#include "checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(sizeof(XXH3_state_t) <= sizeof(struct checksum)
               && alignof(XXH3_state_t) <= alignof(struct checksum),
               "the state fits");

uint64_t thrum__checksum(const void *bytes, size_t n, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, n, seed);
}

void thrum__checksum_begin(struct checksum *c)
{
	XXH3_64bits_reset((XXH3_state_t *)(void *)c->state);
}

void thrum__checksum_add(struct checksum *c, const void *bytes, size_t n)
{
	if (n > 0)
		XXH3_64bits_update((XXH3_state_t *)(void *)c->state, bytes, n);
}

uint64_t thrum__checksum_end(const struct checksum *c)
{
	return XXH3_64bits_digest((const XXH3_state_t *)(const void *)c->state);
}
