/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* tiles.c - a loop over several dimensions, in tiles
 *
 * The tiles are numbered, and a loop over the numbers is run (loop.c): each
 * worker begins with its static share of them, the same each time, and thieves
 * take from the end of it. What makes a share compact is the order.
 *
 * The grid of tiles is halved across its longest side, counted in tiles, and
 * the tiles of the first half come before those of the second; so on in each
 * half, down to one tile. Hence every range of numbers is a few boxes, and the
 * shares of 2, 4, .. workers are boxes where the sides can be halved. Ranks that
 * are near each other share caches (team.h), and have shares that touch. Rows
 * of tiles one after the other would give each worker a slab, which has more
 * surface with many workers; Hilbert's curve, which never jumps, needs a grid
 * that is a power of two, or tables.
 *
 * A tie goes to the outer side, and tiles are long in the innermost dimension,
 * so the first cuts leave whole rows in one piece of memory.
 *
 * A tile is found by going down from the whole grid; a range of tiles costs
 * one way down, and then about two steps each.
 */
#include "config.h"

#include "entry.h"
#include "loop.h"

#include <string.h>

enum {
	TAKES = TAKES_GRAIN | TAKES_STATUS | TAKES_KEEP_GOING
	        | TAKES_LAST_FIRST,
	DIMS = THRUM_DIMS_MAX,
	INNER = 16,      /* so many times as long as the others .. */
	INNER_UNIT = 16, /* .. in these: a line of floats */
	TILES = 64,      /* at least so many */
	TILE_MOST = 8192 /* indices: some arrays of it fit a level 2 cache */
};

struct tiles {
	int ndim;
	size_t shape[DIMS];
	size_t side[DIMS];   /* of a tile; the last in a row may be shorter */
	size_t count[DIMS];  /* of tiles */
	size_t stride[DIMS]; /* of linear indices, row by row */
	thrum_tile_fn *body;
	void *ctx;
};

/* A box of tiles. */
struct grid {
	size_t lo[DIMS], n[DIMS];
};

/* A range of tiles while it is run. */
struct sweep {
	const struct tiles *t;
	struct call *call;
	struct thrum_task *task;
	struct tally *tally;
	size_t begin, end; /* numbers of tiles */
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Shapes */

static size_t twice_of(const struct tiles *t, int d)
{
	size_t side = t->side[d], n = t->shape[d];
	return side > n / 2 ? n : 2 * side;
}

/* Double the side that is the shortest, the innermost counted as a part, as long
 * as a tile has not more than @p most indices. */
static void choose_sides(struct tiles *t, size_t most)
{
	size_t volume = 1;
	int last = t->ndim - 1, best;

	for (int d = 0; d <= last; d++)
		t->side[d] = 1;
	do {
		size_t shortest = SIZE_MAX;
		best = -1;
		for (int d = last; d >= 0; d--) {
			size_t side = t->side[d], part = side;
			if (side == t->shape[d]
			    || volume / side > most / twice_of(t, d))
				continue;
			if (d == last)
				part = (side + INNER - 1) / INNER;
			if (part < shortest) {
				shortest = part;
				best = d;
			}
		}
		if (best >= 0) {
			volume /= t->side[best];
			t->side[best] = twice_of(t, best);
			volume *= t->side[best];
		}
	} while (best >= 0);
}

/* As many tiles, of about equal size. */
static void even_out(struct tiles *t)
{
	for (int d = 0; d < t->ndim; d++) {
		size_t n = t->shape[d], side = t->side[d];
		size_t count = (n - 1) / side + 1, even = (n - 1) / count + 1;

		/* Two tiles of a row are not to share a line. */
		if (d == t->ndim - 1 && side % INNER_UNIT == 0)
			even += (INNER_UNIT - even % INNER_UNIT) % INNER_UNIT;
		t->side[d] = even;
		t->count[d] = (n - 1) / even + 1;
	}
}

/* Indices per tile of @p n, where the user does not say. */
static size_t automatic(size_t n)
{
	return least(n / TILES + 1, TILE_MOST);
}

/* Set shape and strides; *n = the number of indices.
 * @return 0 or THRUM_EOVERFLOW. */
static int measure(struct tiles *t, const size_t *shape, size_t *n)
{
	bool none = false, fits = true;

	*n = 1;
	for (int d = t->ndim - 1; d >= 0; d--) {
		t->shape[d] = shape[d];
		t->stride[d] = *n;
		none |= shape[d] == 0;
		fits &= shape[d] == 0 || thrum__size_mul(*n, shape[d], n);
	}
	if (none)
		*n = 0;
	return none || fits ? 0 : THRUM_EOVERFLOW;
}

/* One tile, and what is left of it after a failure */

static size_t linear_of(const struct tiles *t, const size_t *at)
{
	size_t i = 0;
	for (int d = 0; d < t->ndim; d++)
		i += at[d] * t->stride[d];
	return i;
}

/* Where linear index @p i is. @return false if that is not in the box. */
static bool place_of(const struct tiles *t, size_t i, const size_t *begin,
                     const size_t *end, size_t *at)
{
	bool inside = true;

	for (int d = 0; d < t->ndim; d++) {
		at[d] = i / t->stride[d];
		i %= t->stride[d];
		inside &= at[d] >= begin[d] && at[d] < end[d];
	}
	return inside;
}

static void add_done(struct sweep *s, size_t n)
{
	s->tally->done += n;
	if (s->call->meter && n)
		thrum__meter_add(s->call->meter, (unsigned)s->task->number, n,
		                 0);
}

/* Count those of the box whose linear index is below @p before as done. */
static void count_before(struct sweep *s, const size_t *begin,
                         const size_t *end, size_t before)
{
	const struct tiles *t = s->t;
	int last = t->ndim - 1, d;
	size_t at[DIMS], done = 0;

	memcpy(at, begin, sizeof at[0] * (size_t)t->ndim);
	do { /* rows, in which linear indices follow each other */
		size_t i = linear_of(t, at), row = end[last] - begin[last];
		size_t n = i < before ? least(row, before - i) : 0;
		for (size_t k = 0; s->call->status && k < n; k++)
			s->call->status[i + k] = 0;
		done += n;
		for (d = last - 1; d >= 0 && ++at[d] == end[d]; d--)
			at[d] = begin[d];
	} while (d >= 0);
	add_done(s, done);
}

/* Count all of the box as done. */
static void count_whole(struct sweep *s, const size_t *begin,
                        const size_t *end)
{
	size_t n = 1;

	for (int d = 0; d < s->t->ndim; d++)
		n *= end[d] - begin[d];
	if (s->call->status)
		count_before(s, begin, end, SIZE_MAX);
	else
		add_done(s, n);
}

static int run_body(struct sweep *s, const size_t *begin, const size_t *end)
{
	struct thrum_task *task = s->task;
	struct scratch_mark mark = thrum__scratch_mark(task->scratch);

	task->failed_at = linear_of(s->t, begin);
	int code = s->t->body(s->t->ctx, begin, end, task);
	thrum__task_refresh(&s->call->fpenv);
	thrum__scratch_reset(task->scratch, mark);
	return code;
}

/* The box, and with THRUM_KEEP_GOING, after a failure at one place, what comes
 * after that: the rest of its row, the rows after it, and so on outwards. Each
 * is a box; the outermost is where the loop goes on, so that calls nest as deep
 * as there are dimensions. */
static void run_box(struct sweep *s, const size_t *from, const size_t *end)
{
	const struct tiles *t = s->t;
	size_t begin[DIMS], at[DIMS], size = sizeof at[0] * (size_t)t->ndim;
	int outer = 0;

	memcpy(begin, from, size);
	while (outer < t->ndim - 1 && end[outer] - begin[outer] == 1)
		outer++;
	/* Asked before each run of the body: all places may fail, and each take
	 * long. */
	while (begin[outer] < end[outer]
	       && !(thrum__call_may_stop(s->call)
	            && thrum__call_stopping(s->call))) {
		int code = run_body(s, begin, end);
		if (code == 0) {
			count_whole(s, begin, end);
			return;
		}
		size_t i = s->task->failed_at;
		if (!place_of(t, i, begin, end, at)) {
			memcpy(at, begin, size);
			i = linear_of(t, at);
		}
		count_before(s, begin, end, i);
		if (thrum__loop_gave_up(s->call, code))
			return;
		thrum__loop_count_failed(s->call, s->task, i, code, s->tally);
		if (!(s->call->flags & THRUM_KEEP_GOING))
			return;
		for (int d = t->ndim - 1; d > outer; d--) {
			size_t b[DIMS], e[DIMS];
			memcpy(b, begin, size);
			memcpy(e, end, size);
			for (int k = 0; k < d; k++) {
				b[k] = at[k];
				e[k] = at[k] + 1;
			}
			b[d] = at[d] + 1;
			if (b[d] < e[d])
				run_box(s, b, e);
		}
		begin[outer] = at[outer] + 1;
	}
}

static void run_tile(struct sweep *s, const size_t *tile)
{
	const struct tiles *t = s->t;
	size_t begin[DIMS], end[DIMS];

	for (int d = 0; d < t->ndim; d++) {
		begin[d] = tile[d] * t->side[d];
		end[d] = begin[d] + least(t->side[d], t->shape[d] - begin[d]);
	}
	run_box(s, begin, end);
}

/* The order of the tiles */

static size_t tiles_of(const struct tiles *t, const struct grid *g)
{
	size_t n = 1;
	for (int d = 0; d < t->ndim; d++)
		n *= g->n[d];
	return n;
}

/* The tiles of @p g, which are number @p first and those after it, as far as
 * they are in the range of the sweep.
 * @return false if the call is to end. */
static bool walk(struct sweep *s, const struct grid *g, size_t first)
{
	const struct tiles *t = s->t;
	size_t n = tiles_of(t, g);
	struct grid half = *g;
	int across = 0;

	if (first >= s->end || first + n <= s->begin)
		return true;
	if (n == 1) {
		run_tile(s, g->lo);
		/* Relaxed: see call.c; run_box has asked. */
		return thrum__load(&s->call->stop, relaxed) == STOP_NOT;
	}
	for (int d = 1; d < t->ndim; d++)
		if (g->n[d] > g->n[across])
			across = d;
	half.n[across] = (g->n[across] + 1) / 2;
	if (!walk(s, &half, first))
		return false;
	first += tiles_of(t, &half);
	half.lo[across] += half.n[across];
	half.n[across] = g->n[across] / 2;
	return walk(s, &half, first);
}

static void run_tiles(struct loop *l, struct call *call,
                      struct thrum_task *task, size_t begin, size_t end,
                      struct tally *tally)
{
	const struct tiles *t = l->ctx;
	struct sweep s = {
		.t = t, .call = call, .task = task, .tally = tally,
		.begin = l->last_first ? l->n - end : begin,
		.end = l->last_first ? l->n - begin : end,
	};
	struct grid all = { .lo = { 0 } };

	memcpy(all.n, t->count, sizeof all.n[0] * (size_t)t->ndim);
	(void)walk(&s, &all, 0);
}

int thrum_for_tiles(thrum_pool *pool, int ndim, const size_t shape[],
                    thrum_tile_fn *body, void *ctx, const thrum_opts *opts)
{
	struct entry e;
	struct tally tally = { 0 };
	struct tiles t = { .ndim = ndim, .body = body, .ctx = ctx };
	struct loop loop;
	size_t n = 0;
	int rc = body && shape && ndim >= 1 && ndim <= DIMS
		? measure(&t, shape, &n) : THRUM_EINVAL;

	rc = thrum__entry_begin(&e, pool, rc ? 0 : n, opts, TAKES, rc);
	if (rc)
		return rc;
	thrum__loop_init(&loop, 0, &t, 0);
	loop.run = run_tiles;
	if (n > 0) {
		size_t most = e.opts.grain ? e.opts.grain : automatic(n);
		choose_sides(&t, most);
		even_out(&t);
		loop.n = 1;
		for (int d = 0; d < ndim; d++)
			loop.n *= t.count[d];
		/* What a tile takes is remembered apart for each size. */
		loop.site = (uintptr_t)body + (uintptr_t)(n / loop.n);
	}
	loop.last_first = (e.opts.flags & THRUM_LAST_FIRST) != 0;
	thrum__loop_run(&loop, &e.call, e.within, &tally);
	return thrum__entry_end(&e, n, &tally);
}
