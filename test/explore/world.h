/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* world.h - a pool for the model checker: places, a team, threads that are there
 *
 * In place of lib/pool.c, thread.c and what is below them, none of which take part
 * in a protocol once a pool is there.
 */
#ifndef THRUM_TEST_WORLD_H
#define THRUM_TEST_WORLD_H

#include "pool.h"

extern struct thrum_pool world;

/** A pool of @p places, whose residents are awake, with @p teams teams. In
 * prepare(). Thread 0 calls from place 0, and has it. */
void world_prepare(unsigned places, unsigned teams);

/** The life of the resident of the place of the thread's number. */
void world_resident(void);

/** As thrum_pool_destroy, up to where it would wait for the threads. */
void world_end(void);

/** Everybody is awake, and nobody is counted as asleep. In finish(). */
void world_check_awake(void);

#endif
