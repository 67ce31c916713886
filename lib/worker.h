/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* worker.h - what takes part in calls: a place with its resident, or a guest
 *
 * A place is a core of the pool. Its resident is the thread that the pool keeps
 * for it; a calling thread can take the place over for a call, and then the
 * resident keeps out. A guest is a worker without a place: for a caller that
 * found all taken.
 */
#ifndef THRUM__WORKER_H
#define THRUM__WORKER_H

#include "atomics.h"
#include "cacheline.h"
#include "call.h"
#include "deque.h"
#include "memory.h"
#include "park.h"
#include "stats.h"
#include "team.h"

#include <pthread.h>

/* sleeper.rest */
enum {
	REST_AWAKE, REST_PARKED, REST_UNSTARTED, REST_STARTING,
	REST_DEAD /* it has ended, or the pool's start function refused it */
};

/* A thread in its sleep. */
struct sleeper {
	struct parker parker;  /* A */
	_Atomic uint32_t rest; /* A */
	struct stats *stats;   /* I of its sleeps */
};

/* worker.taken */
enum { PLACE_FREE, PLACE_RESIDENT, PLACE_CALLER };

struct worker {
	struct deque deque;
	/* Which call the tasks in the deque belong to: {epoch, team}. */
	THRUM__ALIGNED _Atomic uint64_t serving; /* S */
	_Atomic uint32_t leaper; /* A id + 1 of a worker that sleeps until there
	                          * is something to take here; 0 none */
	/* Two threads may sleep here: the resident when it has nothing to do,
	 * or is kept out; and the one that works here, caller or resident, when
	 * it waits for the end of its call or for a stolen task. */
	THRUM__ALIGNED struct sleeper home; /* A of the resident */
	struct sleeper seat;     /* A of who works here */
	_Atomic uint32_t attends; /* S its resident is at that team: number + 1;
	                           * 0 none. See wake.c */
	/* Not beside home, which wakers read: it changes with each search. */
	THRUM__ALIGNED _Atomic uint32_t taken; /* A */
	_Atomic bool wanted;     /* A by a caller on its core, from the resident */
	_Atomic bool kept;       /* S its resident is kept out, and looks again by
	                          * itself */
	struct thrum_pool *pool; /* I */
	uint32_t id;             /* I */
	uint64_t works_for;      /* W the call it is at, as in serving */
	uint64_t block_ns;       /* W what a block took last; 0 not known */
	uint32_t thefts;         /* W tries so far: spreads thieves */
	int node;                /* I NUMA node of the place, -1 */
	const uint16_t *order;   /* W all places, nearest first */
	struct scratch scratch;  /* W */
	struct ran ran;          /* W what was run here */
	pthread_t thread;        /* L pool->lock */
	bool joinable;           /* L */
	/* Two, as of the sleepers: a resident that is kept out spins and wakes
	 * others while a caller works at its place. */
	struct stats at_home;    /* of the resident: how it waits */
	struct stats at_seat;    /* W of who works here */
};

/** A caller has the place of @p w. A hint. */
static inline bool thrum__worker_held(const struct worker *w)
{
	return thrum__load(&w->taken, relaxed) == PLACE_CALLER;
}

/** Its resident was kept out and looks again by itself: it is not to be woken for
 * blocks, not even while the place is free between two calls. A hint. */
static inline bool thrum__worker_kept_out(const struct worker *w)
{
	return thrum__load(&w->kept, relaxed);
}

static inline uint64_t thrum__serving_key(const struct team *t, uint32_t epoch)
{
	return (uint64_t)epoch << 32 | t->number;
}

/** What the inline code of thrum/fork.h is to see in a task of @p call that runs
 * on @p w; NULL for one without a deque. */
static inline thrum__view thrum__worker_view(struct worker *w,
                                             const struct call *call)
{
	return (thrum__view){ w ? &w->deque.lane : NULL,
	                      (uint64_t)(uintptr_t)call };
}

/** Make ready to run work of call @p epoch of @p team. */
static inline void thrum__worker_serve(struct worker *w, struct team *team,
                                       uint32_t epoch)
{
	thrum__deque_prepare(&w->deque);
	if (w->works_for != thrum__serving_key(team, epoch))
		thrum__stats_add(&w->ran.calls, 1);
	w->works_for = thrum__serving_key(team, epoch);
	/* The first fork is to be exposed: nobody asks before `serving` says
	 * that there may be something. */
	thrum__deque_beg(&w->deque);
}

/** Count @p woken threads that the thread at @p w woke to help with @p call, of
 * which it holds a part. */
static inline void thrum__worker_woke(struct worker *w, struct call *call,
                                      unsigned woken)
{
	if (woken == 0)
		return;
	thrum__stats_add(&w->at_seat.wakes, woken);
	/* Relaxed: a figure for the report, read after the join. */
	thrum__add(&call->woken, woken, relaxed);
}

/** Do something that there is to do for worker @p rank in the call of @p deal:
 * own blocks and those of others until there are no own, an item, a task. By the
 * thread at @p w.
 * @return false if it found nothing. */
bool thrum__worker_help(struct worker *w, struct team *team, uint64_t deal,
                        unsigned rank);

/** Take part in the call of @p deal as a member, while there is something to do
 * and no caller wants the place. By the resident of @p w.
 * @return false if it found nothing. */
bool thrum__worker_take_part(struct worker *w, struct team *team,
                             uint64_t deal, unsigned rank);

/** A turn of thrum_each is for the thread, not for the place: the resident takes
 * it though a caller holds the place, as a task without a worker. If it had to
 * wait for the place, two such callers could wait for each other.
 * @return false if there is none. */
bool thrum__worker_turn_outside(struct worker *w, struct team *team,
                                uint64_t deal, unsigned rank);

/** Spin until the count of idle.h is not @p seen, or until the blocks of the call
 * of @p deal are done, if @p team is not NULL, or @p budget_ns are over.
 * @return false if they are. */
bool thrum__worker_spin(struct worker *w, uint32_t seen,
                        const struct team *team, uint64_t deal,
                        uint64_t budget_ns);

/** Run a task that was taken from @p victim, as worker @p number of @p n_jobs,
 * and say DONE. */
void thrum__worker_run_slot(struct worker *w, struct worker *victim,
                            thrum__slot *s, int number, int n_jobs);

/** Take part in the call of @p team, whose caller sits at @p w, until all its
 * blocks are done. */
void thrum__worker_finish(struct worker *w, struct team *team, uint64_t deal);

/** Tasks were pushed and somebody is hungry: let them be seen, wake somebody. */
void thrum__worker_expose(struct worker *w);

/** The life of a resident. @param arg its worker. */
void *thrum__worker_main(void *arg);

#endif
