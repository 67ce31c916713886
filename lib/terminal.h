/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* terminal.h - the standard streams as they were when the process began
 *
 * Progress goes to descriptor 1 or 2, which are not ours: they may be closed,
 * and come back as a data file of the host; be a pipe that nobody reads, or a
 * terminal that was stopped. What is written here reaches the stream that the
 * process began with, or nothing; it raises no signal, and does not block as
 * far as the system lets us. errno is unchanged.
 */
#ifndef THRUM__TERMINAL_H
#define THRUM__TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* What is shown where, by the environment at the begin of a call. */
struct terminal {
	bool redraws; /* a terminal on which a line can be written over */
	bool colour;
	int columns;  /* as COLUMNS says; 0: ask the terminal */
};

/** Take what descriptors 1 and 2 are now for what they are to be. Done when the
 * library is loaded; tests that put something there do it again. */
void thrum__terminal_learn(void);

/** Look at descriptor @p fd, 1 or 2, and at TERM, NO_COLOR and COLUMNS. */
struct terminal thrum__terminal_look(int fd);

/** Width of the terminal now; at least 1. */
int thrum__terminal_columns(const struct terminal *t, int fd);

/** Write what @p fd takes at once of @p text.
 * @return bytes taken, 0 if it is full; -1: it cannot be written to. */
long thrum__terminal_write(int fd, const char *text, size_t bytes);

/** Wait until @p fd takes more, or for @p timeout_ms. */
void thrum__terminal_wait(int fd, int timeout_ms);

#endif
