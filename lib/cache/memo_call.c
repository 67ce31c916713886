/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memo_call.c - values: called, found by name; and entries forgotten */
#include "config.h"

#include "memo.h"

#include <errno.h>
#include <string.h>

struct value_call {
	struct request r; /* first: what it is handed back as */
	thrum_memo_fn *fn;
	void *ctx, *result;
};

static int use_value(struct request *r, struct fetched *e)
{
	return thrum__fetch_value(e, r->result, r->size);
}

static int keep_value(struct request *r, const struct keep *k)
{
	return thrum__keep_value(k, r->result, r->size);
}

static int compute_value(struct request *r)
{
	struct value_call *c = (struct value_call *)r;
	return c->fn(c->ctx, c->result);
}

void thrum__memo_value(struct request *r, void *result, size_t size)
{
	static char nothing; /* what a value of no bytes is */

	r->use = use_value;
	r->keep = keep_value;
	r->result = size ? result : &nothing;
	r->size = size;
}

int thrum_memo_call(thrum_memo *memo, thrum_fn fn, const thrum_key *key,
                    thrum_memo_fn *compute, void *ctx, void *result,
                    size_t size, unsigned flags)
{
	struct value_call c = { .fn = compute, .ctx = ctx, .result = result };

	if (!compute || !result != !size
	    || (flags & ~(THRUM_REFRESH | THRUM_NO_STORE)))
		return THRUM_EINVAL;
	c.r.q.fn = fn;
	c.r.q.key = key;
	c.r.flags = flags;
	int rc = thrum__fetch_ref(&c.r.q.ref, fn, key);
	if (rc)
		return rc;
	if (!memo)
		return compute(ctx, result);
	thrum__memo_value(&c.r, result, size);
	c.r.compute = compute_value;
	return thrum__memo_answer(memo, &c.r);
}

int thrum_memo_ref_of(thrum_memo_ref *ref, thrum_fn fn, const thrum_key *key)
{
	return ref ? thrum__fetch_ref(ref, fn, key) : THRUM_EINVAL;
}

int thrum_memo_get(thrum_memo *memo, const thrum_memo_ref *ref, void *result,
                   size_t size)
{
	struct request r = { .flags = 0 };

	if (!ref || !result != !size)
		return THRUM_EINVAL;
	if (!memo)
		return THRUM_ENOENT;
	r.q.ref = *ref;
	thrum__memo_value(&r, result, size);
	return thrum__memo_find(memo, &r);
}

int thrum_memo_contains(thrum_memo *memo, thrum_fn fn, const thrum_key *key)
{
	struct asked q = { .fn = fn, .key = key };
	struct fetched e;
	int saved = errno;

	if (!memo || memo->store.dir < 0 || thrum__fetch_ref(&q.ref, fn, key))
		return 0;
	int rc = thrum__fetch_open(&e, &memo->store, &q, &memo->accept);
	if (rc == 0)
		thrum__fetch_close(&e);
	errno = saved;
	return rc == 0;
}

static int forget(thrum_memo *m, thrum_fn fn, const thrum_key *key)
{
	static const thrum_key none = THRUM_KEY_INIT;
	thrum_memo_ref ref;

	if (!fn.name && key)
		return THRUM_EINVAL;
	int rc = fn.name ? thrum__fetch_ref(&ref, fn, key ? key : &none) : 0;
	if (rc)
		return rc;
	rc = key ? thrum__evict_one(&m->store, &m->usage, &ref)
	         : thrum__evict_function(&m->store, &m->usage,
	                                 fn.name ? &ref.function : NULL);
	return rc ? THRUM_EIO : 0;
}

int thrum_memo_forget(thrum_memo *memo, thrum_fn fn, const thrum_key *key)
{
	int saved = errno;

	if (!memo || memo->store.dir < 0)
		return 0;
	int rc = forget(memo, fn, key);
	errno = saved;
	return rc;
}
