/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memo_arrays.c - arrays: called, found by name
 *
 * What a function returns may be borrowed, strided, or both; what a call gives is
 * owned and contiguous, so that a hit and a miss look alike. What is owned and
 * contiguous already is handed on as it is.
 */
#include "config.h"

#include "memo.h"

#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "owner.h"

struct arrays_call {
	struct request r; /* first: what it is handed back as */
	thrum_memo_arrays_fn *fn;
	void *ctx;
	thrum_array *results;
	size_t n;
};

/* Make *a own its elements, contiguous. */
static int settle(thrum_array *a)
{
	struct layout l;
	void *data;

	int rc = thrum__layout_of(&l, a);
	if (rc)
		return rc;
	bool fortran = !thrum__entry_is_c(a) && thrum__entry_is_fortran(a);
	if (a->owner && (fortran || thrum__entry_is_c(a)))
		return 0;
	struct owner *owner = thrum__owner_allocate(l.bytes, &data);
	if (!owner)
		return THRUM_ENOMEM;
	if (fortran)
		memcpy(data, a->data, l.bytes);
	else
		thrum__layout_gather(&l, 0, l.count, data);
	thrum_array own = thrum_array_nd(a->dtype, data, a->ndim, a->shape,
	                                 fortran);
	own.owner = owner;
	thrum_array_release(a);
	*a = own;
	return 0;
}

static int compute_arrays(struct request *r)
{
	struct arrays_call *c = (struct arrays_call *)r;

	memset(c->results, 0, c->n * sizeof *c->results);
	int rc = c->fn(c->ctx, c->results, c->n);
	/* What borrows may do so from what another of them owns: it is first. */
	for (size_t i = 0; i < c->n && rc == 0; i++)
		if (!c->results[i].owner)
			rc = settle(&c->results[i]);
	for (size_t i = 0; i < c->n && rc == 0; i++)
		rc = settle(&c->results[i]);
	if (rc)
		thrum__fetch_release(c->results, c->n);
	return rc;
}

static int use_arrays(struct request *r, struct fetched *e)
{
	struct arrays_call *c = (struct arrays_call *)r;
	return thrum__fetch_arrays(e, c->results, c->n,
	                           (r->flags & THRUM_MAPPED) != 0);
}

/* What was asked for as a map is one after a miss, too: the pages of the entry
 * are those that its next reader has. Without one it is what was computed. */
static void map_instead(struct arrays_call *c, const struct store *s)
{
	const struct accept any = { 0 };
	thrum_array *mapped = malloc(c->n * sizeof *mapped);
	struct fetched e;

	if (mapped && thrum__fetch_open(&e, s, &c->r.q, &any) == 0) {
		if (thrum__fetch_arrays(&e, mapped, c->n, true) == 0) {
			thrum__fetch_release(c->results, c->n);
			memcpy(c->results, mapped, c->n * sizeof *mapped);
		}
		thrum__fetch_close(&e);
	}
	free(mapped);
}

static int keep_arrays(struct request *r, const struct keep *k)
{
	struct arrays_call *c = (struct arrays_call *)r;

	int rc = thrum__keep_arrays(k, c->results, c->n);
	if (rc == 0 && (r->flags & THRUM_MAPPED))
		map_instead(c, k->store);
	return rc;
}

int thrum_memo_arrays(thrum_memo *memo, thrum_fn fn, const thrum_key *key,
                      thrum_memo_arrays_fn *compute, void *ctx,
                      thrum_array *results, size_t n, unsigned flags)
{
	struct arrays_call c = {
		.r = { .q = { .fn = fn, .key = key }, .flags = flags,
		       .use = use_arrays, .compute = compute_arrays,
		       .keep = keep_arrays },
		.fn = compute, .ctx = ctx, .results = results, .n = n,
	};

	if (!results || n == 0 || n > ENTRY_ARRAYS_MAX)
		return THRUM_EINVAL;
	memset(results, 0, n * sizeof *results);
	if (!compute
	    || (flags & ~(THRUM_REFRESH | THRUM_NO_STORE | THRUM_MAPPED)))
		return THRUM_EINVAL;
	int rc = thrum__fetch_ref(&c.r.q.ref, fn, key);
	if (rc)
		return rc;
	return memo ? thrum__memo_answer(memo, &c.r) : compute_arrays(&c.r);
}

int thrum_memo_get_arrays(thrum_memo *memo, const thrum_memo_ref *ref,
                          thrum_array *results, size_t n, unsigned flags)
{
	struct arrays_call c = {
		.r = { .flags = flags, .use = use_arrays },
		.results = results, .n = n,
	};

	if (!results || n == 0 || n > ENTRY_ARRAYS_MAX)
		return THRUM_EINVAL;
	memset(results, 0, n * sizeof *results);
	if (!ref || (flags & ~THRUM_MAPPED))
		return THRUM_EINVAL;
	if (!memo)
		return THRUM_ENOENT;
	c.r.q.ref = *ref;
	return thrum__memo_find(memo, &c.r);
}
