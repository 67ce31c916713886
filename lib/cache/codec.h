/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* codec.h - the methods by which members of archives are compressed
 *
 * Data are packed in pieces that know nothing of each other, so that they can be
 * packed at the same time; one behind the other they are what the method calls
 * a whole. Data are unpacked as they come, whoever packed them.
 */
#ifndef THRUM__CACHE_CODEC_H
#define THRUM__CACHE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is being unpacked: a window on either side, moved by what was used. */
struct codec_flow {
	const unsigned char *in;
	size_t in_bytes;
	unsigned char *out;
	size_t out_bytes;
};

struct codec {
	int compress;    /* of thrum/npy.h */
	uint16_t method; /* of zip */
	int level_max;   /* from 1 on */
	int level_usual;

	/** No whole of @p packed bytes holds more data than this. */
	uint64_t (*holds)(uint64_t packed);

	/** Room that is enough to pack a piece of @p bytes. */
	size_t (*room)(size_t bytes);

	/** Pack a piece.
	 * @param last    Whether it ends the whole.
	 * @param out     Of .room(bytes).
	 * @param packed  Out: the bytes it has become.
	 * @return 0, THRUM_ENOMEM. */
	int (*pack)(int level, bool last, const void *in, size_t bytes,
	            void *out, size_t *packed);

	/** Begin to unpack. @return NULL without memory. */
	void *(*open)(void);

	/** Unpack what there is and fits. @return CODEC_MORE; CODEC_END where a
	 * whole ends; THRUM_EBADMSG, THRUM_ENOMEM. */
	int (*unpack)(void *state, struct codec_flow *flow);

	void (*close)(void *state);
};

enum { CODEC_MORE = 0, CODEC_END = 1 };

extern const struct codec thrum__codec_zlib, thrum__codec_zstd;

/** That of THRUM_ZLIB or THRUM_ZSTD; NULL if it is not in this build. */
const struct codec *thrum__codec_of(int compress);

/** That of a method of zip; NULL if it is none, or not in this build. */
const struct codec *thrum__codec_of_method(uint16_t method);

/** @return 0; THRUM_EINVAL if @p compress is none, or @p level none of its
 * levels; THRUM_ENOTSUP if it is not in this build. 0 and 0 are well. */
int thrum__codec_check(int compress, int level);

#endif
