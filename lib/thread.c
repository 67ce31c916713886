/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thread.c - the threads of a pool: to start them, bind them, end them
 *
 * Threads are started when work first needs them, by whoever would otherwise
 * wake them. Where the system refuses, the pool goes on with fewer and tries
 * again after a second.
 *
 * Residents allocate nothing here, but where one starts another. With glibc the
 * first malloc of a thread maps an arena for it, of 64 MB, and costs it a page
 * or two.
 */
#include "config.h"

#include "affinity.h"
#include "clock.h"
#include "idle.h"
#include "pool.h"
#include "signals.h"
#include "wake.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>

static int spawn(struct worker *w, size_t stack_bytes)
{
	pthread_attr_t attr;
	sigset_t old;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return rc;
	if (stack_bytes < (size_t)PTHREAD_STACK_MIN)
		stack_bytes = (size_t)PTHREAD_STACK_MIN;
	rc = pthread_attr_setstacksize(&attr, (stack_bytes + 0xffff)
	                               & ~(size_t)0xffff);
	if (rc == 0)
		rc = thrum__signals_block(&old);
	if (rc == 0) {
		rc = pthread_create(&w->thread, &attr, thrum__worker_main, w);
		thrum__signals_restore(&old);
	}
	pthread_attr_destroy(&attr);
	return rc;
}

void thrum__pool_settle(struct worker *w)
{
	struct thrum_pool *pool = w->pool;
	const struct place *place = &pool->plan.place[w->id];

	/* Too late for all calls: the pool waits for this thread to end, and
	 * to be moved to a core takes the time of starting one. A function of
	 * the program finds it in its place. Relaxed: a hint. */
	if (thrum__load(&pool->stop, relaxed) && !pool->start)
		return;
#if defined(__linux__)
	char name[16];
	snprintf(name, sizeof name, "thrum/%u", (unsigned)w->id % 1000000u);
	(void)pthread_setname_np(pthread_self(), name);
#endif
	/* One that floats would keep the mask of the bound thread that started
	 * it: it gets that of the process, as it was found. */
	const struct cpulist *all = &pool->plan.machine->step[STEP_MASK].cpus;
	int rc = place->npus > 0
		? thrum__affinity_bind(place->pu, place->npus)
		: pool->plan.machine->binds
		? thrum__affinity_bind(all->cpu, all->count) : 0;
	if (rc)
		thrum__or(&pool->notes, THRUM_NOTE_UNPINNED, relaxed);
}

bool thrum__pool_start(struct worker *w)
{
	struct thrum_pool *pool = w->pool;
	uint32_t rest = REST_UNSTARTED;
	int saved = errno;

	/* Relaxed all: creating a thread orders. */
	if (thrum__load(&pool->stop, relaxed)
	    || (thrum__load(&pool->retry_ns, relaxed)
	        && thrum__clock_ns() < thrum__load(&pool->retry_ns, relaxed)))
		return false;
	if (!thrum__cas(&w->home.rest, &rest, REST_STARTING, relaxed))
		return false;
	thrum__sub(&pool->resting, 1u, relaxed);
	pthread_mutex_lock(&pool->lock);
	/* Under the lock: after thrum__pool_end_threads no thread comes that
	 * nobody joins, though a resident on its way out of an old call may
	 * still want one. */
	bool stop = thrum__load(&pool->stop, relaxed);
	int rc = stop ? EAGAIN
	         : !thrum__pool_order(pool, w->id) ? ENOMEM
	         : spawn(w, pool->stack_bytes);
	w->joinable = rc == 0;
	pthread_mutex_unlock(&pool->lock);
	if (rc) {
		if (!stop) {
			thrum__or(&pool->notes, THRUM_NOTE_THREADS, relaxed);
			thrum__store(&pool->retry_ns,
			             thrum__clock_ns() + 1000000000, relaxed);
		}
		thrum__add(&pool->resting, 1u, relaxed);
		thrum__store(&w->home.rest, REST_UNSTARTED, relaxed);
		/* Somebody may wait for this one to have a turn. */
		(void)thrum__idle_ring(pool);
		thrum__wake_callers(pool);
	}
	errno = saved;
	return rc == 0;
}

void thrum__pool_end_threads(struct thrum_pool *pool)
{
	pthread_mutex_lock(&pool->lock); /* see thrum__pool_start */
	thrum__store(&pool->stop, 1, relaxed); /* comes with the bell */
	pthread_mutex_unlock(&pool->lock);
	(void)thrum__idle_ring(pool);
	for (uint32_t p = 0; p < pool->places; p++) {
		struct worker *w = &pool->worker[p];
		(void)thrum__idle_wake(pool, &w->home);
	}
}

void thrum__pool_join_threads(struct thrum_pool *pool)
{
	for (uint32_t p = 0; p < pool->places; p++) {
		struct worker *w = &pool->worker[p];
		if (w->joinable)
			pthread_join(w->thread, NULL);
		w->joinable = false;
	}
}
