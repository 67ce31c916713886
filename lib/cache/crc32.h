/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* crc32.h - the check sum of zip archives, in parts that can be joined */
#ifndef THRUM__CACHE_CRC32_H
#define THRUM__CACHE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/** The sum of what @p crc is the sum of, and @p bytes more; that of nothing is
 * 0. Any thread. */
uint32_t thrum__crc32(uint32_t crc, const void *p, size_t bytes);

/** The same without zlib: what is used where there is none. */
uint32_t thrum__crc32_plain(uint32_t crc, const void *p, size_t bytes);

/** The sum of two pieces, one behind the other, from theirs and the length of
 * the second. */
uint32_t thrum__crc32_join(uint32_t first, uint32_t second,
                           uint64_t second_bytes);

#endif
