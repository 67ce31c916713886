/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* start_thrum.c - a program that bench_pool starts: with the library, whose
 * first call it makes if it is given an argument */
#include <thrum.h>

#include "start.h"

static volatile uint64_t sink;

static int body(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx;
	(void)task;
	sink = start_work(begin, end);
	return 0;
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return thrum_for(NULL, START_INDICES, body, NULL, NULL) != 0;
	return 0;
}
