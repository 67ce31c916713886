/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* publish.c - what one thread makes and another finds, under ThreadSanitizer
 *
 * In the model checker there is a pool from the start; here is how things come to
 * be: variables, machine, pools, teams, and how a pool goes. One thread makes a
 * thing, and says so by a relaxed word, which orders nothing. Another looks for it
 * after that, by the way that the library has: if that does not order, what it
 * reads is a race, and ThreadSanitizer says so, whether or not it came true.
 *
 * Linked with the library as check-mutants compiles it: with delay points, of which
 * thrum__chaos() here is one. Exit status 0 if all laws hold; an alarm ends what
 * hangs.
 */
#include "config.h"

#include "atomics.h"
#include "env.h"
#include "idle.h"
#include "machine.h"
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <thrum.h>
#include <unistd.h>

enum { PLACES = 4, CALLERS = 16, CALLS = 100, PATIENCE_S = 60 };

static thrum_pool *pool;
static _Atomic uint32_t made, waiting;
static _Atomic bool yielding;

/* Of this thread: operations to go until it waits for `made`; 0: it does not. */
static THRUM__THREAD unsigned hold_at;

static void check(bool holds, const char *law)
{
	if (holds)
		return;
	fprintf(stderr, "publish: %s\n", law);
	_exit(1);
}

static void await(_Atomic uint32_t *word)
{
	while (!atomic_load_explicit(word, memory_order_relaxed))
		sched_yield();
}

void thrum__chaos(void)
{
	if (hold_at && --hold_at == 0) {
		atomic_store_explicit(&waiting, 1, memory_order_relaxed);
		await(&made);
	}
	if (atomic_load_explicit(&yielding, memory_order_relaxed))
		sched_yield();
}

/* One makes, and each of the others finds, in a thread of its own. */

typedef void action_fn(void);

static void *make_and_say_so(void *action)
{
	(*(action_fn **)action)();
	atomic_store_explicit(&made, 1, memory_order_relaxed);
	return NULL;
}

static void *find_after(void *action)
{
	await(&made);
	(*(action_fn **)action)();
	return NULL;
}

static pthread_t thread_of(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	check(pthread_create(&thread, NULL, body, arg) == 0, "no thread");
	return thread;
}

static void publish(action_fn *make, action_fn *const *find)
{
	pthread_t finder[4], maker;
	unsigned n = 0;

	made = waiting = 0;
	for (; find[n]; n++)
		finder[n] = thread_of(find_after, (void *)&find[n]);
	maker = thread_of(make_and_say_so, &make);
	pthread_join(maker, NULL);
	while (n-- > 0)
		pthread_join(finder[n], NULL);
}

#define PUBLISH(make, ...) \
	publish(make, (action_fn *const[]){ __VA_ARGS__, NULL })

/* What is found by name. */

static void read_env(void)
{
	(void)thrum__env();
}

static void find_env(void)
{
	check(thrum__load(&thrum__env_read, relaxed) != NULL,
	      "the variables are read again and again");
	check(thrum__env()->value[0].name != NULL, "a variable without name");
}

static const struct machine *first_machine;

static void sketch_machine(void)
{
	first_machine = thrum__machine_now();
}

static void find_sketch(void)
{
	check(thrum__machine_now()->ncores > 0, "a machine without cores");
}

static void load_machine(void)
{
	(void)thrum__machine();
}

static void find_machine(void)
{
	check(thrum__machine()->ncores > 0, "a machine without cores");
}

static void build_machine(void)
{
	const struct topology_source here = { .sketch = false };
	struct machine *m;

	if (thrum__machine_build(&m, &here) == 0)
		thrum__machine_free(m);
}

static thrum_pool *standard;

static void make_standard(void)
{
	standard = thrum__pool_default(1);
}

static void find_standard(void)
{
	check(thrum__pool_default(1)->places > 0, "a pool without places");
}

static void find_standard_by_name(void)
{
	thrum_pool *found = thrum__pool_standard();

	check(found && found->places > 0, "a pool without places");
}

static void make_order(void)
{
	check(thrum__pool_order(pool, 0) != NULL, "no memory");
}

static void find_order(void)
{
	check(thrum__pool_order(pool, 0)[0] == 0, "not the nearest first");
}

/* Two make it at once: one waits somewhere between its look and its exchange, and
 * then finds that of the other in its place. */
static const uint16_t *of_first, *of_second;
static uint32_t contested;
static unsigned held_at;

static void *lose_order(void *arg)
{
	(void)arg;
	hold_at = held_at;
	of_second = thrum__pool_order(pool, contested);
	check(of_second[0] == contested, "not the nearest first");
	hold_at = 0;
	atomic_store_explicit(&waiting, 1, memory_order_relaxed);
	return NULL;
}

static void make_order_meanwhile(void)
{
	await(&waiting);
	of_first = thrum__pool_order(pool, contested);
}

static void race_for_order(uint32_t place, unsigned at)
{
	action_fn *make = make_order_meanwhile;

	made = waiting = 0;
	contested = place;
	held_at = at;
	pthread_t second = thread_of(lose_order, NULL);
	pthread_t first = thread_of(make_and_say_so, &make);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
	check(of_first && of_first == of_second, "two orders of one place");
}

static void make_team(void)
{
	check(thrum__pool_team(pool, 0) != NULL, "no memory");
}

static void find_team(void)
{
	check(thrum__pool_team(pool, 0)->number == 0, "another team");
}

static void find_guest(void)
{
	check(thrum__pool_worker(pool, PLACES)->id == PLACES, "another guest");
}

static void find_stats(void)
{
	static thrum_worker_stats row[PLACES + 1];

	check(thrum_pool_stats(pool, row, sizeof *row, PLACES + 1) == PLACES + 1,
	      "not all places are told");
}

static void team_is_there(void)
{
	check(thrum__load(&pool->teams, relaxed) == 1
	      && thrum__pool_team(pool, 0) == thrum__pool_team(pool, 0),
	      "a team was made twice");
}

/* A pool of the parent of a fork, in the child. */

static void adopt(void)
{
	thrum__pool_adopt(pool);
}

static void find_adopted(void)
{
	check(!thrum__pool_foreign(pool), "it is still of the parent");
	check(!pool->worker[0].joinable, "a thread of the parent");
}

/* How it goes: who destroys it waits for those in a call. */

static unsigned told; /* plain: by who calls, then by who destroys */

static int say_in_body(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)begin, (void)end, (void)task;
	if (ctx)
		*(unsigned *)ctx = 7;
	atomic_store_explicit(&made, 1, memory_order_relaxed);
	return 0;
}

static void call_with(unsigned *told_to)
{
	check(thrum_for(pool, 1, say_in_body, told_to, THRUM_OPTS(.n_jobs = 1))
	      == 0, "a call failed");
}

static void call_once(void)
{
	told = 0;
	call_with(&told);
}

static void destroy(void)
{
	check(thrum_pool_destroy(pool) == 0, "it is not destroyed");
	check(told == 7, "a pool that was destroyed before its call");
}

static void *call_often(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < CALLS; i++)
		call_with(NULL);
	return NULL;
}

/* All at once, so that each count of callers is of more than one thread. */
static void count_callers(void)
{
	pthread_t caller[CALLERS];

	yielding = true;
	for (unsigned i = 0; i < CALLERS; i++)
		caller[i] = thread_of(call_often, NULL);
	for (unsigned i = 0; i < CALLERS; i++)
		pthread_join(caller[i], NULL);
	yielding = false;
	for (unsigned i = 0; i < THRUM__SHARDS; i++)
		check(thrum__load(&pool->callers[i].n, relaxed) == 0,
		      "a call is counted that is over");
}

static void make_pool(void)
{
	check(thrum_pool_create(&pool, THRUM_POOL_OPTS(
		.n_jobs = PLACES, .bind = THRUM_BIND_NONE)) == 0, "no pool");
}

/* In a child, which forks while it has no threads. @return its wait status. */
static int in_child(void (*body)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		body();
		exit(0);
	}
	check(child > 0 && waitpid(child, &status, 0) == child, "no child");
	return status;
}

static void adopt_in_grandchild(void)
{
	alarm(PATIENCE_S);
	PUBLISH(adopt, find_adopted);
}

static void adopt_in_child(void)
{
	alarm(PATIENCE_S);
	make_pool();
	check(in_child(adopt_in_grandchild) == 0, "the pool of a parent");
}

int main(void)
{
	check(in_child(adopt_in_child) == 0, "the pool of a parent");
	alarm(PATIENCE_S);
	PUBLISH(read_env, find_env);
	PUBLISH(sketch_machine, find_sketch);
	check(first_machine == thrum__machine_now(), "two sketches");
	PUBLISH(load_machine, find_machine, find_sketch, build_machine);
	PUBLISH(make_standard, find_standard, find_standard_by_name);
	check(standard == thrum__pool_default(1), "two default pools");
	make_pool();
	PUBLISH(call_once, destroy); /* the thread counts itself alone */
	make_pool();
	PUBLISH(make_order, find_order);
	race_for_order(1, 2);
	race_for_order(2, 3);
	PUBLISH(make_team, find_team, find_guest, find_stats);
	team_is_there();
	count_callers();
	PUBLISH(call_once, destroy); /* with others, which were more than these */
	return 0;
}
