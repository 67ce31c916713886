/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz.h - what reads text from outside, and laws that hold for any text
 *
 * A target is a file of one law, which ends in FUZZ_TARGET(name, law): the law
 * gets bytes and breaks off the process if something does not hold. Built with
 * libFuzzer it is a program of its own, see `run`; without, replay.c gives it
 * what test/fuzz/corpus/name keeps, and changes that at random.
 *
 * To add one: its source in test/fuzz/local.mk, a line there, and a folder of
 * examples.
 */
#ifndef THRUM__TEST_FUZZ_H
#define THRUM__TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void fuzz_law(const uint8_t *data, size_t size);

#define HOLDS(law) do { \
	if (!(law)) { \
		fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, \
		        #law); \
		abort(); \
	} \
} while (0)

#ifdef FUZZ_WITH_LIBFUZZER
#define FUZZ_TARGET(name, law) \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{ \
		law(data, size); \
		return 0; \
	} \
	_Static_assert(sizeof(#name) > 1, "it has a name")
#else
struct fuzz_target {
	const char *name;
	fuzz_law *law;
	struct fuzz_target *next;
};

void fuzz_add(struct fuzz_target *target);

#define FUZZ_TARGET(target, its_law) \
	__attribute__((constructor)) static void add_this(void) \
	{ \
		static struct fuzz_target this = { .name = #target, \
			                           .law = its_law }; \
		fuzz_add(&this); \
	} \
	_Static_assert(sizeof(#target) > 1, "it has a name")
#endif

/* The bytes as a string that ends where its memory does, so that a look beyond
 * is seen by AddressSanitizer; to be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	const void *end = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t length = end ? (size_t)((const uint8_t *)end - data) : size;
	char *text = malloc(length + 1);
	HOLDS(text);
	if (length > 0)
		memcpy(text, data, length);
	text[length] = '\0';
	return text;
}

/* The part up to the next zero byte, as fuzz_text, and go behind it. NULL when
 * nothing is left. */
static inline char *fuzz_part(const uint8_t **data, size_t *size)
{
	if (*size == 0)
		return NULL;
	char *text = fuzz_text(*data, *size);
	size_t taken = strlen(text) + 1;
	if (taken > *size)
		taken = *size;
	*data += taken;
	*size -= taken;
	return text;
}

#endif
