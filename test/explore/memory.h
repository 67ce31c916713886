/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memory.h - cells of memory and histories of variables, for memory.c, history.c */
#ifndef THRUM_TEST_MEMORY_H
#define THRUM_TEST_MEMORY_H

#include "engine.h"

enum { STORES = 128 };

struct store {
	uint64_t value;
	struct view *carries;
	int16_t at, clock;
	uint8_t thread;
	bool change; /* a read-modify-write: comes right after its source */
};

struct variable {
	uintptr_t address;
	uint8_t bytes;
	int16_t place;              /* in views; -1 not known to be shared */
	uint32_t run;               /* the rest is of this run */
	uint8_t readers, writers;   /* threads */
	int16_t last_at[THREADS], times[THREADS]; /* for REPEATS */
	int16_t read_clock[THREADS];
	int count;
};

/* Eight bytes. */
struct cell {
	uintptr_t key;
	int16_t variable[8];        /* that begins there; index + 1 */
	bool has_variable;
	uint32_t run;               /* the rest is of this run */
	bool dead;
	uint8_t writer[2];
	int16_t write_clock[2];
	int16_t read_clock[2][THREADS];
};

extern struct store memory_stores[PLACES][STORES];
extern unsigned memory_places;  /* shared variables that are known */

static inline struct thread *memory_self(void)
{
	return &explore_thread[explore_me];
}

/** The thread's next access is at another time. */
static inline void memory_tick(struct thread *t)
{
	t->now.clock[explore_me]++;
}

/** Room for a view, until the end of the run. */
struct view *memory_view(void);

/** What is in memory. */
uint64_t memory_fetch(uintptr_t address, unsigned bytes);
void memory_put(uintptr_t address, unsigned bytes, uint64_t value);

/** The variable at @p p if it is modelled; NULL: memory has it. */
struct variable *memory_find(const volatile void *p, unsigned bytes,
                             bool write);

/** It is the thread's turn: check that it may, note that it did.
 * @return the history. */
struct store *memory_enter(struct variable *v, bool write);

/* history.c */
void history_begin(void);       /* before each run */

#endif
