/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* trace.c - a line for each step of a replayed run
 *
 * Steps are kept and printed at the end of the run, when addr2line has told where
 * in the sources they are: all at once, as it reads the program anew each time.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT = 4096, TEXT = 160, NAMES = 64 };

static struct { const void *pc; unsigned thread; char text[TEXT]; } step[KEPT];
static unsigned steps, missed;

static struct { uintptr_t first, end; const char *name; } name[NAMES];
static unsigned names;

void trace_forget_names(void)
{
	names = 0;
}

void explore_name(const volatile void *p, size_t bytes, const char *text)
{
	for (unsigned i = 0; i < names; i++)
		if (name[i].first == (uintptr_t)p)
			return;
	if (names == NAMES)
		return;
	name[names].first = (uintptr_t)p;
	name[names].end = (uintptr_t)p + bytes;
	name[names++].name = text;
}

bool trace_known(const volatile void *p)
{
	for (unsigned i = 0; i < names; i++)
		if ((uintptr_t)p >= name[i].first && (uintptr_t)p < name[i].end)
			return true;
	return false;
}

const char *trace_name(const volatile void *p)
{
	static char text[4][64];
	static unsigned next;
	char *to = text[next++ % 4];
	uintptr_t a = (uintptr_t)p;

	snprintf(to, sizeof text[0], "%#lx", (unsigned long)a);
	/* The last that fits: parts are named after the whole. */
	for (unsigned i = 0; i < names; i++) {
		if (a < name[i].first || a >= name[i].end)
			continue;
		if (a == name[i].first)
			snprintf(to, sizeof text[0], "%s", name[i].name);
		else
			snprintf(to, sizeof text[0], "%s+%lu", name[i].name,
			         (unsigned long)(a - name[i].first));
	}
	return to;
}

const char *trace_order(int order)
{
	static const char *const words[] = { "relaxed", "consume", "acquire",
	                                     "release", "acq_rel", "seq_cst" };
	return order >= 0 && order < 6 ? words[order] : "?";
}

void trace_begin(void)
{
	steps = missed = 0;
}

void trace_step(const void *pc, const char *form, ...)
{
	va_list args;

	if (steps == KEPT) {
		missed++;
		return;
	}
	step[steps].pc = pc;
	step[steps].thread = explore_me;
	va_start(args, form);
	vsnprintf(step[steps].text, TEXT, form, args);
	va_end(args);
	steps++;
}

static FILE *ask_for_lines(void)
{
	char file[] = "/tmp/explore-XXXXXX", command[256];
	int fd = mkstemp(file);
	FILE *list = fd < 0 ? NULL : fdopen(fd, "w");

	if (!list)
		return NULL;
	/* The call, not what comes after it. */
	for (unsigned i = 0; i < steps; i++)
		fprintf(list, "%#lx\n", step[i].pc
		        ? (unsigned long)(uintptr_t)step[i].pc - 1 : 0ul);
	fclose(list);
	snprintf(command, sizeof command,
	         "addr2line -f -e /proc/%ld/exe <%s 2>/dev/null; rm -f %s",
	         (long)getpid(), file, file);
	return popen(command, "r");
}

static void read_line(FILE *from, char *line, int bytes)
{
	line[0] = '\0';
	if (from && !fgets(line, bytes, from))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

/* lib/range.c:7 of a longer path. */
static const char *in_directory(const char *path)
{
	const char *last = path, *before = path;

	for (const char *p = path; *p; p++)
		if (*p == '/') {
			before = last;
			last = p + 1;
		}
	return before;
}

void trace_end(void)
{
	FILE *lines = ask_for_lines();
	char function[256], place[256];

	for (unsigned i = 0; i < steps; i++) {
		read_line(lines, function, sizeof function);
		read_line(lines, place, sizeof place);
		place[strcspn(place, " ")] = '\0';
		const char *where = in_directory(place);
		if (!step[i].pc)
			printf("%4u  thread %u  %s\n", i, step[i].thread,
			       step[i].text);
		else if (where[0] && where[0] != '?')
			printf("%4u  thread %u  %-22s %s: %s\n", i,
			       step[i].thread, where, function, step[i].text);
		else
			printf("%4u  thread %u  %p: %s\n", i, step[i].thread,
			       step[i].pc, step[i].text);
	}
	if (missed)
		printf("      and %u steps more\n", missed);
	if (lines)
		pclose(lines);
}
