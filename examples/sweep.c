/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sweep.c - a parameter sweep that may be interrupted, and is taken up again
 *
 *   sweep DIR [N]
 *
 * Computes N points (default 200) of a slow function on all cores and keeps each
 * in DIR as soon as it is there. Started again, it computes what is missing.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <thrum.h>
#include <thrum/memo.h>

struct point {
	double x, y;
};

static atomic_int computed;

/* What point i depends on: its numbers, and nothing else. */
static void key_of(void *ctx, size_t i, thrum_key *key)
{
	(void)ctx;
	thrum_key_f64(key, "x", 0.01 * (double)i);
	thrum_key_i64(key, "steps", 1000000);
}

static int compute(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct point p = { 0.01 * (double)i, 0 };
	(void)ctx, (void)task;
	for (int k = 1; k <= 1000000; k++)
		p.y += sin(p.x * k) / k;
	*(struct point *)result = p;
	atomic_fetch_add(&computed, 1);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
	struct point *p = calloc(n, sizeof *p);
	thrum_memo *memo = NULL;
	thrum_memo_stats stats;
	int rc = THRUM_ENOMEM;

	if (p && argc > 1)
		rc = thrum_memo_open(&memo, argv[1], NULL);
	/* Raise the version when compute is changed. */
	if (rc == 0)
		rc = thrum_memo_map(memo, THRUM_FN("sweep", 1), key_of, NULL, n,
		                    compute, NULL, p, sizeof *p, NULL);
	if (rc == 0)
		rc = thrum_memo_get_stats(memo, &stats, sizeof stats);
	if (rc == 0)
		printf("%zu points: %d computed, %llu found; y(%g) = %g\n", n,
		       computed, (unsigned long long)stats.hits, p[n / 2].x,
		       p[n / 2].y);
	else
		fprintf(stderr, "sweep: %s\n", thrum_strerror(rc));
	thrum_memo_close(memo);
	free(p);
	return rc != 0;
}
