/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* history.c - the memory model: histories of stores, and what each thread knows
 *
 * Operational, by views, as in loom and Relacy, and close to RC11: all of C11 but
 * for two things, see below.
 *
 *   - An atomic variable is the list of its stores, in modification order. A view
 *     has for each variable the oldest store that may still be read. A load reads
 *     any store from there on: one of the choices.
 *   - A release store carries the view of its thread, a relaxed one the view of
 *     the last release fence. A read-modify-write carries on what the store had
 *     that it read from: release sequences. An acquire load takes over what the
 *     store carries; a relaxed one has it ready for an acquire fence.
 *   - A seq_cst fence takes over the view of the last one and leaves its own.
 *   - A store comes after all of its variable that its thread has seen, but
 *     perhaps before others: also a choice (2+2W). Between a read-modify-write and
 *     what it read from nothing comes.
 *   - A compare-and-swap fails on any store it may read that differs; to succeed
 *     it reads the newest.
 *
 * Left out: load buffering, as in loom (what a load reads was stored before, in
 * the order of the run); and a read-modify-write that comes before a store which
 * was made earlier in the run.
 *
 * A load reads the same old store at most REPEATS times: stores are seen at last.
 */
#include "memory.h"

enum { GAP = 128, REPEATS = 2 };

static struct view sc;

void history_begin(void)
{
	memset(&sc, 0, sizeof sc);
}

static void fence_seq_cst(struct thread *t)
{
	view_join(&t->now, &t->acquired, memory_places);
	view_join(&t->now, &sc, memory_places);
	view_copy(&sc, &t->now, memory_places);
	view_copy(&t->released, &t->now, memory_places);
	memory_tick(t);
}

static bool is_fence(int order)
{
	return order == __ATOMIC_SEQ_CST && !explore_now->accesses_weak;
}

static bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME
	       || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL
	       || order == __ATOMIC_SEQ_CST;
}

/* The oldest store that the thread may read. */
static int oldest(struct variable *v, const struct store *s)
{
	int16_t seen = memory_self()->now.at[v->place];
	int k = v->count - 1;

	while (k > 0 && s[k - 1].at >= seen)
		k--;
	if (k < v->count - 1 && v->times[explore_me] >= REPEATS
	    && v->last_at[explore_me] == s[k].at)
		k++;
	return k;
}

static void take(struct thread *t, struct variable *v, const struct store *s,
                 int order)
{
	if (t->now.at[v->place] < s->at)
		t->now.at[v->place] = s->at;
	if (v->last_at[explore_me] != s->at) {
		v->last_at[explore_me] = s->at;
		v->times[explore_me] = 0;
	}
	v->times[explore_me]++;
	view_join(acquires(order) ? &t->now : &t->acquired, s->carries,
	          memory_places);
}

static void say(const struct variable *v, const char *what, int order,
                uint64_t value, int k, const void *pc)
{
	const struct store *s = &memory_stores[v->place][k];

	if (!explore_tracing)
		return;
	if (s->clock == 0)
		trace_step(pc, "%s %s %s: %#llx, the first", what,
		           trace_order(order), trace_name((void *)v->address),
		           (unsigned long long)value);
	else
		trace_step(pc, "%s %s %s: %#llx, store %d of %d, by thread %u",
		           what, trace_order(order),
		           trace_name((void *)v->address),
		           (unsigned long long)value, k, v->count - 1,
		           s->thread);
}

uint64_t memory_load(const volatile void *p, unsigned bytes, int order,
                     const void *pc)
{
	struct variable *v = memory_find(p, bytes, false);
	struct thread *t = memory_self();

	if (explore_running)
		lines_move(p, false);
	if (!v)
		return memory_fetch((uintptr_t)p, bytes);
	bool again = explore_load_again(pc);
	if (!again)
		explore_point();
	struct store *s = memory_enter(v, false);
	if (is_fence(order))
		fence_seq_cst(t);
	int least = oldest(v, s);
	int k = again ? least : v->count - 1
		- (int)explore_choose_store((unsigned)(v->count - least));
	take(t, v, &s[k], order);
	say(v, "load", order, s[k].value, k, pc);
	return s[k].value;
}

/* Room for one store before index @p k. */
static struct store *insert(struct variable *v, int k)
{
	struct store *s = memory_stores[v->place];

	if (v->count == STORES)
		explore_fail("the model is too small: stores of %s",
		             trace_name((void *)v->address));
	for (int i = v->count; i > k; i--)
		s[i] = s[i - 1];
	s[k] = (struct store){
		.at = k == v->count ? (int16_t)(s[k - 1].at + GAP)
		                    : (int16_t)((s[k - 1].at + s[k].at) / 2),
		.thread = (uint8_t)explore_me,
		.clock = memory_self()->now.clock[explore_me],
		.carries = memory_view(),
	};
	if (s[k].at < 0)
		explore_fail("the model is too small: stores of %s",
		             trace_name((void *)v->address));
	v->count++;
	if (k == v->count - 1)
		return &s[k];
	return s[k].at > s[k - 1].at ? &s[k] : NULL;
}

/* Store as store @p k. */
static void append(struct variable *v, int k, uint64_t value, int order,
                   const struct store *source)
{
	struct thread *t = memory_self();
	struct view *from = source ? source->carries : NULL;
	struct store *s = insert(v, k);

	if (!s) /* no number is left between the two */
		explore_fail("the model is too small: stores of %s",
		             trace_name((void *)v->address));
	s->value = value;
	s->change = source != NULL;
	t->now.at[v->place] = s->at;
	view_copy(s->carries, releases(order) ? &t->now : &t->released,
	          memory_places);
	s->carries->at[v->place] = s->at;
	if (from)
		view_join(s->carries, from, memory_places);
	if (k == v->count - 1)
		memory_put(v->address, v->bytes, value);
	if (is_fence(order))
		fence_seq_cst(t);
	memory_tick(t);
	explore_acted();
}

/* How many stores, from the newest back, this one may come before. */
static unsigned behind(const struct variable *v, const struct store *s)
{
	int16_t seen = memory_self()->now.at[v->place];
	unsigned n = 0;

	for (int k = v->count - 1; k > 0 && s[k].at > seen && !s[k].change
	     && s[k].thread != explore_me && s[k].at - s[k - 1].at > 1; k--)
		n++;
	return n;
}

void memory_store(volatile void *p, unsigned bytes, uint64_t value, int order,
                  const void *pc)
{
	struct variable *v = memory_find(p, bytes, true);

	if (explore_running)
		lines_move(p, true);
	if (!v) {
		memory_put((uintptr_t)p, bytes, value);
		return;
	}
	explore_point();
	struct store *s = memory_enter(v, true);
	if (is_fence(order))
		fence_seq_cst(memory_self());
	int k = v->count - (int)explore_choose_store(behind(v, s) + 1);
	append(v, k, value, order, NULL);
	say(v, "store", order, value, k, pc);
}

uint64_t memory_change(volatile void *p, unsigned bytes,
                       memory_change_fn *change, uint64_t operand, int order,
                       const char *what, const void *pc)
{
	struct variable *v = memory_find(p, bytes, true);

	if (explore_running)
		lines_move(p, true);
	if (!v) {
		uint64_t old = memory_fetch((uintptr_t)p, bytes);
		memory_put((uintptr_t)p, bytes, change(old, operand));
		return old;
	}
	explore_point();
	struct store *s = memory_enter(v, true);
	if (is_fence(order))
		fence_seq_cst(memory_self());
	struct store source = s[v->count - 1];
	uint64_t all = bytes == 8 ? UINT64_MAX
	                          : ((uint64_t)1 << 8 * bytes) - 1;
	say(v, what, order, change(source.value, operand) & all, v->count - 1,
	    pc);
	take(memory_self(), v, &source, order);
	append(v, v->count, change(source.value, operand) & all, order, &source);
	return source.value;
}

bool memory_cas(volatile void *p, unsigned bytes, uint64_t *expected,
                uint64_t value, int order, int failure, const void *pc)
{
	struct variable *v = memory_find(p, bytes, true);

	if (explore_running)
		lines_move(p, true);
	if (!v) {
		uint64_t old = memory_fetch((uintptr_t)p, bytes);
		bool same = old == *expected;
		if (same)
			memory_put((uintptr_t)p, bytes, value);
		*expected = old;
		return same;
	}
	explore_point();
	struct store *s = memory_enter(v, true);
	if (is_fence(order))
		fence_seq_cst(memory_self());
	int candidate[STORES], least = oldest(v, s);
	unsigned n = 0;
	for (int k = v->count - 1; k >= least; k--)
		if (k == v->count - 1 || s[k].value != *expected)
			candidate[n++] = k;
	int k = candidate[explore_choose_store(n)];
	struct store source = s[k];
	if (source.value != *expected) {
		take(memory_self(), v, &source, failure);
		say(v, "cas fails", failure, source.value, k, pc);
		*expected = source.value;
		return false;
	}
	say(v, "cas", order, value, k, pc);
	take(memory_self(), v, &source, order);
	append(v, v->count, value, order, &source);
	return true;
}

void memory_fence(int order, const void *pc)
{
	struct thread *t = memory_self();

	if (!explore_running)
		return;
	if (order == __ATOMIC_SEQ_CST)
		explore_point();
	if (explore_tracing)
		trace_step(pc, "fence %s", trace_order(order));
	if (order == __ATOMIC_SEQ_CST) {
		fence_seq_cst(t);
	} else {
		if (acquires(order))
			view_join(&t->now, &t->acquired, memory_places);
		if (releases(order)) {
			view_copy(&t->released, &t->now, memory_places);
			memory_tick(t);
		}
	}
	explore_acted();
}

uint64_t memory_newest(const volatile void *p, unsigned bytes)
{
	struct variable *v = memory_find(p, bytes, false);

	if (v) {
		struct store *s = memory_enter(v, false);
		memory_self()->now.at[v->place] = s[v->count - 1].at;
	}
	return memory_fetch((uintptr_t)p, bytes);
}
