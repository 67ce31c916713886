/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_kernel.c - what is left of all that in programs that do something?
 *
 * A merge sort whose halves, and whose merges, are divided by fork and join down
 * to pieces of some microseconds; and a stencil whose sweeps are loops over rows
 * in close succession, on memory that the same loop wrote first. Sorted arrays
 * are checked to be in order and to have what was put in, the stencil to have
 * the bits that some serial sweeps give.
 *
 * Number: how many doubles, or how many sweeps; the second for --quick.
 */
#include <string.h>

#include "harness.h"

/* --- Sorting --------------------------------------------------------------- */

#define SORT_ALONE 4096 /* below that without tasks */
#define MERGE_ALONE 16384
#define INSERT_BELOW 24
#define SORT_WARM 100000u

struct sort {
	const struct peer *peer;
	double *from, *to; /* sort from; into to if .over, else in place */
	size_t n;
	int over;
};

struct merge {
	const struct peer *peer;
	const double *a, *b;
	size_t na, nb;
	double *to;
};

static void insert_all(double *x, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		double value = x[i];
		size_t j = i;
		for (; j && x[j - 1] > value; j--)
			x[j] = x[j - 1];
		x[j] = value;
	}
}

static void merge_alone(const struct merge *m)
{
	const double *a = m->a, *b = m->b;
	const double *a_end = a + m->na, *b_end = b + m->nb;
	double *to = m->to;

	while (a < a_end && b < b_end)
		*to++ = *b < *a ? *b++ : *a++;
	memcpy(to, a, (size_t)(a_end - a) * sizeof *a);
	memcpy(to + (a_end - a), b, (size_t)(b_end - b) * sizeof *b);
}

/* How many of x[0 .. n) are below value. */
static size_t rank_of(double value, const double *x, size_t n)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;
		if (x[middle] < value)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

static int merge(void *ctx, thrum_task *task)
{
	struct merge m = *(struct merge *)ctx;

	if (m.na < m.nb) {
		struct merge swapped = { m.peer, m.b, m.a, m.nb, m.na, m.to };
		m = swapped;
	}
	if (m.na + m.nb <= MERGE_ALONE) {
		merge_alone(&m);
		return 0;
	}
	size_t ka = m.na / 2, kb = rank_of(m.a[ka], m.b, m.nb);
	struct merge low = { m.peer, m.a, m.b, ka, kb, m.to };
	struct merge high = { m.peer, m.a + ka, m.b + kb, m.na - ka,
		              m.nb - kb, m.to + ka + kb };
	m.peer->both(task, merge, &low, merge, &high);
	return 0;
}

static void sort_alone(struct sort s)
{
	size_t half = s.n / 2;

	if (s.n <= INSERT_BELOW) {
		insert_all(s.from, s.n);
		if (s.over)
			memcpy(s.to, s.from, s.n * sizeof *s.to);
		return;
	}
	sort_alone((struct sort){ s.peer, s.from, s.to, half, !s.over });
	sort_alone((struct sort){ s.peer, s.from + half, s.to + half,
	                          s.n - half, !s.over });
	const double *in = s.over ? s.from : s.to;
	struct merge m = { s.peer, in, in + half, half, s.n - half,
		           s.over ? s.to : s.from };
	merge_alone(&m);
}

static int sort(void *ctx, thrum_task *task)
{
	const struct sort *s = ctx;
	size_t half = s->n / 2;

	if (s->n <= SORT_ALONE) {
		sort_alone(*s);
		return 0;
	}
	struct sort low = { s->peer, s->from, s->to, half, !s->over };
	struct sort high = { s->peer, s->from + half, s->to + half,
		             s->n - half, !s->over };
	s->peer->both(task, sort, &low, sort, &high);
	const double *in = s->over ? s->from : s->to;
	struct merge m = { s->peer, in, in + half, half, s->n - half,
		           s->over ? s->to : s->from };
	return merge(&m, task);
}

/* The same values each time; their sum, as integers, is kept by any order. */
static uint64_t fill(double *x, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t value = uts_mix(i + 1) >> 11;
		x[i] = (double)value;
		sum += value * value;
	}
	return sum;
}

static int is_sorted(const double *x, size_t n, uint64_t sum)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = (uint64_t)x[i];
		sum -= value * value;
		if (i && x[i - 1] > x[i])
			return 0;
	}
	return sum == 0;
}

static void answer_sort(struct run *run)
{
	size_t n = (size_t)run->question->number[run->quick];
	struct sort s = { .peer = run->peer };
	uint64_t sum, start, took;

	if (!run->peer->tree || !run->peer->both)
		return;
	s.from = work_doubles(n);
	s.to = work_doubles(n);
	if (!s.from || !s.to)
		return;
	memset(s.to, 0, n * sizeof *s.to);
	fill(s.from, s.n = SORT_WARM);
	run->peer->tree(sort, &s);
	sum = fill(s.from, s.n = n);
	start = work_clock_ns();
	run->peer->tree(sort, &s);
	took = work_clock_ns() - start;
	if (is_sorted(s.from, n, sum))
		run_emit(run, 0, 1e-6 * (double)took, 1e-6 * (double)took);
}

/* --- A stencil -------------------------------------------------------------- */

#define CHECKED_SWEEPS 50
#define ROWS 512
#define COLUMNS 512

struct field {
	const struct run *run;
	double *from, *to;
	int sweeps, rc;
};

static int lay_out(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	struct field *f = ctx;

	(void)task;
	for (size_t i = begin; i < end; i++)
		for (size_t j = 0; j < COLUMNS; j++)
			f->from[i * COLUMNS + j] = f->to[i * COLUMNS + j] =
				(double)(i * j % 17);
	return 0;
}

/* Index i is row i + 1: the border stays. */
static int sweep(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	const struct field *f = ctx;

	(void)task;
	for (size_t i = begin + 1; i <= end; i++) {
		const double *restrict x = f->from + i * COLUMNS;
		double *restrict y = f->to + i * COLUMNS;
		for (size_t j = 1; j < COLUMNS - 1; j++)
			y[j] = 0.5 * x[j]
			       + 0.125 * (x[j - 1] + x[j + 1] + x[j - COLUMNS]
			                  + x[j + COLUMNS]);
	}
	return 0;
}

static void swap(struct field *f)
{
	double *from = f->from;

	f->from = f->to;
	f->to = from;
}

static void sweep_all(void *arg)
{
	struct field *f = arg;

	for (int k = 0; k < f->sweeps; k++, swap(f))
		f->rc |= run_loop(f->run, ROWS - 2, PEER_AUTO, 0, sweep, f);
}

static int is_right(const struct run *run, struct field *f)
{
	struct field own = { run, work_doubles(ROWS * COLUMNS),
		             work_doubles(ROWS * COLUMNS), 0, 0 };

	if (!own.from || !own.to)
		return 0;
	lay_out(&own, 0, ROWS, NULL);
	run_loop(run, ROWS, PEER_AUTO, 0, lay_out, f);
	f->sweeps = CHECKED_SWEEPS;
	sweep_all(f);
	for (int k = 0; k < f->sweeps; k++, swap(&own))
		sweep(&own, 0, ROWS - 2, NULL);
	return !memcmp(own.from, f->from,
	               ROWS * COLUMNS * sizeof *own.from);
}

static void answer_stencil(struct run *run)
{
	struct field f = { .run = run };
	struct samples s;

	if (!run->peer->loop)
		return;
	f.sweeps = (int)run->question->number[run->quick];
	f.from = work_doubles(ROWS * COLUMNS);
	f.to = work_doubles(ROWS * COLUMNS);
	if (!f.from || !f.to)
		return;
	/* Written first by those who work on it. */
	f.rc = run_loop(run, ROWS, PEER_AUTO, 0, lay_out, &f);
	s = run_sample(run, sweep_all, &f);
	double scale = 1e-3 / f.sweeps;
	if (!f.rc && is_right(run, &f))
		run_emit_time(run, 0, &s, scale);
	samples_free(&s);
}

#define ALL (WITH_SERIAL | WITH_THRUM1 | WITH_THRUM | WITH_PEERS)

static const struct question questions[] = {
	{ "sort1e7", "merge sort of 10^7 doubles, merges divided too", ALL,
	  { { "sort", "ms", 0 } }, .efficiency = 1, .answer = answer_sort,
	  .number = { 1e7, 1e6 },
	  .goal = { { "thrum-1", GOAL_TIMES, .limit = 1.05 },
	            { "thrum", GOAL_PEERS, .limit = 1.05 } } },
	{ "stencil", "5 points on 512 x 512 doubles, 1000 sweeps; us a sweep",
	  ALL | WITH_RAW, { { "sweep", "us", 0 } }, .efficiency = 1,
	  .answer = answer_stencil, .number = { 1000, 100 },
	  .goal = { { "thrum-1", GOAL_TIMES, .limit = 1.05 },
	            { "thrum", GOAL_PEERS, .limit = 1.05 } } },
	{ 0 },
};

const struct bench bench = {
	"kernel", "what is left of it in programs that do something?",
	questions
};
