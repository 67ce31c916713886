/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* digest.h - XXH3-128 of bytes, and of contents of any size in parallel
 *
 * X(bytes) is XXH3-128 without seed, in its canonical form: 16 bytes, the most
 * significant first. The digest of a content, which is a string of bytes, is
 * made of pieces, so that many threads can work on it:
 *
 *	D = 16 zero bytes
 *	for each DIGEST_LINK pieces of DIGEST_PIECE bytes, in order, where the
 *	last link may have fewer pieces, and its last piece fewer bytes:
 *		D = X(D, X(piece), X(next piece), ...)
 *
 * D depends on the bytes alone. Both numbers are a part of every hash and file:
 * they never change.
 */
#ifndef THRUM__CACHE_DIGEST_H
#define THRUM__CACHE_DIGEST_H

#include "layout.h"

#include <thrum/options.h>

enum {
	DIGEST_PIECE = 65536, /* a multiple of the size of any element */
	DIGEST_LINK = 1024
};

struct digest {
	unsigned char bytes[16];
};

/** X of the @p n bytes at @p p. */
struct digest thrum__digest_of(const void *p, size_t n);

/** The digest of the content that is the elements of @p l, in order, of
 * @p dtype, each in canonical form. In parallel where that is worth it.
 * @param opts  NULL, or whose .n_jobs and .cancel count.
 * @return 0; THRUM_ENOMEM, THRUM_ECANCELED, as thrum_for. errno is unchanged.
 */
int thrum__digest_elements(struct digest *out, const struct layout *l,
                           thrum_dtype dtype, const thrum_opts *opts);

/** The same of the @p n bytes at @p p, as they are. */
int thrum__digest_content(struct digest *out, const void *p, size_t n,
                          const thrum_opts *opts);

#endif
