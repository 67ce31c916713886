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
 * prepare(). Thread 0 calls from place 0, and has it. With none, one is made by the
 * first call. */
void world_prepare(unsigned places, unsigned teams);

/** The life of the resident of the place of the thread's number. */
void world_resident(void);

/** As thrum_pool_destroy, up to where it would wait for the threads. */
void world_end(void);

/** There is memory for so many teams in all. In prepare(). */
void world_more_teams(unsigned teams);

/** There is no memory for the order of places when @p thread asks for it. */
void world_without_order(unsigned thread);

/** Wait, asleep, until @p n threads are here, each in work of its own: for that all
 * but the first have to be given some. With 0 nobody waits. Again and again. */
void world_meet(unsigned n);

/** Everybody is awake, and nobody is counted as asleep. In finish(). */
void world_check_awake(void);

#endif
