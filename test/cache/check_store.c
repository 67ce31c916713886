/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_store.c - a damaged, planted or refused file costs a run, no more
 *
 * Damage, by the public interface: each bit and each length of an entry of 4 KiB,
 * entries under each other's names, and whatever is no entry in the place of
 * one. Whose directory is used, and that links in it lead nowhere. Disks that are
 * full, directories that vanish, drafts of killed writers.
 */
#include "config.h"

#include "memos.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Damage. An entry of exactly 4096 bytes, whose value is asked for again and
 * again with THRUM_NO_STORE, so that it stays as it is. */
enum { ENTRY = 4096, ROOM = 8192 };

static size_t block_bytes = 3000;

static int fill_block(void *ctx, void *result)
{
	(void)ctx;
	count_run();
	for (size_t i = 0; i < block_bytes; i++)
		((unsigned char *)result)[i] = (unsigned char)(i * 7 + 1);
	return 0;
}

static void ask_block(thrum_memo *m, unsigned flags)
{
	thrum_key key = key_of(1);
	unsigned char got[ENTRY];

	memset(got, 0xee, sizeof got);
	ck_assert_int_eq(thrum_memo_call(m, THRUM_FN("block", 1), &key,
	                                 fill_block, NULL, got, block_bytes,
	                                 flags), 0);
	for (size_t i = 0; i < block_bytes; i++)
		if (got[i] != (unsigned char)(i * 7 + 1))
			ck_abort_msg("byte %zu is wrong", i);
}

/* The entry, in a memo whose own runs are counted from 0. */
static thrum_memo *block_there(char path[PATH_MAX], unsigned char *bytes)
{
	thrum_memo *m = open_memo(NULL);

	block_bytes = 3000;
	ask_block(m, 0);
	the_entry(path);
	block_bytes += ENTRY - read_file(path, bytes, ROOM);
	ask_block(m, 0); /* of another size: made anew */
	ck_assert_uint_eq(read_file(path, bytes, ROOM), ENTRY);
	ask_block(m, THRUM_NO_STORE);
	ck_assert_int_eq(counted_runs(), 2);
	*runs = 0;
	return m;
}

START_TEST(each_flipped_bit_is_a_miss)
{
	char path[PATH_MAX];
	unsigned char bytes[ROOM];
	thrum_memo *m = block_there(path, bytes);
	int bits = 0;

	int fd = open(path, O_RDWR | O_CLOEXEC);
	for (off_t at = 0; at < ENTRY; at++)
		for (int bit = 0; bit < 8; bit++, bits++) {
			unsigned char c = bytes[at] ^ (unsigned char)(1 << bit);
			if (pwrite(fd, &c, 1, at) != 1)
				ck_abort_msg("pwrite");
			ask_block(m, THRUM_NO_STORE);
			if (counted_runs() != bits + 1)
				ck_abort_msg("bit %d of byte %ld is believed",
				             bit, (long)at);
			(void)!pwrite(fd, &bytes[at], 1, at);
		}
	close(fd);
	ask_block(m, 0); /* whole again */
	ck_assert_int_eq(counted_runs(), 8 * ENTRY);
	thrum_memo_close(m);
}
END_TEST

START_TEST(each_other_length_is_a_miss)
{
	char path[PATH_MAX];
	unsigned char bytes[ROOM] = { 0 };
	thrum_memo *m = block_there(path, bytes);
	int asked = 0;

	int fd = open(path, O_RDWR | O_CLOEXEC);
	for (off_t n = 0; n <= ENTRY + 200; n++) {
		if (n == ENTRY)
			continue;
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		if (pwrite(fd, bytes, (size_t)n, 0) != n)
			ck_abort_msg("pwrite");
		ask_block(m, THRUM_NO_STORE);
		ck_assert_int_eq(counted_runs(), ++asked);
	}
	close(fd);
	thrum_memo_close(m);
}
END_TEST

START_TEST(damaged_entry_is_replaced)
{
	char path[PATH_MAX];
	unsigned char bytes[ROOM];
	thrum_memo *m = block_there(path, bytes);

	write_file(path, bytes, 1000);
	ask_block(m, 0);
	ask_block(m, 0);
	ck_assert_int_eq(counted_runs(), 1);
	ck_assert_uint_ge(stats_of(m).failures, 1);
	thrum_memo_close(m);
}
END_TEST

START_TEST(entry_under_the_name_of_another_is_missing)
{
	static char path[2][PATH_MAX];
	char third[PATH_MAX];
	thrum_memo *m = open_memo(NULL);

	ask(m, 1);
	ask(m, 2);
	ck_assert_int_eq(find_files(64, path, 2), 2);
	snprintf(third, sizeof third, "%.4000s/third", the_dir);
	ck_assert_int_eq(rename(path[0], third), 0);
	ck_assert_int_eq(rename(path[1], path[0]), 0);
	ck_assert_int_eq(rename(third, path[1]), 0);
	ck_assert(!has(m, 1));
	ck_assert(!has(m, 2));
	ask(m, 1);
	ask(m, 2);
	ck_assert_int_eq(counted_runs(), 4);
	thrum_memo_close(m);
}
END_TEST

/* Whatever is no file. */
static void plant_pipe(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void plant_folder(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void plant_empty(const char *path)
{
	write_file(path, "", 0);
}

static char victim[PATH_MAX];

static void plant_link(const char *path)
{
	ck_assert_int_eq(symlink(victim, path), 0);
}

static void plant_dangling(const char *path)
{
	ck_assert_int_eq(symlink("/nowhere/at/all", path), 0);
}

static void plant_hard_link(const char *path)
{
	ck_assert_int_eq(link(victim, path), 0);
}

static void (*const plant[])(const char *) = {
	plant_pipe, plant_folder, plant_empty, plant_link, plant_dangling,
	plant_hard_link
};

static void check_victim(void)
{
	unsigned char bytes[64];
	ck_assert_uint_eq(read_file(victim, bytes, sizeof bytes), 6);
	ck_assert_mem_eq(bytes, "victim", 6);
}

/* By somebody who knows the names, in place of entry, draft and counts. */
START_TEST(what_is_planted_is_neither_believed_nor_written_to)
{
	char path[PATH_MAX], counts[PATH_MAX];
	thrum_memo *m;

	snprintf(victim, sizeof victim, "%.4000s/victim", the_dir);
	snprintf(counts, sizeof counts, "%.4000s/usage", the_dir);
	write_file(victim, "victim", 6);
	for (int trusted = 0; trusted < 2; trusted++) {
		m = open_memo(THRUM_MEMO_OPTS(.trusted = trusted));
		*runs = 0;
		ask(m, 1);
		the_entry(path);
		ck_assert_int_eq(remove(path), 0);
		ck_assert_int_eq(remove(counts), 0);
		thrum_memo_close(m);
		plant[_i](path);
		plant[_i](counts);
		m = open_memo(THRUM_MEMO_OPTS(.trusted = trusted,
		                              .max_entries = 100));
		ask(m, 1);
		ask(m, 1);
		ck_assert_int_ge(counted_runs(), 2);
		ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
		check_victim();
		(void)thrum_memo_forget(m, THRUM_FN(NULL, 0), NULL);
		check_victim();
		thrum_memo_close(m);
		(void)remove(path);
		(void)remove(counts);
	}
}
END_TEST

START_TEST(shard_that_is_a_link_is_not_followed)
{
	char path[PATH_MAX], away[PATH_MAX];
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.trusted = 1));

	ask(m, 1);
	the_entry(path);
	*strrchr(path, '/') = '\0';
	snprintf(away, sizeof away, "%.4000s/away", the_dir);
	ck_assert_int_eq(rename(path, away), 0);
	ck_assert_int_eq(symlink(away, path), 0);
	ck_assert(!has(m, 1));
	ask(m, 1);
	ck_assert_int_eq(counted_runs(), 2);
	ck_assert_int_eq(thrum_memo_evict(m, THRUM_MEMO_OPTS(
		.max_entries = 1)), THRUM_EIO);
	(void)thrum_memo_forget(m, THRUM_FN(NULL, 0), NULL);
	ck_assert_int_eq(remove(path), 0);
	ck_assert_int_eq(rename(away, path), 0);
	ck_assert(has(m, 1)); /* nobody was there */
	ck_assert_int_eq(entries_there(), 1);
	thrum_memo_close(m);
}
END_TEST

/* Whose directory */

START_TEST(directory_that_others_can_write_is_refused)
{
	static const mode_t open_to[] = { 0777, 01777, 0770, 0702, 0720 };
	thrum_memo *m;

	for (size_t i = 0; i < sizeof open_to / sizeof open_to[0]; i++) {
		ck_assert_int_eq(chmod(the_dir, open_to[i]), 0);
		ck_assert_int_eq(thrum_memo_open(&m, the_dir, NULL),
		                 THRUM_EACCES);
		ck_assert_ptr_null(m);
		m = open_memo(THRUM_MEMO_OPTS(.trusted = 1));
		ask(m, 1);
		thrum_memo_close(m);
	}
	ck_assert_int_eq(chmod(the_dir, 0755), 0);
	thrum_memo_close(open_memo(NULL));
}
END_TEST

START_TEST(directory_and_entries_of_others_are_refused)
{
	char path[PATH_MAX];
	thrum_memo *m;

	if (geteuid() != 0) {
		printf("# skipped: only root gives files away\n");
		return;
	}
	m = open_memo(NULL);
	ask(m, 1);
	the_entry(path);
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	ck_assert(!has(m, 1));
	thrum_memo_close(m);
	m = open_memo(THRUM_MEMO_OPTS(.trusted = 1));
	ck_assert(has(m, 1));
	thrum_memo_close(m);
	ck_assert_int_eq(chown(the_dir, 65534, 65534), 0);
	ck_assert_int_eq(thrum_memo_open(&m, the_dir, NULL), THRUM_EACCES);
	m = open_memo(THRUM_MEMO_OPTS(.trusted = 1));
	thrum_memo_close(m);
}
END_TEST

static mode_t mode_of(const char *path)
{
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 0777;
}

START_TEST(what_is_made_is_for_its_user_alone)
{
	char path[PATH_MAX], deep[PATH_MAX], top[PATH_MAX];
	thrum_memo *m;

	umask(0);
	snprintf(top, sizeof top, "%s", the_dir);
	snprintf(deep, sizeof deep, "%.4000s/a//b/c", the_dir);
	ck_assert_int_eq(thrum_memo_open(&m, deep, NULL), 0);
	ask(m, 1);
	thrum_memo_close(m);
	ck_assert_int_eq(mode_of(deep), 0700);
	snprintf(the_dir, sizeof the_dir, "%s", deep);
	the_entry(path);
	ck_assert_int_eq(mode_of(path), 0600);
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(mode_of(path), 0700);
	snprintf(path, sizeof path, "%.4000s/usage", the_dir);
	ck_assert_int_eq(mode_of(path), 0600);
	snprintf(the_dir, sizeof the_dir, "%s", top);
}
END_TEST

START_TEST(directory_that_cannot_be_is_an_error)
{
	char file[PATH_MAX], below[PATH_MAX], longest[PATH_MAX];
	thrum_memo *m;

	snprintf(file, sizeof file, "%.4000s/file", the_dir);
	snprintf(below, sizeof below, "%.4000s/below", file);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	write_file(file, "x", 1);
	ck_assert_int_eq(thrum_memo_open(&m, file, NULL), THRUM_EIO);
	ck_assert_int_eq(thrum_memo_open(&m, below, NULL), THRUM_EIO);
	ck_assert_int_eq(thrum_memo_open(&m, longest, NULL), THRUM_EIO);
	ck_assert_ptr_null(m);
}
END_TEST

/* Disks */

START_TEST(directory_that_vanishes_costs_runs)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_entries = 10));

	ask(m, 1);
	remove_tree(the_dir);
	for (int64_t x = 0; x < 30; x++)
		ask(m, x % 3);
	ck_assert_int_eq(counted_runs(), 31);
	ck_assert_uint_gt(stats_of(m).failures, 0);
	ck_assert_int_eq(access(the_dir, F_OK), -1);
	thrum_memo_close(m);
}
END_TEST

START_TEST(no_room_costs_runs_and_leaves_no_draft)
{
	static char found[8][PATH_MAX];
	struct rlimit limit = { 1000, 1000 };
	char path[PATH_MAX];

	/* In a child, as root gets no limit back that it gave up. */
	pid_t child = fork();
	if (child == 0) {
		thrum_memo *m = open_memo(NULL);
		ask(m, 1); /* is small enough */
		setrlimit(RLIMIT_FSIZE, &limit);
		ask_block(m, 0);
		ask_block(m, 0);
		ask(m, 1);
		bool well = counted_runs() == 3
		            && stats_of(m).failures == 2;
		thrum_memo_close(m);
		_exit(well ? 0 : 1);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(find_files(64, found, 8), 1);
	the_entry(path);
	*strrchr(path, '/') = '\0';
	for (unsigned i = 0; i < 256; i++) {
		snprintf(path, sizeof path, "%.4000s/%02x", the_dir, i);
		DIR *d = opendir(path);
		for (struct dirent *e; d && (e = readdir(d)) != NULL;)
			ck_assert(strncmp(e->d_name, ".thrum", 6) != 0);
		if (d)
			closedir(d);
	}
}
END_TEST

START_TEST(durable_store_stores)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.durable = 1));

	for (int64_t x = 0; x < 5; x++)
		ask(m, x);
	for (int64_t x = 0; x < 5; x++)
		ask(m, x);
	ck_assert_int_eq(counted_runs(), 5);
	ck_assert_uint_eq(stats_of(m).failures, 0);
	thrum_memo_close(m);
}
END_TEST

/* Of one that is durable the folders above are, too. */
START_TEST(folders_above_a_store_are_made)
{
	const char *const below[] = { "a", "b/c//d", "b/c/e" };
	char path[PATH_MAX + 20];
	int before = open(".", O_RDONLY | O_DIRECTORY);
	thrum_memo *m;

	ck_assert_int_ge(before, 0);
	ck_assert_int_eq(chdir(the_dir), 0);
	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof path, "%s%s%s", i < 3 ? "" : the_dir,
		         i < 3 ? "" : "/whole/", below[i % 3]);
		ck_assert_int_eq(thrum_memo_open(&m, path, THRUM_MEMO_OPTS(
			.durable = 1)), 0);
		ask(m, 1);
		ask(m, 1);
		thrum_memo_close(m);
		ck_assert_int_eq(counted_runs(), i + 1);
	}
	ck_assert_int_eq(fchdir(before), 0);
	close(before);
}
END_TEST

/* Debris */

static const char draft_name[] =
	".thrum-0123456789abcdef0123456789abcdef.tmp";

static void plant_draft(char path[PATH_MAX], const char *name, long age_s)
{
	struct timespec t[2];

	the_entry(path);
	memcpy(strrchr(path, '/') + 1, name, strlen(name) + 1);
	write_file(path, "half", 4);
	clock_gettime(CLOCK_REALTIME, &t[0]);
	t[0].tv_sec -= age_s;
	t[1] = t[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, path, t, 0), 0);
}

START_TEST(old_drafts_are_swept_and_nothing_else)
{
	char path[PATH_MAX], mine[PATH_MAX];
	thrum_memo *m = open_memo(NULL);

	ask(m, 1);
	plant_draft(mine, "notes.txt", 100000);
	plant_draft(path, draft_name, 100000);
	ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
	ck_assert_int_eq(access(path, F_OK), -1);
	plant_draft(path, draft_name, 60); /* somebody may be writing it */
	ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	plant_draft(path, draft_name, -100000); /* a clock that was wrong */
	ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(access(mine, F_OK), 0);
	ask(m, 1);
	ck_assert_int_eq(counted_runs(), 1);

	/* To open sweeps as far as its time goes; in a small store, all. */
	plant_draft(path, draft_name, 100000);
	for (int i = 0; i < 1000 && access(path, F_OK) == 0; i++)
		thrum_memo_close(open_memo(NULL));
	ck_assert_int_eq(access(path, F_OK), -1);
	thrum_memo_close(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store");
	TCase *t = new_case(s, "damage");
	tcase_add_test(t, each_flipped_bit_is_a_miss);
	tcase_add_test(t, each_other_length_is_a_miss);
	tcase_add_test(t, damaged_entry_is_replaced);
	tcase_add_test(t, entry_under_the_name_of_another_is_missing);
	t = new_case(s, "planted");
	tcase_add_loop_test(t,
		what_is_planted_is_neither_believed_nor_written_to, 0,
		(int)(sizeof plant / sizeof plant[0]));
	tcase_add_test(t, shard_that_is_a_link_is_not_followed);
	t = new_case(s, "whose");
	tcase_add_test(t, directory_that_others_can_write_is_refused);
	tcase_add_test(t, directory_and_entries_of_others_are_refused);
	tcase_add_test(t, what_is_made_is_for_its_user_alone);
	tcase_add_test(t, directory_that_cannot_be_is_an_error);
	t = new_case(s, "disks");
	tcase_add_test(t, directory_that_vanishes_costs_runs);
	tcase_add_test(t, no_room_costs_runs_and_leaves_no_draft);
	tcase_add_test(t, durable_store_stores);
	tcase_add_test(t, folders_above_a_store_are_made);
	t = new_case(s, "debris");
	tcase_add_test(t, old_drafts_are_swept_and_nothing_else);
	return run_laws(s);
}
