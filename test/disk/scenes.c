/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* scenes.c - what is done to a folder while the system fails; see scenes.h */
#include "config.h"

#include "scenes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "fetch.h"
#include "store.h"

enum { ALL = 6, ARRAY = 4, ARRAY_N = 200, ARRAYS = 2, MANY = 40 };

void scene_value(int i, unsigned char value[VALUE_BYTES])
{
	for (int k = 0; k < VALUE_BYTES; k++)
		value[k] = (unsigned char)(1 + (k * 7 + i * 31 + k / 256) % 255);
}

bool scene_is_value(int i, const unsigned char value[VALUE_BYTES])
{
	unsigned char right[VALUE_BYTES];
	scene_value(i, right);
	return memcmp(value, right, sizeof right) == 0;
}

thrum_key scene_key(int i)
{
	thrum_key key = THRUM_KEY_INIT;
	thrum_key_i64(&key, "i", i);
	return key;
}

static int compute(void *ctx, void *result)
{
	scene_value(*(int *)ctx, result);
	return 0;
}

const char *scene_call(thrum_memo *memo, int i, unsigned flags)
{
	unsigned char value[VALUE_BYTES] = { 0 };
	thrum_key key = scene_key(i);
	LAW(thrum_memo_call(memo, SCENE_FN, &key, compute, &i, value,
	                    sizeof value, flags) == 0);
	LAW(scene_is_value(i, value));
	return NULL;
}

/* There: 1; not, or there is no memory to unpack it: 0; there and wrong: -1. */
static int get(thrum_memo *memo, int i)
{
	unsigned char value[VALUE_BYTES] = { 0 };
	thrum_key key = scene_key(i);
	thrum_memo_ref ref;
	if (thrum_memo_ref_of(&ref, SCENE_FN, &key) != 0)
		return -1;
	int rc = thrum_memo_get(memo, &ref, value, sizeof value);
	if (rc == THRUM_ENOENT || rc == THRUM_ENOMEM)
		return 0;
	return rc == 0 && scene_is_value(i, value) ? 1 : -1;
}

/* Two arrays, which stay ours. */
static int compute_arrays(void *ctx, thrum_array *results, size_t n)
{
	(void)ctx;
	static double x[ARRAY_N];
	static int32_t y[ARRAY_N];
	for (int i = 0; i < ARRAY_N; i++) {
		x[i] = 1.5 * i + 1;
		y[i] = -i - 1;
	}
	if (n != ARRAYS)
		return 1;
	results[0] = thrum_array_1d(THRUM_F64, x, ARRAY_N);
	results[1] = thrum_array_1d(THRUM_I32, y, ARRAY_N);
	return 0;
}

static bool is_right(const thrum_array *a)
{
	if (a[0].dtype != THRUM_F64 || a[1].dtype != THRUM_I32)
		return false;
	for (int k = 0; k < ARRAYS; k++)
		if (a[k].ndim != 1 || a[k].shape[0] != ARRAY_N)
			return false;
	const double *x = a[0].data;
	const int32_t *y = a[1].data;
	for (int i = 0; i < ARRAY_N; i++)
		if (x[i] != 1.5 * i + 1 || y[i] != -i - 1)
			return false;
	return true;
}

/* They come in memory of the library's, which there may be none of. */
static const char *call_arrays(thrum_memo *memo, unsigned flags, bool strict)
{
	thrum_array a[ARRAYS];
	thrum_key key = scene_key(ARRAY);
	int rc = thrum_memo_arrays(memo, THRUM_FN("arrays", 1), &key,
	                           compute_arrays, NULL, a, ARRAYS, flags);
	if (!strict && rc == THRUM_ENOMEM)
		return NULL;
	LAW(rc == 0);
	bool right = is_right(a);
	for (int k = 0; k < ARRAYS; k++)
		thrum_array_release(&a[k]);
	LAW(right);
	return NULL;
}

/* So many, of so many dimensions, that the head of their entry is a long one. */
static int compute_many(void *ctx, thrum_array *results, size_t n)
{
	static int32_t x[MANY];
	size_t shape[THRUM_NDIM_MAX];
	(void)ctx;
	for (int d = 0; d < THRUM_NDIM_MAX; d++)
		shape[d] = 1;
	for (size_t i = 0; i < n; i++) {
		x[i] = 7 - (int32_t)i;
		results[i] = thrum_array_nd(THRUM_I32, &x[i], THRUM_NDIM_MAX,
		                            shape, 0);
	}
	return 0;
}

static const char *call_many(thrum_memo *memo, bool strict)
{
	thrum_array a[MANY];
	thrum_key key = THRUM_KEY_INIT;
	int rc = thrum_memo_arrays(memo, THRUM_FN("many", 1), &key,
	                           compute_many, NULL, a, MANY, 0);
	if (!strict && rc == THRUM_ENOMEM)
		return NULL;
	LAW(rc == 0);
	bool right = true;
	for (int k = 0; k < MANY; k++) {
		right = right && a[k].ndim == THRUM_NDIM_MAX
		        && a[k].dtype == THRUM_I32
		        && *(const int32_t *)a[k].data == 7 - k;
		thrum_array_release(&a[k]);
	}
	LAW(right);
	return NULL;
}

/* What an open may say while the system fails. */
static bool may_say(int rc)
{
	return rc == THRUM_EIO || rc == THRUM_EACCES || rc == THRUM_ENOMEM;
}

/* Nobody else computes, whatever a lock says; who believes it waits so long. */
#define SCENE_OPTS(...) THRUM_MEMO_OPTS(.wait_s = 0.05, __VA_ARGS__)

#ifdef HAVE_ZSTD
#define PACKED_OPTS() SCENE_OPTS(.compress = THRUM_ZSTD)
#else
#define PACKED_OPTS() SCENE_OPTS()
#endif

/* Open, do, close. What cannot be opened is done without. */
static const char *within(const char *folder, const thrum_memo_opts *opts,
                          bool strict, const char *(*body)(thrum_memo *, bool))
{
	thrum_memo *memo;
	int rc = thrum_memo_open(&memo, folder, opts);
	LAW(rc == 0 || (!strict && memo == NULL && may_say(rc)));
	const char *wrong = body(memo, strict);
	thrum_memo_close(memo);
	return wrong;
}

static const char *prepare_empty(const char *folder)
{
	(void)folder;
	return NULL;
}

static const char *store_entries(thrum_memo *memo, bool strict)
{
	for (int i = 0; i < ENTRIES; i++)
		LAWS(scene_call(memo, i, 0));
	return call_arrays(memo, 0, strict);
}

static const char *prepare_entries(const char *folder)
{
	return within(folder, SCENE_OPTS(), true, store_entries);
}

static const char *prepare_packed(const char *folder)
{
	return within(folder, PACKED_OPTS(), true, store_entries);
}

/* Acts */

static const char *nothing(thrum_memo *memo, bool strict)
{
	(void)memo, (void)strict;
	return NULL;
}

static const char *act_open(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, nothing);
}

static const char *store(thrum_memo *memo, bool strict)
{
	(void)strict;
	return scene_call(memo, ENTRIES, 0);
}

static const char *act_store(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, store);
}

static const char *act_durable(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(.durable = 1), strict, store);
}

static const char *hit(thrum_memo *memo, bool strict)
{
	thrum_key key = scene_key(1);
	LAWS(scene_call(memo, 0, 0));
	int there = thrum_memo_contains(memo, SCENE_FN, &key);
	LAW(there == 1 || (!strict && there == 0));
	there = get(memo, 1);
	/* Without a store there is nothing to get. */
	LAW(there == 1 || (!strict && (there == 0 || !memo)));
	return NULL;
}

static const char *act_hit(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, hit);
}

static const char *refresh(thrum_memo *memo, bool strict)
{
	(void)strict;
	return scene_call(memo, 0, THRUM_REFRESH);
}

static const char *act_refresh(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, refresh);
}

static const char *arrays(thrum_memo *memo, bool strict)
{
	LAWS(call_arrays(memo, 0, strict));
	LAWS(call_arrays(memo, THRUM_MAPPED, strict));
	return call_arrays(memo, THRUM_REFRESH, strict);
}

static const char *act_arrays(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, arrays);
}

static const char *act_packed(const char *folder, bool strict)
{
	LAWS(within(folder, PACKED_OPTS(), strict, hit));
	return within(folder, PACKED_OPTS(), strict, arrays);
}

/* Stored and read. */
static const char *many(thrum_memo *memo, bool strict)
{
	LAWS(call_many(memo, strict));
	return call_many(memo, strict);
}

static const char *act_many(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, many);
}

static const char *evict_by(thrum_memo *memo, const thrum_memo_opts *limits,
                            bool strict)
{
	int rc = thrum_memo_evict(memo, limits);
	LAW(rc == 0 || (!strict && rc < 0));
	return NULL;
}

static const char *evict(thrum_memo *memo, bool strict)
{
	return evict_by(memo, SCENE_OPTS(.max_entries = 1), strict);
}

static const char *act_evict(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, evict);
}

/* None is so old, and what cannot be looked at is none. */
static const char *age(thrum_memo *memo, bool strict)
{
	return evict_by(memo, SCENE_OPTS(.max_age_s = 3600), strict);
}

static const char *act_age(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, age);
}

static const char *act_limits(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(.max_entries = 2), strict, store);
}

static const char *forget(thrum_memo *memo, bool strict)
{
	thrum_key key = scene_key(0);
	int rc = thrum_memo_forget(memo, SCENE_FN, &key);
	LAW(rc == 0 || (!strict && rc < 0));
	LAW(!strict || get(memo, 0) == 0);
	rc = thrum_memo_forget(memo, THRUM_FN("arrays", 1), NULL);
	LAW(rc == 0 || (!strict && rc < 0));
	return NULL;
}

static const char *act_forget(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, forget);
}

static const char *forget_all(thrum_memo *memo, bool strict)
{
	int rc = thrum_memo_forget(memo, THRUM_FN(NULL, 0), NULL);
	LAW(rc == 0 || (!strict && rc < 0));
	return NULL;
}

static const char *act_forget_all(const char *folder, bool strict)
{
	return within(folder, SCENE_OPTS(), strict, forget_all);
}

/* As thrum-cache does for each. */
static const char *act_verify(const char *folder, bool strict)
{
	struct store s;
	struct fetched e;
	const struct accept any = { .valid = NULL };
	struct asked q = { .fn = { NULL, 0 } };
	thrum_key key = scene_key(0);

	LAW(thrum_memo_ref_of(&q.ref, SCENE_FN, &key) == 0);
	int rc = thrum__store_open(&s, folder, true, false);
	if (rc == 0) {
		rc = thrum__fetch_open(&e, &s, &q, &any);
		if (rc == 0) {
			rc = thrum__fetch_verify(&e);
			thrum__fetch_close(&e);
		}
		thrum__store_close(&s);
	}
	LAW(rc == 0 || (!strict && rc != -EBADMSG));
	return NULL;
}

/* Afterwards */

static const char *look_memo(const char *folder, unsigned there)
{
	thrum_memo *memo;
	LAW(thrum_memo_open(&memo, folder, SCENE_OPTS()) == 0);
	const char *wrong = NULL;
	for (int i = 0; i < ALL && !wrong; i++) {
		int is = get(memo, i);
		if (is < 0)
			wrong = "broken: an entry is right or missing";
		else if (!is && there & 1u << i)
			wrong = "broken: what was there is there";
	}
	thrum_memo_close(memo);
	return wrong;
}

static const char *all_work(thrum_memo *memo, bool strict)
{
	for (int i = 0; i < ENTRIES + 1; i++)
		LAWS(scene_call(memo, i, 0));
	LAWS(call_arrays(memo, 0, strict));
	for (int i = 0; i < ENTRIES + 1; i++)
		LAW(get(memo, i) == 1);
	return call_arrays(memo, THRUM_MAPPED, strict);
}

static const char *sweep(thrum_memo *memo, bool strict)
{
	(void)strict;
	LAW(thrum_memo_evict(memo, NULL) == 0);
	return NULL;
}

/* The files below @p folder, by @p each; days old they are then, all of them. */
static void files_of(const char *folder, const char *below,
                     void (*each)(const char *path, void *arg), void *arg)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", folder, below);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		char inner[PATH_MAX];
		struct stat st;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0
		    || snprintf(inner, sizeof inner, "%s%s%s", below,
		                *below ? "/" : "", e->d_name)
		       >= (int)sizeof inner
		    || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		struct timespec old[2] = { { st.st_atime - 200000, 0 },
			                   { st.st_mtime - 200000, 0 } };
		utimensat(dirfd(d), e->d_name, old, AT_SYMLINK_NOFOLLOW);
		if (S_ISDIR(st.st_mode))
			files_of(folder, inner, each, arg);
		else
			each(inner, arg);
	}
	if (d)
		closedir(d);
}

struct names {
	char names[64][128];
	int count;
	const struct names *among; /* NULL: take down all */
	char odd[128];             /* one that is not among them */
};

static void take(const char *path, void *arg)
{
	struct names *f = arg;
	if (!f->among) {
		if (f->count < 64)
			snprintf(f->names[f->count++], 128, "%.127s", path);
		return;
	}
	for (int i = 0; i < f->among->count; i++)
		if (strcmp(f->among->names[i], path) == 0)
			return;
	snprintf(f->odd, sizeof f->odd, "%.127s", path);
}

/* Names of entries depend on their keys alone: so those of a store in which
 * nothing went wrong are all that there may be. */
static struct names right;

void scenes_begin(const char *folder)
{
	disk_folder(folder);
	const char *wrong = within(folder, SCENE_OPTS(), true, all_work);
	if (!wrong)
		wrong = within(folder, SCENE_OPTS(), true, many);
	if (!wrong)
		wrong = within(folder, SCENE_OPTS(), true, sweep);
	if (wrong)
		printf("# %s\n", wrong);
	files_of(folder, "", take, &right);
	disk_clear(folder);
}

static const char *nothing_left_over(const char *folder)
{
	static char said[256];
	struct names here = { .among = &right };
	files_of(folder, "", take, &here);
	snprintf(said, sizeof said, "broken: %s is swept away", here.odd);
	return here.odd[0] ? said : NULL;
}

static void ignore(const char *path, void *arg)
{
	(void)path, (void)arg;
}

static const char *after_memo(const char *folder, const struct scene *scene)
{
	LAWS(look_memo(folder, scene->spared));
	LAWS(within(folder, SCENE_OPTS(), true, all_work));
	files_of(folder, "", ignore, NULL);
	LAWS(within(folder, SCENE_OPTS(), true, sweep));
	return nothing_left_over(folder);
}

#define MEMO(name_, prepare_, act_, spared_, lasting_) \
	{ name_, prepare_, act_, after_memo, look_memo, spared_, lasting_ }

const struct scene memo_scenes[] = {
	MEMO("open", prepare_empty, act_open, 0, 0),
	MEMO("store the first", prepare_empty, act_store, 0, 0),
	MEMO("store", prepare_entries, act_store, 7, 0),
	MEMO("store durably", prepare_entries, act_durable, 7, 15),
	MEMO("store the first durably", prepare_empty, act_durable, 0, 8),
	MEMO("hit", prepare_entries, act_hit, 7, 7),
	MEMO("refresh", prepare_entries, act_refresh, 6, 0),
	MEMO("arrays", prepare_entries, act_arrays, 7, 7),
	MEMO("packed", prepare_packed, act_packed, 7, 7),
	MEMO("many arrays", prepare_entries, act_many, 7, 7),
	MEMO("evict the old", prepare_entries, act_age, 7, 7),
	MEMO("evict", prepare_entries, act_evict, 0, 0),
	MEMO("store within limits", prepare_entries, act_limits, 0, 0),
	MEMO("verify", prepare_entries, act_verify, 7, 7),
	MEMO("forget", prepare_entries, act_forget, 6, 6),
	MEMO("forget all", prepare_entries, act_forget_all, 0, 0),
};

const int memo_scene_count = sizeof memo_scenes / sizeof *memo_scenes;
