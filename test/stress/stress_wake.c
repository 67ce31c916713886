/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress_wake.c - how late a worker is woken, a million times
 *
 * A pool that never spins, and one call after the other in which every worker
 * has a turn. So each worker but the caller has to be woken each time, and one
 * that is not holds up the call for ever: there is nothing else for it to do.
 *
 * The delay is from the call to the beginning of the last turn. Two things may
 * make it long: the system, which lets threads wait for a CPU or for the host of
 * a virtual machine, and a wake that was lost and made good by accident. To tell
 * them apart:
 *
 *  - Sleeps that end by a clock are watched. The library has none but those of a
 *    resident whose place a caller has. If one ends while the caller of this
 *    test is asleep too, in a call, nobody was going to wake the resident; and
 *    a turn that then begins is one that was forgotten.
 *  - The time for which threads of this process were ready to run, and waited, is
 *    read from the system, where it tells; it is taken off a delay. So is that
 *    for which a thread that only sleeps a millisecond, again and again, was
 *    late itself.
 */
#include "stress.h"

#include "park.h"
#include "waited.h"

#include <stdatomic.h>
#include <thrum.h>

enum { LATE_NS = 100000000, WATCH_NS = 1000000 };

static _Atomic uint64_t begun; /* beginning of the last turn */
static _Atomic uint64_t by_clock, sleeps;
static _Atomic uint64_t cycle;    /* which call, from 1 */
static atomic_bool caller_sleeps; /* in that call */
static _Thread_local bool is_caller;
static _Thread_local uint64_t clock_woke; /* in which call */

/* In place of the library's, by the linker. */
bool __real_thrum__parker_park_for(struct parker *p, int64_t ns);
bool __wrap_thrum__parker_park_for(struct parker *p, int64_t ns);

bool __wrap_thrum__parker_park_for(struct parker *p, int64_t ns)
{
	if (is_caller)
		atomic_store(&caller_sleeps, true);
	bool called = __real_thrum__parker_park_for(p, ns);
	if (is_caller)
		atomic_store(&caller_sleeps, false);
	clock_woke = !called && atomic_load(&caller_sleeps)
	             ? atomic_load(&cycle) : 0;
	atomic_fetch_add_explicit(&sleeps, 1, memory_order_relaxed);
	return called;
}

static int turn(void *ctx, thrum_task *task)
{
	uint64_t now = stress_ns();
	uint64_t last = atomic_load_explicit(&begun, memory_order_relaxed);
	(void)ctx;

	if (thrum_task_worker(task) == 0)
		return 0;
	if (clock_woke == atomic_load(&cycle))
		atomic_fetch_add_explicit(&by_clock, 1, memory_order_relaxed);
	while (last < now && !atomic_compare_exchange_weak_explicit(&begun,
	                &last, now, memory_order_relaxed, memory_order_relaxed))
		;
	return 0;
}

/* A thread that the machine holds up, if it holds up anybody. */
static atomic_bool watch_over;
static _Atomic uint64_t held_up_ns;

static void *watch(void *arg)
{
	(void)arg;
	while (!atomic_load_explicit(&watch_over, memory_order_relaxed)) {
		uint64_t before = stress_ns();
		(void)nanosleep(&(struct timespec){ 0, WATCH_NS }, NULL);
		uint64_t took = stress_ns() - before;
		if (took > 2 * WATCH_NS)
			atomic_fetch_add_explicit(&held_up_ns, took - WATCH_NS,
			                          memory_order_relaxed);
	}
	return NULL;
}

/* For how long threads of this process waited for a CPU, all of them together,
 * and what the thread above knows. */
static uint64_t excuses_ns(void)
{
	return stress_waited()
	       + atomic_load_explicit(&held_up_ns, memory_order_relaxed);
}

struct worst {
	uint64_t raw, own; /* with what the machine did, and without */
	unsigned long cycles, over; /* over 1 ms, raw */
};

/* Some cycles between two looks at the system, which are dear. */
static void cycles(thrum_pool *pool, int n_jobs, int n, struct worst *w)
{
	uint64_t longest = 0, before = excuses_ns();

	for (int i = 0; i < n; i++) {
		atomic_fetch_add(&cycle, 1);
		uint64_t since = stress_ns();
		atomic_store_explicit(&begun, since, memory_order_relaxed);
		STRESS_CHECK(thrum_each(pool, turn, NULL,
		                        THRUM_OPTS(.n_jobs = n_jobs)) == 0);
		uint64_t took = atomic_load_explicit(&begun,
		                                     memory_order_relaxed) - since;
		longest = took > longest ? took : longest;
		w->over += took > 1000000;
	}
	w->cycles += (unsigned long)n;
	w->raw = longest > w->raw ? longest : w->raw;
	if (longest <= w->own)
		return;
	if (longest > LATE_NS / 10) {
		/* The thread that watches may be late to tell. */
		(void)nanosleep(&(struct timespec){ 0, 4 * WATCH_NS }, NULL);
		uint64_t excuse = excuses_ns() - before;
		longest -= longest < excuse ? longest : excuse;
	}
	w->own = longest > w->own ? longest : w->own;
}

int main(int argc, char **argv)
{
	static const int size[] = { 2, 3, 5 };
	static const uint64_t asked = 1000000;
	enum { AT_ONCE = 250 };
	thrum_pool *pool[3];
	struct worst w = { 0, 0, 0, 0 };
	pthread_t watcher;

	stress_begin(argc, argv);
	is_caller = true;
	STRESS_CHECK(pthread_create(&watcher, NULL, watch, NULL) == 0);
	for (int i = 0; i < 3; i++)
		STRESS_CHECK(thrum_pool_create(&pool[i], THRUM_POOL_OPTS(
			.n_jobs = size[i], .spin_us = -1)) == 0);
	for (uint64_t state = stress_seed; stress_wants(w.cycles, asked);) {
		/* Mostly two, which are quick. */
		int i = stress_draw(&state, 8) ? 0
		        : 1 + (int)stress_draw(&state, 2);
		cycles(pool[i], size[i], AT_ONCE, &w);
		if (stress_full)
			stress_alarm(60);
	}
	for (int i = 0; i < 3; i++)
		STRESS_CHECK(thrum_pool_destroy(pool[i]) == 0);
	atomic_store_explicit(&watch_over, true, memory_order_relaxed);
	STRESS_CHECK(pthread_join(watcher, NULL) == 0);
	printf("# %llu sleeps; the longest delay %.3g ms, %.3g ms of it not the "
	       "machine's; %lu over 1 ms\n",
	       (unsigned long long)atomic_load(&sleeps), (double)w.raw / 1e6,
	       (double)w.own / 1e6, w.over);
	stress_figure("P2", (double)w.cycles, stress_full ? (double)asked : 1,
	              w.cycles >= (stress_full ? asked : 1),
	              "times asleep and woken without spinning");
	stress_figure("P2", (double)w.own / 1e6, LATE_NS / 1e6,
	              w.own < LATE_NS,
	              "ms, longest delay of a wake but for waits for a CPU");
	stress_figure("P2", (double)atomic_load(&by_clock), 0,
	              atomic_load(&by_clock) == 0,
	              "turns begun by a clock and not by a call");
	STRESS_CHECK(thrum_shutdown() == 0);
	return stress_done("a worker is woken by who needs it", w.cycles);
}
