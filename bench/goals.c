/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* goals.c - goals reached and missed */
#include "goals.h"

#include <math.h>
#include <string.h>

/* A peer is a runtime of others, with as many workers. */
static int is_peer(const struct row *row, const struct row *of)
{
	return row->who->module && row->workers == of->workers;
}

static const struct row *best_peer(const struct figures *f,
                                   const struct row *of, int metric)
{
	const struct row *best = NULL;
	int higher = f->question->metric[metric].higher;
	double least = NAN;

	for (int i = 0; of && i < f->rows; i++) {
		double median;
		if (!is_peer(&f->row[i], of))
			continue;
		median = figures_summary(f, &f->row[i], metric).median;
		if (isnan(median)
		    || (best && (higher ? median <= least : median >= least)))
			continue;
		least = median;
		best = &f->row[i];
	}
	return best;
}

static const struct row *base_of(const struct figures *f,
                                 const struct goal *goal)
{
	if (goal->kind == GOAL_PEERS)
		return best_peer(f, figures_row(f, goal->who), goal->metric);
	return figures_row(f, goal->than);
}

struct verdict goals_judge(const struct figures *f, const struct goal *goal)
{
	const struct row *row = figures_row(f, goal->who);
	const struct row *base = base_of(f, goal);
	struct summary serial =
		figures_summary(f, figures_row(f, NULL), goal->metric);
	struct verdict v = { .value = NAN };

	v.at_least = f->question->metric[goal->metric].higher;
	switch (goal->kind) {
	case GOAL_VALUE:
		v.value = figures_summary(f, row, goal->metric).median;
		v.margin = serial.spread;
		break;
	case GOAL_OVER:
		v.value = figures_less(f, row, base, goal->metric);
		v.margin = serial.spread;
		break;
	case GOAL_TIMES:
	case GOAL_PEERS:
		v.value = figures_ratio(f, row, base, goal->metric);
		v.margin = serial.spread / serial.median;
		break;
	case GOAL_SPEEDUP:
		v.value = figures_ratio(f, base, row, goal->metric);
		v.margin = v.value * serial.spread / serial.median;
		v.at_least = 1;
		break;
	case GOAL_EFFICIENCY:
		v.value = figures_efficiency(f, row);
		v.margin = serial.spread / serial.median;
		v.at_least = 1;
		break;
	}
	if (!(v.margin > 0))
		v.margin = 0;
	v.reached = v.at_least ? v.value >= goal->limit - v.margin
	                       : v.value <= goal->limit + v.margin;
	return v;
}

#define WORDS 64

/* What is asked for, as "thrum <= 0.200 us". */
static void describe(const struct figures *f, const struct goal *goal,
                     int at_least, char text[WORDS])
{
	const struct metric *m = &f->question->metric[goal->metric];
	const char *than = goal->than ? goal->than : "serial";
	const char *name = goal->metric ? m->name : "";
	const char *sign = at_least ? ">=" : "<=";
	char a[16];

	figures_number(goal->limit, a);
	switch (goal->kind) {
	case GOAL_VALUE:
		snprintf(text, WORDS, "%s %s %s %s%s%s", goal->who, sign, a,
		         m->unit, *name ? " " : "", name);
		break;
	case GOAL_TIMES:
		snprintf(text, WORDS, "%s %s %s x %s%s%s", goal->who, sign, a,
		         than, *name ? " " : "", name);
		break;
	case GOAL_PEERS:
		snprintf(text, WORDS, "%s %s %s x best peer", goal->who, sign,
		         a);
		break;
	case GOAL_OVER:
		snprintf(text, WORDS, "%s %s %s + %s %s", goal->who, sign,
		         than, a, m->unit);
		break;
	case GOAL_SPEEDUP:
		snprintf(text, WORDS, "%s >= %s x as fast as %s", goal->who, a,
		         than);
		break;
	case GOAL_EFFICIENCY:
		snprintf(text, WORDS, "%s >= %s of the ideal", goal->who, a);
		break;
	}
}

static const char *word(const struct verdict *v)
{
	if (isnan(v->value))
		return "not measured";
	return v->reached ? "reached" : "MISSED";
}

void goals_print(const struct figures *f, const struct goal *goal, FILE *out,
                 struct tally *tally)
{
	struct verdict v = goals_judge(f, goal);
	char what[WORDS], a[16], b[16];

	describe(f, goal, v.at_least, what);
	fprintf(out, "  goal: %s: %s (margin %s), %s\n", what,
	        figures_number(v.value, a), figures_number(v.margin, b),
	        word(&v));
	if (isnan(v.value))
		return;
	if (v.reached)
		tally->reached++;
	else
		tally->missed++;
}

void goals_list(const struct figures *f, FILE *out)
{
	const struct question *q = f->question;

	for (int i = 0; i < GOALS_MAX && q->goal[i].who; i++) {
		const struct goal *goal = &q->goal[i];
		const struct row *row = figures_row(f, goal->who);
		const struct row *peer = best_peer(f, row, goal->metric);
		struct verdict v = goals_judge(f, goal);
		char name[48], what[WORDS], ratio[WORDS] = "-";
		char a[16], b[16];

		snprintf(name, sizeof name, "%s/%s", bench.name, q->name);
		describe(f, goal, v.at_least, what);
		if (peer)
			snprintf(ratio, sizeof ratio, "%s x %s",
			         figures_number(figures_ratio(f, row, peer,
			                                      goal->metric),
			                        a),
			         peer->who->name);
		fprintf(out, "%-20s %-36s %9s %7s  %-17s %s\n", name, what,
		        figures_number(v.value, a), figures_number(v.margin, b),
		        ratio, word(&v));
	}
	fflush(out);
}
