/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* uts.h - unbalanced trees, to be counted
 *
 * After Olivier, Huan, Liu, Prins, Dinan, Sadayappan and Tseng, "UTS: An
 * Unbalanced Tree Search Benchmark" (LCPC 2006): how many children a node has
 * is drawn from its own state, and the state of a child follows from the
 * parent's and from its number, so a tree is the same however it is walked, and
 * no part of it tells how large another is.
 *
 * A node of a geometric tree above the last level has k children with
 * probability (1 - p)^k p, a mean of b; the root b. One of a binomial tree has m
 * with probability q, else none, so that the number below it has a mean of
 * 1 / (1 - q m) and a variance without bound as q m nears 1; the root has b.
 *
 * Departures: states are hashed by the finaliser of splitmix64 rather than by
 * SHA-1, some nanoseconds rather than a hundred, so that what is measured is the
 * tasks; and no node but the root has more than UTS_CHILDREN children, which in
 * the trees of the benchmarks cuts one node in 3000.
 */
#ifndef BENCH_UTS_H
#define BENCH_UTS_H

#include <math.h>
#include <stdint.h>

#define UTS_CHILDREN 30
#define UTS_FEW 8 /* of a binomial node */
#define UTS_ROOT_MOST 2000

enum uts_kind { UTS_GEOMETRIC, UTS_BINOMIAL };

struct uts {
	enum uts_kind kind;
	uint64_t seed;
	int b;          /* children of the root, and mean of the geometric */
	int depth;      /* of the geometric */
	int m;          /* children, of the binomial */
	double q;       /* with this probability */
	double per_log; /* by uts_prepare: 1 / log(1 - p) */
};

/** A node; the root's state is the seed. */
struct uts_node {
	uint64_t state;
	int depth;
};

static inline uint64_t uts_mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline void uts_prepare(struct uts *t)
{
	t->per_log = 1 / log(1 - 1 / (1.0 + t->b));
}

static inline struct uts_node uts_root(const struct uts *t)
{
	struct uts_node root = { uts_mix(t->seed), 0 };

	return root;
}

static inline struct uts_node uts_child(struct uts_node n, int i)
{
	struct uts_node child;

	child.state = uts_mix(n.state + 0x9e3779b97f4a7c15u * (uint64_t)(i + 1));
	child.depth = n.depth + 1;
	return child;
}

/** Children of a node that is not the root. */
static inline int uts_children(const struct uts *t, struct uts_node n)
{
	/* On (0, 1). */
	double u = ((double)(n.state >> 11) + 0.5) / 9007199254740992.0;

	if (t->kind == UTS_BINOMIAL)
		return u < t->q ? t->m : 0;
	if (n.depth >= t->depth)
		return 0;
	int k = (int)(log(u) * t->per_log);
	return k < UTS_CHILDREN ? k : UTS_CHILDREN;
}

#endif
