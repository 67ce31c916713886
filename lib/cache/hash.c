/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* hash.c - hashes of values: their type and shape, and the digest of the rest
 */
#include "config.h"

#include "digest.h"
#include "encode.h"
#include "sized.h"

#include <string.h>

/* What every hash begins with, so that none is that of a plain string. */
static const unsigned char prefix[] = {
	't', 'h', 'r', 'u', 'm', ENCODE_VERSION
};

/* n <= THRUM_KEY_BYTES + 1. */
static void finish(thrum_hash *out, const unsigned char *value, size_t n)
{
	unsigned char text[sizeof prefix + 1 + THRUM_KEY_BYTES];
	uint64_t half[2] = { 0, 0 };

	memcpy(text, prefix, sizeof prefix);
	memcpy(text + sizeof prefix, value, n);
	struct digest d = thrum__digest_of(text, sizeof prefix + n);
	for (int i = 0; i < 16; i++)
		half[i / 8] = half[i / 8] << 8 | d.bytes[i];
	out->high = half[0];
	out->low = half[1];
}

static int take_options(thrum_opts *o, const thrum_opts *opts)
{
	int rc = thrum__sized_take(o, sizeof *o, opts);

	if (rc)
		return rc;
	return o->verbose || o->progress || o->flags || o->grain
	       || o->pre_dispatch || o->total || o->timeout_s != 0
	       || o->on_progress || o->on_progress_ctx || o->report
	       || o->status ? THRUM_EINVAL : 0;
}

int thrum_hash_array(thrum_hash *out, const thrum_array *a,
                     const thrum_opts *opts)
{
	unsigned char value[ENCODE_MAX];
	thrum_opts mine;
	size_t n;
	int rc = out ? take_options(&mine, opts) : THRUM_EINVAL;

	if (rc == 0)
		rc = thrum__encode_array(value, &n, a, &mine);
	if (rc == 0)
		finish(out, value, n);
	return rc;
}

int thrum_hash_bytes(thrum_hash *out, const void *data, size_t size)
{
	unsigned char value[ENCODE_MAX];
	size_t n;
	int rc = out && (data || size == 0) ? 0 : THRUM_EINVAL;

	if (rc == 0)
		rc = thrum__encode_long(value, &n, 'B', data, size);
	if (rc == 0)
		finish(out, value, n);
	return rc;
}

int thrum_hash_key(thrum_hash *out, const thrum_key *key)
{
	unsigned char value[1 + THRUM_KEY_BYTES];

	if (!out || !key || key->used > sizeof key->text)
		return THRUM_EINVAL;
	if (key->error)
		return key->error;
	value[0] = 's';
	memcpy(value + 1, key->text, key->used);
	finish(out, value, 1 + (size_t)key->used);
	return 0;
}

void thrum_hash_text(const thrum_hash *h, char text[33])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		text[i] = digits[h->high >> (60 - 4 * i) & 15];
		text[16 + i] = digits[h->low >> (60 - 4 * i) & 15];
	}
	text[32] = '\0';
}
