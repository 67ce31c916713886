/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* outlet.c - where text of progress goes out: one for each standard stream
 *
 * The outlet is taken by a lock that can be waited for with a limit: a mutex
 * measures that by the wall clock, which may be set. held: 0 free, 1 taken, 2
 * taken and perhaps waited for. It is given back by a swap to 0, and a wake if
 * it was 2; who waited takes it as 2, since others may wait beside it.
 *
 * A stream that is full is stuck, and whoever waits for it gives up in time. If
 * it is not, then who has taken the outlet merely was not run, on a machine
 * with too much to do: that is no reason to lose the last line of a call.
 */
#include "config.h"

#include "outlet.h"

#include <string.h>

#include "atomics.h"
#include "cadence.h"
#include "clock.h"
#include "line.h"
#include "park.h"
#include "terminal.h"

/* The lines of one look, the last one, what came before, and a bar. */
#define OUTLET_BYTES ((CADENCE_BURST + 20) * LINE_BYTES)
#define ERASE "\r\033[K"
/* The most to wait for one who is not stuck, and how often to look. */
#define LATE_NS UINT64_C(5000000000)
#define LOOK_NS UINT64_C(50000000)

/* L: who has taken it. */
struct outlet {
	int fd;                /* I */
	_Atomic uint32_t held; /* A */
	_Atomic unsigned stuck; /* A the stream took less than there was */
	uint64_t bar_call;     /* L who has the bar; 0 none */
	bool bar_shown;        /* L */
	size_t from, to;       /* L text[from..to) is to go out */
	char *text;            /* I; L OUTLET_BYTES */
};

/* Apart, so that they are not part of the library's file. */
static char out_text[OUTLET_BYTES], err_text[OUTLET_BYTES];
static struct outlet out = { .fd = 1, .text = out_text };
static struct outlet err = { .fd = 2, .text = err_text };

struct outlet *thrum__outlet(int fd)
{
	return fd == 1 ? &out : &err;
}

bool thrum__outlet_take(struct outlet *o, uint64_t until_ns)
{
	uint32_t free = 0;

	/* [O1] pairs with [O3] in thrum__outlet_give */
	if (thrum__cas(&o->held, &free, 1u, acquire))
		return true;
	while (until_ns != 0) {
		/* [O2] pairs with [O3] in thrum__outlet_give */
		if (thrum__swap(&o->held, 2u, acquire) == 0)
			return true;
		uint64_t now_ns = thrum__clock_ns();
		/* Relaxed: a hint, looked at again. */
		if (now_ns >= until_ns + LATE_NS ||
		    (now_ns >= until_ns && thrum__load(&o->stuck, relaxed)))
			break;
		uint64_t look_ns = now_ns < until_ns ? until_ns - now_ns
		                                     : LOOK_NS;
		thrum__park_wait(&o->held, 2u, (int64_t)look_ns);
	}
	return false;
}

void thrum__outlet_give(struct outlet *o)
{
	/* [O3] pairs with [O1] and [O2] in thrum__outlet_take */
	if (thrum__swap(&o->held, 0u, release) == 2)
		thrum__park_wake(&o->held, 1);
}

/* Let text out until the limit. @return whether all is gone. */
static bool push(struct outlet *o, uint64_t until_ns)
{
	while (o->from < o->to) {
		long n = thrum__terminal_write(o->fd, o->text + o->from,
		                               o->to - o->from);
		if (n < 0) {
			o->from = o->to; /* there is nobody to tell */
			break;
		}
		o->from += (size_t)n;
		if (o->from == o->to)
			break;
		thrum__store(&o->stuck, 1u, relaxed);
		uint64_t now_ns = until_ns != 0 ? thrum__clock_ns() : 0;
		if (now_ns >= until_ns)
			return false;
		thrum__terminal_wait(o->fd,
		                     (int)((until_ns - now_ns) / 1000000) + 1);
	}
	thrum__store(&o->stuck, 0u, relaxed);
	o->from = o->to = 0;
	return true;
}

bool thrum__outlet_clear(struct outlet *o, uint64_t until_ns)
{
	return push(o, until_ns);
}

static void add(struct outlet *o, const char *text, size_t bytes)
{
	if (bytes > OUTLET_BYTES - o->to)
		return;
	memcpy(o->text + o->to, text, bytes);
	o->to += bytes;
}

static void erase(struct outlet *o)
{
	if (o->bar_shown)
		add(o, ERASE, sizeof(ERASE) - 1);
	o->bar_shown = false;
}

void thrum__outlet_line(struct outlet *o, const char *text, size_t bytes)
{
	erase(o);
	add(o, text, bytes);
}

bool thrum__outlet_bar(struct outlet *o, uint64_t call, const char *text)
{
	if (o->bar_call != 0 && o->bar_call != call)
		return false;
	o->bar_call = call;
	erase(o);
	add(o, text, strlen(text));
	o->bar_shown = text[0] != '\0';
	return true;
}

void thrum__outlet_bar_end(struct outlet *o, uint64_t call)
{
	if (o->bar_call != call)
		return;
	erase(o);
	o->bar_call = 0;
}

/* Forget what has not gone out, but for the rest of a line that has begun. */
static void drop(struct outlet *o)
{
	if (o->from == 0 || o->text[o->from - 1] == '\n') {
		o->from = o->to = 0;
		return;
	}
	const char *end = memchr(o->text + o->from, '\n', o->to - o->from);
	if (end != NULL)
		o->to = (size_t)(end + 1 - o->text);
}

void thrum__outlet_flush(struct outlet *o, uint64_t until_ns)
{
	if (!push(o, until_ns))
		drop(o);
}

void thrum__outlet_fork_child(void)
{
	struct outlet *all[] = { &out, &err };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct outlet *o = all[i];
		thrum__store(&o->held, 0u, relaxed); /* the only thread */
		thrum__store(&o->stuck, 0u, relaxed);
		o->bar_call = 0;
		o->bar_shown = false;
		o->from = o->to = 0;
	}
}
