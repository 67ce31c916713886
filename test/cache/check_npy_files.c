/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_npy_files.c - dumps replace files whole; loads from what is no file
 *
 * Most laws are looked at from outside, by what is in the folder of the test
 * before and after.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <thrum.h>
#include <thrum/npy.h>

#include "file.h"
#include "folder.h"

static const double ones[] = { 1, 1, 1 }, twos[] = { 2, 2, 2, 2 };

static thrum_array array_of(const double *x, size_t n)
{
	return thrum_array_1d(THRUM_F64, x, n);
}

static int dump(const char *path, const double *x, size_t n)
{
	thrum_array a = array_of(x, n);
	return thrum_npy_dump(path, &a, NULL);
}

/* The first element of a file of equal ones; its number. */
static double first(const char *path, size_t *n)
{
	thrum_array a;
	ck_assert_int_eq(thrum_npy_load(path, &a, NULL), 0);
	double x = *(double *)a.data;
	*n = a.shape[0];
	for (size_t i = 0; i < *n; i++)
		HOLDS(((double *)a.data)[i] == x);
	thrum_array_release(&a);
	return x;
}

static void check_holds(const char *path, double x, size_t n)
{
	size_t found;
	ck_assert_double_eq(first(path, &found), x);
	ck_assert_uint_eq(found, n);
}

START_TEST(dump_replaces_and_leaves_nothing_else)
{
	ck_assert_int_eq(dump("a.npy", ones, 3), 0);
	check_holds("a.npy", 1, 3);
	ck_assert_int_eq(dump("a.npy", twos, 4), 0);
	check_holds("a.npy", 2, 4);
	thrum_array a = array_of(ones, 3);
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a,
	                                THRUM_NPY_OPTS(.durable = 1)), 0);
	check_holds("a.npy", 1, 3);
	ck_assert_int_eq(dump("./a.npy", twos, 4), 0);
	char whole[PATH_MAX + 10];
	snprintf(whole, sizeof whole, "%s/b.npy", folder_name);
	ck_assert_int_eq(thrum_npy_dump(whole, &a,
	                                THRUM_NPY_OPTS(.durable = 1)), 0);
	check_holds("b.npy", 1, 3);
	ck_assert_int_eq(entries("."), 2);
}
END_TEST

START_TEST(who_has_the_old_file_keeps_it)
{
	thrum_array a;
	ck_assert_int_eq(dump("a.npy", ones, 3), 0);
	ck_assert_int_eq(thrum_npy_map("a.npy", &a, NULL), 0);
	ck_assert_int_eq(dump("a.npy", twos, 4), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_double_eq(((double *)a.data)[i], 1);
	thrum_array_release(&a);
	check_holds("a.npy", 2, 4);
}
END_TEST

/* A limit on the size of files stands for a full disk: it comes in the middle
 * of the elements, also where they are gathered by several workers. */
START_TEST(dump_that_fails_leaves_the_old_file)
{
	enum { N = 1 << 20 };
	double *x = calloc(2 * N, sizeof *x);
	ck_assert_ptr_nonnull(x);
	thrum_array a = array_of(x, N);
	struct rlimit all, few;
	a.stride[0] = _i ? 2 * (ptrdiff_t)sizeof *x : a.stride[0];
	ck_assert_int_eq(dump("a.npy", ones, 3), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
	few = all;
	few.rlim_cur = 5000000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
	errno = 4711;
	int rc = thrum_npy_dump("a.npy", &a, THRUM_NPY_OPTS(.n_jobs = 3));
	int after = errno;
	const char *const name = "x";
	int rc_npz = thrum_npz_dump("a.npy", 1, &name, &a, NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
	ck_assert_int_eq(rc, -EFBIG);
	ck_assert_int_eq(rc_npz, -EFBIG);
	ck_assert_int_eq(after, 4711);
	check_holds("a.npy", 1, 3);
	ck_assert_int_eq(entries("."), 1);
	free(x);
}
END_TEST

START_TEST(mode_is_that_of_a_new_file)
{
	struct stat st;
	mode_t before = umask(027);
	ck_assert_int_eq(dump("a.npy", ones, 3), 0);
	umask(before);
	ck_assert_int_eq(stat("a.npy", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
}
END_TEST

START_TEST(link_is_replaced_and_not_what_it_points_to)
{
	struct stat st;
	ck_assert_int_eq(dump("target.npy", ones, 3), 0);
	ck_assert_int_eq(symlink("target.npy", "a.npy"), 0);
	ck_assert_int_eq(symlink("nowhere.npy", "b.npy"), 0);
	check_holds("a.npy", 1, 3);
	ck_assert_int_eq(dump("a.npy", twos, 4), 0);
	ck_assert_int_eq(dump("b.npy", twos, 4), 0);
	ck_assert_int_eq(lstat("a.npy", &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	check_holds("a.npy", 2, 4);
	check_holds("b.npy", 2, 4);
	check_holds("target.npy", 1, 3);
	ck_assert_int_eq(entries("."), 3);
}
END_TEST

START_TEST(what_is_no_file_is_not_replaced)
{
	const char *const name = "x";
	thrum_array a = array_of(ones, 3);
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	ck_assert_int_eq(symlink("/dev/null", "null"), 0);
	ck_assert_int_eq(dump("pipe", ones, 3), THRUM_EINVAL);
	ck_assert_int_eq(dump("null", ones, 3), THRUM_EINVAL);
	ck_assert_int_eq(dump(".", ones, 3), -EISDIR);
	ck_assert_int_eq(thrum_npz_dump("pipe", 1, &name, &a, NULL),
	                 THRUM_EINVAL);
	ck_assert_int_eq(dump("", ones, 3), THRUM_ENOENT);
	ck_assert_int_eq(dump("none/a.npy", ones, 3), THRUM_ENOENT);
	ck_assert_int_eq(entries("."), 2);
}
END_TEST

static void *dump_often(void *arg)
{
	const bool two = *(const bool *)arg;
	for (int i = 0; i < 300; i++)
		HOLDS(dump("a.npy", two ? twos : ones, two ? 4 : 3) == 0);
	return NULL;
}

START_TEST(dumps_at_once_leave_one_of_them)
{
	bool which[] = { false, true, false, true };
	pthread_t thread[4];
	ck_assert_int_eq(dump("a.npy", ones, 3), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, dump_often,
		                                &which[i]), 0);
	for (int i = 0; i < 300; i++) {
		size_t n;
		double x = first("a.npy", &n);
		ck_assert((x == 1 && n == 3) || (x == 2 && n == 4));
	}
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	ck_assert_int_eq(entries("."), 1);
}
END_TEST

START_TEST(drafts_have_names_of_their_own)
{
	struct draft d;
	ck_assert_int_eq(thrum__draft_create(&d, AT_FDCWD, "a", 0666), 0);
	ck_assert(thrum__draft_is_name(d.name));
	ck_assert_int_eq(entries("."), 1);
	thrum__draft_abandon(&d);
	ck_assert_int_eq(entries("."), 0);
	ck_assert(!thrum__draft_is_name("a"));
	ck_assert(!thrum__draft_is_name(".thrum-.tmp"));
	ck_assert(!thrum__draft_is_name(
		".thrum-0123456789abcdef0123456789abcde.tmp"));
	ck_assert(thrum__draft_is_name(
		".thrum-0123456789abcdef0123456789abcdef.tmp"));
	ck_assert(!thrum__draft_is_name(
		".thrum-0123456789abcdef0123456789abcdef.tmp2"));
}
END_TEST

/* Others pad the header as they like, and version 2 has room for it. */
START_TEST(header_may_be_long)
{
	static const char text[] = "{'descr': '<f8', 'fortran_order': False, "
	                           "'shape': (3,), }";
	static const size_t sizes[] = { 500, 512, 513, 4096, 65536 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t n = sizes[i];
		unsigned char *file = malloc(n + sizeof ones);
		ck_assert_ptr_nonnull(file);
		memset(file, ' ', n);
		memcpy(file, "\x93NUMPY\2", 8);
		for (int k = 0; k < 4; k++)
			file[8 + k] = (unsigned char)((n - 12) >> 8 * k);
		memcpy(file + 12, text, sizeof text - 1);
		file[n - 1] = '\n';
		memcpy(file + n, ones, sizeof ones);
		write_file("a.npy", file, n + sizeof ones);
		check_holds("a.npy", 1, 3);
		thrum_array a;
		ck_assert_int_eq(thrum_npy_map("a.npy", &a, NULL), 0);
		HOLDS(((const double *)a.data)[2] == 1);
		thrum_array_release(&a);
		/* Cut in the middle of it. */
		write_file("a.npy", file, n - 100);
		ck_assert_int_eq(thrum_npy_map("a.npy", &a, NULL), THRUM_EBADMSG);
		free(file);
	}
}
END_TEST

/* A pipe that @p size bytes come through, and a thread that sends them. */
struct pipe {
	int end[2];
	char path[40];
	const unsigned char *p;
	size_t size;
	pthread_t thread;
};

static void *send_all(void *arg)
{
	struct pipe *t = arg;
	/* In pieces of odd length; a reader that is gone is no matter. */
	for (size_t at = 0, n; at < t->size; at += n) {
		n = t->size - at < 7777 ? t->size - at : 7777;
		if (thrum__file_write(t->end[1], t->p + at, n) != 0)
			break;
	}
	close(t->end[1]);
	return NULL;
}

static void pipe_open(struct pipe *t, const void *p, size_t size)
{
	ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(pipe(t->end), 0);
	snprintf(t->path, sizeof t->path, "/dev/fd/%d", t->end[0]);
	t->p = p;
	t->size = size;
	ck_assert_int_eq(pthread_create(&t->thread, NULL, send_all, t), 0);
}

static void pipe_close(struct pipe *t)
{
	close(t->end[0]);
	pthread_join(t->thread, NULL);
}

START_TEST(arrays_come_through_a_pipe_one_after_the_other)
{
	enum { N = 400000 };
	double *x = calloc(N, sizeof *x);
	size_t size, more;
	struct pipe t;
	thrum_array a = array_of(x, N), b;
	for (size_t i = 0; i < N; i++)
		x[i] = (double)i;
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a, NULL), 0);
	ck_assert_int_eq(dump("b.npy", twos, 4), 0);
	unsigned char *p = read_file("a.npy", &size);
	unsigned char *q = read_file("b.npy", &more);
	p = realloc(p, size + more);
	memcpy(p + size, q, more);
	pipe_open(&t, p, size + more);
	ck_assert_int_eq(thrum_npy_load(t.path, &b, NULL), 0);
	check_same(&b, &a);
	thrum_array_release(&b);
	ck_assert_int_eq(thrum_npy_map(t.path, &b, NULL), 0);
	a = array_of(twos, 4);
	check_same(&b, &a);
	thrum_array_release(&b);
	ck_assert_int_eq(thrum_npy_load(t.path, &b, NULL), THRUM_EBADMSG);
	pipe_close(&t);
	free(p);
	free(q);
	free(x);
}
END_TEST

/* 10^15 bytes are announced, and 2 * 10^6 come. */
START_TEST(pipe_that_ends_early_takes_no_more_memory_than_came)
{
	size_t size = 2000000;
	char *p = calloc(1, size);
	struct pipe t;
	thrum_array a;
	int text = snprintf(p, 128, "\x93NUMPY\x01%c\x76%c{'descr': '<f8', "
	                    "'fortran_order': False, 'shape': "
	                    "(125000000000000,)}", 0, 0);
	memset(p + text, ' ', 128 - (size_t)text);
	p[127] = '\n';
	pipe_open(&t, p, size);
	ck_assert_int_eq(thrum_npy_load(t.path, &a, NULL),
	                 sizeof(size_t) < 8 ? THRUM_EOVERFLOW : THRUM_EBADMSG);
	pipe_close(&t);
	free(p);
}
END_TEST

START_TEST(what_is_no_array_is_told)
{
	thrum_array a;
	int (*const gets[])(const char *, thrum_array *,
	                    const thrum_npy_opts *) = { thrum_npy_load,
	                                                thrum_npy_map };
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(gets[i]("/dev/null", &a, NULL), THRUM_EBADMSG);
		ck_assert_int_eq(gets[i]("/dev/zero", &a, NULL), THRUM_EBADMSG);
		ck_assert_int_eq(gets[i](".", &a, NULL), -EISDIR);
		ck_assert_int_eq(gets[i]("none", &a, NULL), THRUM_ENOENT);
		ck_assert_int_eq(gets[i]("", &a, NULL), THRUM_ENOENT);
	}
	ck_assert_int_eq(thrum_npz_load("/dev/null", "x", &a, NULL), -ESPIPE);
	ck_assert_int_eq(thrum_npz_load(".", "x", &a, NULL), -EISDIR);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
	thrum_array a = array_of(ones, 3), none = a, b;
	thrum_npy_opts small = { .size = sizeof small - 1 };
	struct { thrum_npy_opts o; int more; } newer;
	memset(&newer, 0, sizeof newer);
	newer.o.size = sizeof newer;
	none.ndim = -1;
	ck_assert_int_eq(thrum_npy_dump(NULL, &a, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_dump("a.npy", NULL, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_dump("a.npy", &none, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a, &small), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a, &newer.o), 0);
	newer.more = 1;
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a, &newer.o), THRUM_E2BIG);
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a,
		THRUM_NPY_OPTS(.compress = THRUM_ZLIB)), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_dump("a.npy", &a,
		THRUM_NPY_OPTS(.level = 1)), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_load(NULL, &b, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_load("a.npy", NULL, NULL), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_load("a.npy", &b,
		THRUM_NPY_OPTS(.durable = 1)), THRUM_EINVAL);
	ck_assert_int_eq(thrum_npy_map(NULL, &b, NULL), THRUM_EINVAL);
	none = a;
	none.shape[0] = SIZE_MAX / 4;
	none.stride[0] = 0;
	ck_assert_int_eq(thrum_npy_dump("b.npy", &none, NULL),
	                 THRUM_EOVERFLOW);
	/* No elements, of so many bytes each that no reader could say so. */
	const size_t empty[2] = { 0, PTRDIFF_MAX };
	none = thrum_array_nd(THRUM_F64, NULL, 2, empty, 0);
	ck_assert_int_eq(thrum_npy_dump("b.npy", &none, NULL),
	                 THRUM_EOVERFLOW);
	ck_assert_int_eq(entries("."), 1);
}
END_TEST

/* Five GiB of which a page is on the disk. */
START_TEST(files_past_four_gib_are_mapped_and_written)
{
	const uint64_t n = UINT64_C(5) << 30;
	char p[128];
	thrum_array a;
	if (sizeof(size_t) < 8) {
		printf("# SKIP 5 GiB: addresses have 32 bits\n");
		return;
	}
	int text = snprintf(p, sizeof p, "\x93NUMPY\x01%c\x76%c{'descr': '|u1', "
	                    "'fortran_order': False, 'shape': (%llu,)}", 0, 0,
	                    (unsigned long long)n);
	memset(p + text, ' ', sizeof p - (size_t)text);
	p[127] = '\n';
	write_file("a.npy", p, sizeof p);
	ck_assert_int_eq(thrum_npy_map("a.npy", &a, NULL), THRUM_EBADMSG);
	if (truncate("a.npy", (off_t)(128 + n)) != 0) {
		printf("# SKIP 5 GiB: no sparse files here\n");
		return;
	}
	int fd = open("a.npy", O_WRONLY);
	ck_assert_int_eq(thrum__file_write_at(fd, "end", 3, 128 + n - 3), 0);
	close(fd);
	ck_assert_int_eq(thrum_npy_map("a.npy", &a, NULL), 0);
	ck_assert_uint_eq(a.shape[0], n);
	ck_assert_mem_eq((char *)a.data + n - 3, "end", 3);
	ck_assert_int_eq(*(char *)a.data, 0);
	/* More than a write takes at once, to where it costs nothing. */
	fd = open("/dev/null", O_WRONLY);
	ck_assert_int_eq(thrum__file_write(fd, a.data, (size_t)n), 0);
	close(fd);
	thrum_array_release(&a);
	ck_assert_int_eq(truncate("a.npy", (off_t)(127 + n)), 0);
	ck_assert_int_eq(thrum_npy_map("a.npy", &a, NULL), THRUM_EBADMSG);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("npy_files");
	TCase *c = tcase_create("replaced");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_test(c, dump_replaces_and_leaves_nothing_else);
	tcase_add_test(c, who_has_the_old_file_keeps_it);
	tcase_add_loop_test(c, dump_that_fails_leaves_the_old_file, 0, 2);
	tcase_add_test(c, mode_is_that_of_a_new_file);
	tcase_add_test(c, link_is_replaced_and_not_what_it_points_to);
	tcase_add_test(c, what_is_no_file_is_not_replaced);
	tcase_add_test(c, header_may_be_long);
	tcase_add_test(c, dumps_at_once_leave_one_of_them);
	tcase_add_test(c, drafts_have_names_of_their_own);
	add_test(s, c);
	c = tcase_create("streams");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_test(c, arrays_come_through_a_pipe_one_after_the_other);
	tcase_add_test(c, pipe_that_ends_early_takes_no_more_memory_than_came);
	tcase_add_test(c, what_is_no_array_is_told);
	add_test(s, c);
	c = tcase_create("arguments");
	tcase_add_checked_fixture(c, folder_enter, folder_leave);
	tcase_add_test(c, bad_arguments_are_refused);
	tcase_add_test(c, files_past_four_gib_are_mapped_and_written);
	add_test(s, c);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	(void)thrum_shutdown(); /* where Check did not fork */
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
