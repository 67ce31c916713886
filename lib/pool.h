/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* pool.h - places, their residents, and the teams of the calls that run */
#ifndef THRUM__POOL_H
#define THRUM__POOL_H

#include "atomics.h"
#include "cacheline.h"
#include "place.h"
#include "team.h"
#include "worker.h"

#include <pthread.h>
#include <thrum/pool.h>

/* Calls that are shared at the same time; further ones run on their caller. */
#define THRUM__TEAMS 64u

/* Threads that call at once mostly count themselves on different lines. */
#define THRUM__SHARDS 8u

struct thrum_pool {
	THRUM__ALIGNED _Atomic uint32_t bell;    /* A see idle.h */
	THRUM__ALIGNED _Atomic uint32_t resting; /* A asleep or not started */
	struct {
		THRUM__ALIGNED _Atomic uint32_t n; /* A */
	} callers[THRUM__SHARDS];     /* threads inside a call; see entry.c */
	THRUM__ALIGNED _Atomic uint32_t teams;   /* A how many of team[] exist */
	_Atomic(struct team *) team[THRUM__TEAMS]; /* A NULL: not made yet */
	_Atomic uint32_t stop;        /* A residents are to end */
	_Atomic unsigned notes;       /* A THRUM_NOTE_* */
	_Atomic uint64_t retry_ns;    /* A start no thread before this moment */
	_Atomic unsigned generation;  /* A process it lives in; see pool.c */
	struct worker *worker;        /* I array by place */
	_Atomic(uint16_t *) *order;   /* A by place; NULL: not needed yet */
	struct plan plan;             /* I */
	uint32_t places;              /* I */
	int size;                     /* I most workers of a call; all */
	int bind;                     /* I THRUM_BIND_* */
	uint64_t spin_ns;             /* I */
	size_t stack_bytes;           /* I */
	thrum_thread_fn *start, *end; /* I */
	void *ctx;                    /* I */
	pthread_mutex_t lock;         /* threads and teams are made under it */
	struct thrum_pool *next;      /* I of a default pool: the former one */
	unsigned number;              /* I in the process, from 1 */
	struct ran alone_ran;         /* A */
	struct stats alone;           /* A what threads did without a place;
	                               * counted only where it is timed */
	_Atomic bool rough;           /* A its plan is of a sketch of the machine */
};

/** Worker @p id: a place, or the guest of team id - places. */
static inline struct worker *thrum__pool_worker(const struct thrum_pool *pool,
                                                uint32_t id)
{
	if (id < pool->places)
		return &pool->worker[id];
	/* [T5] pairs with [T6] in make_team */
	return thrum__load(&pool->team[id - pool->places], acquire)->guest;
}

/** The thread of @p task ran so many jobs, in so many chunks. */
static inline void thrum__pool_count(const struct thrum_task *task,
                                     uint64_t jobs, uint64_t chunks)
{
	struct thrum_pool *pool = task->call->pool;

	if (task->worker) {
		thrum__stats_add(&task->worker->ran.jobs, jobs);
		thrum__stats_add(&task->worker->ran.chunks, chunks);
	} else if (pool && pool->alone.timed) {
		thrum__stats_add_shared(&pool->alone_ran.jobs, jobs);
		thrum__stats_add_shared(&pool->alone_ran.chunks, chunks);
	}
}

/** It ran what is in @p tally, of which there were @p before jobs before, and
 * this in so many chunks, which go to the tally, too. */
static inline void thrum__pool_tell(const struct thrum_task *task,
                                    struct tally *tally, uint64_t before,
                                    uint64_t chunks)
{
	tally->chunks += chunks;
	thrum__pool_count(task, thrum__tally_jobs(tally) - before, chunks);
}

/** The default pool, with room for calls of @p n_jobs workers; NULL without
 * memory. */
struct thrum_pool *thrum__pool_default(int n_jobs);

/** Do not make another for @p pool because it was made by a sketch. */
void thrum__pool_keep(struct thrum_pool *pool);

/** Have a child of fork know that its pools are of the parent. Runs by itself
 * before main; for compilers that do not have that, also with the first pool. */
void thrum__pool_guard_fork(void);

/** Make @p pool, which may be of the parent of a fork, usable in this process. */
void thrum__pool_adopt(struct thrum_pool *pool);

/** Team @p number, made at first need; NULL without memory. */
struct team *thrum__pool_team(struct thrum_pool *pool, uint32_t number);

/** All places, nearest to @p place first; NULL without memory. Behind them
 * follow the number of groups and where each ends, as thrum__plan_nearest says:
 * all that a thief reads is in one piece. */
const uint16_t *thrum__pool_order(struct thrum_pool *pool, uint32_t place);

/** Start the thread of @p w. @return false if it was started already or cannot
 * be, which the notes of the pool then say. */
bool thrum__pool_start(struct worker *w);

/** Name and bind the calling thread, the resident of @p w. */
void thrum__pool_settle(struct worker *w);

/** Have the residents end when they find nothing to do; none comes after. */
void thrum__pool_end_threads(struct thrum_pool *pool);

/** Wait until they have. */
void thrum__pool_join_threads(struct thrum_pool *pool);

/** The pool is of a parent process. */
bool thrum__pool_foreign(const struct thrum_pool *pool);

/** A pool of @p size workers; opts are valid. 0 or THRUM_ENOMEM. */
int thrum__pool_create(struct thrum_pool **pool, int size,
                       const thrum_pool_opts *opts);

/** There is a pool, of whomever. */
bool thrum__pool_any(void);

/** End @p pool: wait for its calls, then for its threads. 0 or THRUM_EDEADLK. */
int thrum__pool_end(struct thrum_pool *pool);

/** Free a pool that was ended. */
void thrum__pool_free(struct thrum_pool *pool);

/** Take the default pools out of reach, the first in *pools, the others as its
 * next ones. 0 or THRUM_EDEADLK. */
int thrum__pool_detach(struct thrum_pool **pools);

/** Have @p visit look at the default pools, unless another thread is changing
 * them at this moment. */
void thrum__pool_visit(void (*visit)(const struct thrum_pool *pool));

/** The default pool if there is one. */
struct thrum_pool *thrum__pool_standard(void);

#endif
