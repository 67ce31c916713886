/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_crowd.c - many processes and threads on one store
 *
 * Eight processes do at random what there is to do with the same hundred
 * entries: call, look, refresh, forget, evict. Every value must be right, and
 * afterwards nothing be left over. They go on when the folder is taken away under
 * them. Then all ask at once for one value that is missing and takes a second: it
 * is computed once; and not at all waited for longer than was said, if the one
 * that computes it is stopped or dead.
 */
#include "config.h"

#include "../api/common.h"
#include "disk.h"
#include "proof.h"

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thrum/memo.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 8, THREADS = 8, KEYS = 100, BYTES = 200 };

static struct {
	atomic_ulong operations, runs, inside, right;
} *all; /* shared by the processes */

static char top[64];
static long each;
static uint64_t seed;
static unsigned long operations;

struct value {
	int64_t i;
	unsigned char bytes[BYTES];
};

static void fill(struct value *v, int i)
{
	v->i = i;
	for (int k = 0; k < BYTES; k++)
		v->bytes[k] = (unsigned char)(i * 17 + k);
}

static bool is_right(const struct value *v, int i)
{
	struct value is;
	fill(&is, i);
	return v->i == is.i && memcmp(v->bytes, is.bytes, BYTES) == 0;
}

static int compute(void *ctx, void *result)
{
	fill(result, *(int *)ctx);
	return 0;
}

static thrum_fn fn(int i)
{
	return THRUM_FN(i % 2 ? "odd" : "even", 1);
}

static bool operate(thrum_memo *memo, int i, int what)
{
	struct value v = { 0 };
	thrum_memo_ref ref;
	thrum_key key = THRUM_KEY_INIT;
	thrum_key_i64(&key, "i", i);
	switch (what) {
	case 0:
		return thrum_memo_call(memo, fn(i), &key, compute, &i, &v,
			sizeof v, THRUM_REFRESH) == 0 && is_right(&v, i);
	case 1:
		return thrum_memo_forget(memo, fn(i), &key) == 0;
	case 2:
		return thrum_memo_evict(memo,
			THRUM_MEMO_OPTS(.max_entries = KEYS / 2)) == 0;
	case 3:
	case 4: {
		int rc = thrum_memo_ref_of(&ref, fn(i), &key);
		if (rc == 0)
			rc = thrum_memo_get(memo, &ref, &v, sizeof v);
		return rc == THRUM_ENOENT || (rc == 0 && is_right(&v, i));
	}
	default:
		return thrum_memo_call(memo, fn(i), &key, compute, &i, &v,
			sizeof v, 0) == 0 && is_right(&v, i);
	}
}

/* @return the status of a process of the crowd. */
static int live(int process)
{
	thrum_memo *memo;
	uint64_t dice = seed + (uint64_t)process;
	if (thrum_memo_open(&memo, top, NULL) != 0)
		return 1;
	for (long k = 0; k < each; k++) {
		/* Evictions and walks are rare, as they are in life. */
		int what = (int)disk_draw(&dice, 400);
		what = what == 2 ? 2 : what % 20 == 2 ? 5 : what % 20;
		if (!operate(memo, (int)disk_draw(&dice, KEYS), what)) {
			fprintf(stderr, "# operation %d of process %d: wrong\n",
			        what, process);
			return 1;
		}
		atomic_fetch_add(&all->operations, 1);
	}
	thrum_memo_close(memo);
	return 0;
}

static void start(pid_t *pid, int (*live_)(int), int process)
{
	fflush(stdout);
	*pid = fork();
	ck_assert_int_ge(*pid, 0);
	if (*pid == 0) {
		signal(SIGALRM, SIG_DFL); /* Check has one that ends all */
		alarm(400);
		_exit(live_(process));
	}
}

static void setup(void)
{
	disk_folder(top);
	memset(all, 0, sizeof *all);
}

static int left_over;

static int count_file(const char *path, const struct stat *st, int what,
                      struct FTW *at)
{
	(void)path, (void)st;
	/* What is in the folder itself belongs to all entries. */
	left_over += what != FTW_D && at->level > 1;
	return 0;
}

START_TEST(a_crowd_sees_right_values_only)
{
	pid_t pid[PROCESSES];
	int status;
	for (int i = 0; i < PROCESSES; i++)
		start(&pid[i], live, i);
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_msg(status == 0, "seed %llu: process %d: status %d",
		              (unsigned long long)seed, i, status);
	}
	operations = all->operations;
	thrum_memo *memo;
	thrum_memo_stats stats;
	ck_assert_int_eq(thrum_memo_open(&memo, top, NULL), 0);
	/* Counts may be off, after such a crowd, until all is counted. */
	ck_assert_int_eq(thrum_memo_evict(memo, NULL), 0);
	ck_assert_int_eq(thrum_memo_get_stats(memo, &stats, sizeof stats), 0);
	ck_assert_uint_le(stats.entries, KEYS);
	ck_assert_int_eq(thrum_memo_forget(memo, THRUM_FN(NULL, 0), NULL), 0);
	left_over = 0;
	ck_assert_int_eq(nftw(top, count_file, 16, FTW_PHYS), 0);
	ck_assert_int_eq(left_over, 0);
	ck_assert_int_eq(thrum_memo_get_stats(memo, &stats, sizeof stats), 0);
	ck_assert_uint_eq(stats.entries, 0);
	thrum_memo_close(memo);
}
END_TEST

/* Calls, refreshs and looks: they come out well whatever becomes of the store. */
static int live_on(int process)
{
	thrum_memo *memo;
	uint64_t dice = seed + (uint64_t)process;
	if (thrum_memo_open(&memo, top, NULL) != 0)
		return 1;
	atomic_fetch_add(&all->inside, 1);
	for (long k = 0; k < each / 4; k++) {
		int what = 3 * (int)disk_draw(&dice, 3); /* 0, 3, 6 */
		if (!operate(memo, (int)disk_draw(&dice, KEYS), what))
			return 1;
	}
	thrum_memo_close(memo);
	return 0;
}

START_TEST(a_store_that_is_taken_away_in_use_fails_no_call)
{
	pid_t pid[PROCESSES];
	struct timespec ms = { 0, 1000000 };
	int status, left = PROCESSES;
	for (int i = 0; i < PROCESSES; i++)
		start(&pid[i], live_on, i);
	for (int i = 0; i < 30000 && all->inside < PROCESSES; i++)
		nanosleep(&ms, NULL);
	/* Again and again; and in the end the folder, too. */
	for (int i = 0; left > 0; i++) {
		disk_clear(top);
		if (i < 20)
			ck_assert(mkdir(top, 0700) == 0 || errno == EEXIST);
		nanosleep(&ms, NULL);
		while (left > 0
		       && waitpid(pid[left - 1], &status, WNOHANG) != 0) {
			ck_assert_int_eq(status, 0);
			left--;
		}
	}
}
END_TEST

/* Single flight */

static int take_a_second(void *ctx, void *result)
{
	struct timespec second = { 1, 0 };
	atomic_fetch_add(&all->runs, 1);
	while (nanosleep(&second, &second) != 0 && errno == EINTR)
		;
	return compute(ctx, result);
}

static void *ask(void *arg)
{
	int i = 7;
	struct value v = { 0 };
	thrum_key key = THRUM_KEY_INIT;
	thrum_key_i64(&key, "i", i);
	if (thrum_memo_call(arg, fn(i), &key, take_a_second, &i, &v, sizeof v,
	                    0) == 0 && is_right(&v, i))
		atomic_fetch_add(&all->right, 1);
	return NULL;
}

static int ask_in_threads(int process)
{
	thrum_memo *memo;
	pthread_t thread[THREADS];
	(void)process;
	if (thrum_memo_open(&memo, top, NULL) != 0)
		return 1;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, ask, memo) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	thrum_memo_close(memo);
	return 0;
}

START_TEST(what_all_ask_for_at_once_is_computed_once)
{
	pid_t pid[PROCESSES];
	int status;
	for (int i = 0; i < PROCESSES; i++)
		start(&pid[i], ask_in_threads, i);
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(all->right, PROCESSES * THREADS);
	ck_assert_uint_eq(all->runs, 1);
}
END_TEST

/* One that never ends by itself. */
static int take_for_ever(void *ctx, void *result)
{
	(void)ctx, (void)result;
	atomic_fetch_add(&all->inside, 1);
	while (all->inside)
		pause();
	return 1;
}

static int win_and_stay(int process)
{
	thrum_memo *memo;
	struct value v;
	int i = 7;
	thrum_key key = THRUM_KEY_INIT;
	(void)process;
	thrum_key_i64(&key, "i", i);
	if (thrum_memo_open(&memo, top, NULL) != 0)
		return 1;
	return thrum_memo_call(memo, fn(i), &key, take_for_ever, &i, &v,
	                       sizeof v, 0);
}

static void start_winner(pid_t *pid)
{
	struct timespec ms = { 0, 1000000 };
	start(pid, win_and_stay, 0);
	for (int i = 0; i < 30000 && !all->inside; i++)
		nanosleep(&ms, NULL);
	ck_assert_uint_eq(all->inside, 1);
}

/* Ask, waiting half a second at most. */
static void ask_shortly(void)
{
	thrum_memo *memo;
	ck_assert_int_eq(thrum_memo_open(&memo, top,
		THRUM_MEMO_OPTS(.wait_s = 0.5)), 0);
	ask(memo);
	thrum_memo_close(memo);
	ck_assert_uint_eq(all->right, 1);
	ck_assert_uint_eq(all->runs, 1);
}

START_TEST(a_winner_that_was_stopped_holds_nobody_up_for_long)
{
	pid_t pid;
	start_winner(&pid);
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ask_shortly();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(a_winner_that_died_holds_nobody_up)
{
	pid_t pid;
	start_winner(&pid);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ask_shortly();
}
END_TEST

int main(void)
{
	bool full = proof_full();
	each = full ? 100000 : 10000;
	seed = test_seed();
	all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE,
	           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED || !disk_temporary(top))
		return 1;

	Suite *s = suite_create("crowd");
	TCase *c = tcase_create("on one store");
	tcase_add_checked_fixture(c, setup, NULL);
	tcase_set_timeout(c, full ? 60 : 30);
	tcase_add_test(c, a_crowd_sees_right_values_only);
	tcase_add_test(c, a_store_that_is_taken_away_in_use_fails_no_call);
	tcase_add_test(c, what_all_ask_for_at_once_is_computed_once);
	tcase_add_test(c, a_winner_that_was_stopped_holds_nobody_up_for_long);
	tcase_add_test(c, a_winner_that_died_holds_nobody_up);
	suite_add_tcase(s, c);
	int wrong = proof_run(s);
	disk_clear(top);

	unsigned long asked = (unsigned long)each * PROCESSES;
	bool reached = wrong == 0 && operations == asked;
	printf("FIGURE P14 %lu %lu %s operations of %d processes on one store: "
	       "no wrong value; what all ask for runs once\n", operations,
	       asked, reached ? "ok" : "MISSED", PROCESSES);
	return !reached;
}
