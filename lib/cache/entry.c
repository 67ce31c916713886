/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* entry.c - the bytes of an entry of the memo, and what they say
 *
 * What a reader may believe. The head has a checksum of its own, so that a large
 * result can be mapped after looking at its head alone; it covers each byte of
 * the head but itself, the zero bytes too, and the size of the file is in it, so
 * that a file that was cut or has grown is none of ours. That much is against
 * accidents. Against a head that was made up, its checksum right, each number is
 * held against its bound before it is used: decode reads no byte beyond n,
 * and what comes out lies inside file_bytes.
 *
 * XXH3-64 misses a damaged entry once in 2^64.
 */
#include "config.h"

#include "entry.h"

#include <errno.h>
#include <string.h>

#include "checksum.h"
#include "little.h"

static const unsigned char magic[8] = { 0x89, 'T', 'h', 'M',
	                                'e',  'm', 'o', '\n' };

enum { FORMAT = 1, SUM_AT = 128, SHAPE_FIXED = 24 };

/* Of numbers in a body, which are as this machine has them. */
static unsigned char body_order(void)
{
	return thrum__little_here() ? 1 : 2;
}

static void put32(unsigned char *p, uint32_t x)
{
	thrum__little_put(p, x, 4);
}

static void put64(unsigned char *p, uint64_t x)
{
	thrum__little_put(p, x, 8);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)thrum__little_get(p, 4);
}

static uint64_t get64(const unsigned char *p)
{
	return thrum__little_get(p, 8);
}

static bool round_up(uint64_t *x)
{
	if (*x > UINT64_MAX - (ENTRY_ALIGN - 1))
		return false;
	*x = (*x + (ENTRY_ALIGN - 1)) / ENTRY_ALIGN * ENTRY_ALIGN;
	return true;
}

/* Of the whole head but the checksum. */
static uint64_t head_sum(const unsigned char *head, size_t n)
{
	return thrum__checksum(head + ENTRY_FIXED, n - ENTRY_FIXED,
	                       thrum__checksum(head, SUM_AT, 0));
}

int thrum__entry_array_bytes(const thrum_array *a, uint64_t *bytes)
{
	uint64_t n = thrum_dtype_size(a->dtype);

	if (n == 0 || a->ndim < 0 || a->ndim > THRUM_NDIM_MAX)
		return -EINVAL;
	*bytes = 0;
	for (int d = 0; d < a->ndim; d++)
		if (a->shape[d] == 0)
			return 0;
	for (int d = 0; d < a->ndim; d++) {
		if (n > (uint64_t)PTRDIFF_MAX / a->shape[d])
			return -EOVERFLOW;
		n *= a->shape[d];
	}
	*bytes = n;
	return 0;
}

/* Dimensions of extent 1 may have any stride. */
static bool dense(const thrum_array *a, int first, int step)
{
	size_t stride = thrum_dtype_size(a->dtype);

	for (int d = 0; d < a->ndim; d++)
		if (a->shape[d] == 0)
			return true;
	for (int k = 0, d = first; k < a->ndim; k++, d += step) {
		if (a->shape[d] != 1 && a->stride[d] != (ptrdiff_t)stride)
			return false;
		stride *= a->shape[d];
	}
	return true;
}

bool thrum__entry_is_c(const thrum_array *a)
{
	return dense(a, a->ndim - 1, -1);
}

bool thrum__entry_is_fortran(const thrum_array *a)
{
	return dense(a, 0, 1);
}

int thrum__entry_layout(struct entry *e, const thrum_array *arrays)
{
	size_t name = strlen(e->name) + 1, host = strlen(e->host) + 1;

	if (name > ENTRY_NAME_MAX || host > ENTRY_HOST_MAX
	    || e->key_bytes > THRUM_KEY_BYTES
	    || e->arrays > ENTRY_ARRAYS_MAX)
		return -EINVAL;
	e->shapes_bytes = 0;
	uint64_t end = e->kind == ENTRY_VALUE ? e->raw_bytes : 0;
	for (uint32_t i = 0; i < e->arrays; i++) {
		uint64_t bytes;
		int rc = thrum__entry_array_bytes(&arrays[i], &bytes);
		if (rc)
			return rc;
		if (!round_up(&end) || end > (uint64_t)PTRDIFF_MAX - bytes)
			return -EOVERFLOW;
		end += bytes;
		e->shapes_bytes += SHAPE_FIXED + 8 * (uint32_t)arrays[i].ndim;
	}
	e->raw_bytes = end;
	e->body_at = ENTRY_FIXED + name + e->key_bytes + host + e->shapes_bytes;
	round_up(&e->body_at);
	return 0;
}

static unsigned char *put_shapes(unsigned char *p, const struct entry *e,
                                 const thrum_array *arrays)
{
	uint64_t at = 0, bytes = 0;

	for (uint32_t i = 0; i < e->arrays; i++) {
		const thrum_array *a = &arrays[i];
		round_up(&at);
		put32(p, (uint32_t)a->dtype);
		put32(p + 4, (uint32_t)a->ndim);
		put32(p + 8, !thrum__entry_is_c(a));
		put32(p + 12, 0);
		put64(p + 16, at);
		for (int d = 0; d < a->ndim; d++)
			put64(p + SHAPE_FIXED + 8 * d, a->shape[d]);
		p += SHAPE_FIXED + 8 * a->ndim;
		(void)thrum__entry_array_bytes(a, &bytes); /* by layout: well */
		at += bytes;
	}
	return p;
}

void thrum__entry_encode(unsigned char *out, const struct entry *e,
                         const thrum_array *arrays)
{
	uint32_t name = (uint32_t)strlen(e->name) + 1;
	uint32_t host = (uint32_t)strlen(e->host) + 1;
	unsigned char *p = out + ENTRY_FIXED;

	memcpy(out, magic, sizeof magic);
	put32(out + 8, FORMAT);
	out[12] = body_order();
	out[13] = (unsigned char)e->kind;
	out[14] = (unsigned char)e->pack;
	out[15] = 0;
	put64(out + 16, e->body_at + e->body_bytes);
	put64(out + 24, e->function.low);
	put64(out + 32, e->function.high);
	put64(out + 40, e->key.low);
	put64(out + 48, e->key.high);
	put64(out + 56, (uint64_t)e->made_ns);
	put64(out + 64, e->duration_ns);
	put32(out + 72, e->version);
	put32(out + 76, name);
	put32(out + 80, e->key_bytes);
	put32(out + 84, host);
	put32(out + 88, e->arrays);
	put32(out + 92, e->shapes_bytes);
	put64(out + 96, e->body_at);
	put64(out + 104, e->body_bytes);
	put64(out + 112, e->raw_bytes);
	put64(out + 120, e->body_sum);
	memcpy(p, e->name, name);
	memcpy(p + name, e->key_text, e->key_bytes);
	memcpy(p + name + e->key_bytes, e->host, host);
	p = put_shapes(p + name + e->key_bytes + host, e, arrays);
	memset(p, 0, (size_t)(out + e->body_at - p));
	put64(out + SUM_AT, head_sum(out, e->body_at));
}

bool thrum__entry_made(const unsigned char *bytes, size_t n, int64_t *made_ns)
{
	if (n < ENTRY_FIXED || memcmp(bytes, magic, sizeof magic) != 0
	    || get64(bytes + 56) > INT64_MAX)
		return false;
	*made_ns = (int64_t)get64(bytes + 56);
	return true;
}

/* A description at *p, of which @p left bytes are there. False if there is
 * something wrong with it. */
static bool get_shape(const unsigned char *p, size_t left, thrum_array *a,
                      uint64_t *at, uint64_t *bytes, size_t *used)
{
	if (left < SHAPE_FIXED)
		return false;
	uint32_t dtype = get32(p), ndim = get32(p + 4), order = get32(p + 8);
	size_t shape[THRUM_NDIM_MAX] = { 0 };

	if (ndim > THRUM_NDIM_MAX || left - SHAPE_FIXED < 8 * (size_t)ndim
	    || dtype > THRUM_C128 || order > 1 || get32(p + 12) != 0)
		return false;
	for (uint32_t d = 0; d < ndim; d++) {
		uint64_t extent = get64(p + SHAPE_FIXED + 8 * d);
		if (extent > (uint64_t)PTRDIFF_MAX)
			return false;
		shape[d] = (size_t)extent;
	}
	*used = SHAPE_FIXED + 8 * (size_t)ndim;
	*at = get64(p + 16);
	*a = (thrum_array){ .dtype = (thrum_dtype)dtype, .ndim = (int)ndim };
	memcpy(a->shape, shape, sizeof shape);
	if (thrum__entry_array_bytes(a, bytes) != 0)
		return false; /* no type, or a product that is too large */
	*a = thrum_array_nd((thrum_dtype)dtype, NULL, (int)ndim, shape,
	                    (int)order);
	return a->ndim == (int)ndim;
}

/* Each lies behind the one before it, the last one ends the body. */
static bool shapes_are_right(const struct entry *e)
{
	uint64_t end = 0, at, bytes;
	size_t cursor = 0, used;
	thrum_array a;

	for (uint32_t i = 0; i < e->arrays; i++) {
		if (!get_shape(e->shapes + cursor, e->shapes_bytes - cursor, &a,
		               &at, &bytes, &used)
		    || !round_up(&end) || at != end
		    || bytes > e->raw_bytes || at > e->raw_bytes - bytes)
			return false;
		end = at + bytes;
		cursor += used;
	}
	return cursor == e->shapes_bytes && end == e->raw_bytes;
}

void thrum__entry_next(const struct entry *e, size_t *cursor, thrum_array *a,
                       uint64_t *at, uint64_t *bytes)
{
	size_t used = 0;

	/* It was looked at by decode. */
	(void)get_shape(e->shapes + *cursor, e->shapes_bytes - *cursor, a, at,
	                bytes, &used);
	*cursor += used;
}

static bool kind_is_right(const struct entry *e)
{
	if (e->kind == ENTRY_VALUE)
		return e->arrays == 0 && e->shapes_bytes == 0;
	return e->kind == ENTRY_ARRAYS && e->arrays > 0
	       && e->arrays <= ENTRY_ARRAYS_MAX && shapes_are_right(e);
}

static bool pack_is_right(const struct entry *e)
{
	if (e->pack == ENTRY_PLAIN)
		return e->body_bytes == e->raw_bytes;
	return e->pack == ENTRY_ZSTD && e->raw_bytes < (uint64_t)PTRDIFF_MAX
	       && e->body_bytes < (uint64_t)PTRDIFF_MAX;
}

/* A text of @p n bytes, its NUL the last and only one. */
static bool is_text(const unsigned char *p, size_t n)
{
	return memchr(p, 0, n) == p + n - 1;
}

int thrum__entry_decode(struct entry *e, const unsigned char *bytes, size_t n,
                        uint64_t file_bytes, size_t *need)
{
	const unsigned char *p = bytes + ENTRY_FIXED;

	*need = ENTRY_FIXED;
	if (file_bytes < ENTRY_FIXED)
		return -EBADMSG;
	if (n < ENTRY_FIXED)
		return ENTRY_MORE;
	if (memcmp(bytes, magic, sizeof magic) != 0
	    || get32(bytes + 8) != FORMAT || bytes[12] != body_order()
	    || bytes[15] != 0 || get64(bytes + 16) != file_bytes
	    || get64(bytes + 56) > INT64_MAX) /* a time that never was */
		return -EBADMSG;
	uint32_t name = get32(bytes + 76), key = get32(bytes + 80);
	uint32_t host = get32(bytes + 84), shapes = get32(bytes + 92);
	if (name < 2 || name > ENTRY_NAME_MAX || key > THRUM_KEY_BYTES
	    || host < 1 || host > ENTRY_HOST_MAX
	    || shapes > ENTRY_ARRAYS_MAX * ENTRY_SHAPE_BYTES_MAX)
		return -EBADMSG;
	uint64_t head = ENTRY_FIXED + name + key + host + shapes;
	round_up(&head);
	if (get64(bytes + 96) != head || head > file_bytes
	    || get64(bytes + 104) != file_bytes - head)
		return -EBADMSG;
	*need = (size_t)head;
	if (n < head)
		return ENTRY_MORE;
	if (get64(bytes + SUM_AT) != head_sum(bytes, (size_t)head)
	    || !is_text(p, name) || !is_text(p + name + key, host))
		return -EBADMSG;
	*e = (struct entry){
		.function = { get64(bytes + 24), get64(bytes + 32) },
		.key = { get64(bytes + 40), get64(bytes + 48) },
		.made_ns = (int64_t)get64(bytes + 56),
		.duration_ns = get64(bytes + 64),
		.name = (const char *)p,
		.version = get32(bytes + 72),
		.key_text = p + name,
		.key_bytes = key,
		.host = (const char *)p + name + key,
		.kind = (enum entry_kind)bytes[13],
		.pack = (enum entry_pack)bytes[14],
		.arrays = get32(bytes + 88),
		.shapes = p + name + key + host,
		.shapes_bytes = shapes,
		.body_at = head,
		.body_bytes = get64(bytes + 104),
		.raw_bytes = get64(bytes + 112),
		.body_sum = get64(bytes + 120),
	};
	return kind_is_right(e) && pack_is_right(e) ? 0 : -EBADMSG;
}
