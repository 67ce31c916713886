/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_memo_process.c - processes share a store, die in it, and fork in it
 */
#include "config.h"

#include "../sanitizer.h"
#include "memos.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { CROWD = 8 };

/* In shared memory, besides the runs. */
static inline volatile int *flag(int i)
{
	return (volatile int *)&runs[8 + i];
}

static void wait_for(volatile int *word, int value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		sleep_ms(1);
}

static void set(volatile int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Run in a child; it ends with what the function says. */
static pid_t spawn(bool (*fn)(void *), void *arg)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(fn(arg) ? 0 : 1);
	return child;
}

static void well(pid_t child)
{
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

/* A second of work, more or less, asked for by all at once. */
static int slow(void *ctx, void *result)
{
	sleep_ms(400);
	return triple(ctx, result);
}

static bool asks_slow(thrum_memo *m, int64_t x)
{
	thrum_key key = key_of(x);
	int64_t y = 0;

	return thrum_memo_call(m, THRUM_FN("slow", 1), &key, slow, &x, &y,
	                       sizeof y, 0) == 0 && y == 3 * x + 1;
}

static void *thread_asks(void *m)
{
	return asks_slow(m, 5) ? m : NULL;
}

static bool crowd(void *arg)
{
	thrum_memo *m = open_memo(NULL);
	pthread_t t;
	void *answer;

	(void)arg;
	__atomic_fetch_add((int *)flag(0), 1, __ATOMIC_ACQ_REL);
	wait_for(flag(1), 1);
	if (pthread_create(&t, NULL, thread_asks, m) != 0)
		return false;
	bool well = asks_slow(m, 5);
	pthread_join(t, &answer);
	well = well && answer;
	thrum_memo_close(m);
	return well;
}

START_TEST(processes_and_threads_that_ask_at_once_run_it_once)
{
	pid_t child[CROWD];

	for (int i = 0; i < CROWD; i++)
		child[i] = spawn(crowd, NULL);
	wait_for(flag(0), CROWD);
	set(flag(1), 1);
	for (int i = 0; i < CROWD; i++)
		well(child[i]);
	ck_assert_int_eq(counted_runs(), 1);
}
END_TEST

/* A leader that says that it is at work, and goes on when it is let. */
static int held(void *ctx, void *result)
{
	count_run();
	if (counted_runs() == 1) {
		set(flag(0), 1);
		wait_for(flag(1), 1);
	}
	*(int64_t *)result = *(const int64_t *)ctx;
	return 0;
}

static bool asks_held(thrum_memo *m)
{
	thrum_key key = key_of(6);
	int64_t x = 6, y = 0;

	return thrum_memo_call(m, THRUM_FN("held", 1), &key, held, &x, &y,
	                       sizeof y, 0) == 0 && y == 6;
}

static bool held_leader(void *arg)
{
	(void)arg;
	thrum_memo *m = open_memo(NULL);
	bool well = asks_held(m);
	thrum_memo_close(m);
	return well;
}

static void kill_it(pid_t child)
{
	int status;
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
}

START_TEST(killed_leader_holds_nobody_up)
{
	pid_t leader = spawn(held_leader, NULL);
	/* Nobody lives to see this limit. */
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.wait_s = 1e6));

	wait_for(flag(0), 1);
	kill_it(leader);
	ck_assert(asks_held(m));
	ck_assert_int_eq(counted_runs(), 2);
	thrum_memo_close(m);
}
END_TEST

static void *killer(void *arg)
{
	sleep_ms(100); /* while the other waits, most often */
	kill_it(*(pid_t *)arg);
	return NULL;
}

START_TEST(leader_that_is_killed_meanwhile_holds_nobody_up)
{
	pid_t leader = spawn(held_leader, NULL);
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.wait_s = 1e6));
	pthread_t t;

	wait_for(flag(0), 1);
	ck_assert_int_eq(pthread_create(&t, NULL, killer, &leader), 0);
	ck_assert(asks_held(m));
	pthread_join(t, NULL);
	ck_assert_int_eq(counted_runs(), 2);
	thrum_memo_close(m);
}
END_TEST

START_TEST(stopped_leader_is_waited_for_no_longer_than_said)
{
	pid_t leader = spawn(held_leader, NULL);
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.wait_s = 0.1));
	int status;

	wait_for(flag(0), 1);
	ck_assert_int_eq(kill(leader, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(leader, &status, WUNTRACED), leader);
	ck_assert(asks_held(m));
	ck_assert_int_eq(counted_runs(), 2);
	ck_assert(asks_held(m)); /* it is there */
	ck_assert_int_eq(counted_runs(), 2);
	set(flag(1), 1);
	ck_assert_int_eq(kill(leader, SIGCONT), 0);
	well(leader);
	thrum_memo_close(m);
}
END_TEST

/* All indices have the key that the leader holds. */
static void held_key(void *ctx, size_t i, thrum_key *key)
{
	(void)ctx, (void)i;
	*key = key_of(6);
}

static int held_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)task;
	return held(ctx, result);
}

START_TEST(wait_for_another_process_ends_with_its_call)
{
	pid_t leader = spawn(held_leader, NULL);
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.wait_s = 1e6));
	int64_t x = 6, y[2];

	wait_for(flag(0), 1);
	ck_assert_int_eq(thrum_memo_map(m, THRUM_FN("held", 1), held_key, NULL,
	                                2, held_body, &x, y, sizeof *y,
	                                THRUM_OPTS(.n_jobs = 1,
	                                           .timeout_s = 0.05)),
	                 THRUM_ETIMEDOUT);
	ck_assert_int_eq(counted_runs(), 1);
	set(flag(1), 1);
	well(leader);
	thrum_memo_close(m);
}
END_TEST

/* Writers that are killed at any moment: no wrong value, and others go on. */
static bool writes_for_ever(void *arg)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_entries = 30));
	unsigned seed = *(unsigned *)arg;

	set(flag(0), 1);
	while (*flag(1) == 0) /* it never is */
		ask(m, rand_r(&seed) % 60);
	return false;
}

START_TEST(writers_killed_at_any_moment_leave_what_is_right)
{
	thrum_memo *m = open_memo(NULL);

	for (unsigned i = 0; i < 40; i++) {
		set(flag(0), 0);
		pid_t child = spawn(writes_for_ever, &i);
		wait_for(flag(0), 1);
		struct timespec t = { 0, 100000 * (long)(i % 13 + 1) };
		nanosleep(&t, NULL);
		kill_it(child);
		for (int64_t x = 0; x < 60; x++)
			if (has(m, x))
				ask(m, x);
	}
	ck_assert_uint_eq(stats_of(m).failures, 0);
	thrum_memo_close(m);
}
END_TEST

/* All at once: ask, forget, evict, refresh. */
static bool busy(void *arg)
{
	unsigned seed = (unsigned)getpid() ^ *(unsigned *)arg;
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_entries = 50));

	for (int i = 0; i < 1500; i++) {
		int64_t x = rand_r(&seed) % 100;
		thrum_key key = key_of(x);
		int what = rand_r(&seed) % 64;
		if (what == 0)
			(void)thrum_memo_forget(m, THRUM_FN("triple", 1), &key);
		else if (what == 1)
			(void)thrum_memo_evict(m, NULL);
		else
			(void)ask_flags(m, x, 1, what < 4 ? THRUM_REFRESH : 0);
	}
	bool well = stats_of(m).failures == 0;
	thrum_memo_close(m);
	return well;
}

START_TEST(eight_processes_get_what_is_right)
{
	pid_t child[CROWD];

	for (unsigned i = 0; i < CROWD; i++)
		child[i] = spawn(busy, &i);
	for (int i = 0; i < CROWD; i++)
		well(child[i]);
	thrum_memo *m = open_memo(NULL);
	ck_assert_int_eq(thrum_memo_evict(m, NULL), 0);
	ck_assert_uint_eq(stats_of(m).entries, (uint64_t)entries_there());
	thrum_memo_close(m);
}
END_TEST

/* Refs */

static bool uses_ref(void *arg)
{
	thrum_memo *m = open_memo(NULL);
	int64_t y = 0;
	bool well = thrum_memo_get(m, arg, &y, sizeof y) == 0 && y == 28;

	thrum_memo_close(m);
	return well;
}

START_TEST(ref_is_good_in_another_process)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(9);
	thrum_memo_ref ref;

	ask(m, 9);
	ck_assert_int_eq(thrum_memo_ref_of(&ref, THRUM_FN("triple", 1), &key),
	                 0);
	thrum_memo_close(m);
	well(spawn(uses_ref, &ref));
}
END_TEST

/* fork with the memo open */

static bool uses_inherited(void *arg)
{
	thrum_memo *m = arg;

	for (int64_t x = 0; x < 50; x++)
		ask(m, x);
	(void)stats_of(m);
	bool well = thrum_memo_evict(m, NULL) == 0;
	thrum_memo_close(m);
	return well;
}

enum { OTHER_THREADS = UNDER_ASAN ? 0 : 3 };

static void *asks_on(void *arg)
{
	for (int64_t x = 0; *flag(2) == 0; x = (x + 1) % 200)
		ask(arg, x);
	return NULL;
}

START_TEST(child_of_fork_uses_the_memo)
{
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.max_entries = 100));
	pthread_t t[OTHER_THREADS + 1];

	if (OTHER_THREADS == 0)
		printf("# SKIP forks while others allocate: ASan\n");
	for (int i = 0; i < OTHER_THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, asks_on, m), 0);
	for (int i = 0; i < 30; i++)
		well(spawn(uses_inherited, m));
	set(flag(2), 1);
	for (int i = 0; i < OTHER_THREADS; i++)
		pthread_join(t[i], NULL);
	thrum_memo_close(m);
}
END_TEST

/* The thread that computes forks; parent and child both go on. */
static pid_t forked;

static int forks(void *ctx, void *result)
{
	count_run();
	forked = fork();
	*(int64_t *)result = *(const int64_t *)ctx;
	return 0;
}

START_TEST(function_that_forks_ends_in_both)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(8);
	int64_t x = 8, y = 0;

	forked = 1;
	int rc = thrum_memo_call(m, THRUM_FN("forks", 1), &key, forks, &x, &y,
	                         sizeof y, 0);
	if (forked == 0) {
		bool well = rc == 0 && y == 8 && uses_inherited(m);
		_exit(well ? 0 : 1);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(y, 8);
	well(forked);
	thrum_memo_close(m);
}
END_TEST

/* The child, which is on the stack of the run, asks for its result; the parent
 * waits for the child. */
static thrum_memo *asked;

static int gives_eight(void *ctx, void *result)
{
	(void)ctx;
	*(int64_t *)result = 8;
	return 0;
}

static int asks_in_a_child(void *ctx, void *result)
{
	thrum_key key = key_of(8);
	pid_t child = fork();
	int status = -1;

	(void)ctx;
	if (child == 0) {
		int64_t y = 0;
		int rc = thrum_memo_call(asked, THRUM_FN("forks", 2), &key,
		                         gives_eight, NULL, &y, sizeof y, 0);
		_exit(rc == 0 && y == 8 ? 0 : 1);
	}
	*(int64_t *)result = 8;
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

START_TEST(child_of_a_run_does_not_wait_for_the_run)
{
	thrum_key key = key_of(8);
	int64_t y = 0;

	asked = open_memo(THRUM_MEMO_OPTS(.wait_s = 1e6));
	ck_assert_int_eq(thrum_memo_call(asked, THRUM_FN("forks", 2), &key,
	                                 asks_in_a_child, NULL, &y, sizeof y,
	                                 0), 0);
	ck_assert_int_eq(y, 8);
	thrum_memo_close(asked);
}
END_TEST

/* The claim is the parent's: its child must not keep it when the parent dies. */
static int forks_and_hangs(void *ctx, void *result)
{
	(void)ctx, (void)result;
	count_run();
	pid_t child = fork();
	if (child == 0) {
		wait_for(flag(1), 1);
		_exit(0);
	}
	*flag(3) = child;
	set(flag(0), 1);
	wait_for(flag(1), 1);
	return 0;
}

static bool leader_with_a_child(void *arg)
{
	thrum_memo *m = open_memo(NULL);
	thrum_key key = key_of(6);
	int64_t y;

	(void)arg;
	return thrum_memo_call(m, THRUM_FN("held", 1), &key, forks_and_hangs,
	                       NULL, &y, sizeof y, 0) == 0;
}

START_TEST(claim_of_a_killed_leader_is_not_its_childs)
{
	pid_t leader = spawn(leader_with_a_child, NULL);
	thrum_memo *m = open_memo(THRUM_MEMO_OPTS(.wait_s = 1e6));

	wait_for(flag(0), 1);
	kill_it(leader);
	ck_assert(asks_held(m)); /* though the grandchild lives */
	ck_assert_int_eq(counted_runs(), 2);
	set(flag(1), 1);
	thrum_memo_close(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memo_process");
	TCase *t = new_case(s, "one run");
	tcase_add_test(t, processes_and_threads_that_ask_at_once_run_it_once);
	tcase_add_test(t, killed_leader_holds_nobody_up);
	tcase_add_test(t, leader_that_is_killed_meanwhile_holds_nobody_up);
	tcase_add_test(t, stopped_leader_is_waited_for_no_longer_than_said);
	tcase_add_test(t, wait_for_another_process_ends_with_its_call);
	t = new_case(s, "crowds");
	tcase_add_test(t, writers_killed_at_any_moment_leave_what_is_right);
	tcase_add_test(t, eight_processes_get_what_is_right);
	t = new_case(s, "refs");
	tcase_add_test(t, ref_is_good_in_another_process);
	t = new_case(s, "fork");
	tcase_add_test(t, child_of_fork_uses_the_memo);
	tcase_add_test(t, function_that_forks_ends_in_both);
	tcase_add_test(t, child_of_a_run_does_not_wait_for_the_run);
	tcase_add_test(t, claim_of_a_killed_leader_is_not_its_childs);
	return run_laws(s);
}
