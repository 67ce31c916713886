/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* file.c - bytes of files read and written whole, and files replaced whole
 *
 * A draft is made in the directory of the file that it replaces, since rename
 * is atomic within a file system only. The order of the steps:
 *
 *   open(O_EXCL), write ..., [fsync], close, rename, [fsync of the directory]
 *
 * The file is closed before it is renamed as network file systems tell of
 * writes that failed no sooner; and what failed in fsync or close is never
 * tried again: the pages may be marked clean by then, and a second fsync
 * would tell of success.
 *
 * Its name has 128 random bits. They keep processes on all machines that share
 * the directory apart; O_EXCL is only the proof.
 */
#include "config.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif

/* Linux moves at most 2 GiB less a page a call; a power of two keeps the pieces
 * of large files aligned. */
#define PIECE_BYTES_MAX ((size_t)1 << 30)

#define NAME_HEAD ".thrum-"
#define NAME_TAIL ".tmp"
#define NAME_RANDOM_BYTES 16
#define NAME_BYTES \
	(sizeof NAME_HEAD + 2 * NAME_RANDOM_BYTES + sizeof NAME_TAIL - 1)

/* With that many random bits even one name that is taken is no accident. */
#define NAMES_TRIED 4

static size_t piece(size_t bytes)
{
	return bytes < PIECE_BYTES_MAX ? bytes : PIECE_BYTES_MAX;
}

int thrum__file_open(int dir, const char *path, int flags)
{
	int fd;

	do
		fd = openat(dir, path, flags | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int thrum__file_read(int fd, void *out, size_t bytes, size_t *got)
{
	for (*got = 0; *got < bytes;) {
		ssize_t n = read(fd, (char *)out + *got, piece(bytes - *got));
		if (n == 0)
			break;
		if (n > 0)
			*got += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int thrum__file_read_at(int fd, void *out, size_t bytes, uint64_t at,
                        size_t *got)
{
	for (*got = 0; *got < bytes;) {
		ssize_t n = pread(fd, (char *)out + *got, piece(bytes - *got),
		                  (off_t)(at + *got));
		if (n == 0)
			break;
		if (n > 0)
			*got += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* A device that takes nothing, and says so as if all were well, would be asked
 * for ever. */
static int wrote(ssize_t n, size_t *done)
{
	if (n > 0)
		*done += (size_t)n;
	else if (n == 0)
		return -EIO;
	else if (errno != EINTR)
		return -errno;
	return 0;
}

/* What goes past the limit on the size of files does not fail: the signal that the
 * system sends ends the program, which has no fault in it. */
static int past_limit(int64_t at, uint64_t size)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_FSIZE, &l) != 0 || l.rlim_cur == RLIM_INFINITY)
		return 0;
	return at >= 0 && ((uint64_t)at > l.rlim_cur
	                   || size > l.rlim_cur - (uint64_t)at) ? -EFBIG : 0;
}

int thrum__file_write(int fd, const void *bytes, size_t size)
{
	/* Of what has no position there is no limit. */
	int rc = size > 0 ? past_limit(lseek(fd, 0, SEEK_CUR), size) : 0;

	for (size_t done = 0; rc == 0 && done < size;)
		rc = wrote(write(fd, (const char *)bytes + done,
		                 piece(size - done)), &done);
	return rc;
}

int thrum__file_write_at(int fd, const void *bytes, size_t size, uint64_t at)
{
	int rc = size > 0 ? past_limit((int64_t)at, size) : 0;

	for (size_t done = 0; rc == 0 && done < size;)
		rc = wrote(pwrite(fd, (const char *)bytes + done,
		                  piece(size - done), (off_t)(at + done)),
		           &done);
	return rc;
}

int thrum__file_reserve(int fd, uint64_t at, uint64_t bytes)
{
#if defined(HAVE_FALLOCATE) && defined(FALLOC_FL_KEEP_SIZE)
	int rc = past_limit((int64_t)at, bytes);

	if (rc)
		return rc;
	if (bytes > 0
	    && fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes) != 0
	    && (errno == ENOSPC || errno == EDQUOT))
		return -errno;
#else
	(void)fd, (void)at, (void)bytes;
#endif
	return 0;
}

static int sync_fd(int fd)
{
	int rc;

	do
		rc = fsync(fd);
	while (rc != 0 && errno == EINTR);
	return rc != 0 ? -errno : 0;
}

/* A close that was interrupted has closed, and is not to be done again: by then
 * the number may be another thread's. */
static int close_fd(int fd)
{
	return close(fd) != 0 && errno != EINTR ? -errno : 0;
}

int thrum__file_sync_dir(int dir, const char *path)
{
	int fd = thrum__file_open(dir, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd;
	int rc = sync_fd(fd);
	close(fd);
	/* File systems that keep directories on disk anyway. */
	return rc == -EINVAL || rc == -ENOTSUP ? 0 : rc;
}

/* Without random bytes of the system, as early after boot or in old kernels:
 * the time, the process and a number are at least this process's own here. */
static void fill_random(unsigned char out[NAME_RANDOM_BYTES], unsigned turn)
{
#ifdef HAVE_SYS_RANDOM_H
	if (getrandom(out, NAME_RANDOM_BYTES, GRND_NONBLOCK)
	    == NAME_RANDOM_BYTES)
		return;
#endif
	struct timespec now = { 0 };
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t word[2] = { (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec,
	                     (uint64_t)getpid() << 32 ^ (uintptr_t)out ^ turn };
	memcpy(out, word, NAME_RANDOM_BYTES);
}

static void make_name(char out[NAME_BYTES], unsigned turn)
{
	static const char digit[] = "0123456789abcdef";
	unsigned char random[NAME_RANDOM_BYTES];

	fill_random(random, turn);
	memcpy(out, NAME_HEAD, sizeof NAME_HEAD - 1);
	out += sizeof NAME_HEAD - 1;
	for (int i = 0; i < NAME_RANDOM_BYTES; i++) {
		*out++ = digit[random[i] >> 4];
		*out++ = digit[random[i] & 15];
	}
	memcpy(out, NAME_TAIL, sizeof NAME_TAIL);
}

bool thrum__draft_is_name(const char *name)
{
	const size_t head = sizeof NAME_HEAD - 1;

	return strncmp(name, NAME_HEAD, head) == 0
	       && strspn(name + head, "0123456789abcdef")
	          == 2 * NAME_RANDOM_BYTES
	       && strcmp(name + head + 2 * NAME_RANDOM_BYTES, NAME_TAIL) == 0;
}

/* The bytes of @p path up to the name in its directory. */
static size_t directory_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

int thrum__draft_may_become(int dir, const char *path)
{
	struct stat st;

	/* What cannot be looked at is left for the next step to say. */
	if (fstatat(dir, path, &st, 0) != 0 || S_ISREG(st.st_mode))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

int thrum__draft_create(struct draft *d, int dir, const char *path,
                        mode_t mode)
{
	size_t head = directory_bytes(path);
	unsigned turn = 0;

	*d = (struct draft){ .dir = dir, .fd = -1, .path = path };
	d->name = malloc(head + NAME_BYTES);
	if (!d->name)
		return -ENOMEM;
	memcpy(d->name, path, head);
	do {
		make_name(d->name + head, turn);
		d->fd = openat(dir, d->name, O_RDWR | O_CREAT | O_EXCL
		               | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);
	} while (d->fd < 0
	         && (errno == EINTR
	             || (errno == EEXIST && ++turn < NAMES_TRIED)));
	if (d->fd >= 0)
		return 0;
	int rc = -errno;
	free(d->name);
	d->name = NULL;
	return rc;
}

void thrum__draft_abandon(struct draft *d)
{
	if (d->fd >= 0)
		close(d->fd);
	unlinkat(d->dir, d->name, 0);
	free(d->name);
	*d = (struct draft){ .fd = -1 };
}

/* A server that did rename, and whose answer was lost, tells of a failure when
 * it is asked again: then @p path is the very file. */
static bool has_become(const struct draft *d, const struct stat *was)
{
	struct stat is;

	return fstatat(d->dir, d->path, &is, AT_SYMLINK_NOFOLLOW) == 0
	       && is.st_dev == was->st_dev && is.st_ino == was->st_ino;
}

static int publish(struct draft *d, bool durable)
{
	struct stat was;
	int rc = fstat(d->fd, &was) != 0 ? -errno : 0;

	if (rc == 0 && durable)
		rc = sync_fd(d->fd);
	int closed = close_fd(d->fd);
	d->fd = -1;
	if (rc == 0)
		rc = closed;
	if (rc == 0 && renameat(d->dir, d->name, d->dir, d->path) != 0) {
		rc = -errno;
		if (has_become(d, &was))
			rc = 0;
	}
	return rc;
}

int thrum__draft_commit(struct draft *d, bool durable)
{
	int rc = publish(d, durable);

	if (rc != 0) {
		thrum__draft_abandon(d);
		return rc;
	}
	if (durable) {
		/* The directory is what is before the name; none: here. */
		size_t head = directory_bytes(d->path);
		d->name[head] = '\0';
		rc = thrum__file_sync_dir(d->dir, head ? d->name : ".");
	}
	free(d->name);
	*d = (struct draft){ .fd = -1 };
	return rc;
}
