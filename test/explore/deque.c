/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* deque.c - lib/deque.c under the model checker: each task has one taker
 *
 * An owner that forks, exposes and joins, as thrum__push and thrum__pop do, and
 * thieves that take, run and say DONE, as worker.c does. Each task notes who ran
 * it, in memory that the protocol hands over: a task that two run is a race there,
 * if it is not seen before.
 */
#include "explore.h"

#include "call.h"
#include "deque.h"

#include <string.h>

enum { TASKS = 4 };

static struct deque d;
static struct call call;
static unsigned runs[TASKS];    /* plain: by who ran it, then by the owner */
static unsigned stolen[EXPLORE_THREADS];

static void prepare(void)
{
	memset(&d, 0, sizeof d);
	memset(runs, 0, sizeof runs);
	memset(stolen, 0, sizeof stolen);
	thrum__deque_prepare(&d);
	explore_name(&d.word, sizeof d.word, "d.word");
	explore_name(&d.lane.open, sizeof d.lane.open, "d.lane.open");
	explore_name(runs, sizeof runs, "runs");
	explore_name(d.slot, sizeof *d.slot, "slot[0]");
	explore_name(d.slot + 1, sizeof *d.slot, "slot[1]");
	explore_name(d.slot + 2, sizeof *d.slot, "slot[2]");
}

static void run(thrum_task *task, void *cell)
{
	unsigned number;

	(void)task;
	memcpy(&number, cell, sizeof number);
	explore_check(number < TASKS, "a task with a wrong argument");
	runs[number]++;
	number += 100; /* its value */
	memcpy(cell, &number, sizeof number);
}

static thrum__slot *push(unsigned number)
{
	return thrum__deque_push(&d, run, &call, &number, sizeof number);
}

/* What is made public can be seen: the owner alone changes the split. */
static void expose(void)
{
	uint32_t more = thrum__deque_expose(&d);
	uint64_t word = thrum__load(&d.word, relaxed);

	explore_check(more > 0, "nothing was there to be seen");
	explore_check(d.lane.mine == d.slot + thrum__deque_split(word),
	              "what was made public cannot be seen");
}

/* As thrum__join and what is left of thrum__pop. */
static void join(thrum__slot *s, unsigned number)
{
	unsigned value;

	if (thrum__deque_pop(&d, s)) {
		run(NULL, s->cell);
	} else {
		while (!(thrum__peek(&s->state, acquire) & THRUM__SLOT_DONE))
			thrum__pause();
		thrum__deque_drop(&d, s);
	}
	memcpy(&value, s->cell, sizeof value);
	explore_check(value == number + 100, "the value of another task");
	explore_check(runs[number] == 1, "a task was not run exactly once");
}

static void finish_task(thrum__slot *s)
{
	uint64_t state = thrum__peek(&s->state, relaxed);

	explore_check(state == (uintptr_t)&call, "a slot that is not full");
	while (!thrum__poke_cas(&s->state, &state, THRUM__SLOT_STOLEN, release))
		;
	s->u.fn(NULL, s->cell);
	stolen[explore_self()]++;
	thrum__poke_swap(&s->state, (uint64_t)THRUM__SLOT_DONE, acq_rel);
}

static void steal(void)
{
	uint64_t word = thrum__deque_look(&d);
	thrum__slot *s;

	if (thrum__deque_tail(word) >= thrum__deque_split(word))
		return;
	s = thrum__deque_take(&d, word);
	if (s)
		finish_task(s);
}

static void steal_twice(void)
{
	steal();
	steal();
}

static void beg_and_steal(void)
{
	thrum__deque_beg(&d);
	steal();
}

static void one_task(void)
{
	thrum__slot *s = push(0);

	expose();
	join(s, 0);
}

/* Two of three tasks public, the second while the first may be stolen: half
 * comes back by the join of one. */
static void three_tasks(void)
{
	thrum__slot *a = push(0);

	expose();
	thrum__slot *b = push(1), *c = push(2);
	expose();
	join(c, 2);
	join(b, 1);
	join(a, 0);
}

/* The same slots again, while a thief may still hold an old word. */
static void twice_the_slots(void)
{
	thrum__slot *s = push(0);

	expose();
	join(s, 0);
	s = push(1);
	expose();
	join(s, 1);
}

/* An owner that begins other work between: what was looked at before cannot be
 * taken after. */
static void between_two_works(void)
{
	thrum__slot *s = push(0);

	expose();
	join(s, 0);
	thrum__deque_begin(&d);
	s = push(1);
	expose();
	join(s, 1);
}

static void steal_of_first_work(void)
{
	uint64_t word = thrum__deque_look(&d);
	thrum__slot *s;

	if (thrum__deque_tail(word) >= thrum__deque_split(word))
		return;
	bool first = word >> 32 == 0;
	s = thrum__deque_take(&d, word);
	if (!s)
		return;
	unsigned number;
	memcpy(&number, s->cell, sizeof number);
	explore_check(number == (first ? 0 : 1),
	              "a task of other work than was looked at");
	finish_task(s);
}

/* Other work while a task of the first can still be taken, as where a body calls
 * in another pool. */
static void begin_in_public(void)
{
	thrum__slot *s = push(0);

	expose();
	thrum__deque_begin(&d);
	join(s, 0);
}

/* Who sees the next work sees what was written before it. */
static unsigned message;

static void prepare_message(void)
{
	prepare();
	message = 0;
}

static void write_and_begin(void)
{
	message = 7;
	thrum__deque_begin(&d);
}

static void look_and_read(void)
{
	if (thrum__deque_look(&d) >> 32 != 0)
		explore_check(message == 7, "a work without what came before");
}

/* And who sees that a stolen task is forgotten, what was done with it. */
static void steal_drop_and_tell(void)
{
	thrum__slot *s = push(0);

	expose();
	explore_check(thrum__deque_take(&d, thrum__deque_look(&d)) == s,
	              "nothing to take");
	message = 7;
	thrum__deque_drop(&d, s);
}

static void see_dropped(void)
{
	uint64_t word = thrum__load(&d.word, relaxed);

	if (thrum__deque_tail(word) == 1
	    && thrum__deque_tail(thrum__deque_look(&d)) == 0)
		explore_check(message == 7, "dropped too early");
}

/* In the child of a fork: what there was is gone, and old looks take nothing. */
static void reset(void)
{
	push(0);
	push(1);
	expose();
	uint64_t word = thrum__deque_look(&d);
	thrum__deque_beg(&d);
	thrum__deque_reset(&d);
	explore_check(!thrum__deque_shows(&d) && !thrum__deque_wanted(&d),
	              "something was left");
	explore_check(thrum__deque_look(&d) >> 32 == (word >> 32) + 1,
	              "an old look is as good as a new one");
	explore_check(thrum__deque_head(&d) == 0, "the deque is not empty");
}

/* As the inline fork does: exposes only when asked. */
static void asked(void)
{
	thrum__slot *s[2];

	for (unsigned i = 0; i < 2; i++) {
		s[i] = push(i);
		if (thrum__deque_wanted(&d))
			expose();
	}
	join(s[1], 1);
	join(s[0], 0);
}

static void empty_at_end(void)
{
	uint64_t word = thrum__deque_look(&d);

	explore_check(thrum__deque_head(&d) == 0, "the deque is not empty");
	explore_check(thrum__deque_tail(word) <= thrum__deque_split(word),
	              "more was stolen than was public");
	explore_check(d.lane.mine == d.slot + thrum__deque_split(word),
	              "the owner's copy of the split differs");
}

/* One short of full: the last two tasks and the refusal. */
static void prepare_full(void)
{
	prepare();
	d.lane.head = d.lane.mine = d.slot + THRUM__DEQUE_CAPACITY - 1;
	uint64_t n = THRUM__DEQUE_CAPACITY - 1;
	thrum__store(&d.word, n << 16 | n, relaxed);
}

static void overflow(void)
{
	thrum__slot *s = push(0);

	expose();
	explore_check(push(1) == NULL, "a full deque took a task");
	join(s, 0);
	s = push(1);
	explore_check(s != NULL, "a deque with room refused a task");
	expose();
	join(s, 1);
}

static void as_full_as_before(void)
{
	explore_check(thrum__deque_head(&d) == THRUM__DEQUE_CAPACITY - 1,
	              "the head is not where it was");
}

/* What only the owner does leaves no trace: it costs no exchange. */
static void unseen(void)
{
	uint64_t before = thrum__load(&d.word, relaxed);
	thrum__slot *s = push(0);

	explore_check(thrum__deque_pop(&d, s), "a private task was stolen");
	run(NULL, s->cell);
	explore_check(thrum__load(&d.word, relaxed) == before,
	              "fork and join changed the word");
}

const struct scenario explore_deque[] = {
	{ "deque-last-task", "The last task goes to the owner or to one thief.",
	  prepare, { one_task, steal_twice }, empty_at_end },
	{ "deque-last-task-2", "The last task goes to one of three.",
	  prepare, { one_task, steal, steal }, empty_at_end },
	{ "deque-three-tasks", "Each of three tasks is run once, half public.",
	  prepare, { three_tasks, steal_twice }, empty_at_end },
	{ "deque-three-tasks-2", "The same with two thieves.",
	  prepare, { three_tasks, steal, steal }, empty_at_end },
	{ "deque-reuse", "A slot that is used again is not taken by an old look.",
	  prepare, { twice_the_slots, steal_twice }, empty_at_end },
	{ "deque-reuse-2", "Nor by two of them.",
	  prepare, { twice_the_slots, steal, steal }, empty_at_end },
	{ "deque-incarnation", "A look at one work takes no task of the next.",
	  prepare, { between_two_works, steal_of_first_work }, empty_at_end },
	{ "deque-begin", "Who begins other work loses no task of the first.",
	  prepare, { begin_in_public, steal, steal }, empty_at_end },
	{ "deque-message", "Who sees a work sees what its owner did before.",
	  prepare_message, { write_and_begin, look_and_read }, NULL },
	{ "deque-dropped", "So does who sees a stolen task forgotten.",
	  prepare_message, { steal_drop_and_tell, see_dropped }, NULL },
	{ "deque-reset", "What is emptied by force is empty.",
	  prepare, { reset }, NULL },
	{ "deque-beg", "Who begs is heard, or the owner runs its tasks itself.",
	  prepare, { asked, beg_and_steal }, empty_at_end },
	{ "deque-overflow", "A full deque refuses, and has room after a join.",
	  prepare_full, { overflow, steal_twice }, as_full_as_before },
	{ "deque-private", "A task that nobody saw is not stolen.",
	  prepare, { unseen, beg_and_steal }, empty_at_end },
	{ 0 },
};
