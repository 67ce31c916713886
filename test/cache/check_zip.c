/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_zip.c - records of zip archives: written and read, of any size, hostile
 *
 * Records are put into blocks of exactly their length, so that a sanitizer sees
 * a reader that goes on behind them.
 */
#include "config.h"

#include "arrays.h"
#include "zip.h"

static void put(unsigned char *p, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (unsigned char)(value >> 8 * i & 0xff);
}

/* Of any order of magnitude; often at an edge of 32 bits. */
static uint64_t any_size(uint64_t *seed)
{
	switch (below(seed, 4)) {
	case 0:
		return UINT32_MAX - 1 + below(seed, 3);
	case 1:
		return UINT32_MAX - below(seed, 1000);
	default:
		return chance(seed) >> (1 + below(seed, 63));
	}
}

static struct zip_member any_member(uint64_t *seed, char *name)
{
	struct zip_member m = { .name = name, .name_bytes = below(seed, 60),
	                        .method = ZIP_DEFLATE,
	                        .crc = (uint32_t)chance(seed),
	                        .size = any_size(seed),
	                        .packed = any_size(seed), .at = any_size(seed) };
	for (size_t i = 0; i < m.name_bytes; i++)
		name[i] = (char)(1 + below(seed, 255));
	return m;
}

static void *exact(const void *p, size_t n)
{
	void *copy = malloc(n ? n : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, n);
	return copy;
}

START_TEST(central_header_that_is_written_is_read)
{
	uint64_t seed = test_seed();
	for (long i = rounds(20000, 1000000); i > 0; i--) {
		char name[60];
		unsigned char out[60 + ZIP_HEADER_ROOM];
		struct zip_member m = any_member(&seed, name), back;
		size_t n = thrum__zip_central_write(out, &m), used;
		HOLDS(n <= m.name_bytes + ZIP_HEADER_ROOM);
		unsigned char *p = exact(out, n);
		HOLDS(thrum__zip_central_read(p, n, &back, &used) == 0);
		HOLDS(used == n && back.name_bytes == m.name_bytes);
		HOLDS(memcmp(back.name, m.name, m.name_bytes) == 0);
		HOLDS(back.method == m.method && back.crc == m.crc);
		HOLDS(back.size == m.size && back.packed == m.packed);
		HOLDS(back.at == m.at);
		/* Cut short it is refused. */
		size_t less = below(&seed, n);
		unsigned char *q = exact(out, less);
		HOLDS(thrum__zip_central_read(q, less, &back, &used)
		      == THRUM_EBADMSG);
		free(q);
		free(p);
	}
}
END_TEST

START_TEST(local_header_is_found_to_be_the_same)
{
	uint64_t seed = test_seed();
	for (long i = rounds(20000, 1000000); i > 0; i--) {
		char name[60];
		unsigned char out[60 + ZIP_HEADER_ROOM];
		struct zip_member m = any_member(&seed, name);
		bool large = m.size >= UINT32_MAX || m.packed >= UINT32_MAX;
		uint64_t data;
		size_t n = thrum__zip_local_write(out, &m, large);
		HOLDS(n <= m.name_bytes + ZIP_HEADER_ROOM);
		m.at = below(&seed, 1000000);
		uint64_t limit = m.at + n + m.packed;
		unsigned char *p = exact(out, ZIP_LOCAL_BYTES + m.name_bytes);
		HOLDS(thrum__zip_local_read(p, &m, limit, &data) == 0);
		HOLDS(data == m.at + n);
		HOLDS(thrum__zip_local_read(p, &m, limit + 1, &data) == 0);
		HOLDS(thrum__zip_local_read(p, &m, limit - 1, &data)
		      == THRUM_EBADMSG);
		HOLDS(thrum__zip_local_read(p, &m, 0, &data) == THRUM_EBADMSG);
		m.method = ZIP_STORED;
		HOLDS(thrum__zip_local_read(p, &m, limit, &data)
		      == THRUM_EBADMSG);
		m.method = ZIP_DEFLATE;
		if (m.name_bytes > 0) {
			name[0] ^= 1;
			HOLDS(thrum__zip_local_read(p, &m, limit, &data)
			      == THRUM_EBADMSG);
		}
		free(p);
	}
}
END_TEST

START_TEST(end_that_is_written_is_read)
{
	uint64_t seed = test_seed();
	for (long i = rounds(20000, 1000000); i > 0; i--) {
		unsigned char out[ZIP_END_ROOM];
		struct zip_end end = {
			.members = any_size(&seed) >> 20,
			.central_at = any_size(&seed) >> below(&seed, 3)
		}, back;
		if (below(&seed, 3) == 0)
			end.members = 0xfffe + below(&seed, 3);
		end.central_bytes = end.members * (46 + below(&seed, 30));
		uint64_t at = end.central_at + end.central_bytes;
		size_t n = thrum__zip_end_write(out, &end);
		HOLDS(n <= sizeof out);
		unsigned char *p = exact(out, n);
		HOLDS(thrum__zip_end_read(p, n, at, &back) == 0);
		HOLDS(back.members == end.members);
		HOLDS(back.central_at == end.central_at);
		HOLDS(back.central_bytes == end.central_bytes);
		/* The directory ends where the end begins. */
		HOLDS(thrum__zip_end_read(p, n, at + 1, &back)
		      == THRUM_EBADMSG);
		HOLDS(thrum__zip_end_read(p, n - 1, at, &back)
		      == THRUM_EBADMSG);
		free(p);
	}
}
END_TEST

START_TEST(end_is_found_before_a_comment)
{
	const struct zip_end end = { 2, 1000, 200 };
	struct zip_end back;
	for (size_t comment = 0; comment <= 65535; comment += 4369) {
		size_t all = 22 + comment;
		unsigned char *p = malloc(all);
		ck_assert_ptr_nonnull(p);
		memset(p, 'c', all);
		ck_assert_uint_eq(thrum__zip_end_write(p, &end), 22);
		put(p + 20, comment, 2);
		ck_assert_int_eq(thrum__zip_end_read(p, all, 1200, &back), 0);
		ck_assert_uint_eq(back.members, 2);
		/* A byte more or less than the comment's is no archive. */
		ck_assert_int_eq(thrum__zip_end_read(p, all - 1, 1200, &back),
		                 THRUM_EBADMSG);
		free(p);
	}
}
END_TEST

/* The fields of the end, changed one by one. */
START_TEST(ends_that_contradict_themselves_are_refused)
{
	static const struct {
		size_t at;
		int bytes;
		uint64_t value;
		int rc;
	} rows[] = {
		/* The second form, at 0 and 56 bytes long. */
		{ 0, 4, 0, THRUM_EBADMSG },
		{ 16, 4, 1, THRUM_ENOTSUP },
		{ 20, 4, 1, THRUM_ENOTSUP },
		{ 24, 8, 3, THRUM_EBADMSG },
		{ 32, 8, 3, THRUM_EBADMSG },
		{ 40, 8, 201, THRUM_EBADMSG },
		{ 48, 8, UINT64_C(5000000001), THRUM_EBADMSG },
		{ 48, 8, UINT64_MAX, THRUM_EBADMSG },
		{ 40, 8, UINT64_MAX, THRUM_EBADMSG },
		/* The locator, at 56. */
		{ 60, 4, 1, THRUM_ENOTSUP },
		{ 64, 8, 0, THRUM_EBADMSG },
		{ 64, 8, UINT64_C(5000000201), THRUM_EBADMSG },
		{ 64, 8, UINT64_C(5000000256), THRUM_EBADMSG },
		{ 64, 8, UINT64_MAX, THRUM_EBADMSG },
		{ 72, 4, 2, THRUM_ENOTSUP },
		/* The end, at 76. */
		{ 86, 2, 3, THRUM_EBADMSG },
		{ 88, 4, 300, THRUM_EBADMSG },
		{ 92, 4, 7, THRUM_EBADMSG },
	};
	const struct zip_end end = { 2, UINT64_C(5000000000), 200 };
	struct zip_end back;
	unsigned char out[ZIP_END_ROOM];
	size_t n = thrum__zip_end_write(out, &end);
	ck_assert_uint_eq(n, 98);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char *p = exact(out, n);
		ck_assert_int_eq(thrum__zip_end_read(p, n, 5000000200, &back),
		                 0);
		put(p + rows[i].at, rows[i].value, rows[i].bytes);
		ck_assert_msg(thrum__zip_end_read(p, n, 5000000200, &back)
		              == rows[i].rc, "row %zu", i);
		free(p);
	}
}
END_TEST

START_TEST(archives_in_volumes_are_not_supported)
{
	const struct zip_end end = { 2, 1000, 200 };
	static const size_t fields[] = { 4, 6, 8 };
	struct zip_end back;
	for (int i = 0; i < 3; i++) {
		unsigned char p[ZIP_END_ROOM];
		size_t n = thrum__zip_end_write(p, &end);
		put(p + fields[i], 1, 2);
		ck_assert_int_eq(thrum__zip_end_read(p, n, 1200, &back),
		                 THRUM_ENOTSUP);
	}
}
END_TEST

/* Extra fields: what stands before that with the 64 bits, and what is wrong. */
START_TEST(extra_fields_are_read_as_far_as_they_go)
{
	static const struct {
		const char *extra;
		size_t bytes;
		int rc;
	} rows[] = {
		{ "\x01\x00\x08\x00\x39\x30\x00\x00\x00\x00\x00\x00", 12, 0 },
		{ "\x55\x54\x02\x00\xff\xff"
		  "\x01\x00\x08\x00\x39\x30\x00\x00\x00\x00\x00\x00", 18, 0 },
		{ "\x01\x00\x08\x00\x39\x30\x00\x00\x00\x00\x00\x00\x00\x00",
		  14, 0 },
		{ "\x01\x00\x09\x00\x39\x30\x00\x00\x00\x00\x00\x00", 12,
		  THRUM_EBADMSG },
		{ "\x01\x00\x07\x00\x39\x30\x00\x00\x00\x00\x00\x00", 12,
		  THRUM_EBADMSG },
		{ "\x55\x54\xff\xff\x39\x30\x00\x00\x00\x00\x00\x00", 12,
		  THRUM_EBADMSG },
		{ "\x01\x00\x00", 3, THRUM_EBADMSG },
		{ "", 0, THRUM_EBADMSG },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct zip_member m = { .name = "x", .name_bytes = 1 }, back;
		unsigned char out[1 + ZIP_HEADER_ROOM + 20];
		size_t used, n = thrum__zip_central_write(out, &m);
		put(out + 24, UINT32_MAX, 4); /* size: in the extra field */
		put(out + 30, rows[i].bytes, 2);
		memcpy(out + n, rows[i].extra, rows[i].bytes);
		unsigned char *p = exact(out, n + rows[i].bytes);
		int rc = thrum__zip_central_read(p, n + rows[i].bytes, &back,
		                                 &used);
		ck_assert_msg(rc == rows[i].rc, "row %zu: %d", i, rc);
		if (rc == 0)
			ck_assert_uint_eq(back.size, 12345);
		free(p);
	}
}
END_TEST

START_TEST(damaged_records_are_read_to_an_end)
{
	uint64_t seed = test_seed();
	char name[60];
	unsigned char out[60 + ZIP_HEADER_ROOM];
	struct zip_member m = any_member(&seed, name), back;
	struct zip_end end = { 2, UINT64_C(5000000000), 200 }, end_back;
	m.name_bytes = 5;
	m.size = m.at = UINT64_C(1) << 40;
	size_t n = thrum__zip_central_write(out, &m), used;
	for (size_t bit = 0; bit < 8 * n; bit++) {
		unsigned char *p = exact(out, n);
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		int rc = thrum__zip_central_read(p, n, &back, &used);
		ck_assert(rc == THRUM_EBADMSG || (rc == 0 && used <= n));
		free(p);
	}
	n = thrum__zip_end_write(out, &end);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		unsigned char *p = exact(out, n);
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		int rc = thrum__zip_end_read(p, n, 5000000200, &end_back);
		ck_assert(rc == THRUM_EBADMSG || rc == THRUM_ENOTSUP
		          || (rc == 0 && end_back.central_at == end.central_at
		              && end_back.members == end.members));
		free(p);
	}
	for (long i = rounds(50000, 5000000); i > 0; i--) {
		size_t bytes = below(&seed, 200);
		unsigned char *p = malloc(bytes + 1);
		for (size_t k = 0; k < bytes; k++)
			p[k] = below(&seed, 3)
				? (unsigned char)"PK\5\6\6\6\7\1"
					[below(&seed, 8)]
				: (unsigned char)below(&seed, 256);
		unsigned char *q = exact(p, bytes);
		if (thrum__zip_end_read(q, bytes, below(&seed, 300),
		                        &end_back) == 0)
			HOLDS(end_back.central_bytes / 46 >= end_back.members);
		free(q);
		free(p);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("zip");
	TCase *c = tcase_create("written and read");
	tcase_add_test(c, central_header_that_is_written_is_read);
	tcase_add_test(c, local_header_is_found_to_be_the_same);
	tcase_add_test(c, end_that_is_written_is_read);
	tcase_add_test(c, end_is_found_before_a_comment);
	add_test(s, c);
	c = tcase_create("hostile");
	tcase_add_test(c, ends_that_contradict_themselves_are_refused);
	tcase_add_test(c, archives_in_volumes_are_not_supported);
	tcase_add_test(c, extra_fields_are_read_as_far_as_they_go);
	tcase_add_test(c, damaged_records_are_read_to_an_end);
	add_test(s, c);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
