/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memo.h - a memo, from the inside: what one call does step by step */
#ifndef THRUM__CACHE_MEMO_H
#define THRUM__CACHE_MEMO_H

#include <stdbool.h>
#include <thrum/memo.h>

#include "entry.h"
#include "evict.h"
#include "fetch.h"
#include "flight.h"
#include "keep.h"
#include "store.h"
#include "tally.h"
#include "usage.h"

struct thrum_memo {
	struct store store;     /* I; store.dir is -1: nothing is kept */
	struct usage usage;
	struct flights flights;
	struct tally tally;
	struct limits limits;   /* I, as all below */
	struct accept accept;
	uint64_t wait_ns;
	bool durable;
	const struct codec *codec; /* NULL: nothing is compressed */
	char host[ENTRY_HOST_MAX];
	struct thrum_memo *next, **link; /* in the list of all, for fork */
};

/* What a call asks for, and how it is answered: by a value or by arrays. */
struct request {
	struct asked q;
	unsigned flags;
	const thrum_task *task; /* whose end ends a wait; NULL none */

	/** Use an entry. @return 0; -EBADMSG or so: it is no good. */
	int (*use)(struct request *r, struct fetched *e);
	/** Compute the result. @return 0; what the function returned. */
	int (*compute)(struct request *r);
	/** Store what was computed. @return 0; a code. */
	int (*keep)(struct request *r, const struct keep *k);

	void *result; /* of a value; NULL for arrays: followers cannot copy */
	size_t size;
};

/** Find, or compute and keep. @return 0, or what compute returned;
 * THRUM_ECANCELED if the task ended first. */
int thrum__memo_answer(thrum_memo *m, struct request *r);

/** Find only. @return 0; THRUM_ENOENT; THRUM_ENOMEM. */
int thrum__memo_find(thrum_memo *m, struct request *r);

/** A value: fills in what thrum__memo_answer needs but compute. */
void thrum__memo_value(struct request *r, void *result, size_t size);

/** Check the options @p opts, which may be NULL, and copy them to @p out. */
int thrum__memo_options(thrum_memo_opts *out, const thrum_memo_opts *opts);

/** The limits in options that were checked. */
void thrum__memo_limits(struct limits *l, const thrum_memo_opts *opts);

#endif
