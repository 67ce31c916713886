/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memory.c - which memory is shared, and whether plain accesses race
 *
 * Each plain access must be ordered after those before that it conflicts with, of
 * which clocks in the views tell; else it is a data race. Words of four bytes
 * count as one. An atomic variable is one from its first atomic access on, and
 * what is then in memory its first store; a plain write to it, where that is no
 * race, begins its history anew.
 *
 * A thread's accesses to its own stack are not looked at, only those to the stacks
 * of others: most of all accesses are such. What frames others look at has to be
 * told, by explore_dead(), when they go.
 *
 * Variables that only one thread uses, or none writes, are not modelled: whatever
 * the others do, a step on one commutes with theirs. Which they are is learned: a
 * variable turns out to be shared, it is remembered, and the scenario begins
 * anew. The last pass saw no such variable shared in any of its runs.
 */
#include "memory.h"

enum { CELLS = 1 << 14, VARIABLES = 1024 };

static struct cell cells[CELLS];
static struct variable variables[VARIABLES];
struct store memory_stores[PLACES][STORES];
unsigned memory_places;
static struct view views[8192];
static unsigned n_cells, n_variables, n_views;
static uint32_t run;

void memory_forget(void)
{
	memset(cells, 0, sizeof cells);
	n_cells = n_variables = memory_places = 0;
}

void memory_begin(void)
{
	run++;
	n_views = 0;
	history_begin();
	for (unsigned i = 0; i < explore_count; i++) {
		struct thread *t = &explore_thread[i];
		view_clear(&t->now, PLACES);
		view_clear(&t->acquired, PLACES);
		view_clear(&t->released, PLACES);
		t->now.clock[i] = 1;
	}
}

/* Cells and variables */

static struct cell *cell_of(uintptr_t address)
{
	uintptr_t key = address >> 3;
	unsigned h = (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40);
	struct cell *c;

	for (;; h++) {
		c = &cells[h % CELLS];
		if (c->key == key)
			break;
		if (c->key)
			continue;
		if (++n_cells > CELLS - CELLS / 4)
			explore_fail("the model is too small: memory");
		c->key = key;
		break;
	}
	if (c->run != run) {
		c->run = run;
		c->dead = false;
		memset(c->write_clock, 0, sizeof c->write_clock);
		memset(c->read_clock, 0, sizeof c->read_clock);
	}
	return c;
}

uint64_t memory_fetch(uintptr_t address, unsigned bytes)
{
	switch (bytes) {
	case 1: return *(uint8_t *)address;
	case 2: return *(uint16_t *)address;
	case 4: return *(uint32_t *)address;
	default: return *(uint64_t *)address;
	}
}

void memory_put(uintptr_t address, unsigned bytes, uint64_t value)
{
	switch (bytes) {
	case 1: *(uint8_t *)address = (uint8_t)value; break;
	case 2: *(uint16_t *)address = (uint16_t)value; break;
	case 4: *(uint32_t *)address = (uint32_t)value; break;
	default: *(uint64_t *)address = value;
	}
}

static void begin(struct variable *v)
{
	if (v->run == run)
		return;
	v->run = run;
	v->readers = v->writers = 0;
	v->count = 0;
	memset(v->last_at, -1, sizeof v->last_at); /* none */
	memset(v->read_clock, 0, sizeof v->read_clock);
}

struct view *memory_view(void)
{
	if (n_views == sizeof views / sizeof *views)
		explore_fail("the model is too small: stores of a run");
	return &views[n_views++];
}

/* Its first store is what is in memory, known to all. */
static void start_history(struct variable *v)
{
	struct store *s = memory_stores[v->place];

	if (v->count)
		return;
	s[0] = (struct store){ .value = memory_fetch(v->address, v->bytes),
	                       .carries = memory_view() };
	view_clear(s[0].carries, PLACES);
	v->count = 1;
}

static void use(struct variable *v, bool write)
{
	uint8_t bit = (uint8_t)(1 << explore_me);

	begin(v);
	v->readers |= bit;
	if (write)
		v->writers |= bit;
	if (v->place >= 0 || !v->writers || !(v->readers & (v->readers - 1)))
		return;
	if (memory_places == PLACES)
		explore_fail("the model is too small: shared variables");
	v->place = (int16_t)memory_places++;
	explore_again();
}

static struct variable *variable_of(struct cell *c, uintptr_t address,
                                    unsigned bytes)
{
	int16_t *index = &c->variable[address & 7];

	if (!*index) {
		if (n_variables == VARIABLES)
			explore_fail("the model is too small: variables");
		variables[n_variables] = (struct variable){
			.address = address, .bytes = (uint8_t)bytes, .place = -1,
		};
		*index = (int16_t)++n_variables;
		c->has_variable = true;
	}
	struct variable *v = &variables[*index - 1];
	if (v->bytes != bytes)
		explore_fail("%s is accessed as %u bytes and as %u",
		             trace_name((void *)address), v->bytes, bytes);
	return v;
}

/* Races */

static void race(const char *what, uintptr_t address, unsigned with)
{
	explore_fail("data race: %s of %s against thread %u", what,
	             trace_name((void *)address), with);
}

static void check_reads(const int16_t *clock, uintptr_t address)
{
	const struct thread *t = memory_self();

	for (unsigned i = 0; i < explore_count; i++)
		if (t->now.clock[i] < clock[i] && i != explore_me)
			race("write", address, i);
}

/* An access, of whatever kind, to one half of a cell: is it ordered after the
 * plain ones before? */
static void check_half(const struct cell *c, unsigned half, uintptr_t address,
                       bool write)
{
	unsigned w = c->writer[half];

	if (c->write_clock[half] > memory_self()->now.clock[w] && w != explore_me)
		race(write ? "write" : "read", address, w);
	if (write)
		check_reads(c->read_clock[half], address);
}

/* A plain access to atomic variables: ordered after all of theirs? A write
 * begins their history anew. */
static void check_variables(struct cell *c, uintptr_t first, uintptr_t end,
                            bool write)
{
	for (unsigned i = 0; i < 8; i++) {
		if (!c->variable[i])
			continue;
		struct variable *v = &variables[c->variable[i] - 1];
		if (v->address >= end || v->address + v->bytes <= first)
			continue;
		use(v, write);
		if (v->place < 0 || !v->count)
			continue;
		const struct store *s = &memory_stores[v->place][v->count - 1];
		if (s->thread != explore_me
		    && memory_self()->now.clock[s->thread] < s->clock)
			race(write ? "write" : "read", v->address, s->thread);
		if (!write)
			continue;
		check_reads(v->read_clock, v->address);
		v->count = 0;
	}
}

static void check_dead(const struct cell *c, uintptr_t address)
{
	if (c->dead)
		explore_fail("use after the end of %s",
		             trace_name((void *)address));
}

void memory_plain(const volatile void *p, size_t bytes, bool write,
                  const void *pc)
{
	uintptr_t first = (uintptr_t)p, end = first + bytes;

	if (!explore_running || bytes == 0 || explore_own(p))
		return;
	lines_move(p, write);
	if (explore_tracing && trace_known(p))
		trace_step(pc, "%s %s, %zu bytes", write ? "write" : "read",
		           trace_name(p), bytes);
	for (uintptr_t a = first & ~(uintptr_t)3; a < end; a += 4) {
		struct cell *c = cell_of(a);
		unsigned half = (unsigned)(a >> 2) & 1;
		int16_t now = memory_self()->now.clock[explore_me];
		check_dead(c, first);
		check_half(c, half, first, write);
		if (c->has_variable && (half == 0 || a < first + 4))
			check_variables(c, first, end, write);
		if (write) {
			c->writer[half] = (uint8_t)explore_me;
			c->write_clock[half] = now;
		} else {
			c->read_clock[half][explore_me] = now;
		}
	}
}

void explore_dead(const void *p, size_t bytes)
{
	if (!explore_running)
		return;
	memory_plain(p, bytes, true, __builtin_return_address(0));
	for (uintptr_t a = (uintptr_t)p; a < (uintptr_t)p + bytes; a += 8)
		cell_of(a)->dead = true;
}

/* Atomic accesses */

struct variable *memory_find(const volatile void *p, unsigned bytes,
                             bool write)
{
	uintptr_t a = (uintptr_t)p;

	if (!explore_running)
		return NULL;
	struct cell *c = cell_of(a);
	struct variable *v = variable_of(c, a, bytes);
	use(v, write);
	if (v->place >= 0)
		return v;
	check_dead(c, a);
	for (unsigned i = a >> 2 & 1; i <= ((a + bytes - 1) >> 2 & 1); i++)
		check_half(c, i, a, write);
	return NULL;
}

struct store *memory_enter(struct variable *v, bool write)
{
	uintptr_t a = v->address;
	struct cell *c = cell_of(a);

	check_dead(c, a);
	for (unsigned i = a >> 2 & 1; i <= ((a + v->bytes - 1) >> 2 & 1); i++)
		check_half(c, i, a, write);
	start_history(v);
	v->read_clock[explore_me] = memory_self()->now.clock[explore_me];
	return memory_stores[v->place];
}
