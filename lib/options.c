/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* options.c - options as the user gave them, checked and completed
 *
 * The rule for structs that grow is that of copy_struct_from_user in Linux: a
 * smaller struct is completed with zeros, a larger one must have zeros where
 * this library knows nothing. There has been one layout so far, so nothing is
 * smaller yet.
 */
#include "config.h"

#include "options.h"

#include "cacheline.h"
#include "decimal.h"

#include <math.h>
#include <string.h>
#include <thrum/cpus.h>

static THRUM__THREAD thrum_opts defaults;

int thrum__options_size(const void *opts, size_t known)
{
	size_t size;

	memcpy(&size, opts, sizeof size);
	if (size < known)
		return THRUM_EINVAL;
	for (size_t i = known; i < size; i++)
		if (((const unsigned char *)opts)[i] != 0)
			return THRUM_E2BIG;
	return 0;
}

static bool refused(const thrum_opts *o, unsigned takes)
{
	unsigned flags = (takes & TAKES_KEEP_GOING ? THRUM_KEEP_GOING : 0)
	                 | (takes & TAKES_UNORDERED ? THRUM_UNORDERED : 0)
	                 | (takes & TAKES_LAST_FIRST ? THRUM_LAST_FIRST : 0);

	return (o->grain && !(takes & TAKES_GRAIN))
	       || ((o->pre_dispatch || o->total) && !(takes & TAKES_STREAM))
	       || (o->status && !(takes & TAKES_STATUS))
	       || (o->flags & ~flags)
	       || ((takes & TAKES_NOTHING)
	           && (o->timeout_s != 0 || o->cancel || o->verbose
	               || o->progress || o->on_progress))
	       || o->progress < 0 || o->progress > THRUM_PROGRESS_OFF
	       || (o->on_progress_ctx && !o->on_progress)
	       || !(o->timeout_s >= 0) /* NaN too */
	       || (o->report && o->report_size < sizeof *o->report);
}

static void complete(thrum_opts *o, unsigned takes)
{
	const bool silent = o->verbose < 0; /* whatever the defaults are */

	if (o->n_jobs == 0)
		o->n_jobs = defaults.n_jobs;
	if (takes & TAKES_NOTHING)
		return;
	if (o->verbose == 0)
		o->verbose = defaults.verbose;
	if (o->progress == 0)
		o->progress = defaults.progress;
	if (o->pre_dispatch == 0 && (takes & TAKES_STREAM))
		o->pre_dispatch = defaults.pre_dispatch;
	if (o->timeout_s == 0)
		o->timeout_s = defaults.timeout_s;
	if (!o->cancel)
		o->cancel = defaults.cancel;
	if (!o->on_progress && !silent) {
		o->on_progress = defaults.on_progress;
		o->on_progress_ctx = defaults.on_progress_ctx;
	}
}

int thrum__options_take(thrum_opts *out, const thrum_opts *opts,
                        unsigned takes, bool inside)
{
	static const thrum_opts none; /* to copy it is quicker than to clear */
	int rc = opts ? thrum__options_size(opts, sizeof *opts) : 0;

	*out = opts && rc != THRUM_EINVAL ? *opts : none;
	if (rc == 0 && refused(out, takes))
		rc = THRUM_EINVAL;
	if (rc) {
		thrum_report *report = out->report_size >= sizeof *out->report
			? out->report : NULL;
		size_t size = out->report_size;
		memset(out, 0, sizeof *out);
		out->report = report;
		out->report_size = size;
		return rc;
	}
	if (!inside)
		complete(out, takes);
	else if (out->verbose == 0 && out->progress == 0)
		out->verbose = -1; /* THRUM_VERBOSE is for the outermost calls */
	if (takes & TAKES_NOTHING)
		out->verbose = -1; /* whatever the environment says */
	if (isinf(out->timeout_s))
		out->timeout_s = 0;
	return 0;
}

int thrum_set_defaults(const thrum_opts *opts, thrum_opts *old)
{
	thrum_opts now;
	int rc = 0;

	memset(&now, 0, sizeof now);
	if (opts) {
		rc = thrum__options_size(opts, sizeof *opts);
		if (rc == 0) {
			now = *opts;
			if (now.report || now.status || now.grain || now.flags
			    || now.total || refused(&now, TAKES_STREAM))
				rc = THRUM_EINVAL;
		}
	}
	if (rc == 0 && old) {
		rc = thrum__options_size(old, sizeof *old);
		if (rc == 0) {
			size_t size = old->size, report_size = old->report_size;
			memcpy(old, &defaults, sizeof *old);
			old->size = size;
			old->report_size = report_size;
		}
	}
	if (rc == 0)
		defaults = now;
	return rc;
}

/* `8`, `n_jobs`, `2*n_jobs`, `1.5*n_jobs`: *nano billionths of 1 or of n_jobs. */
static bool read_product(const char *p, uint64_t *nano, bool *per_job)
{
	*nano = DECIMAL_NANO;
	*per_job = true;
	if (thrum__decimal_word(&p, "n_jobs"))
		return thrum__decimal_end(p);
	if (!thrum__decimal_nano(&p, nano))
		return false;
	p = thrum__decimal_skip(p);
	*per_job = thrum__decimal_word(&p, "*");
	if (!*per_job)
		return *nano % DECIMAL_NANO == 0 && thrum__decimal_end(p);
	p = thrum__decimal_skip(p);
	return thrum__decimal_word(&p, "n_jobs") && thrum__decimal_end(p);
}

int thrum_pre_dispatch_parse(const char *text, int n_jobs,
                             size_t *pre_dispatch)
{
	const char *p = text ? thrum__decimal_skip(text) : NULL;
	uint64_t nano, jobs;
	bool per_job;

	if (!p || !pre_dispatch)
		return THRUM_EINVAL;
	const char *word = p;
	if (thrum__decimal_word(&word, "all") && thrum__decimal_end(word)) {
		*pre_dispatch = THRUM_ALL;
		return 0;
	}
	if (!read_product(p, &nano, &per_job))
		return THRUM_EINVAL;
	jobs = per_job ? (uint64_t)thrum_effective_n_jobs(NULL, n_jobs) : 1;
	/* At most INT_MAX whole and 4096 jobs: no overflow. */
	uint64_t whole = nano / DECIMAL_NANO * jobs;
	uint64_t part = nano % DECIMAL_NANO * jobs;
	whole += part / DECIMAL_NANO + (part % DECIMAL_NANO != 0);
	if (whole < 1 || whole >= SIZE_MAX)
		return THRUM_EINVAL;
	*pre_dispatch = (size_t)whole;
	return 0;
}
