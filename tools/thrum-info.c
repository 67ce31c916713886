/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum-info.c - what thrum would do here, and why
 *
 * Shows how the cores of the machine become the workers of a call: each step
 * with the file or variable that decided it. It asks the same code that a
 * program does, so it is linked with the inside of the library; started as the
 * program would be started (launcher, container, variables) it tells what the
 * program will get.
 */
#include "config.h"

#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/cpus.h>
#include <thrum/pool.h>
#include <thrum/report.h>
#include <thrum/version.h>

#include "affinity.h"
#include "cpus.h"
#include "env.h"
#include "machine.h"
#include "place.h"

extern char **environ;

enum {
	WARNINGS_MAX = 24,
	WARNING_BYTES = 512,
	VICTIMS_SHOWN = 16 /* as text; --json has all */
};

struct info {
	const struct machine *machine;
	const struct env *env;
	int n_jobs;             /* of the plan */
	const char *decided_by; /* n_jobs */
	int near_cpu;           /* that this program is on */
	int bind;               /* THRUM_BIND_* */
	bool bound;             /* workers can be and are */
	struct plan plan;
	int *order; /* room for the places of the plan */
	int warnings;
	char warning[WARNINGS_MAX][WARNING_BYTES];
};

static const char *const bind_names[] = { "", "cores", "none", "caller" };

static const char *const table[] = { "-1", "-2", "-4", "1", "io", "2x" };
#define TABLE_ROWS (sizeof(table) / sizeof(table[0]))

/* As a call on the default pool: what the rules say, then the ceiling. */
static int workers_of(const struct info *info, int n_jobs, bool *cut)
{
	unsigned notes = 0;
	int workers = thrum__n_jobs_resolve(n_jobs, info->machine->usable,
	                                    &notes);
	int max = info->env->max_jobs;
	*cut = (notes & THRUM_NOTE_CUT) != 0 || (max > 0 && max < workers);
	return max > 0 && max < workers ? max : workers;
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void warn(struct info *info, const char *format, ...)
{
	if (info->warnings == WARNINGS_MAX)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(info->warning[info->warnings++], WARNING_BYTES, format,
	          arguments);
	va_end(arguments);
}

static void warn_of_machine(struct info *info)
{
	const struct machine *m = info->machine;
	if (!m->thissystem)
		warn(info, "the topology is not that of this system "
		     "(HWLOC_SYNTHETIC or HWLOC_XMLFILE): taken as it is, "
		     "without mask and quota, and nothing is bound");
	if (m->refused)
		warn(info, "the system refuses to tell the affinity mask: "
		     "hwloc is not asked, and workers are not bound");
#ifdef HAVE_HWLOC
	else if (m->failure == -ENOSYS)
		warn(info, "hwloc could not be opened as " HWLOC_SONAME ": the "
		     "cores are those of /sys, caches are not known");
	else if (m->failure != 0)
		warn(info, "hwloc failed, %s: the cores are those of /sys, "
		     "caches are not known", strerror(-m->failure));
#else
	else if (m->thissystem)
		warn(info, "built without hwloc: the cores are those of /sys, "
		     "caches are not known");
#endif
	if (!m->cores_known)
		warn(info, "the system does not tell which CPUs share a core: "
		     "each CPU counts as one, and workers are not bound");
	if (m->notes & THRUM_NOTE_MASK)
		warn(info, "the main thread is bound to %d of the %d cores "
		     "that the process may use; where a launcher or "
		     "OMP_PROC_BIND did that, tell it not to, or set "
		     "THRUM_CPUS", m->step[STEP_MASK].cores,
		     m->step[STEP_ALLOWED].cores);
	if (m->cpus_ignored)
		warn(info, "THRUM_CPUS names no CPU that is allowed: ignored");
	if (m->usable < m->ncores)
		warn(info, "the CPU quota leaves %d of %d cores: %s",
		     m->usable, m->ncores, m->quota.file);
}

static bool is_ours(const struct info *info, const char *entry)
{
	for (int i = 0; i < ENV_COUNT; i++) {
		const char *name = info->env->value[i].name;
		size_t length = strlen(name);
		if (strncmp(entry, name, length) == 0 && entry[length] == '=')
			return true;
	}
	/* Of libthrum-cache, which has no part in this. */
	return strncmp(entry, "THRUM_CACHE_DIR=", 16) == 0;
}

static void warn_of_variables(struct info *info)
{
	for (int i = 0; i < ENV_COUNT; i++) {
		const struct env_value *value = &info->env->value[i];
		if (!value->valid)
			warn(info, "%s='%s' is ignored: it takes %s",
			     value->name, value->text, value->want);
	}
	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, "THRUM_", 6) == 0 &&
		    !is_ours(info, *entry))
			warn(info, "%.*s is not a variable of thrum",
			     (int)strcspn(*entry, "="), *entry);
	bool cut;
	int workers = workers_of(info, info->n_jobs, &cut);
	if (info->env->max_jobs == workers && cut)
		warn(info, "THRUM_MAX_JOBS cuts n_jobs to %d", workers);
}

/* Binding is tried in a thread of its own, as a pool would do it. */
static void *try_bind(void *place)
{
	const struct place *p = place;
	return thrum__affinity_bind(p->pu, p->npus) == 0 ? place : NULL;
}

static void probe_bind(struct info *info)
{
	struct place *first = &info->plan.place[0];
	pthread_t thread;
	void *done = NULL;
	info->bound = first->npus > 0;
	if (!info->bound ||
	    pthread_create(&thread, NULL, try_bind, first) != 0)
		return;
	pthread_join(thread, &done);
	info->bound = done != NULL;
	if (!info->bound)
		warn(info, "the system refuses to bind threads: workers run "
		     "where it puts them");
}

static int gather(struct info *info, int n_jobs)
{
	info->env = thrum__env();
	info->machine = thrum__machine();
	info->n_jobs = n_jobs;
	info->decided_by = "-n";
	if (n_jobs == 0) {
		info->n_jobs = thrum__n_jobs_default();
		info->decided_by = info->env->n_jobs.n_jobs != 0 ||
			info->env->n_jobs.num != 0 ? "THRUM_N_JOBS" :
			info->env->omp_n_jobs != 0 ? "OMP_NUM_THREADS" :
			"default";
	}
	info->bind = info->env->bind != 0 ? info->env->bind :
		THRUM_BIND_CORES;
	info->near_cpu = thrum__affinity_cpu();

	bool cut;
	int workers = workers_of(info, info->n_jobs, &cut);
	if (thrum__plan_make(&info->plan, info->machine, workers,
	                     info->near_cpu, info->bind) != 0)
		return -1;
	info->order = calloc((size_t)workers, sizeof(*info->order));
	if (!info->order)
		return -1;
	warn_of_machine(info);
	probe_bind(info);
	warn_of_variables(info);
	return 0;
}

/* Who decided a step of the funnel. */
static const char *decided(const struct machine *m, int step)
{
	switch (step) {
	case STEP_ONLINE:
		return m->origin;
	case STEP_ALLOWED:
		return !m->thissystem ? m->origin :
			m->cpuset_file[0] != '\0' ? m->cpuset_file :
			"no cpuset";
	default:
		return !m->thissystem ? "not applied" :
			m->cpus_taken ? "THRUM_CPUS" :
			m->refused ? "refused by the system" :
			"affinity mask of the main thread";
	}
}

static const char *const step_names[] = { "online", "allowed", "mask" };

static char *format_cpus(const struct cpulist *cpus)
{
	size_t size = thrum__cpulist_format(cpus, NULL, 0) + 1;
	char *text = malloc(size);
	if (text)
		thrum__cpulist_format(cpus, text, size);
	return text;
}

static void text_funnel(const struct machine *m)
{
	printf("Cores\n");
	for (int step = 0; step < STEP_COUNT; step++) {
		char *cpus = format_cpus(&m->step[step].cpus);
		printf("  %-8s %5d on CPUs %s  (%s)\n", step_names[step],
		       m->step[step].cores, cpus ? cpus : "?",
		       decided(m, step));
		free(cpus);
	}
	if (m->quota.limited)
		printf("  %-8s %5d  %.2f rounded up  (%s)\n", "quota",
		       m->quota.cpus, (double)m->quota.quota_us /
		       (double)m->quota.period_us, m->quota.file);
	else
		printf("  %-8s  none%s\n", "quota",
		       m->thissystem ? "" : "  (not applied)");
	printf("  %-8s %5d\n", "usable", m->usable);
	printf("  of %d package(s), %d node(s), %d L3 cache(s), %d kind(s) "
	       "of core; 0: not known\n", m->packages, m->nodes, m->l3s,
	       m->kinds);
}

static void text_n_jobs(const struct info *info)
{
	bool cut;
	printf("\nWorkers by n_jobs\n");
	for (size_t i = 0; i < TABLE_ROWS; i++) {
		int n_jobs = 0;
		if (thrum_n_jobs_parse(table[i], &n_jobs) != 0)
			continue;
		int workers = workers_of(info, n_jobs, &cut);
		printf("  %-8s %5d%s\n", table[i], workers,
		       cut ? "  (cut)" : "");
	}
	if (info->n_jobs == THRUM_JOBS_IO)
		printf("  here: io");
	else
		printf("  here: %d", info->n_jobs);
	printf(" by %s, which gives %d\n", info->decided_by,
	       info->plan.count);
}

static void text_place(const struct info *info, int worker)
{
	const struct place *place = &info->plan.place[worker];
	printf("  %6d ", worker);
	if (place->core < 0) {
		printf("%6s  %-16s", "-", "floats");
	} else {
		const struct core *core = &info->machine->core[place->core];
		char cpus[64];
		size_t length = 0;
		int npus = place->npus > 0 ? place->npus : core->npus;
		const int *pu = place->npus > 0 ? place->pu : core->pu;
		for (int i = 0; i < npus && length < sizeof(cpus); i++)
			length += (size_t)snprintf(
				cpus + length, sizeof(cpus) - length, "%s%d",
				i > 0 ? "," : "", pu[i]);
		printf("%6d  %-16s", place->core, cpus);
	}
	(void)thrum__plan_nearest(&info->plan, worker, info->order, NULL);
	for (int i = 1; i < info->plan.count && i <= VICTIMS_SHOWN; i++)
		printf(" %d", info->order[i]);
	if (info->plan.count > VICTIMS_SHOWN + 1)
		printf(" ...");
	printf("\n");
}

static void text_places(const struct info *info)
{
	printf("\nPlaces, nearest to CPU %d; ", info->near_cpu);
	if (info->bound)
		printf("workers are bound (THRUM_BIND=%s)\n",
		       bind_names[info->bind]);
	else
		printf("workers are not bound\n");
	printf("  %6s %6s  %-16s %s\n", "worker", "core", "CPUs",
	       "steals from");
	for (int i = 0; i < info->plan.count; i++)
		text_place(info, i);
}

static void text_variables(const struct env *env)
{
	printf("\nVariables\n");
	for (int i = 0; i < ENV_COUNT; i++) {
		const struct env_value *value = &env->value[i];
		if (!value->set)
			printf("  %-16s not set\n", value->name);
		else if (value->valid)
			printf("  %-16s %s\n", value->name, value->text);
		else
			printf("  %-16s %s  (not valid: it takes %s)\n",
			       value->name, value->text, value->want);
	}
}

static void text(const struct info *info)
{
	printf("thrum %s; topology by %s\n\n", thrum_version(),
	       info->machine->origin);
	text_funnel(info->machine);
	text_n_jobs(info);
	text_places(info);
	text_variables(info->env);
	printf("\nWarnings\n");
	for (int i = 0; i < info->warnings; i++)
		printf("  %s\n", info->warning[i]);
	if (info->warnings == 0)
		printf("  none\n");
}

/* Paths may hold any byte: what is not plain ASCII is written as a number, so
 * that the whole is valid whatever it is taken for. */
static void json_string(const char *string)
{
	putchar('"');
	for (const unsigned char *p = (const void *)string; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p >= ' ' && *p <= '~')
			putchar(*p);
		else
			printf("\\u%04x", *p);
	}
	putchar('"');
}

static void json_member(const char *name, const char *string)
{
	printf("\"%s\": ", name);
	json_string(string);
}

static void json_numbers(const int *number, int count)
{
	putchar('[');
	for (int i = 0; i < count; i++)
		printf("%s%d", i > 0 ? ", " : "", number[i]);
	putchar(']');
}

static void json_funnel(const struct machine *m)
{
	printf(",\n  \"funnel\": {\n");
	for (int step = 0; step < STEP_COUNT; step++) {
		printf("    \"%s\": {\"cores\": %d, \"cpus\": ",
		       step_names[step], m->step[step].cores);
		json_numbers(m->step[step].cpus.cpu,
		             m->step[step].cpus.count);
		printf(", ");
		json_member("by", decided(m, step));
		printf("},\n");
	}
	printf("    \"quota\": ");
	if (m->quota.limited) {
		printf("{\"cores\": %d, \"quota_us\": %lld, "
		       "\"period_us\": %lld, ", m->quota.cpus,
		       (long long)m->quota.quota_us,
		       (long long)m->quota.period_us);
		json_member("by", m->quota.file);
		printf("},\n");
	} else {
		printf("null,\n");
	}
	printf("    \"usable\": %d\n  }", m->usable);
}

static void json_machine(const struct machine *m)
{
	printf(",\n  \"machine\": {");
	json_member("topology", m->origin);
	printf(", \"this_system\": %s, \"cores_known\": %s, "
	       "\"packages\": %d, \"nodes\": %d, \"l3_caches\": %d, "
	       "\"kinds\": %d}", m->thissystem ? "true" : "false",
	       m->cores_known ? "true" : "false", m->packages, m->nodes,
	       m->l3s, m->kinds);
}

static void json_n_jobs(const struct info *info)
{
	printf(",\n  \"n_jobs\": {");
	for (size_t i = 0; i < TABLE_ROWS; i++) {
		int n_jobs = 0;
		bool cut = false;
		if (thrum_n_jobs_parse(table[i], &n_jobs) == 0)
			n_jobs = workers_of(info, n_jobs, &cut);
		printf("%s\"%s\": {\"workers\": %d, \"cut\": %s}",
		       i > 0 ? ", " : "", table[i], n_jobs,
		       cut ? "true" : "false");
	}
	printf("},\n  \"here\": {\"n_jobs\": ");
	if (info->n_jobs == THRUM_JOBS_IO)
		printf("\"io\"");
	else
		printf("%d", info->n_jobs);
	printf(", ");
	json_member("by", info->decided_by);
	printf(", \"workers\": %d, \"near_cpu\": %d, \"bind\": \"%s\", "
	       "\"bound\": %s}", info->plan.count, info->near_cpu,
	       bind_names[info->bind], info->bound ? "true" : "false");
}

static void json_places(const struct info *info)
{
	printf(",\n  \"places\": [");
	for (int i = 0; i < info->plan.count; i++) {
		const struct place *place = &info->plan.place[i];
		printf("%s\n    {\"worker\": %d, \"core\": %d, \"cpu\": %d, "
		       "\"node\": %d, \"bound_to\": ", i > 0 ? "," : "", i,
		       place->core, place->cpu, place->node);
		json_numbers(place->pu, info->bound ? place->npus : 0);
		printf(", \"steals_from\": ");
		(void)thrum__plan_nearest(&info->plan, i, info->order,
		                          NULL);
		json_numbers(info->order + 1, info->plan.count - 1);
		printf("}");
	}
	printf("\n  ]");
}

static void json_variables(const struct env *env)
{
	printf(",\n  \"variables\": [");
	for (int i = 0; i < ENV_COUNT; i++) {
		const struct env_value *value = &env->value[i];
		printf("%s\n    {\"name\": \"%s\", \"value\": ",
		       i > 0 ? "," : "", value->name);
		if (value->set)
			json_string(value->text);
		else
			printf("null");
		printf(", \"valid\": %s, ", value->valid ? "true" : "false");
		json_member("takes", value->want);
		printf("}");
	}
	printf("\n  ]");
}

static void json(const struct info *info)
{
	printf("{\n  ");
	json_member("thrum", thrum_version());
	json_machine(info->machine);
	json_funnel(info->machine);
	json_n_jobs(info);
	json_places(info);
	json_variables(info->env);
	printf(",\n  \"warnings\": [");
	for (int i = 0; i < info->warnings; i++) {
		printf("%s\n    ", i > 0 ? "," : "");
		json_string(info->warning[i]);
	}
	printf("%s]\n}\n", info->warnings > 0 ? "\n  " : "");
}

static const char usage[] =
	"usage: thrum-info [--json] [-n n_jobs]\n"
	"       thrum-info --help | --version\n";

static const char help[] =
	"Show which cores thrum uses here and why, what n_jobs means, who is\n"
	"placed where, and which variables were read.\n"
	"\n"
	"  -n n_jobs   plan for so many workers: 4, -2, all, 1.5x, 50%, io\n"
	"  --json      as one JSON object\n"
	"  --help      this text\n"
	"  --version   the version of thrum\n";

/* @return 0 to go on, 1 if all is done, 2 for a bad argument. */
static int read_arguments(int argc, char **argv, int *n_jobs, bool *as_json)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			printf("%s%s", usage, help);
			return 1;
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("thrum-info %s\n", thrum_version());
			return 1;
		}
		if (strcmp(argv[i], "--json") == 0) {
			*as_json = true;
			continue;
		}
		if (strcmp(argv[i], "-n") != 0 || i + 1 == argc) {
			fprintf(stderr, "thrum-info: bad argument: %s\n%s",
			        argv[i], usage);
			return 2;
		}
		if (thrum_n_jobs_parse(argv[++i], n_jobs) != 0) {
			fprintf(stderr, "thrum-info: not an n_jobs: %s\n%s",
			        argv[i], usage);
			return 2;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct info info;
	int n_jobs = 0;
	bool as_json = false;
	int end = read_arguments(argc, argv, &n_jobs, &as_json);
	if (end == 2)
		return 2;
	if (end == 0) {
		if (gather(&info, n_jobs) != 0) {
			fprintf(stderr, "thrum-info: out of memory\n");
			return 1;
		}
		if (as_json)
			json(&info);
		else
			text(&info);
	}
	free(info.order);
	thrum__plan_free(&info.plan);
	thrum__machine_forget();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "thrum-info: cannot write\n");
		return 1;
	}
	return 0;
}
