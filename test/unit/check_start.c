/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_start.c - what calls do as long as the machine is not known
 *
 * This program has a dlopen of its own, which holds whoever loads hwloc until
 * the test lets it go on, or says that there is no hwloc. hwloc is opened once
 * a process: where tests are not run in children, as under ThreadSanitizer, only
 * the first of them finds it closed, and the others have nothing to look at.
 */
#include "config.h"

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

#include "../sanitizer.h"
#include "machine.h"
#include "pool.h"

#ifdef HAVE_HWLOC

enum { N = 2000, JOBS = 4 };

static atomic_bool shut;    /* who opens hwloc waits */
static atomic_bool missing; /* there is none */
static atomic_int asked;    /* how often it was opened */
static atomic_bool let_go;  /* shut was undone by let_go_soon */
static const char *synthetic; /* the machine that it is to tell */

static pthread_mutex_t linker; /* recursive, as that of the dynamic linker */

static void doze(void)
{
	const struct timespec ms = { 0, 1000000 };
	(void)nanosleep(&ms, NULL);
}

void *dlopen(const char *name, int flags)
{
	void *(*real)(const char *, int), *found = dlsym(RTLD_NEXT, "dlopen");
	memcpy(&real, &found, sizeof(real));
	if (name && strcmp(name, HWLOC_SONAME) == 0) {
		atomic_fetch_add(&asked, 1);
		pthread_mutex_lock(&linker);
		pthread_mutex_unlock(&linker);
		while (atomic_load(&shut))
			doze();
		if (synthetic)
			setenv("HWLOC_SYNTHETIC", synthetic, 1);
		if (atomic_load(&missing))
			return NULL;
	}
	return real(name, flags);
}

/* Not in this process any more; see above. */
static bool too_late(void)
{
	return atomic_load(&asked) != 0;
}

static int count(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)i, (void)task;
	++*(int *)result;
	return 0;
}

static int sum(void *ctx, size_t begin, size_t end, void *partial,
               thrum_task *task)
{
	(void)ctx, (void)task;
	for (size_t i = begin; i < end; i++)
		*(int64_t *)partial += (int64_t)i;
	return 0;
}

static int next(void *ctx, void *item)
{
	(void)item;
	return (*(int *)ctx)-- > 0 ? 0 : THRUM_END;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	(void)ctx, (void)item, (void)task;
	return 0;
}

/* 0 if calls of each shape do what they should. */
static int use_all(void)
{
	static int times[N];
	const thrum_opts *o = THRUM_OPTS(.n_jobs = JOBS);
	int64_t total = 0;
	int left = 100;
	thrum_report r;
	memset(times, 0, sizeof(times));
	if (thrum_map(NULL, N, count, NULL, times, sizeof(*times),
	              THRUM_OPTS(.n_jobs = JOBS, .report = &r)))
		return 1;
	if (r.done != N || r.n_jobs != JOBS)
		return 2;
	for (int i = 0; i < N; i++)
		if (times[i] != 1)
			return 3;
	if (thrum_reduce(NULL, 1000, sum, thrum_add_int64, NULL, &total,
	                 sizeof(total), o) || total != 499500)
		return 4;
	return thrum_stream(NULL, 8, next, work, NULL, NULL, &left, o) ? 5 : 0;
}

/* Until a resident with nothing to do has begun to load. */
static void await_load(void)
{
	while (atomic_load(&asked) == 0)
		doze();
}

static void await_machine(void)
{
	while (thrum__machine_is_rough(thrum__machine_now()))
		doze();
}

static void *let_go_soon(void *unused)
{
	for (int i = 0; i < 20; i++)
		doze();
	atomic_store(&let_go, true);
	atomic_store(&shut, false);
	return unused;
}

/* A load in flight, which goes on in some ms. */
static pthread_t hold_a_load(void)
{
	pthread_t thread;
	atomic_store(&let_go, false);
	atomic_store(&shut, true);
	ck_assert_int_eq(use_all(), 0);
	await_load();
	ck_assert_int_eq(pthread_create(&thread, NULL, let_go_soon, NULL), 0);
	return thread;
}

START_TEST(calls_do_not_wait_for_the_topology)
{
	if (too_late())
		return;
	atomic_store(&shut, true);
	int cores = thrum_cpu_count();
	ck_assert_int_eq(use_all(), 0);
	await_load();
	ck_assert_int_eq(use_all(), 0);
	ck_assert(thrum__machine_is_rough(thrum__machine_now()));
	atomic_store(&shut, false);
	await_machine();
	ck_assert_int_eq(use_all(), 0);
	ck_assert_int_eq(thrum_cpu_count(), cores);
	ck_assert_int_eq(atomic_load(&asked), 1);
}
END_TEST

START_TEST(a_count_that_was_told_does_not_grow)
{
	if (too_late())
		return;
	int cores = thrum_cpu_count();
	synthetic = "pack:2 [numa] l3:2 core:1100 pu:1";
	ck_assert_int_eq(use_all(), 0);
	await_machine();
	const struct machine *m = thrum__machine();
	ck_assert_int_eq(m->ncores, 4400);
	ck_assert_int_eq(m->usable, cores);
	ck_assert_int_eq(thrum_cpu_count(), cores);
}
END_TEST

START_TEST(a_pool_made_by_the_sketch_is_left_if_the_machine_says_more)
{
	if (too_late())
		return;
	synthetic = "pack:2 [numa] l3:2 core:2 pu:1";
	atomic_store(&shut, true);
	ck_assert_int_eq(use_all(), 0);
	const struct thrum_pool *rough = thrum__pool_default(JOBS);
	atomic_store(&shut, false);
	await_machine();
	ck_assert_int_eq(use_all(), 0);
	const struct thrum_pool *pool = thrum__pool_default(JOBS);
	ck_assert_ptr_ne(pool, rough);
	ck_assert_ptr_eq(pool->plan.machine, thrum__machine());
	ck_assert_ptr_eq(thrum__pool_default(JOBS), pool);
}
END_TEST

START_TEST(turns_are_taken_in_a_pool_that_lasts)
{
	if (too_late())
		return;
	pthread_t thread = hold_a_load();
	ck_assert_int_eq(thrum_pool_warm(NULL, JOBS), JOBS);
	ck_assert(atomic_load(&let_go));
	ck_assert(!thrum__machine_is_rough(thrum__machine_now()));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(a_pool_of_ones_own_knows_the_machine)
{
	if (too_late())
		return;
	thrum_pool *pool;
	pthread_t thread = hold_a_load();
	ck_assert_int_eq(thrum_pool_create(&pool, NULL), 0);
	ck_assert(atomic_load(&let_go));
	ck_assert_ptr_eq(pool->plan.machine, thrum__machine());
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(shutdown_waits_for_a_load)
{
	if (too_late())
		return;
	pthread_t thread = hold_a_load();
	ck_assert_int_eq(thrum_shutdown(), 0);
	ck_assert(atomic_load(&let_go));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(use_all(), 0);
	ck_assert_int_eq(thrum_shutdown(), 0);
}
END_TEST

START_TEST(fork_waits_for_a_load)
{
	if (too_late())
		return;
	pthread_t thread = hold_a_load();
	pid_t child = fork();
	bool waited = atomic_load(&let_go);
	if (child == 0) {
		alarm(30);
		_exit(waited ? use_all() : 100);
	}
	int status;
	ck_assert(waited);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

/* The thread that loads waits for the linker; that has a thread which is in a
 * constructor, and must not wait for it. */
START_TEST(a_constructor_may_do_anything_during_a_load)
{
	if (too_late())
		return;
	thrum_pool *pool;
	pthread_mutex_lock(&linker);
	ck_assert_int_eq(use_all(), 0);
	await_load();
	pid_t child = fork();
	if (child == 0) {
		alarm(30);
		_exit(use_all());
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(thrum_pool_create(&pool, NULL), 0);
	ck_assert_int_eq(thrum_pool_destroy(pool), 0);
	ck_assert_int_eq(thrum_pool_warm(NULL, JOBS), JOBS);
	ck_assert_int_eq(thrum_shutdown(), 0);
	pthread_mutex_unlock(&linker);
	ck_assert_int_eq(use_all(), 0);
}
END_TEST

START_TEST(without_hwloc_the_cores_are_those_of_the_system)
{
	if (too_late())
		return;
	atomic_store(&missing, true);
	int cores = thrum_cpu_count();
	ck_assert_int_eq(use_all(), 0);
	const struct machine *m = thrum__machine();
	ck_assert_int_eq(m->failure, -ENOSYS);
	ck_assert_int_eq(m->usable, cores);
	ck_assert_int_eq(use_all(), 0);
	atomic_store(&missing, false);
}
END_TEST

/* Its places come from there, so nothing of it may be left. */
static void clean_up(void)
{
	ck_assert_int_eq(thrum_shutdown(), 0);
	(void)unsetenv("HWLOC_SYNTHETIC");
	synthetic = NULL;
}

#endif

int main(void)
{
	Suite *s = suite_create("start");
#ifdef HAVE_HWLOC
	TCase *tc = tcase_create("load");
	pthread_mutexattr_t recursive;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&linker, &recursive);
	tcase_add_checked_fixture(tc, NULL, clean_up);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, calls_do_not_wait_for_the_topology);
	tcase_add_test(tc, a_count_that_was_told_does_not_grow);
	tcase_add_test(tc,
	               a_pool_made_by_the_sketch_is_left_if_the_machine_says_more);
	tcase_add_test(tc, turns_are_taken_in_a_pool_that_lasts);
	tcase_add_test(tc, a_pool_of_ones_own_knows_the_machine);
	tcase_add_test(tc, shutdown_waits_for_a_load);
	tcase_add_test(tc, without_hwloc_the_cores_are_those_of_the_system);
#if !UNDER_TSAN /* it cannot follow a fork with threads */
	tcase_add_test(tc, fork_waits_for_a_load);
	tcase_add_test(tc, a_constructor_may_do_anything_during_a_load);
#else
	(void)fork_waits_for_a_load;
	(void)a_constructor_may_do_anything_during_a_load;
#endif
	suite_add_tcase(s, tc);
#else
	puts("# left out without hwloc: the laws of its load");
#endif
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
