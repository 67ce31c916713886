/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fetch.c - to find an entry, believe it, and get at its result
 *
 * An entry is believed in this order: a regular file of a user whom we believe
 * (store.c); a head that is whole (entry.c); the hashes that were asked for, so
 * that a file under the name of another is missing; and function, version and
 * key byte for byte, so that two keys with one hash are told apart. A ref has no
 * key, it has to do with the hashes.
 *
 * The body is compared with its checksum as it is copied. One that is mapped is
 * not: to read 80 MB takes 400 times as long as to map them, and who maps may
 * need a page only. What thrum__fetch_verify does on request.
 */
#include "config.h"

#include "fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checksum.h"
#include "codec.h"
#include "key_text.h"
#include "moment.h"
#include "owner.h"

int thrum__fetch_ref(thrum_memo_ref *ref, thrum_fn fn, const thrum_key *key)
{
	thrum_key function = THRUM_KEY_INIT;

	memset(ref, 0, sizeof *ref);
	if (!fn.name || fn.name[0] == '\0' || !key
	    || strlen(fn.name) >= ENTRY_NAME_MAX)
		return THRUM_EINVAL;
	thrum_key_text(&function, "function", fn.name);
	thrum_key_i64(&function, "version", fn.version);
	int rc = thrum_hash_key(&ref->function, &function);
	return rc ? rc : thrum_hash_key(&ref->key, key);
}

/* The first bytes of the file hold the head, nearly always. */
static int read_head(struct fetched *e)
{
	unsigned char *bytes = e->small;
	size_t room = sizeof e->small, need;
	int rc;

	do {
		size_t n = 0;
		rc = thrum__file_read_at(e->file.fd, bytes + e->got,
		                         room - e->got, e->got, &n);
		if (rc)
			return rc;
		e->got += n;
		rc = thrum__entry_decode(&e->head, bytes, e->got,
		                         e->file.bytes, &need);
		if (rc != ENTRY_MORE)
			return rc;
		if (need <= room)
			return -EBADMSG; /* the file ended before */
		bytes = realloc(e->large, need);
		if (!bytes)
			return -ENOMEM;
		if (!e->large)
			memcpy(bytes, e->small, e->got);
		e->large = bytes;
		room = need;
	} while (true);
}

static bool same_hash(const thrum_hash *a, const thrum_hash *b)
{
	return a->low == b->low && a->high == b->high;
}

bool thrum__fetch_same(const thrum_memo_ref *a, const thrum_memo_ref *b)
{
	return same_hash(&a->function, &b->function)
	       && same_hash(&a->key, &b->key);
}

static bool is_asked_for(const struct entry *h, const struct asked *q)
{
	const thrum_memo_ref ref = { h->function, h->key };

	if (!thrum__fetch_same(&ref, &q->ref))
		return false;
	return !q->fn.name
	       || (h->version == q->fn.version
	           && strcmp(h->name, q->fn.name) == 0
	           && h->key_bytes == q->key->used
	           && memcmp(h->key_text, q->key->text, h->key_bytes) == 0);
}

/* A clock that was set back makes no entry old. */
static int64_t age_of(const struct entry *h)
{
	int64_t now = thrum__moment_date_ns();
	return now > h->made_ns ? now - h->made_ns : 0;
}

static bool is_valid(const struct fetched *e, const struct accept *a)
{
	char text[KEY_TEXT_MAX];

	if (a->max_age_ns && age_of(&e->head) > a->max_age_ns)
		return false;
	if (!a->valid)
		return true;
	thrum__key_text(text, e->head.key_text, e->head.key_bytes);
	thrum_memo_entry entry = {
		.fn = { e->head.name, e->head.version },
		.key_text = text,
		.host = e->head.host,
		.age_s = (double)age_of(&e->head) / 1e9,
		.duration_s = (double)e->head.duration_ns / 1e9,
		.bytes = e->file.bytes,
	};
	return a->valid(a->valid_ctx, &entry) != 0;
}

int thrum__fetch_open(struct fetched *e, const struct store *s,
                      const struct asked *q, const struct accept *a)
{
	char name[STORE_NAME_BYTES];

	thrum__store_name(name, &q->ref);
	e->large = NULL;
	e->got = 0;
	int rc = thrum__store_find(s, name, &e->file);
	if (rc)
		return rc;
	rc = read_head(e);
	if (rc == 0 && !is_asked_for(&e->head, q))
		rc = -EBADMSG;
	if (rc == 0 && !is_valid(e, a))
		rc = -ESTALE;
	if (rc)
		thrum__fetch_close(e);
	return rc;
}

void thrum__fetch_close(struct fetched *e)
{
	close(e->file.fd);
	free(e->large);
}

void thrum__fetch_used(const struct fetched *e, const struct accept *a)
{
	int64_t now = thrum__moment_date_ns();

	if (now - e->file.used_ns > a->stamp_age_ns
	    || now < e->file.used_ns)
		thrum__store_stamp(&e->file, now);
}

/* Bytes of the body from @p at on; some of them may have come with the head. */
static int read_body(struct fetched *e, void *out, size_t bytes, uint64_t at)
{
	uint64_t from = e->head.body_at + at;
	size_t here = 0, got;

	if (!e->large && from < e->got) {
		here = e->got - (size_t)from;
		if (here > bytes)
			here = bytes;
		memcpy(out, e->small + from, here);
	}
	if (here == bytes)
		return 0;
	int rc = thrum__file_read_at(e->file.fd, (char *)out + here,
	                             bytes - here, from + here, &got);
	return rc ? rc : got == bytes - here ? 0 : -EBADMSG;
}

static int read_checked(struct fetched *e, void *out)
{
	int rc = read_body(e, out, (size_t)e->head.body_bytes, 0);
	if (rc == 0 && thrum__checksum(out, (size_t)e->head.body_bytes, 0)
	               != e->head.body_sum)
		rc = -EBADMSG;
	return rc;
}

/* The whole that @p packed is, which must have raw_bytes. */
static int decompress(const struct codec *codec, const struct entry *h,
                      const void *packed, void *out)
{
	struct codec_flow flow = { packed, (size_t)h->body_bytes, out,
		                   (size_t)h->raw_bytes };
	void *state = codec->open();
	int rc;

	if (!state)
		return -ENOMEM;
	do {
		size_t before = flow.in_bytes + flow.out_bytes;
		rc = codec->unpack(state, &flow);
		if (rc == CODEC_MORE
		    && flow.in_bytes + flow.out_bytes == before)
			rc = -EBADMSG; /* it wants what is not there */
	} while (rc == CODEC_MORE);
	codec->close(state);
	if (rc == CODEC_END)
		rc = flow.in_bytes || flow.out_bytes ? -EBADMSG : 0;
	return rc;
}

/* The body, checked and as it was before it was compressed, to @p out, which has
 * room for raw_bytes. */
static int unpack(struct fetched *e, void *out)
{
	const struct codec *codec = thrum__codec_of(THRUM_ZSTD);

	if (!codec)
		return -ENOTSUP;
	void *packed = malloc((size_t)e->head.body_bytes + 1);
	if (!packed)
		return -ENOMEM;
	int rc = read_checked(e, packed);
	if (rc == 0)
		rc = decompress(codec, &e->head, packed, out);
	free(packed);
	return rc;
}

/* Whether so few bytes can be so many: else no memory is taken for them. */
static bool can_hold(const struct entry *h)
{
	const struct codec *codec = thrum__codec_of(THRUM_ZSTD);

	return !codec || h->raw_bytes <= codec->holds(h->body_bytes);
}

int thrum__fetch_value(struct fetched *e, void *result, size_t size)
{
	if (e->head.kind != ENTRY_VALUE || e->head.raw_bytes != size)
		return -EBADMSG;
	return e->head.pack == ENTRY_PLAIN ? read_checked(e, result)
	                                   : unpack(e, result);
}

void thrum__fetch_release(thrum_array *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		thrum_array_release(&results[i]);
}

/* Memory of its own for an array that is described, as decoding let through:
 * @p bytes are no more than PTRDIFF_MAX. */
static int allocate(thrum_array *a, uint64_t bytes)
{
	a->owner = thrum__owner_allocate((size_t)bytes, &a->data);
	return a->owner ? 0 : -ENOMEM;
}

/* Each where it belongs, and what is between them, in the order of the file. */
static int load_plain(struct fetched *e, thrum_array *results, size_t n)
{
	unsigned char gap[ENTRY_ALIGN];
	uint64_t end = 0, at, bytes;
	size_t cursor = 0;
	struct checksum sum;

	thrum__checksum_begin(&sum);
	for (size_t i = 0; i < n; i++) {
		thrum__entry_next(&e->head, &cursor, &results[i], &at, &bytes);
		int rc = allocate(&results[i], bytes);
		if (rc == 0)
			rc = read_body(e, gap, (size_t)(at - end), end);
		if (rc == 0)
			rc = read_body(e, results[i].data, (size_t)bytes, at);
		if (rc)
			return rc;
		thrum__checksum_add(&sum, gap, (size_t)(at - end));
		thrum__checksum_add(&sum, results[i].data, (size_t)bytes);
		end = at + bytes;
	}
	return thrum__checksum_end(&sum) == e->head.body_sum ? 0 : -EBADMSG;
}

static int load_packed(struct fetched *e, thrum_array *results, size_t n)
{
	size_t cursor = 0;
	uint64_t at, bytes;
	char *body = NULL;

	if (!can_hold(&e->head))
		return -EBADMSG;
	body = malloc((size_t)e->head.raw_bytes + 1);
	int rc = body ? unpack(e, body) : -ENOMEM;

	for (size_t i = 0; i < n && rc == 0; i++) {
		thrum__entry_next(&e->head, &cursor, &results[i], &at, &bytes);
		rc = allocate(&results[i], bytes);
		if (rc == 0)
			memcpy(results[i].data, body + at, (size_t)bytes);
	}
	free(body);
	return rc;
}

/* A mapping for each, as each is released by itself. */
static int map_one(struct fetched *e, thrum_array *a, uint64_t at,
                   uint64_t bytes)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t from = e->head.body_at + at, first = from / page * page;

	if (bytes == 0)
		return 0;
	if (bytes > (uint64_t)PTRDIFF_MAX - page)
		return -ENOMEM;
	size_t length = (size_t)(from - first + bytes);
	void *p = mmap(NULL, length, PROT_READ, MAP_SHARED, e->file.fd,
	               (off_t)first);
	if (p == MAP_FAILED)
		return -errno;
	a->owner = thrum__owner_of_mapping(p, length);
	if (!a->owner) {
		munmap(p, length);
		return -ENOMEM;
	}
	a->data = (char *)p + (from - first);
	return 0;
}

static int map_all(struct fetched *e, thrum_array *results, size_t n)
{
	uint64_t at, bytes;
	size_t cursor = 0;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		thrum__entry_next(&e->head, &cursor, &results[i], &at, &bytes);
		rc = map_one(e, &results[i], at, bytes);
	}
	return rc;
}

int thrum__fetch_arrays(struct fetched *e, thrum_array *results, size_t n,
                        bool mapped)
{
	int rc = -EBADMSG;

	memset(results, 0, n * sizeof *results);
	if (e->head.kind != ENTRY_ARRAYS || e->head.arrays != n)
		return rc;
	if (e->head.pack != ENTRY_PLAIN) {
		rc = load_packed(e, results, n);
	} else {
		if (mapped)
			rc = map_all(e, results, n);
		if (rc) { /* also a file system that cannot map */
			thrum__fetch_release(results, n);
			rc = load_plain(e, results, n);
		}
	}
	if (rc)
		thrum__fetch_release(results, n);
	return rc;
}

int thrum__fetch_verify(struct fetched *e)
{
	unsigned char piece[1 << 14];
	struct checksum sum;

	thrum__checksum_begin(&sum);
	for (uint64_t at = 0; at < e->head.body_bytes;) {
		uint64_t left = e->head.body_bytes - at;
		size_t n = left < sizeof piece ? (size_t)left : sizeof piece;
		int rc = read_body(e, piece, n, at);
		if (rc)
			return rc;
		thrum__checksum_add(&sum, piece, n);
		at += n;
	}
	return thrum__checksum_end(&sum) == e->head.body_sum ? 0 : -EBADMSG;
}
