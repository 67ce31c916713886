/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_forks.c - a process may fork at any time, and exec, and go to the back */
#include "config.h"

#include "child.h"

#include <dirent.h>
#include <fcntl.h>

static unsigned long forks;

/* A grandchild that may use the library. @return 0 if it could. */
static int grandchild(bool uses)
{
	pid_t pid = fork();
	if (pid == 0) {
		have_an_alarm(20);
		_exit(uses ? use(NULL) : 0);
	}
	return pid < 0 ? 1 : status_of(pid) != 0;
}

/* All that is looked up at first need, and the loop that needs it. */
static void *first_call(void *ctx)
{
	thrum_pool *pool;
	int *rc = ctx;
	*rc = use(NULL);
	if (*rc == 0)
		*rc = thrum_pool_create(&pool, NULL)
		      || thrum_pool_destroy(pool);
	return NULL;
}

enum { DURING = 5 }; /* forks during one first call */

static int fork_during_first_call(void *ctx)
{
	long delay_us = *(long *)ctx;
	pthread_t t;
	int rc = -1, wrong = 0;

	if (pthread_create(&t, NULL, first_call, &rc))
		return 1;
	nap(delay_us);
	for (int i = 0; i < DURING; i++)
		wrong |= grandchild(i % 2 == 0);
	pthread_join(t, NULL);
	return wrong || rc;
}

START_TEST(a_thousand_forks_during_the_first_call)
{
	if (UNDER_ASAN) {
		printf("SKIP forks during the first call: ASan\n");
		return;
	}
	for (long i = 0; i < rounds_of(40, 200); i++) {
		/* The first call takes 0.3 ms, hwloc some more. */
		long delay_us = i * 37 % 4000;
		assert_well(in_child(fork_during_first_call, &delay_us, 60),
		            "a fork during the first call");
		forks += DURING;
	}
}
END_TEST

static int fork_in_mid_loop(void *ctx)
{
	pthread_t t;

	if (pthread_create(&t, NULL, use_for_ever, NULL))
		return 1;
	for (long i = 0; i < *(long *)ctx; i++)
		if (grandchild(i % 2 == 0))
			return 2;
	return use(NULL);
}

START_TEST(forks_while_others_are_in_a_loop)
{
	for (long i = 0; i < rounds_of(4, 80); i++) {
		long n = 100;
		assert_well(in_child(fork_in_mid_loop, &n, 60),
		            "a fork in mid-loop");
		forks += (unsigned long)n;
	}
}
END_TEST

static int fork_in_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)result, (void)task;
	return i % 8 ? 0 : grandchild(true);
}

static int fork_in_bodies(void *ctx)
{
	for (long i = 0; i < *(long *)ctx; i++)
		if (thrum_map(NULL, 80, fork_in_body, NULL, NULL, 0,
		              THRUM_OPTS(.n_jobs = WORKERS)) || use(NULL))
			return 1;
	return 0;
}

START_TEST(forks_in_bodies_whose_children_make_calls)
{
	long n = rounds_of(10, 100);
	assert_well(in_child(fork_in_bodies, &n, 120), "a fork in a body");
	forks += 10 * (unsigned long)n;
}
END_TEST

static int fork_from_host(void *ctx)
{
	for (long i = 0; i < *(long *)ctx; i++)
		if (use(NULL) || grandchild(true))
			return 1;
	return 0;
}

START_TEST(forks_of_the_host_between_calls)
{
	long n = rounds_of(50, 200);
	assert_well(in_child(fork_from_host, &n, 120), "a fork of the host");
	forks += (unsigned long)n;
}
END_TEST

/* exec: with workers alive, lines of progress going out, and hwloc loaded */

/* @return how many descriptors a program has that is executed now. */
static int descriptors_after_exec(void)
{
	int ends[2], status;
	char text[16] = "";

	if (pipe(ends))
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		have_an_alarm(20);
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execl("/bin/sh", "sh", "-c", "ls /proc/self/fd | wc -l",
		      (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	ssize_t n = read(ends[0], text, sizeof text - 1);
	close(ends[0]);
	status = status_of(pid);
	return n > 0 && status == 0 ? atoi(text) : -1;
}

static int exec_with_workers(void *ctx)
{
	thrum_pool *pool;
	pthread_t t;
	atomic_long sum = 0;
	int before = descriptors_after_exec(), null = open("/dev/null", O_WRONLY);

	(void)ctx;
	dup2(null, 2);
	close(null);
	if (before < 3 || thrum_pool_create(&pool, NULL) || use(pool)
	    || thrum_map(NULL, JOBS, add_one, &sum, NULL, 0,
	                 THRUM_OPTS(.n_jobs = WORKERS, .verbose = 11))
	    || pthread_create(&t, NULL, use_for_ever, NULL))
		return 1;
	for (int i = 0; i < 20; i++)
		if (descriptors_after_exec() != before)
			return 2;
	return 0;
}

START_TEST(what_is_executed_inherits_no_descriptor)
{
	assert_well(in_child(exec_with_workers, NULL, 60), "exec");
}
END_TEST

/* daemon(3) in steps: fork, setsid, fork; the last one works. */
static int daemonize(void *ctx)
{
	int ends[2];
	char rc = 1;

	(void)ctx;
	if (use(NULL) || pipe(ends))
		return 1;
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		have_an_alarm(20);
		rc = (char)use(NULL);
		if (rc == 0 && thrum_shutdown())
			rc = 3;
		_exit(write(ends[1], &rc, 1) != 1);
	}
	close(ends[1]);
	return read(ends[0], &rc, 1) == 1 ? rc : 2;
}

START_TEST(a_daemon_goes_on_calling)
{
	for (long i = 0; i < rounds_of(20, 200); i++)
		assert_well(in_child(daemonize, NULL, 30), "a daemon");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("forks");
	TCase *c = tcase_create("fork");
	tcase_add_test(c, a_thousand_forks_during_the_first_call);
	tcase_add_test(c, forks_while_others_are_in_a_loop);
	tcase_add_test(c, forks_in_bodies_whose_children_make_calls);
	tcase_add_test(c, forks_of_the_host_between_calls);
	tcase_add_test(c, what_is_executed_inherits_no_descriptor);
	tcase_add_test(c, a_daemon_goes_on_calling);
	suite_add_tcase(s, c);
	int broken = run_suite(s);
	/* Under AddressSanitizer, those that are left. */
	long asked = rounds_of(750, 10000)
	             - (UNDER_ASAN ? DURING * rounds_of(40, 200) : 0);
	return tell("P10", forks, (unsigned long)asked, broken,
	            "forks in and around calls, with no hang in the child");
}
