/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_summary.c - the table of THRUM_STATS is there when it should, and whole
 *
 * This program runs itself with the name of a scene, with THRUM_STATS as it is
 * to be, and reads standard error.
 */
#include "config.h"

#include "../sanitizer.h"
#include "stats.h"

#include <signal.h>
#include <sys/wait.h>

enum { WIDE = 250 };

/* Scenes: programs of their own, with THRUM_STATS as it is to be */

static int own_pool(void)
{
	thrum_pool *pool = pool_of(WORKERS, 0);
	bool good = true;

	for (int s = 0; s < SHAPES; s++)
		good &= adds_up((enum shape)s, pool, 0)
		        && adds_up((enum shape)s, pool, 1); /* alone */
	/* Too short to be shared, at least from some time on. */
	for (int i = 0; i < 1000; i++) {
		uint64_t before = total(pool).jobs;
		good &= thrum_for(pool, 3, in_loop, NULL, NULL) == 0
		        && total(pool).jobs - before == 3;
	}
	/* A sleep is seen while it lasts. */
	thrum_pool *sleepy = pool_of(2, -1);
	atomic_int here = 0;
	good &= thrum_map(sleepy, 2, meet, &here, NULL, 0, NULL) == 0;
	while (total(sleepy).parks == 0)
		doze(1);
	uint64_t slept = total(sleepy).parked_ns;
	doze(2);
	good &= total(sleepy).parked_ns > slept;
	return thrum_pool_destroy(sleepy) | thrum_pool_destroy(pool) | !good;
}

/* Two items, by two workers at once, of whom the caller is done first: it has
 * nothing to do but wait, and does so awake. */
struct pair {
	int items;
	atomic_int here;
};

static int next_of_two(void *ctx, void *item)
{
	return next(&((struct pair *)ctx)->items, item);
}

static int meet_and_stay(void *ctx, void *item, thrum_task *task)
{
	(void)meet(&((struct pair *)ctx)->here, 0, item, task);
	if (thrum_task_worker(task) != 0)
		doze(5);
	return 0;
}

static int stream_awake(void)
{
	thrum_pool *pool = pool_of(2, 1000000);
	thrum_worker_stats before = total(pool);
	int rc = 0, streams = 0;

	/* Again where the caller was not run for so long, until the alarm. */
	while (rc == 0 && total(pool).spin_ns == before.spin_ns) {
		struct pair p = { .items = 2 };
		rc = thrum_stream(pool, 8, next_of_two, meet_and_stay, NULL,
		                  NULL, &p, NULL);
		streams++;
	}
	rc |= total(pool).spins == before.spins
	      || total(pool).jobs != 2ul * (unsigned)streams;
	return rc | thrum_pool_destroy(pool);
}

/* More rows than are let out at once. */
static int wide(void)
{
	thrum_pool *pool = pool_of(WIDE, 0);
	int rc = call(FOR, pool, THRUM_OPTS(.n_jobs = 2));
	return rc | thrum_pool_destroy(pool);
}

static int no_times(void)
{
	thrum_pool *pool = pool_of(2, 0);
	thrum_report r;
	int rc = call(FOR, pool, THRUM_OPTS(.report = &r));
	bool good = rc == 0 && total(pool).spin_ns == 0
	            && total(pool).parked_ns == 0;

	return thrum_pool_destroy(pool) ? 1 : !good ? 2
	       : r.notes & THRUM_NOTE_ENV ? 3 : 0;
}

static int from_default(void)
{
	return call(FOR, NULL, THRUM_OPTS(.n_jobs = 2));
}

static int shut_down_twice(void)
{
	return from_default() | thrum_shutdown() | thrum_shutdown();
}

static int leave(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)ctx, (void)result, (void)task;
	spin(2000);
	if (i == 50)
		exit(0);
	return 0;
}

static int leave_in_a_body(void)
{
	return 1 + thrum_map(NULL, 100, leave, NULL, NULL, 0,
	                     THRUM_OPTS(.n_jobs = 2));
}

/* The child calls @p times by itself, and ends as a program does. */
static int forked(int times)
{
	int status = -1, rc = from_default();
	pid_t child = fork();

	if (child == 0) {
		alarm(20);
		HOLDS(total(NULL).jobs == 0);
		while (times-- > 0)
			rc |= call(REDUCE, NULL,
			           THRUM_OPTS(.n_jobs = 2)) != 0;
		exit(rc);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status || rc;
}

static int scene(const char *name)
{
	alarm(50);
	if (strcmp(name, "own pool") == 0)
		return own_pool();
	if (strcmp(name, "stream awake") == 0)
		return stream_awake();
	if (strcmp(name, "wide") == 0)
		return wide();
	if (strcmp(name, "no times") == 0)
		return no_times();
	if (strcmp(name, "shut down twice") == 0)
		return shut_down_twice();
	if (strcmp(name, "exit") == 0)
		return from_default();
	if (strcmp(name, "_exit") == 0)
		_exit(from_default());
	if (strcmp(name, "leave in a body") == 0)
		return leave_in_a_body();
	if (strcmp(name, "forked") == 0)
		return forked(0);
	if (strcmp(name, "forked and busy") == 0)
		return forked(1);
	return 99;
}

static char text[1 << 16];

/* Run it with THRUM_STATS=@p value, NULL unset. @return how it ended. */
static int play(const char *name, const char *value)
{
	FILE *err = tmpfile();
	int status = -1;
	ck_assert_ptr_nonnull(err);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		dup2(fileno(err), 2);
		signal(SIGALRM, SIG_DFL);
		if (value)
			setenv("THRUM_STATS", value, 1);
		/* It complains of a thread that it cannot stop, on the output
		 * that is read here; other tests look for leaks. */
		setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
		execl("/proc/self/exe", "check_summary", name, (char *)NULL);
		_exit(98);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	rewind(err);
	text[fread(text, 1, sizeof text - 1, err)] = '\0';
	fclose(err);
	ck_assert_msg(WIFEXITED(status), "%s: status is %#x\n%s", name,
	              (unsigned)status, text);
	return WEXITSTATUS(status);
}

enum { COLUMNS = 11 };

/* A row: pool, worker, CPU, and the rest as numbers, seconds in millionths. */
static bool read_row(const char *line, int *pool, char who[8],
                     uint64_t number[COLUMNS])
{
	char cpu[8];
	int at = 0;

	if (sscanf(line, "thrum: %d %7s %7s%n", pool, who, cpu, &at) != 3)
		return false;
	for (int i = 0; i < COLUMNS; i++) {
		unsigned long long whole = 0;
		unsigned part = 0;
		int more = 0;
		bool seconds = i == 8 || i == 10;
		int got = seconds ? sscanf(line + at, " %llu.%6u%n", &whole,
		                           &part, &more)
		                  : sscanf(line + at, " %llu%n", &whole, &more);
		if (got != 1 + seconds)
			return false;
		number[i] = seconds ? whole * 1000000 + part : whole;
		at += more;
	}
	return line[at] == '\n';
}

static const char heading[] =
	"thrum: pool worker cpu calls jobs chunks ranges tasks misses wakes "
	"spins spin_s parks parked_s";

/* Words with a blank between them, up to the end of the line. */
static void squeeze(char *out, size_t size, const char *line)
{
	size_t n = 0;
	for (; *line != '\n' && *line && n + 2 < size; line++)
		if (*line != ' ' || (n > 0 && out[n - 1] != ' '))
			out[n++] = *line;
	out[n] = '\0';
}

/* Read a table at *at, which goes on behind it. @return its workers. */
static int read_table(const char **at, int *pool, uint64_t sum[COLUMNS])
{
	uint64_t number[COLUMNS];
	char who[8], words[256];
	int workers = 0;

	squeeze(words, sizeof words, *at);
	ck_assert_str_eq(words, heading);
	memset(sum, 0, COLUMNS * sizeof *sum);
	for (bool other = false;;) {
		*at = strchr(*at, '\n') + 1;
		ck_assert_msg(read_row(*at, pool, who, number), "%s", *at);
		if (strcmp(who, "total") == 0) {
			ck_assert(other);
			break;
		}
		ck_assert(!other);
		other = strcmp(who, "other") == 0;
		if (!other)
			ck_assert_int_eq(atoi(who), workers++);
		for (int i = 0; i < COLUMNS; i++)
			sum[i] += number[i];
	}
	*at = strchr(*at, '\n') + 1;
	for (int i = 0; i < COLUMNS; i++)
		ck_assert_uint_eq(sum[i], number[i]);
	return workers;
}

START_TEST(a_pool_that_ends_has_a_table_that_adds_up)
{
	uint64_t sum[COLUMNS];
	const char *at = text;
	int pool;

	ck_assert_int_eq(play("own pool", "1"), 0);
	ck_assert_int_eq(read_table(&at, &pool, sum), 2);
	ck_assert_int_eq(pool, 2);
	ck_assert_uint_eq(sum[1], 2);
	ck_assert_uint_gt(sum[10], 0);
	ck_assert_int_eq(read_table(&at, &pool, sum), WORKERS);
	ck_assert_int_eq(pool, 1);
	/* Four shapes of N, two of 300, one of 1, one of the workers or 1. */
	ck_assert_uint_eq(sum[1], 2 * (4 * N + 2 * 300 + 1) + WORKERS + 1
	                          + 3 * 1000);
	ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(a_wide_pool_has_all_its_rows)
{
	uint64_t sum[COLUMNS];
	const char *at = text;
	int pool;

	ck_assert_int_eq(play("wide", "1"), 0);
	ck_assert_int_eq(read_table(&at, &pool, sum), WIDE);
	ck_assert_uint_eq(sum[1], N);
	ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(waiting_awake_for_items_is_counted)
{
	uint64_t sum[COLUMNS];
	const char *at = text;
	int pool;

	ck_assert_int_eq(play("stream awake", "1"), 0);
	ck_assert_int_eq(read_table(&at, &pool, sum), 2);
	ck_assert_uint_gt(sum[8], 0);
	ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(nothing_is_printed_or_timed_unless_asked_for)
{
	ck_assert_int_eq(play("no times", NULL), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(play("no times", "0"), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(play("no times", "yes"), 3); /* and noted */
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(play("no times", ""), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

static void assert_one_table_of(uint64_t jobs, const char **at)
{
	uint64_t sum[COLUMNS];
	int pool;

	ck_assert_int_ge(read_table(at, &pool, sum), 1);
	ck_assert_int_eq(pool, 1);
	ck_assert_uint_eq(sum[1], jobs);
}

START_TEST(the_default_pool_ends_once)
{
	const char *at = text;

	ck_assert_int_eq(play("shut down twice", "1"), 0);
	assert_one_table_of(N, &at);
	ck_assert_str_eq(at, "");
}
END_TEST

#if !UNDER_TSAN
START_TEST(the_end_of_the_process_is_the_end_of_the_default_pool)
{
	const char *at = text;
	uint64_t sum[COLUMNS];
	int pool;

	ck_assert_int_eq(play("exit", "1"), 0);
	assert_one_table_of(N, &at);
	ck_assert_str_eq(at, "");
	ck_assert_int_eq(play("exit", "0"), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(play("_exit", "1"), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(play("leave in a body", "1"), 0);
	at = text;
	ck_assert_int_ge(read_table(&at, &pool, sum), 1);
	ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(a_child_prints_what_it_did_itself)
{
	const char *at = text;

	ck_assert_int_eq(play("forked", "1"), 0);
	assert_one_table_of(N, &at);
	ck_assert_str_eq(at, "");
	ck_assert_int_eq(play("forked and busy", "1"), 0);
	at = text;
	assert_one_table_of(N, &at); /* the child */
	assert_one_table_of(N, &at); /* its parent */
	ck_assert_str_eq(at, "");
}
END_TEST
#endif

int main(int argc, char **argv)
{
	if (argc == 2)
		return scene(argv[1]);
	Suite *s = suite_create("summary");
	TCase *c = tcase_create("table");
	tcase_add_test(c, a_pool_that_ends_has_a_table_that_adds_up);
	tcase_add_test(c, a_wide_pool_has_all_its_rows);
	tcase_add_test(c, waiting_awake_for_items_is_counted);
	tcase_add_test(c, nothing_is_printed_or_timed_unless_asked_for);
	tcase_add_test(c, the_default_pool_ends_once);
#if !UNDER_TSAN
	tcase_add_test(c, the_end_of_the_process_is_the_end_of_the_default_pool);
	tcase_add_test(c, a_child_prints_what_it_did_itself);
#endif
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
