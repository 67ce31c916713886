/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_dlopen.c - a plugin may bring the library, and go away with it
 *
 * This program does not link libthrum: it opens the one in the build tree, if
 * there is a shared one.
 */
#include "config.h"

#include "common.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <thrum.h>

static const char library[] = "lib/.libs/libthrum.so";

typedef int map_fn(thrum_pool *, size_t, thrum_map_fn *, void *, void *, size_t,
                   const thrum_opts *);
typedef int shutdown_fn(void);

static int count(void *ctx, size_t i, void *result, thrum_task *task)
{
	(void)i, (void)result, (void)task;
	atomic_fetch_add((atomic_int *)ctx, 1);
	return 0;
}

START_TEST(the_library_may_be_closed_and_opened_again)
{
	int before = threads_now(), most = 0;
	for (int i = 0; i < 100; i++) {
		atomic_int n = 0;
		map_fn *map;
		shutdown_fn *shut;
		void *l = dlopen(library, RTLD_NOW | RTLD_LOCAL);
		if (!l && i == 0 && access(library, F_OK) != 0)
			return; /* built without */
		ck_assert_msg(l != NULL, "%s", dlerror());
		*(void **)&map = dlsym(l, "thrum_map");
		*(void **)&shut = dlsym(l, "thrum_shutdown");
		ck_assert(map && shut);
		ck_assert_int_eq(map(NULL, 10000, count, &n, NULL, 0,
		                     THRUM_OPTS(.n_jobs = 4)), 0);
		ck_assert_int_eq(atomic_load(&n), 10000);
		if (i % 3 == 0)
			ck_assert_int_eq(shut(), 0);
		/* Else with its workers asleep, or still awake. */
		ck_assert_int_eq(dlclose(l), 0);
		if (threads_now() > most)
			most = threads_now();
	}
	/* A leak would be a thread a round; ThreadSanitizer has one of its own. */
	ck_assert_int_le(most, before + 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dlopen");
	TCase *c = tcase_create("plugin");
	tcase_add_test(c, the_library_may_be_closed_and_opened_again);
	add_test(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
