/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_names.c - names of arrays in an archive
 *
 * A name goes to where tools unpack it, who have to mind where that is; NumPy
 * takes any text, and so does this, if it is text: what is not UTF-8 would be
 * another name in Python.
 */
#include "config.h"

#include "npz_names.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/array.h>

#include "zip.h"

#define ENDING ".npy"
#define ENDING_BYTES (sizeof ENDING - 1)

/* Bytes of the character that begins with @p c; 0 if none does. */
static int utf8_bytes(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

/* Whether the second byte is one that may follow the first: no longer form than
 * needed, no half of a UTF-16 pair, nothing past U+10FFFF. */
static bool may_follow(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

static bool is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		int n = utf8_bytes(*p);
		if (n == 0 || (n > 1 && !may_follow(p[0], p[1])))
			return false;
		for (int i = 1; i < n; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		p += n;
	}
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_distinct(size_t n, const char *const *names)
{
	const char **sorted = n <= SIZE_MAX / sizeof *sorted
		? malloc(n * sizeof *sorted) : NULL;
	int rc = 0;

	if (!sorted)
		return THRUM_ENOMEM;
	memcpy(sorted, names, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_text);
	for (size_t i = 1; rc == 0 && i < n; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			rc = THRUM_EINVAL;
	free(sorted);
	return rc;
}

int thrum__npz_names_check(size_t n, const char *const *names)
{
	if (n == 0)
		return 0;
	if (!names)
		return THRUM_EINVAL;
	for (size_t i = 0; i < n; i++) {
		size_t bytes = names[i] ? strlen(names[i]) : 0;
		if (bytes == 0 || bytes > ZIP_NAME_BYTES_MAX - ENDING_BYTES
		    || !is_utf8(names[i]))
			return THRUM_EINVAL;
	}
	return n > 1 ? check_distinct(n, names) : 0;
}

char *thrum__npz_name(const char *name, size_t *bytes)
{
	size_t n = strlen(name);
	char *p = malloc(n + sizeof ENDING);

	if (!p)
		return NULL;
	memcpy(p, name, n);
	memcpy(p + n, ENDING, sizeof ENDING);
	*bytes = n + ENDING_BYTES;
	return p;
}
