/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* explore.h - what a scenario of the model checker consists of
 *
 * The checker runs the library's own sources, compiled with -fsanitize=thread
 * and linked to a runtime of ours instead of that of the sanitizer: each access
 * to memory and each fence is a call of it, with its order. Threads are
 * coroutines of one thread. A run is a list of choices, who goes on and which
 * store a load sees, and all lists are tried one after the other, from the start
 * each time, as far as a bound on preemptions lets them.
 *
 * To write a scenario: a file of its own, or a place in one of those here.
 *
 *   - The state is in static variables. prepare() makes it anew for each run, by
 *     one thread, with plain memory behind it; nothing else may outlast a run.
 *   - thread[] are the bodies. They call the library as its threads do; what they
 *     note for the law goes to variables that no two of them write.
 *   - finish() looks at the end, by one thread, with all memory as it is then.
 *   - explore_check() states the law, in bodies and in finish().
 *   - An entry in the list at the end of the file; the list in main.c.
 *
 * What is found beside broken laws: data races on plain memory, accesses to
 * memory that was declared dead, threads that all sleep, runs that do not end.
 * See history.c for the memory model, and schedule.c for what is bounded.
 *
 * `test/explore/build LIBDIR PROGRAM` builds it from a copy of lib/, which may
 * have been changed; see there. `PROGRAM --list`, `PROGRAM NAME...` to run some,
 * `PROGRAM --replay CHOICES NAME` to see a run again, with a line for each step.
 */
#ifndef THRUM_TEST_EXPLORE_H
#define THRUM_TEST_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXPLORE_THREADS = 7 };

struct scenario {
	const char *name;
	const char *law;             /* a sentence */
	void (*prepare)(void);
	void (*thread[EXPLORE_THREADS])(void);
	void (*finish)(void);        /* NULL: nothing to look at */
	/* What is expected: with neither, that nothing is found. */
	const char *fault;           /* a report that has this in it */
	uint64_t outcomes;           /* exactly these, see explore_outcome */
	int bound;                   /* preemptions; 0: 3 for two threads, 2 for
	                              * three, 1 for more */
	bool accesses_weak;          /* seq_cst accesses are acq_rel, not fences */
	bool random;                 /* too large to be exhausted */
	bool spurious;               /* a futex may return for no reason, once */
	bool endless;                /* no time of a sleep is ever up: none is
	                              * to depend on it */
};

/** The end of a list has no name. */
extern const struct scenario explore_litmus[], explore_broken[],
	explore_deque[], explore_range[], explore_park[], explore_idle[],
	explore_join[], explore_feed[], explore_team[], explore_wake[],
	explore_stream[],
	explore_steal[], explore_call[], explore_turns[],
	explore_outlet[], explore_display[];

/** The law: if it does not hold, the run ends, and is reported. */
void explore_check(bool holds, const char *what);

/** The run came out so, 0 .. 63. In finish(). */
void explore_outcome(unsigned which);

/** The memory is gone: whoever touches it later in the run is reported, as is who
 * touched it and is not known to be through. Aligned to 8. */
void explore_dead(const void *p, size_t bytes);

/** What a place is called in a report. In prepare(). */
void explore_name(const volatile void *p, size_t bytes, const char *name);

/** Which of thread[] is running. */
unsigned explore_self(void);

/** Lines of 64 bytes that have moved to the core of the thread that runs, so far in
 * this run: each thread is a core. */
unsigned explore_transfers(void);

/* Lines that may move to the thief by a steal. */
enum { EXPLORE_MOVES = 3 };

/** A steal moved so many: the most is a figure, of all runs. */
void explore_note_moves(unsigned moves);

#endif
