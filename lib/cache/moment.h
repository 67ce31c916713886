/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* moment.h - the two clocks of the cache library */
#ifndef THRUM__CACHE_MOMENT_H
#define THRUM__CACHE_MOMENT_H

#include <stdint.h>
#include <sys/stat.h>

/** Nanoseconds since some moment before: never goes back. For waits. */
uint64_t thrum__moment_ns(void);

/** Nanoseconds since 1970: what other machines and later days understand, and
 * may jump. For stamps and ages. */
int64_t thrum__moment_date_ns(void);

/** When a file was written last, so too, but within 0 and some two centuries from
 * now: who may touch it may set any date, and two of these have a difference. */
int64_t thrum__moment_of(const struct stat *st);

#endif
