/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* terminal.c - the standard streams as they were when the process began
 *
 * Identity. If standard error is closed, the next file that the host opens has
 * descriptor 2, and a line of progress would land in its data. So device and
 * inode of 1 and 2 are noted before main (all else that this library does then is
 * to install its handlers of fork): at the first call it is too late, as the host
 * may have opened its files by that time, and a file opened by the host cannot be
 * told from one that the shell put there. Each write compares them.
 *
 * Blocking. A write to a full pipe, or to a terminal after ^S, blocks. To set
 * O_NONBLOCK on descriptor 2 would change it for everybody who shares it, the
 * shell included. So pipes and terminals are opened anew for each write,
 * through /proc, as an open file of our own that does not block; a socket has
 * MSG_DONTWAIT; a regular file does not block. Where the new open fails, as on
 * a terminal of another user after su, we ask poll first and write little: that
 * can block only if the stream takes less than poll said.
 *
 * Signals. SIGPIPE, and SIGXFSZ past a limit on file size, go to the thread
 * that wrote: they are blocked for the write, and one that was not pending
 * before is taken back after it.
 */
#include "config.h"

#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX 10000
/* With poll alone: what a stream that is not full most likely takes. */
#define LITTLE 512

static struct {
	bool open;
	dev_t dev;
	ino_t ino;
} began[3];

#if defined(__GNUC__)
__attribute__((constructor))
#endif
void thrum__terminal_learn(void)
{
	int saved = errno;

	for (int fd = 1; fd <= 2; fd++) {
		struct stat st;
		began[fd].open = fstat(fd, &st) == 0;
		if (!began[fd].open)
			continue;
		began[fd].dev = st.st_dev;
		began[fd].ino = st.st_ino;
	}
	errno = saved;
}

static bool is_what_began(int fd, int now, struct stat *st)
{
	return began[fd].open && fstat(now, st) == 0 &&
	       st->st_dev == began[fd].dev && st->st_ino == began[fd].ino;
}

/* A non-empty variable; what people mean by set. */
static const char *said(const char *name)
{
	const char *text = getenv(name);
	return text != NULL && text[0] != '\0' ? text : NULL;
}

struct terminal thrum__terminal_look(int fd)
{
	int saved = errno;
	const char *kind = said("TERM"), *columns = said("COLUMNS");
	struct stat st;
	struct terminal t = { false, false, 0 };

	t.redraws = kind != NULL && strcmp(kind, "dumb") != 0 &&
	            is_what_began(fd, fd, &st) && isatty(fd);
	t.colour = t.redraws && said("NO_COLOR") == NULL;
	if (columns != NULL) {
		char *end;
		long n = strtol(columns, &end, 10);
		if (*end == '\0' && n >= 1 && n <= COLUMNS_MAX)
			t.columns = (int)n;
	}
	errno = saved;
	return t;
}

int thrum__terminal_columns(const struct terminal *t, int fd)
{
	int saved = errno, columns = t->columns;
	struct winsize size;

	if (columns == 0 && ioctl(fd, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns == 0)
		columns = COLUMNS_DEFAULT;
	errno = saved;
	return columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
}

/* A master of pseudo terminals: opened anew it would be another one. */
static bool is_master(int fd)
{
#if defined(TIOCGPTN)
	unsigned number;
	return ioctl(fd, TIOCGPTN, &number) == 0;
#else
	(void)fd;
	return false;
#endif
}

/* The stream anew, without blocking; -1 where that cannot be. */
static int open_anew(int fd, const struct stat *st)
{
	char path[32];
	struct stat got;

	if (!S_ISFIFO(st->st_mode) &&
	    !(S_ISCHR(st->st_mode) && isatty(fd) && !is_master(fd)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int anew = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (anew >= 0 && !is_what_began(fd, anew, &got)) {
		close(anew);
		return -1;
	}
	return anew;
}

static bool takes_more(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	return poll(&p, 1, 0) > 0;
}

/* Write until all is out or the stream is full. @p asks: it could block. */
static long write_some(int fd, const char *text, size_t bytes, bool socket,
                       bool asks)
{
	size_t out = 0;

	while (out < bytes) {
		size_t piece = bytes - out;
		if (asks && !takes_more(fd))
			break;
		if (asks && piece > LITTLE)
			piece = LITTLE;
		ssize_t n = socket ? send(fd, text + out, piece,
		                          MSG_DONTWAIT | MSG_NOSIGNAL)
		                   : write(fd, text + out, piece);
		if (n > 0)
			out += (size_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		else
			return -1;
	}
	return (long)out;
}

static long write_anew(int fd, const char *text, size_t bytes)
{
	struct stat st;

	if (!is_what_began(fd, fd, &st))
		return -1;
	int anew = open_anew(fd, &st);
	if (anew < 0)
		return write_some(fd, text, bytes, S_ISSOCK(st.st_mode),
		                  !S_ISSOCK(st.st_mode) &&
		                  !S_ISREG(st.st_mode));
	long n = write_some(anew, text, bytes, false, false);
	close(anew);
	return n;
}

long thrum__terminal_write(int fd, const char *text, size_t bytes)
{
	int saved = errno;
	sigset_t ours, before, pending, take;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	if (pthread_sigmask(SIG_BLOCK, &ours, &before) != 0)
		return -1;
	sigpending(&pending);
	long n = write_anew(fd, text, bytes);
	sigemptyset(&take);
	if (!sigismember(&pending, SIGPIPE))
		sigaddset(&take, SIGPIPE);
	if (!sigismember(&pending, SIGXFSZ))
		sigaddset(&take, SIGXFSZ);
	if (n < 0) {
		struct timespec at_once = { 0, 0 };
		while (sigtimedwait(&take, NULL, &at_once) < 0 &&
		       errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return n;
}

void thrum__terminal_wait(int fd, int timeout_ms)
{
	int saved = errno;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	/* One that said at once that it takes more, and did not take it, is
	 * given a moment, so that nobody spins on it. */
	if (poll(&p, 1, timeout_ms) > 0)
		poll(NULL, 0, 1);
	errno = saved;
}
