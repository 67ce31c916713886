/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress_callers.c - more callers than teams, pools in pools, and forks
 *
 * A crowd of host threads, more than a pool has teams, calls on two pools and on
 * the default pool at once; bodies of one pool call on the others, in any order;
 * some threads have pools of their own for a moment. Beside them children are
 * forked that use what they find; not with a sanitizer (sanitizer.h).
 */
#include "../sanitizer.h"
#include "stress.h"

#include <pthread.h>
#include <sys/wait.h>
#include <thrum.h>

enum { CALLERS = 80 };

static thrum_pool *pools[3]; /* the last is NULL */

struct call {
	uint64_t seed;
	int depth;
	unsigned char hits[64];
};

static void any_call(uint64_t *state, int depth);

static int body(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct call *c = ctx;
	(void)task;
	for (size_t i = begin; i < end; i++) {
		uint64_t x = stress_mix(c->seed + i);
		c->hits[i]++;
		if (c->depth < 3 && x % 8 == 0)
			any_call(&x, c->depth + 1);
		else if (x % 4 == 1)
			stress_spin(x >> 8 & 0xfff);
	}
	return 0;
}

static int root(void *ctx, thrum_task *task)
{
	return body(ctx, 0, 8, task);
}

static int turn(void *ctx, thrum_task *task)
{
	struct call *c = ctx;
	c->hits[thrum_task_worker(task) % 64]++;
	return 0;
}

static void any_call(uint64_t *state, int depth)
{
	struct call c = { .seed = stress_draw(state, UINT64_MAX),
	                  .depth = depth };
	thrum_pool *pool = pools[stress_draw(state, 3)];
	size_t n = stress_draw(state, 65);
	int n_jobs = (int)stress_draw(state, 12), rc;

	switch (stress_draw(state, depth ? 3 : 5)) {
	case 0:
		n = 8;
		rc = thrum_run(pool, root, &c, THRUM_OPTS(.n_jobs = n_jobs));
		break;
	case 3: /* own pool */
		STRESS_CHECK(thrum_pool_create(&pool, THRUM_POOL_OPTS(
			.n_jobs = 3, .bind = THRUM_BIND_NONE)) == 0);
		rc = thrum_for(pool, n, body, &c, THRUM_OPTS(.grain = 1));
		STRESS_CHECK(thrum_pool_destroy(pool) == 0);
		break;
	case 4:
		n = 1;
		rc = thrum_each(pool, turn, &c, THRUM_OPTS(.n_jobs = n_jobs));
		break;
	default:
		rc = thrum_for(pool, n, body, &c, THRUM_OPTS(.n_jobs = n_jobs,
		                                             .grain = 1));
	}
	STRESS_CHECK(rc == 0);
	for (size_t i = 0; i < n; i++)
		STRESS_CHECK(c.hits[i] == 1);
}

static void *caller(void *arg)
{
	uint64_t state = *(uint64_t *)arg;
	for (int i = 0; i < 5 && stress_goes_on(); i++)
		any_call(&state, 0);
	return NULL;
}

static void fork_child(uint64_t *state)
{
	int status;
	pid_t child = fork();

	STRESS_CHECK(child >= 0);
	if (child == 0) {
		alarm(60);
		for (int i = 0; i < 5; i++)
			any_call(state, 0);
		for (int i = 0; i < 2; i++)
			STRESS_CHECK(thrum_pool_destroy(pools[i]) == 0);
		_exit(0);
	}
	STRESS_CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
	unsigned long rounds = 0;

	stress_begin(argc, argv);
	for (uint64_t state = stress_seed; stress_goes_on(); rounds++) {
		pthread_t thread[CALLERS];
		uint64_t seed[CALLERS];
		int callers = stress_draw(&state, 2) ? CALLERS : 5;

		for (int i = 0; i < 2; i++)
			STRESS_CHECK(thrum_pool_create(&pools[i],
				THRUM_POOL_OPTS(.n_jobs = 1 + (int)
					stress_draw(&state, 8),
					.spin_us = i ? -1 : 0)) == 0);
		for (int i = 0; i < callers; i++) {
			seed[i] = stress_draw(&state, UINT64_MAX);
			STRESS_CHECK(pthread_create(&thread[i], NULL, caller,
			                            &seed[i]) == 0);
		}
		if (!UNDER_ASAN && !UNDER_TSAN)
			fork_child(&state);
		for (int i = 0; i < callers; i++)
			pthread_join(thread[i], NULL);
		for (int i = 0; i < 2; i++)
			STRESS_CHECK(thrum_pool_destroy(pools[i]) == 0);
	}
	STRESS_CHECK(thrum_shutdown() == 0);
	return stress_done("a crowd of callers is served", rounds);
}
