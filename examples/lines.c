/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* lines.c - a file of any size, with at most eight lines of it in memory */
#include <stdio.h>
#include "arguments.h"

struct line { char *text; size_t room; double sum; };
struct file { FILE *f; size_t lines, room; double total; };

static int read_line(void *ctx, void *item)
{
	struct file *file = ctx;
	struct line *l = item;
	return getline(&l->text, &l->room, file->f) < 0 ? THRUM_END : 0;
}

static int add_up(void *ctx, void *item, thrum_task *task)
{
	struct line *l = item;
	char *s = l->text, *end;
	(void)ctx, (void)task;
	l->sum = 0;
	for (double x; x = strtod(s, &end), end != s; s = end)
		l->sum += x;
	return 0;
}

/* In order and one at a time: nothing to lock, and the total never varies. */
static int take_in(void *ctx, void *item)
{
	struct file *file = ctx;
	struct line *l = item;
	file->lines++;
	file->total += l->sum;
	file->room = file->room > l->room ? file->room : l->room;
	return 0;
}

static void free_line(void *ctx, void *item)
{
	(void)ctx;
	free(((struct line *)item)->text);
}

static FILE *made_up(void)
{
	FILE *f = tmpfile();
	for (int i = 0; f && i < 100000; i++)
		fprintf(f, "%d %d %d\n", i, i + 1, i + 2);
	return f;
}

int main(int argc, char **argv)
{
	struct arguments a = arguments_read(argc, argv,
	                                    (struct arguments){ .n_jobs = -1 });
	struct file file = { .f = a.file ? fopen(a.file, "r") : made_up() };
	if (!file.f)
		return perror(a.file ? a.file : "tmpfile"), 1;
	rewind(file.f);
	int rc = thrum_stream(NULL, sizeof(struct line), read_line, add_up,
	                      take_in, free_line, &file,
	                      THRUM_OPTS(.n_jobs = a.n_jobs, .pre_dispatch = 8,
	                                 .verbose = a.verbose));
	printf("%s: %zu lines, sum %g, at most %zu bytes of them in memory\n",
	       thrum_strerror(rc), file.lines, file.total, 8 * file.room);
	fclose(file.f);
	return rc != 0;
}
