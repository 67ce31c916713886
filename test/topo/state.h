/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* state.h - what of a program a library must leave as it was */
#ifndef THRUM__TEST_STATE_H
#define THRUM__TEST_STATE_H

#include <errno.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many CPUs as Linux can be built for; masks are words, as it has them. */
enum {
	STATE_CPUS = 8192,
	STATE_WORDS = STATE_CPUS / 8 / sizeof(unsigned long)
};

struct state {
	bool told; /* the system tells masks */
	unsigned long mask[STATE_WORDS];
	sigset_t signals;
	struct sigaction action[NSIG];
	char folder[4096];
	mode_t umask;
	char locale[256];
	char **environ;
	int errnum;
};

/* The mask of the calling thread; false if the system does not tell. */
static inline bool state_mask(unsigned long *mask)
{
	memset(mask, 0, STATE_CPUS / 8);
	return sched_getaffinity(0, STATE_CPUS / 8, (cpu_set_t *)mask) == 0;
}

static inline bool state_has(const unsigned long *mask, int cpu)
{
	return cpu >= 0 && cpu < STATE_CPUS &&
	       CPU_ISSET_S((size_t)cpu, STATE_CPUS / 8, (const cpu_set_t *)mask);
}

/* All that is in a is in b. */
static inline bool state_within(const unsigned long *a, const unsigned long *b)
{
	for (int i = 0; i < STATE_WORDS; i++)
		if (a[i] & ~b[i])
			return false;
	return true;
}

/* errno is the last that is read and the first that is compared: all the
 * calls here may change it. */
static inline void state_take(struct state *s)
{
	int errnum = errno;
	memset(s, 0, sizeof(*s));
	s->told = state_mask(s->mask);
	sigprocmask(SIG_BLOCK, NULL, &s->signals);
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, NULL, &s->action[i]);
	if (!getcwd(s->folder, sizeof(s->folder)))
		s->folder[0] = '\0';
	s->umask = umask(0);
	umask(s->umask);
	snprintf(s->locale, sizeof(s->locale), "%s", setlocale(LC_ALL, NULL));
	s->environ = environ;
	s->errnum = errnum;
	errno = errnum;
}

/* What is not as it was, in words; NULL: all is. */
static inline const char *state_changed(const struct state *before)
{
	struct state now;
	state_take(&now);
	if (now.errnum != before->errnum)
		return "errno";
	if (now.told != before->told ||
	    memcmp(now.mask, before->mask, sizeof(now.mask)) != 0)
		return "the affinity mask";
	for (int i = 1; i < NSIG; i++) {
		if (sigismember(&now.signals, i) !=
		    sigismember(&before->signals, i))
			return "the signal mask";
		if (now.action[i].sa_handler != before->action[i].sa_handler)
			return "a signal handler";
	}
	if (strcmp(now.folder, before->folder) != 0)
		return "the working directory";
	if (now.umask != before->umask)
		return "the umask";
	if (strcmp(now.locale, before->locale) != 0)
		return "the locale";
	return now.environ != before->environ ? "the environment" : NULL;
}

#endif
