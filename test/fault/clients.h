/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* clients.h - small programs that use the library while the system fails */
#ifndef THRUM__TEST_CLIENTS_H
#define THRUM__TEST_CLIENTS_H

#include <stdbool.h>

/* @return NULL, or the law that was broken. With @p strict nothing fails: each
 * call must come out well. Else one may do with less, or return the code that
 * its header has for it. */
typedef const char *client_fn(bool strict);

struct client {
	const char *name;
	client_fn *run;
};

extern const struct client clients[];
extern const int client_count;

#endif
