/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_joblib.c - joblib, in a process of Python that measures itself
 *
 * Calls from C into Python would cost more than what is measured. So peer_joblib.py
 * takes the readings, of the same things, in the same rounds.
 */
#include <stdio.h>

#include "peer.h"

static int begin(int workers)
{
	(void)workers;
	return 0;
}

static int timed(const char *question, double seconds, double *median_ns,
                 double *p90_ns)
{
	char command[4096];

	snprintf(command, sizeof command, "%s '%s' %s %.3f", JOBLIB_PYTHON,
	         JOBLIB_SCRIPT, question, seconds);
	FILE *f = popen(command, "r");
	if (!f)
		return -1;
	int read = fscanf(f, "%lf %lf", median_ns, p90_ns);
	return pclose(f) == 0 && read == 2 ? 0 : -1;
}

PEER_EXPORT const struct peer bench_peer = {
	.name = "joblib",
	.begin = begin,
	.timed = timed,
};
