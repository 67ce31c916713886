/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* outlet.h - where text of progress goes out: one for each standard stream
 *
 * Lines of all calls go through it whole. Who has taken it adds text and then
 * lets it out. What does not get out in time is dropped, but for the rest of a
 * line that has begun: that is kept, and goes out before anything else. So
 * whoever waits waits for a limited time, and lines are never mixed.
 */
#ifndef THRUM__OUTLET_H
#define THRUM__OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outlet;

/** The outlet of descriptor @p fd, 1 or 2. */
struct outlet *thrum__outlet(int fd);

/** Take @p o for this thread. Waits until clock time @p until_ns, 0 not at all;
 * and beyond, as long as text of others gets out.
 * @return whether it was taken; then it must be given back. */
bool thrum__outlet_take(struct outlet *o, uint64_t until_ns);
void thrum__outlet_give(struct outlet *o);

/* The rest is for the thread that has taken it. */

/** Whether nothing is left of before; tries until @p until_ns to let it out. */
bool thrum__outlet_clear(struct outlet *o, uint64_t until_ns);

/** Add a whole line, newline included. A bar is taken off the screen first. */
void thrum__outlet_line(struct outlet *o, const char *text, size_t bytes);

/** Add a bar in place of the one there, for @p call. One call has the bar until
 * it ends. @return false, with nothing added, if another call has it. */
bool thrum__outlet_bar(struct outlet *o, uint64_t call, const char *text);

/** Call @p call has no bar from now on; what is on the screen is taken off. */
void thrum__outlet_bar_end(struct outlet *o, uint64_t call);

/** Let out what was added, until @p until_ns at the latest; drop the rest. */
void thrum__outlet_flush(struct outlet *o, uint64_t until_ns);

/** In the child of a fork: as if nothing had ever been written. */
void thrum__outlet_fork_child(void);

#endif
