/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_decimal.c - laws of numbers, for any text */
#include "config.h"

#include <errno.h>
#include <limits.h>

#include "decimal.h"
#include "fuzz.h"

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* A number is taken whole or not at all, and is what strtoull says. */
static void check_uint(const char *text, uint64_t max)
{
	const char *p = text;
	uint64_t value = 42;
	bool taken = thrum__decimal_uint(&p, max, &value);
	errno = 0;
	unsigned long long is = digits(text) ? strtoull(text, NULL, 10) : 0;
	bool can = digits(text) > 0 && errno == 0 && is <= max;
	HOLDS(taken == can);
	HOLDS(p == text + (taken ? digits(text) : 0));
	HOLDS(value == (taken ? is : 42));
}

/* A fraction to nine digits, cut, not rounded. */
static void check_nano(const char *text)
{
	const char *p = text;
	uint64_t nano = 42, whole, part = 0;
	bool taken = thrum__decimal_nano(&p, &nano);
	if (!taken) {
		HOLDS(p == text && nano == 42);
		return;
	}
	const char *q = text;
	HOLDS(thrum__decimal_uint(&q, INT_MAX, &whole));
	if (*q == '.') {
		size_t n = digits(++q);
		HOLDS(n > 0);
		for (size_t i = 0; i < 9; i++)
			part = part * 10 + (i < n ? (uint64_t)(q[i] - '0') : 0);
		q += n;
	}
	HOLDS(p == q);
	HOLDS(nano == whole * DECIMAL_NANO + part);
}

static void law(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "all", "n_jobs", "-", "*", "" };
	char *text = fuzz_text(data, size);
	const char *p = thrum__decimal_skip(text);

	for (const char *q = text; q < p; q++)
		HOLDS(*q == ' ' || (*q >= '\t' && *q <= '\r'));
	HOLDS(*p != ' ' && !(*p >= '\t' && *p <= '\r'));
	HOLDS(thrum__decimal_end(text) == (*p == '\0'));
	check_uint(text, UINT64_MAX);
	check_uint(text, INT_MAX);
	check_uint(text, 0);
	check_nano(text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);
		bool here = strncmp(text, words[i], length) == 0;
		p = text;
		HOLDS(thrum__decimal_word(&p, words[i]) == here);
		HOLDS(p == text + (here ? length : 0));
	}
	free(text);
}

FUZZ_TARGET(decimal, law);
