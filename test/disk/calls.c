/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* calls.c - each call of the cache library to the system; see calls.h */
#include "config.h"

#include "calls.h"
#include "../fault/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_BACKTRACE
#include <execinfo.h>
#endif

/* With all of a kind failing, what is begun again after a signal would never
 * end; so many signals will do. */
enum { INTERRUPTIONS = 200 };

enum { FRAMES = 24 }; /* of the way of a call: three are of this file */

static struct fault plan;   /* written while no other thread is here */
static struct call_made *calls;
static unsigned long calls_max;
static atomic_bool armed;
static atomic_ulong made, broken, again, alike; /* alike: to the plan's */
static atomic_bool begun; /* the plan's call was there */

void (*calls_watcher)(const struct change *change);

#ifdef HAVE_BACKTRACE

bool calls_know_ways(void)
{
	return true;
}

static void *armed_by; /* where the function returns to that armed */

/* By the addresses that functions return to, of this thread or up to there. */
static uint32_t way_here(enum call_kind kind)
{
	void *frame[FRAMES];
	int known = backtrace(frame, FRAMES);
	uint32_t way = (uint32_t)kind;

	for (int i = 0; i < known && frame[i] != armed_by; i++) /* FNV-1a */
		way = (way ^ (uint32_t)(uintptr_t)frame[i]) * 16777619u;
	return way;
}

static __attribute__((noinline)) void begin_ways(void)
{
	void *frame[4] = { NULL };
	(void)backtrace(frame, 4); /* this function, calls_arm, who armed */
	armed_by = frame[3];
}

#else

bool calls_know_ways(void)
{
	return false;
}

static uint32_t way_here(enum call_kind kind)
{
	return kind;
}

static void begin_ways(void)
{
}

#endif

void calls_arm(const struct fault *f, struct call_made *to, unsigned long max)
{
	plan = f ? *f : (struct fault){ .what = 0 };
	calls = to;
	calls_max = max;
	begin_ways(); /* before: the first may load what it needs */
	atomic_store(&made, 0);
	atomic_store(&broken, 0);
	atomic_store(&again, 0);
	atomic_store(&alike, 0);
	atomic_store(&begun, false);
	held_begin();
	atomic_store(&armed, true);
}

unsigned long calls_disarm(void)
{
	atomic_store(&armed, false);
	return atomic_load(&made);
}

unsigned long calls_broken(void)
{
	return atomic_load(&broken);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* What becomes of this call: 0 nothing, an error number, or FAULT_. */
static int fate(enum call_kind kind)
{
	if (!atomic_load(&armed))
		return 0;
	unsigned long n = atomic_fetch_add(&made, 1) + 1;
	if (!calls && plan.what == 0)
		return 0;
	struct call_made call = { kind, way_here(kind) };
	if (calls && n <= calls_max)
		calls[n - 1] = call;
	if (plan.what == 0)
		return 0;
	if (call.way == plan.call.way
	    && atomic_fetch_add(&alike, 1) + 1 == plan.nth)
		atomic_store(&begun, true);
	else if (!plan.on || kind != plan.call.kind || !atomic_load(&begun))
		return 0;
	if (plan.what == EINTR
	    && atomic_fetch_add(&again, 1) >= INTERRUPTIONS)
		return 0;
	atomic_fetch_add(&broken, 1);
	if (plan.what == FAULT_KILL_BEFORE)
		die();
	return plan.what;
}

/* Whether a call with this fate is not made; errno says why. */
static bool refused(int fated)
{
	if (fated > 0)
		errno = fated;
	return fated > 0;
}

/* What the caller is told of a call that was made. */
static int told(int fated, int rc)
{
	if (fated == FAULT_KILL_AFTER)
		die();
	if (fated != FAULT_LATE)
		return rc;
	errno = EIO;
	return -1;
}

/* Of changes */

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static void tell(struct change change)
{
	int error = errno;
	if (!calls_watcher || !atomic_load(&armed))
		return;
	pthread_mutex_lock(&one_at_a_time);
	calls_watcher(&change);
	pthread_mutex_unlock(&one_at_a_time);
	errno = error;
}

static const char *absolute(int dir, const char *name, char path[PATH_MAX])
{
	char link[64];
	ssize_t n = 0;
	if (name[0] != '/') {
		snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
		n = dir == AT_FDCWD
			? readlink("/proc/self/cwd", path, PATH_MAX / 2)
			: readlink(link, path, PATH_MAX / 2);
		if (n < 0)
			n = 0;
		path[n++] = '/';
	}
	snprintf(path + n, PATH_MAX - (size_t)n, "%s", name);
	return path;
}

/* Memory: a process has nothing on disk to lose by it, so it is not killed
 * after. */

STAND_IN(void *, malloc, size_t n)
{
	return refused(fate(CALL_MEMORY)) ? NULL : held_hold(__real_malloc(n));
}

STAND_IN(void *, calloc, size_t n, size_t size)
{
	return refused(fate(CALL_MEMORY)) ? NULL
	                                  : held_hold(__real_calloc(n, size));
}

STAND_IN(void *, realloc, void *p, size_t n)
{
	if (refused(fate(CALL_MEMORY)))
		return NULL;
	void *q = __real_realloc(p, n);
	if (q || n == 0)
		held_let_go(p);
	return held_hold(q);
}

STAND_IN(int, posix_memalign, void **p, size_t align, size_t n)
{
	int fated = fate(CALL_MEMORY);
	if (fated > 0)
		return fated;
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
	int fated = fate(CALL_MAP);
	if (refused(fated))
		return MAP_FAILED;
	void *q = held_hold(__real_mmap(p, n, prot, flags, fd, offset));
	(void)(fated == FAULT_KILL_AFTER && told(fated, 0));
	return q;
}

STAND_IN(int, munmap, void *p, size_t n)
{
	held_let_go(p);
	return __real_munmap(p, n);
}

/* Files */

int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);

static int opened(int fated, int dir, const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];
	/* Whether this call is the one that makes it. */
	bool makes = (flags & O_CREAT)
		&& (flags & O_EXCL
		    || faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0);
	int fd = __real_openat(dir, name, flags, mode);
	if (fd >= 0 && makes)
		tell((struct change){ .what = CHANGE_MAKE, .fd = fd,
			.path = absolute(dir, name, path) });
	(void)(fated == FAULT_KILL_AFTER && told(fated, 0));
	return fd;
}

int __wrap_openat(int dir, const char *name, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = flags & O_CREAT ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	int fated = fate(CALL_OPEN);
	return refused(fated) ? -1 : opened(fated, dir, name, flags, mode);
}

/* openat2 comes this way, with its four arguments, as C libraries have no function
 * for it. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long a[4];
	va_list ap;
	va_start(ap, number);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	int fated = fate(CALL_OPEN);
	if (refused(fated))
		return -1;
	long rc = __real_syscall(number, a[0], a[1], a[2], a[3]);
	(void)(fated == FAULT_KILL_AFTER && told(fated, 0));
	return rc;
}

STAND_IN(DIR *, fdopendir, int fd)
{
	return refused(fate(CALL_OPEN)) ? NULL : __real_fdopendir(fd);
}

STAND_IN(struct dirent *, readdir, DIR *d)
{
	return refused(fate(CALL_LIST)) ? NULL : __real_readdir(d);
}

STAND_IN(int, closedir, DIR *d)
{
	return told(fate(CALL_CLOSE), __real_closedir(d));
}

/* The descriptor is gone, whatever is told. */
STAND_IN(int, close, int fd)
{
	int fated = fate(CALL_CLOSE);
	int rc = __real_close(fd);
	if (fated > 0) {
		errno = fated;
		return -1;
	}
	return told(fated, rc);
}

#define READS(name, parameters, whole, one) \
ssize_t __real_##name parameters; \
ssize_t __wrap_##name parameters; \
ssize_t __wrap_##name parameters \
{ \
	int fated = fate(CALL_READ); \
	if (refused(fated)) \
		return -1; \
	ssize_t rc = fated == FAULT_SHORT && n > 1 ? one : whole; \
	(void)(fated == FAULT_KILL_AFTER && told(fated, 0)); \
	return rc; \
}
READS(read, (int fd, void *p, size_t n), __real_read(fd, p, n),
      __real_read(fd, p, 1))
READS(pread, (int fd, void *p, size_t n, off_t at),
      __real_pread(fd, p, n, at), __real_pread(fd, p, 1, at))

STAND_IN(ssize_t, write, int fd, const void *p, size_t n)
{
	int fated = fate(CALL_WRITE);
	if (refused(fated))
		return -1;
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t rc = __real_write(fd, p, fated == FAULT_SHORT && n > 1 ? 1 : n);
	if (rc > 0)
		tell((struct change){ .what = CHANGE_WRITE, .fd = fd, .data = p,
			.size = (size_t)rc, .offset = at });
	(void)(fated == FAULT_KILL_AFTER && told(fated, 0));
	return rc;
}

STAND_IN(ssize_t, pwrite, int fd, const void *p, size_t n, off_t at)
{
	int fated = fate(CALL_WRITE);
	if (refused(fated))
		return -1;
	ssize_t rc = __real_pwrite(fd, p,
		fated == FAULT_SHORT && n > 1 ? 1 : n, at);
	if (rc > 0)
		tell((struct change){ .what = CHANGE_WRITE, .fd = fd, .data = p,
			.size = (size_t)rc, .offset = at });
	(void)(fated == FAULT_KILL_AFTER && told(fated, 0));
	return rc;
}

/* The disk of the tests need not be waited for. */
STAND_IN(int, fsync, int fd)
{
	int fated = fate(CALL_SYNC);
	if (refused(fated))
		return -1;
	tell((struct change){ .what = CHANGE_SYNC, .fd = fd });
	return told(fated, 0);
}

/* Calls of one line: refused, or made and then told. */
#define MAKES(kind, name, parameters, call, change) \
int __real_##name parameters; \
int __wrap_##name parameters; \
int __wrap_##name parameters \
{ \
	char a[PATH_MAX], b[PATH_MAX]; \
	(void)a, (void)b; \
	int fated = fate(kind); \
	if (refused(fated)) \
		return -1; \
	int rc = call; \
	if (rc == 0) { \
		change; \
	} \
	return told(fated, rc); \
}

MAKES(CALL_RENAME, renameat,
      (int from, const char *name, int to, const char *other),
      __real_renameat(from, name, to, other),
      tell((struct change){ .what = CHANGE_RENAME,
		.path = absolute(from, name, a), .to = absolute(to, other, b) }))
MAKES(CALL_UNLINK, unlinkat, (int dir, const char *name, int flags),
      __real_unlinkat(dir, name, flags),
      tell((struct change){ .what = CHANGE_UNLINK,
		.path = absolute(dir, name, a) }))
MAKES(CALL_MKDIR, mkdirat, (int dir, const char *name, mode_t mode),
      __real_mkdirat(dir, name, mode),
      tell((struct change){ .what = CHANGE_MKDIR,
		.path = absolute(dir, name, a) }))
MAKES(CALL_MKDIR, mkdir, (const char *name, mode_t mode),
      __real_mkdir(name, mode),
      tell((struct change){ .what = CHANGE_MKDIR,
		.path = absolute(AT_FDCWD, name, a) }))
MAKES(CALL_STAT, fstat, (int fd, struct stat *st), __real_fstat(fd, st), )
MAKES(CALL_STAT, fstatat,
      (int dir, const char *name, struct stat *st, int flags),
      __real_fstatat(dir, name, st, flags), )
MAKES(CALL_STAMP, futimens, (int fd, const struct timespec t[2]),
      __real_futimens(fd, t), )
/* Not told: what is behind the end of a file is not looked at. */
MAKES(CALL_RESERVE, fallocate, (int fd, int how, off_t at, off_t n),
      __real_fallocate(fd, how, at, n), )
MAKES(CALL_OTHER, gethostname, (char *name, size_t n),
      __real_gethostname(name, n), )
MAKES(CALL_OTHER, nanosleep, (const struct timespec *t, struct timespec *left),
      __real_nanosleep(t, left), )

STAND_IN(ssize_t, getrandom, void *p, size_t n, unsigned flags)
{
	return refused(fate(CALL_OTHER)) ? -1 : __real_getrandom(p, n, flags);
}

/* Locks, of which the argument is a pointer. */
int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...)
{
	va_list ap;
	va_start(ap, what);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	int fated = fate(CALL_LOCK);
	if (refused(fated))
		return -1;
	int rc = __real_fcntl(fd, what, arg);
	return rc < 0 ? rc : told(fated == FAULT_LATE ? 0 : fated, rc);
}
