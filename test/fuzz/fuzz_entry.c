/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_entry.c - laws of the head of an entry of the memo, for any bytes
 *
 * The first byte of the input says whether the checksum is to be made right:
 * else nothing would ever come past it. The rest is a file.
 */
#include "config.h"

#include <xxhash.h>

#include "cache/entry.h"
#include "fuzz.h"

enum { SUM_AT = 128 };

/* A copy that ends where its memory does. */
static unsigned char *copy_of(const uint8_t *data, size_t n)
{
	unsigned char *copy = malloc(n ? n : 1);
	HOLDS(copy);
	if (n > 0)
		memcpy(copy, data, n);
	return copy;
}

static uint64_t get64(const unsigned char *p)
{
	uint64_t x = 0;
	for (int i = 7; i >= 0; i--)
		x = x << 8 | p[i];
	return x;
}

static void make_right(unsigned char *file, size_t size)
{
	if (size < ENTRY_FIXED)
		return;
	for (int i = 0; i < 8; i++)
		file[16 + i] = (unsigned char)((uint64_t)size >> 8 * i);
	uint64_t head = get64(file + 96);
	if (head < ENTRY_FIXED || head > size)
		return;
	uint64_t sum = XXH3_64bits_withSeed(file + ENTRY_FIXED,
		(size_t)head - ENTRY_FIXED, XXH3_64bits(file, SUM_AT));
	for (int i = 0; i < 8; i++)
		file[SUM_AT + i] = (unsigned char)(sum >> 8 * i);
}

static bool is_within(const void *p, size_t n, const unsigned char *file,
                      uint64_t head)
{
	const unsigned char *q = p;
	return q >= file && q <= file + head && n <= (size_t)(file + head - q);
}

/* What a decoded head points to is in the head, and what that describes in the
 * file. */
static void check_entry(const struct entry *e, const unsigned char *file,
                        size_t size)
{
	HOLDS(e->body_at <= size && e->body_at % ENTRY_ALIGN == 0);
	HOLDS(e->body_bytes == size - e->body_at);
	HOLDS(is_within(e->name, strlen(e->name) + 1, file, e->body_at));
	HOLDS(strlen(e->name) > 0);
	HOLDS(is_within(e->key_text, e->key_bytes, file, e->body_at));
	HOLDS(is_within(e->host, strlen(e->host) + 1, file, e->body_at));
	HOLDS(is_within(e->shapes, e->shapes_bytes, file, e->body_at));
	HOLDS(e->kind == ENTRY_VALUE || e->kind == ENTRY_ARRAYS);
	HOLDS((e->kind == ENTRY_VALUE) == (e->arrays == 0));
	if (e->pack == ENTRY_PLAIN)
		HOLDS(e->raw_bytes == e->body_bytes);
	HOLDS(e->arrays <= ENTRY_ARRAYS_MAX);
}

/* The arrays lie in the body, one behind the other; and written anew the head is
 * the same, to the byte. */
static void check_arrays(const struct entry *e, const unsigned char *file)
{
	static char nothing[1];
	thrum_array *a = calloc(e->arrays + 1, sizeof *a);
	unsigned char *again = malloc((size_t)e->body_at);
	uint64_t end = 0, at, bytes;
	size_t cursor = 0;
	HOLDS(a && again);
	for (uint32_t i = 0; i < e->arrays; i++) {
		thrum__entry_next(e, &cursor, &a[i], &at, &bytes);
		HOLDS(at >= end && at % ENTRY_ALIGN == 0);
		HOLDS(bytes <= e->raw_bytes && at <= e->raw_bytes - bytes);
		HOLDS(a[i].ndim >= 0 && a[i].ndim <= THRUM_NDIM_MAX);
		HOLDS(thrum_dtype_size(a[i].dtype) > 0);
		HOLDS(thrum__entry_is_c(&a[i]) || thrum__entry_is_fortran(&a[i]));
		a[i].data = nothing;
		end = at + bytes;
	}
	HOLDS(cursor == e->shapes_bytes);
	HOLDS(e->kind == ENTRY_VALUE || end == e->raw_bytes);
	struct entry twin = *e;
	HOLDS(thrum__entry_layout(&twin, a) == 0);
	HOLDS(twin.body_at == e->body_at && twin.raw_bytes == e->raw_bytes);
	HOLDS(twin.shapes_bytes == e->shapes_bytes);
	thrum__entry_encode(again, e, a);
	struct entry back;
	size_t need;
	HOLDS(thrum__entry_decode(&back, again, (size_t)e->body_at,
	                          e->body_at + e->body_bytes, &need) == 0);
	HOLDS(memcmp(again, file, 24) == 0);
	HOLDS(back.made_ns == e->made_ns && back.body_sum == e->body_sum);
	HOLDS(strcmp(back.name, e->name) == 0 && back.arrays == e->arrays);
	free(again);
	free(a);
}

static void law(const uint8_t *data, size_t size)
{
	struct entry e;
	size_t need;
	if (size == 0)
		return;
	bool right = data[0] % 2;
	unsigned char *file = copy_of(data + 1, --size);
	if (right)
		make_right(file, size);

	/* In parts, as it is read: never more is asked for than there may be. */
	size_t n = size < ENTRY_FIXED ? size : ENTRY_FIXED;
	unsigned char *part = copy_of(file, n);
	int first = thrum__entry_decode(&e, part, n, size, &need);
	HOLDS(first == 0 || first == ENTRY_MORE || first == -EBADMSG);
	HOLDS(need <= ENTRY_HEAD_MAX);
	free(part);

	int rc = thrum__entry_decode(&e, file, size, size, &need);
	HOLDS(rc == 0 || rc == -EBADMSG);
	HOLDS(first != -EBADMSG || rc == -EBADMSG);
	if (rc == 0) {
		HOLDS(first == ENTRY_MORE && need == e.body_at);
		check_entry(&e, file, size);
		check_arrays(&e, file);
		/* One byte less of it is not enough. */
		HOLDS(thrum__entry_decode(&e, file, need - 1, size, &need)
		      == ENTRY_MORE);
	}
	free(file);
}

FUZZ_TARGET(entry, law);
