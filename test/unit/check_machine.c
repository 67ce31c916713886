/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_machine.c - from what is online to what is usable, on fake systems
 *
 * /proc and /sys are written below a directory of the test, with masks as if
 * they were refused, so that hwloc is not asked; machines as hwloc tells them
 * are in check_topology.c. The last tests are about this very system.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thrum/cpus.h>
#include <thrum/report.h>
#include <unistd.h>

#include "../sanitizer.h"
#include "affinity.h"
#include "machine.h"

static struct machine *build(const struct topology_source *source)
{
	struct machine *m;
	ck_assert_int_eq(thrum__machine_build(&m, source), 0);
	return m;
}

/* A fake /sys of two packages; CPUs 0 to 7, siblings i and i + 4. */
static void put(const char *root, const char *path, const char *text)
{
	char name[4096];
	snprintf(name, sizeof(name), "%s%s", root, path);
	for (char *p = name + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(name, 0777);
		*p = '/';
	}
	FILE *file = fopen(name, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static char root[64];

static void make_root(void)
{
	strcpy(root, "/tmp/check_topology.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void put_siblings(void)
{
	char path[128], text[64];
	put(root, "/sys/devices/system/cpu/online", "0-7\n");
	for (int cpu = 0; cpu < 8; cpu++) {
		snprintf(path, sizeof(path),
		         "/sys/devices/system/cpu/cpu%d/topology/"
		         "thread_siblings_list", cpu);
		snprintf(text, sizeof(text), "%d,%d\n", cpu % 4, cpu % 4 + 4);
		put(root, path, text);
		snprintf(path, sizeof(path),
		         "/sys/devices/system/cpu/cpu%d/topology/"
		         "physical_package_id", cpu);
		put(root, path, cpu % 2 ? "7\n" : "3\n");
	}
}

static int flat(struct topology *t)
{
	return thrum__topology_flat(t, &(struct topology_source){
		.root = root });
}

START_TEST(flat_joins_siblings)
{
	put_siblings();
	struct topology t;
	ck_assert_int_eq(flat(&t), 0);
	ck_assert_int_eq(t.ncores, 4);
	ck_assert_int_eq(t.packages, 2);
	ck_assert(t.cores_known);
	ck_assert(t.binds);
	static const int first[] = { 0, 2, 1, 3 };
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(t.core[i].npus, 2);
		ck_assert_int_eq(t.core[i].pu[0], first[i]);
		ck_assert_int_eq(t.core[i].pu[1], first[i] + 4);
		ck_assert_int_eq(t.core[i].package, i / 2);
	}
	thrum__topology_free(&t);
}
END_TEST

/* AMD's Bulldozer: what the system calls siblings are two cores. */
START_TEST(flat_parts_siblings_that_are_cores)
{
	char path[128], text[64];
	put_siblings();
	for (int cpu = 0; cpu < 8; cpu++) {
		snprintf(path, sizeof(path),
		         "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
		snprintf(text, sizeof(text), "%d\n", cpu);
		put(root, path, text);
	}
	struct topology t;
	ck_assert_int_eq(flat(&t), 0);
	ck_assert_int_eq(t.ncores, 8);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(t.core[i].npus, 1);
	thrum__topology_free(&t);
}
END_TEST

START_TEST(flat_knows_the_node_if_there_is_but_one)
{
	struct topology t;
	put_siblings();
	put(root, "/sys/devices/system/node/online", "1\n");
	ck_assert_int_eq(flat(&t), 0);
	ck_assert_int_eq(t.nodes, 1);
	ck_assert_int_eq(t.core[3].node, 1);
	thrum__topology_free(&t);
	put(root, "/sys/devices/system/node/online", "0-1\n");
	ck_assert_int_eq(flat(&t), 0);
	ck_assert_int_eq(t.nodes, 0);
	ck_assert_int_eq(t.core[3].node, -1);
	thrum__topology_free(&t);
}
END_TEST

START_TEST(flat_without_siblings_has_a_core_for_each_cpu)
{
	put(root, "/sys/devices/system/cpu/online", "0-2,5\n");
	put(root, "/sys/devices/system/cpu/cpu0/topology/core_cpus_list",
	    "nonsense");
	put(root, "/sys/devices/system/cpu/cpu1/topology/core_cpus_list",
	    "0,2");
	struct topology t;
	ck_assert_int_eq(flat(&t), 0);
	ck_assert_int_eq(t.ncores, 4);
	ck_assert(!t.cores_known);
	ck_assert_int_eq(t.core[3].pu[0], 5);
	thrum__topology_free(&t);
}
END_TEST

START_TEST(flat_knows_the_control_group)
{
	put_siblings();
	put(root, "/proc/self/cgroup", "0::/job\n");
	put(root, "/proc/self/mountinfo",
	    "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n");
	put(root, "/cg/job/cpuset.cpus.effective", "1,3-5\n");
	char text[64];
	struct machine *m = build(&(struct topology_source){
		.root = root, .refused = true });
	thrum__cpulist_format(&m->step[STEP_ALLOWED].cpus, text, sizeof(text));
	ck_assert_str_eq(text, "1,3-5");
	ck_assert_str_eq(m->cpuset_file, "/cg/job/cpuset.cpus.effective");
	thrum__machine_free(m);
}
END_TEST

START_TEST(flat_of_nothing_still_has_a_core)
{
	struct topology t;
	ck_assert_int_eq(flat(&t), 0);
	ck_assert_int_ge(t.ncores, 1);
	ck_assert_int_eq(t.online.count, t.allowed.count);
	thrum__topology_free(&t);
}
END_TEST

START_TEST(flat_below_a_root_too_long_is_of_nothing)
{
	static char name[PATH_MAX + 10];
	struct topology t;
	memset(name, '/', sizeof name - 1);
	ck_assert_int_eq(thrum__topology_flat(&t, &(struct topology_source){
		.root = name }), 0);
	ck_assert_int_ge(t.ncores, 1);
	ck_assert(!t.cores_known);
	thrum__topology_free(&t);
}
END_TEST

/* Where sched_getaffinity is refused hwloc must not be asked. */
START_TEST(refused_masks_leave_the_flat_machine)
{
	put_siblings();
	struct machine *m = build(&(struct topology_source){
		.root = root, .refused = true });
	ck_assert_int_eq(m->usable, 4);
	ck_assert(!m->binds);
	ck_assert(m->notes & THRUM_NOTE_UNPINNED);
	thrum__machine_free(m);
}
END_TEST

START_TEST(quota_bounds_the_usable_cores)
{
	static const struct {
		const char *max;
		int usable;
	} row[] = { { "max 100000\n", 4 },    { "400000 100000\n", 4 },
		    { "900000 100000\n", 4 }, { "150000 100000\n", 2 },
		    { "100000 100000\n", 1 }, { "100001 100000\n", 2 },
		    { "1000 100000\n", 1 } };
	put_siblings();
	put(root, "/proc/self/cgroup", "0::/\n");
	put(root, "/proc/self/mountinfo",
	    "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		put(root, "/cg/cpu.max", row[i].max);
		struct machine *m = build(&(struct topology_source){
			.root = root, .refused = true });
		ck_assert_int_eq(m->ncores, 4);
		ck_assert_int_eq(m->usable, row[i].usable);
		thrum__machine_free(m);
	}
}
END_TEST


START_TEST(mask_narrows_the_flat_machine)
{
	struct cpulist mask;
	put_siblings();
	ck_assert_int_eq(thrum__cpulist_parse(&mask, "1,4,5"), 0);
	struct machine *m = build(&(struct topology_source){
		.root = root, .refused = true, .mask = &mask });
	/* packages hold 0 and 2, then 1 and 3 */
	ck_assert_int_eq(m->usable, 2);
	ck_assert_int_eq(m->core[0].npus, 1);
	ck_assert_int_eq(m->core[0].pu[0], 4);
	ck_assert_int_eq(m->core[1].npus, 2);
	ck_assert_int_eq(m->core[1].pu[0], 1);
	ck_assert_int_eq(m->step[STEP_ONLINE].cores, 4);
	ck_assert_int_eq(m->step[STEP_MASK].cores, 2);
	thrum__machine_free(m);
	thrum__cpulist_free(&mask);
}
END_TEST

START_TEST(far_fewer_is_told)
{
	static const struct {
		const char *mask, *max;
		bool told;
	} row[] = { { "0", "max 100000", true },
		    { "0-1", "max 100000", false },
		    { "0-7", "max 100000", false },
		    { "0", "100000 100000", false },
		    { "0", "200000 100000", true } };
	put_siblings();
	put(root, "/proc/self/cgroup", "0::/\n");
	put(root, "/proc/self/mountinfo",
	    "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cpulist mask;
		ck_assert_int_eq(thrum__cpulist_parse(&mask, row[i].mask), 0);
		put(root, "/cg/cpu.max", row[i].max);
		struct machine *m = build(&(struct topology_source){
			.root = root, .refused = true, .mask = &mask });
		ck_assert_msg(((m->notes & THRUM_NOTE_MASK) != 0) ==
		              row[i].told,
		              "mask %s, quota %s", row[i].mask, row[i].max);
		thrum__machine_free(m);
		thrum__cpulist_free(&mask);
	}
}
END_TEST

/* In a child: the environment is read once per process. */
static int count_with(const char *cpus, unsigned *notes)
{
	int pipes[2], answer[2] = { 0, 0 };
	ck_assert_int_eq(pipe(pipes), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		setenv("THRUM_CPUS", cpus, 1);
		thrum__machine_forget();
		answer[0] = thrum_cpu_count();
		answer[1] = (int)thrum__machine()->notes;
		thrum__machine_forget();
		_exit(write(pipes[1], answer, sizeof(answer)) !=
		      (ssize_t)sizeof(answer));
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(pipes[0], answer, sizeof(answer)),
	                 (ssize_t)sizeof(answer));
	close(pipes[0]);
	close(pipes[1]);
	*notes = (unsigned)answer[1];
	return answer[0];
}

START_TEST(thrum_cpus_stands_for_the_mask)
{
	unsigned notes;
	char text[16];
	snprintf(text, sizeof(text), "%d",
	         thrum__machine()->core[0].pu[0]);
	ck_assert_int_eq(count_with(text, &notes), 1);
	ck_assert_uint_eq(notes & (THRUM_NOTE_ENV | THRUM_NOTE_MASK), 0);
}
END_TEST

START_TEST(thrum_cpus_of_no_cpu_is_ignored_and_told)
{
	unsigned notes;
	ck_assert_int_eq(count_with("65535", &notes), thrum_cpu_count());
	ck_assert_uint_ne(notes & THRUM_NOTE_ENV, 0);
	ck_assert_int_eq(count_with("a-b", &notes), thrum_cpu_count());
	ck_assert_uint_ne(notes & THRUM_NOTE_ENV, 0);
}
END_TEST

START_TEST(this_machine_is_within_the_mask)
{
	struct cpulist mask;
	const struct machine *m = thrum__machine();
	if (m->refused)
		return;
	ck_assert_int_eq(thrum__affinity_process(&mask), 0);
	ck_assert_int_ge(m->usable, 1);
	ck_assert_int_le(m->usable, m->ncores);
	for (int i = 0; i < m->ncores; i++)
		for (int j = 0; j < m->core[i].npus; j++)
			ck_assert(thrum__cpulist_has(&mask,
			                             m->core[i].pu[j]));
	thrum__cpulist_free(&mask);
}
END_TEST

static void same_cpus(const struct cpulist *a, const struct cpulist *b)
{
	ck_assert_int_eq(a->count, b->count);
	for (int i = 0; i < a->count; i++)
		ck_assert_int_eq(a->cpu[i], b->cpu[i]);
}

/* Two machines of four CPUs; what hwloc adds to one is a part of it. */
START_TEST(a_second_look_adds_what_differs)
{
	int alike[] = { 0, 2, 1, 3 }, other[] = { 0, 1, 2, 3 };
	struct core a[2] = { { .pu = alike, .npus = 2, .l3 = -1, .kind = -1 },
	                     { .pu = alike + 2, .npus = 2, .l3 = -1,
	                       .kind = -1 } };
	struct core b[2] = { a[0], a[1] };
	struct machine found = { .core = a, .ncores = 2, .usable = 2,
	                         .binds = true }, rough = found;

	rough.core = b;
	ck_assert(thrum__machine_adds_nothing(&found, &rough));
	b[0].pu = other, b[1].pu = other + 2;
	ck_assert(!thrum__machine_adds_nothing(&found, &rough));
	b[0].pu = alike, b[1].pu = alike + 2;
	b[1].npus = 1;
	ck_assert(!thrum__machine_adds_nothing(&found, &rough));
	b[1].npus = 2;
	a[1].l3 = 1;
	ck_assert(!thrum__machine_adds_nothing(&found, &rough));
	a[1].l3 = -1, a[1].package = 1;
	ck_assert(!thrum__machine_adds_nothing(&found, &rough));
	a[1].package = 0, rough.usable = 1;
	ck_assert(!thrum__machine_adds_nothing(&found, &rough));
	rough.usable = 2, rough.binds = false;
	ck_assert(!thrum__machine_adds_nothing(&found, &rough));
	rough.binds = true;
	ck_assert(thrum__machine_adds_nothing(&found, &rough));
}
END_TEST

/* Wherever this is run, /sys and hwloc must agree on what is told first. */
START_TEST(the_sketch_has_the_cores_of_the_machine)
{
	struct machine *sketch = build(&(struct topology_source){
		.sketch = true });
	const struct machine *m = thrum__machine();
	if (m->thissystem && m->cores_known && sketch->cores_known) {
		ck_assert_int_eq(sketch->ncores, m->ncores);
		ck_assert_int_eq(sketch->usable, m->usable);
		ck_assert_int_eq(sketch->packages, m->packages);
		ck_assert_int_eq(sketch->binds, m->binds);
		for (int i = 0; i < STEP_COUNT; i++) {
			same_cpus(&sketch->step[i].cpus, &m->step[i].cpus);
			ck_assert_int_eq(sketch->step[i].cores,
			                 m->step[i].cores);
		}
	}
	thrum__machine_free(sketch);
}
END_TEST

START_TEST(bind_and_restore_leave_the_mask_as_it_was)
{
	struct affinity_saved saved;
	struct cpulist before, bound, after;
	const struct machine *m = thrum__machine();
	if (m->refused)
		return;
	ck_assert_int_eq(thrum__affinity_process(&before), 0);
	ck_assert_int_eq(thrum__affinity_save(&saved), 0);
	ck_assert_int_eq(thrum__affinity_bind(m->core[0].pu, 1), 0);
	ck_assert_int_eq(thrum__affinity_process(&bound), 0);
	ck_assert_int_eq(bound.count, 1);
	ck_assert_int_eq(bound.cpu[0], m->core[0].pu[0]);
	ck_assert_int_eq(thrum__affinity_cpu(), m->core[0].pu[0]);
	ck_assert_int_eq(thrum__affinity_restore(&saved), 0);
	ck_assert_int_eq(thrum__affinity_process(&after), 0);
	ck_assert_int_eq(after.count, before.count);
	thrum__cpulist_free(&before);
	thrum__cpulist_free(&bound);
	thrum__cpulist_free(&after);
}
END_TEST

/* As an OpenMP runtime does between the sketch and the load. */
START_TEST(a_count_that_was_told_stays_when_the_main_thread_is_bound)
{
	struct affinity_saved saved;
	thrum__machine_forget();
	int told = thrum_cpu_count();
	int cpu = thrum__machine_now()->core[0].pu[0];
	if (thrum__affinity_save(&saved) != 0)
		return;
	ck_assert_int_eq(thrum__affinity_bind(&cpu, 1), 0);
	ck_assert_int_eq(thrum__machine()->usable, told);
	ck_assert_int_eq(thrum_cpu_count(), told);
	ck_assert_int_eq(thrum__affinity_restore(&saved), 0);
}
END_TEST

START_TEST(binding_to_nonsense_is_an_error)
{
	int far = AFFINITY_CPUS, below = -1, cpu = 0;
	errno = ENOTTY;
	ck_assert_int_eq(thrum__affinity_bind(&cpu, 0), -EINVAL);
	ck_assert_int_eq(thrum__affinity_bind(&far, 1), -EINVAL);
	ck_assert_int_eq(thrum__affinity_bind(&below, 1), -EINVAL);
	far--;
	ck_assert_int_lt(thrum__affinity_bind(&far, 1), 0);
	ck_assert_int_eq(errno, ENOTTY);
	struct affinity_saved none = { .kept = false };
	ck_assert_int_lt(thrum__affinity_restore(&none), 0);
}
END_TEST

START_TEST(first_need_leaves_errno_alone)
{
	thrum__machine_forget();
	errno = ENOTTY;
	ck_assert_int_ge(thrum_cpu_count(), 1);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

static void *look(void *machine)
{
	*(const struct machine **)machine = thrum__machine();
	return NULL;
}

START_TEST(all_threads_find_the_same_machine)
{
	enum { THREADS = 16 };
	thrum__machine_forget();
	pthread_t thread[THREADS];
	const struct machine *found[THREADS];
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, look,
		                                &found[i]), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	for (int i = 1; i < THREADS; i++)
		ck_assert_ptr_eq(found[i], found[0]);
}
END_TEST

/* As the handlers of the library do; a child forked in the middle of a load
 * would find the lock held for ever. */
START_TEST(fork_waits_for_a_load)
{
	if (UNDER_ASAN) {
		printf("# SKIP forks while another thread loads: ASan\n");
		return;
	}
	for (int round = 0; round < 20; round++) {
		pthread_t thread;
		const struct machine *found;
		thrum__machine_forget();
		ck_assert_int_eq(pthread_create(&thread, NULL, look, &found),
		                 0);
		pid_t child = fork();
		if (child == 0) {
			alarm(30);
			if (thrum_cpu_count() < 1)
				_exit(1);
			/* So that nobody looks for leaks: what belongs to the
			 * other thread is lost here. */
			execlp("true", "true", (char *)NULL);
			_exit(2);
		}
		int status;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
	}
}
END_TEST

static void forget(void)
{
	thrum__machine_forget();
}

static Suite *machine_suite(void)
{
	Suite *s = suite_create("machine");
	TCase *tc = tcase_create("fake");
	tcase_add_checked_fixture(tc, make_root, remove_root);
	tcase_add_test(tc, flat_joins_siblings);
	tcase_add_test(tc, flat_parts_siblings_that_are_cores);
	tcase_add_test(tc, flat_knows_the_node_if_there_is_but_one);
	tcase_add_test(tc, flat_without_siblings_has_a_core_for_each_cpu);
	tcase_add_test(tc, flat_knows_the_control_group);
	tcase_add_test(tc, flat_of_nothing_still_has_a_core);
	tcase_add_test(tc, flat_below_a_root_too_long_is_of_nothing);
	tcase_add_test(tc, refused_masks_leave_the_flat_machine);
	tcase_add_test(tc, quota_bounds_the_usable_cores);
	tcase_add_test(tc, mask_narrows_the_flat_machine);
	tcase_add_test(tc, far_fewer_is_told);
	suite_add_tcase(s, tc);

	tc = tcase_create("this_system");
	tcase_add_checked_fixture(tc, NULL, forget);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, thrum_cpus_stands_for_the_mask);
	tcase_add_test(tc, thrum_cpus_of_no_cpu_is_ignored_and_told);
	tcase_add_test(tc, this_machine_is_within_the_mask);
	tcase_add_test(tc, the_sketch_has_the_cores_of_the_machine);
	tcase_add_test(tc, a_second_look_adds_what_differs);
	tcase_add_test(tc, bind_and_restore_leave_the_mask_as_it_was);
	tcase_add_test(tc,
		a_count_that_was_told_stays_when_the_main_thread_is_bound);
	tcase_add_test(tc, binding_to_nonsense_is_an_error);
	tcase_add_test(tc, first_need_leaves_errno_alone);
	tcase_add_test(tc, all_threads_find_the_same_machine);
#if !UNDER_TSAN /* it cannot follow a fork with threads */
	tcase_add_test(tc, fork_waits_for_a_load);
#else
	(void)fork_waits_for_a_load;
#endif
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(machine_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
