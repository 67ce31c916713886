/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* owner.c - the memory that an array owns: allocated, or a file that is mapped
 *
 * Allocated memory is one block, the owner in front of the data:
 *
 *	| owner, padded to OWNER_ALIGN | data |
 *
 * so that one call fails or succeeds, and one frees.
 */
#include "config.h"

#include "owner.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

struct owner {
	void *mapping; /* NULL: the data is in this block */
	size_t length;
};

/* From here on memory is of large pages, where the system has them to give on
 * request: to put 80 MB of small ones in place takes some times as long as to
 * read them from a file. */
#define LARGE_BYTES ((size_t)4 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

_Static_assert(sizeof(struct owner) <= OWNER_ALIGN, "data follows the owner");

/* That it cannot be done is no matter. */
static void ask_for_large_pages(void *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
	if (bytes >= LARGE_BYTES)
		madvise(block, bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
#else
	(void)block, (void)bytes;
#endif
}

struct owner *thrum__owner_allocate(size_t bytes, void **data)
{
	int saved = errno;
	void *block;

	/* No object is larger. */
	if (bytes > (size_t)PTRDIFF_MAX - OWNER_ALIGN
	    || posix_memalign(&block, bytes >= LARGE_BYTES ? LARGE_PAGE
	                                                   : OWNER_ALIGN,
	                      OWNER_ALIGN + bytes) != 0) {
		errno = saved;
		return NULL;
	}
	ask_for_large_pages(block, bytes);
	errno = saved;
	struct owner *o = block;
	*o = (struct owner){ NULL, 0 };
	*data = (char *)block + OWNER_ALIGN;
	return o;
}

struct owner *thrum__owner_of_mapping(void *address, size_t length)
{
	int saved = errno;
	struct owner *o = malloc(sizeof *o);

	errno = saved;
	if (o)
		*o = (struct owner){ address, length };
	return o;
}

void thrum__owner_free(struct owner *o)
{
	int saved = errno;

	if (o && o->mapping)
		munmap(o->mapping, o->length);
	free(o);
	errno = saved;
}
