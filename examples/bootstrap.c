/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bootstrap.c - how sure was Michelson of the speed of light?
 *
 *   bootstrap [file] [n_jobs] [verbose] [resamples]
 *
 * In 1879 A. A. Michelson measured it a hundred times. The bootstrap (B. Efron,
 * 1979) asks how much the mean and the median of such a sample vary: it draws
 * a hundred values from the sample again and again, with replacement, and
 * looks at what 95 % of the results lie between.
 *
 * Resample i draws from the random stream number i, so what it draws depends
 * neither on the thread that runs it nor on the moment. The whole is run twice,
 * by one worker and by all, and must give the same bits.
 */
#include <stdio.h>
#include "arguments.h"

#ifndef EXAMPLES_DIR
#define EXAMPLES_DIR "."
#endif

enum { MEASUREMENTS_MAX = 1000 };

struct sample {
	double speed[MEASUREMENTS_MAX]; /* km/s above 299000 */
	uint32_t n;
	uint64_t seed;
};

struct estimate { double mean, median; };

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static struct estimate estimate(double *x, size_t n)
{
	double sum = 0;
	for (size_t k = 0; k < n; k++)
		sum += x[k];
	qsort(x, n, sizeof *x, ascending);
	return (struct estimate){
		.mean = sum / (double)n,
		.median = (x[(n - 1) / 2] + x[n / 2]) / 2,
	};
}

/* The job: draw a sample from the sample, and estimate. */
static int resample(void *ctx, size_t i, void *result, thrum_task *task)
{
	const struct sample *s = ctx;
	thrum_random r = thrum_random_stream(s->seed, i);
	double drawn[MEASUREMENTS_MAX];
	(void)task;

	for (uint32_t k = 0; k < s->n; k++)
		drawn[k] = s->speed[thrum_random_below(&r, s->n)];
	*(struct estimate *)result = estimate(drawn, s->n);
	return 0;
}

/* Lines of experiment,run,speed; others, such as comments, are passed over. */
static int read_sample(const char *path, struct sample *s)
{
	char line[256];
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	while (s->n < MEASUREMENTS_MAX && fgets(line, sizeof line, f))
		if (sscanf(line, "%*d,%*d,%lf", &s->speed[s->n]) == 1)
			s->n++;
	fclose(f);
	return s->n > 0;
}

static int run(struct sample *s, size_t n, struct estimate *out, int n_jobs,
               int verbose, thrum_report *report)
{
	return thrum_map(NULL, n, resample, s, out, sizeof *out,
	                 THRUM_OPTS(.n_jobs = n_jobs, .verbose = verbose,
	                            .report = report));
}

/* What 95 % of the values lie between; sorts them. */
static void print_interval(const char *name, double of_sample, double *x,
                           size_t n)
{
	qsort(x, n, sizeof *x, ascending);
	printf("%-6s 299000 + %.1f km/s, 95 %% interval [%.1f, %.1f]\n", name,
	       of_sample, x[(size_t)(0.025 * (double)n)],
	       x[(size_t)(0.975 * (double)n)]);
}

static void print_intervals(struct sample *s, const struct estimate *e,
                            double *x, size_t n)
{
	struct estimate plain = estimate(s->speed, s->n);
	for (size_t i = 0; i < n; i++)
		x[i] = e[i].mean;
	print_interval("mean", plain.mean, x, n);
	for (size_t i = 0; i < n; i++)
		x[i] = e[i].median;
	print_interval("median", plain.median, x, n);
}

/* 0: both runs gave the same bits. */
static int compare(struct sample *s, size_t n, struct arguments args)
{
	struct estimate *a = calloc(n, sizeof *a), *b = calloc(n, sizeof *b);
	double *x = calloc(n, sizeof *x);
	thrum_report one, all;
	int rc = a && b && x ? 0 : THRUM_ENOMEM;

	if (rc == 0)
		rc = run(s, n, a, 1, args.verbose, &one);
	if (rc == 0)
		rc = run(s, n, b, args.n_jobs, args.verbose, &all);
	if (rc == 0) {
		print_intervals(s, b, x, n);
		printf("n_jobs=1 %.2f s, n_jobs=%d (%d workers) %.2f s: "
		       "speed-up %.2f\n", one.wall_s, args.n_jobs, all.n_jobs,
		       all.wall_s, one.wall_s / all.wall_s);
		rc = memcmp(a, b, n * sizeof *a) != 0;
		puts(rc ? "THE BITS DIFFER" : "the same bits both times");
	} else {
		fprintf(stderr, "bootstrap: %s\n", thrum_strerror(rc));
	}
	free(a);
	free(b);
	free(x);
	return rc;
}

int main(int argc, char **argv)
{
	static struct sample s = { .seed = 1879 };
	struct arguments a = { .n_jobs = -1, .verbose = 5 };
	double resamples = argc > 4 ? strtod(argv[4], NULL) : 2e6;
	a = arguments_read(argc, argv, a);

	int found = a.file ? read_sample(a.file, &s)
	            : read_sample(EXAMPLES_DIR "/michelson1879.csv", &s)
	              || read_sample("michelson1879.csv", &s);
	if (!found || !(resamples >= 1 && resamples <= 1e9)) {
		fprintf(stderr, "bootstrap: %s\n",
		        found ? "1 to 1e9 resamples" : "no measurements read");
		return 2;
	}
	printf("%u measurements, %.0f resamples\n", (unsigned)s.n, resamples);
	fflush(stdout); /* before the progress, which goes to stderr */
	return compare(&s, (size_t)resamples, a) != 0;
}
