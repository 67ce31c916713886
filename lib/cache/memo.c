/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memo.c - a memo is opened, closed, told of a fork; its options and figures
 */
#include "config.h"

#include "memo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec.h"
#include "sized.h"

/* A program that opens a memo often pays for no more than this to have the
 * drafts of killed writers swept. */
enum { SWEEP_NS = 200000 };

static const double wait_default_s = 60, ever_s = 1e9;
static const int64_t second_ns = 1000000000;

/* Memos of this process. L under all_lock, as are their next and link. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct thrum_memo *all;
static pthread_once_t handlers = PTHREAD_ONCE_INIT;

/* The locks of a memo are taken in this order, and none while another of them is
 * held but here. */
static void fork_prepare(void)
{
	pthread_mutex_lock(&all_lock);
	for (struct thrum_memo *m = all; m; m = m->next) {
		thrum__flights_fork_prepare(&m->flights);
		thrum__usage_fork_prepare(&m->usage);
		thrum__tally_fork_prepare(&m->tally);
	}
}

static void fork_parent(void)
{
	for (struct thrum_memo *m = all; m; m = m->next) {
		thrum__tally_fork_done(&m->tally);
		thrum__usage_fork_parent(&m->usage);
		thrum__flights_fork_parent(&m->flights);
	}
	pthread_mutex_unlock(&all_lock);
}

static void fork_child(void)
{
	int saved = errno;

	for (struct thrum_memo *m = all; m; m = m->next) {
		thrum__tally_fork_done(&m->tally);
		thrum__usage_fork_child(&m->usage, &m->store);
		thrum__flights_fork_child(&m->flights);
	}
	pthread_mutex_unlock(&all_lock);
	errno = saved;
}

static void install_handlers(void)
{
	(void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static void enlist(struct thrum_memo *m)
{
	pthread_mutex_lock(&all_lock);
	m->next = all;
	m->link = &all;
	if (all)
		all->link = &m->next;
	all = m;
	pthread_mutex_unlock(&all_lock);
}

static void delist(struct thrum_memo *m)
{
	pthread_mutex_lock(&all_lock);
	*m->link = m->next;
	if (m->next)
		m->next->link = m->link;
	pthread_mutex_unlock(&all_lock);
}

int thrum__memo_options(thrum_memo_opts *out, const thrum_memo_opts *opts)
{
	int rc = thrum__sized_take(out, sizeof *out, opts);

	if (rc)
		return rc;
	if (!(out->max_age_s >= 0) || !(out->wait_s >= 0)
	    || out->durable < 0 || out->durable > 1
	    || out->trusted < 0 || out->trusted > 1
	    || (out->compress != 0 && out->compress != THRUM_ZSTD))
		return THRUM_EINVAL;
	return thrum__codec_check(out->compress, 0);
}

/* What is more than 0 must not become that: it stands for no limit. */
static int64_t ns_of(double s)
{
	if (s > ever_s)
		s = ever_s;
	return s > 0 ? (int64_t)(s * 1e9) + 1 : 0;
}

void thrum__memo_limits(struct limits *l, const thrum_memo_opts *opts)
{
	*l = (struct limits){
		.bytes = opts->max_bytes,
		.entries = opts->max_entries,
		.age_ns = opts->max_age_s < ever_s ? ns_of(opts->max_age_s) : 0,
	};
}

static void set_options(struct thrum_memo *m, const thrum_memo_opts *o)
{
	thrum__memo_limits(&m->limits, o);
	m->accept = (struct accept){
		.max_age_ns = m->limits.age_ns,
		.stamp_age_ns = o->max_bytes || o->max_entries
		                ? second_ns : 60 * second_ns,
		.valid = o->valid,
		.valid_ctx = o->valid_ctx,
	};
	m->wait_ns = (uint64_t)ns_of(o->wait_s > 0 ? o->wait_s
	                                           : wait_default_s);
	m->durable = o->durable;
	m->codec = thrum__codec_of(o->compress);
	if (gethostname(m->host, sizeof m->host - 1) != 0)
		m->host[0] = '\0';
}

/* A program with more rights than its user takes no directory from him. */
static const char *variable(const char *name)
{
#ifdef HAVE_SECURE_GETENV
	return secure_getenv(name);
#else
	return getenv(name);
#endif
}

static int open_store(struct thrum_memo *m, const char *dir, bool trusted,
                      bool durable)
{
	m->store.dir = -1;
	if (!dir)
		dir = variable("THRUM_CACHE_DIR");
	int rc = dir && *dir ? thrum__store_open(&m->store, dir, trusted,
	                                         durable) : 0;
	if (rc == 0 && m->store.dir >= 0)
		thrum__store_sweep(&m->store, SWEEP_NS);
	return rc;
}

int thrum_memo_open(thrum_memo **memo, const char *dir,
                    const thrum_memo_opts *opts)
{
	thrum_memo_opts o;
	int saved = errno;

	if (!memo)
		return THRUM_EINVAL;
	*memo = NULL;
	int rc = thrum__memo_options(&o, opts);
	if (rc)
		return rc;
	struct thrum_memo *m = calloc(1, sizeof *m);
	rc = m ? open_store(m, dir, o.trusted, o.durable != 0) : THRUM_ENOMEM;
	errno = saved;
	if (rc) {
		free(m);
		return rc;
	}
	set_options(m, &o);
	thrum__usage_open(&m->usage, &m->store);
	thrum__flights_init(&m->flights, &m->usage);
	thrum__tally_init(&m->tally);
	pthread_once(&handlers, install_handlers);
	enlist(m);
	errno = saved;
	*memo = m;
	return 0;
}

void thrum_memo_close(thrum_memo *memo)
{
	int saved = errno;

	if (!memo)
		return;
	delist(memo);
	thrum__tally_destroy(&memo->tally);
	thrum__flights_destroy(&memo->flights);
	thrum__usage_close(&memo->usage);
	thrum__store_close(&memo->store);
	free(memo);
	errno = saved;
}

int thrum_memo_evict(thrum_memo *memo, const thrum_memo_opts *limits)
{
	thrum_memo_opts o;
	struct limits l;
	uint64_t evicted;
	int saved = errno;

	int rc = thrum__memo_options(&o, limits);
	if (rc || !memo || memo->store.dir < 0)
		return rc;
	if (limits)
		thrum__memo_limits(&l, &o);
	rc = thrum__evict_all(&memo->store, &memo->usage,
	                      limits ? &l : &memo->limits, &evicted);
	thrum__tally_evicted(&memo->tally, evicted);
	errno = saved;
	return rc ? THRUM_EIO : 0;
}

int thrum_memo_get_stats(thrum_memo *memo, thrum_memo_stats *stats,
                         size_t stats_size)
{
	thrum_memo_stats s = { 0 };
	int saved = errno;

	if (!stats || stats_size == 0)
		return THRUM_EINVAL;
	if (memo) {
		thrum__tally_sum(&memo->tally, &s);
		if (memo->store.dir >= 0)
			thrum__evict_count(&memo->store, &memo->usage,
			                   &s.entries, &s.bytes);
	}
	memset(stats, 0, stats_size);
	memcpy(stats, &s, stats_size < sizeof s ? stats_size : sizeof s);
	errno = saved;
	return 0;
}
