/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_fpenv.c - what decides the bits of a result is carried over, the
 * exception flags are not
 *
 * Arithmetic behind a pointer, where the compiler cannot move it past a change
 * of the control words, shows which are in force. Valgrind computes in its own
 * rounding, so this suite means nothing under it.
 */
#include "config.h"
#include "fpenv.h"

#include <check.h>
#include <fenv.h>
#include <float.h>

static double quotient(double a, double b)
{
	return a / b;
}

static double (*volatile divide)(double a, double b) = quotient;

#ifdef FE_UPWARD
START_TEST(get_and_set_carry_the_rounding)
{
	struct fpenv nearest = thrum__fpenv_get();
	double to_nearest = divide(1, 3);

	ck_assert_int_eq(fesetround(FE_UPWARD), 0);
	struct fpenv upward = thrum__fpenv_get();
	double up = divide(1, 3);
	ck_assert(up > to_nearest);
	ck_assert(!thrum__fpenv_same(&nearest, &upward));

	thrum__fpenv_set(&nearest);
	ck_assert_int_eq(fegetround(), FE_TONEAREST);
	ck_assert(divide(1, 3) == to_nearest);
	thrum__fpenv_set(&upward);
	ck_assert_int_eq(fegetround(), FE_UPWARD);
	ck_assert(divide(1, 3) == up);
	thrum__fpenv_set(&nearest);
}
END_TEST
#endif

START_TEST(what_was_set_is_the_same_as_what_is_got)
{
	struct fpenv a = thrum__fpenv_get();
	thrum__fpenv_set(&a);
	struct fpenv b = thrum__fpenv_get();
	ck_assert(thrum__fpenv_same(&a, &b));
}
END_TEST

#ifdef FE_DIVBYZERO
START_TEST(flags_are_neither_compared_nor_touched)
{
	feclearexcept(FE_ALL_EXCEPT);
	struct fpenv before = thrum__fpenv_get();
	feraiseexcept(FE_DIVBYZERO | FE_INVALID);
	struct fpenv after = thrum__fpenv_get();
	ck_assert(thrum__fpenv_same(&before, &after));
	thrum__fpenv_set(&before);
	ck_assert_int_eq(fetestexcept(FE_DIVBYZERO | FE_INVALID),
	                 FE_DIVBYZERO | FE_INVALID);
	feclearexcept(FE_ALL_EXCEPT);
	thrum__fpenv_set(&after);
	ck_assert_int_eq(fetestexcept(FE_ALL_EXCEPT), 0);
}
END_TEST
#endif

#if defined(__x86_64__)
START_TEST(flush_to_zero_is_carried)
{
	struct fpenv gradual = thrum__fpenv_get();
	ck_assert(divide(DBL_MIN, 2) > 0);

	struct fpenv flush = gradual;
	flush.sse |= 0x8040; /* FTZ and DAZ */
	thrum__fpenv_set(&flush);
	double flushed = divide(DBL_MIN, 2);
	struct fpenv got = thrum__fpenv_get();
	thrum__fpenv_set(&gradual);
	ck_assert(flushed == 0);
	ck_assert(thrum__fpenv_same(&got, &flush));
	ck_assert(!thrum__fpenv_same(&got, &gradual));
	ck_assert(divide(DBL_MIN, 2) > 0);
}
END_TEST
#endif

static Suite *fpenv_suite(void)
{
	Suite *s = suite_create("fpenv");
	TCase *t = tcase_create("control");
	tcase_add_test(t, what_was_set_is_the_same_as_what_is_got);
#ifdef FE_UPWARD
	tcase_add_test(t, get_and_set_carry_the_rounding);
#endif
#ifdef FE_DIVBYZERO
	tcase_add_test(t, flags_are_neither_compared_nor_touched);
#endif
#if defined(__x86_64__)
	tcase_add_test(t, flush_to_zero_is_carried);
#endif
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(fpenv_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
