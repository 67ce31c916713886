/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* capture.h - what a test writes to a standard stream, kept to be looked at
 *
 * The stream is replaced, and the library made to take the replacement for what
 * the process began with.
 */
#ifndef THRUM__TEST_CAPTURE_H
#define THRUM__TEST_CAPTURE_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

struct capture {
	int fd;    /* 1 or 2 */
	int saved; /* what it was */
	FILE *file;
	char text[1 << 17];
};

/* Let descriptor @p fd be @p by, which stays the test's. */
static inline void capture_with(struct capture *c, int fd, int by)
{
	c->fd = fd;
	c->file = NULL;
	c->saved = dup(fd);
	ck_assert_int_ge(c->saved, 0);
	ck_assert_int_eq(dup2(by, fd), fd);
	thrum__terminal_learn();
}

static inline void capture_release(struct capture *c)
{
	ck_assert_int_eq(dup2(c->saved, c->fd), c->fd);
	close(c->saved);
	thrum__terminal_learn();
}

static inline void capture_start(struct capture *c, int fd)
{
	FILE *file = tmpfile();
	ck_assert_ptr_nonnull(file);
	capture_with(c, fd, fileno(file));
	c->file = file;
}

static inline const char *capture_end(struct capture *c)
{
	capture_release(c);
	rewind(c->file);
	size_t n = fread(c->text, 1, sizeof(c->text) - 1, c->file);
	c->text[n] = '\0';
	fclose(c->file);
	return c->text;
}

static inline int lines_in(const char *text)
{
	int n = 0;
	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		n++;
	}
	return n;
}

static inline int ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

#endif
