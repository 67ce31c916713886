/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* options.h - options as the user gave them, checked and completed */
#ifndef THRUM__OPTIONS_H
#define THRUM__OPTIONS_H

#include <stdbool.h>
#include <thrum/options.h>

/* What a kind of call takes besides n_jobs, timeout, cancel, report and
 * progress. */
enum takes {
	TAKES_GRAIN = 1,
	TAKES_STREAM = 2, /* pre_dispatch and total */
	TAKES_STATUS = 4,
	TAKES_KEEP_GOING = 8,
	TAKES_UNORDERED = 16,
	TAKES_LAST_FIRST = 32,
	TAKES_NOTHING = 64 /* but n_jobs and report: nothing that ends it early
	                      or shows it */
};

/** Copy @p opts, which may be NULL, and check them. What the thread has set
 * with thrum_set_defaults stands in for what is 0, unless the call is made
 * inside a body.
 *
 * @param out  Valid in any case: on an error it has what was understood of
 *             .report, and 0 else.
 * @return 0, THRUM_EINVAL, THRUM_E2BIG. */
int thrum__options_take(thrum_opts *out, const thrum_opts *opts,
                        unsigned takes, bool inside);

/** Check the size of a struct that begins with it, and that what this library
 * does not know of is 0. @return as above. */
int thrum__options_size(const void *opts, size_t known);

#endif
