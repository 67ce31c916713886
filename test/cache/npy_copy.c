/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_copy.c - arrays read and written again, for the test against NumPy
 *
 * Does what lines of its input say:
 *
 *   load N_JOBS FROM TO                 of .npy files
 *   map N_JOBS FROM TO
 *   npz N_JOBS COMPRESS FROM TO NAME..  of .npz files
 *
 * and prints the code of each on a line of its own. Words have no blanks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thrum.h>
#include <thrum/npy.h>

enum { WORDS_MAX = 64 };

static int copy_npy(char **word, int words)
{
	thrum_array a;

	if (words != 4)
		return THRUM_EINVAL;
	const thrum_npy_opts *o = THRUM_NPY_OPTS(.n_jobs = atoi(word[1]));
	int rc = strcmp(word[0], "map") == 0 ? thrum_npy_map(word[2], &a, o)
	                                     : thrum_npy_load(word[2], &a, o);
	if (rc == 0)
		rc = thrum_npy_dump(word[3], &a, o);
	thrum_array_release(&a);
	return rc;
}

static int copy_npz(char **word, int words)
{
	thrum_array a[WORDS_MAX];
	const char *name[WORDS_MAX];
	int n = words - 5, rc = n < 0 ? THRUM_EINVAL : 0;

	for (int i = 0; i < n; i++) {
		name[i] = word[5 + i];
		int failed = thrum_npz_load(word[3], name[i], &a[i],
			THRUM_NPY_OPTS(.n_jobs = atoi(word[1])));
		if (failed)
			rc = failed;
	}
	if (rc == 0)
		rc = thrum_npz_dump(word[4], (size_t)n, name, a,
			THRUM_NPY_OPTS(.n_jobs = atoi(word[1]),
			               .compress = atoi(word[2])));
	for (int i = 0; i < n; i++)
		thrum_array_release(&a[i]);
	return rc;
}

int main(void)
{
	static char line[1 << 16];

	while (fgets(line, sizeof line, stdin)) {
		char *word[WORDS_MAX];
		int words = 0;
		for (char *p = strtok(line, " \n"); p && words < WORDS_MAX;
		     p = strtok(NULL, " \n"))
			word[words++] = p;
		if (words == 0)
			continue;
		printf("%d\n", strcmp(word[0], "npz") == 0
		               ? copy_npz(word, words) : copy_npy(word, words));
	}
	return thrum_shutdown() != 0;
}
