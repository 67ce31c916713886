/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* faults.c - to make the k-th call of a kind fail; see faults.h */
#include "config.h"

#include "faults.h"
#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(SYS_futex) && defined(SYS_futex_time64)
#define SYS_futex SYS_futex_time64
#endif

/* With all failing from k on, what is begun again after a signal would never
 * end; so many signals will do. */
enum { INTERRUPTIONS = 200 };

static struct fault plan;      /* written while no other thread is here */
static atomic_bool armed;
static atomic_ulong calls[FAULT_KINDS], failed;

void fault_arm(const struct fault *f)
{
	for (int i = 0; i < FAULT_KINDS; i++)
		atomic_store(&calls[i], 0);
	atomic_store(&failed, 0);
	held_begin();
	if (f)
		plan = *f;
	atomic_store(&armed, f != NULL);
}

unsigned long fault_disarm(void)
{
	atomic_store(&armed, false);
	return atomic_load(&failed);
}

/* Whether this call is one that fails. */
static bool fails(enum fault_kind kind)
{
	if (!atomic_load(&armed) || plan.kind != kind)
		return false;
	unsigned long n = atomic_fetch_add(&calls[kind], 1) + 1;
	bool yes = plan.on ? n >= plan.k : n == plan.k;
	if ((kind == FAULT_FUTEX || plan.error == EINTR)
	    && n >= plan.k + INTERRUPTIONS)
		yes = false;
	if (yes)
		atomic_fetch_add(&failed, 1);
	return yes;
}

static bool refuses(enum fault_kind kind)
{
	if (!fails(kind))
		return false;
	errno = plan.error;
	return true;
}

STAND_IN(void *, malloc, size_t n)
{
	return refuses(FAULT_MALLOC) ? NULL : held_hold(__real_malloc(n));
}

STAND_IN(void *, calloc, size_t n, size_t size)
{
	return refuses(FAULT_MALLOC) ? NULL : held_hold(__real_calloc(n, size));
}

STAND_IN(void *, realloc, void *p, size_t n)
{
	if (refuses(FAULT_MALLOC))
		return NULL;
	void *q = __real_realloc(p, n);
	if (q || n == 0)
		held_let_go(p);
	return held_hold(q);
}

STAND_IN(char *, strdup, const char *s)
{
	return refuses(FAULT_MALLOC) ? NULL : held_hold(__real_strdup(s));
}

STAND_IN(int, posix_memalign, void **p, size_t align, size_t n)
{
	if (fails(FAULT_ALIGNED))
		return plan.error;
	int rc = __real_posix_memalign(p, align, n);
	if (rc == 0)
		held_hold(*p);
	return rc;
}

STAND_IN(void, free, void *p)
{
	held_let_go(p);
	__real_free(p);
}

STAND_IN(void *, mmap, void *p, size_t n, int prot, int flags, int fd,
         off_t offset)
{
	return refuses(FAULT_MMAP) ? MAP_FAILED
		: held_hold(__real_mmap(p, n, prot, flags, fd, offset));
}

STAND_IN(int, munmap, void *p, size_t n)
{
	held_let_go(p);
	return __real_munmap(p, n);
}

/* Threads */

STAND_IN(int, pthread_create, pthread_t *t, const pthread_attr_t *attr,
         void *(*fn)(void *), void *arg)
{
	return fails(FAULT_THREAD) ? plan.error
	                           : __real_pthread_create(t, attr, fn, arg);
}

int fault_host_thread(pthread_t *t, void *(*fn)(void *), void *arg)
{
	return __real_pthread_create(t, NULL, fn, arg);
}

STAND_IN(int, pthread_attr_init, pthread_attr_t *attr)
{
	return fails(FAULT_SETUP) ? plan.error : __real_pthread_attr_init(attr);
}

STAND_IN(int, pthread_attr_setstacksize, pthread_attr_t *attr, size_t n)
{
	return fails(FAULT_SETUP) ? plan.error
	                          : __real_pthread_attr_setstacksize(attr, n);
}

STAND_IN(int, pthread_attr_setdetachstate, pthread_attr_t *attr, int state)
{
	return fails(FAULT_SETUP)
	       ? plan.error : __real_pthread_attr_setdetachstate(attr, state);
}

STAND_IN(int, sched_setaffinity, pid_t pid, size_t n, const cpu_set_t *set)
{
	return refuses(FAULT_AFFINITY) ? -1
	       : __real_sched_setaffinity(pid, n, set);
}

STAND_IN(int, sched_getaffinity, pid_t pid, size_t n, cpu_set_t *set)
{
	return refuses(FAULT_AFFINITY) ? -1
	       : __real_sched_getaffinity(pid, n, set);
}

STAND_IN(int, sched_getcpu, void)
{
	return refuses(FAULT_AFFINITY) ? -1 : __real_sched_getcpu();
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list ap;
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT
	    && refuses(FAULT_FUTEX))
		return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Files */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = flags & O_CREAT ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	return refuses(FAULT_OPEN) ? -1 : __real_open(path, flags, mode);
}

STAND_IN(ssize_t, read, int fd, void *p, size_t n)
{
	if (!fails(FAULT_READ))
		return __real_read(fd, p, n);
	if (plan.error == FAULT_SHORT)
		return __real_read(fd, p, n > 1 ? 1 : n);
	errno = plan.error;
	return -1;
}

STAND_IN(ssize_t, write, int fd, const void *p, size_t n)
{
	if (!fails(FAULT_WRITE))
		return __real_write(fd, p, n);
	if (plan.error == FAULT_SHORT)
		return __real_write(fd, p, n > 1 ? 1 : n);
	errno = plan.error;
	return -1;
}

STAND_IN(ssize_t, send, int fd, const void *p, size_t n, int flags)
{
	if (!fails(FAULT_WRITE))
		return __real_send(fd, p, n, flags);
	if (plan.error == FAULT_SHORT)
		return __real_send(fd, p, n > 1 ? 1 : n, flags);
	errno = plan.error;
	return -1;
}

STAND_IN(int, poll, struct pollfd *p, nfds_t n, int timeout_ms)
{
	if (!fails(FAULT_WRITE))
		return __real_poll(p, n, timeout_ms);
	errno = EINTR;
	return -1;
}

STAND_IN(int, fstat, int fd, struct stat *st)
{
	return refuses(FAULT_STAT) ? -1 : __real_fstat(fd, st);
}

STAND_IN(int, access, const char *path, int mode)
{
	return refuses(FAULT_STAT) ? -1 : __real_access(path, mode);
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	va_start(ap, request);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	return refuses(FAULT_STAT) ? -1 : __real_ioctl(fd, request, arg);
}

/* hwloc. Its functions are told apart by name when they are looked up; handles
 * are pointers. */

static int (*real_init)(void **h);
static void (*real_destroy)(void *h);
static int (*real_load)(void *h);
static int (*real_flags)(void *h, unsigned long flags);
static int (*real_filter)(void *h, int filter);
static int (*real_filter_one)(void *h, int type, int filter);
static int (*real_weight)(const void *set);

static int init(void **h)
{
	int rc = refuses(FAULT_HWLOC) ? -1 : real_init(h);
	if (rc == 0)
		held_hold(*h);
	return rc;
}

static void destroy(void *h)
{
	held_let_go(h);
	real_destroy(h);
}

static int load(void *h)
{
	return refuses(FAULT_HWLOC) ? -1 : real_load(h);
}

static int set_flags(void *h, unsigned long flags)
{
	return refuses(FAULT_HWLOC) ? -1 : real_flags(h, flags);
}

static int set_filter(void *h, int filter)
{
	return refuses(FAULT_HWLOC) ? -1 : real_filter(h, filter);
}

static int set_filter_one(void *h, int type, int filter)
{
	return refuses(FAULT_HWLOC) ? -1 : real_filter_one(h, type, filter);
}

static int weight(const void *set)
{
	return refuses(FAULT_HWLOC) ? -1 : real_weight(set);
}

STAND_IN(void *, dlopen, const char *name, int flags)
{
	return refuses(FAULT_HWLOC) ? NULL : __real_dlopen(name, flags);
}

STAND_IN(void *, dlsym, void *library, const char *name)
{
	if (refuses(FAULT_HWLOC))
		return NULL;
	void *found = __real_dlsym(library, name);
#define INSTEAD(text, real, ours) \
	if (found && strcmp(name, text) == 0) { \
		*(void **)&real = found; \
		return (void *)(uintptr_t)ours; \
	}
	INSTEAD("hwloc_topology_init", real_init, init)
	INSTEAD("hwloc_topology_destroy", real_destroy, destroy)
	INSTEAD("hwloc_topology_load", real_load, load)
	INSTEAD("hwloc_topology_set_flags", real_flags, set_flags)
	INSTEAD("hwloc_topology_set_all_types_filter", real_filter, set_filter)
	INSTEAD("hwloc_topology_set_type_filter", real_filter_one,
	        set_filter_one)
	INSTEAD("hwloc_bitmap_weight", real_weight, weight)
	return found;
}
