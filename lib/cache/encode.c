/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* encode.c - typed values as the bytes that are hashed and kept */
#include "config.h"

#include "encode.h"

#include "canonical.h"
#include "digest.h"
#include "little.h"

#include <string.h>

int thrum__encode_array(unsigned char out[ENCODE_MAX], size_t *n,
                        const thrum_array *a, const thrum_opts *opts)
{
	struct layout l;
	struct digest d;
	unsigned char *p = out;
	int rc = thrum__layout_of(&l, a);

	if (rc == 0)
		rc = thrum__digest_elements(&d, &l, a->dtype, opts);
	if (rc)
		return rc;
	*p++ = 'a';
	*p++ = (unsigned char)a->dtype;
	*p++ = (unsigned char)a->ndim;
	for (int i = 0; i < a->ndim; i++, p += 8)
		thrum__little_put(p, a->shape[i], 8);
	memcpy(p, d.bytes, sizeof d.bytes);
	*n = (size_t)(p - out) + sizeof d.bytes;
	return 0;
}

int thrum__encode_long(unsigned char out[ENCODE_MAX], size_t *n, char type,
                       const void *data, size_t size)
{
	struct digest d;
	int rc = thrum__digest_content(&d, data, size, NULL);

	if (rc)
		return rc;
	out[0] = (unsigned char)type;
	thrum__little_put(out + 1, size, 8);
	memcpy(out + 9, d.bytes, sizeof d.bytes);
	*n = 9 + sizeof d.bytes;
	return 0;
}

size_t thrum__encode_i64(unsigned char out[ENCODE_MAX], int64_t value)
{
	out[0] = 'i';
	thrum__little_put(out + 1, (uint64_t)value, 8);
	return 9;
}

size_t thrum__encode_f64(unsigned char out[ENCODE_MAX], double value)
{
	out[0] = 'f';
	thrum__canonical_f64(out + 1, value);
	return 9;
}

static size_t read_array(struct value *v, const unsigned char *p, size_t n)
{
	if (n < 3 || thrum_dtype_size((thrum_dtype)p[1]) == 0
	    || p[2] > THRUM_NDIM_MAX)
		return 0;
	v->dtype = (thrum_dtype)p[1];
	v->ndim = p[2];
	size_t head = 3 + 8 * (size_t)v->ndim;
	if (n < head + 16)
		return 0;
	for (int i = 0; i < v->ndim; i++)
		v->shape[i] = thrum__little_get(p + 3 + 8 * i, 8);
	v->bytes = p + head;
	return head + 16;
}

/* What is there as it is, after a length of @p wide bytes. */
static size_t read_short(struct value *v, const unsigned char *p, size_t n,
                         int wide, size_t most)
{
	size_t head = 1 + (size_t)wide;

	if (n < head)
		return 0;
	v->n = thrum__little_get(p + 1, wide);
	v->bytes = p + head;
	return v->n <= most && v->n <= n - head ? head + (size_t)v->n : 0;
}

static size_t read_value(struct value *v, const unsigned char *p, size_t n)
{
	uint64_t bits;

	if (n == 0)
		return 0;
	v->type = (char)p[0];
	switch (v->type) {
	case 'a':
		return read_array(v, p, n);
	case 'b':
	case 't':
		return read_short(v, p, n, 1, ENCODE_BYTES_MAX);
	case 's':
		return read_short(v, p, n, 2, ENCODE_FIELDS_MAX);
	case 'B':
	case 'T':
	case 'S':
		if (n < 25)
			return 0;
		v->n = thrum__little_get(p + 1, 8);
		v->bytes = p + 9;
		return 25;
	case 'i':
	case 'f':
		if (n < 9)
			return 0;
		bits = thrum__little_get(p + 1, 8);
		memcpy(&v->i64, &bits, 8);
		memcpy(&v->f64, &bits, 8);
		return 9;
	default:
		return 0;
	}
}

size_t thrum__encode_read(struct field *out, const unsigned char *text,
                          size_t n)
{
	if (n == 0 || text[0] == 0 || text[0] > n - 1)
		return 0;
	size_t head = 1 + (size_t)text[0];
	out->name = text + 1;
	out->name_bytes = text[0];
	size_t value = read_value(&out->value, text + head, n - head);
	return value ? head + value : 0;
}
