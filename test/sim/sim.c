/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sim.c - a loop on a machine that is only imagined
 *
 * Discrete events: a worker does one step at a moment, which says when its next
 * one is due. Steps at the same moment are done in the order in which they were
 * asked for. A step sees the words as they are at its moment, and what it
 * changes is there for the next.
 *
 * Memory. Each shared word has a line of its own, as in the library. The line
 * is where it was written last; to write it elsewhere, or to read it there for
 * the first time since, takes a transfer, longer to another group, and writes
 * of one line wait for each other. To read on where nothing has changed is
 * free. Loads that do not depend on each other overlap, up to a number.
 *
 * What is left out: that caches are small, that memory is far, that another
 * program takes a core away. Bodies cost what they cost, on any core.
 */
#include "sim.h"

#include "costs.h"
#include "policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Nanoseconds, as measured on machines of the last years. */
#define OWN_NS 6            /* exchange on a line that is here */
#define NEAR_NS 45          /* a line from a core of the same cache */
#define FAR_NS 140          /* from another cache */
#define QUEUE_NS 10         /* between two answers of one line to readers */
#define OVERLAP 8           /* loads under way at once */
#define CLOCK_NS 22         /* to read the clock */
#define CHUNK_COST_NS 25    /* call the body, count, decide */
#define SHARE_NS 60         /* begin and end of a share, but for lines */
#define POLL_NS 25          /* a round of spinning */
#define WAKE_CALL_NS 2500   /* system call that wakes a sleeper */
#define WAKE_LEAST_NS 5000  /* until the sleeper runs: least, most */
#define WAKE_MOST_NS 50000

#define NOBODY SIM_WORKERS_MAX
#define EVENTS_MAX 50000000u /* far more than any loop needs */

enum step {
	STEP_LOOK,   /* claim from the own range */
	STEP_SEARCH, /* look at one more group of others */
	STEP_STEAL,  /* the victim is chosen */
	STEP_BEGIN,  /* a chunk is claimed */
	STEP_WAKE,   /* wake one, before beginning */
	STEP_RAN,    /* the chunk is done */
	STEP_REST    /* nothing to be found: waits for the bell */
};

struct line {
	unsigned writer, reader; /* who had it last, either way */
	bool shared;             /* read elsewhere since it was written */
	uint32_t version;
	double free_ns;          /* its last transfer is over */
};

struct worker {
	enum step step;
	bool parked, called;     /* asleep; a wake is on its way */
	bool in_share, ran;
	struct line line;
	uint32_t lo, hi;         /* its range */
	uint32_t got_lo, got_hi; /* its chunk */
	size_t chunk;
	uint32_t done, more;
	double since_ns, idle_ns; /* chunk or clock began; spins from */
	uint64_t block_ns;
	unsigned victim, looked, woken; /* looked, woken: how many so far */
	uint32_t most;            /* blocks of the victim */
	uint64_t stolen;          /* times that it stole */
	uint32_t *seen;           /* versions of the others' lines */
};

struct event {
	double ns;
	uint64_t number;
	unsigned who;
};

struct sim {
	const struct sim_machine *machine;
	struct costs costs;
	struct worker worker[SIM_WORKERS_MAX];
	struct event *heap;
	size_t events;
	uint64_t asked, random;
	struct line bell, left, wake;
	uint32_t blocks_left;
	unsigned next_wake, wake_below, going;
	unsigned char *runs; /* of each block */
	double spin_ns, end_ns;
	struct sim_result *result;
};

/* Time */

static bool before(const struct event *a, const struct event *b)
{
	return a->ns < b->ns || (a->ns == b->ns && a->number < b->number);
}

/* One event a worker at most, so the heap has room. */
static void ask(struct sim *s, unsigned who, enum step step, double ns)
{
	struct event e = { ns, s->asked++, who };
	size_t i = s->events++;

	s->worker[who].step = step;
	for (; i > 0 && before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

static struct event next_event(struct sim *s)
{
	struct event first = s->heap[0], last = s->heap[--s->events];
	size_t i = 0;

	for (size_t c; (c = 2 * i + 1) < s->events; i = c) {
		if (c + 1 < s->events && before(&s->heap[c + 1], &s->heap[c]))
			c++;
		if (!before(&s->heap[c], &last))
			break;
		s->heap[i] = s->heap[c];
	}
	s->heap[i] = last;
	return first;
}

/* Memory */

static double distance(const struct sim *s, unsigned a, unsigned b)
{
	return a == b ? OWN_NS
	       : a / s->machine->group == b / s->machine->group ? NEAR_NS
	                                                        : FAR_NS;
}

/* @return when @p who has written the line. */
static double write_line(const struct sim *s, struct line *l, unsigned who,
                         double ns)
{
	double start = ns > l->free_ns ? ns : l->free_ns;
	unsigned from = l->writer != who || !l->shared ? l->writer : l->reader;

	l->free_ns = start + distance(s, from, who);
	l->writer = who;
	l->shared = false;
	l->version++;
	return l->free_ns;
}

/* @return how long @p who waits for what is new in the line. */
static double read_line(const struct sim *s, struct line *l, unsigned who,
                        uint32_t *seen, double ns)
{
	if (l->writer == who || *seen == l->version)
		return 0;
	double start = ns > l->free_ns ? ns : l->free_ns;
	l->free_ns = start + QUEUE_NS;
	l->shared = true;
	l->reader = who;
	*seen = l->version;
	return start + distance(s, l->writer, who) - ns;
}

/* Sleep */

static double wake_time(struct sim *s)
{
	return WAKE_LEAST_NS * pow((double)WAKE_MOST_NS / WAKE_LEAST_NS,
	                           sim_random(&s->random));
}

/* Who spins goes to sleep when its time is up; found out when it matters. */
static bool resting(const struct sim *s, unsigned who, double ns)
{
	const struct worker *w = &s->worker[who];

	return w->step == STEP_REST && !w->called
	       && (w->parked || ns > w->idle_ns + s->spin_ns);
}

static bool rouse(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who];

	if (!resting(s, who, ns))
		return false;
	w->called = true;
	s->result->wakes++;
	ask(s, who, STEP_LOOK, ns + wake_time(s));
	return true;
}

static bool any_resting(const struct sim *s, double ns)
{
	for (unsigned r = 0; r < s->machine->workers; r++)
		if (resting(s, r, ns))
			return true;
	return false;
}

/* As thrum__team_wake, one at a time. */
static void team_wake(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who];

	while (w->woken < thrum__policy_wakes() && s->next_wake < s->wake_below
	       && any_resting(s, ns)) {
		ns = write_line(s, &s->wake, who, ns);
		if (rouse(s, s->next_wake++, ns)) {
			w->woken++;
			ask(s, who, STEP_WAKE, ns + WAKE_CALL_NS);
			return;
		}
	}
	ask(s, who, w->got_lo < w->got_hi ? STEP_BEGIN : STEP_LOOK, ns);
}

static double wake_one(struct sim *s, double ns)
{
	for (unsigned r = 0; r < s->machine->workers; r++)
		if (rouse(s, r, ns))
			return ns + WAKE_CALL_NS;
	return ns;
}

/* Ring the bell: all that spin look again. */
static double ring(struct sim *s, unsigned by, double ns)
{
	double heard = write_line(s, &s->bell, by, ns);

	ns = heard;
	for (unsigned r = 0; r < s->machine->workers; r++) {
		struct worker *w = &s->worker[r];
		if (r == by || w->step != STEP_REST || w->called
		    || resting(s, r, ns))
			continue;
		heard += QUEUE_NS;
		w->called = true;
		ask(s, r, STEP_LOOK, heard + distance(s, by, r) + POLL_NS);
	}
	return ns;
}

/* Work */

static void begin(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who];
	double cost = sim_costs_of(&s->costs, w->got_lo, w->got_hi);

	if (!w->in_share) {
		w->in_share = true;
		w->woken = 0;
		if (who != 0) {
			ask(s, who, STEP_WAKE, ns + SHARE_NS);
			return;
		}
		ns += SHARE_NS;
	}
	if (!w->ran) {
		w->ran = true;
		if (++s->going == s->machine->workers)
			s->result->going_ns = ns;
	}
	for (uint32_t b = w->got_lo; b < w->got_hi; b++)
		s->runs[b] += s->runs[b] < 2;
	w->more = w->hi - w->lo;
	if (w->more && w->since_ns < 0) {
		ns += CLOCK_NS;
		w->since_ns = ns;
	}
	s->result->chunks++;
	ask(s, who, STEP_RAN, ns + CHUNK_COST_NS + cost);
}

static void ran(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who];
	uint32_t blocks = w->got_hi - w->got_lo;

	w->done += blocks;
	w->got_lo = w->got_hi;
	if (w->more) {
		ns += CLOCK_NS;
		uint64_t took = (uint64_t)(ns - w->since_ns);
		w->since_ns = ns;
		w->block_ns = took / blocks;
		w->chunk = thrum__policy_chunk(w->chunk, blocks, took, w->more);
		if (took > 2 * THRUM__CHUNK_NS && any_resting(s, ns)
		    && thrum__policy_worth_waking(w->block_ns
		                                  * (w->hi - w->lo)))
			ns = wake_one(s, ns);
	} else {
		w->since_ns = -1;
	}
	ask(s, who, STEP_LOOK, ns);
}

/* The share is over. */
static void stop(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who];

	if (w->in_share) {
		ns = write_line(s, &s->left, who, ns);
		s->blocks_left -= w->done;
		w->done = 0;
		w->in_share = false;
		w->chunk = 1;
		w->block_ns = 0;
		w->since_ns = -1;
		if (s->blocks_left == 0) {
			s->end_ns = ns + distance(s, who, 0);
			if (resting(s, 0, ns))
				s->end_ns = ns + WAKE_CALL_NS + wake_time(s);
			return;
		}
	}
	w->idle_ns = ns;
	w->parked = w->called = false;
	w->step = STEP_REST;
}

/* Richest of the places first <= r < end but @p who, as far as it can be seen.
 * @return when all answers are there. */
static double look_at(struct sim *s, unsigned who, unsigned first, unsigned end,
                      double ns)
{
	struct worker *w = &s->worker[who];
	double longest = 0, all = 0;

	for (unsigned r = first; r < end && r < s->machine->workers; r++) {
		struct worker *v = &s->worker[r];
		if (r == who)
			continue;
		double one = read_line(s, &v->line, who, &w->seen[r], ns);
		longest = one > longest ? one : longest;
		all += one;
		s->result->looks++;
		if (v->hi - v->lo > w->most) {
			w->most = v->hi - v->lo;
			w->victim = r;
		}
	}
	return ns + longest + (all - longest) / OVERLAP + (end - first);
}

/* One more group; which, and whether it is the last, is as in richest(). */
static void search(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who];
	unsigned size = s->machine->group, own = who / size;
	unsigned groups = (s->machine->workers + size - 1) / size;
	unsigned g = own;

	if (w->looked > 0) {
		unsigned others = groups - 1;
		unsigned far = thrum__policy_far(who, w->stolen, others);
		g = (own + 1 + (far + w->looked - 1) % others) % groups;
	}
	ns = look_at(s, who, g * size, g * size + size, ns);
	w->looked++;
	if (w->looked < groups && !thrum__policy_looked(w->looked, w->most))
		ask(s, who, STEP_SEARCH, ns);
	else if (w->victim == NOBODY)
		stop(s, who, ns);
	else
		ask(s, who, STEP_STEAL, ns);
}

static void look(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who];

	w->parked = w->called = false;
	if (w->lo < w->hi) {
		ns = write_line(s, &w->line, who, ns);
		w->got_lo = w->lo;
		w->lo += thrum__policy_claim(w->chunk, w->hi - w->lo);
		w->got_hi = w->lo;
		ask(s, who, STEP_BEGIN, ns);
		return;
	}
	w->victim = NOBODY;
	w->looked = w->most = 0;
	search(s, who, ns);
}

static void steal(struct sim *s, unsigned who, double ns)
{
	struct worker *w = &s->worker[who], *v = &s->worker[w->victim];

	ns = write_line(s, &v->line, who, ns);
	if (v->lo >= v->hi) { /* too late */
		ask(s, who, STEP_LOOK, ns);
		return;
	}
	uint32_t take = thrum__policy_steal(v->hi - v->lo);
	v->hi -= take;
	s->result->steals++;
	w->stolen++;
	w->chunk = 1;
	w->got_lo = v->hi;
	w->got_hi = v->hi + 1;
	w->lo = w->got_hi;
	w->hi = v->hi + take;
	if (w->lo < w->hi) {
		ns = write_line(s, &w->line, who, ns);
		ns = ring(s, who, ns);
		if (any_resting(s, ns)
		    && (w->block_ns == 0
		        || thrum__policy_worth_waking((w->hi - w->lo)
		                                      * w->block_ns)))
			ns = wake_one(s, ns);
	}
	ask(s, who, STEP_BEGIN, ns);
}

static void step(struct sim *s, const struct event *e)
{
	switch (s->worker[e->who].step) {
	case STEP_LOOK:
		look(s, e->who, e->ns);
		break;
	case STEP_SEARCH:
		search(s, e->who, e->ns);
		break;
	case STEP_STEAL:
		steal(s, e->who, e->ns);
		break;
	case STEP_BEGIN:
		begin(s, e->who, e->ns);
		break;
	case STEP_WAKE:
		team_wake(s, e->who, e->ns);
		break;
	case STEP_RAN:
		ran(s, e->who, e->ns);
		break;
	case STEP_REST: /* asks for nothing */
		break;
	}
}

/* The caller deals the blocks, lets the call be seen, and wakes some. */
static void publish(struct sim *s)
{
	unsigned n = s->machine->workers;
	uint32_t blocks = s->costs.blocks;
	double ns = 0;

	s->blocks_left = blocks;
	s->wake_below = blocks < n ? blocks : n;
	s->next_wake = 1;
	for (unsigned r = 0; r < n; r++) {
		struct worker *w = &s->worker[r];
		w->lo = (uint32_t)((uint64_t)blocks * r / n);
		w->hi = (uint32_t)((uint64_t)blocks * (r + 1) / n);
		w->chunk = 1;
		w->since_ns = -1;
		w->step = STEP_REST;
		w->parked = s->machine->cold && r > 0;
		w->line.version = 1; /* written by the caller */
		ns += QUEUE_NS; /* stores wait for nobody */
	}
	for (unsigned r = 1; r < n && !s->machine->cold; r++)
		ask(s, r, STEP_LOOK, ns + distance(s, 0, r) + POLL_NS
		                     + r * QUEUE_NS);
	ask(s, 0, STEP_WAKE, ns);
}

static bool check(struct sim *s)
{
	struct sim_result *r = s->result;

	r->blocks = s->costs.blocks;
	r->serial_ns = s->costs.before[r->blocks];
	r->ideal_ns = r->serial_ns / s->machine->workers;
	if (r->ideal_ns < s->costs.dearest)
		r->ideal_ns = s->costs.dearest;
	r->took_ns = s->end_ns;
	r->once = true;
	for (uint32_t b = 0; b < r->blocks; b++)
		r->once = r->once && s->runs[b] == 1;
	return s->blocks_left == 0;
}

bool sim_run(const struct sim_loop *loop, const struct sim_machine *machine,
             struct sim_result *result)
{
	unsigned n = machine->workers;
	struct sim *s = calloc(1, sizeof *s);
	uint32_t *seen = calloc((size_t)n * n, sizeof *seen);
	bool well = false;

	memset(result, 0, sizeof *result);
	if (!s || !seen || !sim_costs_make(&s->costs, loop, machine))
		goto out;
	s->machine = machine;
	s->result = result;
	s->random = machine->seed;
	s->spin_ns = (double)thrum__policy_spin_ns(-1, (int)n, (int)n, false);
	s->heap = calloc(n, sizeof *s->heap);
	s->runs = calloc(s->costs.blocks, 1);
	for (unsigned r = 0; r < n; r++)
		s->worker[r].seen = seen + (size_t)r * n;
	if (s->heap && s->runs) {
		publish(s);
		while (s->events && s->blocks_left
		       && result->events++ < EVENTS_MAX) {
			struct event e = next_event(s);
			step(s, &e);
		}
		well = check(s);
	}
	sim_costs_free(&s->costs);
	free(s->heap);
	free(s->runs);
out:
	free(seen);
	free(s);
	return well;
}
