/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* line.c - a moment of a call as text: joblib's line, a bar, a JSON object
 *
 * Counts are padded to four, or to the digits of the total if it has more, so
 * that the lines of a call stand in columns. Durations are as wide as joblib's:
 * `   1.2s` below a minute, ` 2.3min` below an hour, and from there, where
 * joblib went on with minutes, `   1.7h`.
 */
#include "config.h"

#include "line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BAR_MIN 8
#define BAR_MAX 40
/* A number so large that nobody means it; 10 times it is exact in 64 bits. */
#define DECIMAL_MAX 1e15
#define DECIMAL_BYTES 40

/* Text being written; never past LINE_BYTES. */
struct text {
	char *out;
	size_t length;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void put(struct text *t, const char *format, ...)
{
	size_t room = LINE_BYTES - t->length;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->out + t->length, room, format, args);
	va_end(args);
	if (n > 0)
		t->length += (size_t)n < room ? (size_t)n : room - 1;
}

/* value * scale, rounded, within what can be meant. */
static uint64_t scaled(double value, unsigned scale)
{
	if (!(value > 0))
		return 0;
	if (value > DECIMAL_MAX)
		value = DECIMAL_MAX;
	return (uint64_t)(value * scale + 0.5);
}

/* %5.1fs, %4.1fmin and %5.1fh of joblib's %-notation, without the locale. The
 * unit is chosen after rounding: 59.96 s are 1.0 minutes, never 60.0 s. */
static const char *duration(char out[DECIMAL_BYTES], double seconds)
{
	uint64_t s = scaled(seconds, 10), min = scaled(seconds / 60, 10),
	         h = scaled(seconds / 3600, 10);

	if (seconds < 0)
		snprintf(out, DECIMAL_BYTES, "      ?");
	else if (s < 600)
		snprintf(out, DECIMAL_BYTES, " %3" PRIu64 ".%us", s / 10,
		         (unsigned)(s % 10));
	else if (min < 600)
		snprintf(out, DECIMAL_BYTES, "%2" PRIu64 ".%umin", min / 10,
		         (unsigned)(min % 10));
	else
		snprintf(out, DECIMAL_BYTES, " %3" PRIu64 ".%uh", h / 10,
		         (unsigned)(h % 10));
	return out;
}

static const char *short_duration(char out[DECIMAL_BYTES], double seconds)
{
	duration(out, seconds);
	return out + strspn(out, " ");
}

/* A number with @p digits decimals, at most 6. */
static const char *decimal(char out[DECIMAL_BYTES], double value, int digits)
{
	unsigned scale = 1;
	for (int i = 0; i < digits; i++)
		scale *= 10;
	/* 1e15 times 1e6 would pass 64 bits. */
	if (value > DECIMAL_MAX / scale)
		value = DECIMAL_MAX / scale;
	uint64_t v = scaled(value, scale);
	snprintf(out, DECIMAL_BYTES, "%" PRIu64 ".%0*u", v / scale, digits,
	         (unsigned)(v % scale));
	return out;
}

static int count_width(uint64_t total)
{
	int digits = 1;
	while (total >= 10) {
		total /= 10;
		digits++;
	}
	return digits < 4 ? 4 : digits;
}

size_t thrum__line_text(char *out, const struct moment *m)
{
	struct text t = { out, 0 };
	char d[DECIMAL_BYTES];
	int width = count_width(m->total_known ? m->total : 0);

	put(&t, "[Parallel(n_jobs=%d)]: Done %*" PRIu64, m->n_jobs, width,
	    m->done);
	if (m->total_known)
		put(&t, " out of %*" PRIu64, width, m->total);
	else
		put(&t, " tasks     ");
	put(&t, " | elapsed: %s", duration(d, m->elapsed_s));
	if (m->end != NULL)
		put(&t, " %s", m->end);
	else if (m->total_known)
		put(&t, " remaining: %s", duration(d, m->remaining_s));
	put(&t, "\n");
	return t.length;
}

size_t thrum__line_json(char *out, const struct moment *m)
{
	struct text t = { out, 0 };
	char d[DECIMAL_BYTES];

	put(&t, "{\"call\":%" PRIu64 ",\"n_jobs\":%d,\"workers\":%d", m->call,
	    m->n_jobs, m->workers);
	put(&t, ",\"done\":%" PRIu64 ",\"failed\":%" PRIu64, m->done,
	    m->failed);
	if (m->total_known)
		put(&t, ",\"total\":%" PRIu64, m->total);
	else
		put(&t, ",\"total\":null");
	put(&t, ",\"elapsed_s\":%s", decimal(d, m->elapsed_s, 3));
	if (m->total_known && m->remaining_s >= 0)
		put(&t, ",\"remaining_s\":%s", decimal(d, m->remaining_s, 3));
	else
		put(&t, ",\"remaining_s\":null");
	put(&t, ",\"rate\":%s", decimal(d, m->rate, 3));
	put(&t, ",\"state\":\"%s\"}\n", m->end != NULL ? m->end : "running");
	return t.length;
}

/* Add @p piece if it fits; its columns are not its bytes if it is coloured. */
static void fit(struct text *t, int *left, const char *piece, int columns)
{
	if (columns > *left)
		return;
	put(t, "%s", piece);
	*left -= columns;
}

static void fit_red(struct text *t, int *left, uint64_t failed, bool colour)
{
	char plain[DECIMAL_BYTES], red[2 * DECIMAL_BYTES];
	int columns = snprintf(plain, sizeof(plain), " %" PRIu64 " failed",
	                       failed);

	snprintf(red, sizeof(red), "\033[31m%s\033[0m", plain);
	fit(t, left, colour ? red : plain, columns);
}

/* Below 100 until all have ended, above 0 only if one in a hundred has. */
static int percent(const struct moment *m)
{
	uint64_t ended = m->done + m->failed;

	if (ended >= m->total)
		return 100;
	int p = (int)((double)ended / (double)m->total * 100);
	return p > 99 ? 99 : p;
}

static void put_gauge(struct text *t, int left, int share)
{
	int width = left - 3 < BAR_MAX ? left - 3 : BAR_MAX;

	if (width < BAR_MIN)
		return;
	put(t, " [");
	for (int i = 0; i < width; i++)
		put(t, i < width * share / 100 ? "#" : " ");
	put(t, "]");
}

size_t thrum__line_bar(char *out, const struct moment *m, int columns,
                       bool colour)
{
	char piece[3 * DECIMAL_BYTES], d[DECIMAL_BYTES], e[DECIMAL_BYTES];
	char rest[LINE_BYTES] = "";
	struct text head = { out, 0 }, tail = { rest, 0 };
	/* The last column stays free: there some terminals begin a new line. */
	int left = columns - 1, n;

	out[0] = '\0';
	if (m->total_known) {
		n = snprintf(piece, sizeof(piece), "%3d%%", percent(m));
		fit(&head, &left, piece, n);
		n = snprintf(piece, sizeof(piece), " %*" PRIu64 "/%" PRIu64,
		             count_width(m->total), m->done, m->total);
	} else {
		n = snprintf(piece, sizeof(piece), "%" PRIu64 " done", m->done);
	}
	fit(&tail, &left, piece, n);
	const char *elapsed = short_duration(d, m->elapsed_s);
	const char *remaining = short_duration(e, m->remaining_s);
	n = snprintf(piece, sizeof(piece), m->total_known ? " %s<%s" : " %s",
	             elapsed, remaining);
	fit(&tail, &left, piece, n);
	if (m->failed != 0)
		fit_red(&tail, &left, m->failed, colour);
	n = snprintf(piece, sizeof(piece), " %s/s", decimal(d, m->rate, 1));
	fit(&tail, &left, piece, n);
	if (m->total_known)
		put_gauge(&head, left, percent(m));
	put(&head, "%s", rest);
	return head.length;
}

size_t thrum__line_ignored(char *out, bool json, int n_jobs, const char *name,
                           const char *value, const char *want)
{
	struct text t = { out, 0 };

	if (!json) {
		put(&t, "[Parallel(n_jobs=%d)]: ignored %s=%s, not %s\n",
		    n_jobs, name, value, want);
		return t.length;
	}
	put(&t, "{\"ignored\":\"%s\",\"value\":\"", name);
	for (; *value != '\0'; value++) {
		bool quoted = *value == '"' || *value == '\\';
		put(&t, quoted ? "\\%c" : "%c", *value);
	}
	put(&t, "\"}\n");
	return t.length;
}
