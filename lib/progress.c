/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* progress.c - the reporter: one thread of the process that shows all calls
 *
 * Actors. Workers add to the meter of their call and know nothing of this. The
 * reporter goes round the list of calls that are shown, looks at those whose
 * time has come, and sleeps until the next; without calls it sleeps with no
 * timer. The caller of each call enters it in the list, and takes it out.
 *
 * Text. The reporter writes what comes between; the last line is written by the
 * caller, at once and even if the reporter is busy elsewhere. Lines go through
 * the outlet, see there: the caller's wait for it is limited to WAIT_NS.
 *
 * Callbacks. All reports of a call are made by the reporter, so that its
 * function sees one thread and none of the workers. The caller waits for the
 * last. But if the reporter is away in the callback of another call, which may
 * take as long as it likes, or is not there, the caller makes the last report
 * itself: nobody waits for a function that is not his own.
 *
 * The lock is held for steps through the list, and never while text goes out or
 * a callback runs. Instead a progress is held: then its caller may not free it.
 * If it is held for LATE_NS with text that does not get out, which is only
 * where terminal.c could not help it, the caller takes it off the list and
 * leaves its memory to the reporter.
 *
 * Two words to sleep on: the reporter sleeps on bell, which is rung, under the
 * lock, for whatever it should see at once; callers sleep on news, which
 * changes under the lock whenever a progress is let go or the reporter goes
 * away.
 */
#include "config.h"

#include "progress.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "affinity.h"
#include "cacheline.h"
#include "clock.h"
#include "display.h"
#include "env.h"
#include "memory.h"
#include "outlet.h"
#include "park.h"

#define WAIT_NS UINT64_C(100000000)
/* After this the caller does not wait any more for the reporter to be run. */
#define LATE_NS UINT64_C(1000000000)
/* Enough for a callback that prints, or makes a call of its own. */
#define STACK_BYTES ((size_t)512 << 10)

struct progress {
	struct meter meter;     /* I */
	struct display display; /* of who holds it, then of the caller */
	struct progress *next;  /* L */
	bool listed;            /* L */
	bool held;              /* L by the reporter */
	bool ending;            /* L its caller wants the last report */
	bool told;              /* L the last report was made */
	bool orphan;            /* L its caller has left it to the reporter */
	enum progress_end how;  /* L if ending */
};

/* L: under lock. A thread of an old generation is to end. */
static struct {
	pthread_mutex_t lock;
	struct progress *first;      /* L */
	const struct progress *away; /* L whose callback the reporter is in */
	pthread_t thread;            /* L */
	bool running;                /* L */
	unsigned generation;         /* L */
	unsigned waiters;            /* L callers that sleep on news */
	_Atomic uint32_t bell;       /* L to write */
	_Atomic uint32_t news;       /* L to write */
} rep = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* In a callback, as the reporter or as the caller in its place. */
static THRUM__THREAD bool inside;

static void lock(void)
{
	pthread_mutex_lock(&rep.lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&rep.lock);
}

/* Under the lock. Relaxed, here and where the words are read: the lock orders
 * them, and the kernel compares the word again before it lets anyone sleep. */
static void ring(void)
{
	thrum__add(&rep.bell, 1u, relaxed);
	thrum__park_wake(&rep.bell, 1);
}

static void tell_callers(void)
{
	thrum__add(&rep.news, 1u, relaxed);
	if (rep.waiters != 0)
		thrum__park_wake(&rep.news, INT_MAX);
}

/* Under the lock, which is let go meanwhile. */
static void wait_for_news(int64_t timeout_ns)
{
	uint32_t seen = thrum__load(&rep.news, relaxed);

	rep.waiters++;
	unlock();
	thrum__park_wait(&rep.news, seen, timeout_ns);
	lock();
	rep.waiters--;
}

static void list(struct progress *p)
{
	struct progress **at = &rep.first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = p;
	p->listed = true;
}

static void unlist(struct progress *p)
{
	struct progress **at = &rep.first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->listed = false;
}

/* Show the end of a call from this thread. */
static void end_here(struct progress *p, enum progress_end how,
                     uint64_t until_ns)
{
	bool before = inside;

	inside = true;
	thrum__display_end(&p->display, how, until_ns);
	inside = before;
}

/* Under the lock, which is let go meanwhile: look at @p p, or make its last
 * report. @return false if there is no list any more. */
static bool attend(struct progress *p)
{
	bool last = p->ending;

	p->held = true;
	if (p->display.form == DISPLAY_CALLBACK) {
		rep.away = p;
		tell_callers();
	}
	unlock();
	inside = true;
	if (last)
		thrum__display_end(&p->display, p->how, 0);
	else
		thrum__display_look(&p->display);
	inside = false;
	lock();
	if (!p->held)
		return false; /* the callback forked, and this is the child */
	if (rep.away == p)
		rep.away = NULL;
	p->held = false;
	p->told = last;
	tell_callers();
	return true;
}

/* Under the lock: go round once. @return nanoseconds to the next round, or
 * negative if there is nothing to wait for. */
static int64_t go_round(unsigned generation)
{
	uint64_t next_ns = UINT64_MAX;

	for (struct progress *p = rep.first, *next; p != NULL; p = next) {
		if (p->held) { /* by a reporter that is about to end */
			next = p->next;
			continue;
		}
		if ((p->ending || p->display.look_ns <= thrum__clock_ns()) &&
		    !attend(p))
			return 0;
		if (p->orphan) {
			thrum__memory_free(p);
			return 0; /* p->next is of before */
		}
		next = p->next;
		if (p->told)
			unlist(p); /* and its caller may free it */
		else if (p->display.look_ns < next_ns)
			next_ns = p->display.look_ns;
		if (rep.generation != generation) {
			ring(); /* another may have passed over p */
			return 0;
		}
	}
	if (next_ns == UINT64_MAX)
		return -1;
	uint64_t now_ns = thrum__clock_ns();
	return next_ns > now_ns ? (int64_t)(next_ns - now_ns) : 0;
}

/* The thread may have been started by one that is bound to a core. */
static void unbind(void)
{
	struct cpulist all = { 0 };

	if (thrum__affinity_process(&all) == 0)
		thrum__affinity_bind(all.cpu, all.count);
	thrum__cpulist_free(&all);
}

static void *report(void *arg)
{
	unsigned generation = (unsigned)(uintptr_t)arg;
	int before;

	/* Callers wait for this thread. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
#if defined(HAVE_PTHREAD_SETNAME_NP)
	pthread_setname_np(pthread_self(), "thrum/rep");
#endif
	unbind();
	lock();
	while (rep.generation == generation) {
		uint32_t seen = thrum__load(&rep.bell, relaxed);
		int64_t wait_ns = go_round(generation);
		if (rep.generation != generation)
			break;
		unlock();
		if (wait_ns != 0)
			thrum__park_wait(&rep.bell, seen, wait_ns);
		lock();
	}
	unlock();
	return NULL;
}

/* Under the lock: have a reporter. All signals are blocked in it, so that the
 * host's handlers run in threads of the host. */
static bool have_reporter(size_t stack_bytes)
{
	pthread_attr_t attr;
	sigset_t all, before;

	if (rep.running)
		return true;
	if (pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setstacksize(&attr, stack_bytes);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rep.running = pthread_create(&rep.thread, &attr, report,
	                             (void *)(uintptr_t)rep.generation) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rep.running;
}

bool thrum__progress_wanted(const struct progress_spec *spec)
{
	int saved = errno;
	bool wanted = thrum__display_wanted(spec);

	errno = saved;
	return wanted;
}

struct progress *thrum__progress_begin(const struct progress_spec *spec)
{
	int saved = errno;
	size_t workers = spec->workers > 0 ? (size_t)spec->workers : 1;
	size_t head = (sizeof(struct progress) + THRUM__LINE - 1) /
	              THRUM__LINE * THRUM__LINE;
	struct progress *p = thrum__memory_zalloc(
		THRUM__LINE, head + workers * sizeof(struct meter_shard));

	if (p == NULL)
		return NULL;
	p->meter.shards = (unsigned)workers;
	p->meter.shard = (struct meter_shard *)(void *)((char *)p + head);
	thrum__display_start(&p->display, spec, &p->meter);
	if (!inside) {
		/* A call that is made in a callback runs in this thread. */
		size_t stack_bytes = thrum__env()->stack_bytes;
		if (stack_bytes < STACK_BYTES)
			stack_bytes = STACK_BYTES;
		lock();
		if (have_reporter(stack_bytes)) {
			list(p);
			ring();
		}
		unlock();
	}
	errno = saved;
	return p;
}

struct meter *thrum__progress_meter(struct progress *p)
{
	return &p->meter;
}

void thrum__progress_pulled(struct progress *p, uint64_t n)
{
	thrum__display_pulled(&p->display, n);
}

void thrum__progress_total(struct progress *p, uint64_t n)
{
	thrum__display_total(&p->display, n);
}

/* Under the lock: take text off the list, unless the reporter holds it for too
 * long; then it is the reporter's. @return whether it is the caller's. */
static bool withdraw_text(struct progress *p)
{
	uint64_t now_ns = thrum__clock_ns(), late_ns = now_ns + LATE_NS;

	while (p->held && now_ns < late_ns) {
		wait_for_news((int64_t)(late_ns - now_ns));
		now_ns = thrum__clock_ns();
	}
	if (p->listed)
		unlist(p);
	p->orphan = p->held;
	return !p->orphan;
}

/* Under the lock: have the reporter make the last report. @return whether it
 * is left to the caller. */
static bool withdraw_callback(struct progress *p, enum progress_end how)
{
	uint64_t now_ns = thrum__clock_ns(), late_ns = now_ns + LATE_NS;

	p->how = how;
	p->ending = true;
	ring();
	while (p->listed) {
		bool elsewhere = rep.away != NULL && rep.away != p;
		if (!p->held &&
		    (elsewhere || !rep.running || now_ns >= late_ns)) {
			unlist(p);
			return true;
		}
		wait_for_news(p->held ? -1 : (int64_t)(late_ns - now_ns));
		now_ns = thrum__clock_ns();
	}
	return !p->told;
}

void thrum__progress_end(struct progress *p, enum progress_end how)
{
	int saved = errno;

	if (p == NULL)
		return;
	uint64_t until_ns = thrum__clock_ns() + WAIT_NS;
	bool mine = true;
	lock();
	if (p->display.form != DISPLAY_CALLBACK)
		mine = withdraw_text(p);
	else if (p->listed)
		mine = withdraw_callback(p, how);
	bool orphan = p->orphan;
	unlock();
	if (mine)
		end_here(p, how, until_ns);
	if (!orphan)
		thrum__memory_free(p);
	errno = saved;
}

bool thrum__progress_inside(void)
{
	return inside;
}

void thrum__progress_shutdown(void)
{
	if (inside)
		return;
	lock();
	bool running = rep.running;
	pthread_t thread = rep.thread;
	rep.running = false;
	rep.generation++;
	ring();
	tell_callers();
	unlock();
	if (running)
		pthread_join(thread, NULL);
}

void thrum__progress_fork_prepare(void)
{
	lock();
}

void thrum__progress_fork_parent(void)
{
	unlock();
}

void thrum__progress_fork_child(void)
{
	while (rep.first != NULL) {
		struct progress *p = rep.first;
		rep.first = p->next;
		p->listed = p->held = false;
	}
	rep.away = NULL;
	rep.running = false;
	rep.generation++;
	rep.waiters = 0;
	thrum__outlet_fork_child();
	unlock();
}
