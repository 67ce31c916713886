/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* answer.c - the way of a memoized call
 *
 *   find          open, read, believe, use, stamp         5 us, no lock
 *   missing       take part in a flight (flight.c): lead, follow, or alone
 *   lead          find once more: who had the claim before may have stored
 *   compute       outside of all locks
 *   keep          write a draft, rename it (store.c)
 *   end           of the flight: followers find it, or are given it
 *   limits        drop what is too much (evict.c), after all that wait have gone
 *
 * Whatever fails on this way but the function itself is counted and passed over:
 * an entry that cannot be read is missing, one that cannot be written is not
 * there next time. Between the steps nothing is held but a claim and a flight,
 * and they end with the process, or here.
 */
#include "config.h"

#include "memo.h"

#include <errno.h>

#include "moment.h"

enum { CARE = 1024 }; /* a shard is looked after at every so many-th store */

/* An entry that is not there, or was refused by age or callback, is no
 * failure. */
static bool is_failure(int rc)
{
	return rc && rc != -ENOENT && rc != -ESTALE;
}

static int find(thrum_memo *m, struct request *r)
{
	struct fetched e;

	int rc = thrum__fetch_open(&e, &m->store, &r->q, &m->accept);
	if (rc == 0) {
		rc = r->use(r, &e);
		if (rc == 0) {
			thrum__fetch_used(&e, &m->accept);
			thrum__tally_hit(&m->tally, e.head.duration_ns);
		}
		thrum__fetch_close(&e);
	}
	if (is_failure(rc))
		thrum__tally_failure(&m->tally);
	return rc;
}

int thrum__memo_find(thrum_memo *m, struct request *r)
{
	int saved = errno;
	int rc = m->store.dir < 0 ? THRUM_ENOENT : find(m, r);

	if (rc)
		thrum__tally_miss(&m->tally);
	errno = saved;
	return rc == -ENOMEM ? THRUM_ENOMEM : rc ? THRUM_ENOENT : 0;
}

/* Run the function, and keep its result. *stored tells whether that is so. */
static int compute(thrum_memo *m, struct request *r, bool keep, bool *stored)
{
	thrum__tally_miss(&m->tally);
	uint64_t begin = thrum__moment_ns();
	int rc = r->compute(r);

	*stored = false;
	if (rc || !keep)
		return rc;
	struct keep k = {
		.store = &m->store, .usage = &m->usage, .host = m->host,
		.durable = m->durable, .codec = m->codec, .q = &r->q,
		.duration_ns = thrum__moment_ns() - begin,
	};
	int saved = errno;
	int code = r->keep(r, &k);
	errno = saved;
	*stored = code == 0;
	if (code)
		thrum__tally_failure(&m->tally);
	return 0;
}

/* One more entry is there. */
static void apply_limits(thrum_memo *m, const struct request *r)
{
	bool care = thrum__tally_store(&m->tally) % CARE == 0;

	thrum__tally_evicted(&m->tally,
	                     thrum__evict_after(&m->store, &m->usage,
	                                        &m->limits, &r->q.ref, care));
}

static int lead(thrum_memo *m, struct request *r, struct flight *flight)
{
	bool stored;
	int saved = errno;

	int rc = find(m, r);
	errno = saved;
	if (rc == 0) {
		thrum__flight_end(&m->flights, flight, true, NULL, 0);
		errno = saved;
		return 0;
	}
	rc = compute(m, r, true, &stored);
	saved = errno; /* the function's own affair */
	thrum__flight_end(&m->flights, flight, stored,
	                  rc ? NULL : r->result, r->size);
	if (stored)
		apply_limits(m, r);
	errno = saved;
	return rc;
}

static int alone(thrum_memo *m, struct request *r)
{
	bool stored;
	int rc = compute(m, r, !(r->flags & THRUM_NO_STORE), &stored);

	if (stored) {
		int saved = errno;
		apply_limits(m, r);
		errno = saved;
	}
	return rc;
}

/* As the function itself would do it, with nothing but the count. */
static int through(thrum_memo *m, struct request *r)
{
	thrum__tally_miss(&m->tally);
	return r->compute(r);
}

int thrum__memo_answer(thrum_memo *m, struct request *r)
{
	const struct wanted w = {
		.q = &r->q, .result = r->result, .size = r->size,
		.wait_ns = m->wait_ns, .task = r->task,
	};
	struct flight *flight;
	int saved = errno;

	if (m->store.dir < 0)
		return through(m, r);
	if (!(r->flags & THRUM_REFRESH)) {
		int rc = find(m, r);
		errno = saved;
		if (rc == 0)
			return 0;
	}
	if (r->flags & (THRUM_REFRESH | THRUM_NO_STORE))
		return alone(m, r);
	enum flight_role role = thrum__flight_begin(&m->flights, &w, &flight);
	errno = saved;
	switch (role) {
	case FLIGHT_LEAD:
		return lead(m, r, flight);
	case FLIGHT_GIVEN:
		thrum__tally_hit(&m->tally, 0);
		return 0;
	case FLIGHT_CANCELLED:
		return THRUM_ECANCELED;
	case FLIGHT_STORED:
		if (find(m, r) == 0) {
			errno = saved;
			return 0;
		}
		break; /* gone again, or not what we want */
	case FLIGHT_ALONE:
		break;
	}
	errno = saved;
	return alone(m, r);
}
