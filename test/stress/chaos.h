/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* chaos.h - delays at the ordered operations of the library, from a seed
 *
 * Programs linked with libthrum-chaos, in which lib/atomics.h has a delay point
 * before each operation. THRUM_CHAOS is the seed, read there alone; 0, or none,
 * is no delays.
 */
#ifndef THRUM__TEST_CHAOS_H
#define THRUM__TEST_CHAOS_H

#include <stdint.h>

/** Draw anew from @p seed, in each thread from about its next delay on. */
void chaos_seed(uint64_t seed);

/** Delays until now. */
uint64_t chaos_delays(void);

#endif
