/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* signals.h - signals are the program's
 *
 * None is delivered to a thread of the library, but for those that its own
 * instructions raise. A new thread has the mask of the one that makes it, so that
 * blocks them around it.
 */
#ifndef THRUM__SIGNALS_H
#define THRUM__SIGNALS_H

#include <pthread.h>
#include <signal.h>

/** @param old  Out: what the calling thread had. @return 0 or an errno value. */
static inline int thrum__signals_block(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGTRAP);
	sigdelset(&all, SIGSYS);
	sigdelset(&all, SIGABRT);
	return pthread_sigmask(SIG_SETMASK, &all, old);
}

static inline void thrum__signals_restore(const sigset_t *old)
{
	(void)pthread_sigmask(SIG_SETMASK, old, NULL);
}

#endif
