/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* steps.c - the fast paths by one thread, for callgrind to count instructions
 *
 *   steps region|alone|fork|item COUNT
 *
 * Instructions can be counted where no thread waits for another: all threads of
 * the pool but the caller end as they start. Regions are dealt to the workers
 * that there would be, and run by the caller. What COUNT more of one thing take
 * is the difference of two runs:
 *
 *   for count in 100 300; do
 *       libtool --mode=execute taskset -c 0 valgrind --tool=callgrind \
 *           --callgrind-out-file=/dev/null test/hotloop/steps region $count
 *   done
 */
#include <stdlib.h>
#include <string.h>
#include <thrum.h>

static int refuse(void *ctx, int thread)
{
	(void)ctx, (void)thread;
	return 1;
}

/* So long, under callgrind, that the loop is shared. */
static int spend(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	volatile unsigned turns = 1000;

	(void)ctx, (void)begin, (void)end, (void)task;
	while (turns)
		turns = turns - 1;
	return 0;
}

static int one(thrum_task *task, int value)
{
	(void)task;
	return value;
}
THRUM_TASK(int, one, int);

static int forks(void *ctx, thrum_task *task)
{
	long count = *(long *)ctx;

	for (long i = 0; i < count; i++) {
		one_forked f = one_fork(task, 1);
		if (one_join(task, f) != 1)
			return 1;
	}
	return 0;
}

static int next(void *ctx, void *item)
{
	(void)item;
	return (*(long *)ctx)-- > 0 ? 0 : THRUM_END;
}

static int work(void *ctx, void *item, thrum_task *task)
{
	(void)ctx, (void)item, (void)task;
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	thrum_pool *pool;
	int rc = thrum_pool_create(&pool, THRUM_POOL_OPTS(.n_jobs = 2,
	                                                  .start = refuse));

	if (rc == 0 && thrum_pool_warm(pool, 0) != 1)
		rc = 1; /* there is another thread */
	if (strcmp(what, "fork") == 0)
		rc |= thrum_run(pool, forks, &count, NULL);
	else if (strcmp(what, "item") == 0)
		rc |= thrum_stream(pool, 8, next, work, NULL, NULL, &count,
		                   NULL);
	else if (strcmp(what, "region") == 0 || strcmp(what, "alone") == 0)
		for (long i = 0; i < count; i++)
			rc |= thrum_for(pool, 2, spend, NULL,
			                THRUM_OPTS(.n_jobs = what[0] == 'a'));
	else
		rc = 2;
	return rc ? 1 : thrum_pool_destroy(pool) != 0;
}
