/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* zip.c - the records of a zip archive, read and written; pure
 *
 * A number that does not fit its field is all ones there, and stands with 64
 * bits in the extra field 1 of the header, or in the second form of the end.
 *
 * Where a reader could take one archive for another than the next reader does,
 * this one refuses: the end must be the last thing in the file, the directory
 * must lie right before it, both forms of the end must agree, and the local
 * header must be that of the central one.
 */
#include "config.h"

#include "zip.h"

#include "little.h"

#include <string.h>
#include <thrum/array.h>

#define LOCAL_MARK   UINT32_C(0x04034b50)
#define CENTRAL_MARK UINT32_C(0x02014b50)
#define END_MARK     UINT32_C(0x06054b50)
#define END64_MARK   UINT32_C(0x06064b50)
#define LOCATOR_MARK UINT32_C(0x07064b50)

#define CENTRAL_BYTES 46
#define END_BYTES 22
#define END64_BYTES 56
#define LOCATOR_BYTES 20

#define FULL16 UINT16_C(0xffff)
#define FULL32 UINT32_C(0xffffffff)

#define EXTRA_64 1 /* the extra field with 64-bit numbers */

#define FLAG_UTF8 (1u << 11)
/* Encrypted, patched, encrypted strongly, header hidden. */
#define FLAGS_LOCKED (1u << 0 | 1u << 5 | 1u << 6 | 1u << 13)

/* Of the specification, times 10, that a reader must know at least. */
#define VERSION_PLAIN 20
#define VERSION_64 45
#define VERSION_ZSTD 63
#define MADE_BY_UNIX (3u << 8)

#define DATE_1980_01_01 (1u << 5 | 1u)
#define MODE_0644 (UINT32_C(0100644) << 16)

struct writer {
	unsigned char *at;
};

static void put(struct writer *w, uint64_t value, int bytes)
{
	thrum__little_put(w->at, value, bytes);
	w->at += bytes;
}

static void put16(struct writer *w, uint64_t value)
{
	put(w, value < FULL16 ? value : FULL16, 2);
}

static void put32(struct writer *w, uint64_t value)
{
	put(w, value < FULL32 ? value : FULL32, 4);
}

static void put_name(struct writer *w, const struct zip_member *m)
{
	memcpy(w->at, m->name, m->name_bytes);
	w->at += m->name_bytes;
}

static bool is_ascii(const struct zip_member *m)
{
	for (size_t i = 0; i < m->name_bytes; i++)
		if ((unsigned char)m->name[i] > 0x7f)
			return false;
	return true;
}

/* What local and central header have alike. The date is the first that there
 * is, so that the bytes of an archive depend on what is in it alone. */
static void put_common(struct writer *w, const struct zip_member *m, bool large)
{
	put16(w, m->method == ZIP_ZSTD ? VERSION_ZSTD
	         : large ? VERSION_64 : VERSION_PLAIN);
	put16(w, is_ascii(m) ? 0 : FLAG_UTF8);
	put16(w, m->method);
	put16(w, 0);
	put16(w, DATE_1980_01_01);
	put(w, m->crc, 4);
}

size_t thrum__zip_local_write(unsigned char *out, const struct zip_member *m,
                              bool large)
{
	struct writer w = { out };

	put32(&w, LOCAL_MARK);
	put_common(&w, m, large);
	put32(&w, large ? FULL32 : m->packed);
	put32(&w, large ? FULL32 : m->size);
	put16(&w, m->name_bytes);
	put16(&w, large ? 4 + 2 * 8 : 0);
	put_name(&w, m);
	if (large) {
		put16(&w, EXTRA_64);
		put16(&w, 2 * 8);
		put(&w, m->size, 8);
		put(&w, m->packed, 8);
	}
	return (size_t)(w.at - out);
}

size_t thrum__zip_central_write(unsigned char *out, const struct zip_member *m)
{
	/* In the order in which the extra field has those that do not fit. */
	const uint64_t number[3] = { m->size, m->packed, m->at };
	struct writer w = { out };
	unsigned past = 0;

	for (int i = 0; i < 3; i++)
		past += number[i] >= FULL32;
	put32(&w, CENTRAL_MARK);
	put16(&w, MADE_BY_UNIX | VERSION_ZSTD);
	put_common(&w, m, past > 0);
	put32(&w, m->packed);
	put32(&w, m->size);
	put16(&w, m->name_bytes);
	put16(&w, past ? 4 + past * 8 : 0);
	put16(&w, 0); /* comment */
	put16(&w, 0); /* volume */
	put16(&w, 0); /* not text */
	put32(&w, MODE_0644);
	put32(&w, m->at);
	put_name(&w, m);
	if (past) {
		put16(&w, EXTRA_64);
		put16(&w, past * 8);
	}
	for (int i = 0; i < 3; i++)
		if (number[i] >= FULL32)
			put(&w, number[i], 8);
	return (size_t)(w.at - out);
}

static void put_end64(struct writer *w, const struct zip_end *end)
{
	put32(w, END64_MARK);
	put(w, END64_BYTES - 12, 8); /* of what follows */
	put16(w, MADE_BY_UNIX | VERSION_ZSTD);
	put16(w, VERSION_64);
	put32(w, 0); /* volumes: of this, and of the directory */
	put32(w, 0);
	put(w, end->members, 8);
	put(w, end->members, 8);
	put(w, end->central_bytes, 8);
	put(w, end->central_at, 8);
	put32(w, LOCATOR_MARK);
	put32(w, 0);
	put(w, end->central_at + end->central_bytes, 8);
	put32(w, 1);
}

size_t thrum__zip_end_write(unsigned char out[ZIP_END_ROOM],
                            const struct zip_end *end)
{
	struct writer w = { out };

	if (end->members >= FULL16 || end->central_bytes >= FULL32
	    || end->central_at >= FULL32)
		put_end64(&w, end);
	put32(&w, END_MARK);
	put16(&w, 0);
	put16(&w, 0);
	put16(&w, end->members);
	put16(&w, end->members);
	put32(&w, end->central_bytes);
	put32(&w, end->central_at);
	put16(&w, 0); /* comment */
	return (size_t)(w.at - out);
}

static uint32_t get16(const unsigned char *p)
{
	return (uint32_t)thrum__little_get(p, 2);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)thrum__little_get(p, 4);
}

static uint64_t get64(const unsigned char *p)
{
	return thrum__little_get(p, 8);
}

/* Whether a field of the end is what the second form says, or full. */
static bool agrees(uint64_t field, uint64_t full, uint64_t value)
{
	return field == value || field == full;
}

/* The second form of the end, which is found by the locator at @p l. */
static int read_end64(const unsigned char *tail, const unsigned char *l,
                      uint64_t at, struct zip_end *end, uint64_t *end_at)
{
	uint64_t where = get64(l + 8);
	uint64_t room = (uint64_t)(l - tail);

	if (get32(l + 4) != 0 || get32(l + 16) > 1)
		return THRUM_ENOTSUP;
	if (where < at || room < END64_BYTES || where - at > room - END64_BYTES)
		return THRUM_EBADMSG;
	const unsigned char *p = tail + (where - at);
	if (get32(p) != END64_MARK)
		return THRUM_EBADMSG;
	if (get32(p + 16) != 0 || get32(p + 20) != 0)
		return THRUM_ENOTSUP;
	struct zip_end large = { get64(p + 32), get64(p + 48),
	                         get64(p + 40) };
	if (get64(p + 24) != large.members
	    || !agrees(end->members, FULL16, large.members)
	    || !agrees(end->central_at, FULL32, large.central_at)
	    || !agrees(end->central_bytes, FULL32, large.central_bytes))
		return THRUM_EBADMSG;
	*end = large;
	*end_at = where;
	return 0;
}

/* The last place from which a comment reaches to the end of the file exactly. */
static const unsigned char *find_end(const unsigned char *tail, size_t n)
{
	for (size_t k = END_BYTES; k <= n; k++) {
		const unsigned char *p = tail + n - k;
		if (get32(p) == END_MARK && get16(p + 20) == k - END_BYTES)
			return p;
	}
	return NULL;
}

int thrum__zip_end_read(const unsigned char *tail, size_t n, uint64_t at,
                        struct zip_end *end)
{
	const unsigned char *p = find_end(tail, n);

	if (!p)
		return THRUM_EBADMSG;
	uint64_t end_at = at + (uint64_t)(p - tail);
	*end = (struct zip_end){ get16(p + 10), get32(p + 16), get32(p + 12) };
	if (p - tail >= LOCATOR_BYTES
	    && get32(p - LOCATOR_BYTES) == LOCATOR_MARK) {
		int rc = read_end64(tail, p - LOCATOR_BYTES, at, end, &end_at);
		if (rc)
			return rc;
	} else if (get16(p + 4) != 0 || get16(p + 6) != 0
	           || get16(p + 8) != end->members) {
		return THRUM_ENOTSUP;
	}
	if (end->central_at > end_at
	    || end->central_bytes != end_at - end->central_at
	    || end->members > end->central_bytes / CENTRAL_BYTES)
		return THRUM_EBADMSG;
	return 0;
}

/* Take from the extra field, of @p n bytes, what did not fit. */
static int read_extra(const unsigned char *p, size_t n, struct zip_member *m)
{
	uint64_t *number[3] = { &m->size, &m->packed, &m->at };
	bool found = false;

	while (n >= 4 && !found) {
		size_t bytes = get16(p + 2);
		found = get16(p) == EXTRA_64;
		p += 4;
		n -= 4;
		if (bytes > n)
			return THRUM_EBADMSG;
		if (found) {
			n = bytes;
		} else {
			p += bytes;
			n -= bytes;
		}
	}
	for (int i = 0; i < 3; i++) {
		if (*number[i] != FULL32)
			continue;
		if (!found || n < 8)
			return THRUM_EBADMSG;
		*number[i] = get64(p);
		p += 8;
		n -= 8;
	}
	return 0;
}

int thrum__zip_central_read(const unsigned char *p, size_t n,
                            struct zip_member *m, size_t *bytes)
{
	if (n < CENTRAL_BYTES || get32(p) != CENTRAL_MARK)
		return THRUM_EBADMSG;
	size_t name = get16(p + 28), extra = get16(p + 30);
	*bytes = CENTRAL_BYTES + name + extra + get16(p + 32);
	if (*bytes > n)
		return THRUM_EBADMSG;
	*m = (struct zip_member){
		.name = (const char *)p + CENTRAL_BYTES, .name_bytes = name,
		.method = (uint16_t)get16(p + 10), .crc = get32(p + 16),
		.size = get32(p + 24), .packed = get32(p + 20),
		.at = get32(p + 42),
		.locked = (get16(p + 8) & FLAGS_LOCKED) != 0
	};
	return read_extra(p + CENTRAL_BYTES + name, extra, m);
}

int thrum__zip_local_read(const unsigned char *local,
                          const struct zip_member *m, uint64_t limit,
                          uint64_t *data)
{
	if (get32(local) != LOCAL_MARK || get16(local + 8) != m->method
	    || get16(local + 26) != m->name_bytes
	    || memcmp(local + ZIP_LOCAL_BYTES, m->name, m->name_bytes) != 0)
		return THRUM_EBADMSG;
	uint64_t head = ZIP_LOCAL_BYTES + m->name_bytes + get16(local + 28);
	if (m->at > limit || head > limit - m->at
	    || m->packed > limit - m->at - head)
		return THRUM_EBADMSG;
	*data = m->at + head;
	return 0;
}
