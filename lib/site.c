/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* site.c - what an index of a loop took the last times, by the place of the call
 */
#include "config.h"

#include "site.h"

#include "atomics.h"

#include <string.h>

enum { SITES = 64 };

static _Atomic uint64_t site_word[SITES]; /* A {tag:32, ns as float:32} */

static _Atomic uint64_t *word_of(uintptr_t site, uint32_t *tag)
{
	/* Fibonacci hashing (Knuth, TAOCP 3, 6.4). */
	uint64_t key = site * 0x9e3779b97f4a7c15u;
	*tag = (uint32_t)key | 1;
	return &site_word[key >> 58];
}

/* Relaxed, here and below: a hint that any thread may overwrite. */
float thrum__site_ns(uintptr_t site)
{
	uint32_t tag, bits;
	uint64_t word = thrum__load(word_of(site, &tag), relaxed);
	float ns = -1;

	if (word >> 32 != tag)
		return ns;
	bits = (uint32_t)word;
	memcpy(&ns, &bits, sizeof ns);
	return ns;
}

void thrum__site_remember(uintptr_t site, double ns, double indices)
{
	uint32_t tag, bits;
	_Atomic uint64_t *at = word_of(site, &tag);
	float each = (float)(ns / indices), old = thrum__site_ns(site);

	/* Nested loops of several workers share a site: it is left alone where
	 * there is little news. */
	if (each > old * 7 / 8 && each < old * 9 / 8)
		return;
	if (each < old / 2) /* down slowly: to be too hopeful costs more */
		each = old / 2;
	memcpy(&bits, &each, sizeof bits);
	thrum__store(at, (uint64_t)tag << 32 | bits, relaxed);
}
