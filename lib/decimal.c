/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* decimal.c - numbers as people write them, alike in every locale */
#include "config.h"

#include "decimal.h"

#include <limits.h>
#include <string.h>

const char *thrum__decimal_skip(const char *p)
{
	return p + strspn(p, " \t\n\v\f\r");
}

bool thrum__decimal_end(const char *p)
{
	return *thrum__decimal_skip(p) == '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool thrum__decimal_uint(const char **p, uint64_t max, uint64_t *value)
{
	const char *q = *p;
	if (!is_digit(*q))
		return false;
	uint64_t v = 0;
	for (; is_digit(*q); q++) {
		unsigned digit = (unsigned)(*q - '0');
		if (v > (UINT64_MAX - digit) / 10 || v * 10 + digit > max)
			return false;
		v = v * 10 + digit;
	}
	*p = q;
	*value = v;
	return true;
}

bool thrum__decimal_nano(const char **p, uint64_t *nano)
{
	const char *q = *p;
	uint64_t whole;
	if (!thrum__decimal_uint(&q, INT_MAX, &whole))
		return false;
	uint64_t v = whole * DECIMAL_NANO;
	if (q[0] == '.') {
		q++;
		if (!is_digit(*q))
			return false;
		for (uint64_t unit = DECIMAL_NANO / 10; is_digit(*q); q++) {
			v += unit * (unsigned)(*q - '0');
			unit /= 10;
		}
	}
	*p = q;
	*nano = v;
	return true;
}

bool thrum__decimal_word(const char **p, const char *word)
{
	size_t length = strlen(word);
	if (strncmp(*p, word, length) != 0)
		return false;
	*p += length;
	return true;
}
