/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* env.c - the THRUM_ variables, read once
 *
 * A table says for each variable how it is read and what is valid; the reader
 * and thrum-info use the same table, so what is told is what is done.
 */
#include "config.h"

#include "env.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/pool.h>
#include <thrum/progress.h>

#include "atomics.h"
#include "decimal.h"
#include "machine.h"

struct word {
	const char *text;
	int value;
};

static bool read_word(const char *text, const struct word *words, int *out)
{
	text = thrum__decimal_skip(text);
	for (; words->text; words++) {
		const char *p = text;
		if (thrum__decimal_word(&p, words->text) &&
		    thrum__decimal_end(p)) {
			*out = words->value;
			return true;
		}
	}
	return false;
}

static bool read_int(const char *text, int min, int *out)
{
	const char *p = thrum__decimal_skip(text);
	bool minus = min < 0 && thrum__decimal_word(&p, "-");
	uint64_t value;
	if (!thrum__decimal_uint(&p, INT_MAX, &value) ||
	    !thrum__decimal_end(p))
		return false;
	int n = minus ? -(int)value : (int)value;
	if (n < min)
		return false;
	*out = n;
	return true;
}

static bool read_n_jobs(struct env *env, const char *text)
{
	return thrum__n_jobs_read(text, &env->n_jobs);
}

static bool read_max_jobs(struct env *env, const char *text)
{
	return read_int(text, 1, &env->max_jobs);
}

static bool read_bind(struct env *env, const char *text)
{
	static const struct word words[] = { { "cores", THRUM_BIND_CORES },
		                             { "none", THRUM_BIND_NONE },
		                             { "caller", THRUM_BIND_CALLER },
		                             { NULL, 0 } };
	return read_word(text, words, &env->bind);
}

static bool read_cpus(struct env *env, const char *text)
{
	return thrum__cpulist_parse(&env->cpus, text) == 0;
}

static bool read_verbose(struct env *env, const char *text)
{
	env->verbose_set = read_int(text, -INT_MAX, &env->verbose);
	return env->verbose_set;
}

static bool read_progress(struct env *env, const char *text)
{
	static const struct word words[] = { { "auto", THRUM_PROGRESS_AUTO },
		                             { "lines", THRUM_PROGRESS_LINES },
		                             { "bar", THRUM_PROGRESS_BAR },
		                             { "json", THRUM_PROGRESS_JSON },
		                             { "off", THRUM_PROGRESS_OFF },
		                             { NULL, 0 } };
	return read_word(text, words, &env->progress);
}

static bool read_spin_us(struct env *env, const char *text)
{
	return read_int(text, 0, &env->spin_us);
}

static bool read_stacksize(struct env *env, const char *text)
{
	const char *p = thrum__decimal_skip(text);
	uint64_t value;
	if (!thrum__decimal_uint(&p, SIZE_MAX, &value) || value == 0)
		return false;
	unsigned shift = 0;
	if (*p == 'K' || *p == 'k')
		shift = 10;
	else if (*p == 'M' || *p == 'm')
		shift = 20;
	else if (*p == 'G' || *p == 'g')
		shift = 30;
	if (!thrum__decimal_end(p + (shift != 0)) ||
	    value > (uint64_t)SIZE_MAX >> shift)
		return false;
	env->stack_bytes = (size_t)value << shift;
	return true;
}

static bool read_stats(struct env *env, const char *text)
{
	static const struct word words[] = { { "0", 0 }, { "1", 1 },
		                             { NULL, 0 } };
	return read_word(text, words, &env->stats);
}

/* The first number of a list as `8,2`, one for each level of nesting. */
static bool read_omp(struct env *env, const char *text)
{
	const char *p = thrum__decimal_skip(text);
	uint64_t value;
	if (!thrum__decimal_uint(&p, INT_MAX, &value) || value == 0)
		return false;
	if (*thrum__decimal_skip(p) != ',' && !thrum__decimal_end(p))
		return false;
	env->omp_n_jobs = (int)value;
	return true;
}

static const struct rule {
	const char *name;
	bool (*read)(struct env *env, const char *text);
	const char *want;
} rules[ENV_COUNT] = {
	[ENV_N_JOBS] = { "THRUM_N_JOBS", read_n_jobs,
	                 "a number but 0, all, 1.5x, 50% or io" },
	[ENV_MAX_JOBS] = { "THRUM_MAX_JOBS", read_max_jobs,
	                   "a number from 1" },
	[ENV_BIND] = { "THRUM_BIND", read_bind, "cores, none or caller" },
	[ENV_CPUS] = { "THRUM_CPUS", read_cpus, "a list as 0-7,16" },
	[ENV_VERBOSE] = { "THRUM_VERBOSE", read_verbose, "a number" },
	[ENV_PROGRESS] = { "THRUM_PROGRESS", read_progress,
	                   "auto, lines, bar, json or off" },
	[ENV_SPIN_US] = { "THRUM_SPIN_US", read_spin_us, "a number from 0" },
	[ENV_STACKSIZE] = { "THRUM_STACKSIZE", read_stacksize,
	                    "a number from 1, and K, M or G" },
	[ENV_STATS] = { "THRUM_STATS", read_stats, "0 or 1" },
	[ENV_OMP_NUM_THREADS] = { "OMP_NUM_THREADS", read_omp,
	                          "a number from 1" },
};

static const char *get(const char *name)
{
#if defined(HAVE_SECURE_GETENV) || defined(__GLIBC__)
	return secure_getenv(name);
#else
	return getenv(name);
#endif
}

/* For people, in one line: bytes that could steer a terminal become '?'. */
static void show(char *out, size_t size, const char *text)
{
	size_t i = 0;
	for (; text[i] != '\0' && i + 1 < size; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[i] = '\0';
}

static void read_one(struct env *env, int which)
{
	const struct rule *rule = &rules[which];
	struct env_value *value = &env->value[which];
	const char *text = get(rule->name);

	value->name = rule->name;
	value->want = rule->want;
	value->valid = true;
	if (!text || thrum__decimal_end(text))
		return;
	value->set = true;
	show(value->text, sizeof(value->text), text);
	value->valid = rule->read(env, text);
	if (!value->valid && which != ENV_OMP_NUM_THREADS)
		env->invalid = true;
}

/* L under lock; readers go by thrum__env_read, set when the_env is whole. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct env the_env;
_Atomic(const struct env *) thrum__env_read;

const struct env *thrum__env_get(void)
{
	const struct env *env;
	int before = errno;
	thrum__machine_guard_fork();
	pthread_mutex_lock(&lock);
	/* relaxed: only written under the lock, which is held */
	env = thrum__load(&thrum__env_read, relaxed);
	if (!env) {
		the_env.spin_us = -1;
		for (int i = 0; i < ENV_COUNT; i++)
			read_one(&the_env, i);
		env = &the_env;
		/* [V2] pairs with [V1] in thrum__env */
		thrum__store(&thrum__env_read, env, release);
	}
	pthread_mutex_unlock(&lock);
	errno = before;
	return env;
}

void thrum__env_forget(void)
{
	pthread_mutex_lock(&lock);
	/* relaxed: no other thread is in the library, see env.h */
	thrum__store(&thrum__env_read, NULL, relaxed);
	thrum__cpulist_free(&the_env.cpus);
	memset(&the_env, 0, sizeof(the_env));
	pthread_mutex_unlock(&lock);
}

void thrum__env_fork_prepare(void)
{
	pthread_mutex_lock(&lock);
}

void thrum__env_fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

void thrum__env_fork_child(void)
{
	pthread_mutex_unlock(&lock);
}
