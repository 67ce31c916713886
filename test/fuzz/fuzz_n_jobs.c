/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_n_jobs.c - laws of an n_jobs as text, for any text */
#include "config.h"

#include <limits.h>
#include <thrum/cpus.h>
#include <thrum/report.h>

#include "cpus.h"
#include "decimal.h"
#include "fuzz.h"

/* What was understood, in its plainest words. */
static void write_plain(char *out, size_t size, const struct n_jobs_text *t)
{
	uint64_t unit = DECIMAL_NANO;
	if (t->n_jobs == THRUM_JOBS_IO)
		snprintf(out, size, "io");
	else if (t->n_jobs != 0)
		snprintf(out, size, "%d", t->n_jobs);
	else
		snprintf(out, size, "%llu.%09llu%c",
		         (unsigned long long)(t->num / unit),
		         (unsigned long long)(t->num % unit),
		         t->den == unit ? 'x' : '%');
}

/* A share of the cores is rounded up, and more of more cores. In whole cores
 * and the rest, which no product makes too large. */
static void check_share(const struct n_jobs_text *t)
{
	static const int cores[] = { 1, 2, 3, 7, 64, 1000, THRUM__WORKERS_MAX };
	int last = 0;
	HOLDS(t->num > 0);
	HOLDS(t->den == DECIMAL_NANO || t->den == 100 * DECIMAL_NANO);
	for (size_t i = 0; i < sizeof(cores) / sizeof(cores[0]); i++) {
		int n = thrum__n_jobs_of_text(t, cores[i]);
		int64_t whole = (int64_t)(t->num / t->den) * cores[i];
		int64_t rest = (int64_t)(t->num % t->den) * cores[i];
		int64_t den = (int64_t)t->den, more = n - whole;
		if (n == 0) {
			HOLDS(whole + (rest + den - 1) / den > INT_MAX);
			break;
		}
		HOLDS(n >= last && n >= 1);
		HOLDS(more >= 0 && more <= cores[i]);
		HOLDS(more * den >= rest && (more - 1) * den < rest);
		last = n;
	}
}

static void check_workers(int n_jobs)
{
	for (int all = 1; all < 3000; all = all * 3 + 1) {
		unsigned notes = 0;
		int n = thrum__n_jobs_resolve(n_jobs, all, &notes);
		HOLDS(n >= 1 && n <= THRUM__WORKERS_MAX);
		HOLDS((notes & ~THRUM_NOTE_CUT) == 0);
		HOLDS(n_jobs < 1 || n == n_jobs ||
		      (n == THRUM__WORKERS_MAX && notes == THRUM_NOTE_CUT));
		HOLDS(n_jobs >= 0 || n_jobs == THRUM_JOBS_IO || n <= all);
	}
}

static void law(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), plain[64];
	struct n_jobs_text t = { .n_jobs = 77, .num = 78, .den = 79 }, again;
	int n_jobs = 42;
	bool read = thrum__n_jobs_read(text, &t);
	int rc = thrum_n_jobs_parse(text, &n_jobs);
	if (!read) {
		HOLDS(t.n_jobs == 77 && t.num == 78 && t.den == 79);
		HOLDS(rc == THRUM_EINVAL && n_jobs == 42);
		free(text);
		return;
	}
	HOLDS((t.n_jobs == 0) == (t.num != 0));
	HOLDS(rc == 0 ? n_jobs != 0 : n_jobs == 42 && t.n_jobs == 0);
	if (t.n_jobs == 0)
		check_share(&t);
	if (rc == 0)
		check_workers(n_jobs);
	write_plain(plain, sizeof(plain), &t);
	HOLDS(thrum__n_jobs_read(plain, &again));
	HOLDS(again.n_jobs == t.n_jobs && again.num == t.num &&
	      again.den == t.den);
	free(text);
}

FUZZ_TARGET(n_jobs, law);
