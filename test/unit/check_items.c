/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_items.c - items stay where they are, and in line
 *
 * Numbers are taken, lined up and given back at random beside a plain model;
 * items keep what was written into them while others are added.
 */
#include "config.h"

#include "items.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/base.h>

START_TEST(items_are_aligned_zero_and_apart)
{
	struct items s;
	uint32_t number;
	char *last = NULL;

	ck_assert_int_eq(thrum__items_init(&s, 65, 10), 0);
	for (uint32_t i = 0; i < 10; i++) {
		ck_assert(thrum__items_take(&s, &number));
		ck_assert_uint_eq(number, i);
		char *data = (char *)thrum__items_at(&s, number)->data;
		ck_assert_uint_eq((uintptr_t)data % 64, 0);
		for (int b = 0; b < 65; b++)
			ck_assert_int_eq(data[b], 0);
		ck_assert(!last || data - last >= 65
		          || last - data >= 65);
		memset(data, 0x5a, 65);
		last = data;
	}
	thrum__items_free(&s);
}
END_TEST

START_TEST(given_back_is_taken_again_as_it_is)
{
	struct items s;
	uint32_t number, again;

	ck_assert_int_eq(thrum__items_init(&s, 8, 1), 0);
	ck_assert(thrum__items_take(&s, &number));
	thrum__items_at(&s, number)->data[0] = 42;
	thrum__items_give(&s, number);
	ck_assert(thrum__items_take(&s, &again));
	ck_assert_uint_eq(again, number);
	ck_assert_uint_eq(thrum__items_at(&s, again)->data[0], 42);
	thrum__items_free(&s);
}
END_TEST

START_TEST(sizes_past_the_end_are_refused)
{
	struct items s;

	ck_assert_int_eq(thrum__items_init(&s, SIZE_MAX, 1), THRUM_EOVERFLOW);
	ck_assert_int_eq(thrum__items_init(&s, SIZE_MAX / 4, 5),
	                 THRUM_EOVERFLOW);
	ck_assert_int_eq(thrum__items_init(&s, 8, SIZE_MAX), 0);
	thrum__items_free(&s);
}
END_TEST

/* As if all segments were full, with so small a first one that they can be. */
START_TEST(past_the_last_segment_there_is_no_item)
{
	struct items s;
	uint32_t number;

	ck_assert_int_eq(thrum__items_init(&s, 8, 1), 0);
	s.count = (UINT32_C(1) << THRUM__SEGMENTS) - 1;
	ck_assert(!thrum__items_take(&s, &number));
	thrum__items_free(&s);
}
END_TEST

/* Steps at random: take and append, or drop the head of the line. */
START_TEST(line_keeps_order_while_it_grows)
{
	enum { MOST = 3000 };
	struct items s;
	uint32_t *model = malloc(MOST * sizeof *model), number;
	size_t first = 0, count = 0;
	unsigned seed = (unsigned)_i;

	ck_assert_int_eq(thrum__items_init(&s, sizeof number,
	                                   _i % 2 ? MOST : SIZE_MAX), 0);
	for (int step = 0; step < 100000; step++) {
		seed = seed * 1103515245u + 12345u;
		bool more = (seed >> 16) % 1000 < (step < 60000 ? 520u : 480u);
		if (more && count < MOST) {
			if (!thrum__items_take(&s, &number))
				ck_abort_msg("no item at step %d", step);
			memcpy(thrum__items_at(&s, number)->data, &number,
			       sizeof number);
			thrum__items_append(&s, number);
			model[(first + count++) % MOST] = number;
		} else if (!more && count > 0) {
			uint32_t kept;
			number = thrum__items_head(&s);
			memcpy(&kept, thrum__items_at(&s, number)->data,
			       sizeof kept);
			if (number != model[first % MOST] || kept != number)
				ck_abort_msg("wrong head at step %d", step);
			s.head++;
			thrum__items_give(&s, number);
			first++;
			count--;
		}
		if (thrum__items_out(&s) != (count > 0))
			ck_abort_msg("wrong length at step %d", step);
	}
	ck_assert_uint_le(s.count, MOST);
	thrum__items_free(&s);
	free(model);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("items");
	TCase *storage = tcase_create("storage");
	TCase *line = tcase_create("line");

	tcase_add_test(storage, items_are_aligned_zero_and_apart);
	tcase_add_test(storage, given_back_is_taken_again_as_it_is);
	tcase_add_test(storage, sizes_past_the_end_are_refused);
	tcase_add_test(storage, past_the_last_segment_there_is_no_item);
	suite_add_tcase(s, storage);
	tcase_add_loop_test(line, line_keeps_order_while_it_grows, 0, 6);
	suite_add_tcase(s, line);

	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
