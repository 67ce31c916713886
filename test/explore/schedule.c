/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* schedule.c - runs, one for each list of choices
 *
 * Who goes on is a choice before each step that another thread can notice: an
 * access to a shared variable, a seq_cst fence, a futex. Between these a thread
 * is alone: plain accesses are ordered by them, or reported as races.
 *
 * Bounded, after CHESS (Musuvathi, Qadeer, PLDI 2007): to take the turn from a
 * thread that could go on is a preemption, of which a run has so many at most. To
 * go to another when a thread sleeps, ends, or pauses costs nothing.
 *
 * A thread that pauses (thrum__pause, in a loop of waiting) lets others take a
 * step before it looks again. Loops that give up after so many rounds would never
 * be seen to do so while others have work: they had to be preempted in each. So a
 * pause is also a choice: to be hasty, that is to go round the loop again, reading
 * what was read, with nothing between, until the loop is left. For a round in
 * which nothing has changed differs from the one before by its number only. It
 * counts as a preemption, of those that would have come between.
 *
 * The random mode is after PCT (Burckhardt and others, ASPLOS 2010): the thread of
 * the highest priority runs, and priorities change at a few steps.
 */
#include "engine.h"

#include "choices.h"
#include "coroutine.h"
#include "memory.h"
#include "policy.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	STACK_BYTES = 1 << 18, STEPS = 3000,
	CHANGES = 3, /* of priorities in a run */
	WARM_UP = 500,
};

struct thread explore_thread[THREADS];
unsigned explore_me, explore_count;
bool explore_running, explore_tracing;
const struct scenario *explore_now;

static unsigned char stack[THREADS][STACK_BYTES]
	__attribute__((aligned(4096)));
static void *main_sp;

static unsigned preemptions, bound;
static bool failed, again;
static unsigned spurious;
static char what[256];
static uint64_t steps, steps_before;
static unsigned change_at[CHANGES], usual_steps;
static long lowest;

bool explore_own(const volatile void *p)
{
	const volatile unsigned char *at = p;

	return (at >= stack[explore_me] && at < stack[explore_me + 1])
	       || local_is(p);
}

/* Turns */

static void go_to(unsigned next)
{
	unsigned from = explore_me;

	if (next == from)
		return;
	local_leave(from);
	local_enter(next);
	explore_me = next;
	coroutine_switch(&explore_thread[from].sp, explore_thread[next].sp);
}

static void leave_run(void)
{
	void *nowhere = NULL;

	local_leave(explore_me);
	coroutine_switch(&nowhere, main_sp);
}

static bool able(const struct thread *t)
{
	return t->state == RUNNABLE && !t->yielded;
}

/* The time of a sleep may be up at any moment; while others can go on that counts
 * as a preemption, or one that looks again and again would leave none to them. */
static unsigned add_timed(unsigned *candidate, unsigned n)
{
	bool may = n == 0 || choices_random || preemptions < bound;

	for (unsigned i = 0; may && i < explore_count; i++)
		if (explore_thread[i].state == ASLEEP && explore_thread[i].timed
		    && !explore_now->endless)
			candidate[n++] = i;
	return n;
}

static unsigned highest(const unsigned *candidate, unsigned n)
{
	unsigned best = 0;

	for (unsigned i = 1; i < n; i++)
		if (explore_thread[candidate[i]].priority
		    > explore_thread[candidate[best]].priority)
			best = i;
	return best;
}

static void say_asleep(void)
{
	char names[128] = "";

	for (unsigned i = 0; i < explore_count; i++)
		if (explore_thread[i].state == ASLEEP)
			snprintf(names + strlen(names),
			         sizeof names - strlen(names), " %u on %s", i,
			         trace_name(explore_thread[i].futex));
	explore_fail("deadlock: all threads asleep,%s", names);
}

/* Who goes on; the one whose turn it is may, if @p may_stay. */
static void next_turn(bool may_stay)
{
	unsigned candidate[THREADS], n = 0, me = explore_me, k = 0;
	bool yielded = false, asleep = false;

	if (may_stay)
		candidate[n++] = me;
	for (unsigned i = 0; i < explore_count; i++) {
		struct thread *t = &explore_thread[i];
		if (able(t) && (i != me || !may_stay))
			candidate[n++] = i;
		yielded |= t->state == RUNNABLE && t->yielded;
		asleep |= t->state == ASLEEP;
	}
	if (n == 0 && yielded) {
		for (unsigned i = 0; i < explore_count; i++)
			explore_thread[i].yielded = false;
		next_turn(false);
		return;
	}
	unsigned awake = n;
	n = add_timed(candidate, n);
	if (n == 0)
		asleep ? say_asleep() : leave_run();
	if (choices_how == RANDOM)
		k = n > 1 ? choices_keep(highest(candidate, n), n) : 0;
	else if (choices_random || !may_stay || preemptions < bound)
		k = explore_choose(n);
	if (k > 0 && (may_stay || k >= awake) && awake > 0)
		preemptions++;
	struct thread *t = &explore_thread[candidate[k]];
	if (t->state == ASLEEP) {
		t->state = RUNNABLE;
		t->timed_out = true;
		if (choices_how == RANDOM)
			t->priority = --lowest;
	}
	go_to(candidate[k]);
}

/* The thread took a step, so those that wait may look again. */
static void stepped(void)
{
	for (unsigned i = 0; i < explore_count; i++)
		explore_thread[i].yielded = false;
	steps++;
	if (steps - steps_before > STEPS)
		explore_fail("livelock: more than %d steps", STEPS);
}

void explore_point(void)
{
	if (!explore_running)
		return;
	stepped();
	if (choices_how == RANDOM)
		for (unsigned i = 0; i < CHANGES; i++)
			if (change_at[i] == steps - steps_before)
				explore_thread[explore_me].priority = --lowest;
	next_turn(true);
}

bool explore_load_again(const void *pc)
{
	struct thread *t = &explore_thread[explore_me];
	bool known = false;

	for (unsigned i = 0; i < t->in_loop; i++)
		if (t->loop[i] == pc) {
			if (t->haste > 0)
				return true;
			known = true;
		}
	if (!known) { /* out of the loop */
		t->haste = 0;
		t->tired = false;
	}
	for (unsigned i = 0; i < t->in_body; i++)
		if (t->body[i] == pc)
			return false;
	if (t->in_body < LOOP)
		t->body[t->in_body++] = pc;
	return false;
}

void explore_acted(void)
{
	explore_thread[explore_me].haste = 0;
}

static bool alone(void)
{
	for (unsigned i = 0; i < explore_count; i++)
		if (i != explore_me && explore_thread[i].state == RUNNABLE)
			return false;
	return true;
}

/* Rounds that end each loop of the library that has an end: those of linger, and
 * the 32 after which a spin looks at the clock. */
static unsigned rounds(void)
{
	unsigned n = thrum__policy_linger();

	return (n > 32 ? n : 32) + 8;
}

static bool hurries(void)
{
	if (!choices_random && preemptions >= bound)
		return false;
	if (explore_choose(2) == 0)
		return false;
	preemptions++;
	return true;
}

void thrum__explore_pause(void);
void thrum__explore_pause(void)
{
	struct thread *t = &explore_thread[explore_me];

	if (!explore_running)
		return;
	if (t->haste > 0) {
		t->haste--;
		return;
	}
	memcpy(t->loop, t->body, t->in_body * sizeof *t->body);
	t->in_loop = t->in_body;
	t->in_body = 0;
	stepped();
	if (!t->tired && (alone() || hurries())) {
		t->haste = rounds();
		t->tired = true; /* once, until the loop is left */
		return;
	}
	t->yielded = true;
	if (choices_how == RANDOM)
		t->priority = --lowest;
	next_turn(false);
}

/* Sleep */

bool explore_sleep(const void *futex, bool timed)
{
	struct thread *t = &explore_thread[explore_me];

	explore_acted();
	if (explore_now->spurious && !spurious && explore_choose(2) == 1) {
		spurious = 1;
		return true;
	}
	t->futex = futex;
	t->timed = timed;
	t->timed_out = false;
	t->state = ASLEEP;
	next_turn(false);
	return !t->timed_out;
}

unsigned explore_futex_wake(const void *futex, int count)
{
	unsigned sleeper[THREADS], n = 0, woken = 0;

	for (unsigned i = 0; i < explore_count; i++)
		if (explore_thread[i].state == ASLEEP
		    && explore_thread[i].futex == futex)
			sleeper[n++] = i;
	while (n && count-- > 0) {
		unsigned k = explore_choose(n);
		explore_thread[sleeper[k]].state = RUNNABLE;
		sleeper[k] = sleeper[--n];
		woken++;
	}
	explore_acted();
	return woken;
}

/* Runs */

void explore_fail(const char *form, ...)
{
	va_list args;

	if (!failed) {
		failed = true;
		va_start(args, form);
		vsnprintf(what, sizeof what, form, args);
		va_end(args);
		if (explore_tracing)
			trace_step(NULL, "FOUND %s", what);
	}
	if (explore_running)
		leave_run();
}

void explore_again(void)
{
	again = true;
	leave_run();
}

void explore_check(bool holds, const char *law)
{
	if (!holds)
		explore_fail("%s", law);
}

unsigned explore_self(void)
{
	return explore_me;
}

static uint64_t outcomes;

void explore_outcome(unsigned which)
{
	outcomes |= UINT64_C(1) << which;
}

static void thread_main(void)
{
	explore_now->thread[explore_me]();
	explore_thread[explore_me].state = ENDED;
	stepped();
	next_turn(false);
}

static void run_once(void)
{
	const struct scenario *s = explore_now;

	choices_begin();
	preemptions = spurious = 0;
	failed = again = false;
	lowest = 0;
	steps_before = steps;
	explore_count = 0;
	while (explore_count < EXPLORE_THREADS && s->thread[explore_count])
		explore_count++;
	memory_begin();
	system_begin();
	lines_begin();
	for (unsigned i = 0; i < explore_count; i++) {
		struct thread *t = &explore_thread[i];
		t->state = RUNNABLE;
		t->yielded = t->tired = false;
		t->haste = 0;
		t->in_loop = t->in_body = 0;
		t->priority = choices_how == RANDOM
			? 1 + (long)(choices_draw() % 1000) : 0;
		t->sp = coroutine_new(stack[i], sizeof stack[i], thread_main);
		local_begin(i);
	}
	if (choices_how == RANDOM)
		for (unsigned i = 0; i < CHANGES; i++)
			change_at[i] = 1 + (unsigned)(choices_draw() % usual_steps);
	s->prepare();
	explore_running = true;
	explore_me = explore_choose(explore_count);
	local_enter(explore_me);
	coroutine_switch(&main_sp, explore_thread[explore_me].sp);
	explore_running = false;
	explore_me = 0;
	if (!failed && !again && s->finish)
		s->finish();
	usual_steps = 1 + (unsigned)(steps - steps_before);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned bound_of(const struct scenario *s)
{
	unsigned n = 0;

	while (n < EXPLORE_THREADS && s->thread[n])
		n++;
	return s->bound ? (unsigned)s->bound : n <= 2 ? 3 : n == 3 ? 2 : 1;
}

static void begin_scenario(const struct scenario *s)
{
	local_learn();
	explore_now = s;
	bound = bound_of(s);
	usual_steps = 1;
	memory_forget();
}

static void begin_pass(bool random)
{
	choices_pass(random ? RANDOM : EXHAUST);
	steps = outcomes = 0;
}

/* Some random runs, for what memory is shared, until @p enough variables are known
 * to be; each that turns out later has all begin anew.
 * @return false if one of them found something. */
static bool warm_up(unsigned enough)
{
	begin_pass(true);
	for (unsigned i = 0; i < WARM_UP && memory_places < enough; i++) {
		run_once();
		if (failed)
			return false;
	}
	return true;
}

/* @return false when it is over. */
static bool next_run(struct result *result, const struct limits *limits,
                     double until)
{
	run_once();
	if (again) {
		begin_pass(limits->random);
		result->runs = 0;
		return true;
	}
	result->runs++;
	if (failed)
		return false;
	if (choices_how == EXHAUST && !choices_next()) {
		result->exhausted = true;
		return false;
	}
	return result->runs < limits->most
	       && (result->runs % 1024 || seconds() < until);
}

void explore_scenario(const struct scenario *s, const struct limits *limits,
                      struct result *result)
{
	double since = seconds();

	*result = (struct result){ 0 };
	choices_seed(limits->seed);
	begin_scenario(s);
	if (warm_up(UINT_MAX)) {
		begin_pass(limits->random);
		while (next_run(result, limits, since + limits->seconds))
			;
	} else {
		result->runs = 1;
	}
	if (failed) {
		result->failed = true;
		memcpy(result->what, what, sizeof what);
		choices_write(result->choices, sizeof result->choices);
	}
	result->steps = steps;
	result->outcomes = outcomes;
	result->seconds = seconds() - since;
}

/* Go the same way again as far as it led when the run was made. */
static void learn_as_then(const struct limits *limits, unsigned known)
{
	struct result so_far = { 0 };

	choices_seed(limits->seed);
	(void)warm_up(known);
	begin_pass(limits->random);
	while (memory_places < known && next_run(&so_far, limits, 1e300))
		;
}

bool explore_replay(const struct scenario *s, const struct limits *limits,
                    const char *choices_text, bool trace, struct result *result)
{
	unsigned known;

	*result = (struct result){ 0 };
	if (!choices_read(choices_text, &known))
		return false;
	begin_scenario(s);
	learn_as_then(limits, known);
	(void)choices_read(choices_text, &known);
	explore_tracing = trace;
	trace_begin();
	run_once();
	explore_tracing = false;
	if (trace)
		trace_end();
	result->runs = 1;
	result->failed = failed;
	memcpy(result->what, what, sizeof what);
	return true;
}
