/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* store.c - the directory of a memo: names, modes, drafts, what is found
 *
 * Publication. An entry is written under a name of its own, closed, and renamed
 * to the name that readers look for (file.h). Readers open that name and take
 * what they get; they lock nothing, and nobody waits for them.
 *
 *   writer                               a crash, or the end of power, here
 *   1 create the draft                   leaves a draft: swept when it is old
 *   2 write head and body                likewise
 *   3 [fsync]  close                     likewise
 *   4 rename to the name                 the old entry, or the new one
 *   5 [fsync of the shard]               likewise
 *
 * Claim: who opens the name reads, of one file, either all that its writer wrote
 * or something that it will not accept. In a system that goes on, 4 comes after
 * 2 for everybody, an open descriptor keeps its file when the name is given to
 * another or removed, and nobody writes to a file that has the name. After the
 * end of power the name may be on disk while blocks of the file are not: they
 * read as zeros, as something older, or are cut off. Head and body have
 * checksums, and the size is in the head. So what is missing is found to be
 * missing, and steps 3 and 5 are asked for by who wants to find it there.
 *
 * The stamp of last use is the time of modification, which is ours to set:
 * time of access is kept by the day, or not at all, on most systems. It is set
 * only when the one that is there is old enough to matter, so that a hit that
 * follows another costs no write.
 *
 * Links. A directory in which nobody else can write has only links that its
 * owner made. Where others can write (.trusted) they can be anywhere; so the
 * last part of a path is opened with O_NOFOLLOW and the shard before it too, by
 * openat2 in one call where there is that, in two otherwise. Entries are never
 * opened for writing.
 */
#include "config.h"

#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "moment.h"
#ifdef HAVE_LINUX_OPENAT2_H
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

static const char digit[] = "0123456789abcdef";

/* fsync of the directory above @p part, which is cut to it. */
static int sync_above(char *part)
{
	char *slash = strrchr(part, '/');

	if (!slash)
		return thrum__file_sync_dir(AT_FDCWD, ".");
	slash[slash == part] = '\0';
	return thrum__file_sync_dir(AT_FDCWD, part);
}

/* Make the directory and those above it.
 * @return 0, or the first thing that went wrong. */
static int make_dirs(const char *path, mode_t mode, bool durable)
{
	size_t n = strlen(path);
	char *part = malloc(n + 1);
	int rc = part ? 0 : -ENOMEM;

	for (size_t i = 1; part && i <= n; i++) {
		if ((path[i] != '/' && path[i] != '\0') || path[i - 1] == '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		int code = mkdir(part, mode) != 0
		           ? (errno == EEXIST ? 0 : -errno)
		           : durable ? sync_above(part) : 0;
		rc = rc ? rc : code;
	}
	free(part);
	return rc;
}

mode_t thrum__store_file_mode(const struct store *s)
{
	return s->trusted ? 0666 : 0600;
}

mode_t thrum__store_dir_mode(const struct store *s)
{
	return s->trusted ? 0777 : 0700;
}

/* Whether nobody but us and the system can have written there. */
static bool is_ours(const struct store *s, const struct stat *st)
{
	return (st->st_uid == s->user || st->st_uid == 0)
	       && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int thrum__store_open(struct store *s, const char *path, bool trusted,
                      bool durable)
{
	const int how = O_RDONLY | O_DIRECTORY;
	struct stat st;

	*s = (struct store){ .dir = -1, .trusted = trusted,
	                     .user = geteuid() };
	int fd = thrum__file_open(AT_FDCWD, path, how);
	if (fd == -ENOENT) {
		int made = make_dirs(path, thrum__store_dir_mode(s), durable);
		fd = thrum__file_open(AT_FDCWD, path, how);
		if (fd == -ENOENT && made)
			fd = made;
	}
	if (fd < 0)
		return fd == -EACCES || fd == -EPERM || fd == -EROFS ? -EACCES
		       : fd == -ENOMEM ? -ENOMEM : -EIO;
	if (fstat(fd, &st) != 0 || (!trusted && !is_ours(s, &st))) {
		close(fd);
		return -EACCES;
	}
	s->dir = fd;
	s->owner = st.st_uid;
	return 0;
}

void thrum__store_close(struct store *s)
{
	if (s->dir >= 0)
		close(s->dir);
	s->dir = -1;
}

static char *put_hash(char *p, const thrum_hash *h)
{
	for (int i = 60; i >= 0; i -= 4)
		*p++ = digit[h->high >> i & 15];
	for (int i = 60; i >= 0; i -= 4)
		*p++ = digit[h->low >> i & 15];
	return p;
}

int thrum__store_shard_of(const thrum_memo_ref *ref)
{
	return (int)(ref->key.high >> 56);
}

void thrum__store_name(char name[STORE_NAME_BYTES], const thrum_memo_ref *ref)
{
	int shard = thrum__store_shard_of(ref);

	name[0] = digit[shard >> 4];
	name[1] = digit[shard & 15];
	name[2] = '/';
	*put_hash(put_hash(name + 3, &ref->function), &ref->key) = '\0';
}

bool thrum__store_is_name(const char *name)
{
	return strspn(name, digit) == 64 && name[64] == '\0';
}

bool thrum__store_is_of(const char *name, const thrum_hash *function)
{
	char want[32];

	put_hash(want, function);
	return memcmp(name, want, sizeof want) == 0;
}

/* What others could put in place of an entry must neither be waited for (a
 * pipe) nor followed (a link). */
static int open_entry(const struct store *s, const char *name)
{
	const int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
	                | O_NOCTTY;

#if defined(HAVE_LINUX_OPENAT2_H) && defined(SYS_openat2)
	struct open_how h = {
		.flags = (uint64_t)how,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	long at_once = syscall(SYS_openat2, s->dir, name, &h, sizeof h);
	if (at_once >= 0)
		return (int)at_once;
	if (errno != ENOSYS && errno != EPERM && errno != EINTR)
		return -errno;
#endif
	char shard[3] = { name[0], name[1], '\0' };
	int dir = thrum__file_open(s->dir, shard, O_RDONLY | O_DIRECTORY
	                                          | O_NOFOLLOW);
	if (dir < 0)
		return dir;
	int fd = thrum__file_open(dir, name + 3, how);
	close(dir);
	return fd;
}

int thrum__store_find(const struct store *s, const char *name,
                      struct found *f)
{
	struct stat st;

	f->fd = open_entry(s, name);
	if (f->fd < 0)
		return f->fd;
	if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0
	    && (s->trusted || st.st_uid == s->user || st.st_uid == s->owner)) {
		f->bytes = (uint64_t)st.st_size;
		f->used_ns = thrum__moment_of(&st);
		return 0;
	}
	close(f->fd);
	f->fd = -1;
	return -EACCES;
}

void thrum__store_stamp(const struct found *f, int64_t now_ns)
{
	struct timespec t[2] = { { 0, UTIME_OMIT },
		                 { (time_t)(now_ns / 1000000000),
		                   (long)(now_ns % 1000000000) } };
	(void)futimens(f->fd, t);
}

int thrum__store_shard(const struct store *s, int shard, bool make,
                       bool *made)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	char name[3] = { digit[shard >> 4], digit[shard & 15], '\0' };
	int fd = thrum__file_open(s->dir, name, how);

	*made = false;
	if (fd != -ENOENT || !make)
		return fd;
	*made = mkdirat(s->dir, name, thrum__store_dir_mode(s)) == 0;
	if (!*made && errno != EEXIST)
		return -errno;
	return thrum__file_open(s->dir, name, how);
}

/* Until the moment @p until_ns, if it is not 0. */
static int walk(const struct store *s, int shard, store_visit_fn *visit,
                void *ctx, uint64_t until_ns)
{
	bool made;
	int fd = thrum__store_shard(s, shard, false, &made);

	if (fd < 0)
		return fd;
	DIR *d = fdopendir(fd);
	if (!d) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	errno = 0;
	for (struct dirent *e; (e = readdir(d)) != NULL; errno = 0) {
		if (thrum__store_is_name(e->d_name)
		    || thrum__draft_is_name(e->d_name))
			visit(ctx, fd, e->d_name);
		if (until_ns && thrum__moment_ns() > until_ns) {
			errno = 0;
			break;
		}
	}
	int rc = -errno;
	closedir(d);
	return rc;
}

int thrum__store_walk(const struct store *s, int shard, store_visit_fn *visit,
                      void *ctx)
{
	return walk(s, shard, visit, ctx, 0);
}

void thrum__store_sweep_draft(int dir, const char *name)
{
	const int64_t age = (int64_t)STORE_DRAFT_AGE_S * 1000000000;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	int64_t since = thrum__moment_date_ns() - thrum__moment_of(&st);
	/* A writer whose clock is that far ahead is none that still writes. */
	if (since > age || since < -age)
		(void)unlinkat(dir, name, 0);
}

static void sweep_visit(void *ctx, int dir, const char *name)
{
	(void)ctx;
	if (thrum__draft_is_name(name))
		thrum__store_sweep_draft(dir, name);
}

void thrum__store_sweep(const struct store *s, uint64_t most_ns)
{
	const uint64_t from = thrum__moment_ns();
	/* Any shard will do: the nanoseconds of now are as good as a die. */
	const unsigned first = (unsigned)(from ^ from >> 10);

	for (unsigned i = 0; i < STORE_SHARDS; i++) {
		(void)walk(s, (int)((first + i) % STORE_SHARDS), sweep_visit,
		           NULL, from + most_ns);
		if (thrum__moment_ns() - from > most_ns)
			break;
	}
}
