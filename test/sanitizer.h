/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sanitizer.h - which sanitizer watches, as none of them can follow every fork
 *
 * UNDER_ASAN: the allocator of AddressSanitizer takes no care of forks (clang 14
 * and gcc 12): if another thread is in it, the child finds a lock of it held, and
 * its first allocation that needs that lock waits for ever. Threads are in it
 * when they begin, too. So what forks beside threads that begin, or whose calls
 * allocate, and then allocates in the child, has to be left to other builds.
 *
 * UNDER_TSAN: ThreadSanitizer does not follow threads through a fork, and
 * complains of threads at the end of a process.
 */
#ifndef THRUM__TEST_SANITIZER_H
#define THRUM__TEST_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(UNDER_ASAN)
#define UNDER_ASAN 1
#endif
#if __has_feature(thread_sanitizer) && !defined(UNDER_TSAN)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

#endif
