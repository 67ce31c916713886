/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_pool.c - what does it cost to have the threads at all?
 *
 * To make and end them, to start a program that could make them, the memory of
 * each, and what they burn while there is nothing to do.
 */
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "builtin.h"
#include "harness.h"
#include "host.h"

#define MORE_WORKERS 18 /* far above, to see what each of them adds */
#define SETTLE_NS 100000000u

extern char **environ;

static int touch(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx;
	(void)task;
	work_run(end - begin);
	return 0;
}

/* --- Making and ending ---------------------------------------------------- */

static void live_once(void *arg)
{
	const struct run *run = arg;

	run->peer->life(run->workers, touch, NULL);
}

static void answer_life(struct run *run)
{
	struct samples s;

	if (!run->peer->life)
		return;
	s = run_sample(run, live_once, run);
	run_emit_time(run, 0, &s, 1e-3);
	run_emit(run, 1, 1e-3 * samples_quantile(&s, 0.9), 0);
	run_emit(run, 2, 1e-3 * samples_quantile(&s, 0.99), 0);
	samples_free(&s);
}

/* The first loop of this process, 64 us of work, after the runtime was told how
 * many workers there are; where that starts threads they are not counted. */
static void answer_first(struct run *run)
{
	uint64_t steps = work_steps(1e3) * 64, start = work_clock_ns();

	if (run_loop(run, steps, PEER_AUTO, 0, touch, NULL))
		return;
	double first = 1e-3 * (double)(work_clock_ns() - start);
	start = work_clock_ns();
	run_loop(run, steps, PEER_AUTO, 0, touch, NULL);
	double second = 1e-3 * (double)(work_clock_ns() - start);
	run_emit(run, 0, first, first);
	run_emit(run, 1, second, second);
}

/* --- Starting a program --------------------------------------------------- */

struct program {
	char path[PATH_MAX];
	char *argv[3];
	int failed;
};

static void start_program(void *arg)
{
	struct program *p = arg;
	int status;
	pid_t pid;

	if (posix_spawn(&pid, p->path, NULL, NULL, p->argv, environ)
	    || waitpid(pid, &status, 0) != pid || status)
		p->failed = 1;
}

/* Number: 1 for the program that makes a call, or works as long without. */
static void answer_start(struct run *run)
{
	static char call[] = "call";
	struct program p = { .failed = 0 };
	struct samples s;

	if (!host_find(p.path, sizeof p.path, NULL,
	               run->peer == &peer_serial ? "start_plain"
	                                         : "start_thrum"))
		return;
	p.argv[0] = p.path;
	p.argv[1] = run->question->number[0] != 0 ? call : NULL;
	s = run_sample(run, start_program, &p);
	if (!p.failed)
		run_emit_time(run, 0, &s, 1e-3);
	samples_free(&s);
}

/* --- Memory --------------------------------------------------------------- */

/* Indices of 20 us for a while: each of the workers had one. */
static int wake_all(const struct run *run, int workers)
{
	uint64_t until = work_clock_ns() + SETTLE_NS;
	uint64_t steps = work_steps(20e3);

	if (!run->peer->loop || run->peer->begin(workers))
		return -1;
	while (work_clock_ns() < until)
		if (run->peer->loop((size_t)workers * steps, PEER_STATIC, 0,
		                    touch, NULL))
			return -1;
	return 0;
}

static void answer_memory(struct run *run)
{
	struct host_memory few, many;
	int before;

	if (wake_all(run, run->workers))
		return;
	work_settle();
	few = host_memory();
	before = host_threads();
	if (wake_all(run, MORE_WORKERS))
		return;
	many = host_memory();
	int more = host_threads() - before;
	if (more <= host_cores())
		return; /* it makes no more than there are cores */
	double resident = (many.resident - few.resident) / more;
	run_emit(run, 0, resident, resident);
	run_emit(run, 1, (many.mapped - few.mapped) / more, 0);
	run_emit(run, 2, more, 0);
}

/* --- Idling --------------------------------------------------------------- */

/* CPU used in a time of doing nothing. */
static double burn_for(long ms)
{
	struct timespec pause = { 0, ms * 1000000 };
	uint64_t cpu = work_process_ns();

	nanosleep(&pause, NULL);
	return (double)(work_process_ns() - cpu);
}

static void answer_idle(struct run *run)
{
	if (wake_all(run, run->workers))
		return;
	work_settle();
	if (wake_all(run, run->workers))
		return;
	double first = burn_for(500), last = burn_for(500);
	run_emit(run, 0, 1e-9 * (first + last), 1e-9 * (first + last));
	run_emit(run, 1, 2e-9 * last, 0);
}

#define ALL (WITH_SERIAL | WITH_THRUM | WITH_PEERS)
#define PROCESS { { "process", "us", 0 } }

static const struct question questions[] = {
	{ "life", "make a pool, run one loop, end it; us",
	  WITH_THRUM | WITH_PEERS,
	  { { "life", "us", 0 }, { "p90", "us", 0 }, { "p99", "us", 0 } },
	  .than = "gomp", .answer = answer_life,
	  .goal = { { "thrum", GOAL_VALUE, .limit = 60 },
	            { "thrum", GOAL_VALUE, .limit = 120, .metric = 1 },
	            { "thrum", GOAL_VALUE, .limit = 1000, .metric = 2 } } },
	{ "first", "the first loop of a process, 64 us of work; us", ALL,
	  { { "first", "us", 0 }, { "second", "us", 0 } }, .than = "gomp",
	  .crowded = 1, .answer = answer_first,
	  .goal = { { "thrum", GOAL_OVER, .limit = 200 } } },
	{ "start", "a program that only links the library; us",
	  WITH_SERIAL | WITH_THRUM, PROCESS, .answer = answer_start,
	  .goal = { { "thrum", GOAL_OVER, .limit = 60 } } },
	{ "call", "a program that makes one call of 64 us; us",
	  WITH_SERIAL | WITH_THRUM, PROCESS, .answer = answer_start,
	  .number = { 1 }, .goal = { { "thrum", GOAL_OVER, .limit = 260 } } },
	{ "memory", "what each worker above the first ones adds; kB",
	  WITH_THRUM | WITH_PEERS,
	  { { "resident", "kB", 0 }, { "mapped", "kB", 0 },
	    { "added", "threads", 1 } },
	  .than = "gomp", .crowded = 1, .answer = answer_memory,
	  .goal = { { "thrum", GOAL_VALUE, .limit = 12 } } },
	{ "idle", "CPU burnt in the second after the last call",
	  WITH_THRUM | WITH_PEERS,
	  { { "idle", "CPU", 0 }, { "2nd half", "CPU", 0 } },
	  .than = "gomp", .crowded = 1, .answer = answer_idle,
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.001 } } },
	{ 0 },
};

const struct bench bench = {
	"pool", "what does it cost to have the threads at all?", questions
};
