/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* calls.h - each call of the cache library to the system, to be broken
 *
 * As in test/fault the linker (--wrap) has every reference of the library's
 * objects go to a function here: what the library does, to the last call, and
 * nothing else. One of them can be refused, cut short, told to have failed though
 * it was done, or be the last that the process makes; and a watcher can be told
 * of all that changes a disk. Which one is told by the way it came, through which
 * functions, and how many came so before: their numbers are not the same each
 * time, as a sweep has so much time, and threads meet. test/disk/imports shows
 * that none is overlooked.
 */
#ifndef THRUM__TEST_CALLS_H
#define THRUM__TEST_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum call_kind {
	CALL_OPEN,   /* openat, openat2, fdopendir */
	CALL_READ,   /* read, pread */
	CALL_WRITE,  /* write, pwrite */
	CALL_SYNC,   /* fsync */
	CALL_CLOSE,  /* close, closedir */
	CALL_RENAME, /* renameat */
	CALL_UNLINK, /* unlinkat */
	CALL_MKDIR,  /* mkdir, mkdirat */
	CALL_STAT,   /* fstat, fstatat */
	CALL_MAP,    /* mmap */
	CALL_LOCK,   /* fcntl */
	CALL_LIST,   /* readdir */
	CALL_STAMP,  /* futimens */
	CALL_RESERVE, /* fallocate */
	CALL_MEMORY, /* malloc, calloc, realloc, posix_memalign */
	CALL_OTHER,  /* getrandom, gethostname, sleeps */
	CALL_KINDS
};

/* What becomes of a call, if not an error number. */
enum {
	FAULT_SHORT = -1,       /* read or written: one byte */
	FAULT_LATE = -2,        /* done, and told as EIO */
	FAULT_KILL_BEFORE = -3, /* the process ends by SIGKILL */
	FAULT_KILL_AFTER = -4
};

/* A call, and the way it came: the same if the callers are, as far as looked at.
 * Where that cannot be known, as calls_know_ways says, the kind. */
struct call_made {
	enum call_kind kind;
	uint32_t way;
};

struct fault {
	struct call_made call;
	unsigned long nth; /* of those that come so, from 1 */
	bool on;           /* and all of its kind after it */
	int what;          /* an error number, or FAULT_ */
};

bool calls_know_ways(void);

/* From here on calls are counted, by all threads together, and @p f, if not
 * NULL, comes true. They go to @p calls, in their order, if not NULL. */
void calls_arm(const struct fault *f, struct call_made *calls,
               unsigned long max);

/* Calls are handed on again. @return how many were made while armed. */
unsigned long calls_disarm(void);

/* How many of them were broken. */
unsigned long calls_broken(void);

/* A change of the disk, done. */
struct change {
	enum { CHANGE_MAKE, CHANGE_WRITE, CHANGE_SYNC, CHANGE_RENAME,
	       CHANGE_UNLINK, CHANGE_MKDIR } what;
	int fd;            /* of MAKE, WRITE, SYNC */
	const char *path;  /* absolute; of the others, and of MAKE */
	const char *to;    /* of RENAME */
	const void *data;  /* of WRITE */
	size_t size;       /* of WRITE */
	off_t offset;      /* of WRITE */
};

/* Told of each change, one at a time; NULL: nobody. */
extern void (*calls_watcher)(const struct change *change);

#endif
