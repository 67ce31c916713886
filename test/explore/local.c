/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* local.c - thread-local variables, of which each coroutine has its own
 *
 * All run in one thread: the variables are copied when one goes on for another.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned char *tls;
static const int *errno_at;
static size_t tls_bytes;
static unsigned char tls_of[THREADS][1024], tls_new[1024];

static int find_tls(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	(void)bytes, (void)arg;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS) {
			tls = info->dlpi_tls_data;
			tls_bytes = info->dlpi_phdr[i].p_memsz;
		}
	return 1; /* only the program itself */
}

void local_learn(void)
{
	if (tls)
		return;
	dl_iterate_phdr(find_tls, NULL);
	errno_at = &errno;
	if (tls_bytes > sizeof tls_new) {
		fputs("explore: too many thread-local variables\n", stderr);
		exit(2);
	}
	memcpy(tls_new, tls, tls_bytes);
}

void local_begin(unsigned thread)
{
	memcpy(tls_of[thread], tls_new, tls_bytes);
}

void local_leave(unsigned thread)
{
	memcpy(tls_of[thread], tls, tls_bytes);
	memcpy(tls, tls_new, tls_bytes);
}

void local_enter(unsigned thread)
{
	memcpy(tls, tls_of[thread], tls_bytes);
}

bool local_is(const volatile void *p)
{
	const volatile unsigned char *at = p;

	return (at >= tls && at < tls + tls_bytes) || p == errno_at;
}
