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

/* Of peer_thrum: what it calls with, and in peer_thrum_tasks.c its trees. */
extern thrum_opts peer_thrum_opts;
int peer_thrum_begin(int workers);
long peer_thrum_fib(int n);
long peer_thrum_queens(int n);
uint64_t peer_thrum_uts(const struct uts *tree);
int peer_thrum_tree(thrum_task_fn *root, void *ctx);
void peer_thrum_both(thrum_task *task, thrum_task_fn *f, void *fctx,
                     thrum_task_fn *g, void *gctx);

#endif
