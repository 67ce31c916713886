/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_fault.c - what the system refuses costs speed or a code, and no more
 *
 * For each kind of call, each client, and each k: the k-th call of that kind
 * fails, or all from the k-th on do, in a child that has not used the library
 * before. The client must come out as its headers say; then, with nothing
 * failing, it must come out well; then, all shut down, nothing may be held that
 * is not held after a run without faults: memory, maps, descriptors, threads.
 * k grows until nothing fails any more, so it has been each call there is.
 *
 * The child says by its exit status and a text in shared memory what it found.
 * One that hangs is ended by its alarm.
 */
#include "config.h"

#include "../api/common.h"
#include "clients.h"
#include "faults.h"
#include "held.h"
#include "terminal.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

static struct {
	char text[256];       /* what was wrong */
	unsigned long failed; /* calls that did */
	int held;             /* when all was shut down */
} *said;                      /* shared with the child */

static bool full;
static unsigned long injected, cases;
static int kept; /* what is held for good: the table of hwloc's functions */

/* The child's own; what it prints goes to a pipe that nobody reads. */
static void prepare_child(void)
{
	int ends[2];

	signal(SIGALRM, SIG_DFL);
	alarm(full ? 60 : 30);
	if (pipe(ends) == 0) {
		(void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
		dup2(ends[1], 2);
	}
	thrum__terminal_learn();
}

static const char *in_child(const struct client *c, const struct fault *f)
{
	thrum_pool *pool;
	const char *wrong;
	int files = entries("/proc/self/fd");

	fault_arm(f);
	wrong = c->run(f == NULL);
	said->failed = fault_disarm();
	if (wrong)
		return wrong;
	wrong = c->run(true);
	if (wrong)
		return wrong;
	/* Whoever wants all of the machine has hwloc opened. */
	if (thrum_pool_create(&pool, NULL) || thrum_pool_destroy(pool))
		return "no pool can be made afterwards";
	if (thrum_shutdown())
		return "cannot be shut down afterwards";
	if (!threads_come_down_to(1))
		return "a thread is left";
	said->held = held_now();
	if (entries("/proc/self/fd") != files)
		return "a descriptor is left";
	if (f && said->held > kept)
		return "memory is left";
	return NULL;
}

static void run_case(const struct client *c, const struct fault *f)
{
	int status;

	fflush(stdout);
	memset(said, 0, sizeof *said);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prepare_child();
		const char *wrong = in_child(c, f);
		if (wrong)
			snprintf(said->text, sizeof said->text, "%s", wrong);
		_exit(wrong != NULL);
	}
	while (waitpid(pid, &status, 0) != pid)
		ck_assert_int_eq(errno, EINTR);
	cases++;
	injected += said->failed != 0;
	if (status == 0)
		return;
	if (WIFSIGNALED(status))
		snprintf(said->text, sizeof said->text, "ended by signal %d",
		         WTERMSIG(status));
	ck_abort_msg("%s: kind %d, k = %lu%s, error %d: %s", c->name,
	             f ? (int)f->kind : -1, f ? f->k : 0,
	             f && f->on ? " and on" : "", f ? f->error : 0, said->text);
}

static void of_both_in_turn(const struct client *c, struct fault f,
                            const int *errors, int n_errors)
{
	unsigned long turn = (unsigned long)(c - clients);

	/* The one that fails or all from there on, and the errors, in turn; of
	 * the later calls, which are much alike but for those to hwloc, fewer
	 * and fewer. */
	for (f.k = 1;; f.k += 1 + (f.kind == FAULT_HWLOC ? 0 : f.k / 8), turn++) {
		f.on = turn % 2;
		f.error = errors[turn / 2 % (unsigned)n_errors];
		run_case(c, &f);
		if (said->failed == 0)
			return;
	}
}

/* All calls of a kind, in all clients. */
static void fail_each(enum fault_kind kind, const int *errors, int n_errors)
{
	struct fault f = { .kind = kind };

	for (int i = 0; i < client_count; i++)
		for (int with = 0; with < 2 * n_errors; with++) {
			if (!full) {
				of_both_in_turn(&clients[i], f, errors, n_errors);
				break;
			}
			f.on = with % 2;
			f.error = errors[with / 2];
			for (f.k = 1;; f.k++) {
				run_case(&clients[i], &f);
				if (said->failed == 0)
					break;
			}
		}
	printf("# %lu cases, %lu faults so far\n", cases, injected);
}

#define EACH(kind, ...) \
	fail_each(kind, (const int[]){ __VA_ARGS__ }, \
	          (int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)))

START_TEST(without_faults_all_is_well_and_little_is_kept)
{
	for (int i = 0; i < client_count; i++) {
		run_case(&clients[i], NULL);
		if (said->held > kept)
			kept = said->held;
	}
	ck_assert_int_le(kept, 1);
}
END_TEST

START_TEST(without_small_memory)
{
	EACH(FAULT_MALLOC, ENOMEM);
}
END_TEST

START_TEST(without_aligned_memory)
{
	EACH(FAULT_ALIGNED, ENOMEM);
}
END_TEST

START_TEST(without_maps)
{
	EACH(FAULT_MMAP, ENOMEM);
}
END_TEST

START_TEST(without_threads)
{
	EACH(FAULT_THREAD, EAGAIN, EPERM);
}
END_TEST

START_TEST(without_attributes_of_threads)
{
	EACH(FAULT_SETUP, ENOMEM);
}
END_TEST

START_TEST(where_masks_are_refused)
{
	EACH(FAULT_AFFINITY, EPERM, EINVAL, ENOSYS);
}
END_TEST

START_TEST(where_waits_are_interrupted)
{
	EACH(FAULT_FUTEX, EINTR, EAGAIN);
}
END_TEST

START_TEST(where_files_cannot_be_opened)
{
	EACH(FAULT_OPEN, ENOENT, EMFILE, EACCES);
}
END_TEST

START_TEST(where_files_cannot_be_read)
{
	EACH(FAULT_READ, EIO, FAULT_SHORT, EINTR);
}
END_TEST

START_TEST(where_lines_cannot_be_written)
{
	EACH(FAULT_WRITE, EAGAIN, EPIPE, FAULT_SHORT, ENOSPC, EINTR);
}
END_TEST

START_TEST(where_files_cannot_be_asked)
{
	EACH(FAULT_STAT, EIO, ENOSYS);
}
END_TEST

START_TEST(without_hwloc)
{
	EACH(FAULT_HWLOC, ENOSYS, ENOMEM);
}
END_TEST

int main(void)
{
	const char *tier = getenv("THRUM_TIER");
	full = tier && strcmp(tier, "full") == 0;
	said = mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE,
	            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED)
		return 1;

	Suite *s = suite_create("fault");
	TCase *c = tcase_create("each call in turn");
	tcase_add_test(c, without_faults_all_is_well_and_little_is_kept);
	tcase_add_test(c, without_small_memory);
	tcase_add_test(c, without_aligned_memory);
	tcase_add_test(c, without_maps);
	tcase_add_test(c, without_threads);
	tcase_add_test(c, without_attributes_of_threads);
	tcase_add_test(c, where_masks_are_refused);
	tcase_add_test(c, where_waits_are_interrupted);
	tcase_add_test(c, where_files_cannot_be_opened);
	tcase_add_test(c, where_files_cannot_be_read);
	tcase_add_test(c, where_lines_cannot_be_written);
	tcase_add_test(c, where_files_cannot_be_asked);
	tcase_add_test(c, without_hwloc);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	/* Each case is a child already, and they are counted here. */
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_ENV);
	int broken = srunner_ntests_failed(r);
	srunner_free(r);

	unsigned long asked = full ? 2000 : 800;
	bool reached = broken == 0 && injected >= asked;
	printf("# %lu cases\n", cases);
	printf("FIGURE P5 %lu %lu %s faults injected, with no crash, hang or "
	       "leak\n", injected, asked, reached ? "ok" : "MISSED");
	return !reached;
}
