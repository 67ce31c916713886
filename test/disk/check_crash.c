/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_crash.c - a store and files after the power has failed
 *
 * What the act of each scene does to the disk is written down once. Then states
 * are made in which a crash at any moment of it may leave the disk, see disk.h,
 * and each is looked at as if it were the next morning: no value is wrong, what
 * was none of the act's business is there, what was durable once the act was
 * over is there, and all works. The dice begin with THRUM_TEST_SEED.
 */
#include "config.h"

#include "../api/common.h"
#include "calls.h"
#include "disk.h"
#include "proof.h"
#include "scenes.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 2 };

/* Shared by the processes that make states of one scene. */
static struct {
	char text[256];
	unsigned long states[PROCESSES];
} *said;

static uint64_t seed;
static unsigned long asked_each, all_states;
static char top[64], folder[96];

/* Each process has another half of the moments. */
static const char *make_states(const struct scene *s, int process)
{
	char where[128];
	uint64_t dice = seed + (uint64_t)process * 77 + all_states;
	size_t changes = disk_changes();
	unsigned long tries = 0, *states = &said->states[process];
	snprintf(where, sizeof where, "%s/%d", top, process);
	while (*states < asked_each / PROCESSES
	       && tries < 40 * asked_each) {
		size_t moment = tries++ % (changes + 1);
		enum disk_order order = disk_draw(&dice, 2) ? DISK_ORDERED
		                                             : DISK_UNORDERED;
		if (moment % PROCESSES != (size_t)process
		    || !disk_make(where, moment, order, &dice))
			continue;
		++*states;
		unsigned there = s->spared;
		if (moment == changes)
			there |= s->lasting;
		const char *wrong = s->look(where, there);
		/* That all works again takes longer, and is the same. */
		if (!wrong && *states % 16 == 0)
			wrong = s->after(where, s);
		if (wrong) {
			snprintf(said->text, sizeof said->text,
			         "%s: after %zu of %zu changes, %s: %s", s->name,
			         moment, changes,
			         order == DISK_ORDERED ? "ordered"
			                               : "not ordered", wrong);
			return wrong;
		}
	}
	disk_clear(where);
	return NULL;
}

static void crash(const struct scene *s)
{
	pid_t pid[PROCESSES];
	int status, failed = 0;

	disk_folder(folder);
	const char *wrong = s->prepare(folder);
	ck_assert_msg(!wrong, "%s: %s", s->name, wrong);
	disk_begin(folder);
	calls_arm(NULL, NULL, 0);
	wrong = s->act(folder, true);
	calls_disarm();
	disk_end();
	ck_assert_msg(!wrong, "%s: %s", s->name, wrong);
	memset(said, 0, sizeof *said);
	fflush(stdout);
	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		ck_assert_int_ge(pid[i], 0);
		if (pid[i] == 0) {
			signal(SIGALRM, SIG_DFL); /* Check has its own */
			alarm(1200);
			_exit(make_states(s, i) != NULL);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		failed |= status;
	}
	unsigned long states = 0;
	for (int i = 0; i < PROCESSES; i++)
		states += said->states[i];
	ck_assert_msg(failed == 0, "seed %llu: %s", (unsigned long long)seed,
	              said->text[0] ? said->text : "ended by a signal");
	printf("# %s: %zu changes, %lu states\n", s->name, disk_changes(),
	       states);
	all_states += states;
}

START_TEST(after_a_crash_no_value_is_wrong_and_the_rest_is_there)
{
	if (scene_number(_i)->look)
		crash(scene_number(_i));
}
END_TEST

int main(void)
{
	bool full = proof_full();
	seed = test_seed();
	said = mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE,
	            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED || !disk_temporary(top))
		return 1;
	snprintf(folder, sizeof folder, "%s/store", top);
	scenes_begin(folder);
	asked_each = full ? 20000 : 4000;

	Suite *s = suite_create("crash");
	TCase *c = tcase_create("simulated");
	tcase_add_loop_test(c,
		after_a_crash_no_value_is_wrong_and_the_rest_is_there,
		0, memo_scene_count + npy_scene_count);
	suite_add_tcase(s, c);
	int wrong = proof_run(s);
	disk_clear(top);

	unsigned long asked = full ? 100000 : 15000;
	bool reached = wrong == 0 && all_states >= asked;
	printf("FIGURE P14 %lu %lu %s states after a simulated crash, all "
	       "different: no wrong value, no entry lost but the one written\n",
	       all_states, asked, reached ? "ok" : "MISSED");
	return !reached;
}
