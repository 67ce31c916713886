/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_npy_header.c - headers of .npy files, those of NumPy and hostile ones
 *
 * Each text is put into a block of exactly its length, so that a sanitizer sees
 * a reader that goes on behind it.
 */
#include "config.h"

#include "arrays.h"
#include "npy_header.h"

#define LITTLE (*(const unsigned char *)&(const uint16_t){ 1 } == 1)

/* A header of @p version with @p text; to be freed. */
static unsigned char *framed(int version, const char *text, size_t length,
                             size_t *size)
{
	size_t digits = version == 1 ? 2 : 4;
	*size = 8 + digits + length;
	unsigned char *p = malloc(*size);
	ck_assert_ptr_nonnull(p);
	memcpy(p, "\x93NUMPY", 6);
	p[6] = (unsigned char)version;
	p[7] = 0;
	for (size_t i = 0; i < digits; i++)
		p[8 + i] = (unsigned char)(length >> 8 * i & 0xff);
	memcpy(p + 8 + digits, text, length);
	return p;
}

static int read_whole(const unsigned char *p, size_t size, struct npy_header *h)
{
	size_t bytes;
	if (size < NPY_PREFIX_BYTES)
		return THRUM_EBADMSG;
	int rc = thrum__npy_header_bytes(p, &bytes);
	if (rc)
		return rc;
	ck_assert_uint_le(bytes, NPY_HEADER_BYTES_MAX);
	ck_assert_uint_ge(bytes, NPY_PREFIX_BYTES);
	return bytes > size ? THRUM_EBADMSG
	                    : thrum__npy_header_read(p, bytes, h);
}

static int read_text(int version, const char *text, struct npy_header *h)
{
	size_t size;
	unsigned char *p = framed(version, text, strlen(text), &size);
	int rc = read_whole(p, size, h);
	free(p);
	return rc;
}

/* What NumPy 1.24 writes: dtype, order, shape, and the text up to its blanks.
 * The whole is 128 bytes. */
static const struct golden {
	thrum_dtype dtype;
	bool fortran;
	int ndim;
	size_t shape[4];
	const char *text; /* on a machine that is little-endian */
} goldens[] = {
	{ THRUM_F64, false, 2, { 3, 4 },
	  "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }" },
	{ THRUM_C128, true, 3, { 2, 3, 5 },
	  "{'descr': '<c16', 'fortran_order': True, 'shape': (2, 3, 5), }" },
	{ THRUM_F32, false, 0, { 0 },
	  "{'descr': '<f4', 'fortran_order': False, 'shape': (), }" },
	{ THRUM_I64, false, 1, { 0 },
	  "{'descr': '<i8', 'fortran_order': False, 'shape': (0,), }" },
	{ THRUM_BOOL, false, 1, { 7 },
	  "{'descr': '|b1', 'fortran_order': False, 'shape': (7,), }" },
	{ THRUM_U8, true, 2, { 9, 4 },
	  "{'descr': '|u1', 'fortran_order': True, 'shape': (9, 4), }" },
	{ THRUM_I8, false, 1, { 1000000 },
	  "{'descr': '|i1', 'fortran_order': False, 'shape': (1000000,), }" },
};

START_TEST(written_headers_are_those_of_numpy)
{
	const struct golden *g = &goldens[_i];
	unsigned char out[NPY_HEADER_ROOM];
	struct npy_header h = { .dtype = g->dtype, .fortran = g->fortran,
	                        .ndim = g->ndim };
	memcpy(h.shape, g->shape, sizeof g->shape);
	size_t n = thrum__npy_header_write(out, &h), text = strlen(g->text);
	ck_assert_uint_eq(n, 128);
	ck_assert_mem_eq(out, "\x93NUMPY\x01\x00\x76\x00", 10);
	if (LITTLE)
		ck_assert_mem_eq(out + 10, g->text, text);
	for (size_t i = 10 + text; i < n - 1; i++)
		ck_assert_int_eq(out[i], ' ');
	ck_assert_int_eq(out[n - 1], '\n');
}
END_TEST

START_TEST(what_is_written_is_read)
{
	uint64_t seed = test_seed();
	for (long i = rounds(20000, 2000000); i > 0; i--) {
		unsigned char out[NPY_HEADER_ROOM];
		struct npy_header h = { 0 }, back;
		h.dtype = (thrum_dtype)(1 + below(&seed, DTYPES));
		h.fortran = below(&seed, 2) != 0;
		h.swapped = thrum_dtype_size(h.dtype) > 1
		            && below(&seed, 2) != 0;
		h.ndim = (int)below(&seed, THRUM_NDIM_MAX + 1);
		for (int d = 0; d < h.ndim; d++)
			h.shape[d] = (size_t)(chance(&seed) >> below(&seed, 64));
		int rc = thrum__npy_header_measure(&h);
		size_t n = thrum__npy_header_write(out, &h);
		HOLDS(n <= NPY_HEADER_ROOM && n % NPY_ALIGN == 0);
		HOLDS(read_whole(out, n, &back) == rc);
		if (rc == 0)
			HOLDS(memcmp(&back, &h, sizeof h) == 0);
	}
}
END_TEST

START_TEST(longest_header_fits)
{
	unsigned char out[NPY_HEADER_ROOM];
	struct npy_header h = { .dtype = THRUM_C128, .ndim = THRUM_NDIM_MAX };
	for (int d = 0; d < h.ndim; d++)
		h.shape[d] = SIZE_MAX;
	ck_assert_uint_le(thrum__npy_header_write(out, &h), NPY_HEADER_ROOM);
}
END_TEST

#define D "'descr':'<f8',"
#define F "'fortran_order':False,"
#define S "'shape':(3,)"

/* clang-format off */
static const struct text {
	const char *text;
	int rc;
	int ndim;
} texts[] = {
	/* Python's freedom in writing it, as far as files have it. */
	{ "{" D F S "}\n", 0, 1 },
	{ "{" D F S ",}\n", 0, 1 },
	{ "  {" S "," F D "} \n", 0, 1 },
	{ "{\t" F "\n" S "\r\n,\f" D "}\n\n", 0, 1 },
	{ "{\"descr\":\"<f8\",\"fortran_order\":True,\"shape\":()}\n", 0, 0 },
	{ "{" D F "'shape' : ( 3L , 4L ) }\n", 0, 2 },
	{ "{" D F "'shape':(3,4,)}\n", 0, 2 },
	{ "{" D F "'shape':(0,)}\n", 0, 1 },
	{ "{" D F "'shape':(18446744073709551615,0)}\n", THRUM_EOVERFLOW, 0 },
	{ "{" D F "'shape':(4611686018427387904,)}\n", THRUM_EOVERFLOW, 0 },
	{ "{" D F "'shape':(18446744073709551616,)}\n", THRUM_EOVERFLOW, 0 },
	{ "{" D F "'shape':(340282366920938463463374607431768211456,)}\n", THRUM_EOVERFLOW, 0 },
	{ "{" D F "'shape':(4294967296,4294967296)}\n", THRUM_EOVERFLOW, 0 },
	{ "{" D F "'shape':(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}\n", 0, 32 },
	{ "{" D F "'shape':(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}\n", THRUM_ENOTSUP, 0 },
	/* Types. */
	{ "{'descr':'f8'," F S "}\n", 0, 1 },
	{ "{'descr':'=f8'," F S "}\n", 0, 1 },
	{ "{'descr':'|f8'," F S "}\n", 0, 1 },
	{ "{'descr':'>c16'," F S "}\n", 0, 1 },
	{ "{'descr':'<b1'," F S "}\n", 0, 1 },
	{ "{'descr':'|O'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'|O8'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'|S5'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'<U5'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'|V16'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'<M8[ns]'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'<f16'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'<f80'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':'<f'," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':[('a','<f4')]," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':('<f4',(2,))," F S "}\n", THRUM_ENOTSUP, 0 },
	{ "{'descr':''," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':'<'," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':'8'," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':'<<f8'," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':'< f8'," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':'\\x3cf8'," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':None," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':<f8," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':'<f8," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'descr':'<f8\"," F S "}\n", THRUM_EBADMSG, 0 },
	/* Keys: one missing, one twice, one more. */
	{ "{" F S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "}\n", THRUM_EBADMSG, 0 },
	{ "{}\n", THRUM_EBADMSG, 0 },
	{ "{" D F S "," S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D D F S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D F F S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D F S ",'more':1}\n", THRUM_EBADMSG, 0 },
	{ "{" D F S ",'':1}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shapes':(3,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shap':(3,)}\n", THRUM_EBADMSG, 0 },
	/* Shapes. */
	{ "{" D F "'shape':(3)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':3}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':[3]}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(3,,4)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(3 4)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(-3,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(+3,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(-1,-1)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(03,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(0x3,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(3_0,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(3.0,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(1e9,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(True,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(3LL,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(3*9,)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':((3,),)}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape':(3,\n", THRUM_EBADMSG, 0 },
	/* Order. */
	{ "{" D "'fortran_order':0," S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D "'fortran_order':false," S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D "'fortran_order':'True'," S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D "'fortran_order':TrueFalse," S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D "'fortran_order':Tru," S "}\n", THRUM_EBADMSG, 0 },
	/* The whole. */
	{ "{" D F S "}", THRUM_EBADMSG, 0 },
	{ "{" D F S "} ", THRUM_EBADMSG, 0 },
	{ "{" D F S "}\nx\n", THRUM_EBADMSG, 0 },
	{ "{" D F S "}{}\n", THRUM_EBADMSG, 0 },
	{ "{" D F S ",,}\n", THRUM_EBADMSG, 0 },
	{ "{," D F S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D F S "\n", THRUM_EBADMSG, 0 },
	{ D F S "}\n", THRUM_EBADMSG, 0 },
	{ "dict(" D F S ")\n", THRUM_EBADMSG, 0 },
	{ "{'descr' '<f8'," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{" D F "'shape'=(3,)}\n", THRUM_EBADMSG, 0 },
	{ "{u'descr':'<f8'," F S "}\n", THRUM_EBADMSG, 0 },
	{ "{'des\xc3\xa9':1," D F S "}\n", THRUM_EBADMSG, 0 },
	{ "{__import__('os').abort():1}\n", THRUM_EBADMSG, 0 },
	{ "\n\n\n\n\n\n", THRUM_EBADMSG, 0 },
};
/* clang-format on */

START_TEST(text_means_what_python_means_or_nothing)
{
	const struct text *t = &texts[_i];
	for (int version = 1; version <= 3; version++) {
		struct npy_header h;
		int rc = read_text(version, t->text, &h);
		ck_assert_msg(rc == t->rc, "%d, not %d: %s", rc, t->rc,
		              t->text);
		if (rc == 0)
			ck_assert_int_eq(h.ndim, t->ndim);
	}
}
END_TEST

START_TEST(byte_order_is_told_of_what_has_one)
{
	struct npy_header h;
	static const char *const ones[] = { "b1", "i1", "u1" };
	for (int i = 0; i < 3; i++) {
		char text[80];
		snprintf(text, sizeof text, "{'descr':'>%s'," F S "}\n",
		         ones[i]);
		ck_assert_int_eq(read_text(1, text, &h), 0);
		ck_assert(!h.swapped);
	}
	ck_assert_int_eq(read_text(1, "{'descr':'>f4'," F S "}\n", &h), 0);
	ck_assert(h.swapped == LITTLE);
	ck_assert_int_eq(read_text(1, "{'descr':'<f4'," F S "}\n", &h), 0);
	ck_assert(h.swapped != LITTLE);
	ck_assert_int_eq(read_text(1, "{'descr':'=f4'," F S "}\n", &h), 0);
	ck_assert(!h.swapped);
	ck_assert_uint_eq(h.bytes, 12);
}
END_TEST

START_TEST(prefix_that_is_none_is_refused)
{
	static const struct {
		const char *prefix;
		int rc;
		size_t bytes;
	} rows[] = {
		{ "\x93NUMPY\x01\x00\x76\x00{'", 0, 128 },
		{ "\x93NUMPY\x02\x00\x74\x00\x00\x00", 0, 128 },
		{ "\x93NUMPY\x03\x00\x74\x00\x00\x00", 0, 128 },
		{ "\x93NUMPY\x02\x00\xf4\xff\x00\x00", 0, 65536 },
		{ "\x93NUMPY\x02\x00\xf5\xff\x00\x00", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\x01\x00\xff\xff{'", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\x02\x00\xf0\xff\xff\xff", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\x01\x00\x00\x00{'", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\x01\x00\x01\x00{'", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\x00\x00\x76\x00{'", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\x04\x00\x76\x00{'", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\xff\x00\x76\x00{'", THRUM_EBADMSG, 0 },
		{ "\x93NUMPY\x01\x01\x76\x00{'", THRUM_EBADMSG, 0 },
		{ "\x92NUMPY\x01\x00\x76\x00{'", THRUM_EBADMSG, 0 },
		{ "PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00", THRUM_EBADMSG, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char prefix[NPY_PREFIX_BYTES];
		size_t bytes = 0;
		memcpy(prefix, rows[i].prefix, sizeof prefix);
		ck_assert_int_eq(thrum__npy_header_bytes(prefix, &bytes),
		                 rows[i].rc);
		ck_assert_uint_eq(bytes, rows[i].bytes);
	}
}
END_TEST

START_TEST(deep_nesting_is_no_recursion)
{
	static char text[60000];
	struct npy_header h;
	memset(text, '(', sizeof text - 1);
	ck_assert_int_eq(read_text(1, text, &h), THRUM_EBADMSG);
	memcpy(text, "{'shape':", 9);
	ck_assert_int_eq(read_text(1, text, &h), THRUM_EBADMSG);
	memcpy(text, "{'descr':", 9);
	ck_assert_int_eq(read_text(1, text, &h), THRUM_ENOTSUP);
}
END_TEST

/* A read of any text gives a header that can be, or an error. */
static void check_any(const unsigned char *p, size_t size)
{
	struct npy_header h;
	unsigned char *exact = malloc(size);
	memcpy(exact, p, size);
	int rc = read_whole(exact, size, &h);
	free(exact);
	HOLDS(rc == 0 || rc == THRUM_EBADMSG || rc == THRUM_ENOTSUP
	      || rc == THRUM_EOVERFLOW);
	if (rc)
		return;
	size_t item = thrum_dtype_size(h.dtype);
	HOLDS(item > 0 && h.ndim >= 0 && h.ndim <= THRUM_NDIM_MAX);
	HOLDS(h.bytes % item == 0 && h.bytes <= PTRDIFF_MAX);
}

START_TEST(damaged_headers_are_read_to_an_end)
{
	const char text[] = "{'descr': '>c16', 'fortran_order': True, "
	                    "'shape': (2, 30, 500L), }   \n";
	uint64_t seed = test_seed();
	for (int version = 1; version <= 3; version++) {
		size_t size;
		unsigned char *p = framed(version, text, sizeof text - 1,
		                          &size);
		for (size_t bit = 0; bit < 8 * size; bit++) {
			p[bit / 8] ^= (unsigned char)(1u << bit % 8);
			check_any(p, size);
			p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		}
		for (size_t n = 1; n <= size; n++)
			check_any(p, n);
		for (long i = rounds(20000, 2000000); i > 0; i--) {
			size_t from = below(&seed, size - 12) + 12;
			size_t to = below(&seed, size - 12) + 12;
			unsigned char was = p[to];
			p[to] = below(&seed, 2) ? p[from]
				: (unsigned char)chance(&seed);
			check_any(p, size);
			if (below(&seed, 3))
				p[to] = was;
			if (below(&seed, 50) == 0) /* begin anew */
				memcpy(p + size - sizeof text + 1, text,
				       sizeof text - 1);
		}
		free(p);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("npy_header");
	TCase *c = tcase_create("written");
	tcase_add_loop_test(c, written_headers_are_those_of_numpy, 0,
	                    (int)(sizeof goldens / sizeof *goldens));
	tcase_add_test(c, what_is_written_is_read);
	tcase_add_test(c, longest_header_fits);
	add_test(s, c);
	c = tcase_create("read");
	tcase_add_loop_test(c, text_means_what_python_means_or_nothing, 0,
	                    (int)(sizeof texts / sizeof *texts));
	tcase_add_test(c, byte_order_is_told_of_what_has_one);
	add_test(s, c);
	c = tcase_create("hostile");
	tcase_add_test(c, prefix_that_is_none_is_refused);
	tcase_add_test(c, deep_nesting_is_no_recursion);
	tcase_add_test(c, damaged_headers_are_read_to_an_end);
	add_test(s, c);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
