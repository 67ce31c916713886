/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_tiles.c - tiles cover each index once, in boxes that lie together
 *
 * As in check_loop.c bodies mark what they were given, and the laws are read
 * off the marks. Shapes are drawn, and small enough to look at every index.
 */
#include "config.h"

#include "common.h"

#include <stdatomic.h>
#include <string.h>
#include <thrum.h>

enum { D = THRUM_DIMS_MAX };

struct field {
	int ndim;
	size_t shape[D], n;
	unsigned char *hits;  /* plain: each index is one body's */
	size_t *tile;         /* of each index, its tile's first index + 1 */
	const int *code;      /* of each index; NULL: none fails */
	bool says_where;
	atomic_size_t largest;
	atomic_int outside;   /* boxes that are empty, or not in the shape */
};

static size_t number_of(const struct field *f, const size_t *at)
{
	size_t i = 0;
	for (int d = 0; d < f->ndim; d++)
		i = i * f->shape[d] + at[d];
	return i;
}

static bool next_in(int ndim, const size_t *begin, const size_t *end,
                    size_t *at)
{
	for (int d = ndim - 1; d >= 0; d--) {
		if (++at[d] < end[d])
			return true;
		at[d] = begin[d];
	}
	return false;
}

static int mark(void *ctx, const size_t begin[], const size_t end[],
                thrum_task *task)
{
	struct field *f = ctx;
	size_t at[D], volume = 1, largest = atomic_load(&f->largest);
	for (int d = 0; d < f->ndim; d++) {
		if (begin[d] >= end[d] || end[d] > f->shape[d]) {
			atomic_fetch_add(&f->outside, 1);
			return 0;
		}
		volume *= end[d] - begin[d];
	}
	while (volume > largest
	       && !atomic_compare_exchange_weak(&f->largest, &largest, volume))
		;
	memcpy(at, begin, sizeof at[0] * (size_t)f->ndim);
	do {
		size_t i = number_of(f, at);
		f->hits[i]++;
		f->tile[i] = number_of(f, begin) + 1;
		if (f->code && f->code[i])
			return f->says_where
				? thrum_task_fail(task, i, f->code[i])
				: f->code[i];
	} while (next_in(f->ndim, begin, end, at));
	return 0;
}

static struct field field_of(int ndim, const size_t *shape)
{
	struct field f = { .ndim = ndim, .n = 1, .says_where = true };
	for (int d = 0; d < ndim; d++) {
		f.shape[d] = shape[d];
		f.n *= shape[d];
	}
	f.hits = calloc(f.n + 1, sizeof *f.hits);
	f.tile = calloc(f.n + 1, sizeof *f.tile);
	ck_assert(f.hits && f.tile);
	return f;
}

static void field_free(struct field *f)
{
	free(f->hits);
	free(f->tile);
}

static int run(struct field *f, const thrum_opts *o)
{
	return thrum_for_tiles(NULL, f->ndim, f->shape, mark, f, o);
}

static struct field draw_field(thrum_random *r, size_t most)
{
	size_t shape[D], n = 1;
	int ndim = 1 + (int)thrum_random_below(r, D);
	for (int d = 0; d < ndim; d++) {
		size_t left = most / n;
		shape[d] = 1 + thrum_random_below(r, (uint32_t)(
			left < 60 ? left : thrum_random_below(r, 3) ? 60 : left));
		n *= shape[d];
	}
	return field_of(ndim, shape);
}

START_TEST(every_index_is_in_one_tile)
{
	thrum_random r = thrum_random_stream(test_seed(), 8);
	for (long round = rounds(600, 20000); round > 0; round--) {
		struct field f = draw_field(&r, 20000);
		size_t grain = thrum_random_below(&r, 2) ? 0
			: 1 + thrum_random_below(&r, 3000);
		thrum_report report;
		ck_assert_int_eq(run(&f, THRUM_OPTS(
			.n_jobs = 1 + (int)(round % 6), .grain = grain,
			.flags = round % 3 ? 0 : THRUM_LAST_FIRST,
			.report = &report)), 0);
		ck_assert_int_eq(f.outside, 0);
		for (size_t i = 0; i < f.n; i++)
			HOLDS(f.hits[i] == 1);
		HOLDS(f.largest <= (grain ? grain : 8192));
		HOLDS(report.jobs == f.n && report.done == f.n);
		field_free(&f);
	}
}
END_TEST

START_TEST(tiles_depend_on_shape_and_grain_alone)
{
	thrum_random r = thrum_random_stream(test_seed(), 9);
	for (long round = rounds(200, 5000); round > 0; round--) {
		struct field f = draw_field(&r, 20000);
		struct field g = field_of(f.ndim, f.shape);
		size_t grain = round % 2 ? 0 : 1 + thrum_random_below(&r, 999);
		ck_assert_int_eq(run(&f, THRUM_OPTS(.n_jobs = 1,
		                                    .grain = grain)), 0);
		ck_assert_int_eq(run(&g, THRUM_OPTS(
			.n_jobs = 2 + (int)(round % 5), .grain = grain,
			.verbose = -1, .timeout_s = 1e6)), 0);
		ck_assert_mem_eq(f.tile, g.tile, f.n * sizeof *f.tile);
		field_free(&f);
		field_free(&g);
	}
}
END_TEST

START_TEST(rows_of_tiles_are_cut_at_multiples_of_16)
{
	for (size_t rows = 1; rows < 3000; rows = rows * 7 + 1)
		for (size_t row = 64; row < 3000; row = row * 3 / 2 + 1) {
			struct field f = field_of(2, (size_t[]){ rows, row });
			ck_assert_int_eq(run(&f, THRUM_OPTS(.grain = 512)), 0);
			for (size_t i = 0; i < f.n; i++)
				HOLDS((f.tile[i] - 1) % row % 16 == 0);
			field_free(&f);
		}
}
END_TEST

/* The order in which one worker has the tiles: the first index of each. */
struct order {
	size_t shape[2], n, row[4096], column[4096];
};

static int note(void *ctx, const size_t begin[], const size_t end[],
                thrum_task *task)
{
	struct order *o = ctx;
	(void)end, (void)task;
	o->row[o->n] = begin[0];
	o->column[o->n++] = begin[1];
	return 0;
}

START_TEST(halves_of_the_order_are_halves_of_the_space)
{
	static struct order o;
	/* 64 tiles a side, of 16 x 512. */
	const size_t shape[] = { 64 * 16, 64 * 512 };
	o.n = 0;
	ck_assert_int_eq(thrum_for_tiles(NULL, 2, shape, note, &o,
	                                 THRUM_OPTS(.n_jobs = 1)), 0);
	ck_assert_uint_eq(o.n, 4096);
	/* The shares of 2^k workers are boxes: as many of each side as their
	 * area tells. */
	for (size_t workers = 1; workers <= 4096; workers *= 2) {
		size_t share = o.n / workers;
		for (size_t w = 0; w < workers; w++) {
			size_t low[2] = { SIZE_MAX, SIZE_MAX };
			size_t high[2] = { 0, 0 };
			for (size_t k = w * share; k < (w + 1) * share; k++) {
				const size_t at[] = { o.row[k] / 16,
				                      o.column[k] / 512 };
				for (int d = 0; d < 2; d++) {
					low[d] = at[d] < low[d] ? at[d]
					                        : low[d];
					high[d] = at[d] > high[d] ? at[d]
					                          : high[d];
				}
			}
			size_t tall = high[0] - low[0] + 1;
			size_t wide = high[1] - low[1] + 1;
			ck_assert_uint_eq(tall * wide, share);
			ck_assert(tall == wide || 2 * tall == wide);
		}
	}
}
END_TEST

/* Who has which tile, if nobody takes one from another: the first two wait for
 * each other, so that each has begun at its own. */
struct meeting {
	atomic_int here;
	atomic_size_t first[2]; /* row + 1 that each worker began at */
};

static int begin_at(void *ctx, const size_t begin[], const size_t end[],
                    thrum_task *task)
{
	struct meeting *m = ctx;
	int w = thrum_task_worker(task);
	(void)end;
	if (atomic_load(&m->first[w]) == 0) {
		atomic_store(&m->first[w], begin[0] + 1);
		atomic_fetch_add(&m->here, 1);
		while (atomic_load(&m->here) < 2)
			;
	}
	spin(200); /* else the loop is known to be short, and not shared */
	return 0;
}

START_TEST(equal_calls_begin_at_equal_tiles)
{
	const size_t shape[] = { 1024, 1024 };
	for (long i = rounds(100, 5000); i > 0; i--) {
		struct meeting m = { .here = 0 };
		ck_assert_int_eq(thrum_for_tiles(NULL, 2, shape, begin_at, &m,
			THRUM_OPTS(.n_jobs = 2, .grain = 4096)), 0);
		ck_assert_uint_eq(atomic_load(&m.first[0]), 1);
		ck_assert_uint_eq(atomic_load(&m.first[1]), 512 + 1);
	}
}
END_TEST

START_TEST(a_failure_is_counted_by_its_number)
{
	thrum_random r = thrum_random_stream(test_seed(), 10);
	for (long round = rounds(300, 10000); round > 0; round--) {
		struct field f = draw_field(&r, 3000);
		int *code = calloc(f.n, sizeof *code);
		int *status = calloc(f.n, sizeof *status);
		size_t bad = thrum_random_below(&r, (uint32_t)f.n), at = bad;
		thrum_report report;
		ck_assert(code && status);
		code[bad] = 9;
		f.code = code;
		f.says_where = round % 2;
		ck_assert_int_eq(run(&f, THRUM_OPTS(
			.n_jobs = 1 + (int)(round % 4), .status = status,
			.grain = thrum_random_below(&r, 200),
			.report = &report)), 9);
		if (!f.says_where) /* at the first of its tile */
			at = f.tile[bad] - 1;
		ck_assert_uint_eq(report.error_index, at);
		ck_assert_int_eq(report.error_code, 9);
		ck_assert_uint_eq(report.failed, 1);
		ck_assert_uint_eq(report.done + report.skipped + 1, f.n);
		uint64_t done = 0;
		for (size_t i = 0; i < f.n; i++) {
			if (i == at)
				HOLDS(status[i] == 9);
			else if (f.tile[i] == f.tile[bad])
				HOLDS(status[i] == (i < at ? 0
				                           : THRUM_ESKIPPED));
			else
				HOLDS(status[i] == (f.hits[i] ? 0
				                    : THRUM_ESKIPPED));
			done += status[i] == 0;
		}
		HOLDS(report.done == done);
		free(code);
		free(status);
		field_free(&f);
	}
}
END_TEST

static int elsewhere(void *ctx, const size_t begin[], const size_t end[],
                     thrum_task *task)
{
	(void)ctx, (void)end;
	/* The row above, or past the end: not of this tile. */
	return thrum_task_fail(task, begin[0] ? (begin[0] - 1) * 100 + begin[1]
	                                      : SIZE_MAX, 5);
}

START_TEST(an_index_outside_of_the_tile_is_not_believed)
{
	const size_t shape[] = { 100, 100 };
	thrum_report report;
	int status[10000];
	ck_assert_int_eq(thrum_for_tiles(NULL, 2, shape, elsewhere, NULL,
		THRUM_OPTS(.n_jobs = 2, .grain = 100, .status = status,
		           .flags = THRUM_KEEP_GOING, .report = &report)), 5);
	ck_assert_uint_eq(report.failed, 10000);
	ck_assert_uint_eq(report.error_index, 0);
	for (int i = 0; i < 10000; i++)
		HOLDS(status[i] == 5);
}
END_TEST

START_TEST(keep_going_runs_all_and_keeps_every_code)
{
	thrum_random r = thrum_random_stream(test_seed(), 11);
	for (long round = rounds(300, 10000); round > 0; round--) {
		struct field f = draw_field(&r, 3000);
		int *code = calloc(f.n, sizeof *code);
		int *status = calloc(f.n, sizeof *status);
		uint32_t one_in = 1 + thrum_random_below(&r, 40);
		size_t failed = 0, lowest = f.n;
		thrum_report report;
		ck_assert(code && status);
		for (size_t i = f.n; i-- > 0;)
			if (thrum_random_below(&r, one_in) == 0) {
				code[i] = 1 + (int)thrum_random_below(&r, 99);
				failed++;
				lowest = i;
			}
		f.code = code;
		ck_assert_int_eq(run(&f, THRUM_OPTS(
			.n_jobs = 1 + (int)(round % 4), .status = status,
			.grain = thrum_random_below(&r, 500),
			.flags = THRUM_KEEP_GOING, .report = &report)),
			failed ? code[lowest] : 0);
		ck_assert_mem_eq(status, code, f.n * sizeof *code);
		ck_assert_uint_eq(report.failed, failed);
		ck_assert_uint_eq(report.done, f.n - failed);
		for (size_t i = 0; i < f.n; i++)
			HOLDS(f.hits[i] == 1);
		free(code);
		free(status);
		field_free(&f);
	}
}
END_TEST

static void told(void *ctx, const thrum_progress *p)
{
	*(uint64_t *)ctx = p->done;
}

START_TEST(progress_counts_indices)
{
	struct field f = field_of(3, (size_t[]){ 20, 30, 40 });
	uint64_t done = 0;
	ck_assert_int_eq(run(&f, THRUM_OPTS(.n_jobs = 2, .on_progress = told,
	                                    .on_progress_ctx = &done)), 0);
	ck_assert_uint_eq(done, 24000);
	field_free(&f);
}
END_TEST

START_TEST(of_nothing_nothing_is_run)
{
	for (int ndim = 1; ndim <= D; ndim++)
		for (int zero = 0; zero < ndim; zero++) {
			struct field f = { .ndim = ndim };
			/* Too many, but for the zero. */
			for (int d = 0; d < ndim; d++)
				f.shape[d] = d == zero ? 0 : SIZE_MAX;
			ck_assert_int_eq(run(&f, NULL), 0);
		}
}
END_TEST

static int never(void *ctx, const size_t begin[], const size_t end[],
                 thrum_task *task)
{
	(void)ctx, (void)begin, (void)end, (void)task;
	ck_abort_msg("nothing was to be run");
	return 0;
}

START_TEST(what_cannot_be_is_refused)
{
	const size_t shape[D + 1] = { 2, 2, 2, 2, 2, 2, 2, 2, 2 };
	const size_t large[] = { SIZE_MAX / 2 + 1, 2 };
	ck_assert_int_eq(thrum_for_tiles(NULL, 0, shape, never, NULL, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_for_tiles(NULL, -1, shape, never, NULL, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_for_tiles(NULL, D + 1, shape, never, NULL, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_for_tiles(NULL, 2, NULL, never, NULL, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_for_tiles(NULL, 2, shape, NULL, NULL, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_for_tiles(NULL, 2, large, never, NULL, NULL),
	                 THRUM_EOVERFLOW);
	ck_assert_int_eq(thrum_for_tiles(NULL, 2, shape, never, NULL,
		THRUM_OPTS(.flags = THRUM_UNORDERED)), THRUM_EINVAL);
}
END_TEST

static int add_volume(void *ctx, const size_t begin[], const size_t end[],
                      thrum_task *task)
{
	(void)task;
	atomic_fetch_add((atomic_size_t *)ctx, (end[0] - begin[0])
	                                       * (end[1] - begin[1]));
	return 0;
}

START_TEST(there_may_be_size_max_indices)
{
	/* 3 * 5 divides 2^n - 1 for every n that is a multiple of 4. */
	const size_t shape[] = { SIZE_MAX / 15, 15 };
	for (int k = 1; k <= 2; k++) {
		atomic_size_t sum = 0;
		ck_assert_int_eq(thrum_for_tiles(NULL, 2, shape, add_volume,
			&sum, THRUM_OPTS(.n_jobs = k,
			                 .grain = SIZE_MAX / 1000)), 0);
		ck_assert(sum == SIZE_MAX);
		sum = 0;
		ck_assert_int_eq(thrum_for_tiles(NULL, 2, shape, add_volume,
			&sum, THRUM_OPTS(.n_jobs = k, .grain = SIZE_MAX)), 0);
		ck_assert(sum == SIZE_MAX);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tiles");
	TCase *c = tcase_create("cover");
	tcase_add_test(c, every_index_is_in_one_tile);
	tcase_add_test(c, tiles_depend_on_shape_and_grain_alone);
	tcase_add_test(c, rows_of_tiles_are_cut_at_multiples_of_16);
	tcase_add_test(c, there_may_be_size_max_indices);
	add_test(s, c);
	c = tcase_create("order");
	tcase_add_test(c, halves_of_the_order_are_halves_of_the_space);
	tcase_add_test(c, equal_calls_begin_at_equal_tiles);
	add_test(s, c);
	c = tcase_create("ends");
	tcase_add_test(c, a_failure_is_counted_by_its_number);
	tcase_add_test(c, an_index_outside_of_the_tile_is_not_believed);
	tcase_add_test(c, keep_going_runs_all_and_keeps_every_code);
	tcase_add_test(c, progress_counts_indices);
	tcase_add_test(c, of_nothing_nothing_is_run);
	tcase_add_test(c, what_cannot_be_is_refused);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
