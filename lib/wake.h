/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* wake.h - whom a call wakes, and who is counted on to come by itself */
#ifndef THRUM__WAKE_H
#define THRUM__WAKE_H

#include "pool.h"
#include "team.h"
#include "worker.h"

/** Some members may have to be woken for the call of @p t. Decides it where it is
 * asked after a fence that comes after the deal; else a hint. */
bool thrum__wake_needed(const struct team *t);

/** Some members are awake, and not kept out. A hint. */
bool thrum__wake_attended(const struct team *t);

/** Wake members, nearest first; those woken wake more. After such a fence.
 * @return how many. */
unsigned thrum__wake_members(struct team *t);

/** The same by a member that was woken itself. */
unsigned thrum__wake_on(struct team *t);

/** The call of @p t was published, and there was a fence after it: its members may
 * have been counted on by other calls. Wake others for those. By its caller. */
void thrum__wake_instead(const struct team *t);

/** Wake one member that rests: the caller, or a resident. By the thread at @p by,
 * which holds a part of the call. */
void thrum__wake_one(struct team *t, struct worker *by);

/** Wake the callers of all calls of @p pool that sleep, to look again. */
void thrum__wake_callers(struct thrum_pool *pool);

/** To be called after the deal of @p team was read and before work of it is looked
 * for: see to it that the other calls that run do not wait for this thread. By the
 * resident of @p w. */
void thrum__wake_attend(struct worker *w, const struct team *team);

/** The resident of @p w, which is @p rank in the call of @p deal, takes no part in it:
 * if there are blocks that it may have been woken for, wake another. */
void thrum__wake_stay_out(struct worker *w, const struct team *t,
                          uint64_t deal, unsigned rank);

#endif
