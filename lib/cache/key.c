/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* key.c - named values collected in a key */
#include "config.h"

#include "canonical.h"
#include "encode.h"
#include "little.h"

#include <string.h>

/* Whether @p key has a field of this name. A key that the program has written
 * to itself may hold any bytes: what cannot be read ends it. */
static bool has_name(const thrum_key *key, const char *name, size_t bytes)
{
	struct field f;

	for (size_t at = 0, n; at < key->used; at += n) {
		n = thrum__encode_read(&f, key->text + at, key->used - at);
		if (n == 0)
			return false;
		if (f.name_bytes == bytes && memcmp(f.name, name, bytes) == 0)
			return true;
	}
	return false;
}

/* Whether a field may be added; the error sticks. */
static bool begin(thrum_key *key, const char *name)
{
	if (!key || key->error)
		return false;
	size_t n = name ? strlen(name) : 0;
	if (n == 0 || key->used > sizeof key->text)
		key->error = THRUM_EINVAL;
	else if (n > UINT8_MAX)
		key->error = THRUM_E2BIG;
	else if (has_name(key, name, n))
		key->error = THRUM_EINVAL;
	return key->error == 0;
}

/* Add a field whose value is the @p head bytes at @p value and the @p n at
 * @p rest. */
static void add(thrum_key *key, const char *name, const unsigned char *value,
                size_t head, const void *rest, size_t n)
{
	size_t name_bytes = strlen(name);
	unsigned char *p = key->text + key->used;

	if (1 + name_bytes + head + n > sizeof key->text - key->used) {
		key->error = THRUM_E2BIG;
		return;
	}
	*p++ = (unsigned char)name_bytes;
	memcpy(p, name, name_bytes);
	p += name_bytes;
	memcpy(p, value, head);
	p += head;
	if (n > 0)
		memcpy(p, rest, n);
	key->used = (unsigned)(p + n - key->text);
}

void thrum_key_i64(thrum_key *key, const char *name, int64_t value)
{
	unsigned char v[ENCODE_MAX];

	if (begin(key, name))
		add(key, name, v, thrum__encode_i64(v, value), NULL, 0);
}

void thrum_key_f64(thrum_key *key, const char *name, double value)
{
	unsigned char v[ENCODE_MAX];

	if (begin(key, name))
		add(key, name, v, thrum__encode_f64(v, value), NULL, 0);
}

/* n bytes of a type that has a long form: as they are up to ENCODE_BYTES_MAX. */
static void add_bytes(thrum_key *key, const char *name, char brief, char in_full,
                      const void *data, size_t n)
{
	unsigned char v[ENCODE_MAX] = { (unsigned char)brief, (unsigned char)n };
	size_t head = 2;

	if (!begin(key, name))
		return;
	if (!data && n > 0) {
		key->error = THRUM_EINVAL;
		return;
	}
	if (n <= ENCODE_BYTES_MAX) {
		add(key, name, v, head, data, n);
		return;
	}
	key->error = thrum__encode_long(v, &head, in_full, data, n);
	if (!key->error)
		add(key, name, v, head, NULL, 0);
}

void thrum_key_text(thrum_key *key, const char *name, const char *value)
{
	/* Without a value as without data: refused. */
	add_bytes(key, name, 't', 'T', value, value ? strlen(value) : 1);
}

void thrum_key_bytes(thrum_key *key, const char *name, const void *data,
                     size_t n)
{
	add_bytes(key, name, 'b', 'B', data, n);
}

void thrum_key_array(thrum_key *key, const char *name,
                     const thrum_array *value)
{
	unsigned char v[ENCODE_MAX];
	size_t n;

	if (!begin(key, name))
		return;
	key->error = thrum__encode_array(v, &n, value, NULL);
	if (!key->error)
		add(key, name, v, n, NULL, 0);
}

void thrum_key_struct(thrum_key *key, const char *name,
                      const thrum_key *value)
{
	unsigned char v[ENCODE_MAX] = { 's' };
	size_t n = 3;

	if (!begin(key, name))
		return;
	if (!value || value->used > sizeof value->text) {
		key->error = THRUM_EINVAL;
	} else if (value->error) {
		key->error = value->error;
	} else if (value->used <= ENCODE_FIELDS_MAX) {
		thrum__little_put(v + 1, value->used, 2);
		add(key, name, v, n, value->text, value->used);
	} else {
		key->error = thrum__encode_long(v, &n, 'S', value->text,
		                                value->used);
		if (!key->error)
			add(key, name, v, n, NULL, 0);
	}
}
