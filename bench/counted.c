/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* counted.c - a program in which bench/counts counts
 *
 *   counted hot N     N regions one after the other
 *   counted cold N    N regions, each after a sleep in which workers sleep too
 *
 * fib is here to be disassembled: a fork and a join, in line.
 */
#include <stdlib.h>
#include <string.h>
#include <thrum.h>
#include <time.h>

enum { INDICES = 64, TURNS = 1000 };

long fib(thrum_task *task, int n);
THRUM_TASK(long, fib, int);

long fib(thrum_task *task, int n)
{
	if (n < 2)
		return n;
	fib_forked a = fib_fork(task, n - 1);
	long b = fib(task, n - 2);
	return fib_join(task, a) + b;
}

static int spend(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	double *y = ctx;

	(void)task;
	for (size_t i = begin; i < end; i++) {
		double x = y[i];
		for (int turn = 0; turn < TURNS; turn++)
			x = x * 0.999 + 1;
		y[i] = x;
	}
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	int cold = argc > 1 && strcmp(argv[1], "cold") == 0;
	struct timespec pause = { 0, 5000000 };
	double y[INDICES] = { 0 };
	long value;

	if (fib_run(NULL, 10, &value, NULL) || value != 55)
		return 1;
	for (long i = 0; i < count; i++) {
		if (cold)
			nanosleep(&pause, NULL);
		if (thrum_for(NULL, INDICES, spend, y, NULL))
			return 1;
	}
	return 0;
}
