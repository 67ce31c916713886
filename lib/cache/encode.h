/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* encode.h - typed values as the bytes that are hashed and kept
 *
 * The encoding is that of thrum/hash.h. A value begins with the letter of its
 * type. All functions here that write return how many bytes they wrote, at most
 * ENCODE_MAX; values that are longer are there by their digest.
 */
#ifndef THRUM__CACHE_ENCODE_H
#define THRUM__CACHE_ENCODE_H

#include <thrum/array.h>
#include <thrum/hash.h>

enum {
	ENCODE_VERSION = 1,
	ENCODE_BYTES_MAX = 128,  /* bytes and texts up to here as they are */
	ENCODE_FIELDS_MAX = 256, /* structs likewise */
	/* An array of THRUM_NDIM_MAX dimensions. */
	ENCODE_MAX = 3 + 8 * THRUM_NDIM_MAX + 16
};

/** Encode @p a, with @p opts for the digest of its elements.
 * @param n  Out: bytes written to @p out.
 * @return 0; the codes of thrum_hash_array. */
int thrum__encode_array(unsigned char out[ENCODE_MAX], size_t *n,
                        const thrum_array *a, const thrum_opts *opts);

/** Encode @p size bytes by their digest.
 * @param type  'B', 'T' or 'S'. */
int thrum__encode_long(unsigned char out[ENCODE_MAX], size_t *n, char type,
                       const void *data, size_t size);

size_t thrum__encode_i64(unsigned char out[ENCODE_MAX], int64_t value);
size_t thrum__encode_f64(unsigned char out[ENCODE_MAX], double value);

/* A value that was read; which members are set depends on the type. */
struct value {
	char type;
	int64_t i64;
	double f64;
	uint64_t n;                 /* bytes of b, B, t, T, s, S */
	const unsigned char *bytes; /* b, t, s: n of them; else a digest */
	thrum_dtype dtype;
	int ndim;
	uint64_t shape[THRUM_NDIM_MAX];
};

/* A field that was read. */
struct field {
	const unsigned char *name;
	size_t name_bytes;
	struct value value;
};

/** Read the field at the beginning of the @p n bytes at @p text, which may be
 * any bytes.
 * @return the bytes that it takes; 0 if there is none that is right. */
size_t thrum__encode_read(struct field *out, const unsigned char *text,
                          size_t n);

#endif
