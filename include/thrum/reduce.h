/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/reduce.h - many values into one, with the same bits every time
 *
 *   static int sum(void *x, size_t begin, size_t end, void *out, thrum_task *t)
 *   {
 *       double s = 0;
 *       for (size_t i = begin; i < end; i++)
 *           s += ((const double *)x)[i];
 *       return *(double *)out = s, 0;
 *   }
 *   double s = 0;
 *   rc = thrum_reduce(NULL, n, sum, thrum_add_double, x, &s, sizeof s, NULL);
 *
 * The shape of the computation is a function of n and .grain alone, so the
 * result does not depend on n_jobs, the machine or the moment. Let L be .grain,
 * or if that is 0, the power of two next above or at n/64, and at most 4096.
 * Leaf k is one run of the body over [kL, min(n, kL + L)), on a partial that
 * starts as the identity. Leaves are combined as
 *
 *   T(a, b) = leaf a                              if b = a + 1
 *           = combine(T(a, a + p), T(a + p, b))   else, p being the largest
 *                                                 power of two below b - a
 *
 * and the result is T(0, ceil(n / L)). This rule is part of the interface: it
 * stays. Where one index is much work, .grain = 1 spreads it best.
 */
#ifndef THRUM_REDUCE_H
#define THRUM_REDUCE_H

#include <thrum/base.h>
#include <thrum/options.h>

/** Add the values of begin <= i < end to @p partial, which holds the identity.
 * @param partial  size bytes, aligned to 64.
 * @return 0, or any other value to fail; see thrum_task_fail(). */
typedef int thrum_reduce_fn(void *ctx, size_t begin, size_t end, void *partial,
                            thrum_task *task);

/** Make @p into the combination of itself, on the left, and @p from, on the
 * right.
 * Associative as far as the result is to make sense; need not commute. */
typedef void thrum_combine_fn(void *ctx, void *into, const void *from);

THRUM_BEGIN_DECLS

/** Reduce 0 <= i < n to one value.
 *
 * Partials are copied as bytes. Of one sum about log2(n) exist per worker; with
 * THRUM_UNORDERED, one.
 * A sum that by the look of the last ones is over in a few microseconds is the
 * caller's alone, unless it lasts longer.
 * A first failure ends the call, as in thrum_for; THRUM_KEEP_GOING is not
 * taken: part of a sum is not a sum. THRUM_UNORDERED gives the fixed shape up.
 *
 * @param result  In: the identity of @p combine (0 for a sum, -INFINITY for a
 *                maximum). Out: the result; unchanged if the return is not 0.
 * @param size    Of a value, in bytes; not 0.
 * @return As thrum_for; THRUM_ENOMEM if there is none for the partials, which
 *         may show only after bodies were run. */
THRUM_API int thrum_reduce(thrum_pool *pool, size_t n, thrum_reduce_fn *body,
                           thrum_combine_fn *combine, void *ctx, void *result,
                           size_t size, const thrum_opts *opts);

/** The combination of sums, ready made. ctx is not used. */
THRUM_API void thrum_add_double(void *ctx, void *into, const void *from);
THRUM_API void thrum_add_int64(void *ctx, void *into, const void *from);

/** A compensated sum: the value is sum + error, with about twice the digits of
 * a double. All zeros is the identity.
 *
 *   static int sum(void *x, size_t begin, size_t end, void *out, thrum_task *t)
 *   {
 *       thrum_sum s = { 0, 0 };
 *       for (size_t i = begin; i < end; i++)
 *           thrum_sum_add(&s, ((const double *)x)[i]);
 *       return *(thrum_sum *)out = s, 0;
 *   }
 *   thrum_sum s = { 0, 0 };
 *   rc = thrum_reduce(NULL, n, sum, thrum_add_sum, x, &s, sizeof s, NULL);
 *   double value = thrum_sum_value(&s);
 *
 * The value is within u |S| + n^2 u^2 A of the exact sum S of n numbers, with A
 * the sum of their absolute values and u = 2^-53: as if it had been computed in
 * twice the precision and rounded once (Ogita, Rump and Oishi, "Accurate sum
 * and dot product", 2005). That needs doubles that are rounded to nearest as
 * doubles, which is not so in the registers of the x87. */
typedef struct thrum_sum {
	double sum, error;
} thrum_sum;

/** Add x to @p s. In line; a call where the compiler says that it may reorder
 * additions (-ffast-math, -Ofast, -fassociative-math of gcc), since the errors
 * would be 0 then. `(thrum_sum_add)(&s, x)` is always a call. */
THRUM_API void thrum_sum_add(thrum_sum *s, double x);

/** The combination of such sums. ctx is not used. */
THRUM_API void thrum_add_sum(void *ctx, void *into, const void *from);

/** sum + error, rounded once. Infinite or NaN as a plain sum of the same
 * numbers would be, that is also where only a sum on the way was too large. */
THRUM_API double thrum_sum_value(const thrum_sum *s);

THRUM_END_DECLS

#if !defined(__FAST_MATH__) && !defined(__ASSOCIATIVE_MATH__)
/* Knuth's TwoSum: what s->sum + x lost is added to the error. */
static inline void thrum__sum_add_inline(thrum_sum *s, double x)
{
	double sum = s->sum + x, part = sum - s->sum;
	s->error += (s->sum - (sum - part)) + (x - part);
	s->sum = sum;
}

#define thrum_sum_add(s, x) thrum__sum_add_inline(s, x)
#endif
#endif
