/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* display.h - what is shown of one call, and when
 *
 * A display belongs to one thread at a time: the one that begins the call, then
 * the reporter, then the one that shows the end. Only the functions that change
 * the total may run beside it.
 */
#ifndef THRUM__DISPLAY_H
#define THRUM__DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <thrum/progress.h>

#include "eta.h"
#include "line.h"
#include "meter.h"
#include "progress.h"
#include "terminal.h"

enum display_form {
	DISPLAY_LINES,
	DISPLAY_BAR,
	DISPLAY_JSON,
	DISPLAY_CALLBACK
};

struct display {
	struct progress_spec spec;    /* I */
	const struct meter *meter;    /* I */
	enum display_form form;       /* I */
	int verbose;                  /* I at least 1 */
	struct outlet *outlet;        /* I NULL for a callback */
	int fd;                       /* I of the outlet */
	struct terminal terminal;     /* I */
	uint64_t number;              /* I of the call in the process, from 1 */
	uint64_t start_ns;            /* I */
	_Atomic uint64_t total;       /* A expected */
	_Atomic unsigned total_known; /* A */

	/* Of the thread that the display belongs to. */
	uint64_t done, failed; /* newest; never back */
	uint64_t shown;        /* count at the last line: ended, or, with a line
	                          for every job, done */
	uint64_t shown_ns;     /* when that was; at first, the begin */
	uint64_t look_ns;      /* when to look again */
	struct eta eta;
};

/** Whether there is anything to show. */
bool thrum__display_wanted(const struct progress_spec *spec);

/** Begin to show the call that counts in @p meter. */
void thrum__display_start(struct display *d, const struct progress_spec *spec,
                          const struct meter *meter);

/** The total, as progress.h has it. */
void thrum__display_pulled(struct display *d, uint64_t n);
void thrum__display_total(struct display *d, uint64_t n);

/** Show what is due, and set look_ns. Does not wait. */
void thrum__display_look(struct display *d);

/** Show the end; waits for what takes the text until @p until_ns. */
void thrum__display_end(struct display *d, enum progress_end how,
                        uint64_t until_ns);

#endif
