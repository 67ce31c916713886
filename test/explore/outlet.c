/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* outlet.c - lib/outlet.c under the model checker: one at a time lets text out
 *
 * The text is plain memory of the outlet, which goes from who has taken it to who
 * takes it next. A stream that is full, and a time that is up, are not here: the
 * clock stands still, so who may wait does until it is given the outlet.
 */
#include "explore.h"

#include "atomics.h"
#include "outlet.h"
#include "terminal.h"

#include <string.h>

enum { LATER_NS = 2000 }; /* the clock says 1000 */

static unsigned lines; /* plain: written out, by who has the outlet */
static bool preparing;

/* The outlet is a part of the process: of a run that was broken off something may
 * be left. */
static void prepare(void)
{
	preparing = true;
	(void)thrum__outlet_clear(thrum__outlet(2), 0);
	thrum__outlet_give(thrum__outlet(2));
	preparing = false;
	lines = 0;
	explore_name(&lines, sizeof lines, "lines");
}

/* The system, as the outlet sees it. */

long thrum__terminal_write(int fd, const char *text, size_t bytes)
{
	bool right = fd == 2 && bytes == 2 && memcmp(text, "x\n", 2) == 0;

	explore_check(preparing || right, "a line that nobody wrote");
	lines++;
	return (long)bytes;
}

void thrum__terminal_wait(int fd, int timeout_ms)
{
	(void)fd, (void)timeout_ms;
}

static bool say(uint64_t until_ns)
{
	struct outlet *o = thrum__outlet(2);

	if (!thrum__outlet_take(o, until_ns))
		return false;
	thrum__outlet_line(o, "x\n", 2);
	explore_check(thrum__outlet_clear(o, 0), "text was left");
	thrum__outlet_give(o);
	return true;
}

static void say_in_time(void)
{
	explore_check(say(LATER_NS), "it is not given to who waits");
}

static void say_or_not(void)
{
	if (!say(0))
		say_in_time();
}

static void all_said(void)
{
	explore_check(lines == 2, "a line is missing");
}

static void all_three_said(void)
{
	explore_check(lines == 3, "a line is missing");
}

const struct scenario explore_outlet[] = {
	{ "outlet-two", "Of two with text one waits for the other.",
	  prepare, { say_in_time, say_or_not }, all_said, .endless = true },
	{ "outlet-three", "Of three each is given the outlet in the end.",
	  prepare, { say_in_time, say_in_time, say_or_not }, all_three_said,
	  .endless = true },
	{ 0 },
};
