/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* keep.h - to write an entry */
#ifndef THRUM__CACHE_KEEP_H
#define THRUM__CACHE_KEEP_H

#include <stdbool.h>
#include <thrum/memo.h>

#include "codec.h"
#include "fetch.h"
#include "usage.h"

/* How and for what. */
struct keep {
	const struct store *store;
	struct usage *usage;
	const char *host;
	bool durable;
	const struct codec *codec; /* NULL: not compressed */
	const struct asked *q;  /* with name and key */
	uint64_t duration_ns;
};

/** Write a value, in place of what has its name. @return 0 or a code: then what
 * was there still is. */
int thrum__keep_value(const struct keep *k, const void *value, size_t size);

/** The same for arrays, each contiguous in C or Fortran order. */
int thrum__keep_arrays(const struct keep *k, const thrum_array *arrays,
                       size_t n);

#endif
