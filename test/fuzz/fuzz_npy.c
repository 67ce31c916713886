/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_npy.c - laws of .npy files, for any bytes */
#include "config.h"

#include "cache/npy_header.h"
#include "cache/npy_read.h"
#include "fuzz.h"

static bool is_code(int rc)
{
	return rc == THRUM_EBADMSG || rc == THRUM_ENOTSUP
	       || rc == THRUM_EOVERFLOW;
}

static size_t elements(const struct npy_header *h)
{
	size_t n = 1;
	for (int d = 0; d < h->ndim; d++)
		n *= h->shape[d];
	return n;
}

/* What was read can be written, and is read again as it was, but for the byte
 * order: that is then this machine's. */
static void check_header(const struct npy_header *h)
{
	unsigned char text[NPY_HEADER_ROOM];
	struct npy_header again;
	size_t bytes;

	HOLDS(h->ndim >= 0 && h->ndim <= THRUM_NDIM_MAX);
	HOLDS(thrum_dtype_size(h->dtype) > 0 && h->bytes <= PTRDIFF_MAX);
	HOLDS(h->bytes == elements(h) * thrum_dtype_size(h->dtype));
	size_t n = thrum__npy_header_write(text, h);
	HOLDS(n % NPY_ALIGN == 0 && n <= sizeof text);
	HOLDS(thrum__npy_header_bytes(text, &bytes) == 0 && bytes == n);
	HOLDS(thrum__npy_header_read(text, n, &again) == 0);
	HOLDS(again.dtype == h->dtype && again.ndim == h->ndim);
	HOLDS(memcmp(again.shape, h->shape,
	             (size_t)h->ndim * sizeof *h->shape) == 0);
	HOLDS(again.bytes == h->bytes);
}

/* The bytes as they come, in pieces of any size. */
struct from_memory {
	struct source source;
	const uint8_t *data;
	size_t left;
};

static int give(struct source *s, void *out, size_t bytes)
{
	struct from_memory *m = (struct from_memory *)s;
	if (bytes > m->left) {
		m->left = 0;
		return THRUM_EBADMSG;
	}
	memcpy(out, m->data, bytes);
	m->data += bytes;
	m->left -= bytes;
	return 0;
}

/* Of a file of which it is known how long it is, or not. */
static void check_file(const uint8_t *data, size_t size, bool known)
{
	struct from_memory m = { { give }, data, size };
	thrum_array a = { 0 };
	uint64_t used = 0;
	uint32_t crc = 0;
	int rc = thrum__npy_read_from(&m.source,
		known ? size : NPY_ROOM_UNKNOWN, &a, &crc, &used);
	HOLDS(rc == 0 || is_code(rc));
	if (rc != 0) {
		HOLDS(a.data == NULL && a.owner == NULL);
		return;
	}
	HOLDS(used <= size && a.data && (uintptr_t)a.data % 64 == 0);
	HOLDS(used == (uint64_t)(size - m.left));
	size_t bytes = thrum_dtype_size(a.dtype);
	static volatile unsigned char sum; /* that all of it is looked at */
	for (int d = 0; d < a.ndim; d++)
		bytes *= a.shape[d];
	HOLDS(bytes < used);
	for (size_t i = 0; i < bytes; i++)
		sum = sum ^ ((const unsigned char *)a.data)[i];
	thrum_array_release(&a);
	HOLDS(a.owner == NULL);
}

static void law(const uint8_t *data, size_t size)
{
	size_t bytes;
	struct npy_header h;

	check_file(data, size, size % 2);
	if (size < NPY_PREFIX_BYTES)
		return;
	int rc = thrum__npy_header_bytes(data, &bytes);
	HOLDS(rc == 0 || rc == THRUM_EBADMSG);
	if (rc != 0 || bytes > size)
		return;
	HOLDS(bytes <= NPY_HEADER_BYTES_MAX);
	unsigned char *text = malloc(bytes);
	HOLDS(text);
	memcpy(text, data, bytes);
	rc = thrum__npy_header_read(text, bytes, &h);
	HOLDS(rc == 0 || is_code(rc));
	if (rc == 0)
		check_header(&h);
	free(text);
}

FUZZ_TARGET(npy, law);
