/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* flight.c - one run of a function for all who ask for the same missing result
 *
 *   thread                              another thread     another process
 *   looks: missing                      looks: missing     looks: missing
 *   no flight of this key: leads
 *   claims it                           a flight: follows
 *   looks again: missing                  sleeps           claim: refused
 *   runs, stores                          ...                sleeps, asks again
 *   drops the claim, ends the flight    wakes, looks       claim: got, leads
 *                                                          looks again: found
 *
 * Claim: as long as nobody's patience ends, a result is computed once. Who leads
 * has looked after it got the claim, and who had the claim before dropped it
 * only after it had stored. So either the second look finds it, or nobody has
 * stored it; and while one has the claim no other process does, nor does another
 * thread of its own, as that finds the flight.
 *
 * What may happen to a leader:
 *
 *   killed, at any step     the system drops the claim; the next to ask gets it,
 *                           looks, and runs if the result was not yet stored
 *   stopped, or hangs       after wait_ns the others run without a claim; what
 *                           the leader stores later replaces the same
 *   its function fails      the failure is its own: followers run each on their
 *                           own, at the same time, as if alone
 *   it cannot store         followers in the process get a copy of a value;
 *                           of arrays, and in other processes, each runs
 *
 * Deadlock. A follower sleeps while its leader runs, so a circle of threads that
 * wait for each other needs a result that depends on itself:
 *
 *   - A leader that asks for its own key again, on its own stack, is not made to
 *     wait; that run is its own affair.
 *   - A leader inside a call of libthrum runs, while it waits, only jobs of that
 *     call: parts of what it computes. So all that a leader waits for, directly
 *     or on its stack, is part of its computation. If leaders A and B sleep for
 *     each other, then A's result needs B's and B's needs A's: no function that
 *     ends is like that, unless it asks for something else when it is asked
 *     twice; and those go on when wait_ns is over.
 *   - A follower holds no lock and no job of others: a worker that sleeps here
 *     is missing to its pool, but each call can be completed by its caller
 *     alone, the leader's too.
 *
 * Followers sleep on a condition variable, woken by broadcast. A claim of another
 * process cannot be slept on with an end to it: it is asked for again after
 * 0.1 ms, 0.2 ms and so on up to 20 ms.
 *
 * A flight is freed by the last who knows of it. After fork() those of other
 * threads are gone in the child, and those of the forking thread, which go on in
 * it, are nobody's business but its own: `mine`. Nobody follows them, who asks for
 * the same runs it, and the claim stays the parent's.
 */
#include "config.h"

#include "flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "moment.h"

enum {
	ASK_FIRST_NS = 100000,  /* between two tries of a claim */
	ASK_LAST_NS = 20000000,
	LOOK_UP_NS = 10000000   /* between two looks at the task */
};

struct follower {
	const struct wanted *w;
	bool given;
	struct follower *next;
};

/* L under lock. */
struct flight {
	const struct wanted *w; /* I of the leader; until it ends the flight */
	pthread_t leader;
	pthread_cond_t ended;
	struct follower *followers;
	struct flight *next;
	unsigned users; /* who knows of it; the last one frees it */
	bool claimed;   /* only the leader looks at it, and fork */
	bool over, stored;
	bool mine;      /* in a child of fork: followed by nobody */
};

void thrum__flights_init(struct flights *fl, struct usage *usage)
{
	*fl = (struct flights){ .usage = usage };
	pthread_mutex_init(&fl->lock, NULL);
}

void thrum__flights_destroy(struct flights *fl)
{
	pthread_mutex_destroy(&fl->lock);
}

void thrum__flights_fork_prepare(struct flights *fl)
{
	pthread_mutex_lock(&fl->lock);
}

void thrum__flights_fork_parent(struct flights *fl)
{
	pthread_mutex_unlock(&fl->lock);
}

/* Condition variables are not destroyed: threads that are not here sleep on
 * them, as far as they know. */
void thrum__flights_fork_child(struct flights *fl)
{
	for (int i = 0; i < FLIGHT_BUCKETS; i++) {
		struct flight *f = fl->bucket[i], *next;
		fl->bucket[i] = NULL;
		for (; f; f = next) {
			next = f->next;
			if (!pthread_equal(f->leader, pthread_self())) {
				free(f);
				continue;
			}
			f->mine = true;
			f->claimed = false;
			f->followers = NULL;
			f->next = fl->bucket[i];
			fl->bucket[i] = f;
		}
	}
	pthread_mutex_unlock(&fl->lock);
}

/* Two keys may have one hash, if somebody made them so. */
static bool same_words(const struct asked *a, const struct asked *b)
{
	return a->fn.version == b->fn.version
	       && strcmp(a->fn.name, b->fn.name) == 0
	       && a->key->used == b->key->used
	       && memcmp(a->key->text, b->key->text, a->key->used) == 0;
}

static struct flight **bucket_of(struct flights *fl, const thrum_memo_ref *ref)
{
	return &fl->bucket[ref->key.low % FLIGHT_BUCKETS];
}

static struct flight *new_flight(const struct wanted *w)
{
	struct flight *f = calloc(1, sizeof *f);
	pthread_condattr_t attr;

	if (!f)
		return NULL;
	if (pthread_condattr_init(&attr) != 0)
		goto no_attr;
	if (pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0
	    || pthread_cond_init(&f->ended, &attr) != 0)
		goto no_cond;
	pthread_condattr_destroy(&attr);
	f->w = w;
	f->leader = pthread_self();
	f->users = 1;
	return f;
no_cond:
	pthread_condattr_destroy(&attr);
no_attr:
	free(f);
	return NULL;
}

/* L */
static void leave(struct flight *f)
{
	if (--f->users > 0)
		return;
	pthread_cond_destroy(&f->ended);
	free(f);
}

static bool cancelled(const struct wanted *w)
{
	return w->task && thrum_task_cancelled(w->task);
}

static void sleep_until(struct flights *fl, struct flight *f, uint64_t end,
                        const struct wanted *w)
{
	uint64_t now = thrum__moment_ns();

	if (w->task && end > now + LOOK_UP_NS)
		end = now + LOOK_UP_NS;
	struct timespec t = { (time_t)(end / 1000000000),
		              (long)(end % 1000000000) };
	(void)pthread_cond_timedwait(&f->ended, &fl->lock, &t);
}

/* L. */
static enum flight_role follow(struct flights *fl, struct flight *f,
                               const struct wanted *w, uint64_t end)
{
	struct follower me = { .w = w, .next = f->followers };
	bool stop = false;

	f->followers = &me;
	f->users++;
	while (!f->over && !stop && thrum__moment_ns() < end) {
		sleep_until(fl, f, end, w);
		stop = cancelled(w);
	}
	for (struct follower **p = &f->followers; *p; p = &(*p)->next)
		if (*p == &me) {
			*p = me.next;
			break;
		}
	enum flight_role role = me.given ? FLIGHT_GIVEN
	                        : f->stored ? FLIGHT_STORED
	                        : stop ? FLIGHT_CANCELLED : FLIGHT_ALONE;
	leave(f);
	return role;
}

/* Until it is ours, or there are no claims, or the time is up. */
static bool claim(struct flights *fl, struct flight *f, const struct wanted *w,
                  uint64_t end)
{
	uint64_t pause = ASK_FIRST_NS;
	int rc;

	while ((rc = thrum__usage_claim(fl->usage, &w->q->ref)) == -EAGAIN) {
		uint64_t now = thrum__moment_ns();
		if (now >= end)
			return true;
		if (cancelled(w))
			return false;
		uint64_t ns = pause < end - now ? pause : end - now;
		struct timespec t = { 0, (long)ns };
		nanosleep(&t, NULL);
		pause = 2 * pause < ASK_LAST_NS ? 2 * pause : ASK_LAST_NS;
	}
	f->claimed = rc == 0;
	return true;
}

enum flight_role thrum__flight_begin(struct flights *fl, const struct wanted *w,
                                     struct flight **flight)
{
	uint64_t now = thrum__moment_ns();
	uint64_t end = w->wait_ns < UINT64_MAX - now ? now + w->wait_ns
	                                             : UINT64_MAX;
	struct flight **first = bucket_of(fl, &w->q->ref), *f;
	enum flight_role role;

	*flight = NULL;
	pthread_mutex_lock(&fl->lock);
	f = *first;
	while (f && !thrum__fetch_same(&f->w->q->ref, &w->q->ref))
		f = f->next;
	if (f) {
		role = f->mine || pthread_equal(f->leader, pthread_self())
		       ? FLIGHT_ALONE : follow(fl, f, w, end);
		pthread_mutex_unlock(&fl->lock);
		return role;
	}
	f = new_flight(w);
	if (f) {
		f->next = *first;
		*first = f;
	}
	pthread_mutex_unlock(&fl->lock);
	if (!f)
		return FLIGHT_ALONE; /* no memory */
	if (!claim(fl, f, w, end)) {
		thrum__flight_end(fl, f, false, NULL, 0);
		return FLIGHT_CANCELLED;
	}
	*flight = f;
	return FLIGHT_LEAD;
}

void thrum__flight_end(struct flights *fl, struct flight *f, bool stored,
                       const void *result, size_t size)
{
	if (f->claimed)
		thrum__usage_drop(fl->usage, &f->w->q->ref);
	pthread_mutex_lock(&fl->lock);
	struct flight **p = bucket_of(fl, &f->w->q->ref);
	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	if (f->mine) {
		pthread_mutex_unlock(&fl->lock);
		free(f);
		return;
	}
	f->over = true;
	f->stored = stored;
	for (struct follower *o = f->followers; o && !stored && result;
	     o = o->next)
		if (o->w->result && o->w->size == size
		    && same_words(o->w->q, f->w->q)) {
			memcpy(o->w->result, result, size);
			o->given = true;
		}
	pthread_cond_broadcast(&f->ended);
	leave(f);
	pthread_mutex_unlock(&fl->lock);
}
