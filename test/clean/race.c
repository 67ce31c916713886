/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* race.c - a race that is to be reported, to see that a tool looks
 *
 * A thread writes a word and raises a flag; the other sees the flag and reads the
 * word. `race ordered` does so by release and acquire, `race relaxed` forgets
 * both, which is no more than lib/annotate.h says to the tool.
 */
#include "atomics.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static int word;
static _Atomic int flag;

static void *ordered(void *arg)
{
	(void)arg;
	word = 1;
	thrum__store(&flag, 1, release); /* [X1] pairs with [X2] in main */
	return NULL;
}

static void *relaxed(void *arg)
{
	(void)arg;
	word = 1;
	thrum__store(&flag, 1, relaxed); /* forgotten */
	return NULL;
}

int main(int argc, char **argv)
{
	int well = argc > 1 && strcmp(argv[1], "ordered") == 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, well ? ordered : relaxed, NULL) != 0)
		return 1;
	/* [X2] pairs with [X1] in ordered */
	while (!(well ? thrum__load(&flag, acquire)
	              : thrum__load(&flag, relaxed)))
		sched_yield();
	printf("# read %d\n", word);
	return pthread_join(thread, NULL) != 0;
}
