/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* worker.c - how a worker finds work and runs it
 *
 * A worker of call e has three sources, and looks in this order: blocks (its
 * own range, then half of the largest range of a group of others), items of a
 * stream, tasks in the deques of the members.
 *
 * Stealing blocks. The thief keeps the first block of what it took and puts
 * only the rest where others can see it. Else, with many thieves and few
 * blocks, a range may travel from thief to thief without a block being run. It
 * starts again with a chunk of one block: the victim's blocks may be dear where
 * its own were cheap. (Both were found by simulation.)
 *
 * Stealing tasks. A deque says in `serving` for which call its owner works:
 *
 *   owner, before its first exposure in call e  thief of call e
 *   incarnation++          [D6] release         word = the deque's  [D5] acquire
 *   serving = e            [W3] release         serving == e ?      [W4] acquire
 *   ... forks, exposes     [D1] release         exchange word       [D2]
 *
 * Claim: a task that the thief gets is one of call e. The task was exposed
 * before `word` was read, so `serving` is that of the task or a later one. If
 * it is a later one and yet equals e, there was an incarnation between, which
 * the thief has seen with [W4], and the exchange fails.
 */
#include "config.h"

#include "worker.h"

#include "clock.h"
#include "idle.h"
#include "policy.h"
#include "pool.h"
#include "wake.h"

/* Say for which call the tasks are that are about to be exposed. Not before: a
 * call without forks then leaves these lines alone, and its thieves with them. */
static void say_serving(struct worker *w)
{
	/* Its own; not to say it again is a matter of speed. */
	if (thrum__load(&w->serving, relaxed) == w->works_for)
		return;
	thrum__deque_begin(&w->deque);
	/* [W3] pairs with [W4] in steal_from */
	thrum__store(&w->serving, w->works_for, release);
}

/* What a worker does for a call between two looks at the rest of the world. */
struct share {
	struct thrum_task task;
	struct fpenv own;
	struct tally tally;
	uint32_t blocks;  /* done, and not yet said so */
};

static void share_begin(struct share *s, struct worker *w, struct team *t,
                        uint64_t deal, unsigned rank)
{
	thrum__worker_serve(w, t, thrum__deal_epoch(deal));
	s->task = (struct thrum_task){
		.view = thrum__worker_view(w, &t->call),
		.call = &t->call, .worker = w, .scratch = &w->scratch,
		.number = (int)rank, .n_jobs = t->call.n_jobs, .node = w->node,
	};
	s->tally = (struct tally){ 0 };
	s->blocks = 0;
	thrum__task_enter(&s->task);
	if (rank != 0) /* the caller has the environment of its call */
		s->own = thrum__task_adapt(&s->task);
}

static void share_leave(const struct share *s, unsigned rank)
{
	thrum__task_leave(&s->task);
	if (rank != 0)
		thrum__task_readapt(&s->own, &s->task.call->fpenv);
}

/* Hand in the counts. After that the call may be gone. */
static void share_end(struct share *s, struct team *t, uint64_t deal,
                      unsigned rank)
{
	struct thrum_pool *pool = t->pool;
	struct worker *caller = thrum__team_member(t, 0);
	uint32_t all = thrum__deal_blocks(deal);

	if (s->tally.done + s->tally.failed)
		thrum__call_mark(s->task.call, (int)rank);
	thrum__pool_count(&s->task, s->tally.done + s->tally.failed,
	                  s->tally.chunks);
	share_leave(s, rank);
	thrum__team_done(t, deal, rank, s->blocks, &s->tally);
	if (rank == 0)
		return; /* the caller itself */
	/* [L3] pairs with [I4] in thrum__idle_announce */
	thrum__fence_seq_cst();
	/* Turns are no blocks: the caller counts for itself. */
	if (thrum__load(&caller->seat.rest, relaxed) == REST_PARKED /* a hint */
	    && (all == 0 || thrum__team_complete(t, deal, all))
	    && thrum__idle_wake(pool, &caller->seat) && s->task.worker)
		thrum__stats_add(&s->task.worker->at_seat.wakes, 1);
}

/* What a thief has found so far. */
struct quarry {
	unsigned rank; /* whose blocks; if there are any */
	uint32_t most; /* how many */
};

static void look_at(struct team *t, uint64_t deal, unsigned r, unsigned rank,
                    struct quarry *q)
{
	if (r >= thrum__deal_ranks(deal) || r == rank) /* also: no rank */
		return;
	uint32_t left = thrum__range_left(&t->seat[r].range, deal, r);
	if (left > q->most)
		*q = (struct quarry){ r, left };
}

/* The member to take blocks from, group by group; the nearest of those that
 * have as many. */
static struct quarry richest(struct team *t, const struct worker *w,
                             uint64_t deal, unsigned rank)
{
	uint32_t places = t->pool->places;
	const uint16_t *end = &w->order[places + 1];
	unsigned groups = w->order[places], others = groups - 1;
	unsigned far = others ? thrum__policy_far(w->id, w->thefts, others) : 0;
	struct quarry q = { 0, 0 };

	for (unsigned k = 0; k < groups; k++) {
		unsigned g = k ? 1 + (far + k - 1) % others : 0;
		/* Relaxed: where to look first. */
		for (unsigned i = g ? end[g - 1] : 0; i < end[g]; i++)
			look_at(t, deal, thrum__load(&t->rank[w->order[i]],
			                             relaxed), rank, &q);
		if (thrum__policy_looked(k + 1, q.most))
			return q;
	}
	/* Rank 0 may be a guest, which is at no place. */
	look_at(t, deal, 0, rank, &q);
	return q;
}

static bool steal_blocks(struct worker *w, struct team *t, uint64_t deal,
                         unsigned rank, struct span *got)
{
	struct quarry q;

	for (;;) {
		q = richest(t, w, deal, rank);
		if (q.most == 0)
			return false;
		w->thefts++;
		if (thrum__range_steal(&t->seat[q.rank].range, deal, q.rank,
		                       got))
			break;
		thrum__stats_add(&w->at_seat.misses, 1);
	}

	struct span rest = { got->lo + 1, got->hi };
	got->hi = rest.lo;
	if (rest.lo == rest.hi)
		return true;
	thrum__range_set(&t->seat[rank].range, thrum__deal_epoch(deal), rest.lo,
	                 rest.hi);
	/* Who spins looks again; who sleeps is woken if it seems worth it, a
	 * matter of speed: the rest is in the own range. */
	if (thrum__idle_ring(t->pool)
	    && (w->block_ns == 0 || thrum__policy_worth_waking(
				    (rest.hi - rest.lo) * w->block_ns)))
		thrum__wake_one(t, w);
	return true;
}

/* A caller wants the place: the rest of the own range is for others, of whom all
 * may sleep. */
static void leave_rest(struct worker *w, struct team *t)
{
	if (thrum__idle_ring(t->pool))
		thrum__wake_one(t, w);
}

/* Run the blocks in @p got, and then those of the own range. */
static void run_blocks(struct worker *w, struct team *t, uint64_t deal,
                       unsigned rank, struct share *s, size_t chunk,
                       struct span got)
{
	struct call *call = s->task.call;
	struct range *own = &t->seat[rank].range;
	uint64_t since = 0;

	if (rank != 0 && call->wakes)
		thrum__worker_woke(w, call, thrum__wake_on(t));
	do {
		/* The clock is read only where its answer is used. */
		uint32_t more = thrum__range_left(own, deal, rank);
		if (more && since == 0)
			since = thrum__clock_ns();
		call->work(call, &s->task, got.lo, got.hi, &s->tally);
		s->blocks += got.hi - got.lo;
		s->tally.chunks++;
		if (!more)
			continue;
		uint64_t now = thrum__clock_ns(), ns = now - since;
		since = now;
		s->tally.timed_ns += ns;
		s->tally.timed += got.hi - got.lo;
		w->block_ns = ns / (got.hi - got.lo);
		chunk = thrum__policy_chunk(chunk, got.hi - got.lo, ns, more);
		/* Blocks may turn out dearer than they seemed when others were
		 * let sleep: a matter of speed. */
		if (ns > 2 * THRUM__CHUNK_NS
		    && thrum__load(&t->pool->resting, relaxed)
		    && thrum__policy_worth_waking(
			    w->block_ns * thrum__range_left(own, deal, rank)))
			thrum__wake_one(t, w);
		/* Relaxed: a hint. */
		if (rank != 0 && thrum__load(&w->wanted, relaxed)) {
			leave_rest(w, t);
			return;
		}
	} while (thrum__range_claim(own, deal, rank, chunk, &got));
}

static bool help_own(struct worker *w, struct team *t, uint64_t deal,
                     unsigned rank)
{
	struct range *own = &t->seat[rank].range;
	struct share s;
	struct span got;

	if (thrum__range_claim(own, deal, rank, 1, &got)) {
		w->block_ns = 0;
		share_begin(&s, w, t, deal, rank);
		uint32_t chunk = s.task.call->chunk;
		run_blocks(w, t, deal, rank, &s, chunk ? chunk : 1, got);
	} else if (thrum__range_claim_turn(own, thrum__deal_epoch(deal))) {
		share_begin(&s, w, t, deal, rank);
		s.task.call->work(s.task.call, &s.task, rank, rank + 1,
		                  &s.tally);
		s.blocks = 1;
		s.tally.chunks = 1;
	} else {
		return false;
	}
	share_end(&s, t, deal, rank);
	return true;
}

static bool help_others(struct worker *w, struct team *t, uint64_t deal,
                        unsigned rank)
{
	struct share s;
	struct span got;

	if (!steal_blocks(w, t, deal, rank, &got))
		return false;
	share_begin(&s, w, t, deal, rank);
	s.tally.steals = 1;
	thrum__stats_add(&w->at_seat.range_steals, 1);
	run_blocks(w, t, deal, rank, &s, 1, got);
	share_end(&s, t, deal, rank);
	return true;
}

static bool help_feed(struct worker *w, struct team *t, uint64_t deal,
                      unsigned rank)
{
	struct share s;
	uint32_t item;

	if (!thrum__feed_claim(&t->feed, &item, &t->deal, deal))
		return false;
	share_begin(&s, w, t, deal, rank);
	struct fpenv of_call = t->call.fpenv;
	/* Once the item is done the call may be gone. */
	s.task.call->work(s.task.call, &s.task, item, item + 1, &s.tally);
	thrum__task_leave(&s.task);
	if (rank != 0)
		thrum__task_readapt(&s.own, &of_call);
	return true;
}

void thrum__worker_run_slot(struct worker *w, struct worker *victim,
                            thrum__slot *s, int number, int n_jobs)
{
	/* Relaxed: seen with the claim of the slot. */
	uint64_t state = thrum__peek(&s->state, relaxed);
	struct call *call =
		(struct call *)(uintptr_t)(state & ~(uint64_t)THRUM__SLOT_FLAGS);
	uint64_t mine = THRUM__SLOT_STOLEN | (uint64_t)w->id << 16
	                | (uint64_t)thrum__deque_head(&w->deque) << 32;
	struct thrum_task task = {
		.view = thrum__worker_view(w, call),
		.call = call, .worker = w, .scratch = &w->scratch,
		.number = number, .n_jobs = n_jobs, .node = w->node,
	};

	/* The incarnation first: who reads `mine` and then looks at the deque
	 * sees a word of this work or a later one. */
	thrum__deque_begin(&w->deque);
	/* (call[, WAITING]) -> (STOLEN, id, head[, WAITING])
	 * [J1] pairs with [J2] in wait_for, [J5] in find */
	while (!thrum__poke_cas(&s->state, &state,
	                   mine | (state & THRUM__SLOT_WAITING), release))
		;
	/* The victim fell asleep before it could know whom to leap to. */
	if (state & THRUM__SLOT_WAITING)
		thrum__parker_unpark(&victim->seat.parker);
	struct scratch_mark mark = thrum__scratch_mark(&w->scratch);
	thrum__task_enter(&task);
	struct fpenv own = thrum__task_adapt(&task);
	thrum__call_mark(call, number);
	if (call->crew) /* a figure for the report, where one is asked for */
		thrum__add(&call->steals, 1u, relaxed);
	thrum__stats_add(&w->at_seat.task_steals, 1);
	s->u.fn(&task, s->cell);
	thrum__task_leave(&task);
	thrum__task_refresh(&own);
	thrum__scratch_reset(&w->scratch, mark);
	/* What is forked after this is not of the stolen task. */
	thrum__deque_begin(&w->deque);
	/* (STOLEN, ..) -> (DONE). The slot is the victim's again after this.
	 * [J3] pairs with [J4] in wait_for and doze */
	if (thrum__poke_swap(&s->state, (uint64_t)THRUM__SLOT_DONE, acq_rel)
	    & THRUM__SLOT_WAITING) {
		thrum__parker_unpark(&victim->seat.parker);
		thrum__stats_add(&w->at_seat.wakes, 1);
	}
}

static bool steal_from(struct worker *w, struct worker *victim, uint64_t key,
                       int number, int n_jobs, struct team *t)
{
	/* Relaxed: a hint, not to fetch the line of the word for nothing. */
	if (thrum__load(&victim->serving, relaxed) != key)
		return false;
	uint64_t word = thrum__deque_look(&victim->deque);
	bool some = thrum__deque_tail(word) < thrum__deque_split(word);

	/* [W4] pairs with [W3] in say_serving */
	if (thrum__load(&victim->serving, acquire) != key)
		return false;
	if (!some) {
		thrum__deque_beg(&victim->deque);
		return false;
	}
	thrum__slot *s = thrum__deque_take(&victim->deque, word);
	if (!s) {
		thrum__stats_add(&w->at_seat.misses, 1);
		return false;
	}
	/* There is more where this came from. */
	if (thrum__deque_tail(word) + 1 < thrum__deque_split(word)
	    && thrum__load(&t->pool->resting, relaxed)) /* a hint */
		thrum__wake_one(t, w);
	thrum__worker_serve(w, t, (uint32_t)(key >> 32));
	thrum__worker_run_slot(w, victim, s, number, n_jobs);
	return true;
}

static bool help_tasks(struct worker *w, struct team *t, uint64_t deal,
                       unsigned rank)
{
	uint64_t key = thrum__serving_key(t, thrum__deal_epoch(deal));
	int n_jobs = (int)thrum__deal_ranks(deal);

	for (uint32_t i = 0; i <= t->pool->places; i++) {
		/* Relaxed: where to look; steal_from checks the rest. */
		unsigned r = i == 0 ? 0 : thrum__load(&t->rank[w->order[i - 1]],
		                                      relaxed);
		if (r == THRUM__NO_RANK || r == rank)
			continue;
		struct worker *victim = thrum__team_member(t, r);
		if (victim != w && steal_from(w, victim, key, (int)rank,
		                              n_jobs, t))
			return true;
	}
	return false;
}

bool thrum__worker_help(struct worker *w, struct team *team, uint64_t deal,
                        unsigned rank)
{
	return help_own(w, team, deal, rank)
	       || help_others(w, team, deal, rank)
	       || help_feed(w, team, deal, rank)
	       || help_tasks(w, team, deal, rank);
}

void thrum__worker_expose(struct worker *w)
{
	say_serving(w);
	if (thrum__deque_expose(&w->deque) == 0)
		return;
	bool resting = thrum__idle_ring(w->pool);
	/* Relaxed: ordered by the fence of the bell; see join.c. */
	uint32_t leaper = thrum__load(&w->leaper, relaxed);
	if (leaper) {
		/* Who came between finds the tasks after its fence. Not to be
		 * called again, a matter of speed. */
		thrum__store(&w->leaper, 0u, relaxed);
		thrum__parker_unpark(
			&thrum__pool_worker(w->pool, leaper - 1)->seat.parker);
		thrum__stats_add(&w->at_seat.wakes, 1);
	} else if (resting) {
		/* Relaxed: its own. */
		uint64_t serving = thrum__load(&w->serving, relaxed);
		thrum__wake_one(thrum__pool_team(w->pool, (uint32_t)serving), w);
	}
}

bool thrum__worker_spin(struct worker *w, uint32_t seen, const struct team *t,
                        uint64_t deal, uint64_t budget_ns)
{
	struct thrum_pool *pool = w->pool;
	/* Those beyond the cores would spin on the core of another. */
	bool may = budget_ns && w->id < (uint32_t)pool->plan.machine->ncores;
	uint64_t until = 0;
	struct stats *stats = t ? &w->at_seat : &w->at_home;
	uint64_t since = may ? thrum__stats_spin(stats) : 0;
	bool rung = false;

	for (unsigned i = 1; may; i++) {
		/* Relaxed: a hint, who acts on it reads it again. */
		if (thrum__idle_seen(pool) != seen
		    || (t && thrum__team_complete(t, deal,
		                                  thrum__deal_blocks(deal)))) {
			rung = true;
			break;
		}
		thrum__pause();
		if (i % 32)
			continue;
		uint64_t now = thrum__clock_ns();
		if (until == 0)
			until = now + budget_ns;
		if (now > until)
			break;
		if (!t && thrum__worker_held(w))
			break; /* a caller needs this core */
	}
	thrum__stats_spun(stats, since);
	return rung;
}

/* The own blocks are done. Before going to those of others, which takes their
 * lines away from them: they may just be about to begin, or to end, the call.
 * @return false if not. */
static bool linger(const struct team *t, uint64_t deal)
{
	for (unsigned i = 0; i < thrum__policy_linger(); i++) {
		/* A hint: who goes on looks again. */
		if (thrum__team_complete(t, deal, thrum__deal_blocks(deal)))
			return true;
		deal += thrum__moment(deal); /* 0 */
	}
	return false;
}

void thrum__worker_finish(struct worker *w, struct team *t, uint64_t deal)
{
	uint32_t blocks = thrum__deal_blocks(deal);

	/* The own blocks first: a matter of speed. */
	(void)help_own(w, t, deal, 0);
	if (thrum__wake_attended(t) && linger(t, deal))
		return;
	for (;;) {
		uint32_t seen = thrum__idle_seen(w->pool);
		if (thrum__team_complete(t, deal, blocks))
			return;
		if (thrum__worker_help(w, t, deal, 0)
		    || thrum__worker_spin(w, seen, t, deal,
		                          w->pool->spin_ns))
			continue;
		thrum__idle_announce(w->pool, &w->seat);
		if (thrum__team_complete(t, deal, blocks)
		    || thrum__idle_seen(w->pool) != seen)
			thrum__idle_cancel(w->pool, &w->seat);
		else
			thrum__idle_sleep(w->pool, &w->seat, -1);
	}
}

bool thrum__worker_turn_outside(struct worker *w, struct team *t, uint64_t deal,
                                unsigned rank)
{
	struct scratch scratch = { 0 };
	struct share s = { .blocks = 1 };

	if (!thrum__range_claim_turn(&t->seat[rank].range,
	                             thrum__deal_epoch(deal)))
		return false;
	s.task = (struct thrum_task){
		.view = thrum__worker_view(NULL, &t->call),
		.call = &t->call, .scratch = &scratch, .number = (int)rank,
		.n_jobs = t->call.n_jobs, .node = w->node,
	};
	thrum__task_enter(&s.task);
	s.own = thrum__task_adapt(&s.task);
	s.task.call->work(s.task.call, &s.task, rank, rank + 1, &s.tally);
	s.tally.chunks = 1;
	share_end(&s, t, deal, rank);
	thrum__scratch_free(&scratch);
	return true;
}

bool thrum__worker_take_part(struct worker *w, struct team *t, uint64_t deal,
                             unsigned rank)
{
	bool any = help_own(w, t, deal, rank);

	/* The next call may follow at once. */
	for (unsigned i = 0; any && i < thrum__policy_stay(); i++) {
		/* Relaxed: looked at again by search. */
		if (thrum__load(&t->deal, relaxed) != deal)
			return true;
		thrum__pause();
	}
	while (!thrum__load(&w->wanted, relaxed) /* a hint */
	       && thrum__team_open_still(t)
	       && thrum__worker_help(w, t, deal, rank))
		any = true;
	return any;
}
