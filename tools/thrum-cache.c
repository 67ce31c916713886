/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum-cache.c - what is in the store of a memo, and what is to go
 *
 * It walks a store by the library's own units, so it believes of an entry what a
 * program would; started by the user that the programs run as. Entries are shown
 * as they are found: a store may have a million of them.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <thrum/base.h>
#include <thrum/memo.h>
#include <thrum/version.h>
#include <time.h>
#include <unistd.h>

#include "fetch.h"
#include "key_text.h"
#include "moment.h"
#include "store.h"

enum { DONE = 0, DAMAGED = 1, BAD_ARGUMENT = 2, TROUBLE = 3 };

struct asked_for {
	const char *command, *dir, *function;
	bool json, trusted, remove, has_version, has_limit;
	unsigned version;
	thrum_memo_opts limits;
};

/* What a walk adds up. */
struct walk {
	const struct asked_for *ask;
	const struct store *store;
	uint64_t entries, bytes, drafts, damaged, removed;
	struct per_function {
		char *name;
		unsigned version;
		uint64_t entries, bytes;
		double seconds;
	} *function;
	size_t functions;
	bool no_memory;
};

/* --- Text ------------------------------------------------------------------- */

/* Bytes of the character that begins at p, if it is well-formed UTF-8, else 0. */
static int character(const unsigned char *p)
{
	int n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		: (p[0] & 0xf0) == 0xe0 ? 3
		: p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
	for (int i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, half of a pair, past U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0)
	    || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

static void json_string(const char *text)
{
	putchar('"');
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		int n = character(p);
		if (n == 0) {
			printf("\\ufffd");
			p++;
		} else if (n > 1) {
			printf("%.*s", n, (const char *)p);
			p += n;
		} else {
			if (*p == '"' || *p == '\\')
				printf("\\%c", *p);
			else if (*p < 0x20 || *p == 0x7f)
				printf("\\u%04x", *p);
			else
				putchar(*p);
			p++;
		}
	}
	putchar('"');
}

/* What a terminal would take for a command is shown as \xNN. */
static void plain_string(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		int n = character(p);
		if (n == 0 || *p < 0x20 || *p == 0x7f
		    || (*p == 0xc2 && p[1] < 0xa0)) {
			printf("\\x%02x", *p);
			n = 1;
		} else {
			printf("%.*s", n, (const char *)p);
		}
		p += n;
	}
}

/* Seconds as people say them, in six columns. */
static const char *span(char out[16], double s)
{
	static const struct {
		double from, unit;
		const char *name;
	} scale[] = {
		{ 2 * 86400, 86400, "d" }, { 2 * 3600, 3600, "h" },
		{ 120, 60, "m" }, { 1, 1, "s" }, { 1e-3, 1e-3, "ms" },
	};
	for (size_t i = 0; i < sizeof scale / sizeof *scale; i++)
		if (fabs(s) >= scale[i].from) {
			snprintf(out, 16, "%.3g%s", s / scale[i].unit,
			         scale[i].name);
			return out;
		}
	snprintf(out, 16, "%.3gus", s * 1e6);
	return out;
}

static const char *size_text(char out[16], uint64_t bytes)
{
	static const char unit[] = "BKMGTPE";
	double x = (double)bytes;
	int i = 0;
	for (; x >= 1024 && unit[i + 1]; i++)
		x /= 1024;
	snprintf(out, 16, i ? "%.1f%c" : "%.0f%c", x, unit[i]);
	return out;
}

/* --- Arguments --------------------------------------------------------------- */

static const char usage[] =
	"usage: thrum-cache [--json] [--trusted] COMMAND [option ...] [DIR]\n"
	"       thrum-cache --help | --version\n";

static const char help[] =
	"Show and tidy the results that programs keep with thrum_memo_open.\n"
	"DIR is the directory of the store; without it THRUM_CACHE_DIR.\n"
	"\n"
	"  ls                    a line for each entry\n"
	"  stat                  entries, bytes and seconds of each function\n"
	"  verify [--remove]     read all and compare checksums; remove what is\n"
	"                        damaged\n"
	"  evict [--max-bytes N] [--max-entries N] [--max-age T]\n"
	"                        drop the least recently used, and what is older,\n"
	"                        and sweep what killed writers have left\n"
	"  clear [--function NAME [--version-of N]]\n"
	"                        drop all, or version N, or 0, of one function\n"
	"\n"
	"  --json        as one JSON object\n"
	"  --trusted     also a directory that others can write\n"
	"\n"
	"N takes K, M, G, T (of 1024); T is seconds, or takes m, h, d.\n"
	"Ends with 0; 1 if entries are damaged; 2 for a bad argument; 3 if the\n"
	"store cannot be read or written.\n";

static int complain(int code, const char *format, ...)
{
	va_list ap;
	fprintf(stderr, "thrum-cache: ");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n%s", code == BAD_ARGUMENT ? usage : "");
	return code;
}

/* A number, and perhaps one of the letters of @p units, each .factor[i] times
 * as much. False if it is none, or below 0. */
static bool read_number(const char *text, const char *units,
                        const double *factor, double *out)
{
	char *end;
	if (!isdigit((unsigned char)*text))
		return false;
	*out = strtod(text, &end);
	if (*end) {
		const char *unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		*out *= factor[unit - units];
	}
	return isfinite(*out);
}

static bool read_limit(struct asked_for *ask, const char *name,
                       const char *value)
{
	static const double size[] = { 0x1p10, 0x1p20, 0x1p30, 0x1p40 };
	static const double age[] = { 1, 60, 3600, 86400 };
	thrum_memo_opts *l = &ask->limits;
	double x;

	ask->has_limit = true;
	if (strcmp(name, "--max-age") == 0)
		return read_number(value, "smhd", age, &l->max_age_s)
		       && l->max_age_s > 0;
	if (!read_number(value, "KMGT", size, &x) || x < 1 || x >= 0x1p63)
		return false;
	if (strcmp(name, "--max-bytes") == 0)
		l->max_bytes = (uint64_t)x;
	else
		l->max_entries = (uint64_t)x;
	return true;
}

static bool is_command(const struct asked_for *ask, const char *name)
{
	return ask->command && strcmp(ask->command, name) == 0;
}

static bool takes_value(const struct asked_for *ask, const char *arg)
{
	if (is_command(ask, "evict"))
		return strcmp(arg, "--max-bytes") == 0
		       || strcmp(arg, "--max-entries") == 0
		       || strcmp(arg, "--max-age") == 0;
	return is_command(ask, "clear") && (strcmp(arg, "--function") == 0
	                                    || strcmp(arg, "--version-of") == 0);
}

static bool read_value(struct asked_for *ask, const char *name,
                       const char *value)
{
	if (strcmp(name, "--function") == 0) {
		ask->function = value;
		return *value != '\0';
	}
	if (strcmp(name, "--version-of") == 0) {
		char *end;
		unsigned long long v = strtoull(value, &end, 10);
		ask->version = (unsigned)v;
		ask->has_version = true;
		return isdigit((unsigned char)*value) && *end == '\0'
		       && v <= 0xffffffffu;
	}
	return read_limit(ask, name, value);
}

/* @return -1 to go on, else how to end. */
static int read_arguments(struct asked_for *ask, int argc, char **argv)
{
	static const char *const commands[] = { "ls", "stat", "verify", "evict",
		                                "clear" };
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		if (strcmp(arg, "--help") == 0) {
			printf("%s%s", usage, help);
			return DONE;
		}
		if (strcmp(arg, "--version") == 0) {
			printf("thrum-cache %s\n", thrum_version());
			return DONE;
		}
		if (strcmp(arg, "--json") == 0) {
			ask->json = true;
		} else if (strcmp(arg, "--trusted") == 0) {
			ask->trusted = true;
		} else if (is_command(ask, "verify")
		           && strcmp(arg, "--remove") == 0) {
			ask->remove = true;
		} else if (takes_value(ask, arg)) {
			if (i + 1 == argc || !read_value(ask, arg, argv[i + 1]))
				return complain(BAD_ARGUMENT, "bad value of %s",
				                arg);
			i++;
		} else if (arg[0] == '-') {
			return complain(BAD_ARGUMENT, "bad argument: %s", arg);
		} else if (!ask->command) {
			for (size_t k = 0; k < 5; k++)
				if (strcmp(arg, commands[k]) == 0)
					ask->command = arg;
			if (!ask->command)
				return complain(BAD_ARGUMENT,
				                "no command: %s", arg);
		} else if (!ask->dir) {
			ask->dir = arg;
		} else {
			return complain(BAD_ARGUMENT, "one directory only: %s",
			                arg);
		}
	}
	if (!ask->command)
		return complain(BAD_ARGUMENT, "which command?");
	if (is_command(ask, "evict") && !ask->has_limit)
		return complain(BAD_ARGUMENT, "evict needs a limit");
	if (ask->has_version && !ask->function)
		return complain(BAD_ARGUMENT, "--version-of needs --function");
	if (!ask->dir)
		ask->dir = getenv("THRUM_CACHE_DIR");
	if (!ask->dir || !*ask->dir)
		return complain(BAD_ARGUMENT, "which directory?");
	return -1;
}

/* --- A walk ------------------------------------------------------------------ */

static void half_of(const char *text, thrum_hash *hash)
{
	char word[17] = { 0 };
	memcpy(word, text, 16);
	hash->high = strtoull(word, NULL, 16);
	memcpy(word, text + 16, 16);
	hash->low = strtoull(word, NULL, 16);
}

static double seconds(int64_t ns)
{
	return 1e-9 * (double)ns;
}

static void show_entry(struct walk *w, const struct fetched *e,
                       const char *name)
{
	static char key[KEY_TEXT_MAX];
	const struct entry *head = &e->head;
	int64_t now = thrum__moment_date_ns();
	double age = seconds(now - head->made_ns);
	double idle = seconds(now - e->file.used_ns);
	double took = 1e-9 * (double)head->duration_ns;

	thrum__key_text(key, head->key_text, head->key_bytes);
	if (!w->ask->json) {
		char a[16], b[16], c[16], d[16];
		printf("%7s %7s %7s %9s  ", span(a, age), span(b, idle),
		       span(c, took), size_text(d, e->file.bytes));
		plain_string(head->name);
		printf(":%u  ", head->version);
		plain_string(key);
		putchar('\n');
		return;
	}
	printf("%s\n    {\"function\": ", w->entries ? "," : "");
	json_string(head->name);
	printf(", \"version\": %u, \"key\": ", head->version);
	json_string(key);
	printf(", \"host\": ");
	json_string(head->host);
	printf(", \"bytes\": %llu, \"arrays\": %u, \"compressed\": %s, "
	       "\"age_s\": %.3f, \"unused_s\": %.3f, \"took_s\": %.9g, "
	       "\"file\": \"%.2s/%s\"}", (unsigned long long)e->file.bytes,
	       (unsigned)head->arrays, head->pack ? "true" : "false", age, idle,
	       took, name + 32, name);
}

static void add_up(struct walk *w, const struct fetched *e)
{
	const struct entry *head = &e->head;
	size_t i = 0;

	while (i < w->functions
	       && (w->function[i].version != head->version
	           || strcmp(w->function[i].name, head->name) != 0))
		i++;
	if (i == w->functions) {
		struct per_function *more = realloc(w->function,
			(i + 1) * sizeof *more);
		char *name = strdup(head->name);
		if (more)
			w->function = more;
		if (!more || !name) {
			free(name);
			w->no_memory = true;
			return;
		}
		w->function[i] = (struct per_function){ .name = name,
			.version = head->version };
		w->functions++;
	}
	w->function[i].entries++;
	w->function[i].bytes += e->file.bytes;
	w->function[i].seconds += 1e-9 * (double)head->duration_ns;
}

static void show_damaged(struct walk *w, int dir, const char *name, int rc)
{
	const char *why = rc == -EBADMSG ? "damaged, or not of this version"
	                                 : thrum_strerror(rc);
	/* What could not be read may be well. */
	bool removed = w->ask->remove && rc == -EBADMSG
	               && unlinkat(dir, name, 0) == 0;
	if (is_command(w->ask, "verify") && w->ask->json)
		printf("%s\n    {\"file\": \"%.2s/%s\", \"reason\": \"%s\", "
		       "\"removed\": %s}", w->damaged ? "," : "", name + 32,
		       name, why, removed ? "true" : "false");
	else if (is_command(w->ask, "verify"))
		printf("%.2s/%s: %s%s\n", name + 32, name, why,
		       removed ? "; removed" : "");
	w->damaged++;
	w->removed += removed;
}

static void visit(void *ctx, int dir, const char *name)
{
	struct walk *w = ctx;
	struct fetched e;
	struct asked q = { .fn = { NULL, 0 } };
	const struct accept all = { 0 };

	if (!thrum__store_is_name(name)) {
		w->drafts++;
		return;
	}
	half_of(name, &q.ref.function);
	half_of(name + 32, &q.ref.key);
	int rc = thrum__fetch_open(&e, w->store, &q, &all);
	if (rc == -ENOENT)
		return; /* gone meanwhile */
	if (rc == 0) {
		if (is_command(w->ask, "verify"))
			rc = thrum__fetch_verify(&e);
		if (rc == 0 && is_command(w->ask, "ls"))
			show_entry(w, &e, name);
		if (rc == 0) {
			add_up(w, &e);
			w->entries++;
			w->bytes += e.file.bytes;
		}
		thrum__fetch_close(&e);
	}
	if (rc != 0)
		show_damaged(w, dir, name, rc);
}

static void show_functions(const struct walk *w)
{
	for (size_t i = 0; i < w->functions; i++) {
		const struct per_function *f = &w->function[i];
		char a[16], b[16];
		if (w->ask->json) {
			printf("%s\n    {\"function\": ", i ? "," : "");
			json_string(f->name);
			printf(", \"version\": %u, \"entries\": %llu, "
			       "\"bytes\": %llu, \"took_s\": %.9g}", f->version,
			       (unsigned long long)f->entries,
			       (unsigned long long)f->bytes, f->seconds);
		} else {
			printf("%10llu %9s %9s  ",
			       (unsigned long long)f->entries,
			       size_text(a, f->bytes), span(b, f->seconds));
			plain_string(f->name);
			printf(":%u\n", f->version);
		}
	}
}

static void show_head(const struct asked_for *ask)
{
	static const struct {
		const char *command, *list, *columns;
	} head[] = {
		{ "ls", "entries",
		  "    age  unused    took     bytes  function  key\n" },
		{ "stat", "functions",
		  "   entries     bytes      took  function\n" },
		{ "verify", "damaged", "" },
	};
	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		if (is_command(ask, head[i].command) && ask->json) {
			printf("{\n  \"directory\": ");
			json_string(ask->dir);
			printf(",\n  \"%s\": [", head[i].list);
		} else if (is_command(ask, head[i].command)) {
			fputs(head[i].columns, stdout);
		}
}

static void show_tail(const struct walk *w)
{
	char a[16];
	unsigned long long entries = w->entries, bytes = w->bytes;
	unsigned long long drafts = w->drafts, damaged = w->damaged;
	unsigned long long removed = w->removed;

	if (w->ask->json)
		printf("\n  ],\n  \"count\": {\"entries\": %llu, "
		       "\"bytes\": %llu, \"drafts\": %llu, \"damaged\": %llu, "
		       "\"removed\": %llu}\n}\n", entries, bytes, drafts,
		       damaged, removed);
	else
		printf("%llu entries, %s; %llu damaged, %llu removed; "
		       "%llu drafts\n", entries, size_text(a, bytes),
		       damaged, removed, drafts);
}

static int walk(const struct asked_for *ask)
{
	struct store store;
	struct walk w = { .ask = ask, .store = &store };
	int rc = thrum__store_open(&store, ask->dir, ask->trusted, false);

	if (rc != 0)
		return complain(TROUBLE, "%s: %s", ask->dir,
		                rc == -EACCES ? "others can write there, or it "
		                "may not be read; see --trusted"
		                : thrum_strerror(rc));
	show_head(ask);
	int failed = 0;
	for (int shard = 0; shard < STORE_SHARDS; shard++) {
		rc = thrum__store_walk(&store, shard, visit, &w);
		if (rc != 0 && rc != -ENOENT)
			failed = rc;
	}
	thrum__store_close(&store);
	if (is_command(ask, "stat"))
		show_functions(&w);
	show_tail(&w);
	for (size_t i = 0; i < w.functions; i++)
		free(w.function[i].name);
	free(w.function);
	if (failed || w.no_memory)
		return complain(TROUBLE, "%s: %s", ask->dir,
		                thrum_strerror(failed ? failed
		                                      : THRUM_ENOMEM));
	return w.damaged && is_command(ask, "verify") ? DAMAGED : DONE;
}

/* --- To drop entries ----------------------------------------------------------- */

static int drop(thrum_memo *memo, const struct asked_for *ask)
{
	if (is_command(ask, "evict"))
		return thrum_memo_evict(memo, &ask->limits);
	return thrum_memo_forget(memo, THRUM_FN(ask->function, ask->version),
	                         NULL);
}

static int tidy(const struct asked_for *ask)
{
	thrum_memo *memo;
	thrum_memo_stats before = { 0 }, after = { 0 };
	char a[16];
	int rc = thrum_memo_open(&memo, ask->dir,
	                         THRUM_MEMO_OPTS(.trusted = ask->trusted));

	if (rc == 0)
		rc = thrum_memo_get_stats(memo, &before, sizeof before);
	if (rc == 0)
		rc = drop(memo, ask);
	if (rc == 0)
		rc = thrum_memo_get_stats(memo, &after, sizeof after);
	thrum_memo_close(memo);
	if (rc != 0)
		return complain(TROUBLE, "%s: %s", ask->dir,
		                thrum_strerror(rc));
	/* Others may have stored meanwhile. */
	unsigned long long dropped = before.entries > after.entries
		? before.entries - after.entries : 0;
	unsigned long long entries = after.entries, bytes = after.bytes;
	if (ask->json) {
		printf("{\n  \"directory\": ");
		json_string(ask->dir);
		printf(",\n  \"dropped\": %llu, \"entries\": %llu, "
		       "\"bytes\": %llu\n}\n", dropped, entries, bytes);
	} else {
		printf("%llu dropped; %llu entries, %s left\n", dropped,
		       entries, size_text(a, bytes));
	}
	return DONE;
}

int main(int argc, char **argv)
{
	struct asked_for ask = { .limits = {
		.size = sizeof(thrum_memo_opts) } };
	struct stat st;
	int end = read_arguments(&ask, argc, argv);

	/* To look must not make one. */
	if (end < 0 && (stat(ask.dir, &st) != 0 || !S_ISDIR(st.st_mode)))
		end = complain(TROUBLE, "%s: there is no such directory",
		               ask.dir);
	if (end < 0)
		end = is_command(&ask, "evict") || is_command(&ask, "clear")
		      ? tidy(&ask) : walk(&ask);
	if (fflush(stdout) != 0 || ferror(stdout))
		return complain(TROUBLE, "cannot write");
	return end;
}
