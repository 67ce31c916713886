/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_entry.c - what is encoded is decoded, and nothing else is
 *
 * The bytes of an entry by themselves: random ones come back, each flipped bit
 * of a head and each other length is refused, and heads that are made up, their
 * checksum right, lead nowhere.
 */
#include "config.h"

#include "../api/common.h"
#include "checksum.h"
#include "entry.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (seed >> 33) % below;
}

static void fill_text(char *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(1 + draw(255));
	out[n] = '\0';
}

struct sample {
	struct entry e;
	thrum_array array[5];
	char name[ENTRY_NAME_MAX], host[ENTRY_HOST_MAX];
	unsigned char key[THRUM_KEY_BYTES];
	unsigned char *head;
};

static void draw_arrays(struct sample *s)
{
	s->e.kind = ENTRY_ARRAYS;
	s->e.arrays = 1 + (uint32_t)draw(5);
	for (uint32_t i = 0; i < s->e.arrays; i++) {
		size_t shape[THRUM_NDIM_MAX];
		int ndim = (int)draw(5);
		for (int d = 0; d < ndim; d++)
			shape[d] = draw(8);
		s->array[i] = thrum_array_nd((thrum_dtype)(1 + draw(14)), NULL,
		                             ndim, shape, (int)draw(2));
	}
}

/* An entry with a head of its own; to be freed. */
static void draw_sample(struct sample *s)
{
	memset(s, 0, sizeof *s);
	fill_text(s->name, 1 + draw(ENTRY_NAME_MAX - 1));
	fill_text(s->host, draw(ENTRY_HOST_MAX));
	s->e = (struct entry){
		.function = { draw(UINT32_MAX), draw(UINT32_MAX) },
		.key = { draw(UINT32_MAX), draw(UINT32_MAX) },
		.made_ns = (int64_t)draw(UINT32_MAX),
		.duration_ns = draw(UINT32_MAX),
		.name = s->name, .version = (unsigned)draw(100),
		.key_text = s->key,
		.key_bytes = (uint32_t)draw(THRUM_KEY_BYTES + 1),
		.host = s->host, .kind = ENTRY_VALUE,
	};
	for (uint32_t i = 0; i < s->e.key_bytes; i++)
		s->key[i] = (unsigned char)draw(256);
	if (draw(2))
		draw_arrays(s);
	else
		s->e.raw_bytes = draw(100000);
	ck_assert_int_eq(thrum__entry_layout(&s->e, s->array), 0);
	s->e.body_bytes = s->e.raw_bytes;
	if (draw(3) == 0) {
		s->e.pack = ENTRY_ZSTD;
		s->e.body_bytes = draw(1000);
	}
	s->e.body_sum = draw(UINT32_MAX);
	s->head = malloc(s->e.body_at);
	ck_assert_ptr_nonnull(s->head);
	thrum__entry_encode(s->head, &s->e, s->array);
}

static int decode(const unsigned char *head, size_t n, uint64_t file_bytes,
                  struct entry *e)
{
	size_t need;

	/* In memory of its size, so that a read beyond is seen by tools. */
	unsigned char *exact = malloc(n ? n : 1);
	memcpy(exact, head, n);
	int rc = thrum__entry_decode(e, exact, n, file_bytes, &need);
	free(exact);
	if (rc == ENTRY_MORE) {
		ck_assert_uint_gt(need, n);
		ck_assert_uint_le(need, ENTRY_HEAD_MAX);
	}
	return rc;
}

static void compare_arrays(const struct sample *s, const struct entry *e)
{
	uint64_t at, bytes, want, end = 0;
	size_t cursor = 0;
	thrum_array a;

	for (uint32_t i = 0; i < e->arrays; i++) {
		const thrum_array *b = &s->array[i];
		thrum__entry_next(e, &cursor, &a, &at, &bytes);
		ck_assert_int_eq(thrum__entry_array_bytes(b, &want), 0);
		ck_assert_uint_eq(bytes, want);
		ck_assert_uint_eq(at % ENTRY_ALIGN, 0);
		ck_assert_uint_ge(at, end);
		end = at + bytes;
		ck_assert_int_eq(a.dtype, b->dtype);
		ck_assert_int_eq(a.ndim, b->ndim);
		for (int d = 0; d < a.ndim; d++) {
			ck_assert_uint_eq(a.shape[d], b->shape[d]);
			/* The same order, where there is one. */
			if (bytes > 0 && a.shape[d] > 1)
				ck_assert_int_eq(a.stride[d], b->stride[d]);
		}
	}
	ck_assert_uint_eq(end, e->raw_bytes);
}

START_TEST(what_is_encoded_is_decoded)
{
	struct sample s;
	struct entry e;

	for (int i = 0; i < 2000; i++) {
		draw_sample(&s);
		size_t need;
		ck_assert_int_eq(thrum__entry_decode(&e, s.head, s.e.body_at,
			s.e.body_at + s.e.body_bytes, &need), 0);
		ck_assert_uint_eq(e.function.low, s.e.function.low);
		ck_assert_uint_eq(e.function.high, s.e.function.high);
		ck_assert_uint_eq(e.key.low, s.e.key.low);
		ck_assert_uint_eq(e.key.high, s.e.key.high);
		ck_assert_int_eq(e.made_ns, s.e.made_ns);
		ck_assert_uint_eq(e.duration_ns, s.e.duration_ns);
		ck_assert_str_eq(e.name, s.name);
		ck_assert_uint_eq(e.version, s.e.version);
		ck_assert_uint_eq(e.key_bytes, s.e.key_bytes);
		ck_assert_mem_eq(e.key_text, s.key, e.key_bytes);
		ck_assert_str_eq(e.host, s.host);
		ck_assert_int_eq(e.kind, s.e.kind);
		ck_assert_int_eq(e.pack, s.e.pack);
		ck_assert_uint_eq(e.arrays, s.e.arrays);
		ck_assert_uint_eq(e.body_at, s.e.body_at);
		ck_assert_uint_eq(e.body_at % ENTRY_ALIGN, 0);
		ck_assert_uint_eq(e.body_bytes, s.e.body_bytes);
		ck_assert_uint_eq(e.raw_bytes, s.e.raw_bytes);
		ck_assert_uint_eq(e.body_sum, s.e.body_sum);
		if (e.kind == ENTRY_ARRAYS)
			compare_arrays(&s, &e);
		int64_t made;
		ck_assert(thrum__entry_made(s.head, ENTRY_FIXED, &made));
		ck_assert_int_eq(made, s.e.made_ns);
		free(s.head);
	}
}
END_TEST

START_TEST(head_is_asked_for_until_it_is_there)
{
	struct sample s;
	struct entry e;

	for (int i = 0; i < 20; i++) {
		draw_sample(&s);
		uint64_t file = s.e.body_at + s.e.body_bytes;
		for (size_t n = 0; n < s.e.body_at; n++)
			ck_assert_int_eq(decode(s.head, n, file, &e),
			                 ENTRY_MORE);
		free(s.head);
	}
}
END_TEST

START_TEST(file_of_another_size_is_refused)
{
	struct sample s;
	struct entry e;

	for (int i = 0; i < 20; i++) {
		draw_sample(&s);
		uint64_t file = s.e.body_at + s.e.body_bytes;
		for (uint64_t n = 0; n < file + 100; n += 1 + n / 4096 * 97)
			if (n != file)
				ck_assert_int_eq(decode(s.head,
					n < s.e.body_at ? n : s.e.body_at, n,
					&e), -EBADMSG);
		free(s.head);
	}
}
END_TEST

START_TEST(each_flipped_bit_of_a_head_is_refused)
{
	struct sample s;
	struct entry e;

	for (int i = 0; i < 10; i++) {
		draw_sample(&s);
		uint64_t file = s.e.body_at + s.e.body_bytes;
		for (size_t bit = 0; bit < 8 * s.e.body_at; bit++) {
			s.head[bit / 8] ^= (unsigned char)(1 << bit % 8);
			int rc = decode(s.head, s.e.body_at, file, &e);
			if (rc == 0)
				ck_abort_msg("bit %zu", bit);
			s.head[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		free(s.head);
	}
}
END_TEST

static void put32(unsigned char *p, uint32_t x)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(x >> 8 * i);
}

static void put64(unsigned char *p, uint64_t x)
{
	put32(p, (uint32_t)x);
	put32(p + 4, (uint32_t)(x >> 32));
}

/* As whoever means harm would: the checksum is right again. */
static void sign(unsigned char *head, size_t n)
{
	put64(head + 128, thrum__checksum(head + 136, n - 136,
	                                  thrum__checksum(head, 128, 0)));
}

START_TEST(made_up_heads_lead_nowhere)
{
	static const uint64_t odd[] = { 0, 1, 63, 64, 65, 0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, INT64_MAX, UINT64_MAX };
	static const int at32[] = { 8, 72, 76, 80, 84, 88, 92 };
	static const int at64[] = { 16, 96, 104, 112 };
	int refused = 0;

	for (int i = 0; i < 400; i++) {
		struct sample s;
		struct entry e;
		draw_sample(&s);
		size_t n = s.e.body_at;
		uint64_t file = n + s.e.body_bytes, x = odd[draw(11)];
		if (draw(2))
			put32(s.head + at32[draw(7)], (uint32_t)x);
		else
			put64(s.head + at64[draw(4)], x);
		for (uint64_t k = draw(3); k > 0; k--) /* also shapes */
			s.head[136 + draw(n - 136)] = (unsigned char)draw(256);
		sign(s.head, n);
		int rc = decode(s.head, n, file, &e);
		refused += rc != 0;
		ck_assert(rc == 0 || rc == -EBADMSG || rc == ENTRY_MORE);
		free(s.head);
	}
	ck_assert_int_gt(refused, 100);
}
END_TEST

START_TEST(array_that_does_not_fit_the_body_is_refused)
{
	const size_t shape[2] = { 10, 20 };
	struct entry e = { .name = "f", .host = "", .kind = ENTRY_ARRAYS,
		           .key_text = (const unsigned char *)"",
		           .arrays = 1 };
	thrum_array a = thrum_array_nd(THRUM_F64, NULL, 2, shape, 0);
	unsigned char head[512];
	struct entry out;

	ck_assert_int_eq(thrum__entry_layout(&e, &a), 0);
	e.body_bytes = e.raw_bytes;
	ck_assert_uint_le(e.body_at, sizeof head);
	thrum__entry_encode(head, &e, &a);
	unsigned char *shapes = head + ENTRY_FIXED + 3;
	uint64_t file = e.body_at + e.body_bytes;
	ck_assert_int_eq(decode(head, e.body_at, file, &out), 0);

	const struct { int at; uint64_t value; } lie[] = {
		{ 24, 11 }, { 24, 0 }, { 32, UINT64_MAX }, { 24, UINT64_MAX / 8 },
		{ 24, (uint64_t)1 << 61 }, { 16, 64 }, { 16, UINT64_MAX - 63 },
	};
	for (size_t i = 0; i < sizeof lie / sizeof lie[0]; i++) {
		unsigned char copy[512];
		memcpy(copy, head, sizeof copy);
		put64(copy + (shapes - head) + lie[i].at, lie[i].value);
		sign(copy, e.body_at);
		ck_assert_int_eq(decode(copy, e.body_at, file, &out), -EBADMSG);
	}
}
END_TEST

/* Compressed, their end may be anywhere; the third would begin behind 2^64. */
START_TEST(arrays_that_are_too_large_together_are_refused)
{
	thrum_array a[3];
	struct entry e = { .name = "f", .host = "", .kind = ENTRY_ARRAYS,
		           .key_text = (const unsigned char *)"",
		           .arrays = 3, .pack = ENTRY_ZSTD, .body_bytes = 64 };
	unsigned char head[512];
	struct entry out;

	for (int i = 0; i < 3; i++)
		a[i] = thrum_array_1d(THRUM_U8, NULL, 1);
	ck_assert_int_eq(thrum__entry_layout(&e, a), 0);
	ck_assert_uint_le(e.body_at, sizeof head);
	uint64_t file = e.body_at + e.body_bytes;
	thrum__entry_encode(head, &e, a);
	ck_assert_int_eq(decode(head, e.body_at, file, &out), 0);
	for (int i = 0; i < 3; i++)
		a[i].shape[0] = PTRDIFF_MAX;
	e.raw_bytes = UINT64_MAX;
	thrum__entry_encode(head, &e, a);
	ck_assert_int_eq(decode(head, e.body_at, file, &out), -EBADMSG);
}
END_TEST

START_TEST(what_has_no_room_is_refused)
{
	static char name[ENTRY_NAME_MAX + 1], host[ENTRY_HOST_MAX + 1];
	thrum_array none = { .ndim = -1 };
	thrum_array huge = { .dtype = THRUM_F64, .ndim = 2,
		             .shape = { SIZE_MAX / 4, 4 } };
	struct entry e = { .name = "f", .host = "h", .kind = ENTRY_VALUE };

	thrum_array half = { .dtype = THRUM_F64, .ndim = 1,
		             .shape = { PTRDIFF_MAX / 16 } };
	thrum_array halves[3] = { half, half, half };
	struct entry three = { .name = "f", .host = "h", .kind = ENTRY_ARRAYS,
		               .arrays = 3 };
	int64_t made;

	ck_assert_int_eq(thrum__entry_layout(&three, halves), -EOVERFLOW);
	ck_assert(!thrum__entry_made((const unsigned char *)"THRUM", 5, &made));
	memset(name, 'n', ENTRY_NAME_MAX);
	memset(host, 'h', ENTRY_HOST_MAX);
	ck_assert_int_eq(thrum__entry_layout(&e, NULL), 0);
	e.name = name;
	ck_assert_int_eq(thrum__entry_layout(&e, NULL), -EINVAL);
	e.name = "f";
	e.host = host;
	ck_assert_int_eq(thrum__entry_layout(&e, NULL), -EINVAL);
	e.host = "h";
	e.key_bytes = THRUM_KEY_BYTES + 1;
	ck_assert_int_eq(thrum__entry_layout(&e, NULL), -EINVAL);
	e.key_bytes = 0;
	e.kind = ENTRY_ARRAYS;
	e.arrays = 1;
	ck_assert_int_eq(thrum__entry_layout(&e, &none), -EINVAL);
	ck_assert_int_eq(thrum__entry_layout(&e, &huge), -EOVERFLOW);
}
END_TEST

int main(void)
{
	seed = test_seed();

	Suite *s = suite_create("entry");
	TCase *t = tcase_create("there and back");
	tcase_add_test(t, what_is_encoded_is_decoded);
	tcase_add_test(t, head_is_asked_for_until_it_is_there);
	tcase_add_test(t, what_has_no_room_is_refused);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	t = tcase_create("damage");
	tcase_add_test(t, file_of_another_size_is_refused);
	tcase_add_test(t, each_flipped_bit_of_a_head_is_refused);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	t = tcase_create("harm");
	tcase_add_test(t, made_up_heads_lead_nowhere);
	tcase_add_test(t, array_that_does_not_fit_the_body_is_refused);
	tcase_add_test(t, arrays_that_are_too_large_together_are_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
