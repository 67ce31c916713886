/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* zip.h - the records of a zip archive, read and written; pure
 *
 *   local header, data     for each member
 *   central header         for each member: the central directory
 *   end                    where the directory is; before it, in archives that
 *                          need more than 32 bits, the same with 64
 *
 * After .ZIP File Format Specification (APPNOTE.TXT) 6.3.9 of PKWARE. An archive
 * is read from its end; nothing is taken for true that the size of the file does
 * not cover.
 */
#ifndef THRUM__CACHE_ZIP_H
#define THRUM__CACHE_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZIP_STORED  0
#define ZIP_DEFLATE 8
#define ZIP_ZSTD    93

#define ZIP_NAME_BYTES_MAX 65535

struct zip_member {
	const char *name; /* not ended by a 0; borrowed */
	size_t name_bytes;
	uint16_t method;
	uint32_t crc;     /* of the data as they were before */
	uint64_t size;    /* of the data as they were before */
	uint64_t packed;  /* of the data in the archive */
	uint64_t at;      /* where the local header is */
	bool locked;      /* encrypted, or a patch: not read here */
};

/* Bytes of the fixed part of a local header; the name follows. */
#define ZIP_LOCAL_BYTES 30

/* Room for a header without its name, and for the end. */
#define ZIP_HEADER_ROOM 96
#define ZIP_END_ROOM 128

/* What the end can be away from the end of the file; and the longest central
 * header. */
#define ZIP_TAIL_BYTES_MAX (65535 + ZIP_END_ROOM)
#define ZIP_CENTRAL_BYTES_MAX (46 + 3 * 65535)

/** Write the local header of @p m. Its length is known before .crc and .packed
 * are: it is a function of the name and @p large.
 * @param large  Whether the sizes may be past 32 bits.
 * @return The bytes written. */
size_t thrum__zip_local_write(unsigned char *out, const struct zip_member *m,
                              bool large);

/** Write the central header of @p m. @return the bytes written. */
size_t thrum__zip_central_write(unsigned char *out,
                                const struct zip_member *m);

struct zip_end {
	uint64_t members;
	uint64_t central_at, central_bytes;
};

/** Write the end, for a directory that ends where it begins.
 * @return The bytes written. */
size_t thrum__zip_end_write(unsigned char out[ZIP_END_ROOM],
                            const struct zip_end *end);

/** Find and read the end in the last @p n bytes of a file, which begin at @p at.
 * @return 0, and a directory that lies before the end, large enough for
 *         .members; THRUM_EBADMSG; THRUM_ENOTSUP for archives in volumes. */
int thrum__zip_end_read(const unsigned char *tail, size_t n, uint64_t at,
                        struct zip_end *end);

/** Read the central header at @p p, with @p n bytes there.
 * @param m      Its name is borrowed from @p p. Not proven are its sizes and .at
 *               against the file.
 * @param bytes  Out: of the whole.
 * @return 0; THRUM_EBADMSG. */
int thrum__zip_central_read(const unsigned char *p, size_t n,
                            struct zip_member *m, size_t *bytes);

/** Check the local header of @p m against the central one, and @p limit, where
 * the directory begins.
 * @param local  ZIP_LOCAL_BYTES and the name, whose length is m's.
 * @param data   Out: where the data begin; data + m->packed <= limit.
 * @return 0; THRUM_EBADMSG. */
int thrum__zip_local_read(const unsigned char *local,
                          const struct zip_member *m, uint64_t limit,
                          uint64_t *data);

#endif
