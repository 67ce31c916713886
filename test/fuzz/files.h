/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* files.h - files in memory, for readers that open, read and close
 *
 * To be included before the source of the reader, whose calls come here. The
 * input is a row of files with zero bytes between. Two have their names; of the
 * others each that is opened is the next, and after the last the first again.
 * A file that begins with ! does not exist, one with ? cannot be read on from
 * the middle. Reads are interrupted now and then, and short, unless FILES_WHOLE
 * is defined: a file of /sys comes in one.
 */
#ifndef THRUM__TEST_FILES_H
#define THRUM__TEST_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "fuzz.h"

enum { FILES_NAMED = 2, FILES_MAX = 32, FILES_FD = 1000 };

static struct {
	const char *name[FILES_NAMED];
	char *text[FILES_MAX];
	int count, next;
	/* the one that is open: readers here have one at a time */
	int open; /* index; -1 none */
	size_t at;
	unsigned reads;
	bool calm; /* no read is interrupted */
} files;

static void files_take(const uint8_t *data, size_t size, const char *first,
                       const char *second)
{
	memset(&files, 0, sizeof(files));
	files.name[0] = first;
	files.name[1] = second;
	files.open = -1;
	while (files.count < FILES_MAX &&
	       (files.text[files.count] = fuzz_part(&data, &size)))
		files.count++;
}

/* Once more from the start, without interruptions: the same must be read. */
static void files_again(void)
{
	HOLDS(files.open == -1);
	files.next = 0;
	files.calm = true;
}

/* What was opened has been closed. */
static void files_free(void)
{
	HOLDS(files.open == -1);
	for (int i = 0; i < files.count; i++)
		free(files.text[i]);
}

/* The file at a path; -1 there is none. */
static int files_find(const char *path)
{
	int others = files.count - FILES_NAMED, i = -1;
	if (strcmp(path, files.name[0]) == 0)
		i = 0;
	else if (files.name[1] && strcmp(path, files.name[1]) == 0)
		i = 1;
	else if (others > 0)
		i = FILES_NAMED + files.next++ % others;
	if (i >= 0 && i < files.count && files.text[i][0] != '!')
		return i;
	errno = ENOENT;
	return -1;
}

static int files_open(const char *path, int flags)
{
	HOLDS((flags & O_ACCMODE) == O_RDONLY && files.open == -1);
	int i = files_find(path);
	if (i < 0)
		return -1;
	files.open = i;
	files.at = 0;
	return FILES_FD;
}

static ssize_t files_read(int fd, void *out, size_t size)
{
	HOLDS(fd == FILES_FD && files.open >= 0 && size > 0);
	const char *text = files.text[files.open];
	size_t length = strlen(text), left = length - files.at;
	if (++files.reads % 5 == 0 && !files.calm) {
		errno = EINTR;
		return -1;
	}
	if (text[0] == '?' && files.at >= length / 2) {
		errno = EIO;
		return -1;
	}
	size_t n = left < size ? left : size;
#ifndef FILES_WHOLE
	if (n > length / 2 + 1) /* so two reads at least */
		n = length / 2 + 1;
#endif
	memcpy(out, text + files.at, n);
	files.at += n;
	return (ssize_t)n;
}

static int files_close(int fd)
{
	HOLDS(fd == FILES_FD && files.open >= 0);
	files.open = -1;
	return 0;
}

#define open files_open
#define access(path, mode) (files_find(path) < 0 ? -1 : 0)
#define read files_read
#define close files_close

#endif
