/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_terminal.c - text reaches the stream that the process began with, whole
 * lines of it, or nothing; and never a signal or a hang
 *
 * Standard error is replaced by pipes that are closed or full, by /dev/full, by
 * a data file, and by pseudo terminals, which the test reads as a screen would.
 */
#include "config.h"
#include "terminal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include "capture.h"
#include "progress.h"

static struct capture shown;

/* A call with @p jobs jobs, that shows itself as @p form. */
static struct progress *begin(int verbose, int form, uint64_t jobs)
{
	struct progress_spec s = { .n_jobs_given = 2, .workers = 1,
	                           .total = jobs, .total_known = true,
	                           .verbose = verbose, .form = form };
	struct progress *p = thrum__progress_begin(&s);
	ck_assert_ptr_nonnull(p);
	return p;
}

static void call(int verbose, int form, uint64_t jobs)
{
	struct progress *p = begin(verbose, form, jobs);
	thrum__meter_add(thrum__progress_meter(p), 0, jobs, 0);
	thrum__progress_end(p, PROGRESS_FINISHED);
}

static void teardown(void)
{
	thrum__progress_shutdown();
}

/* Fill what @p fd leads to. */
static void fill(int fd)
{
	static const char dots[] = "................................";
	int flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, dots, 32) > 0)
		;
	while (write(fd, dots, 1) > 0)
		;
	fcntl(fd, F_SETFL, flags);
}

START_TEST(a_closed_stream_stays_silent_when_it_is_a_data_file)
{
	int saved = dup(2);
	close(2);
	thrum__terminal_learn(); /* the process began without */
	FILE *data = tmpfile();
	int got = fileno(data);
	call(11, 0, 20);
	struct stat st;
	int rc = fstat(got, &st);
	fclose(data);
	dup2(saved, 2);
	close(saved);
	thrum__terminal_learn();
	ck_assert_int_eq(got, 2);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq((int)st.st_size, 0);
}
END_TEST

START_TEST(a_stream_that_was_replaced_is_left_alone)
{
	FILE *data = tmpfile();
	struct stat st;
	capture_start(&shown, 2);
	call(5, 0, 3);
	ck_assert_int_eq(dup2(fileno(data), 2), 2);
	call(5, 0, 3);
	ck_assert_int_eq(fstat(fileno(data), &st), 0);
	ck_assert_int_eq(lines_in(capture_end(&shown)), 1);
	ck_assert_int_eq((int)st.st_size, 0);
	fclose(data);
}
END_TEST

START_TEST(a_broken_pipe_raises_no_signal)
{
	int fd[2];
	ck_assert_int_eq(pipe(fd), 0);
	capture_with(&shown, 2, fd[1]);
	close(fd[0]);
	signal(SIGPIPE, SIG_DFL); /* would end the test */
	struct progress *p = begin(11, 0, 100);
	thrum__meter_add(thrum__progress_meter(p), 0, 50, 0);
	usleep(20000); /* for the reporter to write */
	thrum__progress_end(p, PROGRESS_FINISHED);
	ck_assert_int_eq((int)thrum__terminal_write(2, "x", 1), -1);
	sigset_t pending;
	sigpending(&pending);
	ck_assert(!sigismember(&pending, SIGPIPE));
	capture_release(&shown);
	close(fd[1]);
}
END_TEST

START_TEST(a_signal_that_was_pending_stays_pending)
{
	int fd[2];
	sigset_t set, pending;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	raise(SIGPIPE);
	ck_assert_int_eq(pipe(fd), 0);
	close(fd[0]);
	capture_with(&shown, 2, fd[1]);
	ck_assert_int_eq((int)thrum__terminal_write(2, "x", 1), -1);
	capture_release(&shown);
	close(fd[1]);
	sigpending(&pending);
	ck_assert(sigismember(&pending, SIGPIPE));
	signal(SIGPIPE, SIG_IGN); /* forgets it */
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
END_TEST

START_TEST(a_limit_on_file_size_raises_no_signal)
{
	struct rlimit limit, none;
	getrlimit(RLIMIT_FSIZE, &limit);
	none = limit;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_DFL);
	capture_start(&shown, 2);
	struct progress *p = begin(11, 0, 20);
	setrlimit(RLIMIT_FSIZE, &none); /* Check itself writes to files */
	thrum__meter_add(thrum__progress_meter(p), 0, 20, 0);
	thrum__progress_end(p, PROGRESS_FINISHED);
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_str_eq(capture_end(&shown), "");
}
END_TEST

START_TEST(a_full_disk_is_no_trouble)
{
	int full = open("/dev/full", O_WRONLY);
	if (full < 0)
		return; /* not on this system */
	capture_with(&shown, 2, full);
	call(11, 0, 300);
	capture_release(&shown);
	close(full);
}
END_TEST

/* A full pipe; and after it was read, whole lines again. */
START_TEST(what_is_full_is_waited_for_in_vain_only_for_so_long)
{
	int fd[2];
	static char text[1 << 17];
	ck_assert_int_eq(pipe(fd), 0);
	fill(fd[1]);
	capture_with(&shown, 2, fd[1]);
	call(11, 0, 20); /* returns */
	ssize_t filled = read(fd[0], text, sizeof(text));
	ck_assert_int_gt(filled, 0);
	text[filled] = '\0';
	ck_assert_ptr_null(strchr(text, 'P'));
	call(5, 0, 1);
	capture_release(&shown);
	close(fd[1]);
	ssize_t n = read(fd[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_int_eq(lines_in(text), 1);
	ck_assert_int_eq(text[0], '[');
	ck_assert(ends_with(text, "finished\n"));
	ck_assert_int_eq(read(fd[0], text, sizeof(text)), 0);
	close(fd[0]);
}
END_TEST

/* Room for a part of the lines only: what was begun is ended first. */
START_TEST(a_line_that_has_begun_is_ended)
{
	int fd[2];
	static char text[1 << 17];
	size_t n = 0;
	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_ge(fcntl(fd[1], F_SETPIPE_SZ, 4096), 4096);
	capture_with(&shown, 2, fd[1]);
	call(11, 0, 180); /* 14 kB */
	for (int i = 0; i < 2; i++) {
		ssize_t got = read(fd[0], text + n, sizeof(text) - 1 - n);
		ck_assert_int_gt(got, 0);
		n += (size_t)got;
		call(5, 0, 1);
	}
	capture_release(&shown);
	close(fd[1]);
	for (ssize_t got = 1; got > 0; n += (size_t)got) {
		got = read(fd[0], text + n, sizeof(text) - 1 - n);
		ck_assert_int_ge(got, 0);
	}
	text[n] = '\0';
	ck_assert(ends_with(text, " finished\n"));
	for (char *line = text, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		ck_assert(strncmp(line, "[Parallel(n_jobs=2)]: ", 22) == 0);
		ck_assert_ptr_null(memmem(line + 1, (size_t)(end - line - 1),
		                          "[P", 2));
	}
	close(fd[0]);
}
END_TEST

START_TEST(the_flags_of_the_stream_are_not_changed)
{
	int fd[2];
	ck_assert_int_eq(pipe(fd), 0);
	int flags = fcntl(fd[1], F_GETFL);
	capture_with(&shown, 2, fd[1]);
	call(11, 0, 20);
	ck_assert_int_eq(fcntl(2, F_GETFL), flags);
	capture_release(&shown);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

START_TEST(a_socket_is_written_to_as_well)
{
	int fd[2];
	char text[4096];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	capture_with(&shown, 2, fd[1]);
	call(5, 0, 1);
	ssize_t n = read(fd[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert(ends_with(text, "finished\n"));
	fill(fd[1]);
	call(11, 0, 20);
	close(fd[0]);
	call(11, 0, 20);
	capture_release(&shown);
	close(fd[1]);
}
END_TEST

START_TEST(text_is_appended_to_a_file)
{
	char name[] = "check_terminal.XXXXXX";
	int fd = mkstemp(name);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq((int)write(fd, "host\n", 5), 5);
	capture_with(&shown, 2, fd);
	call(5, 0, 1);
	ck_assert_int_eq((int)write(2, "host\n", 5), 5);
	capture_release(&shown);
	char text[4096];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_int_eq(lines_in(text), 3);
	ck_assert(ends_with(text, "finished\nhost\n"));
}
END_TEST

struct screen {
	int master, slave;
	char text[1 << 16];
};

static void screen_start(struct screen *s, unsigned short columns)
{
	s->master = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(s->master, 0);
	ck_assert_int_eq(grantpt(s->master), 0);
	ck_assert_int_eq(unlockpt(s->master), 0);
	s->slave = open(ptsname(s->master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(s->slave, 0);
	struct termios t;
	tcgetattr(s->slave, &t);
	cfmakeraw(&t);
	tcsetattr(s->slave, TCSANOW, &t);
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	ioctl(s->slave, TIOCSWINSZ, &size);
	setenv("TERM", "xterm", 1);
	unsetenv("COLUMNS");
	unsetenv("NO_COLOR");
	capture_with(&shown, 2, s->slave);
}

/* Read until @p last was read. */
static const char *screen_until(struct screen *s, const char *last)
{
	size_t n = 0;
	do {
		ssize_t got = read(s->master, s->text + n,
		                   sizeof(s->text) - 1 - n);
		ck_assert_int_gt(got, 0);
		n += (size_t)got;
		s->text[n] = '\0';
	} while (strstr(s->text, last) == NULL);
	return s->text;
}

static void screen_end(struct screen *s)
{
	capture_release(&shown);
	close(s->master);
	close(s->slave);
}

static struct screen screen;

/* A call with a bar that is seen, with 3 failures, and then its last line. */
static const char *bar_and_end(int form, const char *seen)
{
	struct progress *p = begin(0, form, 1000);
	thrum__meter_add(thrum__progress_meter(p), 0, 197, 3);
	size_t n = strlen(screen_until(&screen, seen));
	static char both[1 << 16];
	memcpy(both, screen.text, n);
	thrum__progress_end(p, PROGRESS_FAILED);
	strcpy(both + n, screen_until(&screen, " failed\n"));
	return both;
}

START_TEST(a_bar_is_drawn_over_and_ends_in_the_last_line)
{
	screen_start(&screen, 100);
	const char *text = bar_and_end(_i, " 20% [");
	screen_end(&screen);
	ck_assert_ptr_nonnull(strstr(text, "197/1000"));
	ck_assert_ptr_nonnull(strstr(text, "\033[31m 3 failed\033[0m"));
	ck_assert_ptr_nonnull(strstr(text, "\r\033[K[Parallel(n_jobs=2)]: Done"
	                             "  197 out of 1000 | elapsed: "));
	ck_assert_int_eq(lines_in(text), 1);
}
END_TEST

START_TEST(colour_is_not_used_where_it_is_not_wanted)
{
	screen_start(&screen, 100);
	setenv("NO_COLOR", "1", 1);
	const char *text = bar_and_end(THRUM_PROGRESS_BAR, " 3 failed");
	screen_end(&screen);
	ck_assert_ptr_null(strstr(text, "\033[3"));
}
END_TEST

START_TEST(one_column_shows_no_bar_but_the_last_line)
{
	screen_start(&screen, 100);
	setenv("COLUMNS", "1", 1);
	struct progress *p = begin(0, THRUM_PROGRESS_BAR, 1000);
	thrum__meter_add(thrum__progress_meter(p), 0, 200, 0);
	usleep(250000); /* for two bars */
	thrum__progress_end(p, PROGRESS_FINISHED);
	const char *text = screen_until(&screen, " finished\n");
	screen_end(&screen);
	ck_assert_int_eq(lines_in(text), 1);
	ck_assert_int_eq(text[0], '[');
}
END_TEST

START_TEST(what_cannot_be_drawn_over_has_lines)
{
	screen_start(&screen, 100);
	setenv("TERM", "dumb", 1);
	call(5, THRUM_PROGRESS_BAR, 1);
	const char *text = screen_until(&screen, "\n");
	ck_assert_ptr_null(strpbrk(text, "\r\033"));
	screen_end(&screen);
	capture_start(&shown, 2);
	setenv("TERM", "xterm", 1);
	call(5, THRUM_PROGRESS_BAR, 1);
	text = capture_end(&shown);
	ck_assert_int_eq(lines_in(text), 1);
	ck_assert_ptr_null(strpbrk(text, "\r\033"));
}
END_TEST

START_TEST(lines_of_other_calls_stand_above_the_bar)
{
	screen_start(&screen, 100);
	struct progress *p = begin(0, THRUM_PROGRESS_BAR, 1000);
	thrum__meter_add(thrum__progress_meter(p), 0, 200, 0);
	screen_until(&screen, " 20% [");
	call(5, THRUM_PROGRESS_LINES, 1);
	call(5, THRUM_PROGRESS_BAR, 1); /* there is one: its last line only */
	const char *text = screen_until(&screen, " finished\n");
	ck_assert_ptr_nonnull(strstr(text, "\r\033[K[Parallel(n_jobs=2)]: "));
	if (strstr(text, " 20% [") == NULL)
		screen_until(&screen, " 20% ["); /* it comes back */
	thrum__progress_end(p, PROGRESS_FINISHED);
	screen_until(&screen, "Done  200 out of  200 |");
	screen_end(&screen);
}
END_TEST

/* As after ^S, without a terminal that could be started again. */
START_TEST(a_stopped_terminal_stops_nobody)
{
	screen_start(&screen, 100);
	tcflow(screen.slave, TCOOFF);
	call(11, 0, 100); /* returns */
	tcflow(screen.slave, TCOON);
	call(5, 0, 1);
	const char *text = screen_until(&screen, " finished\n");
	ck_assert_int_eq(strncmp(text, "[Parallel(n_jobs=2)]: Done ", 27), 0);
	screen_end(&screen);
}
END_TEST

START_TEST(a_terminal_that_is_gone_is_no_trouble)
{
	screen_start(&screen, 100);
	close(screen.master);
	call(11, 0, 100);
	screen.master = dup(screen.slave);
	screen_end(&screen);
}
END_TEST

static Suite *terminal_suite(void)
{
	Suite *s = suite_create("terminal");

	TCase *t = tcase_create("streams");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, a_closed_stream_stays_silent_when_it_is_a_data_file);
	tcase_add_test(t, a_stream_that_was_replaced_is_left_alone);
	tcase_add_test(t, a_broken_pipe_raises_no_signal);
	tcase_add_test(t, a_signal_that_was_pending_stays_pending);
	tcase_add_test(t, a_limit_on_file_size_raises_no_signal);
	tcase_add_test(t, a_full_disk_is_no_trouble);
	tcase_add_test(t, what_is_full_is_waited_for_in_vain_only_for_so_long);
	tcase_add_test(t, a_line_that_has_begun_is_ended);
	tcase_add_test(t, the_flags_of_the_stream_are_not_changed);
	tcase_add_test(t, a_socket_is_written_to_as_well);
	tcase_add_test(t, text_is_appended_to_a_file);
	suite_add_tcase(s, t);

	t = tcase_create("terminals");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, a_bar_is_drawn_over_and_ends_in_the_last_line,
	                    THRUM_PROGRESS_BAR, THRUM_PROGRESS_BAR + 1);
	tcase_add_loop_test(t, a_bar_is_drawn_over_and_ends_in_the_last_line,
	                    THRUM_PROGRESS_AUTO, THRUM_PROGRESS_AUTO + 1);
	tcase_add_test(t, colour_is_not_used_where_it_is_not_wanted);
	tcase_add_test(t, one_column_shows_no_bar_but_the_last_line);
	tcase_add_test(t, what_cannot_be_drawn_over_has_lines);
	tcase_add_test(t, lines_of_other_calls_stand_above_the_bar);
	tcase_add_test(t, a_stopped_terminal_stops_nobody);
	tcase_add_test(t, a_terminal_that_is_gone_is_no_trouble);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(terminal_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
