/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_evict.c - limits hold, and those used least recently go first
 *
 * Stamps are set by the test, so that an order is not a matter of clocks.
 */
#include "config.h"

#include "memos.h"

/* The path of the entry of x. */
static void entry_of(char path[PATH_MAX], int64_t x)
{
	thrum_key key = key_of(x);
	thrum_memo_ref ref;
	char fn[33], k[33];

	ck_assert_int_eq(thrum_memo_ref_of(&ref, THRUM_FN("triple", 1), &key),
	                 0);
	thrum_hash_text(&ref.function, fn);
	thrum_hash_text(&ref.key, k);
	snprintf(path, PATH_MAX, "%.4000s/%.2s/%s%s", the_dir, k, fn, k);
}

static struct timespec stamp_of(int64_t x)
{
	char path[PATH_MAX];
	struct stat st;

	entry_of(path, x);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mtim;
}

static void set_stamp(int64_t x, long seconds_ago)
{
	char path[PATH_MAX];
	struct timespec t[2];

	entry_of(path, x);
	clock_gettime(CLOCK_REALTIME, &t[0]);
	t[0].tv_sec -= seconds_ago;
	t[1] = t[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, path, t, 0), 0);
}

/* Entries 0 .. n - 1, each used longer ago than the one after it. */
static void fill(thrum_memo *m, int64_t n)
{
	for (int64_t x = 0; x < n; x++) {
		ask(m, x);
		set_stamp(x, 1000 + 10 * (n - x));
	}
}

START_TEST(least_recently_used_go_first)
{
	thrum_memo *m = open_memo(NULL);

	fill(m, 40);
	for (uint64_t left = 40; left-- > 1;) {
		ck_assert_int_eq(thrum_memo_evict(m, THRUM_MEMO_OPTS(
			.max_entries = left)), 0);
		for (int64_t x = 0; x < 40; x++)
			ck_assert_int_eq(has(m, x), x >= 40 - (int64_t)left);
		ck_assert_uint_eq(stats_of(m).entries, left);
	}
	ck_assert_uint_eq(stats_of(m).evicted, 39);
	thrum_memo_close(m);
}
END_TEST

START_TEST(use_is_what_counts_not_when_it_was_made)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_entries = 1000));

	fill(m, 20);
	ask(m, 3);
	ask(m, 7);
	ck_assert_int_eq(thrum_memo_evict(m, THRUM_MEMO_OPTS(.max_entries = 2)),
	                 0);
	for (int64_t x = 0; x < 20; x++)
		ck_assert_int_eq(has(m, x), x == 3 || x == 7);
	thrum_memo_close(m);
}
END_TEST

START_TEST(stamp_is_ours_and_set_when_it_is_time)
{
	thrum_memo *m = open_memo(NULL);
	struct timespec before, after, now;

	ask(m, 1);
	set_stamp(1, 30); /* without limits it is good for a minute */
	before = stamp_of(1);
	ask(m, 1);
	(void)has(m, 1);
	after = stamp_of(1);
	ck_assert_int_eq(before.tv_sec, after.tv_sec);
	ck_assert_int_eq(before.tv_nsec, after.tv_nsec);
	set_stamp(1, 300);
	before = stamp_of(1);
	(void)has(m, 1); /* to look is no use */
	ck_assert_int_eq(before.tv_sec, stamp_of(1).tv_sec);
	ask(m, 1);
	clock_gettime(CLOCK_REALTIME, &now);
	ck_assert_int_gt(stamp_of(1).tv_sec, before.tv_sec + 200);
	ck_assert_int_le(stamp_of(1).tv_sec, now.tv_sec);
	set_stamp(1, -500); /* of a clock that was ahead */
	ask(m, 1);
	ck_assert_int_le(stamp_of(1).tv_sec, now.tv_sec + 300);
	thrum_memo_close(m);
}
END_TEST

START_TEST(limit_of_entries_holds_at_each_store)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_entries = 10));

	for (int64_t x = 0; x < 200; x++) {
		ask(m, x);
		ck_assert(has(m, x)); /* the one just written stays */
		ck_assert_int_le(entries_there(), 10);
		ck_assert_uint_le(stats_of(m).entries, 10);
	}
	ck_assert_int_gt(entries_there(), 5);
	ck_assert_int_eq(entries_there(), (int)stats_of(m).entries);
	thrum_memo_close(m);
}
END_TEST

START_TEST(limit_of_bytes_holds_at_each_store)
{
	thrum_memo *m = open_memo(NULL);

	ask(m, 0);
	uint64_t one = stats_of(m).bytes;
	thrum_memo_close(m);
	m = open_memo(THRUM_MEMO_OPTS(.max_bytes = 20 * one + one / 2));
	for (int64_t x = 0; x < 200; x++) {
		ask(m, x);
		ck_assert(has(m, x));
		ck_assert_int_le(entries_there(), 20);
	}
	ck_assert_int_gt(entries_there(), 10);
	thrum_memo_close(m);
}
END_TEST

START_TEST(entry_larger_than_the_limit_is_kept_until_the_next)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_bytes = 1));

	for (int64_t x = 0; x < 5; x++) {
		ask(m, x);
		ck_assert(has(m, x));
		ck_assert_int_eq(entries_there(), 1);
	}
	ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
	ck_assert_int_eq(entries_there(), 0);
	thrum_memo_close(m);
}
END_TEST

START_TEST(old_entries_go_although_they_are_used)
{
	thrum_memo *m = open_memo(NULL);

	ask(m, 1);
	ask(m, 2);
	set_stamp(1, 1000);
	sleep_ms(50);
	ask(m, 3);
	ck_assert_int_eq(thrum_memo_evict(m, THRUM_MEMO_OPTS(.max_age_s = 500)),
	                 0);
	ck_assert(!has(m, 1));
	set_stamp(2, -10); /* used, but made 50 ms ago */
	ck_assert_int_eq(thrum_memo_evict(m, THRUM_MEMO_OPTS(
		.max_age_s = 0.05)), 0);
	ck_assert(!has(m, 2));
	thrum_memo_close(m);
}
END_TEST

START_TEST(what_is_there_already_counts)
{
	thrum_memo *m = open_memo(NULL);
	char counts[PATH_MAX];

	for (int64_t x = 0; x < 50; x++)
		ask(m, x);
	thrum_memo_close(m);
	for (int lost = 0; lost < 2; lost++) {
		snprintf(counts, sizeof counts, "%.4000s/usage", the_dir);
		if (lost)
			ck_assert_int_eq(remove(counts), 0);
		m = open_memo(NULL);
		ck_assert_uint_eq(stats_of(m).entries, 50);
		thrum_memo_close(m);
	}
	m = open_memo(THRUM_MEMO_OPTS(.max_entries = 20));
	ask(m, 100);
	ck_assert_int_le(entries_there(), 20);
	ck_assert_int_gt(entries_there(), 10);
	thrum_memo_close(m);
}
END_TEST

START_TEST(wrong_counts_are_put_right)
{
	thrum_memo *m = open_memo(NULL);
	unsigned char lie[4096];
	char counts[PATH_MAX];

	for (int64_t x = 0; x < 30; x++)
		ask(m, x);
	snprintf(counts, sizeof counts, "%.4000s/usage", the_dir);
	for (int turn = 0; turn < 2; turn++) {
		memset(lie, turn ? 0xff : 0x11, sizeof lie);
		int fd = open(counts, O_WRONLY | O_CLOEXEC);
		ck_assert_int_eq(write(fd, lie, sizeof lie), sizeof lie);
		close(fd);
		ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
		ck_assert_uint_eq(stats_of(m).entries, 30);
		ck_assert_int_eq(entries_there(), 30);
	}
	thrum_memo_close(m);
	/* A limit that is not passed costs nobody's entry, whatever is told. */
	memset(lie, 0xff, sizeof lie);
	write_file(counts, lie, sizeof lie);
	m = open_memo(THRUM_MEMO_OPTS(.max_entries = 40));
	ask(m, 30);
	ck_assert_int_eq(entries_there(), 31);
	thrum_memo_close(m);
}
END_TEST

START_TEST(stamps_of_the_future_do_not_matter)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_entries = 5));

	for (int64_t x = 0; x < 50; x++) {
		ask(m, x);
		ck_assert(has(m, x));
		set_stamp(x, -1000000 + (long)x);
		ck_assert_int_le(entries_there(), 5);
	}
	thrum_memo_close(m);
}
END_TEST

/* Of a clock that was wrong. */
START_TEST(stamps_before_1970_are_the_oldest)
{
	thrum_memo *m = open_memo(NULL);

	for (int64_t x = 0; x < 10; x++) {
		ask(m, x);
		set_stamp(x, x < 5 ? 2000000000 + (long)x : 1000000);
	}
	ck_assert_int_eq(thrum_memo_evict(m, THRUM_MEMO_OPTS(.max_entries = 5)),
	                 0);
	for (int64_t x = 0; x < 10; x++)
		ck_assert_int_eq(has(m, x), x >= 5);
	thrum_memo_close(m);
}
END_TEST

/* A store so large that it is not put in one order. */
START_TEST(share_of_each_shard_goes_where_there_are_many)
{
	enum { MANY = 5000, LIMIT = 4500 };
	thrum_memo *m = open_memo(NULL);
	int old = 0, young = 0;

	for (int64_t x = 0; x < MANY; x++) {
		ask(m, x);
		if (x < MANY / 2)
			set_stamp(x, 100000);
	}
	thrum_memo_close(m);
	m = open_memo(THRUM_MEMO_OPTS(.max_entries = LIMIT));
	ask(m, MANY);
	thrum_memo_stats s = stats_of(m);
	ck_assert_uint_le(s.entries, LIMIT);
	ck_assert_uint_gt(s.entries, LIMIT - LIMIT / 8);
	ck_assert(has(m, MANY));
	for (int64_t x = 0; x < MANY; x++) {
		old += x < MANY / 2 && has(m, x);
		young += x >= MANY / 2 && has(m, x);
	}
	ck_assert_uint_eq(s.entries, (uint64_t)(old + young + 1));
	ck_assert_int_gt(young, MANY / 2 - MANY / 100);
	thrum_memo_close(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("evict");
	TCase *t = new_case(s, "order");
	tcase_add_test(t, least_recently_used_go_first);
	tcase_add_test(t, use_is_what_counts_not_when_it_was_made);
	tcase_add_test(t, stamp_is_ours_and_set_when_it_is_time);
	tcase_add_test(t, stamps_of_the_future_do_not_matter);
	tcase_add_test(t, stamps_before_1970_are_the_oldest);
	tcase_add_test(t, share_of_each_shard_goes_where_there_are_many);
	t = new_case(s, "limits");
	tcase_add_test(t, limit_of_entries_holds_at_each_store);
	tcase_add_test(t, limit_of_bytes_holds_at_each_store);
	tcase_add_test(t, entry_larger_than_the_limit_is_kept_until_the_next);
	tcase_add_test(t, old_entries_go_although_they_are_used);
	t = new_case(s, "counts");
	tcase_add_test(t, what_is_there_already_counts);
	tcase_add_test(t, wrong_counts_are_put_right);
	return run_laws(s);
}
