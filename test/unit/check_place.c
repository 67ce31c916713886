/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_place.c - laws of every plan, on machines drawn at random
 *
 * What plans look like on known machines is written out in check_topology.c.
 * Here machines are made up, with random caches, nodes, packages and numbers
 * of hardware threads, and what must hold of any plan is compared with the
 * definition, worked out the slow way. The seed is printed when a law breaks.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/pool.h>

#include "place.h"

enum { CORES = 24, THREADS = 4, ROUNDS = 400, PLACES = 128 };

static int seed;
static unsigned long long state;

#define LAW(holds) ck_assert_msg((holds), "seed %d: %s", seed, #holds)

static int draw(int below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (int)((state >> 33) % (unsigned)below);
}

struct made {
	struct machine machine;
	struct core core[CORES];
	int pu[CORES * THREADS];
};

static void make(struct made *made)
{
	int per_l3 = 1 + draw(4), per_node = per_l3 * (1 + draw(3));
	int per_package = per_node * (1 + draw(2));
	bool no_l3 = draw(4) == 0, no_package = draw(4) == 0;
	int number[CORES * THREADS], used = 0;

	memset(made, 0, sizeof(*made));
	for (int i = 0; i < CORES * THREADS; i++) {
		int j = draw(i + 1);
		number[i] = i;
		number[i] = number[j];
		number[j] = i;
	}
	made->machine.ncores = 1 + draw(CORES);
	for (int i = 0; i < made->machine.ncores; i++) {
		struct core *core = &made->core[i];
		*core = (struct core){
			.package = no_package ? -1 : i / per_package,
			.node = i / per_node,
			.l3 = no_l3 ? -1 : i / per_l3,
			.kind = -1,
			.npus = 1 + draw(THREADS),
			.pu = &made->pu[used],
		};
		for (int j = 0; j < core->npus; j++, used++)
			made->pu[used] = number[used];
	}
	made->machine.core = made->core;
	made->machine.usable = made->machine.ncores;
	made->machine.binds = true;
}

static int near_of(const struct core *a, const struct core *b)
{
	if (a == b)
		return 0;
	if (a->l3 >= 0 && a->l3 == b->l3)
		return 1;
	if (a->node == b->node && a->package == b->package)
		return 2;
	if (a->node == b->node || (a->package >= 0 && a->package == b->package))
		return 3;
	return 4;
}

/* For each round: a machine, a count, a CPU to be near to, and a plan. */
static void each_round(void (*law)(const struct made *, const struct plan *,
                                   int near_cpu))
{
	for (int round = 0; round < ROUNDS; round++) {
		static struct made made;
		struct plan plan;
		seed = round;
		state = (unsigned long long)seed;
		make(&made);
		int count = 1 + draw(PLACES);
		int near_cpu = draw(CORES * THREADS + 8) - 4;
		int rc = thrum__plan_make(&plan, &made.machine, count, near_cpu,
		                          THRUM_BIND_CORES);
		LAW(rc == 0 && plan.count == count);
		law(&made, &plan, near_cpu);
		thrum__plan_free(&plan);
	}
}

static void check_order(const struct made *made, const struct plan *plan,
                        int near_cpu)
{
	(void)near_cpu;
	int ncores = made->machine.ncores;
	for (int i = 1; i < plan->count; i++) {
		const struct place *a = &plan->place[i - 1];
		const struct place *b = &plan->place[i];
		if (i < ncores)
			LAW(a->core < b->core);
		else if (a->core < 0)
			LAW(b->core < 0);
	}
}

START_TEST(cores_come_in_topology_order_and_floating_last)
{
	each_round(check_order);
}
END_TEST

static void check_bound(const struct made *made, const struct plan *plan,
                        int near_cpu)
{
	(void)near_cpu;
	int ncores = made->machine.ncores, bound = 0, total = 0;
	for (int i = 0; i < ncores; i++)
		total += made->core[i].npus;
	bool taken[CORES * THREADS] = { false };
	for (int i = 0; i < plan->count; i++) {
		const struct place *place = &plan->place[i];
		if (place->core < 0) {
			LAW(place->npus == 0);
			LAW(place->cpu == -1);
			continue;
		}
		const struct core *core = &made->core[place->core];
		bound++;
		LAW(place->node == core->node);
		LAW(place->cpu == place->pu[0]);
		LAW(place->npus == (i < ncores ? core->npus : 1));
		LAW(!taken[place->cpu]);
		taken[place->cpu] = true;
	}
	LAW(bound == (plan->count < total ? plan->count : total));
}

START_TEST(first_the_cores_then_each_other_thread_once)
{
	each_round(check_bound);
}
END_TEST

static int home_of(const struct made *made, int cpu)
{
	for (int i = 0; i < made->machine.ncores; i++)
		for (int j = 0; j < made->core[i].npus; j++)
			if (made->core[i].pu[j] == cpu)
				return i;
	return 0;
}

/* No core that was left out is nearer than one that was taken. */
static void check_nearest(const struct made *made, const struct plan *plan,
                          int near_cpu)
{
	const struct core *home = &made->core[home_of(made, near_cpu)];
	bool taken[CORES] = { false };
	int farthest = 0;
	if (plan->count >= made->machine.ncores)
		return;
	for (int i = 0; i < plan->count; i++) {
		int core = plan->place[i].core;
		taken[core] = true;
		int near = near_of(home, &made->core[core]);
		if (near > farthest)
			farthest = near;
	}
	LAW(taken[home - made->core]);
	for (int i = 0; i < made->machine.ncores; i++)
		LAW(taken[i] || near_of(home, &made->core[i]) >= farthest);
}

START_TEST(few_workers_sit_nearest_to_the_caller)
{
	each_round(check_nearest);
}
END_TEST

static void check_thief(const struct made *made, const struct plan *plan,
                        int near_cpu)
{
	(void)near_cpu;
	int order[PLACES], group[PLACES];
	int from = draw(plan->count), last = -1, turn = -1;
	bool seen[PLACES] = { false };
	thrum__plan_nearest(plan, from, order, group);
	LAW(order[0] == from);
	for (int i = 0; i < plan->count; i++) {
		int place = order[i];
		LAW(!seen[place]);
		seen[place] = true;
		int a = plan->place[from].core, b = plan->place[place].core;
		int near = i == 0 ? 0 : a < 0 || b < 0 ? 5 :
			near_of(&made->core[a], &made->core[b]);
		int ahead = (place - from + plan->count) % plan->count;
		LAW(near >= last);
		LAW(near > last || ahead > turn);
		last = near;
		turn = ahead;
	}
}

static void check_groups(const struct made *made, const struct plan *plan,
                         int near_cpu)
{
	(void)near_cpu;
	int order[PLACES], group[PLACES], g = 0;
	int groups = thrum__plan_nearest(plan, draw(plan->count), order, group);
	LAW(groups >= 1 && group[groups - 1] == plan->count);
	for (int i = 0; i + 1 < plan->count; i++) {
		int a = plan->place[order[i]].core;
		int b = plan->place[order[i + 1]].core;
		bool floats = a < 0 || b < 0;
		const struct core *x = floats ? NULL : &made->core[a];
		const struct core *y = floats ? NULL : &made->core[b];
		bool one = floats ? a == b : x->l3 >= 0 || y->l3 >= 0
			? x->l3 == y->l3 || a == b
			: near_of(x, y) <= 2;
		LAW((group[g] == i + 1) != one);
		g += group[g] == i + 1;
	}
	LAW(g == groups - 1);
}

START_TEST(groups_of_the_order_share_a_cache)
{
	each_round(check_groups);
}
END_TEST

START_TEST(thief_sees_all_places_nearest_first)
{
	each_round(check_thief);
}
END_TEST

static void check_self(const struct made *made, const struct plan *plan,
                       int near_cpu)
{
	(void)made, (void)near_cpu;
	for (int i = 0; i < plan->count; i++)
		LAW(thrum__plan_nearness(plan, i, i) == NEAR_CORE);
}

START_TEST(nothing_is_nearer_to_a_place_than_itself)
{
	each_round(check_self);
}
END_TEST

static void check_cpus(const struct made *made, const struct plan *plan,
                       int near_cpu)
{
	(void)near_cpu;
	for (int cpu = -2; cpu < CORES * THREADS + 2; cpu++) {
		int place = thrum__plan_place_of_cpu(plan, cpu), expected = -1;
		for (int i = plan->count - 1; i >= 0; i--)
			for (int j = 0; plan->place[i].core >= 0 &&
			     j < made->core[plan->place[i].core].npus; j++)
				if (made->core[plan->place[i].core].pu[j] ==
				    cpu)
					expected = i;
		LAW(place == expected);
	}
}

START_TEST(cpu_belongs_to_the_place_of_its_core)
{
	each_round(check_cpus);
}
END_TEST

START_TEST(unbound_plan_has_the_same_places)
{
	static struct made made;
	struct plan bound, none;
	state = 5;
	make(&made);
	const struct machine *m = &made.machine;
	ck_assert_int_eq(thrum__plan_make(&bound, m, 40, -1,
	                                  THRUM_BIND_CALLER), 0);
	ck_assert_int_eq(thrum__plan_make(&none, m, 40, -1, THRUM_BIND_NONE),
	                 0);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(bound.place[i].core, none.place[i].core);
		ck_assert_int_eq(bound.place[i].cpu, none.place[i].cpu);
		ck_assert_int_eq(none.place[i].npus, 0);
		ck_assert_int_eq(bound.place[i].npus > 0,
		                 bound.place[i].core >= 0);
	}
	thrum__plan_free(&bound);
	thrum__plan_free(&none);
}
END_TEST

START_TEST(no_count_is_one)
{
	static struct made made;
	struct plan plan;
	make(&made);
	ck_assert_int_eq(thrum__plan_make(&plan, &made.machine, 0, -1,
	                                  THRUM_BIND_CORES), 0);
	ck_assert_int_eq(plan.count, 1);
	thrum__plan_free(&plan);
	thrum__plan_free(&plan);
}
END_TEST

static Suite *place_suite(void)
{
	Suite *s = suite_create("place");
	TCase *tc = tcase_create("laws");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, cores_come_in_topology_order_and_floating_last);
	tcase_add_test(tc, first_the_cores_then_each_other_thread_once);
	tcase_add_test(tc, few_workers_sit_nearest_to_the_caller);
	tcase_add_test(tc, thief_sees_all_places_nearest_first);
	tcase_add_test(tc, nothing_is_nearer_to_a_place_than_itself);
	tcase_add_test(tc, groups_of_the_order_share_a_cache);
	tcase_add_test(tc, cpu_belongs_to_the_place_of_its_core);
	tcase_add_test(tc, unbound_plan_has_the_same_places);
	tcase_add_test(tc, no_count_is_one);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(place_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
