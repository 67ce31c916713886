/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_pre_dispatch.c - laws of a pre_dispatch as text, for any text */
#include "config.h"

#include <thrum/cpus.h>
#include <thrum/options.h>
#include <thrum/stream.h>

#include "decimal.h"
#include "fuzz.h"

/* Billionths of a job in the text; 0 if it has no `*`. */
static uint64_t factor(const char *text)
{
	const char *p = thrum__decimal_skip(text);
	uint64_t nano;
	return strchr(text, '*') && thrum__decimal_nano(&p, &nano) ? nano : 0;
}

/* The product, rounded up; or the same for any number of jobs. */
static void check_jobs(const char *text, size_t one)
{
	uint64_t unit = DECIMAL_NANO, nano = factor(text);
	bool bare = !strchr(text, 'j');
	for (int jobs = 1; jobs <= 4096; jobs *= 2) {
		uint64_t j = (uint64_t)jobs, whole = nano / unit * j;
		uint64_t up = (nano % unit * j + unit - 1) / unit;
		size_t n;
		int rc = thrum_pre_dispatch_parse(text, jobs, &n);
		if (nano != 0)
			HOLDS(rc == 0 ? n == whole + up
			              : whole + up >= SIZE_MAX);
		else
			HOLDS(rc == 0 && n == (bare ? one : j));
	}
}

static void law(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), plain[32];
	size_t one = 42, again;
	int rc = thrum_pre_dispatch_parse(text, 1, &one);
	HOLDS(rc == 0 || rc == THRUM_EINVAL);
	if (rc != 0) {
		HOLDS(one == 42);
		free(text);
		return;
	}
	HOLDS(one >= 1);
	check_jobs(text, one);
	if (one == THRUM_ALL)
		snprintf(plain, sizeof(plain), "all");
	else
		snprintf(plain, sizeof(plain), "%zu", one);
	/* a bare number is at most INT_MAX; a product may be more */
	if (thrum_pre_dispatch_parse(plain, 1, &again) == 0)
		HOLDS(again == one);
	else
		HOLDS(one > 0x7fffffff);
	free(text);
}

FUZZ_TARGET(pre_dispatch, law);
