/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_memory.c - blocks are aligned, apart, zeroed where promised; a scratch
 * gives back in one step and keeps what it has
 *
 * The scratch is compared with what a stack must do: random takes, marks and
 * resets, every live block filled with its own byte and looked at when it goes.
 */
#include "config.h"
#include "memory.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <thrum/random.h>

static int aligned_to(const void *p, size_t align)
{
	return (uintptr_t)p % align == 0;
}

static int all_bytes_are(const unsigned char *p, size_t n, unsigned char value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return 0;
	return 1;
}

START_TEST(zalloc_is_aligned_and_zero)
{
	for (size_t align = sizeof(void *); align <= 4096; align *= 2) {
		for (size_t bytes = 1; bytes < 10000; bytes = bytes * 3 + 1) {
			unsigned char *p = thrum__memory_zalloc(align, bytes);
			ck_assert_ptr_nonnull(p);
			ck_assert(aligned_to(p, align));
			ck_assert(all_bytes_are(p, bytes, 0));
			memset(p, 0xff, bytes); /* for the next to find */
			thrum__memory_free(p);
		}
	}
}
END_TEST

START_TEST(nothing_can_be_allocated_and_freed)
{
	thrum__memory_free(thrum__memory_zalloc(64, 0));
	thrum__memory_free(NULL);
	thrum__memory_unmap(NULL, 4096);
}
END_TEST

START_TEST(too_much_is_null_and_leaves_errno)
{
	struct scratch s = { 0 };
	errno = 12345;
	ck_assert_ptr_null(thrum__memory_zalloc(64, SIZE_MAX / 2));
	ck_assert_ptr_null(thrum__memory_map(SIZE_MAX / 2));
	ck_assert_ptr_null(thrum__memory_map(0));
	for (int i = 0; i < 130; i++)
		ck_assert_ptr_null(thrum__scratch_take(&s, SIZE_MAX - i));
	ck_assert_ptr_null(thrum__scratch_take(&s, SIZE_MAX / 2 - 64));
	ck_assert_int_eq(errno, 12345);
	ck_assert_ptr_null(s.first);
}
END_TEST

START_TEST(mapped_pages_are_zero_and_writable)
{
	size_t bytes = (size_t)1 << 24;
	unsigned char *p = thrum__memory_map(bytes);
	ck_assert_ptr_nonnull(p);
	ck_assert(aligned_to(p, 4096));
	ck_assert(p[0] == 0 && p[bytes / 2] == 0 && p[bytes - 1] == 0);
	p[0] = p[bytes - 1] = 1;
	thrum__memory_unmap(p, bytes);
}
END_TEST

START_TEST(size_mul_is_exact_or_refused)
{
	size_t out = 7, half = (size_t)1 << (sizeof(size_t) * 4);
	ck_assert(thrum__size_mul(half - 1, half + 1, &out));
	ck_assert(out == SIZE_MAX);
	ck_assert(thrum__size_mul(SIZE_MAX, 1, &out) && out == SIZE_MAX);
	ck_assert(thrum__size_mul(SIZE_MAX, 0, &out) && out == 0);
	ck_assert(thrum__size_mul(0, SIZE_MAX, &out) && out == 0);
	out = 7;
	ck_assert(!thrum__size_mul(half, half, &out));
	ck_assert(!thrum__size_mul(SIZE_MAX / 2 + 1, 2, &out));
	ck_assert(out == 7);
}
END_TEST

/* The small chunk is there again, and passed over for a larger one behind it. */
START_TEST(a_chunk_that_is_too_small_is_passed_over)
{
	struct scratch s = { 0 };
	struct scratch_mark empty = thrum__scratch_mark(&s);
	const size_t large = (size_t)1 << 20;

	ck_assert_ptr_nonnull(thrum__scratch_take(&s, 1));
	unsigned char *first = thrum__scratch_take(&s, large);
	ck_assert_ptr_nonnull(first);
	thrum__scratch_reset(&s, empty);
	ck_assert_ptr_eq(thrum__scratch_take(&s, large), first);
	thrum__scratch_free(&s);
}
END_TEST

START_TEST(zeros_are_an_empty_scratch)
{
	struct scratch s = { 0 };
	struct scratch_mark empty = thrum__scratch_mark(&s);
	ck_assert_ptr_null(thrum__scratch_take(&s, 0));
	thrum__scratch_reset(&s, empty);
	thrum__scratch_free(&s);
	ck_assert_ptr_nonnull(thrum__scratch_take(&s, 1));
	thrum__scratch_free(&s);
	ck_assert_ptr_null(s.first);
}
END_TEST

START_TEST(zero_bytes_are_refused_also_when_there_is_room)
{
	struct scratch s = { 0 };
	thrum__scratch_take(&s, 1);
	ck_assert_ptr_null(thrum__scratch_take(&s, 0));
	thrum__scratch_free(&s);
}
END_TEST

START_TEST(after_a_reset_the_same_blocks_come_again)
{
	static const size_t bytes[] = { 1, 64, 65, 70000, 3, 1000000, 64, 9 };
	enum { N = sizeof bytes / sizeof *bytes };
	struct scratch s = { 0 };
	void *block[N];
	struct scratch_mark empty = thrum__scratch_mark(&s);

	for (int i = 0; i < N; i++)
		block[i] = thrum__scratch_take(&s, bytes[i]);
	for (int round = 0; round < 3; round++) {
		thrum__scratch_reset(&s, empty);
		for (int i = 0; i < N; i++)
			ck_assert_ptr_eq(thrum__scratch_take(&s, bytes[i]),
			                 block[i]);
	}
	thrum__scratch_free(&s);
}
END_TEST

START_TEST(an_exact_fit_takes_no_new_chunk)
{
	struct scratch s = { 0 };
	char *first = thrum__scratch_take(&s, 64);
	size_t rest = (size_t)(s.end - s.next);
	char *second = thrum__scratch_take(&s, rest);
	ck_assert_ptr_eq(second, first + 64);
	ck_assert_ptr_eq(s.next, s.end);
	ck_assert_ptr_nonnull(thrum__scratch_take(&s, 1));
	thrum__scratch_free(&s);
}
END_TEST

struct block { unsigned char *p; size_t bytes; unsigned char value; };
struct level { struct scratch_mark mark; int blocks; };

START_TEST(live_blocks_never_overlap)
{
	enum { BLOCKS = 400, LEVELS = 60, STEPS = 20000 };
	static struct block block[BLOCKS];
	static struct level level[LEVELS];
	struct scratch s = { 0 };
	thrum_random r = thrum_random_stream(64, (uint64_t)_i);
	int blocks = 0, levels = 0;

	for (int step = 0; step < STEPS; step++) {
		uint32_t what = thrum_random_below(&r, 10);
		if (what < 6 && blocks < BLOCKS) {
			uint32_t most = 1u << thrum_random_below(&r, 15);
			struct block b = {
				.bytes = 1 + thrum_random_below(&r, most),
				.value = (unsigned char)step,
			};
			b.p = thrum__scratch_take(&s, b.bytes);
			ck_assert(b.p != NULL && aligned_to(b.p, 64));
			memset(b.p, b.value, b.bytes);
			block[blocks++] = b;
		} else if (what < 8 && levels < LEVELS) {
			level[levels].mark = thrum__scratch_mark(&s);
			level[levels++].blocks = blocks;
		} else if (levels > 0) {
			struct level l = level[--levels];
			while (blocks > l.blocks) {
				struct block b = block[--blocks];
				ck_assert(all_bytes_are(b.p, b.bytes,
				                        b.value));
			}
			thrum__scratch_reset(&s, l.mark);
		}
	}
	thrum__scratch_free(&s);
}
END_TEST

static Suite *memory_suite(void)
{
	Suite *s = suite_create("memory");

	TCase *t = tcase_create("blocks");
	tcase_add_test(t, zalloc_is_aligned_and_zero);
	tcase_add_test(t, nothing_can_be_allocated_and_freed);
	tcase_add_test(t, too_much_is_null_and_leaves_errno);
	tcase_add_test(t, mapped_pages_are_zero_and_writable);
	tcase_add_test(t, size_mul_is_exact_or_refused);
	suite_add_tcase(s, t);

	t = tcase_create("scratch");
	tcase_add_test(t, zeros_are_an_empty_scratch);
	tcase_add_test(t, a_chunk_that_is_too_small_is_passed_over);
	tcase_add_test(t, zero_bytes_are_refused_also_when_there_is_room);
	tcase_add_test(t, after_a_reset_the_same_blocks_come_again);
	tcase_add_test(t, an_exact_fit_takes_no_new_chunk);
	tcase_add_loop_test(t, live_blocks_never_overlap, 0, 5);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(memory_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
