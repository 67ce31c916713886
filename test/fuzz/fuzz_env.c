/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_env.c - laws of the THRUM_ variables, for any values
 *
 * The input is the value of each variable in turn, with zero bytes between. They
 * are put into an environment of our own: setenv never gives memory back.
 */
#include "config.h"

#include <limits.h>
#include <stdbool.h>
#include <thrum/pool.h>
#include <thrum/progress.h>
#include <unistd.h>

#include "decimal.h"
#include "env.h"
#include "fuzz.h"

static const char *const names[ENV_COUNT] = {
	[ENV_N_JOBS] = "THRUM_N_JOBS",
	[ENV_MAX_JOBS] = "THRUM_MAX_JOBS",
	[ENV_BIND] = "THRUM_BIND",
	[ENV_CPUS] = "THRUM_CPUS",
	[ENV_VERBOSE] = "THRUM_VERBOSE",
	[ENV_PROGRESS] = "THRUM_PROGRESS",
	[ENV_SPIN_US] = "THRUM_SPIN_US",
	[ENV_STACKSIZE] = "THRUM_STACKSIZE",
	[ENV_STATS] = "THRUM_STATS",
	[ENV_OMP_NUM_THREADS] = "OMP_NUM_THREADS",
};

static char *assigned[ENV_COUNT + 1];

static char *assign(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = malloc(size);
	HOLDS(text);
	snprintf(text, size, "%s=%s", name, value);
	return text;
}

/* Read the environment that is assigned. */
static const struct env *reread(void)
{
	char **before = environ;
	environ = assigned;
	thrum__env_forget();
	const struct env *env = thrum__env();
	environ = before;
	return env;
}

/* What is told of a value is that value, fit for a terminal. */
static void check_told(const struct env *env, int i, const char *value)
{
	const struct env_value *v = &env->value[i];
	bool blank = !value || thrum__decimal_end(value);
	HOLDS(strcmp(v->name, names[i]) == 0 && v->want);
	HOLDS(v->set == !blank);
	HOLDS(v->set || v->valid);
	if (!v->set)
		return;
	size_t length = strlen(v->text);
	HOLDS(length == strlen(value) || length == sizeof(v->text) - 1);
	for (size_t k = 0; k < length; k++)
		HOLDS(v->text[k] == value[k] || v->text[k] == '?');
	for (size_t k = 0; k < length; k++)
		HOLDS(v->text[k] >= ' ' && v->text[k] <= '~');
}

static bool has(const struct env *env, enum env_name i)
{
	return env->value[i].set && env->value[i].valid;
}

/* A field has a value if its variable has one that is valid, and within. */
static void check_fields(const struct env *e)
{
	HOLDS((e->n_jobs.n_jobs != 0 || e->n_jobs.num != 0) ==
	      has(e, ENV_N_JOBS));
	HOLDS(has(e, ENV_MAX_JOBS) ? e->max_jobs >= 1 : e->max_jobs == 0);
	HOLDS(has(e, ENV_BIND) ? e->bind >= THRUM_BIND_CORES &&
	      e->bind <= THRUM_BIND_CALLER : e->bind == 0);
	HOLDS((e->cpus.count > 0) == has(e, ENV_CPUS));
	HOLDS(e->verbose_set == has(e, ENV_VERBOSE));
	HOLDS(e->verbose_set || e->verbose == 0);
	HOLDS(e->verbose >= -INT_MAX);
	HOLDS(has(e, ENV_PROGRESS) ? e->progress >= THRUM_PROGRESS_AUTO &&
	      e->progress <= THRUM_PROGRESS_OFF : e->progress == 0);
	HOLDS(has(e, ENV_SPIN_US) ? e->spin_us >= 0 : e->spin_us == -1);
	HOLDS((e->stack_bytes > 0) == has(e, ENV_STACKSIZE));
	HOLDS(e->stats == 0 || (e->stats == 1 && has(e, ENV_STATS)));
	HOLDS(has(e, ENV_OMP_NUM_THREADS) ? e->omp_n_jobs >= 1
	                                  : e->omp_n_jobs == 0);
	bool invalid = false;
	for (int i = 0; i < ENV_COUNT; i++)
		if (i != ENV_OMP_NUM_THREADS)
			invalid |= !e->value[i].valid;
	HOLDS(e->invalid == invalid);
}

static void write_number(enum env_name i, const char *form, long long n)
{
	char text[32];
	snprintf(text, sizeof(text), form, n);
	free(assigned[i]);
	assigned[i] = assign(names[i], text);
}

/* Numbers in their plainest form read as the same. */
static void check_again(const struct env *env)
{
	struct env was = *env;
	if (has(env, ENV_MAX_JOBS))
		write_number(ENV_MAX_JOBS, "%lld", was.max_jobs);
	if (has(env, ENV_VERBOSE))
		write_number(ENV_VERBOSE, " %lld", was.verbose);
	if (has(env, ENV_SPIN_US))
		write_number(ENV_SPIN_US, "%lld ", was.spin_us);
	if (has(env, ENV_STACKSIZE) && was.stack_bytes <= LLONG_MAX)
		write_number(ENV_STACKSIZE, "%lld", (long long)was.stack_bytes);
	if (has(env, ENV_STATS))
		write_number(ENV_STATS, "%lld", was.stats);
	if (has(env, ENV_OMP_NUM_THREADS))
		write_number(ENV_OMP_NUM_THREADS, "%lld,4", was.omp_n_jobs);
	env = reread();
	check_fields(env);
	HOLDS(env->max_jobs == was.max_jobs && env->verbose == was.verbose);
	HOLDS(env->spin_us == was.spin_us && env->stats == was.stats);
	HOLDS(env->stack_bytes == was.stack_bytes);
	HOLDS(env->omp_n_jobs == was.omp_n_jobs && env->bind == was.bind);
	HOLDS(env->progress == was.progress && env->invalid == was.invalid);
}

static void law(const uint8_t *data, size_t size)
{
	char *value[ENV_COUNT];
	int count = 0;
	for (int i = 0; i < ENV_COUNT; i++) {
		value[i] = fuzz_part(&data, &size);
		assigned[i] = value[i] ? assign(names[i], value[i]) : NULL;
		count += value[i] != NULL;
	}
	assigned[count] = NULL;
	const struct env *env = reread();
	for (int i = 0; i < ENV_COUNT; i++)
		check_told(env, i, value[i]);
	check_fields(env);
	check_again(env);
	for (int i = 0; i < ENV_COUNT; i++) {
		free(assigned[i]);
		free(value[i]);
	}
	assigned[0] = NULL;
	(void)reread();
}

FUZZ_TARGET(env, law);
