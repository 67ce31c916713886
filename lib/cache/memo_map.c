/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memo_map.c - a map that computes only what the store lacks
 *
 * It is thrum_map over a body that asks the memo first, so all that a map does,
 * order, errors, status, progress and the report, it does. A body whose call is
 * ending while it waits for another run gives up as any other body may.
 */
#include "config.h"

#include "memo.h"

#include <string.h>

struct sweep {
	thrum_memo *memo;
	thrum_fn fn;
	thrum_memo_key_fn *key_of;
	thrum_map_fn *body;
	void *ctx;
	size_t size;
};

struct index_call {
	struct request r; /* first: what it is handed back as */
	const struct sweep *s;
	size_t i;
	thrum_task *task;
	void *slot;
};

static int compute_index(struct request *r)
{
	struct index_call *c = (struct index_call *)r;
	return c->s->body(c->s->ctx, c->i, c->slot, c->task);
}

static int run_index(void *ctx, size_t i, void *slot, thrum_task *task)
{
	const struct sweep *s = ctx;
	thrum_key key = THRUM_KEY_INIT;
	struct index_call c = { .s = s, .i = i, .task = task, .slot = slot };

	s->key_of(s->ctx, i, &key);
	c.r.q.fn = s->fn;
	c.r.q.key = &key;
	c.r.task = task;
	int rc = thrum__fetch_ref(&c.r.q.ref, s->fn, &key);
	if (rc)
		return rc;
	thrum__memo_value(&c.r, slot, s->size);
	c.r.compute = compute_index;
	return thrum__memo_answer(s->memo, &c.r);
}

int thrum_memo_map(thrum_memo *memo, thrum_fn fn, thrum_memo_key_fn *key_of,
                   thrum_pool *pool, size_t n, thrum_map_fn *body, void *ctx,
                   void *results, size_t size, const thrum_opts *opts)
{
	struct sweep s = { memo, fn, key_of, body, ctx, size };

	if (!key_of || !fn.name || fn.name[0] == '\0'
	    || strlen(fn.name) >= ENTRY_NAME_MAX)
		body = NULL; /* which is refused, and reported, there */
	if (!memo || !body)
		return thrum_map(pool, n, body, ctx, results, size, opts);
	return thrum_map(pool, n, run_index, &s, results, size, opts);
}
