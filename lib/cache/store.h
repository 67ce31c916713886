/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* store.h - the directory of a memo: names, modes, drafts, what is found
 *
 *   DIR/usage                      counts of each shard, and locks; usage.h
 *   DIR/3f/<function><key>         an entry, 32 + 32 hexadecimal digits
 *   DIR/3f/.thrum-<random>.tmp     a draft, see file.h
 *
 * A shard, one of 256, is named by the first two digits of the key. Every name
 * is made here, of hashes; none is ever taken from a file or from a user. All is
 * opened relative to the directory as it was when the memo was opened, and no
 * link in it is followed.
 */
#ifndef THRUM__CACHE_STORE_H
#define THRUM__CACHE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <thrum/memo.h>

#include "file.h"

enum {
	STORE_SHARDS = 256,
	STORE_NAME_BYTES = 3 + 64 + 1, /* shard, slash, name, NUL */
	STORE_DRAFT_AGE_S = 3600       /* older ones belong to nobody */
};

struct store {
	int dir;        /* I; -1: nothing is kept */
	bool trusted;   /* I */
	uid_t user, owner; /* I: who we were at open, whose the directory is */
};

/** Open the directory, or make it and those above it.
 * @return 0; -EACCES: not ours, or others can write there, and not trusted, or
 *         refused by the system; -ENOMEM; -EIO for all else. */
int thrum__store_open(struct store *s, const char *path, bool trusted,
                      bool durable);
void thrum__store_close(struct store *s);

/** The modes of what is made in it, before the umask. */
mode_t thrum__store_file_mode(const struct store *s);
mode_t thrum__store_dir_mode(const struct store *s);

/** Where the entry of @p ref is, relative to the directory. */
void thrum__store_name(char name[STORE_NAME_BYTES], const thrum_memo_ref *ref);
int thrum__store_shard_of(const thrum_memo_ref *ref);

/** Whether @p name, inside a shard, is that of an entry; and of the function? */
bool thrum__store_is_name(const char *name);
bool thrum__store_is_of(const char *name, const thrum_hash *function);

/* An entry that was found. */
struct found {
	int fd;
	uint64_t bytes;
	int64_t used_ns; /* when it was last used: its stamp */
};

/** Open the entry @p name to read: a regular file, of a user that is believed.
 * @return 0; -ENOENT; another code of the system. */
int thrum__store_find(const struct store *s, const char *name,
                      struct found *f);

/** Stamp it: used now. No matter if that fails. */
void thrum__store_stamp(const struct found *f, int64_t now_ns);

/** Open shard @p shard. @p make: if it is not there, make it; *made tells.
 * @return A descriptor, or a negative code. */
int thrum__store_shard(const struct store *s, int shard, bool make,
                       bool *made);

/** Call @p visit for each name in the shard that is an entry's or a draft's.
 * @return 0; -ENOENT: there is no such shard; another code. */
typedef void store_visit_fn(void *ctx, int dir, const char *name);
int thrum__store_walk(const struct store *s, int shard, store_visit_fn *visit,
                      void *ctx);

/** Remove the draft @p name in @p dir if it is old. */
void thrum__store_sweep_draft(int dir, const char *name);

/** Sweep the drafts of killed writers, from a shard chosen at random on, until
 * all shards were looked at or @p most_ns have passed. */
void thrum__store_sweep(const struct store *s, uint64_t most_ns);

#endif
