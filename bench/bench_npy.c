/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* bench_npy.c - how near to the bare system calls are arrays in files?
 *
 * 80 MB in /dev/shm, or where TMPDIR says: what a disk and its file system take
 * comes on top. The serial run does with bare calls what must be done: write(2) of the bytes over
 * an old file, read(2) of them into new memory, mmap. NumPy and joblib save and
 * load the same.
 *
 * Number: THRUM_ZLIB, THRUM_ZSTD or 0, of `packed` questions.
 */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <thrum/npy.h>
#include <unistd.h>

enum { N = 10000000, HEADER = 128 };
#define BYTES ((size_t)N * sizeof(double) + HEADER)

struct files {
	char folder[128], path[160];
	double *x;
	thrum_array array;
	int n_jobs, compress;
	int wrong;
};

static int files_make(struct files *f, const struct run *run)
{
	const char *tmp = getenv("TMPDIR");
	const size_t shape[] = { N / 4000, 4000 };

	f->n_jobs = run->workers;
	f->wrong = 0;
	if (!tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(f->folder, sizeof f->folder, "%.80s/thrum-npy-XXXXXX", tmp);
	f->x = work_doubles(N);
	if (!f->x || !mkdtemp(f->folder))
		return -1;
	snprintf(f->path, sizeof f->path, "%s/x", f->folder);
	/* Numbers with some bits that repeat, as measurements have. */
	for (size_t i = 0; i < N; i++)
		f->x[i] = (double)(i * 2654435761u % 100000) / 8;
	f->array = thrum_array_nd(THRUM_F64, f->x, 2, shape, 0);
	return 0;
}

static void files_remove(struct files *f)
{
	unlink(f->path);
	rmdir(f->folder);
}

/* --- Bare ----------------------------------------------------------------- */

static void bare_dump(void *arg)
{
	struct files *f = arg;
	const char *p = (const char *)f->x;
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	f->wrong |= write(fd, p, HEADER) != HEADER;
	for (size_t done = 0; !f->wrong && done < BYTES - HEADER;) {
		ssize_t n = write(fd, p + done, BYTES - HEADER - done);
		f->wrong |= n <= 0;
		done += n > 0 ? (size_t)n : 0;
	}
	close(fd);
}

static void bare_load(void *arg)
{
	struct files *f = arg;
	char *p = malloc(BYTES);
	int fd = open(f->path, O_RDONLY);

	for (size_t done = 0; p && !f->wrong && done < BYTES;) {
		ssize_t n = read(fd, p + done, BYTES - done);
		f->wrong |= n <= 0;
		done += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	free(p);
}

static void bare_map(void *arg)
{
	struct files *f = arg;
	int fd = open(f->path, O_RDONLY);
	void *p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	f->wrong |= p == MAP_FAILED || munmap(p, BYTES);
}

/* --- thrum ---------------------------------------------------------------- */

static void dump(void *arg)
{
	struct files *f = arg;

	f->wrong |= thrum_npy_dump(f->path, &f->array,
		THRUM_NPY_OPTS(.n_jobs = f->n_jobs)) != 0;
}

static void load(void *arg)
{
	struct files *f = arg;
	thrum_array a;

	f->wrong |= thrum_npy_load(f->path, &a,
		THRUM_NPY_OPTS(.n_jobs = f->n_jobs)) != 0;
	thrum_array_release(&a);
}

static void map(void *arg)
{
	struct files *f = arg;
	thrum_array a;

	f->wrong |= thrum_npy_map(f->path, &a, NULL) != 0;
	thrum_array_release(&a);
}

static void pack(void *arg)
{
	struct files *f = arg;
	const char *const name = "x";

	f->wrong |= thrum_npz_dump(f->path, 1, &name, &f->array,
		THRUM_NPY_OPTS(.n_jobs = f->n_jobs, .compress = f->compress,
		               .level = f->compress ? 1 : 0)) != 0;
}

/* --- Questions ------------------------------------------------------------ */

static int is_thrum(const struct run *run)
{
	return (run->who->group & (WITH_THRUM1 | WITH_THRUM)) != 0;
}

/* Take readings of @p op, and emit them; milliseconds. */
static void measure(struct run *run, struct files *f, void (*op)(void *))
{
	struct samples s = run_sample(run, op, f);

	if (!f->wrong)
		run_emit_time(run, 0, &s, 1e-6);
	samples_free(&s);
	files_remove(f);
}

/* By another program. */
static int is_elsewhere(struct run *run)
{
	double ns, p90;

	if (!run->peer->timed)
		return 0;
	if (run->peer->timed(run->question->name, 1e-9 * (double)run->budget_ns,
	                     &ns, &p90) == 0)
		run_emit(run, 0, 1e-6 * ns, 1e-6 * p90);
	return 1;
}

static void answer_dump(struct run *run)
{
	struct files f;

	if (!is_elsewhere(run) && files_make(&f, run) == 0)
		measure(run, &f, is_thrum(run) ? dump : bare_dump);
}

static void answer_load(struct run *run)
{
	struct files f;

	if (is_elsewhere(run) || files_make(&f, run))
		return;
	dump(&f);
	measure(run, &f, is_thrum(run) ? load : bare_load);
}

static void answer_map(struct run *run)
{
	struct files f;

	if (is_elsewhere(run) || files_make(&f, run))
		return;
	dump(&f);
	measure(run, &f, is_thrum(run) ? map : bare_map);
}

/* All columns but the last: rows with a gap, or columns that are far apart. */
static void answer_view(struct run *run)
{
	struct files f;

	if (files_make(&f, run))
		return;
	thrum_array a = f.array;
	a.shape[1]--;
	f.array = a;
	if (run->question->number[0] != 0)
		for (int d = 0; d < 2; d++) {
			f.array.shape[d] = a.shape[1 - d];
			f.array.stride[d] = a.stride[1 - d];
		}
	measure(run, &f, is_thrum(run) ? dump : bare_dump);
}

static void answer_pack(struct run *run)
{
	struct files f;

	if (files_make(&f, run))
		return;
	f.compress = (int)run->question->number[0];
	measure(run, &f, pack);
}

#define OURS (WITH_THRUM1 | WITH_THRUM)
#define PYTHON (WITH_NUMPY | WITH_JOBLIB)

static const struct question questions[] = {
	{ "dump", "80 MB to a file; ms", WITH_SERIAL | OURS | PYTHON,
	  { { "dump", "ms", 0 } }, .answer = answer_dump,
	  .goal = { { "thrum", GOAL_TIMES, .limit = 1.3 } } },
	{ "load", "80 MB from a file; ms", WITH_SERIAL | OURS | PYTHON,
	  { { "load", "ms", 0 } }, .answer = answer_load,
	  .goal = { { "thrum", GOAL_TIMES, .limit = 1.2 } } },
	{ "map", "80 MB mapped; ms", WITH_SERIAL | WITH_THRUM | PYTHON,
	  { { "map", "ms", 0 } }, .answer = answer_map,
	  .goal = { { "thrum", GOAL_VALUE, .limit = 0.05 } } },
	{ "rows", "80 MB, each row with a gap, to a file; ms",
	  WITH_SERIAL | OURS, { { "dump", "ms", 0 } },
	  .answer = answer_view },
	{ "columns", "80 MB, transposed, to a file; ms", WITH_SERIAL | OURS,
	  { { "dump", "ms", 0 } }, .answer = answer_view, .number = { 1 } },
	{ "stored", "80 MB to an archive, with its sum; ms", OURS,
	  { { "dump", "ms", 0 } }, .than = "thrum-1", .answer = answer_pack },
	{ "zlib", "80 MB to an archive, deflate level 1; ms", OURS,
	  { { "dump", "ms", 0 } }, .than = "thrum-1", .answer = answer_pack,
	  .number = { THRUM_ZLIB }, .rounds = 3 },
	{ "zstd", "80 MB to an archive, zstd level 1; ms", OURS,
	  { { "dump", "ms", 0 } }, .than = "thrum-1", .answer = answer_pack,
	  .number = { THRUM_ZSTD }, .rounds = 3 },
	{ 0 },
};

const struct bench bench = {
	"npy", "how near to the bare system calls are arrays in files?",
	questions
};
