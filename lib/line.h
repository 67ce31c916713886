/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* line.h - a moment of a call as text: joblib's line, a bar, a JSON object
 *
 * Pure. The locale of the host does not show: a decimal point is a point.
 */
#ifndef THRUM__LINE_H
#define THRUM__LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No text made here is longer, its NUL included. */
#define LINE_BYTES 384

struct moment {
	uint64_t call;     /* number of the call in the process, from 1 */
	int n_jobs;        /* as given */
	int workers;
	uint64_t done, failed;
	uint64_t total;    /* if total_known, and then at least done + failed */
	bool total_known;
	double elapsed_s;
	double rate;        /* recent jobs per second; 0 unknown */
	double remaining_s; /* negative unknown */
	const char *end;    /* how the call ended; NULL while it runs */
};

/* All write a text with NUL to @p out, LINE_BYTES long, and return its length.
 * Lines and objects end in a newline. */

/** `[Parallel(n_jobs=2)]: Done  198 out of 1000 | elapsed:    1.2s remaining:
 * 4.8s`, in one line. */
size_t thrum__line_text(char *out, const struct moment *m);

/** `{"call":1,"n_jobs":2,...,"state":"running"}` */
size_t thrum__line_json(char *out, const struct moment *m);

/** ` 19% [#######                    ]  198/1000 1.2s<4.8s 165.0/s`, without a
 * newline, in less than @p columns columns: what does not fit is left out, down
 * to an empty text. @p colour: failures in red. */
size_t thrum__line_bar(char *out, const struct moment *m, int columns,
                       bool colour);

/** That variable @p name was ignored, as @p value is not @p want. */
size_t thrum__line_ignored(char *out, bool json, int n_jobs, const char *name,
                           const char *value, const char *want);

#endif
