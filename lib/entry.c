/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* entry.c - what all calls do first and last */
#include "config.h"

#include "entry.h"

#include "clock.h"
#include "env.h"
#include "machine.h"
#include "pool.h"
#include "progress.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <thrum/cpus.h>

static pthread_once_t handlers = PTHREAD_ONCE_INIT;

static void install_handlers(void)
{
	thrum__pool_guard_fork(); /* its locks are taken after */
	(void)pthread_atfork(thrum__progress_fork_prepare,
	                     thrum__progress_fork_parent,
	                     thrum__progress_fork_child);
}

/* Before main, as in pool.c. */
#if defined(__GNUC__)
__attribute__((constructor))
#endif
static void guard_fork(void)
{
	pthread_once(&handlers, install_handlers);
}

/* The innermost task of this thread, unless it is of a call that was left
 * behind in the parent of a fork. */
static struct thrum_task *innermost(void)
{
	struct thrum_task *t = thrum__task_current;
	return t && t->call->pool && thrum__pool_foreign(t->call->pool) ? NULL
	                                                                : t;
}

static struct thrum_task *within_pool(const thrum_pool *pool)
{
	struct thrum_task *t = innermost();

	while (pool && t && t->call->pool != pool)
		t = t->outer;
	return t;
}

bool thrum__entry_inside(void)
{
	return innermost() != NULL;
}

struct thrum_pool *thrum__entry_pool(void)
{
	struct thrum_task *in = innermost();
	return in && in->call->pool ? in->call->pool : thrum__pool_standard();
}

int thrum__entry_count(const thrum_pool *pool, const struct thrum_task *in,
                       int *n_jobs, unsigned *notes)
{
	int most = THRUM__WORKERS_MAX, all, max_jobs = thrum__env()->max_jobs;

	if (in)
		all = most = in->n_jobs;
	else if (pool)
		all = most = pool->size;
	else
		all = thrum_cpu_count();
	if (*n_jobs == 0)
		*n_jobs = in || pool ? -1 : thrum__n_jobs_default();
	int k = thrum__n_jobs_resolve(*n_jobs, all, notes);
	if (max_jobs && max_jobs < most)
		most = max_jobs;
	if (k <= most)
		return k;
	*notes |= THRUM_NOTE_CUT;
	return most;
}

int thrum__entry_workers(thrum_pool **pool, int *n_jobs,
                         struct thrum_task **within, unsigned *notes)
{
	struct thrum_task *in = within_pool(*pool);
	int k = thrum__entry_count(*pool, in, n_jobs, notes);

	*within = in;
	if (thrum__progress_inside())
		k = 1; /* in the callback: by that thread alone */
	if (in)
		*pool = in->call->pool;
	else if (!*pool && k > 1)
		*pool = thrum__pool_default(k);
	if (*pool)
		thrum__pool_adopt(*pool);
	else
		k = 1; /* no memory for a pool: the caller does it */
	return k;
}

/* Looked up only where somebody is told. */
static unsigned notes_of(const struct entry *e)
{
	return e->notes | thrum__machine_now()->notes
	       | (thrum__env()->invalid ? THRUM_NOTE_ENV : 0);
}

static void write_report(struct entry *e, uint64_t jobs,
                         const struct tally *t)
{
	thrum_report *r = e->opts.report, filled;

	if (!r)
		return;
	memset(&filled, 0, sizeof filled);
	filled.jobs = jobs;
	filled.done = t->done;
	filled.failed = t->failed;
	filled.skipped = jobs - t->done - t->failed;
	if (t->failed) {
		filled.error_index = t->error_index;
		filled.error_code = t->error_code;
	}
	filled.n_jobs = e->call.n_jobs;
	for (int i = 0; e->call.crew && i <= (e->opts.n_jobs - 1) / 64; i++)
		filled.workers += __builtin_popcountll(
			thrum__load(&e->crew[i], relaxed)); /* joined */
	filled.notes = e->call.n_jobs ? notes_of(e) : 0; /* or not begun */
	if (e->call.pool)
		filled.notes |= thrum__load(&e->call.pool->notes, relaxed);
	/* Relaxed: joined. */
	filled.steals = t->steals + thrum__load(&e->call.steals, relaxed);
	filled.chunks = t->chunks;
	filled.wakes = thrum__load(&e->call.woken, relaxed);
	if (e->call.n_jobs < e->opts.n_jobs)
		filled.notes |= THRUM_NOTE_CUT; /* no team or memory was left */
	if (e->start_ns)
		filled.wall_s = (double)(thrum__clock_ns() - e->start_ns) / 1e9;
	memset(r, 0, e->opts.report_size);
	memcpy(r, &filled, sizeof filled);
}

static void begin_progress(struct entry *e, uint64_t jobs, int given)
{
	const thrum_opts *o = &e->opts;
	uint64_t total = jobs == THRUM__JOBS_UNKNOWN ? o->total : jobs;
	struct progress_spec spec = {
		.n_jobs_given = given, .workers = e->call.n_jobs,
		.total = total,
		.total_known = jobs != THRUM__JOBS_UNKNOWN || total != 0,
		.verbose = o->verbose, .form = o->progress,
		.fn = o->on_progress, .fn_ctx = o->on_progress_ctx,
	};

	e->progress = NULL;
	e->call.meter = NULL;
	if (!thrum__progress_wanted(&spec))
		return;
	spec.notes = notes_of(e);
	guard_fork();
	e->progress = thrum__progress_begin(&spec);
	if (e->progress)
		e->call.meter = thrum__progress_meter(e->progress);
}

static uint64_t deadline(double timeout_s, uint64_t now)
{
	/* Beyond some centuries it never comes. */
	if (timeout_s <= 0 || timeout_s > 9e9)
		return 0;
	return now + (uint64_t)(timeout_s * 1e9);
}

static void fill_call(struct entry *e, thrum_pool *pool, int n_jobs)
{
	struct thrum_task *around = innermost();

	struct call *c = &e->call;

	/* Member by member: a literal of this size gcc clears first by `rep
	 * stos`, 4 ns (Zen 5) of the 50 that a short call takes. */
	c->parent = around ? around->call : NULL;
	c->pool = pool;
	c->team = NULL;
	c->work = NULL;
	c->fpenv = thrum__fpenv_get();
	c->n_jobs = n_jobs;
	c->flags = e->opts.flags;
	c->cancel = e->opts.cancel;
	c->deadline_ns = deadline(e->opts.timeout_s, e->start_ns);
	c->meter = NULL;
	c->status = e->opts.status;
	c->crew = NULL;
	c->shape = NULL;
	c->chunk = 0;
	c->wakes = 0;
	/* Relaxed, all: nobody else knows of it yet. */
	thrum__store(&c->stop, STOP_NOT, relaxed);
	thrum__store(&c->steals, 0, relaxed);
	thrum__store(&c->woken, 0, relaxed);
	if (e->opts.report) {
		e->call.crew = e->crew;
		memset(e->crew, 0, ((size_t)n_jobs + 63) / 64
		                   * sizeof e->crew[0]);
	}
}

/* Where this thread counts itself. The first that call have a counter each,
 * which only they write: without a locked operation, of which each takes 5 ns
 * (Zen 5) of the 50 of a short call. Those after them share the last. */
static unsigned shard(void)
{
	static _Atomic uint32_t threads;
	static THRUM__THREAD uint32_t number; /* 0: none yet */

	if (!number) { /* relaxed: all that counts is that they differ */
		uint32_t n = thrum__load(&threads, relaxed);
		if (n < THRUM__SHARDS - 1)
			n = thrum__add(&threads, 1u, relaxed);
		number = (n < THRUM__SHARDS - 1 ? n : THRUM__SHARDS - 1) + 1;
	}
	return number - 1;
}

static void count_in(struct entry *e, struct thrum_pool *pool)
{
	unsigned i;

	e->counted = NULL;
	if (!pool || e->within)
		return;
	i = shard();
	e->counted = &pool->callers[i].n;
	e->alone_counted = i < THRUM__SHARDS - 1;
	/* Relaxed: the program does not destroy a pool that it calls. */
	if (e->alone_counted)
		thrum__store(e->counted, thrum__load(e->counted, relaxed) + 1,
		             relaxed);
	else
		thrum__add(e->counted, 1u, relaxed);
}

/* The last touch of the pool, which may be gone after it. */
static void count_out(const struct entry *e)
{
	if (!e->counted)
		return;
	if (e->alone_counted)
		/* [C2] pairs with [C1] in wait_for_callers */
		thrum__store(e->counted, thrum__load(e->counted, relaxed) - 1,
		             release);
	else
		/* [C2] pairs with [C1] in wait_for_callers */
		thrum__sub(e->counted, 1u, release);
}

int thrum__entry_begin(struct entry *e, thrum_pool *pool, uint64_t jobs,
                       const thrum_opts *opts, unsigned takes, int rc)
{
	e->saved_errno = errno;
	int bad = thrum__options_take(&e->opts, opts, takes,
	                              innermost() != NULL);
	if (rc == 0)
		rc = bad;
	e->notes = 0;
	if (rc) {
		struct tally none = { 0 };
		e->call = (struct call){ .n_jobs = 0 };
		e->start_ns = 0;
		write_report(e, jobs == THRUM__JOBS_UNKNOWN ? 0 : jobs, &none);
		errno = e->saved_errno;
		return rc;
	}
	e->start_ns = e->opts.report || e->opts.timeout_s > 0
	              ? thrum__clock_ns() : 0;
	int given = e->opts.n_jobs;
	int k = thrum__entry_workers(&pool, &given, &e->within, &e->notes);
	e->opts.n_jobs = k;
	count_in(e, pool);
	fill_call(e, pool, k);
	begin_progress(e, jobs, given);
	if (jobs != THRUM__JOBS_UNKNOWN)
		for (uint64_t i = 0; e->opts.status && i < jobs; i++)
			e->opts.status[i] = THRUM_ESKIPPED;
	return 0;
}

static int finish(struct entry *e, uint64_t jobs, const struct tally *tally,
                  int rc)
{
	enum progress_end how = PROGRESS_FINISHED;

	if (rc == THRUM_ECANCELED && !tally->failed)
		how = PROGRESS_CANCELLED;
	else if (rc == THRUM_ETIMEDOUT && !tally->failed)
		how = PROGRESS_TIMED_OUT;
	else if (rc != 0)
		how = PROGRESS_FAILED;
	thrum__progress_end(e->progress, how);
	write_report(e, jobs, tally);
	count_out(e);
	errno = e->saved_errno;
	return rc;
}

int thrum__entry_end(struct entry *e, uint64_t jobs, const struct tally *tally)
{
	int rc = 0;

	if (tally->failed)
		rc = tally->error_code;
	else if (tally->done < jobs)
		rc = thrum__load(&e->call.stop, relaxed) == STOP_TIMED_OUT
		     ? THRUM_ETIMEDOUT : THRUM_ECANCELED;
	return finish(e, jobs, tally, rc);
}

int thrum__entry_abandon(struct entry *e, uint64_t jobs,
                         const struct tally *tally, int code)
{
	return finish(e, jobs, tally, tally->failed ? tally->error_code : code);
}

int thrum_effective_n_jobs(thrum_pool *pool, int n_jobs)
{
	int saved = errno;
	struct thrum_task *in = within_pool(pool);
	unsigned notes = 0;
	thrum_opts o;

	(void)thrum__options_take(&o, NULL, 0, innermost() != NULL);
	if (n_jobs == 0)
		n_jobs = o.n_jobs;
	int k = thrum__entry_count(pool, in, &n_jobs, &notes);
	errno = saved;
	return thrum__progress_inside() ? 1 : k;
}
