/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* builtin.h - the contestants that are part of every program */
#ifndef BENCH_BUILTIN_H
#define BENCH_BUILTIN_H

#include "peer.h"

extern const struct peer peer_serial;
extern const struct peer peer_raw;         /* the floor: threads that spin */
extern const struct peer peer_thrum;       /* tasks in the typed form */
extern const struct peer peer_thrum_join2; /* tasks by thrum_join2 */
extern const struct peer peer_thrum_plain; /* tasks by thrum_fork, _join */

#endif
