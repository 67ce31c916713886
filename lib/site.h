/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* site.h - what an index of a loop took the last times, by the place of the call
 *
 * The place is known by the body that it runs. The table is small, and a hint:
 * any thread may overwrite what another wrote, also for another body.
 */
#ifndef THRUM__SITE_H
#define THRUM__SITE_H

#include <stdint.h>

/** Nanoseconds per index of the loops that run body @p site; negative: not
 * known. */
float thrum__site_ns(uintptr_t site);

/** @p indices of such a loop took @p ns. */
void thrum__site_remember(uintptr_t site, double ns, double indices);

#endif
