/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/options.h - what a call can be told, its defaults, the environment
 *
 *   thrum_for(NULL, n, body, ctx, NULL);
 *   thrum_for(NULL, n, body, ctx, THRUM_OPTS(.n_jobs = -2, .verbose = 5));
 *
 * 0 is the default of every option. An option that a call does not take, as
 * marked below, must be 0: else THRUM_EINVAL. Options are only appended, so a
 * program runs with a newer library; with an older one THRUM_E2BIG tells of an
 * option that it does not know.
 */
#ifndef THRUM_OPTIONS_H
#define THRUM_OPTIONS_H

#include <thrum/base.h>
#include <thrum/cancel.h>
#include <thrum/progress.h>
#include <thrum/report.h>

/* .flags */
#define THRUM_KEEP_GOING 0x1u /* run all jobs, also after one has failed */
#define THRUM_UNORDERED  0x2u /* stream: deliver as completed; reduce: combine
                                 in any order, the last bits may vary */
#define THRUM_LAST_FIRST 0x4u /* for, map, tiles: begin at the end, where the
                                 dearest indices are */

/* .pre_dispatch: no bound; memory then grows with the stream */
#define THRUM_ALL SIZE_MAX

typedef struct thrum_opts {
	/** sizeof(thrum_opts); THRUM_OPTS and C++ set it, others must. */
	size_t size THRUM_SET_IN_CXX(sizeof(struct thrum_opts));
	/** sizeof(thrum_report), set likewise. */
	size_t report_size THRUM_SET_IN_CXX(sizeof(thrum_report));

	/** Workers, the calling thread included; see thrum/cpus.h. 1: the
	 * caller alone, in order, all else alike. */
	int n_jobs;

	/** Progress on the terminal, as joblib: 0 none; 1 to 10 about so many
	 * lines; above 10 a line after every job; above 50 to stdout, else
	 * stderr. Negative: none, whatever the default or .progress says; nor
	 * is a default on_progress called. */
	int verbose;

	/** Form of progress, THRUM_PROGRESS_*. 0: as THRUM_PROGRESS says, else
	 * lines; shown if verbose > 0. Another form is shown unless verbose is
	 * negative. */
	int progress;

	/** THRUM_KEEP_GOING | THRUM_UNORDERED | THRUM_LAST_FIRST. A bit that is
	 * not known, or that the call does not take: THRUM_EINVAL. */
	unsigned flags;

	/** Jobs that a worker takes at once. 0: chosen while running. for,
	 * map, tiles: at most so many per piece. reduce: the size of a leaf, see
	 * there. Not for stream and run. */
	size_t grain;

	/** stream only: the most items alive at once. 0: 2 per worker. */
	size_t pre_dispatch;

	/** stream only: expected number of items, for progress; 0 unknown. */
	uint64_t total;

	/** Seconds from now until the call ends as if cancelled, with
	 * THRUM_ETIMEDOUT. 0 or infinity: none. Negative, NaN: THRUM_EINVAL. */
	double timeout_s;

	/** Watched during the call; NULL none. */
	thrum_cancel *cancel;

	/** Replaces what verbose would print; NULL none. See progress.h. */
	thrum_progress_fn *on_progress;
	void *on_progress_ctx;

	/** Filled before the call returns, also on failure; NULL none. */
	thrum_report *report;

	/** for, map and tiles only: n codes, written for every job: 0, the body's
	 * own, or THRUM_ESKIPPED; NULL none. */
	int *status;
} thrum_opts;

/** Options by name, with 0 for the rest; lives as long as the enclosing block.
 * C only; C++ writes `thrum_opts o{}; o.n_jobs = -2;` and passes &o. */
#define THRUM_OPTS(...) \
	(&(const thrum_opts){ .size = sizeof(thrum_opts), \
	                      .report_size = sizeof(thrum_report), __VA_ARGS__ })

/* Environment, read once, at first use. A value that is not valid is ignored,
 * and told by THRUM_NOTE_ENV, by progress if it is on, and by thrum-info. What
 * the program says wins, but for MAX_JOBS. For some milliseconds after the first
 * call a thread of the pool may still look at the machine, and hwloc reads the
 * environment, too: a program changes it (setenv) before its first call, or
 * after thrum_shutdown().
 *
 *   THRUM_N_JOBS     default n_jobs, as thrum_n_jobs_parse; then the first
 *                    number of OMP_NUM_THREADS
 *   THRUM_MAX_JOBS   ceiling for every pool and call, whatever the program says
 *   THRUM_BIND       cores | none | caller, see thrum/pool.h
 *   THRUM_CPUS       list as 0-7,16: instead of the mask of the process
 *   THRUM_VERBOSE    default verbose of calls that are not made in a body
 *   THRUM_PROGRESS   auto | lines | bar | json | off; off wins over the program
 *   THRUM_SPIN_US    microseconds to spin before sleeping; 0 none
 *   THRUM_STACKSIZE  stack of a worker in bytes; suffix K, M or G
 *   THRUM_STATS      0 | 1: times, and a table when a pool ends, see
 *                    thrum/stats.h
 */

THRUM_BEGIN_DECLS

/** Set what 0 means in calls that this thread makes from now on.
 *
 * n_jobs, verbose, progress, pre_dispatch, timeout_s, cancel and on_progress
 * are taken from @p opts where a call leaves them 0 and takes them; any other
 * option must be 0. Calls made inside bodies are not affected: they share the
 * workers, the deadline and the token of the outer call as it is.
 *
 * @param opts  Copied; what it points at is used by later calls. NULL: forget.
 * @param old   NULL, or where to write what was set before, to be put back:
 *              `thrum_opts old = *THRUM_OPTS();`
 * @return 0, THRUM_EINVAL, THRUM_E2BIG. */
THRUM_API int thrum_set_defaults(const thrum_opts *opts, thrum_opts *old);

/** Read a pre_dispatch as people write it: `all`, `8`, `n_jobs`, `2*n_jobs`,
 * `1.5*n_jobs` (rounded up).
 *
 * @param n_jobs        As .n_jobs of the call that is meant.
 * @param pre_dispatch  Out: at least 1; unchanged on error.
 * @return 0; THRUM_EINVAL for nonsense or a value below 1. */
THRUM_API int thrum_pre_dispatch_parse(const char *text, int n_jobs,
                                       size_t *pre_dispatch);

THRUM_END_DECLS
#endif
