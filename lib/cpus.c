/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cpus.c - what n_jobs means; the rules are in thrum/cpus.h */
#include "config.h"

#include "cpus.h"

#include <limits.h>
#include <thrum/cpus.h>
#include <thrum/report.h>

#include "decimal.h"
#include "env.h"
#include "machine.h"

/* `1.5x` and `50%`. A share of nothing is no number of workers. */
static bool read_share(const char *p, struct n_jobs_text *out)
{
	uint64_t nano;
	if (!thrum__decimal_nano(&p, &nano) || nano == 0)
		return false;
	uint64_t den = DECIMAL_NANO;
	if (*p == '%')
		den *= 100;
	else if (*p != 'x')
		return false;
	if (!thrum__decimal_end(p + 1))
		return false;
	*out = (struct n_jobs_text){ .num = nano, .den = den };
	return true;
}

bool thrum__n_jobs_read(const char *text, struct n_jobs_text *out)
{
	const char *start = thrum__decimal_skip(text), *p = start;
	uint64_t value;
	int n_jobs;

	if (thrum__decimal_word(&p, "all")) {
		n_jobs = -1;
	} else if (thrum__decimal_word(&p, "io")) {
		n_jobs = THRUM_JOBS_IO;
	} else {
		bool minus = thrum__decimal_word(&p, "-");
		if (!thrum__decimal_uint(&p, INT_MAX, &value) || value == 0)
			return read_share(start, out);
		n_jobs = minus ? -(int)value : (int)value;
	}
	if (!thrum__decimal_end(p))
		return read_share(start, out);
	*out = (struct n_jobs_text){ .n_jobs = n_jobs };
	return true;
}

int thrum__n_jobs_of_text(const struct n_jobs_text *text, int cores)
{
	if (text->n_jobs != 0)
		return text->n_jobs;
	uint64_t whole = text->num / text->den, rest = text->num % text->den;
	uint64_t part = rest * (uint64_t)cores;
	uint64_t count = whole * (uint64_t)cores + part / text->den +
		(part % text->den != 0);
	return count <= INT_MAX ? (int)count : 0;
}

int thrum__n_jobs_default(void)
{
	const struct env *env = thrum__env();
	if (env->n_jobs.n_jobs != 0)
		return env->n_jobs.n_jobs;
	if (env->n_jobs.num != 0) {
		int cores = thrum__machine_now()->usable;
		int n_jobs = thrum__n_jobs_of_text(&env->n_jobs, cores);
		return n_jobs != 0 ? n_jobs : INT_MAX;
	}
	return env->omp_n_jobs != 0 ? env->omp_n_jobs : -1;
}

int thrum__n_jobs_resolve(int n_jobs, int all, unsigned *notes)
{
	int count = n_jobs;
	if (n_jobs == THRUM_JOBS_IO)
		count = all <= INT_MAX / 2 ? all + (all + 1) / 2 : INT_MAX;
	else if (n_jobs == 0)
		count = all;
	else if (n_jobs < 0)
		count = all + (n_jobs + 1);

	if (count < 1) {
		count = 1;
		*notes |= THRUM_NOTE_CUT;
	}
	if (count > THRUM__WORKERS_MAX) {
		count = THRUM__WORKERS_MAX;
		*notes |= THRUM_NOTE_CUT;
	}
	return count;
}

int thrum_cpu_count(void)
{
	return thrum__machine_now()->usable;
}

int thrum_n_jobs_parse(const char *text, int *n_jobs)
{
	struct n_jobs_text read;
	if (!text || !n_jobs || !thrum__n_jobs_read(text, &read))
		return THRUM_EINVAL;
	int value = read.n_jobs;
	if (value == 0)
		value = thrum__n_jobs_of_text(&read, thrum_cpu_count());
	if (value == 0)
		return THRUM_EINVAL;
	*n_jobs = value;
	return 0;
}
