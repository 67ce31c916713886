/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cacheline.h - where words are kept
 *
 * Words that different cores write are 128 bytes apart: the usual line is 64,
 * but Intel's cores fetch pairs of lines, and some ARM cores have lines of 128.
 */
#ifndef THRUM__CACHELINE_H
#define THRUM__CACHELINE_H

#include <stdalign.h>

#define THRUM__LINE 128
#define THRUM__ALIGNED alignas(THRUM__LINE)

/* Thread-local without a call to the loader for each look: from the static
 * block, of which glibc keeps some hundred bytes for libraries that are loaded
 * late. What is kept there is small. */
#if defined(__GNUC__)
#define THRUM__THREAD _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define THRUM__THREAD _Thread_local
#endif

#endif
