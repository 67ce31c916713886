/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* held.h - memory and maps that were got and not given back
 *
 * For those who stand in for calls to the system, as faults.c and the like of the
 * cache library. Any thread, also while the process forks.
 */
#ifndef THRUM_TEST_FAULT_HELD_H
#define THRUM_TEST_FAULT_HELD_H

/* Count from now on. */
void held_begin(void);

/* @p p was got, unless it is NULL or MAP_FAILED. @return p. */
void *held_hold(void *p);

/* @p p is given back, which may be NULL, or be of before. */
void held_let_go(void *p);

int held_now(void);

/* What stands in for a function, and the function. */
#define STAND_IN(type, name, ...) \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

#endif
