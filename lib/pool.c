/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* pool.c - places, their residents, and the teams of the calls that run
 *
 * fork(). A handler holds the lock of the default pool across a fork (machine.c
 * does so for the topology; it is installed before, so it is taken after), and
 * in the child counts the generation up. It is installed before main. A pool that
 * a child finds is of another generation: its threads do not exist, its teams
 * belong to calls that nobody will finish. The first call in the child makes it as
 * new: threads not started, places and teams free. What it looked like in the
 * middle of the fork does not matter, as all words are written.
 *
 * The default pool cannot grow in place, as workers index its arrays. A call
 * for more workers than it has places gets one at least twice as large, so that
 * there are few, and the residents of the former end when they find nothing to do.
 * Their memory stays until thrum_shutdown, for whoever still holds the pointer.
 *
 * The same way a default pool is left that was made when only a sketch of the
 * machine was known: by the first call after the machine is, if nobody is in a
 * call on it, and only if the machine tells more than the sketch did, as on one
 * with several caches or nodes. Cores, their CPUs, and so the number of workers
 * and what they are bound to are the same; who is near to whom is not.
 */
#include "config.h"

#include "pool.h"

#include "affinity.h"
#include "cpus.h"
#include "env.h"
#include "idle.h"
#include "memory.h"

static struct {
	pthread_mutex_t lock;
	_Atomic(struct thrum_pool *) pool; /* A written under the lock */
} standard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static _Atomic unsigned generation = 1; /* of this process */
static _Atomic unsigned made;  /* pools, ever */
static _Atomic unsigned pools; /* that are; their plans refer to the machine */
static pthread_once_t handlers = PTHREAD_ONCE_INIT;

/* Creation */

static void init_worker(struct worker *w, struct thrum_pool *pool, uint32_t id,
                        int node)
{
	w->pool = pool;
	w->id = id;
	w->node = node;
	w->at_home.timed = w->at_seat.timed = pool->alone.timed;
	w->home.stats = &w->at_home;
	w->seat.stats = &w->at_seat;
}

struct team *thrum__team_new(struct thrum_pool *pool, uint32_t number)
{
	struct team *t = thrum__memory_zalloc(THRUM__LINE, sizeof *t);
	size_t n = (size_t)pool->places + 1;

	if (!t)
		return NULL;
	t->pool = pool;
	t->number = number;
	t->guest = thrum__memory_zalloc(THRUM__LINE, sizeof *t->guest);
	t->seat = thrum__memory_zalloc(THRUM__LINE, n * sizeof *t->seat);
	t->rank = thrum__memory_zalloc(64, n * sizeof *t->rank);
	t->member = thrum__memory_zalloc(64, n * sizeof *t->member);
	if (!t->guest || !t->seat || !t->rank || !t->member) {
		thrum__team_free(t);
		return NULL;
	}
	for (uint32_t p = 0; p < pool->places; p++)
		thrum__store(&t->rank[p], THRUM__NO_RANK, relaxed);
	init_worker(t->guest, pool, pool->places + number, -1);
	return t;
}

void thrum__team_free(struct team *t)
{
	if (!t)
		return;
	if (t->guest) {
		thrum__deque_free(&t->guest->deque);
		thrum__scratch_free(&t->guest->scratch);
	}
	thrum__memory_free(t->guest);
	thrum__memory_free(t->seat);
	thrum__memory_free(t->rank);
	thrum__memory_free(t->member);
	thrum__memory_free(t);
}

static struct team *make_team(struct thrum_pool *pool, uint32_t number)
{
	pthread_mutex_lock(&pool->lock);
	/* Relaxed: under the lock. */
	struct team *t = thrum__load(&pool->team[number], relaxed);
	if (!t && (t = thrum__team_new(pool, number))) {
		/* [T6] pairs with [T5] in thrum__pool_team, thrum__pool_worker,
		 * search, turn_waits, thrum__wake_attend, thrum__wake_callers,
		 * thrum__idle_seen and sum_up */
		thrum__store(&pool->team[number], t, release);
		thrum__store(&pool->teams, number + 1, release);
	}
	pthread_mutex_unlock(&pool->lock);
	return t;
}

struct team *thrum__pool_team(struct thrum_pool *pool, uint32_t number)
{
	/* By the count, not by the pointer, which is there before: residents
	 * look at so many teams, and one that they do not see nobody may have.
	 * [T5] pairs with [T6] in make_team */
	if (number < thrum__load(&pool->teams, acquire))
		return thrum__load(&pool->team[number], relaxed);
	return make_team(pool, number);
}

const uint16_t *thrum__pool_order(struct thrum_pool *pool, uint32_t place)
{
	/* [O1] pairs with [O2] in thrum__pool_order */
	uint16_t *order = thrum__load(&pool->order[place], acquire), *other;
	uint32_t n = pool->places;
	int *wide;

	if (order)
		return order;
	order = thrum__memory_zalloc(64, (2 * n + 1) * sizeof *order);
	wide = thrum__memory_zalloc(64, 2 * n * sizeof *wide);
	if (order && wide) {
		order[n] = (uint16_t)thrum__plan_nearest(&pool->plan,
		                                         (int)place, wide,
		                                         wide + n);
		for (uint32_t i = 0; i < n; i++) {
			order[i] = (uint16_t)wide[i];
			order[n + 1 + i] = (uint16_t)wide[n + i];
		}
		other = NULL;
		/* [O2] pairs with [O1] in thrum__pool_order */
		if (!thrum__cas(&pool->order[place], &other, order, acq_rel)) {
			thrum__memory_free(order);
			/* [O1] pairs with [O2] in thrum__pool_order, of the
			 * other thread */
			order = thrum__load(&pool->order[place], acquire);
		}
	} else {
		thrum__memory_free(order);
		order = NULL;
	}
	thrum__memory_free(wide);
	return order;
}

static void unmake(struct thrum_pool *pool)
{
	for (uint32_t i = 0; i < THRUM__TEAMS; i++)
		thrum__team_free(thrum__load(&pool->team[i], relaxed));
	for (uint32_t p = 0; pool->worker && p < pool->places; p++) {
		thrum__deque_free(&pool->worker[p].deque);
		thrum__scratch_free(&pool->worker[p].scratch);
	}
	for (uint32_t p = 0; pool->order && p < pool->places; p++)
		thrum__memory_free(thrum__load(&pool->order[p], relaxed));
	thrum__memory_free(pool->order);
	thrum__memory_free(pool->worker);
	thrum__plan_free(&pool->plan);
	pthread_mutex_destroy(&pool->lock);
	thrum__memory_free(pool);
}

static void fork_prepare(void)
{
	pthread_mutex_lock(&standard.lock);
}

static void fork_parent(void)
{
	pthread_mutex_unlock(&standard.lock);
}

static void fork_child(void)
{
	pthread_mutex_unlock(&standard.lock);
	thrum__add(&generation, 1u, relaxed); /* the only thread */
	/* If it was in a body, that is of a call that nobody will finish here:
	 * what the child calls is not inside of it. */
	thrum__task_current = NULL;
}

static void install_handlers(void)
{
	thrum__machine_guard_fork(); /* its locks are taken after */
	/* If it is refused, a child has a pool without threads, which its
	 * callers serve alone. */
	(void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* Before main, as in machine.c: the first call may make a pool while a fork of
 * another thread waits in the handlers, and of a pool that its handlers do not
 * know the child would wait for the threads of the parent. */
#if defined(__GNUC__)
__attribute__((constructor))
#endif
void thrum__pool_guard_fork(void)
{
	pthread_once(&handlers, install_handlers);
}

static void init_places(struct thrum_pool *pool)
{
	for (uint32_t p = 0; p < pool->places; p++) {
		struct worker *w = &pool->worker[p];
		init_worker(w, pool, p, pool->plan.place[p].npus > 0
		                        ? pool->plan.place[p].node : -1);
		thrum__store(&w->home.rest, REST_UNSTARTED, relaxed);
	}
	thrum__store(&pool->resting, pool->places, relaxed);
}

static void take_options(struct thrum_pool *pool, int size,
                         const struct machine *m, const thrum_pool_opts *o)
{
	const struct env *env = thrum__env();

	pool->bind = o->bind ? o->bind : env->bind ? env->bind
	                                           : THRUM_BIND_CORES;
	pool->size = size;
	pool->stack_bytes = o->stack_bytes ? o->stack_bytes
		: env->stack_bytes ? env->stack_bytes : (size_t)8 << 20;
	pool->spin_ns = thrum__policy_spin_ns(
		o->spin_us < 0 ? 0 : o->spin_us > 0 ? o->spin_us : env->spin_us,
		size, m->usable, m->usable < m->ncores);
	pool->start = o->start;
	pool->end = o->stop;
	pool->ctx = o->ctx;
	pool->alone.timed = env->stats != 0;
}

static int pool_new(struct thrum_pool **out, int size, int places,
                    const struct machine *m, const thrum_pool_opts *o)
{
	struct thrum_pool *pool = thrum__memory_zalloc(THRUM__LINE,
	                                               sizeof *pool);

	*out = NULL;
	if (!pool)
		return THRUM_ENOMEM;
	thrum__pool_guard_fork();
	pthread_mutex_init(&pool->lock, NULL);
	take_options(pool, size, m, o);
	if (thrum__plan_make(&pool->plan, m, places, thrum__affinity_cpu(),
	                     pool->bind)) {
		pthread_mutex_destroy(&pool->lock);
		thrum__memory_free(pool);
		return THRUM_ENOMEM;
	}
	pool->places = (uint32_t)places;
	pool->worker = thrum__memory_zalloc(THRUM__LINE, pool->places
	                                    * sizeof *pool->worker);
	pool->order = thrum__memory_zalloc(64, pool->places
	                                   * sizeof *pool->order);
	if (!pool->worker || !pool->order) {
		unmake(pool);
		return THRUM_ENOMEM;
	}
	init_places(pool);
	thrum__add(&pools, 1u, relaxed);
	pool->number = thrum__add(&made, 1u, relaxed) + 1;
	thrum__store(&pool->generation, thrum__load(&generation, relaxed),
	             relaxed);
	*out = pool;
	return 0;
}

/* After fork */

static void renew_worker(struct worker *w, uint32_t rest)
{
	thrum__deque_reset(&w->deque);
	thrum__store(&w->serving, 0, relaxed);
	thrum__store(&w->leaper, 0, relaxed);
	thrum__store(&w->attends, 0, relaxed);
	thrum__store(&w->home.parker.token, 0, relaxed);
	thrum__store(&w->seat.parker.token, 0, relaxed);
	thrum__store(&w->seat.rest, REST_AWAKE, relaxed);
	thrum__store(&w->home.rest, rest, relaxed);
	thrum__store(&w->taken, PLACE_FREE, relaxed);
	w->joinable = false;
	thrum__stats_reset(&w->at_home);
	thrum__stats_reset(&w->at_seat);
	w->ran = (struct ran){ 0 };
	/* Lost, not freed: it may be half changed, and the body that forked may
	 * have memory of it. */
	w->scratch = (struct scratch){ 0 };
}

static void renew_team(struct team *t)
{
	uint32_t epoch = thrum__deal_epoch(thrum__load(&t->deal, relaxed));

	/* The call of the parent: nothing of it is left. */
	thrum__store(&t->deal, thrum__deal_pack(epoch, 0, 0), relaxed);
	for (uint32_t r = 0; r <= t->pool->places; r++) {
		thrum__range_set(&t->seat[r].range, epoch, 0, 0);
		thrum__store(&t->seat[r].done.word, (uint64_t)epoch << 32,
		             relaxed);
	}
	thrum__store(&t->feed.claimed, thrum__load(&t->feed.filled, relaxed),
	             relaxed);
	thrum__store(&t->busy, 0, relaxed);
	/* Another thread may have been in the middle of writing the tables: no
	 * rank may stay that the next caller does not know of. */
	for (uint32_t p = 0; p < t->pool->places; p++)
		thrum__store(&t->rank[p], THRUM__NO_RANK, relaxed);
	thrum__store(&t->size, 0, relaxed);
	t->built_clean = false;
	renew_worker(t->guest, REST_AWAKE);
}

/* All relaxed: under standard.lock, whose release and that of the generation
 * publish it. */
static void renew(struct thrum_pool *pool)
{
	pthread_mutex_init(&pool->lock, NULL);
	for (uint32_t p = 0; p < pool->places; p++)
		renew_worker(&pool->worker[p], REST_UNSTARTED);
	for (uint32_t i = 0; i < THRUM__TEAMS; i++) {
		struct team *t = thrum__load(&pool->team[i], relaxed);
		if (t)
			renew_team(t);
	}
	thrum__store(&pool->resting, pool->places, relaxed);
	for (unsigned i = 0; i < THRUM__SHARDS; i++)
		thrum__store(&pool->callers[i].n, 0, relaxed);
	thrum__store(&pool->retry_ns, 0, relaxed);
	thrum__stats_reset(&pool->alone);
	pool->alone_ran = (struct ran){ 0 };
	thrum__and(&pool->notes, ~THRUM_NOTE_THREADS, relaxed);
}

bool thrum__pool_foreign(const struct thrum_pool *pool)
{
	/* [G1] acquire: pairs with [G2] in thrum__pool_adopt */
	return thrum__load(&pool->generation, acquire)
	       != thrum__load(&generation, relaxed);
}

void thrum__pool_adopt(struct thrum_pool *pool)
{
	if (!thrum__pool_foreign(pool))
		return;
	pthread_mutex_lock(&standard.lock);
	if (thrum__pool_foreign(pool)) {
		renew(pool);
		/* [G2] pairs with [G1] in thrum__pool_foreign */
		thrum__store(&pool->generation,
		             thrum__load(&generation, relaxed), release);
	}
	pthread_mutex_unlock(&standard.lock);
}

/* The default pool */

static int places_for(int n_jobs, const struct machine *m,
                      const struct thrum_pool *former)
{
	int places = n_jobs > m->ncores ? n_jobs : m->ncores;
	int least = former ? (int)former->places : 0;

	if (n_jobs > least)
		least *= 2;
	if (least > THRUM__WORKERS_MAX)
		least = THRUM__WORKERS_MAX;
	return places > least ? places : least;
}

/* The pool was made by a sketch, and there is a reason to leave it now. */
static bool is_outdated(struct thrum_pool *pool, const struct machine *m)
{
	/* Relaxed, both: written under standard.lock, which is held. */
	if (!thrum__load(&pool->rough, relaxed) || thrum__machine_is_rough(m))
		return false;
	if (thrum__machine_adds_nothing(m, pool->plan.machine)) {
		thrum__store(&pool->rough, false, relaxed);
		return false;
	}
	/* Relaxed: a call that is missed here ends with fewer workers. */
	for (uint32_t i = 0; i < THRUM__SHARDS; i++)
		if (thrum__load(&pool->callers[i].n, relaxed) != 0)
			return false;
	return true;
}

struct thrum_pool *thrum__pool_default(int n_jobs)
{
	/* [M1] pairs with [M2] in thrum__pool_default */
	struct thrum_pool *pool = thrum__load(&standard.pool, acquire);

	if (pool && (uint32_t)n_jobs <= pool->places
	    && !thrum__load(&pool->rough, relaxed)) /* see is_outdated */
		return pool;
	const struct machine *m = thrum__machine_now();
	pthread_mutex_lock(&standard.lock);
	pool = thrum__load(&standard.pool, relaxed); /* under the lock */
	if (!pool || (uint32_t)n_jobs > pool->places
	    || is_outdated(pool, m)) {
		struct thrum_pool *more;
		thrum_pool_opts none = { .size = sizeof none };
		int places = places_for(n_jobs, m, pool);
		if (pool_new(&more, m->usable, places, m, &none) == 0) {
			thrum__store(&more->rough, thrum__machine_is_rough(m),
			             relaxed); /* published by [M2] */
			more->next = pool;
			/* Else its lock may be held for ever. */
			if (pool && !thrum__pool_foreign(pool))
				thrum__pool_end_threads(pool);
			/* [M2] pairs with [M1] in thrum__pool_default */
			thrum__store(&standard.pool, more, release);
			pool = more;
		}
	}
	pthread_mutex_unlock(&standard.lock);
	return pool;
}

void thrum__pool_keep(struct thrum_pool *pool)
{
	pthread_mutex_lock(&standard.lock);
	thrum__store(&pool->rough, false, relaxed); /* under the lock */
	pthread_mutex_unlock(&standard.lock);
}

/* The interface */

/* In a body of pool, or of any pool: of this thread, or of a thread whose
 * work it does. */
static bool inside(const struct thrum_pool *pool)
{
	for (const struct thrum_task *t = thrum__task_current; t; t = t->outer)
		for (const struct call *c = t->call; c; c = c->parent)
			if (!pool || c->pool == pool)
				return true;
	return false;
}

int thrum__pool_create(struct thrum_pool **pool, int size,
                       const thrum_pool_opts *opts)
{
	return pool_new(pool, size, size, thrum__machine(), opts);
}

bool thrum__pool_any(void)
{
	/* Relaxed: who makes or ends pools meanwhile orders that himself. */
	return thrum__load(&pools, relaxed) != 0;
}

static void wait_for_callers(_Atomic uint32_t *callers)
{
	uint32_t n;

	/* [C1] pairs with [C2] in count_out */
	while ((n = thrum__load(callers, acquire)) != 0)
		(void)thrum__park_wait(callers, n, 1000000);
}

int thrum__pool_end(struct thrum_pool *pool)
{
	if (inside(pool))
		return THRUM_EDEADLK;
	if (!thrum__pool_foreign(pool)) {
		/* Calls of other threads that began before. They cannot call
		 * the waiter, as their last touch of the pool is the count. */
		for (unsigned i = 0; i < THRUM__SHARDS; i++)
			wait_for_callers(&pool->callers[i].n);
		thrum__pool_end_threads(pool);
		thrum__pool_join_threads(pool);
	}
	return 0;
}

void thrum__pool_free(struct thrum_pool *pool)
{
	unmake(pool);
	thrum__sub(&pools, 1u, relaxed);
}

int thrum__pool_detach(struct thrum_pool **first)
{
	if (inside(NULL))
		return THRUM_EDEADLK;
	pthread_mutex_lock(&standard.lock);
	*first = thrum__load(&standard.pool, relaxed); /* under the lock */
	thrum__store(&standard.pool, NULL, relaxed);
	pthread_mutex_unlock(&standard.lock);
	return 0;
}

void thrum__pool_visit(void (*visit)(const struct thrum_pool *pool))
{
	if (pthread_mutex_trylock(&standard.lock))
		return;
	/* Relaxed: under the lock. */
	struct thrum_pool *pool = thrum__load(&standard.pool, relaxed);
	for (; pool; pool = pool->next)
		visit(pool);
	pthread_mutex_unlock(&standard.lock);
}

struct thrum_pool *thrum__pool_standard(void)
{
	/* [M1] pairs with [M2] in thrum__pool_default */
	return thrum__load(&standard.pool, acquire);
}
