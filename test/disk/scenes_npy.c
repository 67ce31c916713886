/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* scenes_npy.c - files of arrays, while the system fails; see scenes.h
 *
 * In the folder is one file, of an old array, and a new one is put in its place.
 * What is under the name is the old one or the new one, whole. Bit 0: there is
 * such a file; bit 1: it is the new one.
 */
#include "config.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <thrum/hash.h>
#include <thrum/npy.h>

#include "file.h"
#include "little.h"
#include "scenes.h"

/* Elements: some sectors; and more than a block. */
enum { OLD = 700, NEW = 1100, LARGE = 150000 };

#ifdef HAVE_ZLIB
#define PACKED_OPTS() THRUM_NPY_OPTS(.compress = THRUM_ZLIB, .durable = 1)
#else
#define PACKED_OPTS() THRUM_NPY_OPTS(.durable = 1)
#endif

static const char *const names[] = { "a", "b" };

static const char *path_of(const char *folder)
{
	static char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/x.np", folder);
	return path;
}

static thrum_array array_of(size_t n)
{
	static double x[LARGE];
	for (size_t i = 0; i < n; i++)
		x[i] = (double)(i + n);
	return thrum_array_1d(THRUM_F64, x, n);
}

static bool is_whole(const thrum_array *a, size_t n)
{
	if (a->dtype != THRUM_F64 || a->ndim != 1 || a->shape[0] != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (((const double *)a->data)[i] != (double)(i + n))
			return false;
	return true;
}

/* Of two arrays: the old one and the new one, or the reverse. */
static int dump(const char *folder, size_t n, const thrum_npy_opts *opts,
                bool archive)
{
	thrum_array a[2] = { array_of(n), array_of(n) };
	return archive ? thrum_npz_dump(path_of(folder), 2, names, a, opts)
	               : thrum_npy_dump(path_of(folder), a, opts);
}

static int load(const char *folder, thrum_array *a, bool archive)
{
	return archive ? thrum_npz_load(path_of(folder), "b", a, NULL)
	               : thrum_npy_load(path_of(folder), a, NULL);
}

/* What a call may say while the system fails: what the system said. */
static const char *check_code(int rc, bool strict)
{
	LAW(rc == 0 || (!strict && rc < 0 && rc != THRUM_EINVAL
	                && rc != THRUM_EBADMSG));
	return NULL;
}

static const char *prepare_npy(const char *folder)
{
	return check_code(dump(folder, OLD, NULL, false), true);
}

/* As others may write it: the header has room to spare. */
static const char *prepare_long(const char *folder)
{
	char header[2048] = "\x93NUMPY\1";
	thrum_array a = array_of(OLD);
	FILE *f = fopen(path_of(folder), "wb");

	LAW(f);
	size_t rest = sizeof header - 10; /* two bytes, little-endian, say so */
	header[8] = (char)(rest & 0xff);
	header[9] = (char)(rest >> 8);
	int n = snprintf(header + 10, rest, "{'descr': '%cf8', 'fortran_order': "
	                 "False, 'shape': (%d,), }",
	                 thrum__little_here() ? '<' : '>', OLD);
	memset(header + 10 + n, ' ', rest - (size_t)n - 1);
	header[sizeof header - 1] = '\n';
	bool well = fwrite(header, sizeof header, 1, f) == 1
	            && fwrite(a.data, sizeof(double), OLD, f) == OLD;
	well = fclose(f) == 0 && well;
	LAW(well);
	return NULL;
}

static const char *prepare_packed(const char *folder)
{
	return check_code(dump(folder, OLD, PACKED_OPTS(), true), true);
}

static const char *prepare_npz(const char *folder)
{
	return check_code(dump(folder, OLD, NULL, true), true);
}

static const char *act_dump(const char *folder, bool strict)
{
	return check_code(dump(folder, NEW, NULL, false), strict);
}

static const char *act_dump_large(const char *folder, bool strict)
{
	return check_code(dump(folder, LARGE, NULL, false), strict);
}

static const char *act_dump_durably(const char *folder, bool strict)
{
	return check_code(dump(folder, NEW, THRUM_NPY_OPTS(.durable = 1),
	                       false), strict);
}

static const char *act_archive(const char *folder, bool strict)
{
	return check_code(dump(folder, NEW, PACKED_OPTS(), true), strict);
}

static const char *read_all(const char *folder, bool strict, bool archive)
{
	thrum_array a = { 0 };
	int rc = load(folder, &a, archive);
	bool right = rc != 0 || is_whole(&a, OLD);
	thrum_array_release(&a);
	LAW(right);
	LAWS(check_code(rc, strict));
	if (archive)
		return NULL;
	rc = thrum_npy_map(path_of(folder), &a, NULL);
	right = rc != 0 || is_whole(&a, OLD);
	thrum_array_release(&a);
	LAW(right);
	return check_code(rc, strict);
}

static const char *act_load(const char *folder, bool strict)
{
	return read_all(folder, strict, false);
}

/* Of elements that are hashed by a copy, as one is a NaN; and of many. Twice, of
 * which mostly one fails. */
static const char *act_hash(const char *folder, bool strict)
{
	const thrum_opts *one = THRUM_OPTS(.n_jobs = 1);
	(void)folder;
	for (size_t n = NEW; n <= LARGE; n += LARGE - NEW) {
		thrum_array a = array_of(n);
		((double *)a.data)[n / 2] = NAN;
		thrum_hash h[2];
		int rc[2];
		for (int i = 0; i < 2; i++) {
			rc[i] = thrum_hash_array(&h[i], &a, one);
			LAWS(check_code(rc[i], strict));
		}
		LAW(rc[0] || rc[1] || (h[0].low == h[1].low
		                       && h[0].high == h[1].high));
	}
	return NULL;
}

static const char *act_load_archive(const char *folder, bool strict)
{
	return read_all(folder, strict, true);
}

static const char *look(const char *folder, unsigned there, bool archive)
{
	thrum_array a = { 0 };
	int rc = load(folder, &a, archive);
	bool is_old = rc == 0 && is_whole(&a, OLD);
	bool is_new = rc == 0 && (is_whole(&a, NEW) || is_whole(&a, LARGE));
	thrum_array_release(&a);
	LAW(rc != 0 || is_old || is_new);
	LAW(!(there & 1) || rc == 0);
	LAW(!(there & 2) || is_new);
	return NULL;
}

static const char *look_npy(const char *folder, unsigned there)
{
	return look(folder, there, false);
}

static const char *look_npz(const char *folder, unsigned there)
{
	return look(folder, there, true);
}

/* Nothing but the file, and drafts, which can be told by their names. */
static const char *nothing_else(const char *folder)
{
	DIR *d = opendir(folder);
	bool odd = false;
	for (struct dirent *e; d && (e = readdir(d));)
		odd |= strcmp(e->d_name, ".") != 0
		       && strcmp(e->d_name, "..") != 0
		       && strcmp(e->d_name, "x.np") != 0
		       && !thrum__draft_is_name(e->d_name);
	if (d)
		closedir(d);
	LAW(!odd);
	return NULL;
}

static const char *after(const char *folder, const struct scene *s,
                         bool archive)
{
	LAWS(look(folder, s->spared, archive));
	LAWS(nothing_else(folder));
	LAWS(check_code(dump(folder, NEW, NULL, archive), true));
	return look(folder, 3, archive);
}

static const char *after_npy(const char *folder, const struct scene *s)
{
	return after(folder, s, false);
}

static const char *after_npz(const char *folder, const struct scene *s)
{
	return after(folder, s, true);
}

/* Without .durable the name may be on disk before the elements, and no checksum
 * is in a .npy file to tell. */
const struct scene npy_scenes[] = {
	{ "dump", prepare_npy, act_dump, after_npy, NULL, 1, 0 },
	{ "dump a large one", prepare_npy, act_dump_large, after_npy, NULL, 1,
	  0 },
	{ "dump durably", prepare_npy, act_dump_durably, after_npy, look_npy,
	  1, 3 },
	{ "load and map", prepare_npy, act_load, after_npy, look_npy, 1, 1 },
	{ "load and map a long header", prepare_long, act_load, after_npy,
	  look_npy, 1, 1 },
	{ "hash", prepare_npy, act_hash, after_npy, look_npy, 1, 1 },
	{ "dump an archive", prepare_npz, act_archive, after_npz, look_npz, 1,
	  3 },
	{ "load from an archive", prepare_npz, act_load_archive, after_npz,
	  look_npz, 1, 1 },
	{ "load from a packed archive", prepare_packed, act_load_archive,
	  after_npz, look_npz, 1, 1 },
};

const int npy_scene_count = sizeof npy_scenes / sizeof *npy_scenes;
