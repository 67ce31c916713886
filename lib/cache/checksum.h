/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* checksum.h - XXH3-64 of bytes that are there at once, or come in pieces */
#ifndef THRUM__CACHE_CHECKSUM_H
#define THRUM__CACHE_CHECKSUM_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

/** Of @p n bytes; NULL if there are none. Another @p seed, another sum. */
uint64_t thrum__checksum(const void *bytes, size_t n, uint64_t seed);

/* The state of one that comes in pieces. */
struct checksum {
	alignas(64) unsigned char state[640];
};

void thrum__checksum_begin(struct checksum *c);
void thrum__checksum_add(struct checksum *c, const void *bytes, size_t n);

/** The sum of all that was added, as thrum__checksum with seed 0. */
uint64_t thrum__checksum_end(const struct checksum *c);

#endif
