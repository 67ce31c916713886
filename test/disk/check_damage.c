/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_damage.c - an entry whose bytes are not those that were written
 *
 * An entry of exactly 4 KiB is damaged in every way that is short: each of its
 * bits turned over, each length it may be cut to; then made longer, and put in
 * the place of another. A larger one is damaged at random. A reader must get the
 * value or nothing; and a call its value, in all cases.
 */
#include "config.h"

#include "../api/common.h"
#include "disk.h"
#include "proof.h"
#include "scenes.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ENTRY = 4096, LARGE = 100000, TAIL = 600 };

static char top[64];
static thrum_memo *memo;
static thrum_memo_ref ref;
static unsigned long flips, cuts, others, harmless;
static bool full;
static uint64_t seed;

static struct entry {
	char path[PATH_MAX];
	unsigned char *bytes;
	size_t size;
	size_t value_size;
} entry;

static void fill(unsigned char *value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		value[i] = (unsigned char)(1 + (i * 7 + i / 251) % 255);
}

static int compute(void *ctx, void *result)
{
	fill(result, *(size_t *)ctx);
	return 0;
}

static thrum_key key_of(size_t size)
{
	thrum_key key = THRUM_KEY_INIT;
	thrum_key_i64(&key, "size", (int64_t)size);
	return key;
}

/* The largest file in a folder of a folder: that of the entry. What is in the
 * folder itself belongs to all entries. */
static void find_largest(const char *folder, int depth)
{
	DIR *d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[PATH_MAX];
		struct stat st;
		if (e->d_name[0] == '.'
		    || snprintf(path, sizeof path, "%s/%s", folder, e->d_name)
		       >= (int)sizeof path
		    || lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			find_largest(path, depth + 1);
		} else if (depth > 0 && (size_t)st.st_size > entry.size) {
			entry.size = (size_t)st.st_size;
			snprintf(entry.path, sizeof entry.path, "%s", path);
		}
	}
	if (d)
		closedir(d);
}

static void store(size_t value_size)
{
	unsigned char *value = malloc(value_size);
	thrum_key key = key_of(value_size);
	disk_clear(top);
	ck_assert_int_eq(mkdir(top, 0700), 0);
	ck_assert_int_eq(thrum_memo_open(&memo, top, NULL), 0);
	ck_assert_int_eq(thrum_memo_call(memo, SCENE_FN, &key, compute,
		&value_size, value, value_size, 0), 0);
	ck_assert_int_eq(thrum_memo_ref_of(&ref, SCENE_FN, &key), 0);
	free(value);
	entry = (struct entry){ .value_size = value_size };
	find_largest(top, 0);
	entry.bytes = malloc(entry.size + TAIL);
	int fd = open(entry.path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, entry.bytes, entry.size), entry.size);
	close(fd);
}

static void done(void)
{
	thrum_memo_close(memo);
	memo = NULL;
	free(entry.bytes);
	disk_clear(top);
}

static void put(const unsigned char *bytes, size_t size)
{
	int fd = open(entry.path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), size);
	close(fd);
}

/* @return 1 if the reader had the value, 0 if it had nothing. */
static int read_back(void)
{
	static unsigned char value[LARGE], right[LARGE];
	memset(value, 0, entry.value_size);
	fill(right, entry.value_size);
	int rc = thrum_memo_get(memo, &ref, value, entry.value_size);
	if (rc == THRUM_ENOENT)
		return 0;
	ck_assert_int_eq(rc, 0);
	ck_assert_mem_eq(value, right, entry.value_size);
	return 1;
}

/* A call has its value, whatever lies there. */
static void call_back(void)
{
	static unsigned char value[LARGE], right[LARGE];
	thrum_key key = key_of(entry.value_size);
	memset(value, 0, entry.value_size);
	fill(right, entry.value_size);
	ck_assert_int_eq(thrum_memo_call(memo, SCENE_FN, &key, compute,
		&entry.value_size, value, entry.value_size, 0), 0);
	ck_assert_mem_eq(value, right, entry.value_size);
}

/* What an entry is more than its value decides how large that must be. */
static void store_4096(void)
{
	store(3000);
	size_t more = entry.size - entry.value_size;
	done();
	for (size_t n = ENTRY - more; n > 0 && n > ENTRY - more - 128; n--) {
		store(n);
		if (entry.size == ENTRY)
			return;
		done();
	}
	ck_abort_msg("no value makes an entry of 4096 bytes");
}

START_TEST(a_bit_that_turned_over_is_a_miss_or_changes_nothing)
{
	store_4096();
	for (size_t bit = 0; bit < 8 * entry.size; bit++) {
		entry.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		put(entry.bytes, entry.size);
		harmless += (unsigned long)read_back();
		if (bit % 64 == 0)
			call_back();
		entry.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		flips++;
	}
	put(entry.bytes, entry.size);
	ck_assert_int_eq(read_back(), 1);
	done();
	/* What none of the checks covers is for stamps. */
	ck_assert_uint_le(harmless, 8 * 64);
}
END_TEST

START_TEST(an_entry_cut_short_is_missing)
{
	store_4096();
	for (size_t n = 0; n < entry.size; n++) {
		put(entry.bytes, n);
		ck_assert_int_eq(read_back(), 0);
		if (n % 64 == 0)
			call_back();
		cuts++;
	}
	done();
}
END_TEST

START_TEST(an_entry_with_more_behind_is_missing)
{
	store_4096();
	for (size_t n = 1; n < TAIL; n += 7) {
		memset(entry.bytes + entry.size, (int)n % 2, n);
		put(entry.bytes, entry.size + n);
		ck_assert_int_eq(read_back(), 0);
		others++;
	}
	done();
}
END_TEST

START_TEST(an_entry_in_the_place_of_another_is_missing)
{
	store(1000);
	unsigned char *bytes = malloc(entry.size);
	size_t size = entry.size;
	memcpy(bytes, entry.bytes, size);
	done();
	store(2000);
	put(bytes, size);
	free(bytes);
	ck_assert_int_eq(read_back(), 0);
	call_back();
	ck_assert_int_eq(read_back(), 1);
	others++;
	done();
}
END_TEST

/* Some bytes, a stretch of zeros, or a stretch that lies elsewhere. */
static void damage(unsigned char *bytes)
{
	size_t at = disk_draw(&seed, entry.size);
	size_t n = 1 + disk_draw(&seed, 5000), from;
	if (n > entry.size - at)
		n = entry.size - at;
	switch (disk_draw(&seed, 3)) {
	case 0:
		for (size_t i = 1 + disk_draw(&seed, 8); i > 0; i--)
			bytes[disk_draw(&seed, entry.size)] ^=
				(unsigned char)(1 + disk_draw(&seed, 255));
		break;
	case 1:
		memset(bytes + at, 0, n);
		break;
	default:
		from = disk_draw(&seed, entry.size - n + 1);
		memmove(bytes + at, bytes + from, n);
	}
}

START_TEST(a_large_entry_that_was_damaged_anyhow_is_missing_or_right)
{
	store(LARGE);
	unsigned char *bytes = malloc(entry.size);
	for (long i = full ? 1000000 : 10000; i > 0; i--) {
		memcpy(bytes, entry.bytes, entry.size);
		damage(bytes);
		put(bytes, entry.size);
		read_back();
		others++;
	}
	free(bytes);
	done();
}
END_TEST

int main(void)
{
	full = proof_full();
	seed = test_seed();
	if (!disk_temporary(top))
		return 1;

	Suite *s = suite_create("damage");
	TCase *c = tcase_create("one entry");
	tcase_set_timeout(c, full ? 120 : 10);
	tcase_add_test(c, a_bit_that_turned_over_is_a_miss_or_changes_nothing);
	tcase_add_test(c, an_entry_cut_short_is_missing);
	tcase_add_test(c, an_entry_with_more_behind_is_missing);
	tcase_add_test(c, an_entry_in_the_place_of_another_is_missing);
	tcase_add_test(c,
		a_large_entry_that_was_damaged_anyhow_is_missing_or_right);
	suite_add_tcase(s, c);
	int wrong = proof_run(s);
	disk_clear(top);

	bool reached = wrong == 0 && flips == 8 * ENTRY && cuts == ENTRY;
	printf("# %lu bits of stamps, which no value depends on\n", harmless);
	printf("FIGURE P14 %lu %d %s bits of an entry turned over, and %lu "
	       "other damages: a miss or the value\n", flips, 8 * ENTRY,
	       reached ? "ok" : "MISSED", cuts + others);
	return !reached;
}
