/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memos.h - stores to try things on, and functions that count their runs
 *
 * The counts are in memory that a process shares with its children.
 */
#ifndef THRUM__TEST_CACHE_MEMOS_H
#define THRUM__TEST_CACHE_MEMOS_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thrum/memo.h>
#include <thrum/pool.h>
#include <time.h>
#include <unistd.h>

static char the_dir[PATH_MAX]; /* of this test */
static int *runs;              /* of counted functions */

static inline int remove_one(const char *path, const struct stat *st, int type,
                             struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	(void)remove(path);
	return 0;
}

static inline void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void new_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(the_dir, sizeof the_dir, "%s/thrum-memo-XXXXXX",
	         tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(the_dir));
	runs = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(runs != MAP_FAILED);
}

static inline void drop_dir(void)
{
	remove_tree(the_dir);
	munmap(runs, 4096);
}

static inline thrum_memo *open_memo(const thrum_memo_opts *opts)
{
	thrum_memo *m = NULL;
	ck_assert_int_eq(thrum_memo_open(&m, the_dir, opts), 0);
	ck_assert_ptr_nonnull(m);
	return m;
}

static inline thrum_key key_of(int64_t x)
{
	thrum_key key = THRUM_KEY_INIT;
	thrum_key_i64(&key, "x", x);
	return key;
}

static inline void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&t, &t) != 0)
		;
}

static inline void count_run(void)
{
	__atomic_fetch_add(runs, 1, __ATOMIC_RELAXED);
}

static inline int counted_runs(void)
{
	return __atomic_load_n(runs, __ATOMIC_RELAXED);
}

/* x -> 3 x + 1, counted. */
static inline int triple(void *ctx, void *result)
{
	count_run();
	*(int64_t *)result = 3 * *(const int64_t *)ctx + 1;
	return 0;
}

/* The result for x, which must be right. */
static inline int64_t ask_flags(thrum_memo *m, int64_t x, unsigned version,
                                unsigned flags)
{
	thrum_key key = key_of(x);
	int64_t y = -1;

	ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("triple", version), &key,
	                                 triple, &x, &y, sizeof y, flags), 0);
	ck_assert_int_eq(y, 3 * x + 1);
	return y;
}

static inline void ask(thrum_memo *m, int64_t x)
{
	(void)ask_flags(m, x, 1, 0);
}

static inline bool has(thrum_memo *m, int64_t x)
{
	thrum_key key = key_of(x);
	return thrum_memo_contains(m, THRUM_FN("triple", 1), &key);
}

static inline thrum_memo_stats stats_of(thrum_memo *m)
{
	thrum_memo_stats s;
	ck_assert_int_eq(thrum_memo_get_stats(m, &s, sizeof s), 0);
	return s;
}

/* Files below the_dir whose names are of that length: 64 those of entries. */
static inline int find_files(size_t length, char (*path)[PATH_MAX], int most)
{
	int n = 0;

	for (int shard = 0; shard < 256; shard++) {
		char dir[PATH_MAX];
		snprintf(dir, sizeof dir, "%.4000s/%02x", the_dir,
		         (unsigned)shard);
		DIR *d = opendir(dir);
		for (struct dirent *e; d && (e = readdir(d)) != NULL;)
			if (strlen(e->d_name) == length
			    && e->d_name[0] != '.' && n < most)
				snprintf(path[n++], PATH_MAX, "%.4000s/%.90s",
				         dir, e->d_name);
		if (d)
			closedir(d);
	}
	return n;
}

static inline int entries_there(void)
{
	static char path[4096][PATH_MAX];
	return find_files(64, path, 4096);
}

/* The one entry there is. */
static inline void the_entry(char path[PATH_MAX])
{
	static char found[2][PATH_MAX];
	ck_assert_int_eq(find_files(64, found, 2), 1);
	memcpy(path, found[0], PATH_MAX);
}

static inline size_t read_file(const char *path, unsigned char *out,
                               size_t room)
{
	FILE *f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	size_t n = fread(out, 1, room, f);
	fclose(f);
	return n;
}

static inline void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, bytes, n), (int)n);
	close(fd);
}

/* A case of laws, each with a store of its own. */
static inline TCase *new_case(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);
	tcase_add_checked_fixture(c, new_dir, drop_dir);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
	return c;
}

static inline int run_laws(Suite *s)
{
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	thrum_shutdown(); /* where laws are run in this process */
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
