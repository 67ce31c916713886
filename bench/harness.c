/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* harness.c - how questions are put and figures are taken
 *
 * The program that is called goes through the rounds and measures nothing. For
 * each measurement it starts itself anew, with --measure, and reads what that
 * process emits: lines of a metric, a value and a p90, and last of -1, the
 * share of its time that it waited for a core, and 0. So each has an address
 * space, a layout and a runtime of its own, and one that hangs or dies costs a
 * reading and not the run.
 */
#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"
#include "goals.h"
#include "host.h"

#define ROUNDS 7
#define ROUNDS_QUICK 3
#define WARM_NS 10000000u
#define BUDGET_NS 50000000u
#define BATCH_NS 2000
#define WARM_CALLS 3
#define READINGS_LEAST 5
#define READINGS_MAX 100000
#define PATIENT 5 /* times the warm-up, to have called it so often */
#define PATIENT_READING 2
#define NO_WARMING 4 /* times the readings: what starts once is lost in it */
#define PATIENCE_MS 120000
#define RETRIES 2
#define PAUSE_NS 100000000 /* before a retry */
#define WAITED (-1)
#define DISTURBED 0.02 /* of the time of its workers */

extern char **environ;

struct options {
	int quick, rounds, retries, list;
	int workers;
	const char *only, *contestants;
	const char *csv, *json, *directory;
	const char *question, *who; /* of --measure */
};

/* --- In the process of a measurement ------------------------------------ */

/* When the last warm-up was over, and how long threads had waited by then: that
 * new threads wait for a core until the system has spread them is of no
 * interest, unless a question is about that and does not warm up. */
static struct {
	uint64_t since;
	double waited_s;
} warm;

/* What a call takes, in nanoseconds. Warms up meanwhile: what takes far longer
 * than it should is not asked to do it often. */
static double warm_up(const struct run *run, void (*op)(void *), void *arg)
{
	uint64_t start = work_clock_ns(), took;
	size_t calls = 0;

	do {
		op(arg);
		calls++;
		took = work_clock_ns() - start;
	} while (took < run->warm_ns
	         || (calls < WARM_CALLS && took < PATIENT * run->warm_ns));
	return (double)took / (double)calls;
}

struct samples run_sample(const struct run *run, void (*op)(void *),
                          void *arg)
{
	struct samples s = { 0 };
	double each = warm_up(run, op, arg);
	/* In batches, so that the clock does not count. */
	size_t batch = each < BATCH_NS ? (size_t)(BATCH_NS / each) + 1 : 1;

	if (each > NO_WARMING * (double)run->budget_ns) {
		samples_add(&s, each);
		return s;
	}
	warm.waited_s = host_waited_s();
	warm.since = work_clock_ns();
	uint64_t begin = warm.since, last = begin;
	while ((last - begin < run->budget_ns && s.count < READINGS_MAX)
	       || (s.count < READINGS_LEAST
	           && last - begin < PATIENT_READING * run->budget_ns)) {
		uint64_t start = work_clock_ns();
		for (size_t i = 0; i < batch; i++)
			op(arg);
		last = work_clock_ns();
		samples_add(&s, (double)(last - start) / (double)batch);
	}
	return s;
}

int run_loop(const struct run *run, size_t n, enum peer_schedule how,
             size_t grain, thrum_for_fn *body, void *ctx)
{
	if (!run->peer->loop)
		return -1;
	if (how == PEER_AUTO) {
		how = run->who->schedule;
		grain = run->who->grain;
	}
	return run->peer->loop(n, how, grain, body, ctx);
}

void run_emit(const struct run *run, int metric, double value, double p90)
{
	(void)run;
	printf("%d %.17g %.17g\n", metric, value, p90);
}

void run_emit_time(const struct run *run, int metric, struct samples *s,
                   double scale)
{
	run_emit(run, metric, scale * samples_quantile(s, 0.5),
	         scale * samples_quantile(s, 0.9));
}

void run_emit_rate(const struct run *run, int metric, struct samples *s,
                   double amount)
{
	run_emit(run, metric, amount / samples_quantile(s, 0.5),
	         amount / samples_quantile(s, 0.9));
}

double run_clock_cost(void)
{
	struct samples s = { 0 };

	for (int i = 0; i < 1000; i++) {
		uint64_t start = work_clock_ns();
		samples_add(&s, (double)(work_clock_ns() - start));
	}
	double cost = samples_quantile(&s, 0.5);
	samples_free(&s);
	return cost;
}

static const struct question *find_question(const char *name)
{
	for (const struct question *q = bench.question; q->name; q++)
		if (strcmp(q->name, name) == 0)
			return q;
	return NULL;
}

static int measure(const struct options *o)
{
	const char *step = getenv("BENCH_STEP_NS");
	unsigned slower = o->quick ? 4 : 1;
	struct run run = {
		.question = find_question(o->question),
		.who = contestant_find(o->who),
		.quick = o->quick,
		.warm_ns = WARM_NS / slower,
		.budget_ns = BUDGET_NS / slower,
	};

	if (!run.question || !run.who)
		return 2;
	run.workers = run.who->workers ? run.who->workers : o->workers;
	run.peer = contestant_open(run.who);
	if (!run.peer || run.peer->begin(run.workers))
		return 1;
	work_set_step(step ? atof(step) : work_calibrate());
	warm.since = work_clock_ns();
	run.question->answer(&run);
	double took_s = 1e-9 * (double)(work_clock_ns() - warm.since);
	double waited_s = host_waited_s() - warm.waited_s;
	run_emit(&run, WAITED, waited_s / (took_s * run.workers), 0);
	/* The runtimes' threads may still spin: leave them to the system. */
	fflush(stdout);
	_exit(0);
}

/* --- In the program that is called ---------------------------------------- */

static void set_variable(char *text, int set)
{
	char *equals = strchr(text, '=');

	if (!equals)
		return;
	*equals = 0;
	if (set)
		setenv(text, equals + 1, 1);
	else
		unsetenv(text);
	*equals = '=';
}

static pid_t start(const struct options *o, const struct question *q,
                   const struct contestant *who, int *from)
{
	char workers[16], self[] = "/proc/self/exe", set[64] = "";
	char quick[] = "--quick", option[] = "--measure", w[] = "--workers";
	char question[64], name[32];
	char *argv[] = { self, option, question, name, w, workers,
		         o->quick ? quick : NULL, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return -1;
	snprintf(workers, sizeof workers, "%d", o->workers);
	snprintf(question, sizeof question, "%s", q->name);
	snprintf(name, sizeof name, "%s", who->name);
	snprintf(set, sizeof set, "%s", who->set ? who->set : "");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	set_variable(set, 1);
	if (posix_spawn(&pid, self, &actions, NULL, argv, environ))
		pid = -1;
	set_variable(set, 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*from = ends[0];
	if (pid < 0)
		close(ends[0]);
	return pid;
}

/* All that comes until the other end is closed: 1; 0 if patience was over. */
static int read_all(int from, char *text, size_t size)
{
	uint64_t until = work_clock_ns() + PATIENCE_MS * 1000000ull;
	size_t have = 0;
	int ended = 0;

	while (!ended) {
		struct pollfd p = { .fd = from, .events = POLLIN };
		uint64_t now = work_clock_ns();
		ssize_t n;
		if (now >= until || have + 1 == size)
			break;
		if (poll(&p, 1, (int)((until - now) / 1000000) + 1) <= 0)
			continue;
		n = read(from, text + have, size - 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			have += (size_t)n;
		else
			ended = 1;
	}
	text[have] = 0;
	return ended;
}

/* What one process emitted. */
struct reading {
	double value[METRICS_MAX], p90[METRICS_MAX], waited;
};

static void parse(const char *text, struct reading *reading)
{
	int metric;
	double value, p90;

	for (const char *line = text; line && *line;) {
		if (sscanf(line, "%d %lf %lf", &metric, &value, &p90) != 3)
			metric = METRICS_MAX;
		if (metric == WAITED)
			reading->waited = value;
		else if (metric >= 0 && metric < METRICS_MAX) {
			reading->value[metric] = value;
			reading->p90[metric] = p90;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

static struct reading take_reading(const struct options *o,
                                   const struct question *q,
                                   const struct contestant *who)
{
	struct reading reading = { .waited = 0 };
	char text[1024];
	int from, status;
	pid_t pid = start(o, q, who, &from);

	for (int m = 0; m < METRICS_MAX; m++)
		reading.value[m] = reading.p90[m] = NAN;
	if (pid < 0)
		return reading;
	if (!read_all(from, text, sizeof text))
		kill(pid, SIGKILL);
	close(from);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "%s/%s: %s ended with %s %d\n", bench.name,
		        q->name, who->name,
		        WIFSIGNALED(status) ? "signal" : "status",
		        WIFSIGNALED(status) ? WTERMSIG(status)
		                            : WEXITSTATUS(status));
	} else {
		parse(text, &reading);
	}
	return reading;
}

/* The least disturbed of some readings, for the table. */
static void fill(const struct options *o, const struct question *q,
                 struct row *row, int round)
{
	struct reading best = take_reading(o, q, row->who);

	int retries = q->crowded ? 0 : o->retries;
	for (int i = 0; i < retries && best.waited > DISTURBED; i++) {
		struct timespec pause = { 0, PAUSE_NS };
		nanosleep(&pause, NULL);
		struct reading other = take_reading(o, q, row->who);
		if (other.waited < best.waited && !isnan(other.value[0]))
			best = other;
	}
	for (int m = 0; m < METRICS_MAX; m++) {
		row->value[m][round] = best.value[m];
		row->p90[m][round] = best.p90[m];
	}
	row->waited[round] = best.waited;
}

/* Whether @p name is in the list a,b,c. */
static int is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at++)
		if ((at == list || at[-1] == ',')
		    && (at[length] == ',' || at[length] == 0))
			return 1;
	return 0;
}

static int takes_part(const struct options *o, const struct question *q,
                      const struct contestant *c)
{
	if (!(q->with & c->group) || !contestant_is_built(c))
		return 0;
	return !o->contestants || is_listed(o->contestants, c->name);
}

static void ask(const struct options *o, const struct question *q,
                struct figures *f)
{
	double busy = host_busy_s(), own = host_own_s();
	uint64_t start_ns = work_clock_ns();

	f->question = q;
	f->rounds = q->rounds && q->rounds < o->rounds ? q->rounds : o->rounds;
	f->rows = 0;
	for (const struct contestant *c = contestants; c->name; c++)
		if (f->rows < ROWS_MAX && takes_part(o, q, c)) {
			struct row *row = &f->row[f->rows++];
			row->who = c;
			row->workers = c->workers ? c->workers : o->workers;
		}
	/* Each round begins with another: nobody is always first. */
	for (int round = 0; round < f->rounds; round++)
		for (int i = 0; i < f->rows; i++)
			fill(o, q, &f->row[(round + i) % f->rows], round);
	busy = host_busy_s() - busy - (host_own_s() - own);
	f->others = busy * 1e9 / (double)(work_clock_ns() - start_ns)
	            / (double)sysconf(_SC_NPROCESSORS_ONLN);
}

static int is_asked(const struct options *o, const struct question *q)
{
	char full[96];

	snprintf(full, sizeof full, "%s/%s", bench.name, q->name);
	return !o->only || strstr(full, o->only);
}

static void say_who(FILE *out)
{
	const char *missing = NULL;

	for (const struct contestant *c = contestants; c->name; c++) {
		if (contestant_is_built(c)
		    || (missing && strcmp(missing, c->module) == 0))
			continue;
		fprintf(out, "%s %s", missing ? "," : "not built:", c->module);
		missing = c->module;
	}
	if (missing)
		fprintf(out, "\n");
}

/* The file that was asked for, or one of its kind in the directory. */
static FILE *open_output(const struct options *o, const char *path,
                         const char *kind)
{
	char name[PATH_MAX];
	FILE *f;

	if (!path && o->directory) {
		snprintf(name, sizeof name, "%s/bench_%s.%s", o->directory,
		         bench.name, kind);
		path = name;
	}
	if (!path)
		return NULL;
	f = strcmp(path, "-") ? fopen(path, "w") : stdout;
	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	return f;
}

static int run_all(const struct options *o)
{
	static struct figures f;
	struct host host = host_get();
	struct tally tally = { 0, 0 };
	FILE *csv = open_output(o, o->csv, "csv");
	FILE *json = open_output(o, o->json, "json");
	FILE *out = csv == stdout || json == stdout ? stderr : stdout;
	const char *list = getenv("BENCH_GOALS");
	FILE *goals = list ? fopen(list, "a") : NULL;
	char step[32];
	int first = 1;

	snprintf(step, sizeof step, "%.6g", work_calibrate());
	setenv("BENCH_STEP_NS", step, 1);
	fprintf(out, "bench_%s: %s\n", bench.name, bench.text);
	fprintf(out, "%s, %d cores, %s, %s, %s%s%s\n", host.cpu, host.cores,
	        host.system, host.compiler, host.date,
	        *host.commit ? ", " : "", host.commit);
	fprintf(out, "%d workers, %d rounds, %s ns a step, %.0f ns for a line "
	             "to go to another core and back\n",
	        o->workers, o->rounds, step, host.line_ns);
	say_who(out);
	if (csv)
		figures_csv_head(csv);
	if (json)
		figures_json_head(&host, o->workers, json);
	for (const struct question *q = bench.question; q->name; q++) {
		if (!is_asked(o, q))
			continue;
		ask(o, q, &f);
		figures_print(&f, out, &tally);
		if (goals)
			goals_list(&f, goals);
		if (csv)
			figures_csv(&f, csv);
		if (json)
			figures_json(&f, json, first);
		first = 0;
	}
	if (json)
		figures_json_tail(json);
	if (goals)
		fclose(goals);
	fprintf(out, "\nbench_%s: %d goals reached, %d missed\n", bench.name,
	        tally.reached, tally.missed);
	return 0;
}

static void usage(FILE *out)
{
	fprintf(out,
	        "usage: bench_%s [option ...]\n"
	        "%s\n\n"
	        "  --list               the questions, and no more\n"
	        "  --only TEXT          those with TEXT in bench/question\n"
	        "  --contestants A,B    only these of those invited\n"
	        "  --rounds N           interleaved rounds [%d]\n"
	        "  --retries N          if others disturbed a reading [%d]\n"
	        "  --workers N          workers [the cores there are]\n"
	        "  --quick              rough figures, %d rounds\n"
	        "  --csv FILE           every reading; - is stdout\n"
	        "  --json FILE          the figures; - is stdout\n"
	        "  --measure QUESTION CONTESTANT\n"
	        "                       one measurement, in this process:\n"
	        "                       metric, value, p90\n\n"
	        "BENCH_QUICK=1 and BENCH_WORKERS stand for options.\n"
	        "BENCH_OUT is a directory for both files of each program,\n"
	        "BENCH_PEERS where the modules are, BENCH_COMMIT is shown.\n"
	        "To the file BENCH_GOALS a line is added for each goal.\n",
	        bench.name, bench.text, ROUNDS, RETRIES, ROUNDS_QUICK);
}

static int is_option(const char *arg, const char *name, int *left, int needs)
{
	if (strcmp(arg, name))
		return 0;
	if (*left < needs) {
		usage(stderr);
		exit(2);
	}
	*left -= needs;
	return 1;
}

static void read_options(struct options *o, int argc, char **argv)
{
	for (int left = argc - 1; left > 0;) {
		char **arg = argv + argc - left--;
		if (is_option(*arg, "--list", &left, 0))
			o->list = 1;
		else if (is_option(*arg, "--quick", &left, 0))
			o->quick = 1;
		else if (is_option(*arg, "--only", &left, 1))
			o->only = arg[1];
		else if (is_option(*arg, "--contestants", &left, 1))
			o->contestants = arg[1];
		else if (is_option(*arg, "--rounds", &left, 1))
			o->rounds = atoi(arg[1]);
		else if (is_option(*arg, "--retries", &left, 1))
			o->retries = atoi(arg[1]);
		else if (is_option(*arg, "--workers", &left, 1))
			o->workers = atoi(arg[1]);
		else if (is_option(*arg, "--csv", &left, 1))
			o->csv = arg[1];
		else if (is_option(*arg, "--json", &left, 1))
			o->json = arg[1];
		else if (is_option(*arg, "--measure", &left, 2)) {
			o->question = arg[1];
			o->who = arg[2];
		} else {
			int asked = strcmp(*arg, "--help") == 0;
			usage(asked ? stdout : stderr);
			exit(asked ? 0 : 2);
		}
	}
}

static int is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value && strcmp(value, "0");
}

int main(int argc, char **argv)
{
	const char *workers = getenv("BENCH_WORKERS");
	struct options o = {
		.quick = is_set("BENCH_QUICK"),
		.retries = RETRIES,
		.workers = workers ? atoi(workers) : 0,
		.directory = getenv("BENCH_OUT"),
	};

	read_options(&o, argc, argv);
	if (o.workers < 1)
		o.workers = host_cores();
	if (o.rounds < 1)
		o.rounds = o.quick ? ROUNDS_QUICK : ROUNDS;
	if (o.rounds > ROUNDS_MAX)
		o.rounds = ROUNDS_MAX;
	if (o.question)
		return measure(&o);
	if (o.list) {
		for (const struct question *q = bench.question; q->name; q++)
			printf("%s/%s: %s\n", bench.name, q->name, q->text);
		return 0;
	}
	return run_all(&o);
}
