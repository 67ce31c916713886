/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* mandelbrot.c - a picture, row by row, with a bar while it is drawn
 *
 * The rows through the middle take a thousand times as long as those at the
 * edge: whoever is done early steals from the others. */
#include <stdio.h>
#include "arguments.h"

enum { WIDTH = 1200, HEIGHT = 800, STEPS = 2000 };

struct pixel { unsigned char red, green, blue; };

static struct pixel colour(int steps)
{
	if (steps == STEPS)
		return (struct pixel){ 0, 0, 0 };
	double t = (double)(steps % 64) / 64, u = 1 - t;
	return (struct pixel){
		(unsigned char)(255 * 9 * u * t * t * t),
		(unsigned char)(255 * 15 * u * u * t * t),
		(unsigned char)(255 * 8.5 * u * u * u * t),
	};
}

static int draw_row(void *ctx, size_t row, void *result, thrum_task *task)
{
	struct pixel *p = result;
	(void)ctx, (void)task;
	for (size_t column = 0; column < WIDTH; column++) {
		double re = -2.2 + 3.2 * (double)column / WIDTH;
		double im = 1.07 - 2.14 * (double)row / HEIGHT;
		double x = 0, y = 0;
		int step = 0;
		while (step < STEPS && x * x + y * y < 4) {
			double next = x * x - y * y + re;
			y = 2 * x * y + im;
			x = next;
			step++;
		}
		p[column] = colour(step);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct pixel picture[HEIGHT][WIDTH];
	struct arguments a = { "mandelbrot.ppm", -1, 1 };
	a = arguments_read(argc, argv, a);

	int bar = a.verbose > 0 ? THRUM_PROGRESS_BAR : 0;
	int rc = thrum_map(NULL, HEIGHT, draw_row, NULL, picture,
	                   sizeof *picture, THRUM_OPTS(.n_jobs = a.n_jobs,
	                   .verbose = a.verbose, .progress = bar));
	if (rc)
		return fprintf(stderr, "%s\n", thrum_strerror(rc)), 1;
	FILE *f = fopen(a.file, "wb");
	if (f) {
		fprintf(f, "P6\n%d %d\n255\n", WIDTH, HEIGHT);
		fwrite(picture, sizeof *picture, HEIGHT, f);
	}
	if (!f || ferror(f) || fclose(f))
		return perror(a.file), 1;
	return 0;
}
