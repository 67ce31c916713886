/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* main.c - the least use of thrum */
#include <thrum.h>

static int nothing(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)ctx;
	(void)task;
	return begin < end ? 0 : 1;
}

int main(void)
{
	return thrum_for(NULL, 1000, nothing, NULL, NULL);
}
