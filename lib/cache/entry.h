/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* entry.h - the bytes of an entry of the memo, and what they say
 *
 * Pure: bytes in, a struct out, and back; nothing is allocated or read here. An
 * entry is a file of its own:
 *
 *     0  magic: 0x89 'T' 'h' 'M' 'e' 'm' 'o' '\n'
 *     8  u32 version of this format, 1
 *    12  u8  byte order of the body: 1 little, 2 big
 *    13  u8  kind: 1 a value, 2 arrays
 *    14  u8  compression of the body: 0 none, 2 zstd
 *    15  u8  0
 *    16  u64 bytes of the file
 *    24  u64 function.low, 32 function.high, 40 key.low, 48 key.high: the ref
 *    56  i64 when it was made, ns since 1970
 *    64  u64 how long that took, ns
 *    72  u32 version of the function
 *    76  u32 bytes of the function's name, with its NUL
 *    80  u32 bytes of the encoded key
 *    84  u32 bytes of the host's name, with its NUL
 *    88  u32 number of arrays, 0 for a value
 *    92  u32 bytes of their descriptions
 *    96  u64 where the body begins, a multiple of 64
 *   104  u64 bytes of the body in the file
 *   112  u64 bytes of the body, not compressed
 *   120  u64 checksum of the body as it is in the file
 *   128  u64 checksum of 0 .. 127 and 136 .. the body
 *   136  name, key, host, descriptions, zero bytes up to the body
 *
 * Numbers of the head are little-endian. A description is u32 dtype, u32 ndim,
 * u32 order (0 C, 1 Fortran), u32 0, u64 where its elements begin in the body,
 * a multiple of 64, and ndim times u64 extent. Arrays follow each other, with
 * zero bytes between. Checksums are XXH3-64, that of
 * the head with the sum of its first 128 bytes as the seed for the rest.
 */
#ifndef THRUM__CACHE_ENTRY_H
#define THRUM__CACHE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <thrum/array.h>
#include <thrum/hash.h>

enum {
	ENTRY_FIXED = 136,    /* bytes before the name */
	ENTRY_ALIGN = 64,
	ENTRY_NAME_MAX = 1024, /* bytes, with the NUL */
	ENTRY_HOST_MAX = 256,
	ENTRY_ARRAYS_MAX = 1024,
	ENTRY_SHAPE_BYTES_MAX = 16 + 8 + 8 * THRUM_NDIM_MAX,
	ENTRY_HEAD_MAX = ENTRY_FIXED + ENTRY_NAME_MAX + THRUM_KEY_BYTES
	                 + ENTRY_HOST_MAX
	                 + ENTRY_ARRAYS_MAX * ENTRY_SHAPE_BYTES_MAX
	                 + ENTRY_ALIGN
};

enum entry_kind { ENTRY_VALUE = 1, ENTRY_ARRAYS = 2 };
enum entry_pack { ENTRY_PLAIN = 0, ENTRY_ZSTD = 2 }; /* as THRUM_ZSTD */

/* What the head says. Pointers are borrowed: from who fills it to encode it,
 * from the bytes that were decoded. */
struct entry {
	thrum_hash function, key;
	int64_t made_ns; /* not negative: others are refused */
	uint64_t duration_ns;
	const char *name;            /* of the function */
	unsigned version;            /* likewise */
	const unsigned char *key_text; /* as thrum_key has it */
	uint32_t key_bytes;
	const char *host;
	enum entry_kind kind;
	enum entry_pack pack;
	uint32_t arrays;
	const unsigned char *shapes; /* decoded only: their descriptions */
	uint32_t shapes_bytes;
	uint64_t body_at;            /* decoded, or set by layout */
	uint64_t body_bytes, raw_bytes, body_sum;
};

/** Lay @p e out: sets shapes_bytes, body_at and raw_bytes.
 *
 * @param e       All set but those and what is of the body. raw_bytes as given
 *                for a value.
 * @param arrays  e->arrays of them, contiguous in C or Fortran order; NULL for
 *                a value.
 * @return 0; -EINVAL if a part is longer than its bound, or an array is none;
 *         -EOVERFLOW. */
int thrum__entry_layout(struct entry *e, const thrum_array *arrays);

/** Write the head, body_at bytes. All of @p e is set. */
void thrum__entry_encode(unsigned char *out, const struct entry *e,
                         const thrum_array *arrays);

/** Read the head of a file of @p file_bytes, of which @p bytes holds the first
 * @p n.
 *
 * @param need  How many bytes the head has, with ENTRY_MORE; at most
 *              ENTRY_HEAD_MAX.
 * @return 0: whole, its checksum is right, and so are all numbers in it;
 *         ENTRY_MORE: come again with more bytes; -EBADMSG: damaged, or not
 *         ours, or of another version or byte order. */
enum { ENTRY_MORE = 1 };
int thrum__entry_decode(struct entry *e, const unsigned char *bytes, size_t n,
                        uint64_t file_bytes, size_t *need);

/** When it was made, by its first @p n bytes, not checked: to tell what is old,
 * not to be believed. False if they are not those of an entry. */
bool thrum__entry_made(const unsigned char *bytes, size_t n, int64_t *made_ns);

/** The arrays of a decoded entry, one after the other.
 *
 * @param cursor  0 for the first; moved to the next.
 * @param a       Out: described, data NULL.
 * @param at      Out: where its elements begin in the body.
 * @param bytes   Out: of its elements. */
void thrum__entry_next(const struct entry *e, size_t *cursor, thrum_array *a,
                       uint64_t *at, uint64_t *bytes);

/** Whether the elements of @p a lie in C order, or in Fortran order, without
 * gaps. One that is empty does. */
bool thrum__entry_is_c(const thrum_array *a);
bool thrum__entry_is_fortran(const thrum_array *a);

/** Bytes of the elements of @p a, 0 if there are none. -EINVAL if it is none,
 * -EOVERFLOW. */
int thrum__entry_array_bytes(const thrum_array *a, uint64_t *bytes);

#endif
