/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* child.h - what the tests of process life share: children that may not hang
 *
 * The test itself never calls the library: each child has it new. A child says
 * by its exit status what it found, 0 being well, and one that hangs is ended by
 * its alarm, which shows in how it ended.
 */
#ifndef THRUM__TEST_CHILD_H
#define THRUM__TEST_CHILD_H

#include "../sanitizer.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 4, JOBS = 64 };

static inline bool is_full(void)
{
	const char *tier = getenv("THRUM_TIER");
	return tier && strcmp(tier, "full") == 0;
}

static inline long rounds_of(long fast, long full)
{
	return is_full() ? full : fast;
}

static inline void nap(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };
	while (nanosleep(&t, &t) != 0)
		;
}

static inline int add_one(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)result, (void)task;
	for (volatile int k = 0; k < 500; k++)
		;
	atomic_fetch_add((atomic_long *)ctx, (long)i + 1);
	return 0;
}

/* 0 if a loop does here what it should. */
static inline int use(thrum_pool *pool)
{
	atomic_long sum = 0;
	int rc = thrum_map(pool, JOBS, add_one, &sum, NULL, 0,
	                   THRUM_OPTS(.n_jobs = WORKERS));
	return rc || sum != JOBS * (JOBS + 1) / 2;
}

/* A thread of the host that is in calls all the time, for ever. */
static inline void *use_for_ever(void *ctx)
{
	while (use(NULL) == 0)
		;
	return ctx;
}

static inline void have_an_alarm(unsigned seconds)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGALRM, SIG_DFL);
	alarm(seconds);
}

static inline int status_of(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -1;
	return status;
}

typedef int child_fn(void *ctx);

/* The wait status of a child that runs @p fn. */
static inline int in_child(child_fn *fn, void *ctx, unsigned seconds)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		have_an_alarm(seconds);
		_exit(fn(ctx));
	}
	return pid < 0 ? -1 : status_of(pid);
}

static inline void assert_well(int status, const char *what)
{
	ck_assert_msg(status == 0, "%s: ended by signal %d, or with %d", what,
	              WIFSIGNALED(status) ? WTERMSIG(status) : 0,
	              WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* Run the suite without the forks of Check, as each law has its children.
 * @return how many laws are broken. */
static inline int run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_ENV);
	int broken = srunner_ntests_failed(r);
	srunner_free(r);
	return broken;
}

static inline int tell(const char *promise, unsigned long reached,
                       unsigned long asked, int broken, const char *what)
{
	bool well = broken == 0 && reached >= asked;
	printf("FIGURE %s %lu %lu %s %s\n", promise, reached, asked,
	       well ? "ok" : "MISSED", what);
	return !well;
}

#endif
