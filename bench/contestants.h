/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* contestants.h - who takes part, by name */
#ifndef BENCH_CONTESTANTS_H
#define BENCH_CONTESTANTS_H

#include "peer.h"

/* Groups that a question invites. */
#define WITH_SERIAL    0x001u
#define WITH_RAW       0x002u /* the floor */
#define WITH_THRUM1    0x004u /* the library with one worker */
#define WITH_THRUM     0x008u
#define WITH_FORMS     0x010u /* tasks without the typed macros */
#define WITH_PEERS1    0x020u /* runtimes of others with one worker */
#define WITH_PEERS     0x040u
#define WITH_STEALING  0x200u /* of these what has tasks and steals them */
#define WITH_POLICIES  0x080u /* OpenMP waiting actively, passively */
#define WITH_SCHEDULES 0x100u /* OpenMP dynamic and guided */
#define WITH_JOBLIB    0x400u /* joblib, in Python */
#define WITH_NUMPY     0x800u /* NumPy, there too */

struct contestant {
	const char *name;
	unsigned group;
	const struct peer *builtin; /* NULL: in the module */
	const char *module;
	const char *set;            /* NAME=VALUE for its process; NULL none */
	int workers;                /* 0: as many as the run has */
	enum peer_schedule schedule;
	size_t grain;
};

/** All there are, in the order of the tables; ends with a name of NULL. */
extern const struct contestant contestants[];

const struct contestant *contestant_find(const char *name);

/** 1 if its runtime was found when the benchmarks were built. */
int contestant_is_built(const struct contestant *c);

/** Open it in this process; NULL and a line on stderr if that fails. */
const struct peer *contestant_open(const struct contestant *c);

#endif
