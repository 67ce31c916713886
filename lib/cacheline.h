/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cacheline.h - how far apart words must be that different cores write
 *
 * 128: the usual line is 64, but Intel's cores fetch pairs of lines, and some
 * ARM cores have lines of 128.
 */
#ifndef THRUM__CACHELINE_H
#define THRUM__CACHELINE_H

#include <stdalign.h>

#define THRUM__LINE 128
#define THRUM__ALIGNED alignas(THRUM__LINE)

#endif
