/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_key.c - keys: their bytes, their errors, and how people read them
 *
 * What a key holds is compared with bytes that are typed here by the text of
 * thrum/hash.h. To read a key is given any bytes, as what is read may come from
 * a file.
 */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/hash.h>

#include "arrays.h"
#include "encode.h"
#include "key_text.h"

static thrum_hash hash_of(const thrum_key *key)
{
	thrum_hash h = { 0, 0 };
	ck_assert_int_eq(thrum_hash_key(&h, key), 0);
	return h;
}

static bool same(thrum_hash a, thrum_hash b)
{
	return a.low == b.low && a.high == b.high;
}

static void holds(const thrum_key *key, const char *bytes, size_t n)
{
	ck_assert_int_eq(key->error, 0);
	ck_assert_uint_eq(key->used, n);
	ck_assert_mem_eq(key->text, bytes, n);
}
#define HOLDS_BYTES(key, literal) holds(key, literal, sizeof literal - 1)

static void reads(const thrum_key *key, const char *expected)
{
	char text[KEY_TEXT_MAX];
	size_t n = thrum__key_text(text, key->text, key->used);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(n, strlen(expected));
}

START_TEST(fields_are_encoded_as_told)
{
	thrum_key key = THRUM_KEY_INIT, sub = THRUM_KEY_INIT;

	thrum_key_i64(&key, "n", -2);
	HOLDS_BYTES(&key, "\1ni\xfe\xff\xff\xff\xff\xff\xff\xff");
	key = (thrum_key)THRUM_KEY_INIT;
	thrum_key_f64(&key, "xy", 1.5);
	HOLDS_BYTES(&key, "\2xyf\0\0\0\0\0\0\xf8\x3f");
	key = (thrum_key)THRUM_KEY_INIT;
	thrum_key_text(&key, "t", "ab");
	thrum_key_text(&key, "e", "");
	HOLDS_BYTES(&key, "\1tt\2ab\1et\0");
	key = (thrum_key)THRUM_KEY_INIT;
	thrum_key_bytes(&key, "b", "\0\xff", 2);
	thrum_key_bytes(&key, "none", NULL, 0);
	HOLDS_BYTES(&key, "\1bb\2\0\xff\4noneb\0");
	key = (thrum_key)THRUM_KEY_INIT;
	thrum_key_i64(&sub, "k", 1);
	thrum_key_struct(&key, "s", &sub);
	HOLDS_BYTES(&key, "\1ss\x0b\0\1ki\1\0\0\0\0\0\0\0");
}
END_TEST

/* A third reading of the encoding, in Python, gave these two. */
START_TEST(key_hashes_as_ever)
{
	static const uint64_t numbers[] = { 1, 2, 3 };
	thrum_array a = thrum_array_1d(THRUM_U64, numbers, 3);
	thrum_key key = THRUM_KEY_INIT, sub = THRUM_KEY_INIT;
	char text[33], many[201];
	thrum_hash h = hash_of(&key);

	thrum_hash_text(&h, text);
	ck_assert_str_eq(text, "d1a4499a8a37bd4ab7af8f68b8f71df9");
	memset(many, 'x', 200);
	many[200] = '\0';
	thrum_key_i64(&sub, "k", 1);
	thrum_key_i64(&key, "n", -100);
	thrum_key_f64(&key, "x", 1.5);
	thrum_key_text(&key, "name", "thrum");
	thrum_key_bytes(&key, "raw", "\0\xff", 2);
	thrum_key_struct(&key, "sub", &sub);
	thrum_key_array(&key, "a", &a);
	thrum_key_text(&key, "long", many);
	h = hash_of(&key);
	thrum_hash_text(&h, text);
	ck_assert_str_eq(text, "aeb5444ab79edba45057a5e10b4505be");
}
END_TEST

/* By its hash a value takes as much room, however long it is, and still counts
 * to the last byte. */
START_TEST(long_values_go_in_by_their_hash)
{
	char text[300];

	memset(text, 'a', sizeof text);
	for (size_t n = 127; n < 132; n++) {
		thrum_key key = THRUM_KEY_INIT, other = THRUM_KEY_INIT;
		text[n] = '\0';
		thrum_key_text(&key, "t", text);
		ck_assert_uint_eq(key.used, n <= 128 ? 4 + n : 2 + 25);
		text[n - 1] = 'b';
		thrum_key_text(&other, "t", text);
		ck_assert(!same(hash_of(&key), hash_of(&other)));
		text[n - 1] = text[n] = 'a';
		other = (thrum_key)THRUM_KEY_INIT;
		thrum_key_bytes(&other, "t", text, n);
		ck_assert(!same(hash_of(&key), hash_of(&other)));
	}
	thrum_key large = THRUM_KEY_INIT;
	for (char name[2] = "a"; large.used <= 256; name[0]++) {
		thrum_key key = THRUM_KEY_INIT;
		thrum_key_struct(&key, "s", &large);
		ck_assert_uint_eq(key.used, 5 + large.used);
		thrum_key_i64(&large, name, 1);
	}
	thrum_key key = THRUM_KEY_INIT;
	thrum_key_struct(&key, "s", &large);
	ck_assert_uint_eq(key.used, 2 + 25);
	ck_assert_int_eq(key.text[2], 'S');
}
END_TEST

START_TEST(name_type_value_and_order_count)
{
	thrum_key keys[12], *k = keys;
	thrum_key empty = THRUM_KEY_INIT;
	const double x[] = { 1, 2 };
	thrum_array a = thrum_array_1d(THRUM_F64, x, 2);

	for (int i = 0; i < 12; i++)
		keys[i] = empty;
	k++; /* nothing at all */
	thrum_key_i64(k, "x", 1);
	thrum_key_i64(k++, "y", 2);
	thrum_key_i64(k, "y", 2);
	thrum_key_i64(k++, "x", 1);
	thrum_key_i64(k, "x", 2);
	thrum_key_i64(k++, "y", 1);
	thrum_key_f64(k, "x", 1);
	thrum_key_i64(k++, "y", 2);
	thrum_key_i64(k++, "x", 1);
	thrum_key_text(k++, "x", "1");
	thrum_key_bytes(k++, "x", "1", 1);
	thrum_key_struct(k++, "x", &empty);
	thrum_key_array(k++, "x", &a);
	thrum_key_f64(k++, "x", 0.0);
	thrum_key_f64(k++, "x", -0.0);
	ck_assert_ptr_eq(k, keys + 12);
	for (int i = 0; i < 12; i++)
		for (int n = 0; n < i; n++)
			ck_assert_msg(!same(hash_of(&keys[i]), hash_of(&keys[n])),
			              "keys %d and %d", n, i);
}
END_TEST

START_TEST(equal_values_make_equal_keys)
{
	thrum_key key = THRUM_KEY_INIT, other;
	static const double c[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
	static const double f[3][2] = { { 1, 4 }, { 2, 5 }, { 3, 6 } };
	const size_t shape[] = { 2, 3 };
	thrum_array in_c = thrum_array_nd(THRUM_F64, c, 2, shape, 0);
	thrum_array in_f = thrum_array_nd(THRUM_F64, f, 2, shape, 1);

	/* What the rest of a key holds is nobody's business. */
	memset(&other, 0xa5, sizeof other);
	other.error = 0;
	other.used = 0;
	thrum_key_f64(&key, "x", NAN);
	thrum_key_f64(&other, "x", -(double)NAN);
	thrum_key_array(&key, "a", &in_c);
	thrum_key_array(&other, "a", &in_f);
	ck_assert_uint_eq(key.used, other.used);
	ck_assert_mem_eq(key.text, other.text, key.used);
	ck_assert(same(hash_of(&key), hash_of(&other)));
}
END_TEST

/* --- Errors --------------------------------------------------------------- */

/* What is wrong sticks, changes no byte, and comes out at the end. */
static void sticks(thrum_key *key, int error)
{
	thrum_hash h = { 1, 2 };
	thrum_key outer = THRUM_KEY_INIT;
	unsigned used = key->used;

	ck_assert_int_eq(key->error, error);
	thrum_key_i64(key, "later", 1);
	thrum_key_i64(key, "", 1);
	thrum_array a = thrum_array_1d(THRUM_U8, "abc", 3);
	thrum_key_array(key, "array", &a);
	thrum_key_struct(key, "sub", &outer);
	ck_assert_int_eq(key->error, error);
	ck_assert_uint_eq(key->used, used);
	ck_assert_int_eq(thrum_hash_key(&h, key), error);
	ck_assert_uint_eq(h.low, 1);
	thrum_key_struct(&outer, "sub", key);
	ck_assert_int_eq(outer.error, error);
	*key = (thrum_key)THRUM_KEY_INIT;
	thrum_key_i64(key, "first", 1);
}

START_TEST(errors_stick)
{
	thrum_array a = thrum_array_1d(THRUM_F64, NULL, 1);
	thrum_key key = THRUM_KEY_INIT;
	char long_name[257];

	memset(long_name, 'n', sizeof long_name);
	long_name[256] = '\0';
	thrum_key_i64(&key, "first", 1);
	thrum_key_i64(&key, NULL, 1);
	sticks(&key, THRUM_EINVAL);
	thrum_key_f64(&key, "", 1);
	sticks(&key, THRUM_EINVAL);
	thrum_key_f64(&key, "first", 1);
	sticks(&key, THRUM_EINVAL);
	thrum_key_f64(&key, long_name, 1);
	sticks(&key, THRUM_E2BIG);
	thrum_key_text(&key, "t", NULL);
	sticks(&key, THRUM_EINVAL);
	thrum_key_bytes(&key, "b", NULL, 1);
	sticks(&key, THRUM_EINVAL);
	thrum_key_bytes(&key, "b", NULL, 1000);
	sticks(&key, THRUM_EINVAL);
	thrum_key_array(&key, "a", NULL);
	sticks(&key, THRUM_EINVAL);
	thrum_key_array(&key, "a", &a);
	sticks(&key, THRUM_EINVAL);
	a = thrum_array_1d(THRUM_F64, "", SIZE_MAX);
	thrum_key_array(&key, "a", &a);
	sticks(&key, THRUM_EOVERFLOW);
	thrum_key_struct(&key, "s", NULL);
	sticks(&key, THRUM_EINVAL);
	thrum_key_i64(NULL, "n", 1);
}
END_TEST

START_TEST(names_are_compared_whole)
{
	thrum_key key = THRUM_KEY_INIT;
	thrum_key_i64(&key, "ab", 1);
	thrum_key_i64(&key, "a", 1);
	thrum_key_i64(&key, "abc", 1);
	thrum_key_i64(&key, "b", 1);
	ck_assert_int_eq(key.error, 0);
	thrum_key_text(&key, "abc", "");
	ck_assert_int_eq(key.error, THRUM_EINVAL);
}
END_TEST

START_TEST(key_is_full_to_the_last_byte)
{
	char text[129] = "", name[4];

	for (unsigned left = 0; left < 30; left++) {
		thrum_key key = THRUM_KEY_INIT;
		/* Fields of 100 bytes, then one that leaves so much. */
		memset(text, 'a', 128);
		text[95] = '\0';
		for (int i = 0; i < 9; i++) {
			snprintf(name, sizeof name, "%c%c", 'a' + i, 'b');
			thrum_key_text(&key, name, text);
		}
		ck_assert_uint_eq(key.used, 900);
		text[95] = 'a';
		text[108 - left - 5] = '\0';
		thrum_key_text(&key, "zz", text);
		ck_assert_int_eq(key.error, 0);
		ck_assert_uint_eq(key.used, THRUM_KEY_BYTES - left);
		thrum_key before = key;
		thrum_key_i64(&key, "i", 1);
		if (left >= 11) {
			ck_assert_int_eq(key.error, 0);
			continue;
		}
		ck_assert_int_eq(key.error, THRUM_E2BIG);
		ck_assert_mem_eq(key.text, before.text, sizeof key.text);
		ck_assert_uint_eq(key.used, before.used);
	}
}
END_TEST

/* --- As people read it ---------------------------------------------------- */

START_TEST(text_is_one_line_of_names_and_values)
{
	static const double x[2][3];
	const size_t shape[] = { 2, 3 };
	thrum_array a = thrum_array_nd(THRUM_F64, x, 2, shape, 0);
	thrum_key key = THRUM_KEY_INIT, sub = THRUM_KEY_INIT;

	reads(&key, "");
	thrum_key_f64(&key, "x", 1.5);
	thrum_key_i64(&key, "n", 100);
	thrum_key_text(&key, "name", "a \"b\"\\\n\t\x7f");
	thrum_key_bytes(&key, "raw", "\0\xff", 2);
	thrum_key_i64(&sub, "k", -1);
	thrum_key_struct(&key, "sub", &sub);
	thrum_key_struct(&key, "own", &(thrum_key)THRUM_KEY_INIT);
	thrum_key_array(&key, "a", &a);
	thrum_key_i64(&key, "b c=\"{}\\", 1);
	reads(&key, "x=1.5 n=100 name=\"a \\x22b\\x22\\x5c\\x0a\\x09\\x7f\" "
	      "raw=bytes[2]:00ff sub={k=-1} own={} "
	      "a=f64[2,3]#b6926574328d57330913a780887ce9b3 "
	      "b\\x20c\\x3d\\x22\\x7b\\x7d\\x5c=1");
}
END_TEST

START_TEST(characters_stay_and_other_bytes_do_not)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\xc2\x80", "\\xc2\\x80" },     /* control */
		{ "\xc0\x80", "\\xc0\\x80" },     /* too long */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
		{ "\xe2\x82", "\\xe2\\x82" },     /* cut off */
		{ "\xe2\x82x", "\\xe2\\x82x" },
		{ "\x80\xbf", "\\x80\\xbf" },
		{ "\xff\xfe", "\\xff\\xfe" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char expected[64];
		thrum_key key = THRUM_KEY_INIT;
		thrum_key_text(&key, "t", cases[i].bytes);
		snprintf(expected, sizeof expected, "t=\"%s\"", cases[i].text);
		reads(&key, expected);
	}
}
END_TEST

static const struct {
	double x;
	const char *text;
} numbers[] = {
	{ 0, "x=0.0" },        { -0.0, "x=-0.0" },   { 1, "x=1.0" },
	{ 0.1, "x=0.1" },      { 1e300, "x=1e+300" }, { -2.5e-7, "x=-2.5e-07" },
	{ 1.0 / 3, "x=0.3333333333333333" },
	{ 1234567.0, "x=1234567.0" },
	{ 0.1 + 0.2, "x=0.30000000000000004" },
	{ 5e-324, "x=5e-324" }, { 1.7976931348623157e308,
	                          "x=1.7976931348623157e+308" },
	{ (double)NAN, "x=nan" }, { (double)INFINITY, "x=inf" },
	{ -(double)INFINITY, "x=-inf" },
};

START_TEST(numbers_have_the_fewest_digits)
{
	for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
		thrum_key key = THRUM_KEY_INIT;
		thrum_key_f64(&key, "x", numbers[k].x);
		reads(&key, numbers[k].text);
	}
}
END_TEST

/* What %g writes where the point is a comma, or the two bytes of U+066B. */
START_TEST(numbers_have_a_point_in_any_locale)
{
	static const struct {
		const char *written, *text;
		bool fraction;
	} cases[] = {
		{ "1.5", "1.5", true },           { "-1,5", "-1.5", true },
		{ "1\xd9\xab" "5", "1.5", true }, { "100", "100", false },
		{ "2\xd9\xab" "5e-07", "2.5e-07", true },
		{ "2,5e+300", "2.5e+300", true }, { "-5e-324", "-5e-324", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[32];
		snprintf(text, sizeof text, "%s", cases[i].written);
		ck_assert(thrum__key_text_point(text) == cases[i].fraction);
		ck_assert_str_eq(text, cases[i].text);
	}
}
END_TEST

START_TEST(any_bytes_can_be_read)
{
	static const char letters[] = "abBtTisSf";
	uint64_t seed = test_seed();
	unsigned char bytes[THRUM_KEY_BYTES];
	char text[KEY_TEXT_MAX];

	for (long i = 0; i < rounds(20000, 1000000); i++) {
		size_t n = below(&seed, sizeof bytes + 1);
		/* Fields without end, or nearly: small lengths, and letters
		 * where types are looked for. */
		unsigned kind = (unsigned)below(&seed, 4);
		for (size_t k = 0; k < n; k++)
			bytes[k] = (unsigned char)(kind == 0 ? chance(&seed) :
				k % 3 == 2 ? (unsigned)letters[below(&seed, 9)] :
				kind == 1 ? 1 : below(&seed, 4));
		size_t length = thrum__key_text(text, bytes, n);
		HOLDS(length < KEY_TEXT_MAX && text[length] == '\0');
		for (size_t k = 0; k < length; k++)
			HOLDS((unsigned char)text[k] >= ' ' && text[k] != 0x7f);
	}
}
END_TEST

/* As a program that writes to a key itself may do. */
START_TEST(key_that_is_cut_anywhere_takes_a_field)
{
	thrum_key whole = THRUM_KEY_INIT;
	thrum_key_i64(&whole, "n", 1);
	thrum_key_text(&whole, "t", "ab");
	thrum_key_f64(&whole, "x", 2);
	thrum_array a = thrum_array_1d(THRUM_F64, &(double){ 3 }, 1);
	thrum_key_array(&whole, "a", &a);
	ck_assert_int_eq(whole.error, 0);

	for (uint32_t cut = 0; cut < whole.used; cut++) {
		thrum_key key = whole;
		key.used = cut;
		thrum_key_i64(&key, "other", 3);
		ck_assert_int_eq(key.error, 0);
		ck_assert_uint_gt(key.used, cut);
	}
}
END_TEST

/* The longest that there is: every byte of it needs four. */
START_TEST(longest_text_fits)
{
	thrum_key key = THRUM_KEY_INIT;
	char name[3] = "\1\1", text[KEY_TEXT_MAX], value[129];

	memset(value, '\1', 128);
	value[128] = '\0';
	for (int i = 0; i < 7; i++, name[1]++)
		thrum_key_text(&key, name, value);
	value[60] = '\0';
	thrum_key_text(&key, name, value);
	ck_assert_int_eq(key.error, 0);
	size_t n = thrum__key_text(text, key.text, key.used);
	ck_assert_uint_lt(n, KEY_TEXT_MAX - 1); /* nothing was cut */
	ck_assert_int_eq(text[n - 1], '"');
	/* `\x01=bytes[0]: ` of four bytes, a name over and over. */
	for (key.used = 0; key.used + 4 <= THRUM_KEY_BYTES; key.used += 4)
		memcpy(key.text + key.used, "\1\1b", 4);
	n = thrum__key_text(text, key.text, key.used);
	ck_assert_uint_eq(n, 252 * strlen("\\x01=bytes[0]: ") - 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("key");
	TCase *t = tcase_create("fields");
	tcase_add_test(t, fields_are_encoded_as_told);
	tcase_add_test(t, key_hashes_as_ever);
	tcase_add_test(t, long_values_go_in_by_their_hash);
	tcase_add_test(t, name_type_value_and_order_count);
	tcase_add_test(t, equal_values_make_equal_keys);
	add_test(s, t);
	t = tcase_create("errors");
	tcase_add_test(t, errors_stick);
	tcase_add_test(t, names_are_compared_whole);
	tcase_add_test(t, key_is_full_to_the_last_byte);
	add_test(s, t);
	t = tcase_create("text");
	tcase_add_test(t, text_is_one_line_of_names_and_values);
	tcase_add_test(t, characters_stay_and_other_bytes_do_not);
	tcase_add_test(t, numbers_have_the_fewest_digits);
	tcase_add_test(t, numbers_have_a_point_in_any_locale);
	tcase_add_test(t, any_bytes_can_be_read);
	tcase_add_test(t, key_that_is_cut_anywhere_takes_a_field);
	tcase_add_test(t, longest_text_fits);
	add_test(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
