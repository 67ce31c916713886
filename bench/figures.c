/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* figures.c - the figures of a question, as table, CSV and JSON */
#include "figures.h"

#include <math.h>
#include <string.h>

#include "goals.h"

const struct row *figures_row(const struct figures *f, const char *name)
{
	for (int i = 0; i < f->rows; i++)
		if (strcmp(f->row[i].who->name, name ? name : "serial") == 0)
			return &f->row[i];
	return NULL;
}

struct summary figures_summary(const struct figures *f, const struct row *row,
                               int metric)
{
	struct samples value = { 0 }, p90 = { 0 };
	struct summary s = { .median = NAN, .best = NAN, .p90 = NAN };

	if (!row)
		return s;
	for (int r = 0; r < f->rounds; r++) {
		if (isnan(row->value[metric][r]))
			continue;
		samples_add(&value, row->value[metric][r]);
		samples_add(&p90, row->p90[metric][r]);
	}
	s.count = (int)value.count;
	s.median = samples_quantile(&value, 0.5);
	s.best = samples_quantile(&value,
	                          f->question->metric[metric].higher ? 1 : 0);
	s.p90 = samples_quantile(&p90, 0.5);
	s.spread = value.count ? samples_mad(&value) : 0;
	samples_free(&value);
	samples_free(&p90);
	return s;
}

/* The median over the rounds of row less base, or of row over base. */
static double compare(const struct figures *f, const struct row *row,
                      const struct row *base, int metric, int less)
{
	struct samples s = { 0 };
	double median;

	for (int r = 0; row && base && r < f->rounds; r++) {
		double a = row->value[metric][r], b = base->value[metric][r];
		if (!isnan(a) && !isnan(b) && (less || b != 0))
			samples_add(&s, less ? a - b : a / b);
	}
	median = samples_quantile(&s, 0.5);
	samples_free(&s);
	return median;
}

double figures_ratio(const struct figures *f, const struct row *row,
                     const struct row *base, int metric)
{
	return compare(f, row, base, metric, 0);
}

double figures_less(const struct figures *f, const struct row *row,
                    const struct row *base, int metric)
{
	return compare(f, row, base, metric, 1);
}

double figures_efficiency(const struct figures *f, const struct row *row)
{
	double ratio = figures_ratio(f, row, figures_row(f, NULL), 0);

	return row ? 1 / (ratio * row->workers) : NAN;
}

/* Four digits, as many behind the point as that leaves. */
const char *figures_number(double x, char text[16])
{
	double size = fabs(x);

	if (isnan(x))
		snprintf(text, 16, "-");
	else if (size >= 1000)
		snprintf(text, 16, "%.0f", x);
	else if (size >= 100)
		snprintf(text, 16, "%.1f", x);
	else if (size >= 10)
		snprintf(text, 16, "%.2f", x);
	else if (size >= 0.01 || size < 0.00005)
		snprintf(text, 16, "%.3f", x);
	else
		snprintf(text, 16, "%.4f", x);
	return text;
}

static double median_wait(const struct figures *f, const struct row *row)
{
	struct samples s = { 0 };
	double median;

	for (int r = 0; r < f->rounds; r++)
		samples_add(&s, row->waited[r]);
	median = samples_quantile(&s, 0.5);
	samples_free(&s);
	return median;
}

static void print_row(const struct figures *f, const struct row *row,
                      FILE *out)
{
	const struct question *q = f->question;
	struct summary s = figures_summary(f, row, 0);
	char a[16], b[16], c[16], d[16];

	if (!s.count)
		return;
	fprintf(out, "  %-11s %9s %9s %9s %7s", row->who->name,
	        figures_number(s.median, a), figures_number(s.best, b),
	        figures_number(s.p90, c), figures_number(s.spread, d));
	double ratio = figures_ratio(f, row, figures_row(f, q->than), 0);
	fprintf(out, " %8s", figures_number(ratio, a));
	if (q->efficiency)
		fprintf(out, " %8s",
		        figures_number(figures_efficiency(f, row), a));
	for (int m = 1; m < METRICS_MAX && q->metric[m].name; m++)
		fprintf(out, " %13s",
		        figures_number(figures_summary(f, row, m).median, a));
	double waited = 100 * median_wait(f, row);
	if (waited >= 1 && !q->crowded)
		fprintf(out, "  waited %.0f %%", waited);
	fprintf(out, "%s\n", s.count < f->rounds ? "  rounds lost" : "");
}

void figures_print(const struct figures *f, FILE *out, struct tally *tally)
{
	const struct question *q = f->question;
	char head[32];

	fprintf(out, "\n%s/%s: %s\n", bench.name, q->name, q->text);
	snprintf(head, sizeof head, "x %s", q->than ? q->than : "serial");
	fprintf(out, "  %-11s %9s %9s %9s %7s %8s", q->metric[0].unit,
	        "median", q->metric[0].higher ? "most" : "least", "p90",
	        "spread", head);
	if (q->efficiency)
		fprintf(out, " %8s", "of ideal");
	for (int m = 1; m < METRICS_MAX && q->metric[m].name; m++) {
		snprintf(head, sizeof head, "%s %s", q->metric[m].name,
		         q->metric[m].unit);
		fprintf(out, " %13.13s", head);
	}
	fprintf(out, "\n");
	for (int i = 0; i < f->rows; i++)
		print_row(f, &f->row[i], out);
	for (int i = 0; i < GOALS_MAX && q->goal[i].who; i++)
		goals_print(f, &q->goal[i], out, tally);
	if (f->others > 0.02 && !q->crowded)
		fprintf(out, "  others took %.0f %% of the machine\n",
		        100 * f->others);
	fflush(out);
}

void figures_csv_head(FILE *out)
{
	fprintf(out, "bench,question,contestant,workers,metric,unit,round,"
	             "value,p90,waited\n");
}

void figures_csv(const struct figures *f, FILE *out)
{
	const struct question *q = f->question;

	for (int i = 0; i < f->rows; i++) {
		const struct row *row = &f->row[i];
		for (int m = 0; m < METRICS_MAX && q->metric[m].name; m++)
			for (int r = 0; r < f->rounds; r++) {
				if (isnan(row->value[m][r]))
					continue;
				fprintf(out, "%s,%s,%s,%d,", bench.name,
				        q->name, row->who->name, row->workers);
				fprintf(out, "%s,%s,%d,%.9g,%.9g,%.4f\n",
				        q->metric[m].name, q->metric[m].unit,
				        r, row->value[m][r], row->p90[m][r],
				        row->waited[r]);
			}
	}
	fflush(out);
}

static void json_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\":\"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if ((unsigned char)*text >= ' ')
			fputc(*text, out);
	}
	fputc('"', out);
}

/* JSON has no NAN. */
static void json_number(FILE *out, const char *name, double x)
{
	fprintf(out, "\"%s\":", name);
	if (isfinite(x))
		fprintf(out, "%.9g", x);
	else
		fprintf(out, "null");
}

void figures_json_head(const struct host *host, int workers, FILE *out)
{
	fprintf(out, "{");
	json_text(out, "bench", bench.name);
	fprintf(out, ",\"machine\":{");
	json_text(out, "cpu", host->cpu);
	fprintf(out, ",\"cores\":%d,", host->cores);
	json_text(out, "system", host->system);
	fprintf(out, ",");
	json_text(out, "compiler", host->compiler);
	fprintf(out, ",");
	json_text(out, "date", host->date);
	fprintf(out, ",");
	json_text(out, "commit", host->commit);
	fprintf(out, "},\"workers\":%d,\"questions\":[", workers);
}

static void json_metric(const struct figures *f, const struct row *row, int m,
                        FILE *out)
{
	struct summary s = figures_summary(f, row, m);

	fprintf(out, "%s{", m ? "," : "");
	json_text(out, "name", f->question->metric[m].name);
	fprintf(out, ",");
	json_text(out, "unit", f->question->metric[m].unit);
	fprintf(out, ",");
	json_number(out, "median", s.median);
	fprintf(out, ",");
	json_number(out, "best", s.best);
	fprintf(out, ",");
	json_number(out, "p90", s.p90);
	fprintf(out, ",");
	json_number(out, "spread", s.spread);
	fprintf(out, ",");
	json_number(out, "ratio",
	            figures_ratio(f, row, figures_row(f, f->question->than), m));
	fprintf(out, "}");
}

void figures_json(const struct figures *f, FILE *out, int first)
{
	const struct question *q = f->question;

	fprintf(out, "%s\n{", first ? "" : ",");
	json_text(out, "name", q->name);
	fprintf(out, ",");
	json_text(out, "text", q->text);
	fprintf(out, ",\"rounds\":%d,", f->rounds);
	json_number(out, "others", f->others);
	fprintf(out, ",\"contestants\":[");
	for (int i = 0, shown = 0; i < f->rows; i++) {
		if (!figures_summary(f, &f->row[i], 0).count)
			continue;
		fprintf(out, "%s\n {", shown++ ? "," : "");
		json_text(out, "name", f->row[i].who->name);
		fprintf(out, ",\"workers\":%d,\"metrics\":[",
		        f->row[i].workers);
		for (int m = 0; m < METRICS_MAX && q->metric[m].name; m++)
			json_metric(f, &f->row[i], m, out);
		fprintf(out, "]}");
	}
	fprintf(out, "],\"goals\":[");
	for (int i = 0; i < GOALS_MAX && q->goal[i].who; i++) {
		struct verdict v = goals_judge(f, &q->goal[i]);
		fprintf(out, "%s\n {", i ? "," : "");
		json_text(out, "contestant", q->goal[i].who);
		fprintf(out, ",");
		json_number(out, "limit", q->goal[i].limit);
		fprintf(out, ",");
		json_number(out, "margin", v.margin);
		fprintf(out, ",");
		json_number(out, "value", v.value);
		fprintf(out, ",\"reached\":%s}", v.reached ? "true" : "false");
	}
	fprintf(out, "]}");
	fflush(out);
}

void figures_json_tail(FILE *out)
{
	fprintf(out, "]}\n");
}
