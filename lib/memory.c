/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memory.c - aligned memory, address space, and the scratch stack of a worker
 */
#include "config.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* The first chunk serves most bodies and stays in the second-level cache. */
#define CHUNK_BYTES_MIN ((size_t)64 << 10)

/* The header of a chunk; the blocks begin SCRATCH_ALIGN bytes after it. */
struct scratch_chunk {
	struct scratch_chunk *next;
	size_t bytes; /* of its blocks; a multiple of SCRATCH_ALIGN */
};

_Static_assert(sizeof(struct scratch_chunk) <= SCRATCH_ALIGN,
               "the header of a chunk takes one unit of alignment");

static void *aligned(size_t align, size_t bytes)
{
	int saved = errno;
	void *p = NULL;
	/* No object is larger; checking allocators take the attempt for a
	 * fault of the program. */
	if (bytes > PTRDIFF_MAX - align)
		return NULL;
	if (posix_memalign(&p, align, bytes ? bytes : align) != 0)
		p = NULL;
	errno = saved;
	return p;
}

void *thrum__memory_zalloc(size_t align, size_t bytes)
{
	void *p = aligned(align, bytes);
	if (p != NULL)
		memset(p, 0, bytes);
	return p;
}

void thrum__memory_free(void *p)
{
	int saved = errno;
	free(p);
	errno = saved;
}

void *thrum__memory_map(size_t bytes)
{
	int saved = errno;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	errno = saved;
	return p == MAP_FAILED ? NULL : p;
}

void thrum__memory_unmap(void *p, size_t bytes)
{
	int saved = errno;
	if (p != NULL)
		munmap(p, bytes);
	errno = saved;
}

static char *chunk_blocks(struct scratch_chunk *c)
{
	return (char *)c + SCRATCH_ALIGN;
}

/* Each chunk is at least twice the one before, so a list has few of them and
 * walking past those too small for a block is cheap. */
static struct scratch_chunk *chunk_new(size_t bytes, size_t last_bytes)
{
	size_t room = CHUNK_BYTES_MIN;
	if (bytes > PTRDIFF_MAX)
		return NULL;
	if (last_bytes <= SIZE_MAX / 4 && room < 2 * last_bytes)
		room = 2 * last_bytes;
	if (room < bytes)
		room = bytes;
	room = (room + SCRATCH_ALIGN - 1) & ~(size_t)(SCRATCH_ALIGN - 1);

	struct scratch_chunk *c = aligned(SCRATCH_ALIGN, SCRATCH_ALIGN + room);
	if (c != NULL)
		*c = (struct scratch_chunk){ .next = NULL, .bytes = room };
	return c;
}

void *thrum__scratch_grow(struct scratch *s, size_t bytes)
{
	if (bytes == 0)
		return NULL;

	size_t last_bytes = s->current ? s->current->bytes : 0;
	struct scratch_chunk **link = s->current ? &s->current->next
	                                         : &s->first;
	while (*link != NULL && (*link)->bytes < bytes) {
		last_bytes = (*link)->bytes;
		link = &(*link)->next;
	}
	if (*link == NULL)
		*link = chunk_new(bytes, last_bytes);
	if (*link == NULL)
		return NULL;

	s->current = *link;
	s->next = chunk_blocks(s->current);
	s->end = s->next + s->current->bytes;
	return thrum__scratch_take(s, bytes);
}

void thrum__scratch_free(struct scratch *s)
{
	for (struct scratch_chunk *c = s->first, *next; c != NULL; c = next) {
		next = c->next;
		thrum__memory_free(c);
	}
	*s = (struct scratch){ 0 };
}
