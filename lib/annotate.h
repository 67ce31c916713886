/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* annotate.h - what helgrind and drd are told of an ordered operation
 *
 * These tools know locks and threads, but not the operations of C11: to them each
 * is a race, and nothing is ordered by it. Included by atomics.h in a build for
 * them alone. Each operation says two things.
 *
 *  - Its word is not to be looked at: it is written by several threads, and
 *    that is meant.
 *  - With release, what was done before it happens before what is done after one
 *    with acquire on the same word. That is a little more than C11 has it, as
 *    it does not ask whether the value was the one written. Fences say nothing:
 *    what is ordered by them alone are words that are not looked at.
 *
 * Both tools are served by one program. For what happens before what they have
 * the same requests; for words not to be looked at each has its own, and ignores
 * that of the other.
 */
#ifndef THRUM__ANNOTATE_H
#define THRUM__ANNOTATE_H

#include <stddef.h>
#include <valgrind/helgrind.h>
#undef ANNOTATE_BENIGN_RACE_SIZED /* we want that of drd.h */
#undef ANNOTATE_NEW_MEMORY        /* both have it; not used */
#undef ANNOTATE_THREAD_NAME
#include <valgrind/drd.h>

static inline void thrum__annotate_before(const volatile void *word,
                                          size_t bytes, int order)
{
	VALGRIND_HG_DISABLE_CHECKING(word, bytes);
	ANNOTATE_BENIGN_RACE_SIZED(word, bytes, "an ordered operation");
	if (order != __ATOMIC_RELAXED && order != __ATOMIC_ACQUIRE)
		ANNOTATE_HAPPENS_BEFORE(word);
}

static inline void thrum__annotate_after(const volatile void *word, int order)
{
	if (order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE)
		ANNOTATE_HAPPENS_AFTER(word);
}

#endif
