/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* leave.c - what a child of a test has run counts, too
 *
 * gcc's counts are written by a destructor, which _exit passes over, and many
 * children of the tests end by it. The linker sends those here (--wrap). They may
 * be in the middle of faults (test/fault/faults.h, test/disk/calls.h), which are not
 * for the files of the counts.
 */
#include <sys/resource.h>
#include <unistd.h>

void __gcov_dump(void);
unsigned long fault_disarm(void) __attribute__((weak));
unsigned long calls_disarm(void) __attribute__((weak));
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
	struct rlimit most; /* of a file: half a file of counts spoils the rest */

	if (fault_disarm)
		(void)fault_disarm();
	if (calls_disarm)
		(void)calls_disarm();
	if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur == RLIM_INFINITY)
		__gcov_dump();
	__real__exit(status);
}
