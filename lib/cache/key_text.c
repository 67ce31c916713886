/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* key_text.c - keys as people read them */
#include "config.h"

#include "key_text.h"

#include "encode.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* out has KEY_TEXT_MAX bytes. */
struct line {
	char *out;
	size_t n;
};

static void put(struct line *l, const char *text)
{
	for (; *text && l->n < KEY_TEXT_MAX - 1; text++)
		l->out[l->n++] = *text;
}

__attribute__((format(printf, 2, 3)))
static void put_form(struct line *l, const char *form, ...)
{
	char some[64];
	va_list args;

	va_start(args, form);
	vsnprintf(some, sizeof some, form, args);
	va_end(args);
	put(l, some);
}

/* Bytes of the character that @p p begins with, if it is UTF-8 beyond ASCII and
 * no control; else 0. */
static size_t utf8(const unsigned char *p, size_t n)
{
	size_t bytes = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c = p[0] & (0xffu >> (bytes + 1));
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };

	if (p[0] < 0xc2 || p[0] > 0xf4 || bytes > n)
		return 0;
	for (size_t i = 1; i < bytes; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	return c >= least[bytes] && c <= 0x10ffff
	       && !(c >= 0xd800 && c <= 0xdfff) ? bytes : 0;
}

/* @p escaped: what is not to stand for itself. */
static void put_text(struct line *l, const unsigned char *p, size_t n,
                     const char *escaped)
{
	size_t bytes;

	for (; n > 0; p += bytes, n -= bytes) {
		bytes = p[0] < 0x80 ? 1 : utf8(p, n);
		if (bytes == 0 || p[0] < ' ' || p[0] == 0x7f
		    || strchr(escaped, p[0])) {
			put_form(l, "\\x%02x", p[0]);
			bytes = 1;
		} else {
			put_form(l, "%.*s", (int)bytes, (const char *)p);
		}
	}
}

static void put_hex(struct line *l, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_form(l, "%02x", p[i]);
}

bool thrum__key_text_point(char *text)
{
	size_t n = strspn(text, "+-0123456789e");
	size_t point = strcspn(text + n, "0123456789e");

	if (point == 0)
		return false;
	text[n++] = '.';
	memmove(text + n, text + n + point - 1, strlen(text + n + point - 1) + 1);
	return true;
}

static void put_f64(struct line *l, double x)
{
	char text[32];

	if (isnan(x) || isinf(x)) {
		put(l, isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	bool fraction = thrum__key_text_point(text);
	put(l, text);
	if (!fraction && !strchr(text, 'e'))
		put(l, ".0");
}

static void put_array(struct line *l, const struct value *v)
{
	static const char *const names[] = {
		[THRUM_BOOL] = "bool", [THRUM_I8] = "i8", [THRUM_I16] = "i16",
		[THRUM_I32] = "i32", [THRUM_I64] = "i64", [THRUM_U8] = "u8",
		[THRUM_U16] = "u16", [THRUM_U32] = "u32", [THRUM_U64] = "u64",
		[THRUM_F16] = "f16", [THRUM_F32] = "f32", [THRUM_F64] = "f64",
		[THRUM_C64] = "c64", [THRUM_C128] = "c128",
	};

	put(l, names[v->dtype]);
	put(l, "[");
	for (int d = 0; d < v->ndim; d++)
		put_form(l, "%s%" PRIu64, d ? "," : "", v->shape[d]);
	put(l, "]#");
	put_hex(l, v->bytes, 16);
}

static void put_fields(struct line *l, const unsigned char *text, size_t n);

static void put_value(struct line *l, const struct value *v)
{
	switch (v->type) {
	case 'i':
		put_form(l, "%" PRId64, v->i64);
		return;
	case 'f':
		put_f64(l, v->f64);
		return;
	case 'a':
		put_array(l, v);
		return;
	case 't':
		put(l, "\"");
		put_text(l, v->bytes, (size_t)v->n, "\"\\");
		put(l, "\"");
		return;
	case 'b':
		put_form(l, "bytes[%" PRIu64 "]:", v->n);
		put_hex(l, v->bytes, (size_t)v->n);
		return;
	case 's':
		/* As deep as fields fit in ENCODE_FIELDS_MAX bytes. */
		put(l, "{");
		put_fields(l, v->bytes, (size_t)v->n);
		put(l, "}");
		return;
	default:
		put_form(l, "%s[%" PRIu64 "]#", v->type == 'T' ? "text"
		         : v->type == 'B' ? "bytes" : "struct", v->n);
		put_hex(l, v->bytes, 16);
	}
}

static void put_fields(struct line *l, const unsigned char *text, size_t n)
{
	struct field f;

	for (size_t at = 0, bytes; at < n; at += bytes) {
		bytes = thrum__encode_read(&f, text + at, n - at);
		if (at > 0)
			put(l, " ");
		if (bytes == 0) {
			put(l, "?");
			return;
		}
		put_text(l, f.name, f.name_bytes, " \"=\\{}");
		put(l, "=");
		put_value(l, &f.value);
	}
}

size_t thrum__key_text(char out[KEY_TEXT_MAX], const unsigned char *text,
                       size_t n)
{
	struct line l = { out, 0 };

	put_fields(&l, text, n);
	out[l.n] = '\0';
	return l.n;
}
