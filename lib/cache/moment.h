/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* moment.h - the two clocks of the cache library */
#ifndef THRUM__CACHE_MOMENT_H
#define THRUM__CACHE_MOMENT_H

#include <stdint.h>

/** Nanoseconds since some moment before: never goes back. For waits. */
uint64_t thrum__moment_ns(void);

/** Nanoseconds since 1970: what other machines and later days understand, and
 * may jump. For stamps and ages. */
int64_t thrum__moment_date_ns(void);

#endif
