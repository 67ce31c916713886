/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* little.h - numbers as bytes, the least significant first, on any machine */
#ifndef THRUM__CACHE_LITTLE_H
#define THRUM__CACHE_LITTLE_H

#include <stdbool.h>
#include <stdint.h>

/** The lower @p bytes bytes of @p value, 8 at most. */
static inline void thrum__little_put(unsigned char *out, uint64_t value,
                                     int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (unsigned char)(value >> 8 * i);
}

static inline uint64_t thrum__little_get(const unsigned char *p, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)p[i] << 8 * i;
	return value;
}

/** Whether this machine has its own numbers so. */
static inline bool thrum__little_here(void)
{
	const uint16_t one = 1;

	return *(const unsigned char *)&one == 1;
}

#endif
