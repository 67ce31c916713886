/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_npz.c - archives of arrays: ours, NumPy's, damaged and hostile ones
 *
 * Hostile archives are put together from the records of lib/cache/zip.c, with
 * one thing wrong. A method that is not in this build is told as skipped.
 */
#include "config.h"

#include <errno.h>
#include <thrum.h>
#include <thrum/npy.h>

#include "codec.h"
#include "crc32.h"
#include "file.h"
#include "folder.h"
#include "zip.h"

static bool is_built(int compress)
{
	if (compress == 0 || thrum__codec_of(compress))
		return true;
	printf("# SKIP method %d: not in this build\n", compress);
	return false;
}

START_TEST(what_was_dumped_is_loaded)
{
	enum { N = 9 };
	uint64_t seed = test_seed();
	if (!is_built(_i))
		return;
	for (long i = rounds(60, 3000); i > 0; i--) {
		void *memory[N];
		thrum_array a[N], b;
		char name[N][20];
		const char *names[N];
		size_t n = below(&seed, N + 1);
		for (size_t k = 0; k < n; k++) {
			thrum_dtype dtype = (thrum_dtype)
				(1 + below(&seed, DTYPES));
			a[k] = random_array(&seed, dtype, 2000, &memory[k]);
			if (below(&seed, 8) == 0) /* a header, no elements */
				a[k].shape[0] = 0;
			snprintf(name[k], sizeof name[k], "%s%zu",
			         k % 2 ? "ε/" : "array ", k);
			names[k] = name[k];
		}
		ck_assert_int_eq(thrum_npz_dump("a.npz", n, names, a,
			THRUM_NPY_OPTS(.compress = _i, .n_jobs = 2,
			               .level = _i ? 1 : 0)), 0);
		for (size_t k = 0; k < n; k++) {
			ck_assert_int_eq(thrum_npz_load("a.npz", names[k], &b,
			                                NULL), 0);
			check_same(&b, &a[k]);
			thrum_array_release(&b);
			free(memory[k]);
		}
		ck_assert_int_eq(thrum_npz_load("a.npz", "other", &b, NULL),
		                 THRUM_ENOENT);
		ck_assert_int_eq(entries("."), 1);
	}
}
END_TEST

START_TEST(archives_are_alike_by_any_number_of_workers)
{
	const char *const names[] = { "whole", "columns" };
	const size_t shape[] = { 1001, 401 };
	uint32_t *x = malloc(sizeof *x * 1001 * 401);
	thrum_array a[2], b;
	size_t size, first_size = 0;
	unsigned char *first = NULL;
	if (!is_built(_i))
		return;
	for (size_t i = 0; i < (size_t)1001 * 401; i++)
		x[i] = (uint32_t)(i * i >> 7);
	a[0] = thrum_array_nd(THRUM_U32, x, 2, shape, 0);
	a[1] = a[0];
	a[1].shape[1] = 390;
	for (int n_jobs = 1; n_jobs <= 4; n_jobs++) {
		const thrum_npy_opts *o = THRUM_NPY_OPTS(.n_jobs = n_jobs,
		                                         .compress = _i);
		ck_assert_int_eq(thrum_npz_dump("a.npz", 2, names, a, o), 0);
		for (int k = 0; k < 2; k++) {
			ck_assert_int_eq(thrum_npz_load("a.npz", names[k], &b,
				THRUM_NPY_OPTS(.n_jobs = n_jobs)), 0);
			check_same(&b, &a[k]);
			thrum_array_release(&b);
		}
		unsigned char *p = read_file("a.npz", &size);
		if (first) {
			ck_assert_uint_eq(size, first_size);
			HOLDS(memcmp(p, first, size) == 0);
			free(p);
		} else {
			first = p;
			first_size = size;
		}
	}
	free(first);
	free(x);
}
END_TEST

START_TEST(golden_archives_hold_what_numpy_saved)
{
	static const char *const names[] = { "f8", "i2", "half_ε" };
	static const char *const golden_names[] = { "le_f8_c.npy",
	                                            "le_i2_c.npy",
	                                            "le_f2_c.npy" };
	if (!is_built(_i))
		return;
	for (int k = 0; k < 3; k++) {
		thrum_array a, b;
		ck_assert_int_eq(thrum_npz_load(golden(_i ? "deflated.npz"
		                                          : "stored.npz"),
		                                names[k], &a, NULL), 0);
		ck_assert_int_eq(thrum_npy_load(golden(golden_names[k]), &b,
		                                NULL), 0);
		ck_assert_int_eq(a.ndim, k == 1 ? 1 : 2);
		ck_assert_uint_eq(elements_of(&a), 6);
		ck_assert_mem_eq(a.data, b.data,
		                 6 * thrum_dtype_size(b.dtype));
		thrum_array_release(&a);
		thrum_array_release(&b);
	}
}
END_TEST

static void small_archive(int compress)
{
	static const int16_t x[2][5] = { { 1, 1, 1, 1, -2 },
	                                 { 1, 1, 1, 1, 77 } };
	const size_t shape[] = { 2, 5 };
	const char *const names[] = { "one", "two" };
	thrum_array a[] = { thrum_array_nd(THRUM_I16, x, 2, shape, 0),
	                    thrum_array_1d(THRUM_I16, x, 3) };
	ck_assert_int_eq(thrum_npz_dump("a.npz", 2, names, a,
	                                THRUM_NPY_OPTS(.compress = compress)),
	                 0);
}

/* An error, or what small_archive put in. */
static int check_small(void)
{
	static const int16_t want[] = { 1, 1, 1, 1, -2, 1, 1, 1, 1, 77 };
	thrum_array a;
	int rc = thrum_npz_load("b.npz", "one", &a, NULL);
	if (rc)
		return rc;
	HOLDS(a.dtype == THRUM_I16 && a.ndim == 2);
	HOLDS(a.shape[0] == 2 && a.shape[1] == 5);
	HOLDS(memcmp(a.data, want, sizeof want) == 0);
	thrum_array_release(&a);
	return 0;
}

START_TEST(archive_cut_short_is_refused)
{
	size_t size;
	if (!is_built(_i))
		return;
	small_archive(_i);
	unsigned char *p = read_file("a.npz", &size);
	for (size_t n = 0; n < size; n++) {
		write_file("b.npz", p, n);
		ck_assert_int_eq(check_small(), THRUM_EBADMSG);
	}
	write_file("b.npz", p, size);
	ck_assert_int_eq(check_small(), 0);
	free(p);
}
END_TEST

START_TEST(every_flipped_bit_gives_an_error_or_the_same)
{
	size_t size;
	int refused = 0;
	if (!is_built(_i))
		return;
	small_archive(_i);
	unsigned char *p = read_file("a.npz", &size);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		write_file("b.npz", p, size);
		refused += check_small() != 0;
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	/* All of the data, names, sizes and sums. */
	ck_assert_int_gt(refused, 800);
	free(p);
}
END_TEST

/* A member as it is to stand in an archive, and how it is told there. */
struct spec {
	const char *name, *central_name; /* the same if that is NULL */
	const void *data;
	size_t bytes;
	struct zip_member m; /* .size, .packed 0: .bytes */
	unsigned char flags; /* of the lower eight, in the directory */
};

static void write_archive(const char *path, const struct spec *spec, size_t n)
{
	unsigned char *p = calloc(1, 1 << 20);
	size_t at = 0, central = 0;
	unsigned char directory[4096];
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < n; i++) {
		struct zip_member m = spec[i].m;
		m.name = spec[i].name;
		m.name_bytes = strlen(m.name);
		m.size = m.size ? m.size : spec[i].bytes;
		m.packed = m.packed ? m.packed : spec[i].bytes;
		m.at = at;
		at += thrum__zip_local_write(p + at, &m, false);
		memcpy(p + at, spec[i].data, spec[i].bytes);
		at += spec[i].bytes;
		m.name = spec[i].central_name ? spec[i].central_name : m.name;
		size_t more = thrum__zip_central_write(directory + central, &m);
		directory[central + 8] |= spec[i].flags;
		central += more;
	}
	memcpy(p + at, directory, central);
	const struct zip_end end = { n, at, central };
	size_t size = at + central;
	size += thrum__zip_end_write(p + size, &end);
	write_file(path, p, size);
	free(p);
}

/* Each row: the golden vector as a member, with one thing wrong. */
START_TEST(hostile_members_are_refused)
{
	size_t size;
	unsigned char *p = read_file(golden("vector.npy"), &size);
	const uint32_t crc = thrum__crc32(0, p, size);
	const struct spec good = { .name = "a.npy", .data = p, .bytes = size,
	                           .m = { .crc = crc } };
	struct spec s[2];
	thrum_array a;

#define LOADS(rc) \
	ck_assert_int_eq(thrum_npz_load("a.npz", "a", &a, NULL), (rc))
	s[0] = good;
	write_archive("a.npz", s, 1);
	LOADS(0);
	ck_assert_uint_eq(((uint16_t *)a.data)[6], 6);
	thrum_array_release(&a);

	s[0].m.crc ^= 1;
	write_archive("a.npz", s, 1);
	LOADS(THRUM_EBADMSG);
	s[0] = good;
	s[0].m.size = size - 1;
	write_archive("a.npz", s, 1);
	LOADS(THRUM_EBADMSG);
	s[0] = good;
	s[0].m.size = s[0].m.packed = size - 1;
	write_archive("a.npz", s, 1);
	LOADS(THRUM_EBADMSG);
	s[0] = good;
	s[0].m.size = s[0].m.packed = UINT32_MAX - 1;
	write_archive("a.npz", s, 1);
	LOADS(THRUM_EBADMSG);
	s[0] = good;
	s[0].m.method = 12; /* bzip2 */
	write_archive("a.npz", s, 1);
	LOADS(THRUM_ENOTSUP);
	s[0] = good;
	s[0].flags = 1; /* encrypted */
	write_archive("a.npz", s, 1);
	LOADS(THRUM_ENOTSUP);
	s[0] = good;
	s[0].central_name = "b.npy";
	write_archive("a.npz", s, 1);
	LOADS(THRUM_ENOENT);
	ck_assert_int_eq(thrum_npz_load("a.npz", "b", &a, NULL),
	                 THRUM_EBADMSG);
	/* Two of a name, and a byte behind the array. */
	s[0] = s[1] = good;
	write_archive("a.npz", s, 2);
	LOADS(THRUM_EBADMSG);
	unsigned char *more = calloc(1, size + 1);
	memcpy(more, p, size);
	s[0].data = more;
	s[0].bytes = size + 1;
	s[0].m.crc = thrum__crc32(0, more, size + 1);
	write_archive("a.npz", s, 1);
	LOADS(THRUM_EBADMSG);
	/* No array, and an archive in the archive. */
	s[0] = good;
	s[0].data = "not an array";
	s[0].bytes = 12;
	s[0].m.crc = thrum__crc32(0, s[0].data, 12);
	write_archive("a.npz", s, 1);
	LOADS(THRUM_EBADMSG);
	free(more);
	free(p);
}
END_TEST

/* Ten bytes that ask for 128 MiB before anything comes out. */
START_TEST(frame_with_a_large_window_takes_no_memory)
{
	static const unsigned char frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00,
		                               0x88, 0x02, 0x00, 0x00, 0x01 };
	const struct spec s = { .name = "a.npy", .data = frame,
	                        .bytes = sizeof frame,
	                        .m = { .method = 93, .size = 40 } };
	thrum_array a;

	write_archive("a.npz", &s, 1);
	LOADS(THRUM_ENOTSUP); /* built with zstd or not */
}
END_TEST

/* Compressed data that do not end with the array, or lie about its size. */
START_TEST(hostile_compressed_members_are_refused)
{
	size_t size, packed;
	if (!is_built(_i))
		return;
	const struct codec *codec = thrum__codec_of(_i);
	unsigned char *p = read_file(golden("vector.npy"), &size);
	unsigned char *q = calloc(1, codec->room(size) + size + 100);
	struct spec s = { .name = "a.npy", .data = q };
	thrum_array a;

	ck_assert_int_eq(codec->pack(1, true, p, size, q, &packed), 0);
	s.m = (struct zip_member){ .method = codec->method, .size = size,
	                           .crc = thrum__crc32(0, p, size) };
	const struct zip_member good = s.m;
	s.bytes = packed;
	write_archive("a.npz", &s, 1);
	LOADS(0);
	thrum_array_release(&a);
	/* A byte behind the end; and before it. */
	s.bytes = packed + 1;
	write_archive("a.npz", &s, 1);
	LOADS(THRUM_EBADMSG);
	for (size_t n = 1; n < packed; n++) {
		s.bytes = n;
		write_archive("a.npz", &s, 1);
		LOADS(THRUM_EBADMSG);
	}
	/* Less than was announced, and more. */
	s.bytes = packed;
	s.m.size = size + 1;
	write_archive("a.npz", &s, 1);
	LOADS(THRUM_EBADMSG);
	s.m = good;
	ck_assert_int_eq(codec->pack(1, true, p, size - 1, q, &packed), 0);
	s.bytes = packed;
	write_archive("a.npz", &s, 1);
	LOADS(THRUM_EBADMSG);
	unsigned char *more = calloc(1, size + 1);
	memcpy(more, p, size);
	ck_assert_int_eq(codec->pack(1, true, more, size + 1, q, &packed), 0);
	s.bytes = packed;
	write_archive("a.npz", &s, 1);
	LOADS(THRUM_EBADMSG);
	/* More than so few bytes can hold: no memory is asked for. */
	s.m.size = UINT64_C(1) << 50;
	write_archive("a.npz", &s, 1);
	LOADS(THRUM_EBADMSG);
	free(more);
	free(q);
	free(p);
}
END_TEST

START_TEST(archive_is_the_whole_file)
{
	size_t size;
	small_archive(0);
	unsigned char *p = read_file("a.npz", &size);
	unsigned char *q = calloc(1, size + 10);
	memcpy(q, p, size);
	write_file("b.npz", q, size + 1);
	ck_assert_int_eq(check_small(), THRUM_EBADMSG);
	memcpy(q + 1, p, size);
	write_file("b.npz", q, size + 1);
	ck_assert_int_eq(check_small(), THRUM_EBADMSG);
	/* But for a comment, if its length is told. */
	memcpy(q, p, size);
	q[size - 2] = 7;
	memcpy(q + size, "comment", 7);
	write_file("b.npz", q, size + 7);
	ck_assert_int_eq(check_small(), 0);
	free(q);
	free(p);
}
END_TEST

START_TEST(names_that_cannot_be_are_refused)
{
	static char long_name[65533];
	const double x[] = { 1 };
	const thrum_array a[] = { thrum_array_1d(THRUM_F64, x, 1),
	                          thrum_array_1d(THRUM_F64, x, 1) };
	static const char *const bad[] = {
		"", "\x80", "\xc0\x80", "\xc3", "\xc3(", "\xed\xa0\x80",
		"\xe0\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xff",
		"\xf5\x80\x80\x80", NULL
	};
	static const char *const good[] = { "a", ".", "../x", "\xc3\xa9",
	                                    "\xf4\x8f\xbf\xbf", "a\nb" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_int_eq(thrum_npz_dump("a.npz", 1, &bad[i], a, NULL),
		                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_npz_dump("a.npz", 1, NULL, a, NULL),
	                 THRUM_EINVAL);
	const char *twice[] = { "a", "a" };
	ck_assert_int_eq(thrum_npz_dump("a.npz", 2, twice, a, NULL),
	                 THRUM_EINVAL);
	memset(long_name, 'n', sizeof long_name - 1);
	twice[0] = long_name;
	ck_assert_int_eq(thrum_npz_dump("a.npz", 2, twice, a, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(entries("."), 0);
	long_name[65531] = '\0';
	thrum_array b;
	ck_assert_int_eq(thrum_npz_dump("a.npz", 2, twice, a, NULL), 0);
	ck_assert_int_eq(thrum_npz_load("a.npz", long_name, &b, NULL), 0);
	thrum_array_release(&b);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_int_eq(thrum_npz_dump("a.npz", 1, &good[i], a, NULL),
		                 0);
		ck_assert_int_eq(thrum_npz_load("a.npz", good[i], &b, NULL), 0);
		thrum_array_release(&b);
	}
	ck_assert_int_eq(entries("."), 1);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
	const double x[] = { 1 };
	const char *const name = "a";
	thrum_array a = thrum_array_1d(THRUM_F64, x, 1), b;
	static const struct {
		int compress, level, rc;
	} rows[] = {
		{ 3, 0, THRUM_EINVAL }, { -1, 0, THRUM_EINVAL },
		{ 0, 1, THRUM_EINVAL }, { THRUM_ZLIB, 10, THRUM_EINVAL },
		{ THRUM_ZLIB, -1, THRUM_EINVAL },
		{ THRUM_ZSTD, 20, THRUM_EINVAL },
		{ THRUM_ZLIB, 9, 0 }, { THRUM_ZSTD, 19, 0 }
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int rc = rows[i].rc;
		bool built = rows[i].compress < 1 || rows[i].compress > 2
		             || thrum__codec_of(rows[i].compress);
		ck_assert_int_eq(thrum_npz_dump("a.npz", 1, &name, &a,
			THRUM_NPY_OPTS(.compress = rows[i].compress,
			               .level = rows[i].level)),
			built ? rc : THRUM_ENOTSUP);
	}
	ck_assert_int_eq(thrum_npz_dump(NULL, 1, &name, &a, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_npz_dump("a.npz", 1, &name, NULL, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_npz_load(NULL, "a", &b, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npz_load("a.npz", NULL, &b, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_npz_load("a.npz", "a", NULL, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(thrum_npz_load("none.npz", "a", &b, NULL),
	                 THRUM_ENOENT);
	ck_assert_int_eq(thrum_npz_load("a.npz", "a", &b,
		THRUM_NPY_OPTS(.compress = THRUM_ZLIB)), THRUM_EINVAL);
}
END_TEST

/* More members than 16 bits can count, and a directory of several windows. */
START_TEST(archive_of_many_members_is_read)
{
	enum { N = 70000 };
	thrum_array *a = calloc(N, sizeof *a), b;
	char (*name)[12] = calloc(N, sizeof *name);
	const char **names = calloc(N, sizeof *names);
	int *x = calloc(N, sizeof *x);
	ck_assert(a && name && names && x);
	for (int i = 0; i < N; i++) {
		x[i] = i;
		a[i] = thrum_array_nd(THRUM_I32, &x[i], 0, NULL, 0);
		snprintf(name[i], sizeof name[i], "%d", i);
		names[i] = name[i];
	}
	ck_assert_int_eq(thrum_npz_dump("a.npz", N, names, a, NULL), 0);
	for (int i = 0; i < N; i += 9999) {
		ck_assert_int_eq(thrum_npz_load("a.npz", names[i], &b, NULL),
		                 0);
		ck_assert_int_eq(*(int *)b.data, i);
		thrum_array_release(&b);
	}
	ck_assert_int_eq(thrum_npz_load("a.npz", "70000", &b, NULL),
	                 THRUM_ENOENT);
	free(a);
	free(name);
	free(names);
	free(x);
}
END_TEST

/* A first member of 5 GiB that are not on the disk, and one behind it. */
START_TEST(members_past_four_gib_are_found)
{
	const uint64_t hole = UINT64_C(5) << 30;
	size_t size;
	unsigned char *p = read_file(golden("vector.npy"), &size);
	struct zip_member m[] = {
		{ .name = "large.npy", .name_bytes = 9, .size = hole,
		  .packed = hole },
		{ .name = "a.npy", .name_bytes = 5, .size = size,
		  .packed = size, .crc = thrum__crc32(0, p, size) }
	};
	unsigned char head[2][100], directory[400];
	size_t bytes[2], central = 0;
	thrum_array a;
	bytes[0] = thrum__zip_local_write(head[0], &m[0], true);
	m[1].at = bytes[0] + hole;
	bytes[1] = thrum__zip_local_write(head[1], &m[1], false);
	for (int i = 0; i < 2; i++)
		central += thrum__zip_central_write(directory + central, &m[i]);
	uint64_t at = m[1].at + bytes[1] + size;
	const struct zip_end end = { 2, at, central };
	central += thrum__zip_end_write(directory + central, &end);

	int fd = open("a.npz", O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	if (ftruncate(fd, (off_t)hole) != 0) {
		printf("# SKIP 5 GiB: no sparse files here\n");
	} else {
		for (int i = 0; i < 2; i++)
			ck_assert_int_eq(thrum__file_write_at(fd, head[i],
				bytes[i], m[i].at), 0);
		ck_assert_int_eq(thrum__file_write_at(fd, p, size,
			m[1].at + bytes[1]), 0);
		ck_assert_int_eq(thrum__file_write_at(fd, directory, central,
		                                      at), 0);
		ck_assert_int_eq(thrum_npz_load("a.npz", "a", &a, NULL), 0);
		ck_assert_uint_eq(((uint16_t *)a.data)[6], 6);
		thrum_array_release(&a);
		/* It has no header of an array, but that is looked for. */
		ck_assert_int_eq(thrum_npz_load("a.npz", "large", &a, NULL),
		                 THRUM_EBADMSG);
	}
	close(fd);
	free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("npz");
	TCase *c = tcase_create("round trip");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_loop_test(c, what_was_dumped_is_loaded, 0, 3);
	tcase_add_loop_test(c, archives_are_alike_by_any_number_of_workers, 0,
	                    3);
	tcase_add_loop_test(c, golden_archives_hold_what_numpy_saved, 0, 2);
	tcase_add_test(c, archive_of_many_members_is_read);
	tcase_add_test(c, members_past_four_gib_are_found);
	add_test(s, c);
	c = tcase_create("hostile");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_loop_test(c, archive_cut_short_is_refused, 0, 3);
	tcase_add_loop_test(c, every_flipped_bit_gives_an_error_or_the_same, 0,
	                    3);
	tcase_add_test(c, hostile_members_are_refused);
	tcase_add_test(c, frame_with_a_large_window_takes_no_memory);
	tcase_add_loop_test(c, hostile_compressed_members_are_refused, 1, 3);
	tcase_add_test(c, archive_is_the_whole_file);
	add_test(s, c);
	c = tcase_create("arguments");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_test(c, names_that_cannot_be_are_refused);
	tcase_add_test(c, bad_arguments_are_refused);
	add_test(s, c);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
