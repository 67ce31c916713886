/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* usage.c - what processes that use a store tell each other: counts and claims
 *
 *   bytes 16 s .. 16 s + 15      shard s: u64 entries + 1, or 0 if they were
 *                                never counted; u64 bytes; little-endian
 *   the same, locked             somebody is about to change that record
 *   byte 2^40 + h, locked        somebody computes the key with hash h
 *
 * All locks are of the open file description (F_OFD_SETLK): unlike those of a
 * process, they are not lost when some other descriptor of the file is closed,
 * and they end with the last copy of the descriptor. A child of fork has a copy,
 * so it must give that up at once, else its parent's claims would outlive the
 * parent; it opens the file anew. Nobody waits for a lock in the system: a
 * process that is stopped, and one that means harm, would be waited for for ever.
 *
 * A record that somebody else has locked for longer than a few turns is left
 * alone; the count is off by one until the shard is counted. Where there are no
 * such locks, on some file systems, counts may lose an addition and functions
 * may run twice at the same time. Nothing that is read from here decides what a
 * reader gets.
 */
#include "config.h"

#include "usage.h"

#include "little.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD = 16, TURNS_MAX = 16 };

static const char file_name[] = "usage";

static int lock_range(int fd, short type, off_t at, off_t n)
{
#ifdef F_OFD_SETLK
	struct flock l = { .l_type = type, .l_whence = SEEK_SET,
	                   .l_start = at, .l_len = n };
	int rc;

	if (fd < 0)
		return -EBADF;
	do
		rc = fcntl(fd, F_OFD_SETLK, &l);
	while (rc != 0 && errno == EINTR);
	return rc == 0 ? 0 : errno == EACCES ? -EAGAIN : -errno;
#else
	(void)fd, (void)type, (void)at, (void)n;
	return -ENOSYS;
#endif
}

/* A file that has a second name could be somebody's that is not to be written
 * to; so could one that is no file. */
static int open_file(const struct store *s)
{
	struct stat st;
	int fd;

	if (s->dir < 0)
		return -1;
	do
		fd = openat(s->dir, file_name, O_RDWR | O_CREAT | O_NOFOLLOW
		            | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		            thrum__store_file_mode(s));
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1
	    && (s->trusted || st.st_uid == s->user || st.st_uid == s->owner))
		return fd;
	close(fd);
	return -1;
}

void thrum__usage_open(struct usage *u, const struct store *s)
{
	pthread_mutex_init(&u->lock, NULL);
	u->fd = open_file(s);
}

void thrum__usage_close(struct usage *u)
{
	if (u->fd >= 0)
		close(u->fd);
	pthread_mutex_destroy(&u->lock);
}

void thrum__usage_fork_prepare(struct usage *u)
{
	pthread_mutex_lock(&u->lock);
}

void thrum__usage_fork_parent(struct usage *u)
{
	pthread_mutex_unlock(&u->lock);
}

void thrum__usage_fork_child(struct usage *u, const struct store *s)
{
	if (u->fd >= 0) {
		close(u->fd);
		u->fd = open_file(s);
	}
	pthread_mutex_unlock(&u->lock);
}

static struct counts counts_of(const unsigned char record[RECORD])
{
	uint64_t first = thrum__little_get(record, 8);
	return (struct counts){ first != 0, first ? first - 1 : 0,
		                thrum__little_get(record + 8, 8) };
}

/* Lock the record of @p shard for this thread and process. False: leave it. */
static bool begin_change(struct usage *u, int shard)
{
	if (u->fd < 0)
		return false;
	pthread_mutex_lock(&u->lock);
	for (int i = 0; i < TURNS_MAX; i++) {
		if (lock_range(u->fd, F_WRLCK, RECORD * shard, RECORD)
		    != -EAGAIN)
			return true;
		sched_yield();
	}
	pthread_mutex_unlock(&u->lock);
	return false;
}

static void end_change(struct usage *u, int shard)
{
	(void)lock_range(u->fd, F_UNLCK, RECORD * shard, RECORD);
	pthread_mutex_unlock(&u->lock);
}

static void write_record(struct usage *u, int shard, uint64_t entries,
                         uint64_t bytes)
{
	unsigned char record[RECORD];

	thrum__little_put(record, entries + 1, 8);
	thrum__little_put(record + 8, bytes, 8);
	(void)thrum__file_write_at(u->fd, record, RECORD,
	                           (uint64_t)(RECORD * shard));
}

/* What is taken from less, by an estimate, leaves nothing. */
static uint64_t plus(uint64_t a, int64_t b)
{
	if (b < 0)
		return a > (uint64_t)-b ? a - (uint64_t)-b : 0;
	return a < UINT64_MAX - (uint64_t)b ? a + (uint64_t)b : UINT64_MAX;
}

void thrum__usage_add(struct usage *u, int shard, int64_t entries,
                      int64_t bytes)
{
	unsigned char record[RECORD];
	size_t got;

	if (!begin_change(u, shard))
		return;
	if (thrum__file_read_at(u->fd, record, RECORD,
	                        (uint64_t)(RECORD * shard), &got) == 0
	    && got == RECORD) {
		struct counts c = counts_of(record);
		if (c.known)
			write_record(u, shard, plus(c.entries, entries),
			             plus(c.bytes, bytes));
	}
	end_change(u, shard);
}

void thrum__usage_set(struct usage *u, int shard, uint64_t entries,
                      uint64_t bytes)
{
	if (!begin_change(u, shard))
		return;
	write_record(u, shard, entries, bytes);
	end_change(u, shard);
}

void thrum__usage_read(struct usage *u, struct counts counts[STORE_SHARDS])
{
	unsigned char records[STORE_SHARDS * RECORD];
	size_t got = 0;

	if (u->fd < 0
	    || thrum__file_read_at(u->fd, records, sizeof records, 0, &got))
		got = 0;
	memset(records + got, 0, sizeof records - got);
	for (int i = 0; i < STORE_SHARDS; i++)
		counts[i] = counts_of(records + RECORD * i);
}

/* Two keys with the same byte wait for each other without need. */
static off_t claim_byte(const thrum_memo_ref *ref)
{
	uint64_t h = ref->key.low ^ ref->function.low;

	if (sizeof(off_t) < 8)
		return (off_t)(1 << 20) + (off_t)(h & 0x3fffffff);
	return (off_t)((UINT64_C(1) << 40) + (h >> 2));
}

int thrum__usage_claim(struct usage *u, const thrum_memo_ref *ref)
{
	return lock_range(u->fd, F_WRLCK, claim_byte(ref), 1);
}

void thrum__usage_drop(struct usage *u, const thrum_memo_ref *ref)
{
	(void)lock_range(u->fd, F_UNLCK, claim_byte(ref), 1);
}
