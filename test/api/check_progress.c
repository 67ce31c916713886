/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_progress.c - what a program that asks for progress shows, and where
 *
 * Each scene is a small program of its own: this one runs itself with the name
 * of a scene, with its streams as a shell would set them up, and reads what
 * comes out. Form, order and counts are compared; times are not, but that in
 * Listing 2 the lines come at about the counts where they are due.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <thrum.h>
#include <time.h>
#include <unistd.h>

/* ---- Scenes ---- */

static int doze(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&t, &t) != 0)
		;
	return 0;
}

/* The body of all: job i sleeps, and job `at` does something. */
struct plot {
	long ms;
	size_t at;
	int code;             /* it returns this */
	thrum_cancel *cancel; /* it sets this */
};

static int play(void *ctx, size_t i, void *result, thrum_task *task)
{
	const struct plot *p = ctx;
	(void)result, (void)task;
	doze(p->ms);
	if (p->at != i + 1)
		return 0;
	if (p->cancel != NULL)
		thrum_cancel_set(p->cancel);
	return p->code;
}

static int map(size_t n, struct plot plot, const thrum_opts *opts)
{
	return thrum_map(NULL, n, play, &plot, NULL, 0, opts);
}

static int listing_2(void)
{
	return map(1000, (struct plot){ .ms = 5 },
	           THRUM_OPTS(.n_jobs = 2, .verbose = 5));
}

static int verbose(int v)
{
	return map(20, (struct plot){ .ms = 2 },
	           THRUM_OPTS(.n_jobs = 2, .verbose = v));
}

static int sleep_range(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx, (void)task;
	return doze(2 * (long)(end - begin));
}

static int loop(void)
{
	return thrum_for(NULL, 200, sleep_range, NULL,
	                 THRUM_OPTS(.n_jobs = -1, .verbose = 10));
}

static int next_item(void *ctx, void *item)
{
	int *left = ctx;
	(void)item;
	return (*left)-- > 0 ? 0 : THRUM_END;
}

static int work_item(void *ctx, void *item, thrum_task *task)
{
	(void)ctx, (void)item, (void)task;
	return doze(3);
}

static int stream(uint64_t total)
{
	int left = 100;
	return thrum_stream(NULL, 8, next_item, work_item, NULL, NULL, &left,
	                    THRUM_OPTS(.n_jobs = 2, .verbose = 5,
	                               .total = total));
}

static int cancelled(void)
{
	thrum_cancel stop = { 0 };
	int rc = map(10000, (struct plot){ .ms = 2, .at = 20, .cancel = &stop },
	             THRUM_OPTS(.n_jobs = 2, .verbose = 5, .cancel = &stop));
	return rc != THRUM_ECANCELED;
}

static int form(int form, int verbosity)
{
	return map(100, (struct plot){ .ms = 5 },
	           THRUM_OPTS(.n_jobs = 2, .verbose = verbosity,
	                      .progress = form));
}

/* With standard error closed the file below has its number. */
static int data_file(void)
{
	struct stat st;
	char name[] = "check_progress.XXXXXX";
	int fd = mkstemp(name);
	if (fd != 2 || unlink(name) != 0)
		return 2;
	if (verbose(11) != 0 || fstat(fd, &st) != 0)
		return 3;
	return st.st_size != 0;
}

static void *call_often(void *arg)
{
	for (int i = 0; i < 3; i++)
		map(20, (struct plot){ .ms = 1 },
		    THRUM_OPTS(.n_jobs = *(int *)arg, .verbose = 11));
	return NULL;
}

static int many_calls(void)
{
	pthread_t thread[64];
	int n_jobs[64];
	for (int i = 0; i < 64; i++) {
		n_jobs[i] = 1 + i % 3;
		if (pthread_create(&thread[i], NULL, call_often,
		                   &n_jobs[i]) != 0)
			return 1;
	}
	for (int i = 0; i < 64; i++)
		pthread_join(thread[i], NULL);
	return 0;
}

static int scene(const char *name)
{
	const struct plot quick = { .ms = 2 };

	if (strcmp(name, "listing_2") == 0)
		return listing_2();
	if (strncmp(name, "verbose ", 8) == 0)
		return verbose(atoi(name + 8));
	if (strcmp(name, "loop") == 0)
		return loop();
	if (strncmp(name, "stream ", 7) == 0)
		return stream((uint64_t)atoi(name + 7));
	if (strcmp(name, "no jobs") == 0)
		return map(0, quick, THRUM_OPTS(.n_jobs = 2, .verbose = 1));
	if (strcmp(name, "failed") == 0)
		return map(100, (struct plot){ .ms = 2, .at = 20, .code = 7 },
		           THRUM_OPTS(.n_jobs = 2, .verbose = 1)) != 7;
	if (strcmp(name, "cancelled") == 0)
		return cancelled();
	if (strcmp(name, "timed out") == 0)
		return map(10000, quick, THRUM_OPTS(.n_jobs = 2, .verbose = 5,
		           .timeout_s = 0.05)) != THRUM_ETIMEDOUT;
	if (strcmp(name, "json") == 0)
		return form(THRUM_PROGRESS_JSON, 0);
	if (strcmp(name, "bar") == 0)
		return form(THRUM_PROGRESS_BAR, 0);
	if (strcmp(name, "data file") == 0)
		return data_file();
	if (strcmp(name, "many calls") == 0)
		return many_calls();
	return 99;
}

/* ---- Running them ---- */

#define CLOSED (-1)

static char out_text[1 << 19], err_text[1 << 19];

static void run_end(pid_t child, int want)
{
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (want < 0)
		return;
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == want,
	              "status is %#x", (unsigned)status);
}

/* @p variable: NAME=value, or NULL. */
static pid_t run_with(const char *name, const char *variable, int out, int err)
{
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child != 0)
		return child;
	dup2(out, 1);
	if (err == CLOSED)
		close(2);
	else
		dup2(err, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	signal(SIGPIPE, SIG_DFL);
	if (variable != NULL)
		putenv(strdup(variable));
	execl("/proc/self/exe", "check_progress", name, (char *)NULL);
	_exit(98);
}

static void slurp(FILE *file, char *text, size_t size)
{
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Run to its end, which must be well; its text is in out_text and err_text. */
static void run(const char *name, const char *variable)
{
	FILE *out = tmpfile(), *err = tmpfile();
	ck_assert(out != NULL && err != NULL);
	run_end(run_with(name, variable, fileno(out), fileno(err)), 0);
	slurp(out, out_text, sizeof(out_text));
	slurp(err, err_text, sizeof(err_text));
}

static int lines_in(const char *text)
{
	int n = 0;
	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		n++;
	}
	return n;
}

static int ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

/* A duration as `    1.2s`, ` 1.0min` or `    1.0h`. @return what follows. */
static const char *duration(const char *at)
{
	static const char *const unit[] = { "s", "min", "h" };
	size_t width = strspn(at, " 0123456789");
	ck_assert_int_eq(at[width], '.');
	ck_assert_int_ge(at[width + 1], '0');
	ck_assert_int_le(at[width + 1], '9');
	at += width + 2;
	for (int i = 0; i < 3; i++)
		if (strncmp(at, unit[i], strlen(unit[i])) == 0)
			return at + strlen(unit[i]);
	ck_abort_msg("no unit at %s", at);
	return NULL;
}

/* A line with a known total. @return its count; *at moves on. */
static int known_line(const char **at, int n_jobs, int total, const char *end)
{
	char head[64];
	int done, skip = 0;
	snprintf(head, sizeof(head), "[Parallel(n_jobs=%d)]: Done ", n_jobs);
	ck_assert_int_eq(strncmp(*at, head, strlen(head)), 0);
	*at += strlen(head);
	ck_assert_int_eq(sscanf(*at, "%d", &done), 1);
	snprintf(head, sizeof(head), "%4d out of %4d | elapsed: ", done, total);
	ck_assert_int_eq(strncmp(*at, head, strlen(head)), 0);
	*at = duration(*at + strlen(head));
	if (end != NULL) {
		skip = (int)strlen(end);
		ck_assert_int_eq(strncmp(*at, end, (size_t)skip), 0);
		*at += skip;
		return done;
	}
	ck_assert_int_eq(strncmp(*at, " remaining: ", 12), 0);
	*at = duration(*at + 12);
	ck_assert_int_eq(**at, '\n');
	++*at;
	return done;
}

/* ---- The laws ---- */

START_TEST(listing_2_of_the_article)
{
	const int due[] = { 198, 399, 600, 801 };
	run("listing_2", NULL);
	const char *at = err_text;
	ck_assert_int_eq(lines_in(err_text), 6);
	ck_assert_int_le(known_line(&at, 2, 1000, NULL), 100);
	for (int i = 0; i < 4; i++) {
		int done = known_line(&at, 2, 1000, NULL);
		ck_assert_int_ge(done, due[i]);
		ck_assert_int_lt(done, due[i] + 100);
	}
	ck_assert_int_eq(known_line(&at, 2, 1000, " finished\n"), 1000);
	ck_assert_str_eq(at, "");
	ck_assert_str_eq(out_text, "");
}
END_TEST

START_TEST(verbose_0_shows_nothing)
{
	run("verbose 0", NULL);
	ck_assert_str_eq(err_text, "");
	run("verbose -1", "THRUM_VERBOSE=5");
	ck_assert_str_eq(err_text, "");
	ck_assert_str_eq(out_text, "");
}
END_TEST

START_TEST(verbose_to_10_has_about_as_many_lines)
{
	char name[16];
	int last = 0;
	snprintf(name, sizeof(name), "verbose %d", _i);
	run(name, NULL);
	const char *at = err_text;
	int n = lines_in(err_text);
	ck_assert_int_ge(n, 1);
	ck_assert_int_le(n, _i + 2);
	while (--n > 0) {
		int done = known_line(&at, 2, 20, NULL);
		ck_assert_int_gt(done, last);
		last = done;
	}
	ck_assert_int_eq(known_line(&at, 2, 20, " finished\n"), 20);
}
END_TEST

START_TEST(above_10_each_job_has_a_line)
{
	char name[16];
	snprintf(name, sizeof(name), "verbose %d", _i);
	run(name, NULL);
	const char *at = _i > 50 ? out_text : err_text;
	ck_assert_str_eq(_i > 50 ? err_text : out_text, "");
	ck_assert_int_eq(lines_in(at), 21);
	for (int i = 1; i <= 20; i++)
		ck_assert_int_eq(known_line(&at, 2, 20, NULL), i);
	ck_assert_int_eq(known_line(&at, 2, 20, " finished\n"), 20);
}
END_TEST

START_TEST(a_loop_over_ranges_is_shown_alike)
{
	run("loop", NULL);
	const char *at = err_text;
	for (int n = lines_in(err_text); n > 1; n--)
		known_line(&at, -1, 200, NULL);
	ck_assert_int_eq(known_line(&at, -1, 200, " finished\n"), 200);
}
END_TEST

START_TEST(a_stream_without_total_has_no_eta)
{
	run("stream 0", NULL);
	ck_assert_ptr_nonnull(strstr(err_text, " tasks      | elapsed: "));
	ck_assert(ends_with(err_text, " finished\n"));
	ck_assert_ptr_nonnull(strstr(err_text, "Done  100 out of  100 |"));
	run("stream 100", NULL);
	ck_assert_ptr_nonnull(strstr(err_text, " out of  100 | elapsed: "));
	ck_assert_ptr_nonnull(strstr(err_text, " remaining: "));
	run("stream 7", NULL); /* wrong */
	ck_assert_ptr_nonnull(strstr(err_text, "Done  100 out of  100 |"));
}
END_TEST

START_TEST(no_jobs_have_a_last_line)
{
	run("no jobs", NULL);
	const char *at = err_text;
	ck_assert_int_eq(lines_in(err_text), 1);
	ck_assert_int_eq(known_line(&at, 2, 0, " finished\n"), 0);
}
END_TEST

START_TEST(the_last_word_tells_how_it_ended)
{
	run("failed", NULL);
	ck_assert(ends_with(err_text, "s failed\n"));
	run("cancelled", NULL);
	ck_assert(ends_with(err_text, "s cancelled\n"));
	run("timed out", NULL);
	ck_assert(ends_with(err_text, "s timed out\n"));
}
END_TEST

START_TEST(the_environment_says_what_the_program_does_not)
{
	run("verbose 0", "THRUM_VERBOSE=11");
	ck_assert_int_eq(lines_in(err_text), 21);
	run("verbose 5", "THRUM_PROGRESS=json");
	ck_assert_int_eq(err_text[0], '{');
	run("verbose 50", "THRUM_PROGRESS=off");
	ck_assert_str_eq(err_text, "");
	run("json", "THRUM_PROGRESS=off");
	ck_assert_str_eq(err_text, "");
}
END_TEST

START_TEST(the_first_line_tells_what_was_ignored)
{
	const char *want = "[Parallel(n_jobs=2)]: ignored THRUM_VERBOSE=often";
	run("verbose 5", "THRUM_VERBOSE=often");
	ck_assert_int_eq(strncmp(err_text, want, strlen(want)), 0);
	run("no jobs", "THRUM_VERBOSE=often");
	ck_assert_int_eq(lines_in(err_text), 2);
	run("verbose 0", "THRUM_VERBOSE=often");
	ck_assert_str_eq(err_text, "");
}
END_TEST

START_TEST(json_has_an_object_a_line)
{
	run("json", NULL);
	int n = lines_in(err_text), failed, last = -1, done;
	char *line = strtok(err_text, "\n"), *end;
	ck_assert_int_ge(n, 2);
	for (; line != NULL; line = strtok(NULL, "\n"), n--) {
		int got = 0;
		double elapsed;
		ck_assert_int_eq(sscanf(line, "{\"call\":1,\"n_jobs\":2,"
		                 "\"workers\":%*d,\"done\":%d,\"failed\":%d,"
		                 "\"total\":100,\"elapsed_s\":%lf,"
		                 "\"remaining_s\":%n", &done, &failed, &elapsed,
		                 &got), 3);
		ck_assert_int_gt(got, 0);
		ck_assert_int_gt(done, last);
		strtod(line + got, &end);
		ck_assert_int_eq(strncmp(end, ",\"rate\":", 8), 0);
		strtod(end + 8, &end);
		ck_assert_str_eq(end, n == 1 ? ",\"state\":\"finished\"}"
		                             : ",\"state\":\"running\"}");
		last = n == 1 ? -1 : done;
	}
	ck_assert_int_eq(done, 100);
}
END_TEST

START_TEST(a_closed_stream_is_silent_and_left_alone)
{
	FILE *out = tmpfile();
	run_end(run_with("verbose 11", NULL, fileno(out), CLOSED), 0);
	run_end(run_with("data file", NULL, fileno(out), CLOSED), 0);
	slurp(out, out_text, sizeof(out_text));
	ck_assert_str_eq(out_text, "");
}
END_TEST

START_TEST(a_stream_that_takes_nothing_hurts_nobody)
{
	int fd[2], full = open("/dev/full", O_WRONLY);
	static const char dots[4096];
	if (full >= 0)
		run_end(run_with("verbose 11", NULL, 1, full), 0);
	close(full);
	ck_assert_int_eq(pipe(fd), 0); /* full */
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	while (write(fd[1], dots, sizeof(dots)) > 0)
		;
	fcntl(fd[1], F_SETFL, 0);
	run_end(run_with("verbose 11", NULL, 1, fd[1]), 0);
	close(fd[0]); /* broken */
	run_end(run_with("verbose 11", NULL, 1, fd[1]), 0);
	run_end(run_with("verbose 51", NULL, fd[1], 2), 0);
	close(fd[1]);
}
END_TEST

/* Read all that a program writes to a terminal of one column. */
START_TEST(a_bar_is_sane_in_one_column)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	setenv("TERM", "xterm", 1);
	pid_t child = run_with("bar", _i ? "COLUMNS=1" : "COLUMNS=80", 1,
	                       slave);
	close(slave);
	size_t n = 0;
	ssize_t got;
	while ((got = read(master, err_text + n, sizeof(err_text) - 1 - n)) > 0)
		n += (size_t)got;
	err_text[n] = '\0';
	run_end(child, 0);
	close(master);
	/* The terminal makes \r\n of a newline. */
	ck_assert(ends_with(err_text, " finished\r\n"));
	ck_assert_int_eq(lines_in(err_text), 1);
	ck_assert_int_eq(strchr(err_text, '#') != NULL, _i == 0);
	ck_assert_int_eq(strstr(err_text, "\r\033[K") != NULL, _i == 0);
}
END_TEST

START_TEST(a_bar_is_lines_where_there_is_no_terminal)
{
	run("bar", NULL);
	ck_assert_ptr_null(strpbrk(err_text, "\r\033#"));
	ck_assert_int_ge(lines_in(err_text), 2);
	ck_assert(ends_with(err_text, " finished\n"));
}
END_TEST

START_TEST(lines_of_many_calls_are_never_mixed)
{
	run("many calls", NULL);
	const char *at = err_text;
	int finished = 0;
	for (int n = lines_in(err_text); n > 0; n--) {
		int n_jobs;
		int got = sscanf(at, "[Parallel(n_jobs=%d)]", &n_jobs);
		ck_assert_int_eq(got, 1);
		const char *end = strchr(at, '\n');
		int last = strncmp(end - 9, " finished", 9) == 0;
		known_line(&at, n_jobs, 20, last ? " finished\n" : NULL);
		finished += last;
	}
	ck_assert_str_eq(at, "");
	ck_assert_int_eq(finished, 64 * 3);
}
END_TEST

static Suite *progress_suite(void)
{
	Suite *s = suite_create("progress_api");

	TCase *t = tcase_create("lines");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, listing_2_of_the_article);
	tcase_add_test(t, verbose_0_shows_nothing);
	tcase_add_loop_test(t, verbose_to_10_has_about_as_many_lines, 1, 11);
	tcase_add_loop_test(t, above_10_each_job_has_a_line, 11, 12);
	tcase_add_loop_test(t, above_10_each_job_has_a_line, 50, 52);
	tcase_add_test(t, a_loop_over_ranges_is_shown_alike);
	tcase_add_test(t, a_stream_without_total_has_no_eta);
	tcase_add_test(t, no_jobs_have_a_last_line);
	tcase_add_test(t, the_last_word_tells_how_it_ended);
	tcase_add_test(t, the_environment_says_what_the_program_does_not);
	tcase_add_test(t, the_first_line_tells_what_was_ignored);
	tcase_add_test(t, json_has_an_object_a_line);
	tcase_add_test(t, lines_of_many_calls_are_never_mixed);
	suite_add_tcase(s, t);

	t = tcase_create("streams");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_closed_stream_is_silent_and_left_alone);
	tcase_add_test(t, a_stream_that_takes_nothing_hurts_nobody);
	tcase_add_loop_test(t, a_bar_is_sane_in_one_column, 0, 2);
	tcase_add_test(t, a_bar_is_lines_where_there_is_no_terminal);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		int rc = scene(argv[1]);
		thrum_shutdown(); /* leak checkers count threads, too */
		return rc;
	}
	SRunner *r = srunner_create(progress_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
