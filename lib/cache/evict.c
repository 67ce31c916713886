/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* evict.c - to hold limits, and to drop entries
 *
 * There is no index. A limit is checked against the counts of the shards, 4 KiB
 * that are read at each store into a store with limits. Where they say that it
 * is passed, directories are read, and stamps:
 *
 *   up to EXACT entries     all of them, in the order of their stamps: exactly
 *                           those used least recently go
 *   more                    shard after shard, from one chosen at random on,
 *                           until there is room: of each, those of its own that
 *                           were used least recently, down to the share of the
 *                           limit that the shard has of the whole
 *
 * Names are hashes, so a shard is a sample of a 256th, and its oldest are about
 * the oldest of all. A store of 10^6 entries looks at 4000 so once in 250 stores,
 * as each time a 16th more goes than must. To keep the exact order would cost
 * each hit a write to something that all processes share.
 *
 * What was read counts: the shard's record is set to it, so that what killed
 * processes did not add does not add up. In the same pass drafts are swept.
 *
 * Others may store, hit and evict meanwhile. What is gone already is no error;
 * an entry that was replaced after its stamp was read goes too early, which costs
 * its next reader a run. A step that removes, removes a name of our form, in a
 * shard that is no link; never a directory.
 */
#include "config.h"

#include "evict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry.h"
#include "moment.h"

enum {
	EXACT = 4096,       /* when an entry is stored */
	EXACT_CALL = 65536, /* when asked to; 6 MB while it lasts */
	SLACK = 16          /* a part of the limit */
};

struct item {
	int64_t used_ns;
	uint64_t bytes;
	int shard;
	char name[65];
};

/* A pass over shards. */
struct pass {
	const struct store *store;
	struct usage *usage;
	int64_t age_ns;
	const char *keep; /* a name that must not go; NULL none */
	uint64_t evicted;
	int shard;        /* the one that is read now */
	struct counts in_shard, total;
	bool listing;     /* remember items */
	bool full;        /* there were too many, or no memory */
	size_t n, room, most;
	struct item *item;
};

/* Stamps are renewed by hits, so one that is old enough tells; else the entry
 * itself does. */
static bool is_too_old(const struct pass *p, int dir, const char *name,
                       int64_t used_ns)
{
	int64_t now = thrum__moment_date_ns(), made_ns;
	unsigned char head[ENTRY_FIXED];
	size_t got = 0;

	if (p->age_ns == 0)
		return false;
	if (now - used_ns > p->age_ns)
		return true;
	int fd = thrum__file_open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool old = thrum__file_read_at(fd, head, sizeof head, 0, &got) == 0
	           && thrum__entry_made(head, got, &made_ns)
	           && now - made_ns > p->age_ns;
	close(fd);
	return old;
}

static void remember(struct pass *p, const char *name, const struct stat *st)
{
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 256;
		struct item *item = p->n < p->most
			? realloc(p->item, room * sizeof *item) : NULL;
		if (!item) {
			p->full = true;
			return;
		}
		p->item = item;
		p->room = room;
	}
	struct item *i = &p->item[p->n++];
	i->used_ns = thrum__moment_of(st);
	i->bytes = (uint64_t)st->st_size;
	i->shard = p->shard;
	memcpy(i->name, name, sizeof i->name);
}

static void visit(void *ctx, int dir, const char *name)
{
	struct pass *p = ctx;
	struct stat st;

	if (!thrum__store_is_name(name)) {
		thrum__store_sweep_draft(dir, name);
		return;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0
	    || !S_ISREG(st.st_mode))
		return;
	bool must_stay = p->keep && strcmp(name, p->keep) == 0;
	if (!must_stay && is_too_old(p, dir, name, thrum__moment_of(&st))
	    && unlinkat(dir, name, 0) == 0) {
		p->evicted++;
		return;
	}
	p->in_shard.entries++;
	p->in_shard.bytes += (uint64_t)st.st_size;
	if (p->listing && !p->full && !must_stay)
		remember(p, name, &st);
}

/* Read one shard, and set its counts. */
static int read_shard(struct pass *p, int shard)
{
	p->shard = shard;
	p->in_shard = (struct counts){ true, 0, 0 };
	int rc = thrum__store_walk(p->store, shard, visit, p);
	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0)
		thrum__usage_set(p->usage, shard, p->in_shard.entries,
		                 p->in_shard.bytes);
	p->total.entries += p->in_shard.entries;
	p->total.bytes += p->in_shard.bytes;
	return rc;
}

static int read_all(struct pass *p)
{
	int rc = 0;

	p->total = (struct counts){ true, 0, 0 };
	for (int i = 0; i < STORE_SHARDS; i++) {
		int code = read_shard(p, i);
		rc = rc ? rc : code;
	}
	return rc;
}

static int by_use(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	return x->used_ns < y->used_ns ? -1 : x->used_ns > y->used_ns;
}

/* Remove what the items say, oldest first, while *have is more than goal. */
static void trim(struct pass *p, struct counts *have, const struct counts *goal)
{
	int dir = -1, shard = -1;
	bool made;

	if (p->n > 0)
		qsort(p->item, p->n, sizeof *p->item, by_use);
	for (size_t i = 0; i < p->n && (have->entries > goal->entries
	                                || have->bytes > goal->bytes); i++) {
		const struct item *item = &p->item[i];
		if (item->shard != shard) {
			if (dir >= 0)
				close(dir);
			shard = item->shard;
			dir = thrum__store_shard(p->store, shard, false, &made);
		}
		if (dir < 0)
			continue;
		if (unlinkat(dir, item->name, 0) == 0) {
			p->evicted++;
			thrum__usage_add(p->usage, shard, -1,
			                 -(int64_t)item->bytes);
		} else if (errno != ENOENT) {
			continue; /* it is still there */
		}
		have->entries--;
		have->bytes -= item->bytes;
	}
	if (dir >= 0)
		close(dir);
}

/* What may stay: the limits, or all. */
static struct counts goal_of(const struct limits *l, unsigned slack)
{
	return (struct counts){
		true,
		l->entries ? l->entries - (slack ? l->entries / slack : 0)
		           : UINT64_MAX,
		l->bytes ? l->bytes - (slack ? l->bytes / slack : 0)
		         : UINT64_MAX,
	};
}

static bool within(const struct counts *have, const struct counts *goal)
{
	return have->entries <= goal->entries && have->bytes <= goal->bytes;
}

static uint64_t share(uint64_t part, uint64_t goal, uint64_t whole)
{
	if (goal >= whole)
		return UINT64_MAX;
	return (uint64_t)((double)part * ((double)goal / (double)whole));
}

/* Bring one shard, which was read, down to its share of @p goal, of @p whole. */
static void trim_shard(struct pass *p, const struct counts *goal,
                       const struct counts *whole, struct counts *have)
{
	struct counts here = p->in_shard, before = here;
	struct counts part = {
		true, share(here.entries, goal->entries, whole->entries),
		share(here.bytes, goal->bytes, whole->bytes)
	};
	trim(p, &here, &part);
	have->entries -= before.entries - here.entries;
	have->bytes -= before.bytes - here.bytes;
}

/* Read a shard, with its items. */
static int list_shard(struct pass *p, int shard)
{
	p->n = 0;
	p->full = false;
	p->most = SIZE_MAX / 2 / sizeof *p->item;
	return read_shard(p, shard);
}

int thrum__evict_all(const struct store *s, struct usage *u,
                     const struct limits *limits, uint64_t *evicted)
{
	struct counts goal = goal_of(limits, 0);
	struct pass p = {
		.store = s, .usage = u, .age_ns = limits->age_ns,
		.listing = limits->bytes || limits->entries,
		.most = EXACT_CALL,
	};
	int rc = read_all(&p);

	if (!within(&p.total, &goal)) {
		struct counts whole = p.total, have = p.total;
		if (!p.full)
			trim(&p, &have, &goal);
		for (int i = 0; i < STORE_SHARDS && !within(&have, &goal); i++)
			if (list_shard(&p, i) == 0)
				trim_shard(&p, &goal, &whole, &have);
	}
	free(p.item);
	*evicted = p.evicted;
	return rc;
}

/* The counts of all, and their sum. */
static struct counts sum_of(struct pass *p, struct counts counts[STORE_SHARDS])
{
	struct counts sum = { true, 0, 0 };

	thrum__usage_read(p->usage, counts);
	for (int i = 0; i < STORE_SHARDS; i++) {
		if (!counts[i].known && read_shard(p, i) == 0)
			counts[i] = p->in_shard;
		sum.entries += counts[i].entries;
		sum.bytes += counts[i].bytes;
	}
	return sum;
}

/* Whether counts tell of what is there, but for what others did meanwhile. */
static bool is_about(const struct counts *told, const struct counts *found)
{
	uint64_t e = told->entries > found->entries
	             ? told->entries - found->entries : 0;
	uint64_t b = told->bytes > found->bytes ? told->bytes - found->bytes
	                                        : 0;
	return e <= found->entries / 8 + 32
	       && b <= found->bytes / 8 + (1 << 20);
}

static void make_room(struct pass *p, const struct limits *limits,
                      const struct counts counts[STORE_SHARDS],
                      struct counts have, unsigned first)
{
	struct counts most = goal_of(limits, 0), goal = goal_of(limits, SLACK);
	bool counted = false;

	p->listing = true;
	p->most = EXACT;
	if (have.entries <= EXACT) {
		(void)read_all(p);
		have = p->total;
		counted = true;
		if (!p->full) {
			if (!within(&have, &most))
				trim(p, &have, &goal);
			return;
		}
	}
	struct counts whole = have;
	for (unsigned k = 0; k < STORE_SHARDS && !within(&have, &most); k++) {
		int i = (int)((first + k) % STORE_SHARDS);
		if (list_shard(p, i) != 0)
			continue;
		if (!counted && !is_about(&counts[i], &p->in_shard)) {
			/* They were wrong, and nothing was dropped yet. */
			(void)read_all(p);
			whole = have = p->total;
			counted = true;
			k--;
			continue;
		}
		counted = true;
		trim_shard(p, &goal, &whole, &have);
	}
}

uint64_t thrum__evict_after(const struct store *s, struct usage *u,
                            const struct limits *limits,
                            const thrum_memo_ref *just, bool care)
{
	char name[STORE_NAME_BYTES];
	struct pass p = { .store = s, .usage = u, .age_ns = limits->age_ns,
	                  .keep = name + 3 };
	/* Hashes are as good as dice. */
	unsigned first = (unsigned)just->key.low % STORE_SHARDS;

	thrum__store_name(name, just);
	if (care)
		(void)read_shard(&p, (int)first);
	/* Without counts all would be read for each store. */
	if ((limits->bytes || limits->entries) && (u->fd >= 0 || care)) {
		struct counts counts[STORE_SHARDS];
		struct counts most = goal_of(limits, 0);
		struct counts have = sum_of(&p, counts);
		if (!within(&have, &most))
			make_room(&p, limits, counts, have, first);
		free(p.item);
	}
	return p.evicted;
}

/* Forgetting */

struct drop {
	struct usage *usage;
	const thrum_hash *function;
	int shard;
	int rc;
};

/* @return 0 if it is gone, by whomever. */
static int drop(struct usage *u, int shard, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0
	    || unlinkat(dir, name, 0) != 0)
		return errno == ENOENT ? 0 : -errno;
	thrum__usage_add(u, shard, -1, -(int64_t)st.st_size);
	return 0;
}

static void drop_visit(void *ctx, int dir, const char *name)
{
	struct drop *d = ctx;

	if (!thrum__store_is_name(name)
	    || (d->function && !thrum__store_is_of(name, d->function)))
		return;
	int rc = drop(d->usage, d->shard, dir, name);
	d->rc = d->rc ? d->rc : rc;
}

int thrum__evict_function(const struct store *s, struct usage *u,
                          const thrum_hash *function)
{
	struct drop d = { .usage = u, .function = function };

	for (int i = 0; i < STORE_SHARDS; i++) {
		d.shard = i;
		int rc = thrum__store_walk(s, i, drop_visit, &d);
		if (rc && rc != -ENOENT && !d.rc)
			d.rc = rc;
	}
	return d.rc;
}

int thrum__evict_one(const struct store *s, struct usage *u,
                     const thrum_memo_ref *ref)
{
	char name[STORE_NAME_BYTES];
	int shard = thrum__store_shard_of(ref);
	bool made;

	thrum__store_name(name, ref);
	int dir = thrum__store_shard(s, shard, false, &made);
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	int rc = drop(u, shard, dir, name + 3);
	close(dir);
	return rc;
}

void thrum__evict_count(const struct store *s, struct usage *u,
                        uint64_t *entries, uint64_t *bytes)
{
	struct pass p = { .store = s, .usage = u };
	struct counts counts[STORE_SHARDS], sum = sum_of(&p, counts);

	*entries = sum.entries;
	*bytes = sum.bytes;
}
