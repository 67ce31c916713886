/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_fetch.c - entries that somebody made, whose checksums are all right
 *
 * What is compressed says how much it is when it is not: that is believed only as
 * far as it can be true.
 */
#include "config.h"

#include "memos.h"

#include "checksum.h"
#include "codec.h"
#include "fetch.h"

enum { N = 500 }; /* elements, of 8 bytes */

static int64_t value[N];
static unsigned char packed[2 * sizeof value];
static size_t packed_bytes;
static thrum_key key;
static struct asked asked = { .fn = { "made", 1 }, .key = &key };
static struct store store;

/* One array, or NULL: a value of raw_bytes. With this body, whatever it is. */
static void make_entry(const thrum_array *a, uint64_t raw_bytes,
                       const void *body, size_t n)
{
	struct entry e = {
		.function = asked.ref.function, .key = asked.ref.key,
		.name = asked.fn.name, .version = asked.fn.version,
		.key_text = key.text, .key_bytes = key.used, .host = "here",
		.kind = a ? ENTRY_ARRAYS : ENTRY_VALUE, .pack = ENTRY_ZSTD,
		.arrays = a != NULL, .raw_bytes = raw_bytes,
	};
	char name[STORE_NAME_BYTES], path[PATH_MAX];

	ck_assert_int_eq(thrum__entry_layout(&e, a), 0);
	e.body_bytes = n;
	e.body_sum = thrum__checksum(body, n, 0);
	unsigned char *file = malloc((size_t)e.body_at + n);
	ck_assert_ptr_nonnull(file);
	thrum__entry_encode(file, &e, a);
	memcpy(file + e.body_at, body, n);

	thrum__store_name(name, &asked.ref);
	snprintf(path, sizeof path, "%.4000s/%.2s", the_dir, name);
	ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
	snprintf(path, sizeof path, "%.4000s/%s", the_dir, name);
	write_file(path, file, (size_t)e.body_at + n);
	free(file);
}

/* Of @p size bytes, which are compared with those of the value. */
static int fetch_value(size_t size)
{
	const struct accept any = { .valid = NULL };
	struct fetched e;
	int64_t got[N];
	int rc = thrum__fetch_open(&e, &store, &asked, &any);

	if (rc == 0) {
		rc = thrum__fetch_value(&e, got, size);
		thrum__fetch_close(&e);
	}
	if (rc == 0)
		ck_assert_mem_eq(got, value, size);
	return rc;
}

static int fetch_array(thrum_array *a)
{
	const struct accept any = { .valid = NULL };
	struct fetched e;
	int rc = thrum__fetch_open(&e, &store, &asked, &any);

	if (rc == 0) {
		rc = thrum__fetch_arrays(&e, a, 1, true);
		thrum__fetch_close(&e);
	}
	return rc;
}

/* @return false if nothing can be compressed here. */
static bool begin(void)
{
	const struct codec *zstd = thrum__codec_of(THRUM_ZSTD);

	if (!zstd) {
		printf("# SKIP made entries: built without zstd\n");
		return false;
	}
	for (int i = 0; i < N; i++)
		value[i] = i * i;
	ck_assert_uint_le(zstd->room(sizeof value), sizeof packed);
	ck_assert_int_eq(zstd->pack(zstd->level_usual, true, value,
	                            sizeof value, packed, &packed_bytes), 0);
	key = (thrum_key)THRUM_KEY_INIT;
	ck_assert_int_eq(thrum__fetch_ref(&asked.ref, asked.fn, &key), 0);
	ck_assert_int_eq(thrum__store_open(&store, the_dir, true, false), 0);
	return true;
}

START_TEST(value_that_is_not_all_there_is_refused)
{
	if (!begin())
		return;
	make_entry(NULL, sizeof value, packed, packed_bytes);
	ck_assert_int_eq(fetch_value(sizeof value), 0);
	for (size_t n = 0; n < packed_bytes; n++) {
		make_entry(NULL, sizeof value, packed, n);
		ck_assert_int_eq(fetch_value(sizeof value), -EBADMSG);
	}
	thrum__store_close(&store);
}
END_TEST

START_TEST(what_is_more_than_it_says_is_refused)
{
	thrum_array a = thrum_array_1d(THRUM_I64, NULL, N - 1), b;

	if (!begin())
		return;
	packed[packed_bytes] = 'x';
	make_entry(NULL, sizeof value, packed, packed_bytes + 1);
	ck_assert_int_eq(fetch_value(sizeof value), -EBADMSG);
	make_entry(NULL, sizeof value - 1, packed, packed_bytes);
	ck_assert_int_eq(fetch_value(sizeof value - 1), -EBADMSG);
	make_entry(&a, 0, packed, packed_bytes);
	ck_assert_int_eq(fetch_array(&b), -EBADMSG);
	ck_assert_ptr_null(b.data);
	thrum__store_close(&store);
}
END_TEST

/* Also where there is so much memory to be had. */
START_TEST(array_that_so_few_bytes_cannot_be_is_refused)
{
	thrum_array a = thrum_array_1d(THRUM_I64, NULL, N), b;

	if (!begin())
		return;
	make_entry(&a, 0, packed, packed_bytes);
	ck_assert_int_eq(fetch_array(&b), 0);
	ck_assert_mem_eq(b.data, value, sizeof value);
	thrum_array_release(&b);
	for (size_t n = N + 1; n < PTRDIFF_MAX / 16; n *= 2) {
		a.shape[0] = n;
		make_entry(&a, 0, packed, packed_bytes);
		ck_assert_int_eq(fetch_array(&b), -EBADMSG);
		ck_assert_ptr_null(b.data);
	}
	thrum__store_close(&store);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fetch");
	TCase *t = new_case(s, "made");
	tcase_add_test(t, value_that_is_not_all_there_is_refused);
	tcase_add_test(t, what_is_more_than_it_says_is_refused);
	tcase_add_test(t, array_that_so_few_bytes_cannot_be_is_refused);
	return run_laws(s);
}
