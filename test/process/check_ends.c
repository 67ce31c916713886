/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_ends.c - a process may end in any way, with workers alive
 *
 * main is left by return in a program of its own: this one, run with an argument.
 */
#include "config.h"

#include "child.h"

#include <dlfcn.h>

static unsigned long fewest = -1ul; /* ends on the path that had the fewest */
static const char *self;
static thrum_pool *pool;

/* Workers that are awake, or asleep, or in the middle of a call of another
 * thread. */
static int begin(long round)
{
	pthread_t t;

	if (use(NULL))
		return 1;
	if (round % 3 == 0 && pthread_create(&t, NULL, use_for_ever, NULL))
		return 1;
	if (round % 3 == 1)
		nap(300);
	return 0;
}

static int by_exit(void *ctx)
{
	if (begin(*(long *)ctx) == 0)
		exit(0);
	return 1;
}

static int by_quick_exit(void *ctx)
{
	if (begin(*(long *)ctx) == 0)
		quick_exit(0);
	return 1;
}

static int by_underscore_exit(void *ctx)
{
	if (begin(*(long *)ctx) == 0)
		_exit(0);
	return 1;
}

static int exit_in_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)result, (void)task;
	nap(20);
	if (i == 10)
		exit(0);
	return 0;
}

static int within_a_body(void *ctx)
{
	if (begin(*(long *)ctx) == 0)
		(void)thrum_map(NULL, JOBS, exit_in_body, NULL, NULL, 0,
		                THRUM_OPTS(.n_jobs = WORKERS));
	return 1;
}

static void destroy(void)
{
	if (thrum_pool_destroy(pool) || thrum_shutdown())
		_exit(9);
}

static int with_a_handler_that_destroys(void *ctx)
{
	/* Nobody may be in a call when its pool goes. */
	long round = *(long *)ctx % 2 + 1;
	if (begin(round) || thrum_pool_create(&pool, THRUM_POOL_OPTS(
			.n_jobs = WORKERS)) || atexit(destroy) || use(pool))
		return 1;
	exit(0);
}

static int by_return(void *ctx)
{
	execl(self, self, *(long *)ctx % 2 ? "1" : "0", (char *)NULL);
	return 1;
}

static void end_often(child_fn *how, const char *what)
{
	unsigned long ends = 0;

	for (long i = 0; i < rounds_of(60, 1000); i++, ends++)
		assert_well(in_child(how, &i, 20), what);
	if (ends < fewest)
		fewest = ends;
}

START_TEST(by_exit_with_workers_alive)
{
	end_often(by_exit, "exit");
}
END_TEST

START_TEST(by_quick_exit_with_workers_alive)
{
	end_often(by_quick_exit, "quick_exit");
}
END_TEST

START_TEST(by_underscore_exit_with_workers_alive)
{
	end_often(by_underscore_exit, "_exit");
}
END_TEST

START_TEST(by_exit_within_a_body)
{
	end_often(within_a_body, "exit in a body");
}
END_TEST

START_TEST(by_exit_with_a_handler_that_destroys_the_pools)
{
	end_often(with_a_handler_that_destroys, "destroyed by atexit");
}
END_TEST

START_TEST(by_return_from_main)
{
	end_often(by_return, "return from main");
}
END_TEST

/* As a plugin, opened and closed again and again with its workers alive */

static const char library[] = "lib/.libs/libthrum.so";
static unsigned long opened;

typedef int map_fn(thrum_pool *, size_t, thrum_map_fn *, void *, void *, size_t,
                   const thrum_opts *);

static int open_often(void *ctx)
{
	for (long i = 0; i < *(long *)ctx; i++) {
		atomic_long sum = 0;
		map_fn *map = NULL;
		void *l = dlopen(library, RTLD_NOW | RTLD_LOCAL);
		if (l)
			*(void **)&map = dlsym(l, "thrum_map");
		if (!map || map(NULL, JOBS, add_one, &sum, NULL, 0,
		                THRUM_OPTS(.n_jobs = WORKERS))
		    || sum != JOBS * (JOBS + 1) / 2 || dlclose(l))
			return 1;
		if (i % 2)
			nap(200); /* with workers asleep */
	}
	return 0;
}

START_TEST(a_plugin_is_opened_and_closed_with_workers_alive)
{
	long n = rounds_of(100, 1000);
	if (access(library, F_OK) != 0) {
		printf("SKIP dlclose: no shared library was built\n");
		return;
	}
	assert_well(in_child(open_often, &n, 60), "dlclose");
	opened = (unsigned long)n;
}
END_TEST

int main(int argc, char **argv)
{
	if (argc > 1)
		return begin(argv[1][0] == '1');
	self = argv[0];
	Suite *s = suite_create("ends");
	TCase *c = tcase_create("end");
	tcase_add_test(c, by_exit_with_workers_alive);
	tcase_add_test(c, by_quick_exit_with_workers_alive);
	tcase_add_test(c, by_underscore_exit_with_workers_alive);
	tcase_add_test(c, by_exit_within_a_body);
	tcase_add_test(c, by_exit_with_a_handler_that_destroys_the_pools);
	tcase_add_test(c, by_return_from_main);
	tcase_add_test(c, a_plugin_is_opened_and_closed_with_workers_alive);
	suite_add_tcase(s, c);
	int broken = run_suite(s);
	int wrong = tell("P10", fewest, is_full() ? 1000 : 60, broken,
	                 "ends on each of 6 paths, with no hang or crash");
	if (opened)
		wrong |= tell("P10", opened, is_full() ? 1000 : 100, broken,
		              "times opened and closed as a plugin");
	return wrong;
}
