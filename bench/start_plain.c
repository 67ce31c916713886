/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* start_plain.c - a program that bench_pool starts: without the library */
#include "start.h"

int main(int argc, char **argv)
{
	volatile uint64_t sink = 0;

	(void)argv;
	if (argc > 1)
		sink = start_work(0, START_INDICES);
	return sink == 1;
}
