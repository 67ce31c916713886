/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* session.h - the calling thread while it is in a call
 *
 * A call runs in one of three ways, and its shape (loop, stream, tree) asks
 * which:
 *
 *   ALONE   by the caller only: n_jobs = 1, or no team was free
 *   NESTED  inside a body, by the workers of the call around it: what it gives
 *           away are tasks in the deque of the worker it is on
 *   TEAM    with a team of its own
 */
#ifndef THRUM__SESSION_H
#define THRUM__SESSION_H

#include "affinity.h"
#include "call.h"
#include "team.h"

enum session_kind { SESSION_ALONE, SESSION_NESTED, SESSION_TEAM };

struct session {
	enum session_kind kind;
	struct team *team;      /* TEAM: open, not yet published */
	struct worker *caller;  /* TEAM, NESTED */
	struct thrum_task task; /* the caller's; task.call is the call now */
	struct call *visitor;   /* TEAM: where it was, and goes back at the end */
	struct scratch scratch; /* ALONE and not inside a body */
	bool bound;
	struct affinity_saved mask;
};

/** Begin @p call, of which pool, fpenv and n_jobs are set; n_jobs is lowered if
 * there are not so many workers. A call that gets a team lives there until the
 * end: use s->task.call.
 *
 * @param within   Innermost task of this thread in call->pool; NULL none.
 * @param own_team  The shape needs a team: never NESTED. */
void thrum__session_begin(struct session *s, struct call *call,
                          const struct thrum_task *within, bool own_team);

/** Begin ALONE, for a part of @p call that is too short to share. Calls made
 * inside it may be shared: they have all the workers of @p call. */
void thrum__session_begin_short(struct session *s, struct call *call);

/** TEAM: deal @p blocks to the members, let them see the call, and wake whom it
 * is worth to. @return the deal, for thrum__worker_finish. */
uint64_t thrum__session_publish(struct session *s, uint32_t blocks);

/** The same with one turn for each member, that no other can take. Wakes
 * none of them, but others for calls that had counted on them. */
uint64_t thrum__session_publish_turns(struct session *s);

void thrum__session_end(struct session *s);

#endif
