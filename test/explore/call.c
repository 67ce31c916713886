/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* call.c - lib/call.c under the model checker: how a call is ended from outside
 */
#include "explore.h"

#include "call.h"

#include <string.h>

static struct call call, outer;
static thrum_cancel token;
static _Atomic uint64_t crew[1];
static unsigned why;      /* plain: written before the token is set */
static unsigned seen[2];  /* by thread */

static void prepare(void)
{
	memset(&call, 0, sizeof call);
	memset(&outer, 0, sizeof outer);
	memset(&token, 0, sizeof token);
	thrum__store(&crew[0], 0, relaxed);
	call.crew = crew;
	why = seen[0] = seen[1] = 0;
	explore_name(&call.stop, sizeof call.stop, "stop");
	explore_name(crew, sizeof crew, "crew");
	explore_name(&token, sizeof token, "token");
}

static void set_token(void)
{
	why = 7;
	thrum_cancel_set(&token);
	explore_check(thrum_cancel_is_set(&token), "what was set is not set");
}

static void read_token(void)
{
	if (thrum_cancel_is_set(&token))
		explore_check(why == 7, "a token without its reason");
}

static void clear_token(void)
{
	thrum_cancel_clear(&token);
	explore_check(!thrum_cancel_is_set(&token), "what was cleared is set");
}

static void stop(void)
{
	static const enum stop reason[] = { STOP_FAILED, STOP_TIMED_OUT };

	thrum__call_stop(&call, reason[explore_self()]);
	seen[explore_self()] = thrum__call_stopping(&call);
}

static void one_reason(void)
{
	unsigned last = thrum__load(&call.stop, relaxed);

	explore_check(last != STOP_NOT, "the call goes on");
	explore_check(seen[0] == last && seen[1] == last,
	              "another reason than the first");
}

/* Each way from outside, by itself. */
static void stop_from_outside(void)
{
	explore_check(thrum__call_stopping(&call) == STOP_NOT
	              && !thrum__call_may_stop(&call), "nobody asked for it");
	call.cancel = &token;
	explore_check(thrum__call_stopping(&call) == STOP_NOT
	              && thrum__call_may_stop(&call), "the token is not set");
	thrum_cancel_set(&token);
	explore_check(thrum__call_stopping(&call) == STOP_CANCELLED,
	              "the token was not seen");
	prepare();
	call.deadline_ns = 500; /* the clock says 1000 */
	explore_check(thrum__call_stopping(&call) == STOP_TIMED_OUT,
	              "the deadline was not seen");
	prepare();
	call.parent = &outer;
	outer.deadline_ns = 500;
	explore_check(thrum__call_stopping(&call) == STOP_CANCELLED,
	              "the call around it was not seen");
	explore_check(thrum__load(&outer.stop, relaxed) == STOP_TIMED_OUT,
	              "the call around it goes on");
	prepare();
	thrum__call_stop(&call, STOP_FAILED);
	explore_check(thrum__call_may_stop(&call), "its own end was not seen");
}

static void mark(void)
{
	thrum__call_mark(&call, (int)explore_self());
	thrum__call_mark(&call, (int)explore_self());
}

static void both_marked(void)
{
	explore_check(thrum__load(&crew[0], relaxed) == 3,
	              "a worker that ran a job is not told");
}

const struct scenario explore_call[] = {
	{ "call-token", "Who sees a token set sees what was written before.",
	  prepare, { set_token, read_token }, clear_token },
	{ "call-stop", "The first of two reasons to end stays.",
	  prepare, { stop, stop }, one_reason },
	{ "call-outside", "Token, deadline and the call around it end a call.",
	  prepare, { stop_from_outside }, NULL },
	{ "call-mark", "All that ran a job are told.",
	  prepare, { mark, mark }, both_marked },
	{ 0 },
};
