/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* file.h - bytes of files read and written whole, and files replaced whole
 *
 * All functions return 0 or the negative errno of the call that failed, are done
 * again when a signal interrupts, and go on after a short count. errno is left
 * as the system set it: who is called by a user puts it back.
 */
#ifndef THRUM__CACHE_FILE_H
#define THRUM__CACHE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** openat, with O_CLOEXEC and O_NOCTTY. The descriptor, or a negative code. */
int thrum__file_open(int dir, const char *path, int flags);

/** Read until @p bytes are there or the file ends; *got tells how many, also
 * on failure. Advances the position of the file: for pipes, too. */
int thrum__file_read(int fd, void *out, size_t bytes, size_t *got);

/** The same from byte @p at on, which leaves the position alone: any number of
 * threads may do so at once. */
int thrum__file_read_at(int fd, void *out, size_t bytes, uint64_t at,
                        size_t *got);

/** Write all @p bytes, at the position of the file. Past RLIMIT_FSIZE is -EFBIG,
 * and no signal. */
int thrum__file_write(int fd, const void *bytes, size_t size);

/** The same at byte @p at; any number of threads may do so at once. */
int thrum__file_write_at(int fd, const void *bytes, size_t size, uint64_t at);

/** Take @p bytes on the disk at byte @p at, where the system can, without a
 * change of the size of the file: to be told at once that they are not there
 * (-ENOSPC, -EDQUOT, and nothing else), and since on ext4 to write to them is
 * some times quicker: the place of each page is known then. */
int thrum__file_reserve(int fd, uint64_t at, uint64_t bytes);

/** fsync of what @p path in @p dir is, a directory: what was created, renamed
 * or removed in it is then on disk. Well where directories cannot be synced. */
int thrum__file_sync_dir(int dir, const char *path);

/* A file in the making. It has a name of its own in the directory of the file
 * that it is to become, so nobody sees it before it is whole:
 *
 *   rc = thrum__draft_create(&d, AT_FDCWD, path, 0666);
 *   if (rc == 0)
 *       rc = thrum__file_write(d.fd, ...);
 *   rc = rc ? thrum__draft_abandon(&d), rc : thrum__draft_commit(&d, durable);
 *
 * A process that is killed in between leaves the file under its own name behind;
 * thrum__draft_is_name tells such names from others.
 */
struct draft {
	int dir;          /* where path begins: borrowed, or AT_FDCWD */
	int fd;           /* open for reading and writing; -1 when it is closed */
	const char *path; /* what it becomes; borrowed */
	char *name;       /* what it is until then; owned */
};

/** Whether a draft may take the place of what @p path is now: nothing, a
 * regular file, or a link to either. To put a file where a device, a pipe or a
 * directory was is what nobody means.
 * @return 0; -EINVAL, or -EISDIR, if not. */
int thrum__draft_may_become(int dir, const char *path);

/** Create an empty one beside @p path, which is relative to @p dir and not
 * looked at; both must stay until commit or abandon. The umask takes its part of
 * @p mode, as with any file that is created. Never follows a link, never opens
 * what is there. On failure there is nothing to abandon. */
int thrum__draft_create(struct draft *d, int dir, const char *path,
                        mode_t mode);

/** Close it and let it become @p path, in place of a file or link that has the
 * name. On failure it is abandoned, and what had the name still has it; but if
 * only the last step of @p durable failed, to sync the directory, the new
 * file has. @p durable: file, then name, are on disk on return. */
int thrum__draft_commit(struct draft *d, bool durable);

/** Close and remove it. */
void thrum__draft_abandon(struct draft *d);

/** Whether @p name, without directories, is one that drafts have. */
bool thrum__draft_is_name(const char *name);

#endif
