/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stress_deque.c - a ticket for each task: none is lost, none is taken twice
 *
 * An owner forks and joins at random, one to three thieves beg and take. Each
 * task carries a ticket, 1, 2, 3 and on. Whoever runs a task adds the ticket, and
 * its square, to sums of its own: there is nothing in the way of the race but the
 * deque. At the end of a round as many must have been run as were issued, and
 * both sums, modulo 2^64, must be what the tickets make. The owner knows more: a
 * task that it gets back is the newest it has.
 *
 * Operations counted are forks, joins and thefts that gave a task.
 */
#include "stress.h"

#include "deque.h"

enum { THIEVES = 3, ROUND = 1 << 14 };

struct tally {
	uint64_t count, sum, squares;
};

static struct deque deque;
static _Atomic bool over;
/* A call is known by its address alone. */
static union { uint64_t aligned; char byte; } some_call;

static void thunk(thrum_task *task, void *cell)
{
	(void)task, (void)cell;
}

static void add(struct tally *t, uint64_t ticket)
{
	t->count++;
	t->sum += ticket;
	t->squares += ticket * ticket;
}

static uint64_t ticket_of(const thrum__slot *s)
{
	uint64_t ticket;
	memcpy(&ticket, s->cell, sizeof ticket);
	return ticket;
}

static void *steal(void *arg)
{
	struct tally *t = arg;

	while (!thrum__load(&over, relaxed)) {
		uint64_t word = thrum__deque_look(&deque);
		thrum__slot *s = thrum__deque_take(&deque, word);
		if (s) {
			STRESS_CHECK(s->u.fn == thunk);
			add(t, ticket_of(s));
			/* As thrum__worker_run_slot does: [J3]. */
			(void)thrum__poke_swap(&s->state,
			                       (uint64_t)THRUM__SLOT_DONE,
			                       acq_rel);
			continue;
		}
		if (thrum__deque_tail(word) >= thrum__deque_split(word))
			thrum__deque_beg(&deque);
		thrum__pause();
	}
	return NULL;
}

static void fork_one(uint64_t *ticket)
{
	uint64_t next = *ticket + 1;

	if (!thrum__deque_push(&deque, thunk, (struct call *)&some_call, &next,
	                       sizeof next))
		return; /* full */
	*ticket = next;
	if (thrum__deque_wanted(&deque))
		(void)thrum__deque_expose(&deque);
}

/* The newest has the highest ticket that was not joined. */
static void join_one(struct tally *own, uint64_t *joined)
{
	thrum__slot *s = deque.lane.head - 1;
	uint64_t ticket = ticket_of(s);

	STRESS_CHECK(ticket < *joined);
	*joined = ticket;
	if (thrum__deque_pop(&deque, s)) {
		add(own, ticket);
		return;
	}
	for (unsigned i = 0; !(thrum__peek(&s->state, acquire)
	                       & THRUM__SLOT_DONE); i++)
		if (i % 64 == 63)
			(void)usleep(0); /* the thief may want this CPU */
	thrum__deque_drop(&deque, s);
}

/* @return operations of the owner. */
static uint64_t go_about(uint64_t *state, struct tally *own, uint64_t *ticket)
{
	uint64_t end = *ticket + ROUND, operations = 0;
	uint64_t deep = (uint64_t)1 << (1 + stress_draw(state, 14));

	while (*ticket < end || thrum__deque_head(&deque) > 0) {
		uint64_t x = stress_draw(state, UINT64_MAX), joined = *ticket + 1;
		uint64_t forks = *ticket < end ? x % deep : 0;
		uint64_t joins = (x >> 32) % deep + 1;
		operations -= *ticket;
		while (forks-- > 0)
			fork_one(ticket);
		operations += *ticket;
		for (joined = *ticket + 1; joins-- > 0
		     && thrum__deque_head(&deque) > 0; operations++)
			join_one(own, &joined);
		if (x >> 24 & 1)
			thrum__deque_begin(&deque);
	}
	return operations;
}

/* @return operations. */
static uint64_t round_of(uint64_t *state, uint64_t *thefts)
{
	pthread_t thread[THIEVES];
	struct tally tally[1 + THIEVES] = { { 0 } }, all = { 0 }, due = { 0 };
	uint64_t thieves = 1 + stress_draw(state, THIEVES), ticket = 0;
	uint64_t operations = 0;

	thrum__store(&over, false, relaxed);
	for (uint64_t i = 0; i < thieves; i++)
		STRESS_CHECK(pthread_create(&thread[i], NULL, steal,
		                            &tally[1 + i]) == 0);
	/* Threads are dear, and under Valgrind all is. */
	for (int i = getenv("THRUM_TEST_SHORT") ? 256 : 1; i <= 256; i++)
		operations += go_about(state, &tally[0], &ticket);
	thrum__store(&over, true, relaxed);
	for (uint64_t i = 0; i < thieves; i++)
		STRESS_CHECK(pthread_join(thread[i], NULL) == 0);

	for (uint64_t i = 1; i <= ticket; i++)
		add(&due, i);
	for (uint64_t i = 0; i <= thieves; i++) {
		all.count += tally[i].count;
		all.sum += tally[i].sum;
		all.squares += tally[i].squares;
	}
	STRESS_CHECK(all.count == due.count);
	STRESS_CHECK(all.sum == due.sum && all.squares == due.squares);
	*thefts += ticket - tally[0].count;
	return operations + ticket - tally[0].count;
}

int main(int argc, char **argv)
{
	static const uint64_t asked = 2000000000;
	uint64_t operations = 0, thefts = 0;
	unsigned long rounds = 0;

	stress_begin(argc, argv);
	double began = stress_now();
	thrum__deque_prepare(&deque);
	STRESS_CHECK(deque.slot);
	for (uint64_t state = stress_seed; stress_wants(operations, asked);
	     rounds++) {
		operations += round_of(&state, &thefts);
		if (stress_full)
			stress_alarm(60);
	}
	thrum__deque_free(&deque);
	printf("# %.3g operations, %.3g of them thefts, %.3g a second\n",
	       (double)operations, (double)thefts,
	       (double)operations / (stress_now() - began));
	stress_figure("P1", (double)operations,
	              stress_full ? (double)asked : 1,
	              operations >= (stress_full ? asked : 1) && thefts > 0,
	              "deque operations with tickets, none lost or doubled");
	return stress_done("each task is run once", rounds);
}
