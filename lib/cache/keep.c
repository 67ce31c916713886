/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* keep.c - to write an entry
 *
 * The order of the steps is that of store.c. A small entry is put together in
 * memory and written at once; a large one is written as it lies, head, then
 * array after array.
 */
#include "config.h"

#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "codec.h"
#include "moment.h"

/* To compress less than this saves no block of any disk. */
enum { PACK_BYTES_MIN = 512, AT_ONCE = 8192 };

/* The result, in pieces that follow each other in the body. */
struct body {
	const void *value; /* or */
	const thrum_array *arrays;
	size_t n;
	size_t bytes;      /* of value */
	void *owned;       /* what is to be freed; NULL nothing */
};

/* Something to do with each piece. */
typedef int piece_fn(void *ctx, const void *bytes, size_t n);

static int each_piece(const struct body *b, piece_fn *fn, void *ctx)
{
	static const unsigned char zeros[ENTRY_ALIGN];
	uint64_t end = 0, bytes = 0;

	if (!b->arrays)
		return fn(ctx, b->value, b->bytes);
	for (size_t i = 0; i < b->n; i++) {
		size_t gap = (size_t)(0 - end) % ENTRY_ALIGN;
		int rc = thrum__entry_array_bytes(&b->arrays[i], &bytes);
		if (rc == 0)
			rc = fn(ctx, zeros, gap);
		if (rc == 0)
			rc = fn(ctx, b->arrays[i].data, (size_t)bytes);
		if (rc)
			return rc;
		end += gap + bytes;
	}
	return 0;
}

static int add_to_sum(void *ctx, const void *bytes, size_t n)
{
	thrum__checksum_add(ctx, bytes, n);
	return 0;
}

static uint64_t sum_of(const struct body *b)
{
	struct checksum sum;

	if (!b->arrays)
		return thrum__checksum(b->value, b->bytes, 0);
	thrum__checksum_begin(&sum);
	(void)each_piece(b, add_to_sum, &sum);
	return thrum__checksum_end(&sum);
}

static int write_piece(void *ctx, const void *bytes, size_t n)
{
	return thrum__file_write(*(const int *)ctx, bytes, n);
}

static int copy_piece(void *ctx, const void *bytes, size_t n)
{
	char **to = ctx;
	if (n > 0)
		memcpy(*to, bytes, n);
	*to += n;
	return 0;
}

/* The body at one place: *owned is to be freed. NULL without memory. */
static const void *in_one(const struct body *b, size_t raw, void **owned)
{
	char *to = NULL;

	*owned = NULL;
	if (!b->arrays)
		return b->value;
	if (b->n == 1)
		return b->arrays[0].data;
	*owned = to = malloc(raw);
	if (to)
		(void)each_piece(b, copy_piece, &to);
	return *owned;
}

/* Compress the body, if that makes it smaller and there is the memory to. */
static void pack(const struct codec *codec, struct entry *e, struct body *b)
{
	size_t raw = (size_t)e->raw_bytes, n;
	void *plain, *packed = NULL;

	if (raw < PACK_BYTES_MIN)
		return;
	const void *from = in_one(b, raw, &plain);
	if (from)
		packed = malloc(codec->room(raw));
	if (packed && codec->pack(codec->level_usual, true, from, raw, packed,
	                          &n) == 0 && n < raw) {
		*b = (struct body){ .value = packed, .bytes = n,
		                    .owned = packed };
		e->pack = ENTRY_ZSTD;
		packed = NULL;
	}
	free(packed);
	free(plain);
}

static int write_entry(int fd, const struct entry *e, const thrum_array *arrays,
                       const struct body *b)
{
	unsigned char small[AT_ONCE], *head = small;
	size_t n = (size_t)e->body_at;
	bool at_once = !b->arrays && n <= AT_ONCE && b->bytes <= AT_ONCE - n;

	if (n > AT_ONCE && !(head = malloc(n)))
		return -ENOMEM;
	thrum__entry_encode(head, e, arrays);
	if (at_once && b->bytes > 0) {
		memcpy(head + n, b->value, b->bytes);
		n += b->bytes;
	}
	int rc = thrum__file_write(fd, head, n);
	if (rc == 0 && !at_once)
		rc = each_piece(b, write_piece, &fd);
	if (head != small)
		free(head);
	return rc;
}

/* What there is under the name, before it is replaced. */
static int64_t bytes_there(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0
	       && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

static int publish(const struct keep *k, const struct entry *e,
                   const thrum_array *arrays, const struct body *b)
{
	int shard = thrum__store_shard_of(&k->q->ref);
	char name[STORE_NAME_BYTES];
	struct draft d;
	bool made;

	int dir = thrum__store_shard(k->store, shard, true, &made);
	if (dir < 0)
		return dir;
	if (made)
		thrum__usage_set(k->usage, shard, 0, 0);
	/* Who made the shard may not have come to that yet, or not have wanted it. */
	int rc = k->durable ? thrum__file_sync_dir(k->store->dir, ".") : 0;
	thrum__store_name(name, &k->q->ref);
	if (rc == 0)
		rc = thrum__draft_create(&d, dir, name + 3,
		                         thrum__store_file_mode(k->store));
	if (rc == 0) {
		rc = write_entry(d.fd, e, arrays, b);
		int64_t before = bytes_there(dir, name + 3);
		if (rc)
			thrum__draft_abandon(&d);
		else
			rc = thrum__draft_commit(&d, k->durable);
		if (rc == 0)
			thrum__usage_add(k->usage, shard, before < 0,
			                 (int64_t)(e->body_at + e->body_bytes)
			                 - (before < 0 ? 0 : before));
	}
	close(dir);
	return rc;
}

static int keep(const struct keep *k, enum entry_kind kind, struct body *b)
{
	struct entry e = {
		.function = k->q->ref.function,
		.key = k->q->ref.key,
		.made_ns = thrum__moment_date_ns(),
		.duration_ns = k->duration_ns,
		.name = k->q->fn.name,
		.version = k->q->fn.version,
		.key_text = k->q->key->text,
		.key_bytes = k->q->key->used,
		.host = k->host,
		.kind = kind,
		.arrays = (uint32_t)b->n,
		.raw_bytes = b->bytes,
	};
	const thrum_array *arrays = b->arrays;

	int rc = thrum__entry_layout(&e, arrays);
	if (rc)
		return rc;
	if (k->codec)
		pack(k->codec, &e, b);
	e.body_bytes = b->owned ? b->bytes : e.raw_bytes;
	e.body_sum = sum_of(b);
	rc = publish(k, &e, arrays, b);
	free(b->owned);
	return rc;
}

int thrum__keep_value(const struct keep *k, const void *value, size_t size)
{
	struct body b = { .value = value, .bytes = size };
	return keep(k, ENTRY_VALUE, &b);
}

int thrum__keep_arrays(const struct keep *k, const thrum_array *arrays,
                       size_t n)
{
	struct body b = { .arrays = arrays, .n = n };
	return keep(k, ENTRY_ARRAYS, &b);
}
