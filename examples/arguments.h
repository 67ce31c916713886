/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* arguments.h - the command line that all examples share
 *
 *   example [file] [n_jobs] [verbose]
 *
 * `-` for the file stands for none. n_jobs is written as people write it: 4,
 * -2, all, 1.5x, 50%, io.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thrum.h>

struct arguments {
	const char *file; /* NULL: none given */
	int n_jobs;
	int verbose;
};

/** What the command line says, and @p a where it says nothing. */
static inline struct arguments arguments_read(int argc, char **argv,
                                              struct arguments a)
{
	char *end = NULL;

	if (argc > 1 && strcmp(argv[1], "-") != 0)
		a.file = argv[1];
	if (argc > 2 && thrum_n_jobs_parse(argv[2], &a.n_jobs) != 0)
		end = argv[2];
	if (argc > 3)
		a.verbose = (int)strtol(argv[3], &end, 10);
	if (end && *end) {
		fprintf(stderr, "usage: %s [file] [n_jobs] [verbose]\n",
		        argv[0]);
		exit(2);
	}
	return a;
}

#endif
