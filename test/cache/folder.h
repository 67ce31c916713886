/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* folder.h - a folder for the files of a test, and files at one go */
#ifndef THRUM__TEST_FOLDER_H
#define THRUM__TEST_FOLDER_H

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "arrays.h"

/* Where golden files are; folder_enter sets it. */
static char golden_folder[PATH_MAX];
static char folder_name[PATH_MAX];
static int folder_before = -1;

/* A checked fixture: the test runs in an empty folder of its own. */
static inline void folder_enter(void)
{
	const char *source = getenv("srcdir"), *tmp = getenv("TMPDIR");
	char here[PATH_MAX / 2];
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	snprintf(golden_folder, sizeof golden_folder, "%s/%s/test/data/npy",
	         source && *source == '/' ? "" : here, source ? source : ".");
	snprintf(folder_name, sizeof folder_name, "%s/thrum-test-XXXXXX",
	         tmp && *tmp ? tmp : "/tmp");
	folder_before = open(".", O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(folder_before, 0);
	ck_assert_ptr_nonnull(mkdtemp(folder_name));
	ck_assert_int_eq(chdir(folder_name), 0);
}

static inline void folder_leave(void)
{
	DIR *d = opendir(".");
	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		unlink(e->d_name);
	closedir(d);
	ck_assert_int_eq(fchdir(folder_before), 0);
	close(folder_before);
	ck_assert_msg(rmdir(folder_name) == 0, "left in %s", folder_name);
}

static inline void write_file(const char *path, const void *p, size_t size)
{
	FILE *f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, size, f), size);
	ck_assert_int_eq(fclose(f), 0);
}

/* To be freed. */
static inline unsigned char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "cannot open %s", path);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	long n = ftell(f);
	ck_assert_int_ge(n, 0);
	rewind(f);
	unsigned char *p = malloc((size_t)n + 1);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(fread(p, 1, (size_t)n, f), (size_t)n);
	fclose(f);
	*size = (size_t)n;
	return p;
}

/* Of a golden file; good until the next. */
static inline const char *golden(const char *name)
{
	static char path[PATH_MAX + 300];
	snprintf(path, sizeof path, "%s/%s", golden_folder, name);
	return path;
}

/* The elements are those of @p want, in the order of their indices. */
static inline void check_same(const thrum_array *got, const thrum_array *want)
{
	size_t size = thrum_dtype_size(want->dtype), n = elements_of(want);
	ck_assert_int_eq(got->dtype, want->dtype);
	ck_assert_int_eq(got->ndim, want->ndim);
	for (int d = 0; d < want->ndim; d++)
		ck_assert_uint_eq(got->shape[d], want->shape[d]);
	for (size_t k = 0; k < n; k++)
		HOLDS(memcmp(element(got, k), element(want, k), size) == 0);
}

#endif
