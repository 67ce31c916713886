/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_error.c - every code has a text of its own, whatever locale and thread
 */
#include "config.h"

#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/base.h>
#include <thrum/version.h>

static const int ours[] = {
	0, THRUM_EINVAL, THRUM_E2BIG, THRUM_EOVERFLOW, THRUM_ENOMEM,
	THRUM_ECANCELED, THRUM_ETIMEDOUT, THRUM_EDEADLK, THRUM_ESKIPPED,
	THRUM_END,
};
enum { OURS = sizeof ours / sizeof *ours };

START_TEST(codes_of_the_library_have_texts_of_their_own)
{
	for (int i = 0; i < OURS; i++) {
		const char *text = thrum_strerror(ours[i]);
		ck_assert_str_ne(text, thrum_strerror(INT32_MIN));
		ck_assert_str_ne(text, thrum_strerror(1));
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(text, thrum_strerror(ours[k]));
	}
}
END_TEST

START_TEST(every_code_has_one_line)
{
	for (int code = -30000; code <= 30000; code++) {
		const char *text = thrum_strerror(code);
		ck_assert_ptr_nonnull(text);
		ck_assert(*text != '\0');
		ck_assert_ptr_null(strchr(text, '\n'));
	}
	ck_assert_ptr_nonnull(thrum_strerror(INT32_MAX));
}
END_TEST

START_TEST(positive_codes_are_the_bodys)
{
	ck_assert_str_eq(thrum_strerror(1), thrum_strerror(INT32_MAX));
	ck_assert_str_eq(thrum_strerror(EINVAL), thrum_strerror(7));
}
END_TEST

START_TEST(common_errno_values_are_told)
{
	ck_assert_str_eq(thrum_strerror(-ENOENT), "no such file or directory");
	ck_assert_str_eq(thrum_strerror(-9999), "unknown code");
}
END_TEST

START_TEST(text_ignores_the_locale)
{
	const char *before = thrum_strerror(THRUM_ENOMEM);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	setlocale(LC_ALL, "");
	ck_assert_ptr_eq(thrum_strerror(THRUM_ENOMEM), before);
}
END_TEST

START_TEST(version_is_that_of_the_headers)
{
	ck_assert_str_eq(thrum_version(), THRUM_VERSION);
}
END_TEST

static Suite *error_suite(void)
{
	Suite *s = suite_create("error");
	TCase *t = tcase_create("strerror");
	tcase_add_test(t, codes_of_the_library_have_texts_of_their_own);
	tcase_add_test(t, every_code_has_one_line);
	tcase_add_test(t, positive_codes_are_the_bodys);
	tcase_add_test(t, common_errno_values_are_told);
	tcase_add_test(t, text_ignores_the_locale);
	suite_add_tcase(s, t);

	t = tcase_create("version");
	tcase_add_test(t, version_is_that_of_the_headers);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(error_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
