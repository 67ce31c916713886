/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_memo.c - what does a result cost that is kept on disk?
 *
 * The store is a new one in /dev/shm, or where TMPDIR says: what a disk and its
 * file system take comes on top. Calls make their key anew each time, as
 * programs do. The serial run calls the function.
 *
 * Number: entries, of `many`.
 */
#include "harness.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/memo.h>
#include <unistd.h>

#include "host.h"

enum { N = 10000000 }; /* 80 MB of doubles */

struct stored {
	thrum_memo *memo;
	char folder[128];
	double *x;
	int64_t next;
	unsigned flags;
	int wrong;
};

/* Called instead where nothing is stored: one that the compiler cannot see. */
static thrum_memo_fn *volatile function;

static int half(void *ctx, void *result)
{
	*(double *)result = *(double *)ctx / 2;
	return 0;
}

static int make_array(void *ctx, thrum_array *results, size_t n)
{
	struct stored *s = ctx;

	(void)n;
	results[0] = thrum_array_1d(THRUM_F64, s->x, N);
	return 0;
}

/* --- One call -------------------------------------------------------------- */

static void call_scalar(void *arg)
{
	struct stored *s = arg;
	double x = 1.5, y = 0;
	thrum_key key = THRUM_KEY_INIT;

	thrum_key_f64(&key, "x", x);
	s->wrong |= thrum_memo_call(s->memo, THRUM_FN("half", 1), &key, half,
	                            &x, &y, sizeof y, 0) || y != x / 2;
}

static void call_next(void *arg)
{
	struct stored *s = arg;
	double x = (double)s->next, y = -1;
	thrum_key key = THRUM_KEY_INIT;

	thrum_key_i64(&key, "x", s->next++);
	s->wrong |= thrum_memo_call(s->memo, THRUM_FN("half", 1), &key, half,
	                            &x, &y, sizeof y, 0) || y != x / 2;
}

static void call_plain(void *arg)
{
	struct stored *s = arg;
	double x = (double)s->next++, y;

	function(&x, &y);
}

static void call_with_array(void *arg)
{
	struct stored *s = arg;
	double y = 0;
	thrum_array a = thrum_array_1d(THRUM_F64, s->x, N);
	thrum_key key = THRUM_KEY_INIT;

	thrum_key_array(&key, "x", &a);
	s->wrong |= thrum_memo_call(s->memo, THRUM_FN("first", 1), &key, half,
	                            s->x, &y, sizeof y, 0) != 0;
}

static void call_for_array(void *arg)
{
	struct stored *s = arg;
	thrum_array a;
	thrum_key key = THRUM_KEY_INIT;

	thrum_key_i64(&key, "n", N);
	if (thrum_memo_arrays(s->memo, THRUM_FN("many", 1), &key, make_array,
	                      s, &a, 1, s->flags)) {
		s->wrong = 1;
		return;
	}
	s->wrong |= a.shape[0] != N
	            || ((const double *)a.data)[N - 1] != N - 1;
	thrum_array_release(&a);
}

/* --- A store ---------------------------------------------------------------- */

static int begin(struct stored *s)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	*s = (struct stored){ .memo = NULL };
	snprintf(s->folder, sizeof s->folder, "%.80s/thrum-memo-XXXXXX", tmp);
	return mkdtemp(s->folder) && !thrum_memo_open(&s->memo, s->folder, NULL);
}

static int remove_one(const char *path, const struct stat *st, int what,
                      struct FTW *at)
{
	(void)st, (void)what, (void)at;
	return remove(path);
}

static void end(struct stored *s)
{
	thrum_memo_close(s->memo);
	nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int is_thrum(const struct run *run)
{
	return (run->who->group & (WITH_THRUM1 | WITH_THRUM)) != 0;
}

/* joblib measures itself. @return 1 if that is who this is. */
static int is_timed(const struct run *run, const char *what)
{
	double ns, p90;

	if (!run->peer->timed)
		return 0;
	if (run->peer->timed(what, 1e-9 * (double)run->budget_ns, &ns, &p90)
	    == 0)
		run_emit(run, 0, 1e-3 * ns, 1e-3 * p90);
	return 1;
}

static void answer(struct run *run)
{
	const char *what = run->question->name;
	void (*call)(void *) =
		strcmp(what, "scalar") == 0 ? call_scalar
		: strcmp(what, "array") == 0 ? call_with_array
		: strcmp(what, "miss") == 0 ? call_next : call_for_array;
	struct stored s;

	if (is_timed(run, what))
		return;
	function = half;
	if (!begin(&s))
		return;
	s.flags = strcmp(what, "mapped") == 0 ? THRUM_MAPPED : 0;
	s.x = work_doubles(N);
	for (size_t i = 0; s.x && i < N; i++)
		s.x[i] = (double)i;
	thrum_set_defaults(THRUM_OPTS(.n_jobs = run->workers), NULL);
	if (s.x && is_thrum(run))
		call(&s); /* computes and stores: of no interest here */
	struct samples samples =
		run_sample(run, is_thrum(run) ? call : call_plain, &s);
	if (!s.wrong && s.x)
		run_emit_time(run, 0, &samples, 1e-3);
	samples_free(&samples);
	end(&s);
}

/* --- Many entries ------------------------------------------------------------ */

static int call_index(void *ctx, size_t first, size_t last, thrum_task *task)
{
	struct stored *s = ctx;

	(void)task;
	for (size_t i = first; i < last; i++) {
		struct stored one = { .memo = s->memo, .next = (int64_t)i };
		call_next(&one);
		if (one.wrong)
			return 1;
	}
	return 0;
}

/* Nanoseconds to go through all entries once. */
static double go_through(struct stored *s, size_t n)
{
	uint64_t start = work_clock_ns();

	s->wrong |= thrum_for(NULL, n, call_index, s, NULL);
	return (double)(work_clock_ns() - start);
}

static void open_and_close(void *arg)
{
	struct stored *s = arg;
	thrum_memo *memo;

	s->wrong |= thrum_memo_open(&memo, s->folder, NULL);
	thrum_memo_close(memo);
}

static void many(struct run *run)
{
	size_t n = (size_t)run->question->number[run->quick];
	struct stored s;

	if (!begin(&s))
		return;
	thrum_set_defaults(THRUM_OPTS(.n_jobs = run->workers), NULL);
	s.wrong |= thrum_for(NULL, n / 100, call_index, &s, NULL);
	double before = host_memory().resident;
	double stored = go_through(&s, n);
	double hit = go_through(&s, n);
	double after = host_memory().resident;
	struct samples samples = run_sample(run, open_and_close, &s);
	if (!s.wrong) {
		double per_s = 1e9 * (double)n;
		run_emit(run, 0, 1e-3 * per_s / stored, 1e-3 * per_s / stored);
		run_emit(run, 1, 1e-3 * per_s / hit, 1e-3 * per_s / hit);
		run_emit_time(run, 2, &samples, 1e-3);
		run_emit(run, 3, after - before, after - before);
	}
	samples_free(&samples);
	end(&s);
}

#define US { { "call", "us", 0 } }
#define PEERS (WITH_THRUM1 | WITH_JOBLIB)

static const struct question questions[] = {
	{ "scalar", "a result that is there, by one number", PEERS, US,
	  .answer = answer,
	  .goal = { { "thrum-1", GOAL_VALUE, 5, 0, NULL } } },
	{ "array", "a result that is there, by 80 MB of doubles",
	  PEERS | WITH_THRUM, US, .answer = answer,
	  .goal = { { "thrum-1", GOAL_VALUE, 10000, 0, NULL },
	            { "thrum", GOAL_VALUE, 6000, 0, NULL } } },
	{ "mapped", "80 MB that are there, mapped", PEERS, US,
	  .answer = answer,
	  .goal = { { "thrum-1", GOAL_VALUE, 50, 0, NULL } } },
	{ "copied", "80 MB that are there, read", PEERS | WITH_THRUM, US,
	  .answer = answer },
	{ "miss", "a number halved, and kept; not durable",
	  PEERS | WITH_SERIAL, US, .answer = answer,
	  .goal = { { "thrum-1", GOAL_OVER, 100, 0, NULL } } },
	{ "many", "small entries: 10^6 stored, then found; quick: 20 000",
	  WITH_THRUM,
	  { { "stored", "10^3/s", 1 }, { "found", "10^3/s", 1 },
	    { "open", "us", 0 }, { "grown", "kB", 0 } },
	  .answer = many, .rounds = 1, .number = { 1e6, 2e4 },
	  .goal = { { "thrum", GOAL_VALUE, 20, 0, NULL },
	            { "thrum", GOAL_VALUE, 150, 1, NULL },
	            { "thrum", GOAL_VALUE, 1000, 2, NULL },
	            { "thrum", GOAL_VALUE, 4096, 3, NULL } } },
	{ 0 },
};

const struct bench bench = {
	"memo", "what does a result cost that is kept on disk?", questions
};
