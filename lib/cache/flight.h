/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* flight.h - one run of a function for all who ask for the same missing result
 *
 * A flight is such a run. Who begins it leads; threads of the process that come
 * meanwhile follow: they sleep until it ends. Leaders of several processes
 * agree by a claim (usage.h).
 */
#ifndef THRUM__CACHE_FLIGHT_H
#define THRUM__CACHE_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>
#include <thrum/memo.h>
#include <thrum/task.h>

#include "fetch.h"
#include "usage.h"

enum { FLIGHT_BUCKETS = 64 };

struct flight;

struct flights {
	pthread_mutex_t lock;
	struct flight *bucket[FLIGHT_BUCKETS]; /* L under lock */
	struct usage *usage;                   /* I */
};

/* What a thread asks for. */
struct wanted {
	const struct asked *q; /* with name and key */
	void *result;      /* NULL: cannot be copied */
	size_t size;
	uint64_t wait_ns;  /* how long others are waited for, at most */
	const thrum_task *task; /* of the call that is to end it; NULL none */
};

enum flight_role {
	FLIGHT_LEAD,     /* look again, run, then thrum__flight_end */
	FLIGHT_STORED,   /* somebody else did and stored: look again */
	FLIGHT_GIVEN,    /* somebody else did: wanted.result is set */
	FLIGHT_ALONE,    /* run it, without more */
	FLIGHT_CANCELLED /* the task's call is ending */
};

void thrum__flights_init(struct flights *fl, struct usage *usage);
void thrum__flights_destroy(struct flights *fl);

/** Around fork(). In the child no flight of another thread goes on. */
void thrum__flights_fork_prepare(struct flights *fl);
void thrum__flights_fork_parent(struct flights *fl);
void thrum__flights_fork_child(struct flights *fl);

/** Take part in the run of what was not found. Sleeps for w->wait_ns at most.
 * @param flight  Out: with FLIGHT_LEAD, for the end. */
enum flight_role thrum__flight_begin(struct flights *fl, const struct wanted *w,
                                     struct flight **flight);

/** End it, by its leader.
 * @param stored  The result can be found now.
 * @param result  Else: size bytes for the followers; NULL: there is none, and
 *                each of them runs on its own. */
void thrum__flight_end(struct flights *fl, struct flight *flight, bool stored,
                       const void *result, size_t size);

#endif
