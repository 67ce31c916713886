/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fetch.h - to find an entry, believe it, and get at its result */
#ifndef THRUM__CACHE_FETCH_H
#define THRUM__CACHE_FETCH_H

#include <stdbool.h>
#include <thrum/memo.h>

#include "entry.h"
#include "store.h"

/* What is asked for. */
struct asked {
	thrum_memo_ref ref;
	thrum_fn fn;          /* name NULL: by its ref alone */
	const thrum_key *key; /* likewise */
};

/* What an entry must be, besides. */
struct accept {
	int64_t max_age_ns;     /* 0 no limit */
	int64_t stamp_age_ns;   /* an older stamp is renewed */
	thrum_memo_valid_fn *valid;
	void *valid_ctx;
};

/* An entry that is open. */
struct fetched {
	struct found file;
	struct entry head;      /* borrows from large or small */
	size_t got;             /* bytes of the file that were read */
	unsigned char *large;   /* the head, where small is too small */
	unsigned char small[4096];
};

/** Whether two refs name one result. */
bool thrum__fetch_same(const thrum_memo_ref *a, const thrum_memo_ref *b);

/** Release @p n arrays, which are zero then. */
void thrum__fetch_release(thrum_array *results, size_t n);

/** Whose entry this is, as in ref: hash of name and version.
 * @return 0, THRUM_EINVAL, the error of @p key. */
int thrum__fetch_ref(thrum_memo_ref *ref, thrum_fn fn, const thrum_key *key);

/** Find the entry and read its head: it is whole, it is the one that was asked
 * for, and it may be used.
 * @return 0: to be closed; -ENOENT: there is none; another code: there is
 *         something that cannot be used. */
int thrum__fetch_open(struct fetched *e, const struct store *s,
                      const struct asked *q, const struct accept *a);
void thrum__fetch_close(struct fetched *e);

/** Stamp it, if it is time. */
void thrum__fetch_used(const struct fetched *e, const struct accept *a);

/** Copy its value, and compare it with its checksum.
 * @return 0; -EBADMSG, another code: @p result may have been written to. */
int thrum__fetch_value(struct fetched *e, void *result, size_t size);

/** Load or map its arrays. On failure all of them are zero. */
int thrum__fetch_arrays(struct fetched *e, thrum_array *results, size_t n,
                        bool mapped);

/** Read the body, and compare it with its checksum. */
int thrum__fetch_verify(struct fetched *e);

#endif
