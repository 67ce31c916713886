/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/hash.h - 128-bit content hashes of values (libthrum-cache)
 *
 * A hash is XXH3-128 over a canonical encoding of types and values, the same on
 * every machine, with every number of threads, and in every release: the
 * encoding has a version, 1. Arrays of the same dtype, shape and elements hash
 * alike, whatever their strides: C or Fortran order, view or copy. -0.0 and 0.0
 * differ; all NaNs are one, also as a part of a complex number. Good against
 * chance; not for cryptography.
 *
 * A key collects named values; the memo takes it as what a result depends on.
 * What is left out of it does not matter; the order of fields does:
 *
 *	thrum_key key = THRUM_KEY_INIT;
 *	thrum_key_f64(&key, "x", 1.5);
 *	thrum_key_array(&key, "a", &a);
 *
 * The encoding, to the byte. Numbers are little-endian; u8, u16 and u64 are
 * unsigned integers of so many bits. X(bytes) is XXH3-128 with seed 0, its 16
 * bytes in canonical form, which is the most significant first.
 *
 *	array   = 'a' dtype:u8 ndim:u8 shape:u64, ndim times; C(elements)
 *	bytes   = 'b' n:u8 bytes          n <= 128, as a field
 *	        | 'B' n:u64 C(bytes)
 *	text    = 't' n:u8 bytes          n <= 128, without the NUL
 *	        | 'T' n:u64 C(bytes)
 *	i64     = 'i' number:u64          two's complement
 *	f64     = 'f' bits:u64            IEEE 754; a NaN is 0x7ff8000000000000
 *	struct  = 's' n:u16 fields        n <= 256 bytes of fields
 *	        | 'S' n:u64 C(fields)
 *	field   = n:u8 name, n bytes; value
 *	fields  = field, one after the other
 *
 * where the elements of an array are in the order of their indices, the last
 * index running fastest, each little-endian with NaN as 0x7e00, 0x7fc00000 or
 * 0x7ff8000000000000; and C(content) is D after
 *
 *	D = 16 zero bytes
 *	for each 2^26 bytes of the content, or what is left:
 *		D = X(D, X(piece), X(piece), ..) of its pieces of 2^16 bytes
 *
 * thrum_hash_array is X("thrum", 1:u8, array), thrum_hash_bytes X("thrum", 1:u8,
 * bytes in the form 'B'), thrum_hash_key X("thrum", 1:u8, 's', fields).
 */
#ifndef THRUM_HASH_H
#define THRUM_HASH_H

#include <thrum/array.h>
#include <thrum/options.h>

typedef struct thrum_hash {
	uint64_t low, high;
} thrum_hash;

/** Bytes of fields that a key has room for. */
#define THRUM_KEY_BYTES 1008

/** Named, typed values. A plain value of fixed size: nothing to free, and a copy
 * is a key as well. An error sticks to it and comes out where it is used, so
 * adding needs no checks. */
typedef struct thrum_key {
	int error;     /* 0, or the first error */
	unsigned used; /* bytes of text */
	unsigned char text[THRUM_KEY_BYTES]; /* the fields, encoded */
} thrum_key;

/** An empty key: `thrum_key key = THRUM_KEY_INIT;` */
#define THRUM_KEY_INIT { 0, 0, { 0 } }

THRUM_BEGIN_DECLS

/** Hash an array, with several threads if it is 1 MiB or more.
 *
 * @param out   Unchanged on failure.
 * @param opts  NULL, or .n_jobs and .cancel; other options must be 0.
 * @return 0; THRUM_EINVAL, THRUM_E2BIG; THRUM_EOVERFLOW as in thrum/array.h;
 *         THRUM_ENOMEM for an array that is not contiguous or has NaNs, which
 *         is hashed by way of 64 KiB for each worker; THRUM_ECANCELED. */
THRUM_API int thrum_hash_array(thrum_hash *out, const thrum_array *a,
                               const thrum_opts *opts);

/** Hash the @p n bytes at @p data as one value; in parallel as an array is.
 * @return 0; THRUM_EINVAL; THRUM_ECANCELED by a default of the thread. */
THRUM_API int thrum_hash_bytes(thrum_hash *out, const void *data, size_t n);

/** Hash a key.
 * @return 0; THRUM_EINVAL for NULL; or the error that stuck to the key. */
THRUM_API int thrum_hash_key(thrum_hash *out, const thrum_key *key);

/** Write 32 hexadecimal digits and a NUL; the high half first. */
THRUM_API void thrum_hash_text(const thrum_hash *h, char text[33]);

/** Add a field to @p key.
 *
 * What is longer than the encoding above takes as it is goes in by its hash, so
 * any value fits in some bytes. The value is read during the call.
 *
 * @param key   Not shared with another thread meanwhile. If it has an error
 *              nothing is done. Errors that stick: THRUM_EINVAL for a name or
 *              value that is NULL, a name that is empty or in the key already;
 *              THRUM_E2BIG for a name of more than 255 bytes, and for a field
 *              that there is no room for; those of thrum_hash_array.
 * @param name  1 to 255 bytes, as a C string, borrowed. */
THRUM_API void thrum_key_i64(thrum_key *key, const char *name, int64_t value);
THRUM_API void thrum_key_f64(thrum_key *key, const char *name, double value);
THRUM_API void thrum_key_text(thrum_key *key, const char *name,
                              const char *value);
/** @p data may be NULL if @p n is 0. */
THRUM_API void thrum_key_bytes(thrum_key *key, const char *name,
                               const void *data, size_t n);
THRUM_API void thrum_key_array(thrum_key *key, const char *name,
                               const thrum_array *value);
/** Add a struct: the fields of @p value, under @p name. An error of @p value
 * becomes one of @p key. */
THRUM_API void thrum_key_struct(thrum_key *key, const char *name,
                                const thrum_key *value);

THRUM_END_DECLS
#endif
