/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* park.c - to sleep until somebody calls; the only file that blocks
 *
 * Built on the futex where there is one, not on condition variables: the
 * pthread_cond_signal of glibc before 2.41 can wake nobody (bug 25847). The
 * stand-in uses broadcast only, under the mutex, with the word as predicate.
 *
 *   park (own thread)                     unpark (any thread)
 *   token: 1 -> 0, return  [P1] acquire   old = token; token = 1  [P2] release
 *   token: 0 -> 2          relaxed        if old == 2: wake
 *   wait while token == 2
 *   token: 1 -> 0          [P1]; or 2 -> 0 when the time is up
 *
 * Claim: an unpark makes the park that runs, or else the next one, return. The
 * word has one order of changes. If 0 -> 2 comes after the unpark's 1, it fails
 * on the 1, and [P1] takes that. If it comes before, the unpark reads 2 and
 * wakes; the kernel compares the word with 2 under its own lock, so the sleeper
 * either sees the 1 and does not sleep, or is in the queue before the wake.
 */
#include "config.h"

#include "park.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#if defined(__linux__)

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(SYS_futex) && defined(SYS_futex_time64)
#define SYS_futex SYS_futex_time64 /* 32-bit systems of 2038 and after */
#endif

int thrum__park_wait(_Atomic uint32_t *word, uint32_t expected,
                     int64_t timeout_ns)
{
	int saved = errno, rc = 0;
	/* The kernel's own layout on the systems that have both. */
	struct { long s, ns; } t = { (long)(timeout_ns / 1000000000),
	                             (long)(timeout_ns % 1000000000) };
#if defined(SYS_futex_time64) && SYS_futex == SYS_futex_time64
	struct timespec now_wide = { timeout_ns / 1000000000,
	                             timeout_ns % 1000000000 };
	void *timeout = timeout_ns < 0 ? NULL : (void *)&now_wide;
	(void)t;
#else
	void *timeout = timeout_ns < 0 ? NULL : (void *)&t;
#endif
	if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout,
	            NULL, 0) != 0 && errno == ETIMEDOUT)
		rc = -ETIMEDOUT;
	errno = saved;
	return rc;
}

void thrum__park_wake(_Atomic uint32_t *word, int count)
{
	int saved = errno;
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
	errno = saved;
}

#else

#include <pthread.h>

/* Rooms to wait in, found by the address of the word. Words that share a room
 * wake each other's sleepers, which look at their word again. */
enum { ROOMS = 64 };

static struct room {
	pthread_mutex_t lock;
	pthread_cond_t cond;
} rooms[ROOMS] = {
#define R { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER }
#define R8 R, R, R, R, R, R, R, R
	R8, R8, R8, R8, R8, R8, R8, R8
#undef R8
#undef R
};

static struct room *room_of(_Atomic uint32_t *word)
{
	return &rooms[((uintptr_t)word / sizeof *word) % ROOMS];
}

int thrum__park_wait(_Atomic uint32_t *word, uint32_t expected,
                     int64_t timeout_ns)
{
	struct room *r = room_of(word);
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	if (timeout_ns >= 0) {
		int64_t ns = until.tv_nsec + timeout_ns % 1000000000;
		until.tv_sec += (time_t)(timeout_ns / 1000000000
		                         + ns / 1000000000);
		until.tv_nsec = (long)(ns % 1000000000);
	}
	pthread_mutex_lock(&r->lock);
	/* Relaxed: the caller orders by its own load after. */
	if (thrum__load(word, relaxed) == expected)
		rc = timeout_ns < 0
		     ? pthread_cond_wait(&r->cond, &r->lock)
		     : pthread_cond_timedwait(&r->cond, &r->lock, &until);
	pthread_mutex_unlock(&r->lock);
	return rc == ETIMEDOUT ? -ETIMEDOUT : 0;
}

void thrum__park_wake(_Atomic uint32_t *word, int count)
{
	struct room *r = room_of(word);
	(void)count;
	pthread_mutex_lock(&r->lock);
	pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

#endif

enum { AWAKE, CALLED, ASLEEP };

bool thrum__parker_park_for(struct parker *p, int64_t ns)
{
	uint32_t token = CALLED;
	/* [P1] pairs with [P2] in thrum__parker_unpark */
	if (thrum__cas(&p->token, &token, AWAKE, acquire))
		return true;
	token = AWAKE;
	bool over = !thrum__cas(&p->token, &token, ASLEEP, relaxed);
	while (!over) {
		over = thrum__park_wait(&p->token, ASLEEP, ns) == -ETIMEDOUT;
		token = CALLED;
		/* [P1] pairs with [P2] in thrum__parker_unpark */
		if (thrum__cas(&p->token, &token, AWAKE, acquire))
			return true;
	}
	/* The time is up; or it was called between the two: take that.
	 * [P1] pairs with [P2] in thrum__parker_unpark */
	return thrum__swap(&p->token, AWAKE, acquire) == CALLED;
}

void thrum__parker_park(struct parker *p)
{
	(void)thrum__parker_park_for(p, -1);
}

void thrum__parker_unpark(struct parker *p)
{
	/* [P2] pairs with [P1] in thrum__parker_park_for */
	if (thrum__swap(&p->token, CALLED, release) == ASLEEP)
		thrum__park_wake(&p->token, 1);
}
