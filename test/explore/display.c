/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* display.c - lib/display.c under the model checker: a total told while one looks
 *
 * The caller of a stream comes to know how many items there are, and says so,
 * while the reporter looks at the display. The one that was expected at first is
 * in the same word, and must not be told as known.
 */
#include "explore.h"

#include "atomics.h"
#include "display.h"
#include "env.h"
#include "meter.h"

#include <stddef.h>

enum { EXPECTED = 7, TOTAL = 50 };

static struct display shown;
static const struct meter nothing;

/* What the callback is told, by the thread that looks. */
static void told(void *ctx, const thrum_progress *p)
{
	(void)ctx;
	explore_check(p->total == 0 || p->total == TOTAL,
	              "a total that is not known is told");
}

static void prepare(void)
{
	const struct progress_spec spec = {
		.n_jobs_given = 1, .workers = 1, .verbose = 1,
		.total = EXPECTED, .fn = told,
	};

	shown = (struct display){ 0 };
	thrum__display_start(&shown, &spec, &nothing);
	explore_name(&shown.total, sizeof shown.total, "total");
	explore_name(&shown.total_known, sizeof shown.total_known, "known");
}

static void tell_total(void)
{
	thrum__display_total(&shown, TOTAL);
}

static void look(void)
{
	thrum__display_look(&shown);
	thrum__display_look(&shown);
}

/* What a display for a callback does not come to. */

struct terminal thrum__terminal_look(int fd)
{
	(void)fd;
	return (struct terminal){ 0 };
}

int thrum__terminal_columns(const struct terminal *t, int fd)
{
	(void)t, (void)fd;
	return 0;
}

/* No variable is set. */

_Atomic(const struct env *) thrum__env_read;

const struct env *thrum__env_get(void)
{
	static const struct env none;
	return &none;
}

const struct scenario explore_display[] = {
	{ "display-total", "Who sees that the total is known sees the total.",
	  prepare, { tell_total, look } },
	{ 0 },
};
