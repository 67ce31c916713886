/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* faults.h - to make the k-th call of a kind fail, and to count what is kept
 *
 * The system calls of the library are caught by the linker (--wrap): each
 * reference in its objects goes to a function here, which fails or hands on.
 * That is better than an object that is preloaded, in three ways. It catches
 * what the library does, to the last call, and nothing else: neither what glibc
 * does in the name of a thread, nor hwloc, which is not ours to mend, nor Check.
 * It works beside the interceptors of the sanitizers. And that nothing is
 * overlooked can be shown: test/fault/imports compares what the library refers
 * to with what is caught. The futex is among it, as the library comes to the
 * kernel by syscall(), and not by an instruction of its own. hwloc is opened, so
 * its functions are caught as they are looked up.
 */
#ifndef THRUM__TEST_FAULTS_H
#define THRUM__TEST_FAULTS_H

#include <pthread.h>
#include <stdbool.h>

enum fault_kind {
	FAULT_MALLOC,   /* malloc, calloc, realloc, strdup */
	FAULT_ALIGNED,  /* posix_memalign */
	FAULT_MMAP,     /* mmap */
	FAULT_THREAD,   /* pthread_create */
	FAULT_SETUP,    /* pthread_attr_* */
	FAULT_AFFINITY, /* sched_setaffinity, _getaffinity, _getcpu */
	FAULT_FUTEX,    /* waits; a wake has no way to fail */
	FAULT_OPEN,     /* open */
	FAULT_READ,     /* read */
	FAULT_WRITE,    /* write, send, poll */
	FAULT_STAT,     /* fstat, access, ioctl */
	FAULT_HWLOC,    /* dlopen, dlsym, and hwloc's own functions */
	FAULT_KINDS
};

/* In the place of an error number: a read or write of one byte. */
#define FAULT_SHORT (-1)

struct fault {
	enum fault_kind kind;
	unsigned long k; /* the first that fails, from 1 */
	bool on;         /* and all after it */
	int error;
};

/* From here on calls are counted, by all threads together, and @p f, if not
 * NULL, comes true. */
void fault_arm(const struct fault *f);

/* Calls are handed on again. @return how many have failed. */
unsigned long fault_disarm(void);

/* A thread of the program, which is not counted. */
int fault_host_thread(pthread_t *t, void *(*fn)(void *), void *arg);

#endif
