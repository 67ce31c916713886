/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_header.c - the header of a .npy file, read and written; pure
 *
 * The text is a Python dictionary such as
 *
 *   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 *
 * NumPy has Python evaluate it. Here it is read by a grammar that is just large
 * enough for what NumPy, and others in its place, have written:
 *
 *   header  = '{' [ pair { ',' pair } [ ',' ] ] '}' end
 *   pair    = string ':' value       the three keys, each once, in any order
 *   string  = a ' or " , then no such, no backslash and no byte that is not
 *             printable ASCII, then the same mark
 *   value   = string | 'True' | 'False' | tuple        as the key asks
 *   tuple   = '(' ')' | '(' number ',' [ number { ',' number } [ ',' ] ] ')'
 *   number  = digits without needless zeros, [ 'L' ]    Python 2's long
 *   end     = blanks, the last byte of them a line end
 *
 * with blanks between any two of these. One pass, no recursion, no memory: a
 * cursor that never passes the end.
 */
#include "config.h"

#include "npy_header.h"

#include "little.h"

#include <stdio.h>
#include <string.h>

static const unsigned char magic[6] = { 0x93, 'N', 'U', 'M', 'P', 'Y' };

#define VERSION_AT sizeof magic
#define LENGTH_AT (sizeof magic + 2)

struct kind {
	thrum_dtype dtype;
	char name[4]; /* NumPy's: what it is, and its bytes */
	int bytes;
	bool ordered; /* it has a byte order */
};

static const struct kind kinds[] = {
	{ THRUM_BOOL, "b1", 1, false },
	{ THRUM_I8, "i1", 1, false },   { THRUM_U8, "u1", 1, false },
	{ THRUM_I16, "i2", 2, true },   { THRUM_U16, "u2", 2, true },
	{ THRUM_I32, "i4", 4, true },   { THRUM_U32, "u4", 4, true },
	{ THRUM_I64, "i8", 8, true },   { THRUM_U64, "u8", 8, true },
	{ THRUM_F16, "f2", 2, true },   { THRUM_F32, "f4", 4, true },
	{ THRUM_F64, "f8", 8, true },   { THRUM_C64, "c8", 8, true },
	{ THRUM_C128, "c16", 16, true }
};

#define KINDS (sizeof kinds / sizeof *kinds)

static unsigned version_of(const unsigned char *header)
{
	return header[VERSION_AT + 1] == 0 ? header[VERSION_AT] : 0;
}

/* Where the text begins: behind a length of 2 bytes, or of 4. */
static size_t text_at(unsigned version)
{
	return LENGTH_AT + (version == 1 ? 2 : 4);
}

int thrum__npy_header_bytes(const unsigned char prefix[NPY_PREFIX_BYTES],
                            size_t *bytes)
{
	unsigned version = version_of(prefix);

	if (memcmp(prefix, magic, sizeof magic) != 0 || version < 1
	    || version > 3)
		return THRUM_EBADMSG;
	uint32_t length = (uint32_t)thrum__little_get(
		prefix + LENGTH_AT, (int)(text_at(version) - LENGTH_AT));
	if (length > NPY_HEADER_BYTES_MAX - text_at(version)
	    || text_at(version) + length < NPY_PREFIX_BYTES)
		return THRUM_EBADMSG;
	*bytes = text_at(version) + length;
	return 0;
}

/* The rest of the text. */
struct cursor {
	const unsigned char *at, *end;
};

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && is_blank(*c->at))
		c->at++;
}

/* Take @p token if it comes next, after blanks. */
static bool take(struct cursor *c, char token)
{
	skip_blanks(c);
	if (c->at == c->end || *c->at != (unsigned char)token)
		return false;
	c->at++;
	return true;
}

static bool take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	skip_blanks(c);
	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return false;
	c->at += n;
	return true;
}

struct string {
	const char *at;
	size_t length;
};

static bool take_string(struct cursor *c, struct string *s)
{
	if (!take(c, '\'') && !take(c, '"'))
		return false;
	const unsigned char mark = c->at[-1];
	s->at = (const char *)c->at;
	while (c->at < c->end && *c->at != mark) {
		if (*c->at < ' ' || *c->at > '~' || *c->at == '\\')
			return false;
		c->at++;
	}
	s->length = (size_t)((const char *)c->at - s->at);
	return take(c, (char)mark);
}

static bool is(struct string s, const char *text)
{
	return s.length == strlen(text) && memcmp(s.at, text, s.length) == 0;
}

/* 1, 0 if there is none, THRUM_EOVERFLOW. */
static int take_number(struct cursor *c, size_t *value)
{
	skip_blanks(c);
	const unsigned char *first = c->at;
	bool past = false;

	for (*value = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9';
	     c->at++) {
		size_t digit = (size_t)(*c->at - '0');
		past |= *value > (SIZE_MAX - digit) / 10;
		*value = past ? 0 : *value * 10 + digit;
	}
	if (c->at == first || (*first == '0' && c->at - first > 1))
		return 0;
	if (c->at < c->end && *c->at == 'L')
		c->at++;
	return past ? THRUM_EOVERFLOW : 1;
}

static int take_shape(struct cursor *c, struct npy_header *h)
{
	bool comma = true; /* before the number that may come next */
	bool many = false;

	if (!take(c, '('))
		return THRUM_EBADMSG;
	for (h->ndim = 0; !take(c, ')'); h->ndim++) {
		size_t n;
		int found = take_number(c, &n);
		if (found < 0)
			return found;
		if (!found || !comma)
			return THRUM_EBADMSG;
		if (h->ndim == THRUM_NDIM_MAX)
			return THRUM_ENOTSUP;
		h->shape[h->ndim] = n;
		comma = take(c, ',');
		many |= comma;
	}
	/* (3) is a number. */
	return h->ndim == 1 && !many ? THRUM_EBADMSG : 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A type of NumPy's, if none of ours: O, S7, V16, f16, M8[ns]. */
static bool is_type(struct string s)
{
	size_t i = 1;

	if (s.length == 0 || !is_letter(*s.at))
		return false;
	while (i < s.length && s.at[i] >= '0' && s.at[i] <= '9')
		i++;
	return i == s.length || s.at[i] == '[';
}

static int read_descr(struct string s, struct npy_header *h)
{
	char order = '=';

	if (s.length > 0 && memchr("<>|=", *s.at, 4)) {
		order = *s.at++;
		s.length--;
	}
	for (size_t i = 0; i < KINDS; i++) {
		if (!is(s, kinds[i].name))
			continue;
		h->dtype = kinds[i].dtype;
		h->swapped = kinds[i].ordered
		             && order == (thrum__little_here() ? '>' : '<');
		return 0;
	}
	return is_type(s) ? THRUM_ENOTSUP : THRUM_EBADMSG;
}

static int take_descr(struct cursor *c, struct npy_header *h)
{
	struct string s;

	/* The fields of a struct, or an array as an element. */
	if (take(c, '[') || take(c, '('))
		return THRUM_ENOTSUP;
	return take_string(c, &s) ? read_descr(s, h) : THRUM_EBADMSG;
}

enum { DESCR = 1, ORDER = 2, SHAPE = 4, ALL_KEYS = 7 };

static int take_pair(struct cursor *c, struct npy_header *h, int *seen)
{
	struct string key;
	int which;

	if (!take_string(c, &key) || !take(c, ':'))
		return THRUM_EBADMSG;
	if (is(key, "descr"))
		which = DESCR;
	else if (is(key, "fortran_order"))
		which = ORDER;
	else if (is(key, "shape"))
		which = SHAPE;
	else
		return THRUM_EBADMSG;
	if (*seen & which)
		return THRUM_EBADMSG;
	*seen |= which;
	if (which == DESCR)
		return take_descr(c, h);
	if (which == SHAPE)
		return take_shape(c, h);
	h->fortran = take_word(c, "True");
	return h->fortran || take_word(c, "False") ? 0 : THRUM_EBADMSG;
}

static int take_dictionary(struct cursor *c, struct npy_header *h)
{
	bool comma = true;
	int seen = 0;

	if (!take(c, '{'))
		return THRUM_EBADMSG;
	while (!take(c, '}')) {
		if (!comma)
			return THRUM_EBADMSG;
		int rc = take_pair(c, h, &seen);
		if (rc)
			return rc;
		comma = take(c, ',');
	}
	skip_blanks(c);
	return seen == ALL_KEYS && c->at == c->end && c->end[-1] == '\n'
	       ? 0 : THRUM_EBADMSG;
}

/* Dimensions of 0 count as 1, as in NumPy: so the strides of an array without
 * elements are numbers, too. */
int thrum__npy_header_measure(struct npy_header *h)
{
	size_t item = thrum_dtype_size(h->dtype), product = item;
	bool empty = false;

	for (int d = 0; d < h->ndim; d++) {
		size_t n = h->shape[d];
		empty |= n == 0;
		if (n > 1 && product > PTRDIFF_MAX / n)
			return THRUM_EOVERFLOW;
		product *= n > 1 ? n : 1;
	}
	h->bytes = empty ? 0 : product;
	return 0;
}

int thrum__npy_header_read(const unsigned char *header, size_t size,
                           struct npy_header *h)
{
	struct cursor c = { header + text_at(version_of(header)),
	                    header + size };

	*h = (struct npy_header){ 0 };
	int rc = take_dictionary(&c, h);
	return rc ? rc : thrum__npy_header_measure(h);
}

/* NumPy leaves room for the dimension that grows when arrays are appended to a
 * file: as many blanks as its number has digits less than 21. */
#define GROWTH_DIGITS 21

struct text {
	char *at;
	size_t length;
};

static void put(struct text *t, const char *piece)
{
	size_t n = strlen(piece);
	memcpy(t->at + t->length, piece, n);
	t->length += n;
}

static size_t put_number(struct text *t, size_t value)
{
	char digits[3 * sizeof value + 1];

	snprintf(digits, sizeof digits, "%zu", value);
	put(t, digits);
	return strlen(digits);
}

static void put_descr(struct text *t, const struct npy_header *h)
{
	const struct kind *k = kinds;

	while (k->dtype != h->dtype)
		k++;
	if (!k->ordered)
		put(t, "|");
	else
		put(t, thrum__little_here() != h->swapped ? "<" : ">");
	put(t, k->name);
}

/* The number of digits of the dimension that grows. */
static size_t put_shape(struct text *t, const struct npy_header *h)
{
	int grows = h->fortran ? h->ndim - 1 : 0;
	size_t digits = 0;

	put(t, "(");
	for (int d = 0; d < h->ndim; d++) {
		size_t n = put_number(t, h->shape[d]);
		if (d == grows)
			digits = n;
		if (d + 1 < h->ndim)
			put(t, ", ");
		else if (d == 0)
			put(t, ",");
	}
	put(t, ")");
	return digits;
}

size_t thrum__npy_header_write(unsigned char out[NPY_HEADER_ROOM],
                               const struct npy_header *h)
{
	struct text t = { (char *)out, text_at(1) };

	put(&t, "{'descr': '");
	put_descr(&t, h);
	put(&t, "', 'fortran_order': ");
	put(&t, h->fortran ? "True" : "False");
	put(&t, ", 'shape': ");
	size_t digits = put_shape(&t, h);
	put(&t, ", }");
	size_t growth = h->ndim > 0 ? GROWTH_DIGITS - digits : 0;
	size_t total = t.length + growth + 1;
	/* At least one byte of padding, as NumPy has it. */
	total += NPY_ALIGN - total % NPY_ALIGN;
	memset(out + t.length, ' ', total - t.length);
	out[total - 1] = '\n';

	memcpy(out, magic, sizeof magic);
	out[VERSION_AT] = 1;
	out[VERSION_AT + 1] = 0;
	thrum__little_put(out + LENGTH_AT, total - text_at(1), 2);
	return total;
}
