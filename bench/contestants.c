/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* contestants.c - who takes part */
#include "contestants.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "host.h"

#define GOMP "peer_gomp.so"
#define LIBOMP "peer_libomp.so"
#define TBB "peer_tbb.so"
#define PTP "peer_pthreadpool.so"
#define JOBLIB "peer_joblib.so"
#define ACTIVE "OMP_WAIT_POLICY=active"
#define PASSIVE "OMP_WAIT_POLICY=passive"

const struct contestant contestants[] = {
	{ .name = "serial", .group = WITH_SERIAL, .builtin = &peer_serial,
	  .workers = 1 },
	{ .name = "raw", .group = WITH_RAW, .builtin = &peer_raw },
	{ .name = "thrum-1", .group = WITH_THRUM1, .builtin = &peer_thrum,
	  .workers = 1 },
	{ .name = "thrum", .group = WITH_THRUM, .builtin = &peer_thrum },
	{ .name = "join2-1", .group = WITH_FORMS,
	  .builtin = &peer_thrum_join2, .workers = 1 },
	{ .name = "join2", .group = WITH_FORMS,
	  .builtin = &peer_thrum_join2 },
	{ .name = "plain-1", .group = WITH_FORMS,
	  .builtin = &peer_thrum_plain, .workers = 1 },
	{ .name = "plain", .group = WITH_FORMS,
	  .builtin = &peer_thrum_plain },
	{ .name = "gomp-1", .group = WITH_PEERS1, .module = GOMP,
	  .workers = 1 },
	{ .name = "gomp", .group = WITH_PEERS, .module = GOMP },
	{ .name = "gomp-act", .group = WITH_POLICIES, .module = GOMP,
	  .set = ACTIVE },
	{ .name = "gomp-pas", .group = WITH_POLICIES, .module = GOMP,
	  .set = PASSIVE },
	{ .name = "gomp-dyn64", .group = WITH_SCHEDULES, .module = GOMP,
	  .schedule = PEER_CHUNK, .grain = 64 },
	{ .name = "gomp-guid", .group = WITH_SCHEDULES, .module = GOMP,
	  .schedule = PEER_GUIDED },
	{ .name = "omp-1", .group = WITH_PEERS1, .module = LIBOMP,
	  .workers = 1 },
	{ .name = "omp", .group = WITH_PEERS, .module = LIBOMP },
	{ .name = "omp-act", .group = WITH_POLICIES, .module = LIBOMP,
	  .set = ACTIVE },
	{ .name = "omp-pas", .group = WITH_POLICIES, .module = LIBOMP,
	  .set = PASSIVE },
	{ .name = "tbb-1", .group = WITH_PEERS1, .module = TBB, .workers = 1 },
	{ .name = "tbb", .group = WITH_PEERS | WITH_STEALING, .module = TBB },
	{ .name = "ptp-1", .group = WITH_PEERS1, .module = PTP, .workers = 1 },
	{ .name = "ptp", .group = WITH_PEERS, .module = PTP },
	{ .name = "joblib", .group = WITH_JOBLIB, .module = JOBLIB,
	  .workers = 1 },
	{ .name = "numpy", .group = WITH_NUMPY, .module = JOBLIB,
	  .set = "BENCH_LIBRARY=numpy", .workers = 1 },
	{ .name = NULL },
};

const struct contestant *contestant_find(const char *name)
{
	for (const struct contestant *c = contestants; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static char *find_module(char *path, size_t size, const char *module)
{
	return host_find(path, size, getenv("BENCH_PEERS"), module);
}

int contestant_is_built(const struct contestant *c)
{
	char path[PATH_MAX];

	return c->builtin || find_module(path, sizeof path, c->module);
}

const struct peer *contestant_open(const struct contestant *c)
{
	char path[PATH_MAX];
	void *module, *peer = NULL;

	if (c->builtin)
		return c->builtin;
	if (!find_module(path, sizeof path, c->module))
		return NULL;
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (module)
		peer = dlsym(module, "bench_peer");
	if (!peer)
		fprintf(stderr, "%s: %s\n", c->name, dlerror());
	return peer;
}
