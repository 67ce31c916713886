/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_topology.c - machines that nobody here has
 *
 * Each machine is described by hwloc's synthetic strings or by a file below
 * test/data/topology, and what must come of it is written out: the cores and
 * their CPUs, what n_jobs means on it, who is placed where and who is near to
 * whom. In the strings a core or place is its CPUs with + between, and `~` is
 * a place that floats. Without hwloc there is nothing to read them with, which
 * is said aloud. The strings name a node, for hwloc 2.9 adds one that is not
 * named by a memcpy onto itself, which Valgrind tells.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/cpus.h>
#include <thrum/pool.h>

#include "cpus.h"
#include "machine.h"
#include "place.h"

#ifdef HAVE_HWLOC

/* n_jobs of -1, -2, -100, 3, 5000, in this order. */
enum { ASKED = 5 };

struct expected {
	const char *name;
	const char *synthetic; /* or */
	const char *xml;
	const char *mask; /* NULL none */
	int ncores;
	int n_jobs[ASKED];
	const char *cores; /* NULL: too many to write */
	const char *where; /* package/node/l3 of each core; NULL not asked */
	struct {
		int count, near;
		const char *places;
	} plan[3]; /* up to the first without places */
	struct {
		int count, from;
		const char *order;
	} nearest[2];
};

/* clang-format off */
static const struct expected machines[] = {
{ "one CPU", NULL, "onepu", NULL,
  1, { 1, 1, 1, 3, 4096 }, "0", "0/0/-",
  { { 1, -1, "0" }, { 1, 7, "0" }, { 3, -1, "0 ~ ~" } },
  { { 1, 0, "0" }, { 3, 0, "0 1 2" } } },

{ "two cores", "[numa] pack:1 core:2 pu:1", NULL, NULL,
  2, { 2, 1, 1, 3, 4096 }, "0 1", "0/0/- 0/0/-",
  { { 1, 1, "1" }, { 2, 1, "0 1" }, { 3, 1, "0 1 ~" } },
  { { 2, 1, "1 0" }, { 3, 2, "2 0 1" } } },

{ "four cores with two threads each", "[numa] pack:1 core:4 pu:2", NULL, NULL,
  4, { 4, 3, 1, 3, 4096 }, "0+1 2+3 4+5 6+7", NULL,
  { { 2, 5, "4+5 6+7" }, { 6, -1, "0+1 2+3 4+5 6+7 1 3" },
    { 9, -1, "0+1 2+3 4+5 6+7 1 3 5 7 ~" } },
  { { 4, 2, "2 3 0 1" }, { 9, 1, "1 5 2 3 4 6 7 0 8" } } },

{ "siblings numbered far apart",
  "[numa] pack:1 core:4 pu:2(indexes=0,4,1,5,2,6,3,7)", NULL, NULL,
  4, { 4, 3, 1, 3, 4096 }, "0+4 1+5 2+6 3+7", NULL,
  { { 1, 6, "2+6" }, { 3, 7, "0+4 1+5 3+7" }, { 5, -1, "0+4 1+5 2+6 3+7 4" } },
  { { 5, 4, "4 0 1 2 3" } } },

{ "four threads a core", "[numa] pack:1 core:2 pu:4", NULL, NULL,
  2, { 2, 1, 1, 3, 4096 }, "0+1+2+3 4+5+6+7", NULL,
  { { 3, -1, "0+1+2+3 4+5+6+7 1" },
    { 9, -1, "0+1+2+3 4+5+6+7 1 5 2 6 3 7 ~" } },
  { { 6, 5, "5 1 3 0 2 4" } } },

{ "eight threads a core", "[numa] pack:1 core:3 pu:8", NULL, NULL,
  3, { 3, 2, 1, 3, 4096 },
  "0+1+2+3+4+5+6+7 8+9+10+11+12+13+14+15 16+17+18+19+20+21+22+23", NULL,
  { { 1, 15, "8+9+10+11+12+13+14+15" } },
  { { 3, 1, "1 2 0" } } },

{ "two packages", "[numa] pack:2 core:3 pu:1", NULL, NULL,
  6, { 6, 5, 1, 3, 4096 }, "0 1 2 3 4 5",
  "0/0/- 0/0/- 0/0/- 1/0/- 1/0/- 1/0/-",
  { { 2, 2, "0 2" }, { 3, 4, "3 4 5" }, { 4, 4, "0 3 4 5" } },
  { { 6, 4, "4 5 3 0 1 2" } } },

{ "packages numbered by turns",
  "[numa] pack:2 core:4 pu:1(indexes=0,2,4,6,1,3,5,7)", NULL, NULL,
  8, { 8, 7, 1, 3, 4096 }, "0 2 4 6 1 3 5 7", NULL,
  { { 2, 3, "3 5" }, { 4, 1, "1 3 5 7" }, { 5, 0, "0 2 4 6 1" } },
  { { 8, 5, "5 6 7 4 0 1 2 3" } } },

{ "eight packages", "[numa] pack:8 core:2 pu:1", NULL, NULL,
  16, { 16, 15, 1, 3, 4096 }, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", NULL,
  { { 2, 9, "8 9" }, { 3, 9, "8 9 10" }, { 3, 15, "0 14 15" } },
  { { 16, 15, "15 14 0 1 2 3 4 5 6 7 8 9 10 11 12 13" } } },

{ "two packages of two nodes", "pack:2 numa:2 core:2 pu:1", NULL, NULL,
  8, { 8, 7, 1, 3, 4096 }, "0 1 2 3 4 5 6 7",
  "0/0/- 0/0/- 0/1/- 0/1/- 1/2/- 1/2/- 1/3/- 1/3/-",
  { { 2, 5, "4 5" }, { 3, 5, "4 5 6" }, { 4, 3, "0 1 2 3" } },
  { { 8, 3, "3 2 0 1 4 5 6 7" }, { 8, 6, "6 7 4 5 0 1 2 3" } } },

{ "a node of two packages", "numa:2 pack:2 core:2 pu:1", NULL, NULL,
  8, { 8, 7, 1, 3, 4096 }, "0 1 2 3 4 5 6 7",
  "0/0/- 0/0/- 1/0/- 1/0/- 2/1/- 2/1/- 3/1/- 3/1/-",
  { { 3, 6, "4 6 7" } },
  { { 8, 6, "6 7 4 5 0 1 2 3" } } },

{ "one core to each cache", "[numa] pack:1 l3:4 core:1 pu:2", NULL, NULL,
  4, { 4, 3, 1, 3, 4096 }, "0+1 2+3 4+5 6+7", "0/0/0 0/0/1 0/0/2 0/0/3",
  { { 3, 6, "0+1 2+3 6+7" } },
  { { 4, 3, "3 0 1 2" } } },

{ "two caches of four cores", "[numa] pack:1 l3:2 core:4 pu:1", NULL, NULL,
  8, { 8, 7, 1, 3, 4096 }, "0 1 2 3 4 5 6 7", NULL,
  { { 3, 3, "0 1 3" }, { 4, 6, "4 5 6 7" }, { 5, 6, "0 4 5 6 7" } },
  { { 8, 2, "2 3 0 1 4 5 6 7" }, { 8, 5, "5 6 7 4 0 1 2 3" } } },

{ "caches in nodes in packages", "pack:2 numa:2 l3:2 core:2 pu:1", NULL, NULL,
  16, { 16, 15, 1, 3, 4096 }, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", NULL,
  { { 2, 9, "8 9" }, { 6, 11, "8 9 10 11 12 13" } },
  { { 16, 10, "10 11 8 9 12 13 14 15 0 1 2 3 4 5 6 7" },
    { 16, 7, "7 6 4 5 0 1 2 3 8 9 10 11 12 13 14 15" } } },

{ "64 cores on 16 caches", "pack:2 numa:4 l3:2 core:4 pu:2", NULL, NULL,
  64, { 64, 63, 1, 3, 4096 }, NULL, NULL,
  { { 4, 127, "120+121 122+123 124+125 126+127" } }, { { 0, 0, NULL } } },

{ "1024 cores", "pack:8 numa:1 l3:4 core:32 pu:1", NULL, NULL,
  1024, { 1024, 1023, 925, 3, 4096 }, NULL, NULL,
  { { 3, 1023, "992 993 1023" } }, { { 0, 0, NULL } } },

{ "1024 cores with two threads each",
  "[numa] pack:8 l3:4 core:32 pu:2", NULL, NULL,
  1024, { 1024, 1023, 925, 3, 4096 }, NULL, NULL,
  { { 2, 2047, "1984+1985 2046+2047" } }, { { 0, 0, NULL } } },

{ "more cores than workers can be had",
  "[numa] pack:8 core:640 pu:1", NULL, NULL,
  5120, { 4096, 4096, 4096, 3, 4096 }, NULL, NULL,
  { { 1, 5000, "5000" } }, { { 0, 0, NULL } } },

{ "holes in the mask", "[numa] pack:1 core:8 pu:1", NULL, "1,3-4,7",
  4, { 4, 3, 1, 3, 4096 }, "1 3 4 7", NULL,
  { { 2, 4, "4 7" }, { 2, 0, "1 3" }, { 5, -1, "1 3 4 7 ~" } },
  { { 4, 1, "1 2 3 0" } } },

{ "only second siblings in the mask",
  "[numa] pack:1 core:4 pu:2", NULL, "1,3,5,7",
  4, { 4, 3, 1, 3, 4096 }, "1 3 5 7", NULL,
  { { 2, 7, "1 7" }, { 6, -1, "1 3 5 7 ~ ~" } }, { { 0, 0, NULL } } },

{ "some siblings in the mask", "[numa] pack:1 core:4 pu:2", NULL, "0-3,5",
  3, { 3, 2, 1, 3, 4096 }, "0+1 2+3 5", NULL,
  { { 4, -1, "0+1 2+3 5 1" }, { 6, -1, "0+1 2+3 5 1 3 ~" } },
  { { 6, 0, "0 3 1 2 4 5" } } },

{ "a mask of one thread", "[numa] pack:2 core:4 pu:2", NULL, "9",
  1, { 1, 1, 1, 3, 4096 }, "9", NULL,
  { { 1, 9, "9" }, { 2, -1, "9 ~" } }, { { 0, 0, NULL } } },

{ "a mask of one package", "[numa] pack:2 core:2 pu:2", NULL, "4-7",
  2, { 2, 1, 1, 3, 4096 }, "4+5 6+7", "1/0/- 1/0/-",
  { { 1, 0, "4+5" } }, { { 0, 0, NULL } } },

{ "a mask that reaches beyond", "[numa] pack:1 core:4 pu:1", NULL, "2-9",
  2, { 2, 1, 1, 3, 4096 }, "2 3", NULL,
  { { 2, -1, "2 3" } }, { { 0, 0, NULL } } },

{ "a mask of another machine", "[numa] pack:1 core:4 pu:1", NULL, "100-103",
  4, { 4, 3, 1, 3, 4096 }, "0 1 2 3", NULL,
  { { 2, -1, "0 1" } }, { { 0, 0, NULL } } },

{ "fast and slow cores", NULL, "hybrid", NULL,
  8, { 8, 7, 1, 3, 4096 }, "0+1 2+3 4+5 6+7 8 9 10 11", NULL,
  { { 8, -1, "0+1 2+3 4+5 6+7 8 9 10 11" },
    { 13, -1, "0+1 2+3 4+5 6+7 8 9 10 11 1 3 5 7 ~" } },
  { { 8, 4, "4 5 6 7 0 1 2 3" } } },

{ "slow cores alone", NULL, "hybrid", "8-11",
  4, { 4, 3, 1, 3, 4096 }, "8 9 10 11", NULL,
  { { 5, -1, "8 9 10 11 ~" } }, { { 0, 0, NULL } } },

{ "no cores known", NULL, "nocores", NULL,
  6, { 6, 5, 1, 3, 4096 }, "0 1 2 3 4 5", "-/0/- -/0/- -/0/- -/0/- -/0/- -/0/-",
  { { 3, 4, "0 4 5" } }, { { 6, 4, "4 5 0 1 2 3" } } },

{ "no cores known, and a mask", NULL, "nocores", "1-2",
  2, { 2, 1, 1, 3, 4096 }, "1 2", NULL,
  { { 2, -1, "1 2" } }, { { 0, 0, NULL } } },

{ "some CPUs in no core", NULL, "mixedcores", NULL,
  4, { 4, 3, 1, 3, 4096 }, "0+1 2+3 4 5", "0/0/- 0/0/- -/0/- -/0/-",
  { { 5, -1, "0+1 2+3 4 5 1" } }, { { 4, 2, "2 3 0 1" } } },

{ "numbers with gaps", NULL, "sparse", NULL,
  3, { 3, 2, 1, 3, 4096 }, "1 3 700", NULL,
  { { 2, 700, "1 700" }, { 2, 2, "1 3" } }, { { 3, 2, "2 0 1" } } },

{ "a node of memory alone", NULL, "cxl", NULL,
  4, { 4, 3, 1, 3, 4096 }, "0+4 1+5 2+6 3+7", "0/0/- 0/0/- 1/1/- 1/1/-",
  { { 2, 7, "2+6 3+7" } }, { { 4, 2, "2 3 0 1" } } },

{ "two kinds of memory", NULL, "hbm", NULL,
  4, { 4, 3, 1, 3, 4096 }, "0 1 2 3", "0/0/- 0/0/- 1/1/- 1/1/-",
  { { 2, 3, "2 3" } }, { { 4, 1, "1 0 2 3" } } },

{ "a control group", NULL, "cpuset", NULL,
  3, { 3, 2, 1, 3, 4096 }, "2 3 5", NULL,
  { { 2, 5, "2 5" } }, { { 0, 0, NULL } } },

{ "a control group and a mask", NULL, "cpuset", "3-7",
  2, { 2, 1, 1, 3, 4096 }, "3 5", NULL,
  { { 2, -1, "3 5" } }, { { 0, 0, NULL } } },
};
/* clang-format on */

#define MACHINES ((int)(sizeof(machines) / sizeof(machines[0])))

static struct machine *build(const struct topology_source *source)
{
	struct machine *m;
	ck_assert_int_eq(thrum__machine_build(&m, source), 0);
	return m;
}

static void add(char *text, size_t size, const char *separator,
                const char *format, int number)
{
	size_t length = strlen(text);
	if (length > 0 && text[length - 1] != '+' && text[length - 1] != '/')
		snprintf(text + length, size - length, "%s", separator);
	length = strlen(text);
	snprintf(text + length, size - length, format, number);
}

static void add_cpus(char *text, size_t size, const int *pu, int npus)
{
	for (int i = 0; i < npus; i++)
		add(text, size, i == 0 ? " " : "+", "%d", pu[i]);
}

static void add_where(char *text, size_t size, const struct core *core)
{
	const int number[] = { core->package, core->node, core->l3 };
	for (int i = 0; i < 3; i++)
		add(text, size, i == 0 ? " " : "/",
		    number[i] < 0 ? "-" : "%d", number[i]);
}

static struct machine *build_expected(const struct expected *e)
{
	char path[4096];
	const char *srcdir = getenv("srcdir");
	struct cpulist mask = { 0 };
	struct topology_source source = { .synthetic = e->synthetic };

	if (e->xml) {
		snprintf(path, sizeof(path), "%s/test/data/topology/%s.xml",
		         srcdir ? srcdir : ".", e->xml);
		source.xml = path;
	}
	if (e->mask) {
		ck_assert_int_eq(thrum__cpulist_parse(&mask, e->mask), 0);
		source.mask = &mask;
	}
	struct machine *m = build(&source);
	thrum__cpulist_free(&mask);
	return m;
}

START_TEST(cores_are_as_written)
{
	const struct expected *e = &machines[_i];
	struct machine *m = build_expected(e);
	char cores[4096] = "", where[4096] = "";
	for (int i = 0; e->cores && i < m->ncores; i++)
		add_cpus(cores, sizeof(cores), m->core[i].pu,
		         m->core[i].npus);
	for (int i = 0; e->where && i < m->ncores; i++)
		add_where(where, sizeof(where), &m->core[i]);

	ck_assert_msg(m->ncores == e->ncores, "%s: %d cores", e->name,
	              m->ncores);
	ck_assert_int_eq(m->usable, e->ncores);
	ck_assert_int_eq(m->step[STEP_MASK].cores, e->ncores);
	if (e->cores)
		ck_assert_str_eq(cores, e->cores);
	if (e->where)
		ck_assert_str_eq(where, e->where);
	thrum__machine_free(m);
}
END_TEST

START_TEST(n_jobs_is_as_written)
{
	static const int asked[ASKED] = { -1, -2, -100, 3, 5000 };
	const struct expected *e = &machines[_i];
	struct machine *m = build_expected(e);
	for (int i = 0; i < ASKED; i++) {
		unsigned notes = 0;
		int n = thrum__n_jobs_resolve(asked[i], m->usable, &notes);
		ck_assert_msg(n == e->n_jobs[i], "%s: n_jobs %d gives %d",
		              e->name, asked[i], n);
	}
	thrum__machine_free(m);
}
END_TEST

START_TEST(places_are_as_written)
{
	const struct expected *e = &machines[_i];
	struct machine *m = build_expected(e);
	m->binds = true; /* as if it were this machine, to see who is bound */
	for (int i = 0; i < 3 && e->plan[i].places; i++) {
		struct plan plan;
		char text[4096] = "";
		ck_assert_int_eq(thrum__plan_make(&plan, m, e->plan[i].count,
		                                  e->plan[i].near,
		                                  THRUM_BIND_CORES), 0);
		for (int j = 0; j < plan.count; j++)
			if (plan.place[j].core < 0)
				add(text, sizeof(text), " ", "~", 0);
			else
				add_cpus(text, sizeof(text), plan.place[j].pu,
				         plan.place[j].npus);
		ck_assert_msg(strcmp(text, e->plan[i].places) == 0,
		              "%s: %d near %d: %s", e->name, e->plan[i].count,
		              e->plan[i].near, text);
		thrum__plan_free(&plan);
	}
	thrum__machine_free(m);
}
END_TEST

START_TEST(nearest_is_as_written)
{
	const struct expected *e = &machines[_i];
	struct machine *m = build_expected(e);
	for (int i = 0; i < 2 && e->nearest[i].order; i++) {
		struct plan plan;
		int order[64], group[64];
		char text[4096] = "";
		ck_assert_int_eq(thrum__plan_make(&plan, m,
		                                  e->nearest[i].count, -1,
		                                  THRUM_BIND_CORES), 0);
		thrum__plan_nearest(&plan, e->nearest[i].from, order, group);
		for (int j = 0; j < plan.count; j++)
			add(text, sizeof(text), " ", "%d", order[j]);
		ck_assert_msg(strcmp(text, e->nearest[i].order) == 0,
		              "%s: from %d: %s", e->name, e->nearest[i].from,
		              text);
		thrum__plan_free(&plan);
	}
	thrum__machine_free(m);
}
END_TEST

START_TEST(another_machine_binds_nothing)
{
	struct machine *m = build(
		&(struct topology_source){ .synthetic = "[numa] core:2 pu:2" });
	ck_assert(!m->thissystem);
	ck_assert(!m->binds);
	ck_assert(!m->quota.limited);
	struct plan plan;
	ck_assert_int_eq(thrum__plan_make(&plan, m, 5, -1, THRUM_BIND_CORES),
	                 0);
	for (int i = 0; i < plan.count; i++)
		ck_assert_int_eq(plan.place[i].npus, 0);
	thrum__plan_free(&plan);
	thrum__machine_free(m);
}
END_TEST

START_TEST(hwloc_variable_names_the_machine)
{
	ck_assert_int_eq(setenv("HWLOC_SYNTHETIC", "[numa] pack:2 core:3 pu:2", 1), 0);
	ck_assert_int_eq(setenv("THRUM_CPUS", "0", 1), 0);
	ck_assert_int_eq(thrum_cpu_count(), 6);
	ck_assert(!thrum__machine()->thissystem);
	ck_assert(!thrum__machine()->cpus_taken);
	thrum__machine_forget();
	ck_assert_int_eq(unsetenv("HWLOC_SYNTHETIC"), 0);
	ck_assert_int_eq(unsetenv("THRUM_CPUS"), 0);
}
END_TEST

START_TEST(kinds_rise_with_speed)
{
	struct machine *m = build_expected(
		&(const struct expected){ .xml = "hybrid" });
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(m->core[i].kind, i < 4);
	thrum__machine_free(m);
	m = build_expected(&(const struct expected){ .xml = "sparse" });
	ck_assert_int_eq(m->core[0].kind, -1);
	thrum__machine_free(m);
}
END_TEST

START_TEST(nonsense_is_an_error)
{
	struct machine *m;
	struct topology_source no_file = { .xml = "/no/such/file" };
	struct topology_source no_words = { .synthetic = "a machine" };
	ck_assert_int_lt(thrum__machine_build(&m, &no_file), 0);
	ck_assert_ptr_null(m);
	ck_assert_int_lt(thrum__machine_build(&m, &no_words), 0);
	ck_assert_ptr_null(m);
}
END_TEST

#else

START_TEST(descriptions_are_refused)
{
	struct topology_source source = { .synthetic = "[numa] core:2 pu:1" };
	struct machine *m;
	ck_assert_int_eq(thrum__machine_build(&m, &source), -ENOSYS);
	ck_assert_ptr_null(m);
}
END_TEST

#endif

static Suite *topology_suite(void)
{
	Suite *s = suite_create("topology");
#ifdef HAVE_HWLOC
	TCase *tc = tcase_create("machines");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, cores_are_as_written, 0, MACHINES);
	tcase_add_loop_test(tc, n_jobs_is_as_written, 0, MACHINES);
	tcase_add_loop_test(tc, places_are_as_written, 0, MACHINES);
	tcase_add_loop_test(tc, nearest_is_as_written, 0, MACHINES);
	tcase_add_test(tc, another_machine_binds_nothing);
	tcase_add_test(tc, hwloc_variable_names_the_machine);
	tcase_add_test(tc, kinds_rise_with_speed);
	tcase_add_test(tc, nonsense_is_an_error);
#else
	TCase *tc = tcase_create("without_hwloc");
	tcase_add_test(tc, descriptions_are_refused);
	fprintf(stderr, "check_topology: SKIPPED all machines: "
	        "built without hwloc\n");
#endif
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(topology_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
