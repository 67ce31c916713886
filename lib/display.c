/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* display.c - what is shown of one call, and when */
#include "config.h"

#include "display.h"

#include <stddef.h>
#include <thrum/report.h>

#include "cadence.h"
#include "clock.h"
#include "env.h"
#include "outlet.h"

#define TENTH_NS UINT64_C(100000000)
/* verbose above this goes to standard output. */
#define VERBOSE_STDERR 50

static _Atomic uint64_t calls; /* A displays begun */
static _Atomic unsigned told;  /* A variables that are ignored were told */

bool thrum__display_wanted(const struct progress_spec *spec)
{
	const struct env *env = thrum__env();

	/* A callback is part of the program: it may end the call. */
	if (spec->fn != NULL)
		return true;
	if (spec->form == THRUM_PROGRESS_OFF ||
	    env->progress == THRUM_PROGRESS_OFF)
		return false;
	if (spec->verbose != 0)
		return spec->verbose > 0;
	return spec->form != 0 || (env->verbose_set && env->verbose > 0);
}

static int verbose_of(const struct progress_spec *spec)
{
	const struct env *env = thrum__env();

	if (spec->verbose > 0)
		return spec->verbose;
	if (spec->verbose == 0 && env->verbose_set && env->verbose > 0)
		return env->verbose;
	return CADENCE_FEW; /* a form was asked for, and no number */
}

static enum display_form form_of(const struct display *d)
{
	int form = d->spec.form != 0 ? d->spec.form : thrum__env()->progress;

	if (d->spec.fn != NULL)
		return DISPLAY_CALLBACK;
	if (form == THRUM_PROGRESS_JSON)
		return DISPLAY_JSON;
	if ((form == THRUM_PROGRESS_BAR || form == THRUM_PROGRESS_AUTO) &&
	    d->terminal.redraws)
		return DISPLAY_BAR;
	return DISPLAY_LINES;
}

void thrum__display_start(struct display *d, const struct progress_spec *spec,
                          const struct meter *meter)
{
	d->spec = *spec;
	d->meter = meter;
	d->verbose = verbose_of(spec);
	d->fd = d->verbose > VERBOSE_STDERR ? 1 : 2;
	d->terminal = thrum__terminal_look(d->fd);
	d->form = form_of(d);
	d->outlet = d->form != DISPLAY_CALLBACK ? thrum__outlet(d->fd) : NULL;
	/* Relaxed: a number of its own is all that is asked. */
	d->number = thrum__add(&calls, 1u, relaxed) + 1;
	d->total = spec->total;
	d->total_known = spec->total_known;
	d->start_ns = d->shown_ns = thrum__clock_ns();
	d->look_ns = d->start_ns + thrum__cadence_look_ns(d->verbose, 1, 0, 0);
	if (d->form == DISPLAY_BAR || d->form == DISPLAY_CALLBACK)
		d->look_ns = d->start_ns + TENTH_NS;
	thrum__eta_start(&d->eta, d->start_ns);
}

void thrum__display_pulled(struct display *d, uint64_t n)
{
	/* Relaxed: the caller is the only one who writes either. */
	if (n > thrum__load(&d->total, relaxed))
		thrum__store(&d->total_known, 0u, relaxed);
}

void thrum__display_total(struct display *d, uint64_t n)
{
	thrum__store(&d->total, n, relaxed);
	/* [Y1] pairs with [Y2] in moment_of: who sees it known sees it */
	thrum__store(&d->total_known, 1u, release);
}

static void count(struct display *d, uint64_t now_ns)
{
	uint64_t done, failed;

	thrum__meter_sum(d->meter, &done, &failed);
	if (done > d->done)
		d->done = done;
	if (failed > d->failed)
		d->failed = failed;
	thrum__eta_note(&d->eta, now_ns, d->done + d->failed);
}

/* The call as it stood at the last count. */
static struct moment moment_of(const struct display *d, uint64_t now_ns)
{
	uint64_t ended = d->done + d->failed;
	struct moment m = {
		.call = d->number,
		.n_jobs = d->spec.n_jobs_given,
		.workers = d->spec.workers,
		.done = d->done,
		.failed = d->failed,
		.elapsed_s = (double)(now_ns - d->start_ns) / 1e9,
		.rate = thrum__eta_rate(&d->eta, now_ns, ended),
		.remaining_s = -1,
	};

	/* [Y2] pairs with [Y1] in thrum__display_total */
	if (!thrum__load(&d->total_known, acquire))
		return m;
	uint64_t total = thrum__load(&d->total, relaxed);
	if (ended > total)
		return m; /* more than were expected: nothing is known */
	m.total_known = true;
	m.total = total;
	m.remaining_s = thrum__eta_remaining(m.rate, total - ended);
	return m;
}

static struct moment last_moment(const struct display *d, uint64_t now_ns,
                                 enum progress_end how)
{
	static const char *const word[] = {
		[PROGRESS_FINISHED] = "finished",
		[PROGRESS_FAILED] = "failed",
		[PROGRESS_CANCELLED] = "cancelled",
		[PROGRESS_TIMED_OUT] = "timed out",
	};
	struct moment m = moment_of(d, now_ns);
	uint64_t ended = m.done + m.failed;

	m.end = word[how];
	if (how == PROGRESS_FINISHED) {
		/* As many jobs as there were, whatever was expected. */
		m.total = ended;
		m.total_known = true;
	}
	m.remaining_s = m.total_known && m.total == ended ? 0 : -1;
	return m;
}

/* Call once for all of the process: tell of variables that are ignored. */
static void tell_ignored(struct display *d)
{
	char line[LINE_BYTES];
	const struct env *env = thrum__env();

	if (!(d->spec.notes & THRUM_NOTE_ENV))
		return;
	/* Relaxed: nothing else depends on who was first. */
	if (thrum__swap(&told, 1u, relaxed) != 0)
		return;
	for (int i = 0; i < ENV_COUNT; i++) {
		const struct env_value *v = &env->value[i];
		if (v->valid)
			continue;
		size_t n = thrum__line_ignored(line, d->form == DISPLAY_JSON,
		                               d->spec.n_jobs_given, v->name,
		                               v->text, v->want);
		thrum__outlet_line(d->outlet, line, n);
	}
}

static void add_line(struct display *d, const struct moment *m)
{
	char line[LINE_BYTES];
	size_t n = d->form == DISPLAY_JSON ? thrum__line_json(line, m)
	                                   : thrum__line_text(line, m);

	thrum__outlet_line(d->outlet, line, n);
}

/* A line for each job that ended well since the last, the newest of them. */
static void add_every(struct display *d, uint64_t now_ns)
{
	struct moment m = moment_of(d, now_ns);
	uint64_t next = d->shown;

	if (d->done - next > CADENCE_BURST)
		next = d->done - CADENCE_BURST;
	while (next < d->done) {
		m.done = ++next;
		add_line(d, &m);
	}
	d->shown = d->done;
}

/* Jobs that must end before a line is due. */
static uint64_t away(const struct display *d, const struct moment *m)
{
	uint64_t ended = m->done + m->failed;

	if (d->verbose > CADENCE_FEW)
		return m->done > d->shown ? 0 : 1;
	uint64_t next = thrum__cadence_next(d->verbose, m->total_known,
	                                    m->total, d->shown);
	return next <= ended ? 0 : next - ended;
}

static void look_text(struct display *d, uint64_t now_ns)
{
	struct moment m = moment_of(d, now_ns);
	uint64_t ended = m.done + m.failed, left = away(d, &m);
	bool complete = m.total_known && ended == m.total;

	if (left == 0 &&
	    thrum__cadence_rested(d->verbose, d->shown == 0 ? UINT64_MAX :
	                          now_ns - d->shown_ns) &&
	    (d->verbose > CADENCE_FEW || !complete) &&
	    thrum__outlet_take(d->outlet, 0)) {
		if (thrum__outlet_clear(d->outlet, 0)) {
			tell_ignored(d);
			if (d->verbose > CADENCE_FEW)
				add_every(d, now_ns);
			else
				add_line(d, &m);
			thrum__outlet_flush(d->outlet, 0);
		}
		thrum__outlet_give(d->outlet);
		d->shown = d->verbose > CADENCE_FEW ? d->done : ended;
		d->shown_ns = now_ns;
		left = away(d, &m);
	}
	d->look_ns = now_ns + thrum__cadence_look_ns(d->verbose, left, m.rate,
	                                             now_ns - d->shown_ns);
}

static void look_bar(struct display *d, uint64_t now_ns)
{
	struct moment m = moment_of(d, now_ns);
	char line[LINE_BYTES];

	d->look_ns = now_ns + TENTH_NS;
	if (!thrum__outlet_take(d->outlet, 0))
		return;
	if (thrum__outlet_clear(d->outlet, 0)) {
		int columns = thrum__terminal_columns(&d->terminal, d->fd);
		tell_ignored(d);
		thrum__line_bar(line, &m, columns, d->terminal.colour);
		thrum__outlet_bar(d->outlet, d->number, line);
		thrum__outlet_flush(d->outlet, 0);
	}
	thrum__outlet_give(d->outlet);
}

static void call_back(const struct display *d, const struct moment *m)
{
	thrum_progress p = {
		.done = m->done,
		.failed = m->failed,
		.total = m->total_known ? m->total : 0,
		.elapsed_s = m->elapsed_s,
		.remaining_s = m->remaining_s,
		.rate = m->rate,
		.n_jobs = m->workers,
		.finished = m->end != NULL,
	};
	d->spec.fn(d->spec.fn_ctx, &p);
}

void thrum__display_look(struct display *d)
{
	uint64_t now_ns = thrum__clock_ns();

	count(d, now_ns);
	if (d->form == DISPLAY_CALLBACK) {
		struct moment m = moment_of(d, now_ns);
		d->look_ns = now_ns + TENTH_NS;
		call_back(d, &m);
	} else if (d->form == DISPLAY_BAR) {
		look_bar(d, now_ns);
	} else {
		look_text(d, now_ns);
	}
}

void thrum__display_end(struct display *d, enum progress_end how,
                        uint64_t until_ns)
{
	uint64_t now_ns = thrum__clock_ns();

	count(d, now_ns);
	struct moment m = last_moment(d, now_ns, how);
	if (d->form == DISPLAY_CALLBACK) {
		call_back(d, &m);
		return;
	}
	if (!thrum__outlet_take(d->outlet, until_ns))
		return;
	thrum__outlet_bar_end(d->outlet, d->number);
	if (thrum__outlet_clear(d->outlet, until_ns)) {
		tell_ignored(d);
		if (d->form != DISPLAY_BAR && d->verbose > CADENCE_FEW)
			add_every(d, now_ns);
		add_line(d, &m);
		thrum__outlet_flush(d->outlet, until_ns);
	}
	thrum__outlet_give(d->outlet);
}
