/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* engine.h - what the parts of the model checker know of each other */
#ifndef THRUM_TEST_ENGINE_H
#define THRUM_TEST_ENGINE_H

#include "explore.h"

#include <string.h>

enum {
	THREADS = EXPLORE_THREADS + 1, /* one word of clocks in a view */
	PLACES = 160,                  /* atomic variables that threads share */
	LOOP = 64,                     /* loads in the body of a waiting loop */
};

/* What a thread knows: how far each thread had come, and for each place the
 * oldest store that it may still read. */
struct view {
	int16_t clock[THREADS];
	int16_t at[PLACES];
};

/** All that either knows, of the first @p places places. */
static inline void view_join(struct view *into, const struct view *from,
                             unsigned places)
{
	unsigned n = (places + 15) & ~15u; /* whole vectors */

	for (unsigned i = 0; i < THREADS; i++)
		if (into->clock[i] < from->clock[i])
			into->clock[i] = from->clock[i];
	for (unsigned i = 0; i < n; i++)
		into->at[i] = into->at[i] < from->at[i] ? from->at[i]
		                                        : into->at[i];
}

static inline void view_copy(struct view *to, const struct view *from,
                             unsigned places)
{
	unsigned n = (places + 15) & ~15u;

	memcpy(to, from, offsetof(struct view, at) + n * sizeof to->at[0]);
}

static inline void view_clear(struct view *v, unsigned places)
{
	memset(v, 0, offsetof(struct view, at)
	             + ((places + 15) & ~15u) * sizeof v->at[0]);
}

enum thread_state { RUNNABLE, ASLEEP, ENDED };

struct thread {
	void *sp;                   /* of the coroutine, while it does not run */
	enum thread_state state;
	bool yielded;               /* waits for others to take a step */
	bool timed, timed_out;      /* of its sleep */
	int haste;                  /* rounds; see schedule.c */
	bool tired;                 /* it was hasty already */
	const void *futex;
	struct view now, acquired, released;
	const void *loop[LOOP], *body[LOOP]; /* loads since the last pause */
	unsigned in_loop, in_body;
	long priority;              /* random mode */
};

/* choices.c: which way it goes */
/** One of @p n: the next entry of the list of choices. */
unsigned explore_choose(unsigned n);
/** The same among stores that a load may see, newest first. */
unsigned explore_choose_store(unsigned n);

/* schedule.c: the run */
extern struct thread explore_thread[THREADS];
extern unsigned explore_me;     /* index in the same */
extern unsigned explore_count;  /* threads */
extern bool explore_running;    /* false in prepare() and finish() */
extern bool explore_tracing;
extern const struct scenario *explore_now;

/** Before a step that other threads can notice: others may come first. */
void explore_point(void);
/** A load from @p pc is about to be made. @return true if it is to read what the
 * thread read before, without a point. */
bool explore_load_again(const void *pc);
/** The thread changed something, or may have. */
void explore_acted(void);
/** Sleep until explore_futex_wake. @return false if the time was up. */
bool explore_sleep(const void *futex, bool timed);
unsigned explore_futex_wake(const void *futex, int count);
/** Of the stack of the thread that runs, or thread-local. */
bool explore_own(const volatile void *p);
/** End the run; does not come back from a thread. */
void explore_fail(const char *form, ...)
	__attribute__((format(printf, 1, 2)));
/** The run does not count, and all begins again: more memory is shared than was
 * known. Does not come back from a thread. */
void explore_again(void);

struct limits {
	uint64_t most;              /* runs */
	double seconds;
	bool random;
	uint64_t seed;
};

struct result {
	uint64_t runs, steps, outcomes;
	bool exhausted, failed;
	double seconds;
	char what[256];
	char choices[4096];
};

/** Run @p s to the end of its choices, or the limits, or a finding. */
void explore_scenario(const struct scenario *s, const struct limits *limits,
                      struct result *result);
/** Run it once, by the list of one that explore_scenario made within @p limits.
 * @param trace  Print each step.
 * @return false if the list is none. */
bool explore_replay(const struct scenario *s, const struct limits *limits,
                    const char *choices, bool trace, struct result *result);

/* memory.c, history.c: the memory */
void memory_forget(void);       /* what was learned; before a scenario */
void memory_begin(void);        /* before each run */
void memory_plain(const volatile void *p, size_t bytes, bool write,
                  const void *pc);
uint64_t memory_load(const volatile void *p, unsigned bytes, int order,
                     const void *pc);
void memory_store(volatile void *p, unsigned bytes, uint64_t v, int order,
                  const void *pc);
/** New value from the old one. */
typedef uint64_t memory_change_fn(uint64_t old, uint64_t operand);
uint64_t memory_change(volatile void *p, unsigned bytes,
                       memory_change_fn *change, uint64_t operand, int order,
                       const char *what, const void *pc);
bool memory_cas(volatile void *p, unsigned bytes, uint64_t *expected,
                uint64_t v, int order, int failure, const void *pc);
void memory_fence(int order, const void *pc);
/** The newest value, which the thread has seen after this. */
uint64_t memory_newest(const volatile void *p, unsigned bytes);

/* local.c: thread-local variables */
void local_learn(void);         /* which there are; once */
void local_begin(unsigned thread); /* as in a new thread */
void local_leave(unsigned thread);
void local_enter(unsigned thread);
bool local_is(const volatile void *p);

/* lines.c */
void lines_begin(void);        /* before each run */
void lines_move(const volatile void *p, bool write);

/* system.c */
void system_begin(void);       /* before each run */

/* trace.c: a line for each step of a replayed run */
void trace_begin(void);
void trace_step(const void *pc, const char *form, ...)
	__attribute__((format(printf, 2, 3)));
void trace_end(void);
bool trace_known(const volatile void *p); /* it has a name */
const char *trace_name(const volatile void *p);
void trace_forget_names(void);
const char *trace_order(int order);

#endif
