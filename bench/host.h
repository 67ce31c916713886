/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* host.h - the machine that figures are from, and who else is busy on it */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <stddef.h>

struct host {
	char cpu[96];      /* model */
	int cores;         /* that this process may use */
	char system[96];   /* kernel and architecture */
	char compiler[64];
	char date[32];     /* UTC */
	char commit[64];   /* BENCH_COMMIT, if set */
	double line_ns;    /* of host_line_ns() */
};

struct host host_get(void);

/** Nanoseconds that a line takes from one core to another and back: the unit of
 * all that threads tell each other. Virtual cores may be moved, and it changes
 * by a factor of five then. Of the first two cores; 0 if there is one only. */
double host_line_ns(void);

/** Processors in the affinity mask. */
int host_cores(void);

/** Seconds that all processors of the machine have been busy; 0 unknown. */
double host_busy_s(void);

/** CPU seconds of this process and of its children that were waited for. */
double host_own_s(void);

/** Seconds that threads of this process, those that live, could have run but
 * had no core; 0 where the system does not tell. */
double host_waited_s(void);

/** Memory of this process, in kB: its own that is resident, without that of
 * files, which all processes share; and all that is mapped. 0 unknown. */
struct host_memory {
	double resident, mapped;
};
struct host_memory host_memory(void);

/** Threads of this process; 0 unknown. */
int host_threads(void);

/** Where @p name lies: in @p dir if that is not NULL, else beside the running
 * program or one directory above, where libtool keeps programs in .libs.
 * @return @p path, or NULL if there is none. */
char *host_find(char *path, size_t size, const char *dir,
                const char *name);

#endif
