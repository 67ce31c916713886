/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* memory.h - aligned memory, address space, and the scratch stack of a worker
 *
 * Nothing here changes errno: bodies and callers may be between a failed call
 * of theirs and the look at its cause.
 */
#ifndef THRUM__MEMORY_H
#define THRUM__MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** @p bytes of zeros aligned to @p align, a power of two that is a multiple of
 * sizeof(void *). NULL if there is no memory. 0 bytes give a block of no use,
 * to be freed. */
void *thrum__memory_zalloc(size_t align, size_t bytes);

/** Free what thrum__memory_zalloc gave; NULL does nothing. */
void thrum__memory_free(void *p);

/** Address space for @p bytes, page aligned, reading as zeros. Pages cost
 * memory from their first write on, and lie near the thread that does it.
 * NULL on failure and for 0 bytes. */
void *thrum__memory_map(size_t bytes);

/** Give back all of what thrum__memory_map gave; NULL does nothing. */
void thrum__memory_unmap(void *p, size_t bytes);

/** *out = a * b. False, with *out unchanged, if that is past SIZE_MAX. */
static inline bool thrum__size_mul(size_t a, size_t b, size_t *out)
{
	if (b != 0 && a > SIZE_MAX / b)
		return false;
	*out = a * b;
	return true;
}

/* A scratch is a stack of blocks with one owner. Blocks come from a list of
 * chunks; to reset it to a mark forgets the blocks and keeps the chunks, so a
 * loop whose bodies ask for the same blocks again allocates nothing after the
 * first. All zeros is a valid, empty scratch.
 *
 *   first -> chunk -> chunk (current) -> chunk (kept, free)
 *                     [ blocks | free ]
 *                              ^next   ^end
 *
 * next and end are multiples of SCRATCH_ALIGN, hence so is what lies between,
 * and a block that fits still does when its size is rounded up. current is
 * NULL, and next == end, when nothing is taken from any chunk.
 */
#define SCRATCH_ALIGN 64u

struct scratch_chunk;

struct scratch {
	struct scratch_chunk *first, *current;
	char *next, *end; /* the free part of current */
};

/** A height of the stack. */
struct scratch_mark {
	struct scratch_chunk *current;
	char *next, *end;
};

/** The rare path of thrum__scratch_take. */
void *thrum__scratch_grow(struct scratch *s, size_t bytes);

/** A block of @p bytes aligned to SCRATCH_ALIGN, not initialised, valid until
 * a reset to a mark made before. NULL for 0 bytes or without memory. */
static inline void *thrum__scratch_take(struct scratch *s, size_t bytes)
{
	if (bytes - 1 >= (size_t)(s->end - s->next)) /* 0 bytes wrap: refused */
		return thrum__scratch_grow(s, bytes);
	char *block = s->next;
	s->next += (bytes + SCRATCH_ALIGN - 1) & ~(size_t)(SCRATCH_ALIGN - 1);
	return block;
}

static inline struct scratch_mark thrum__scratch_mark(const struct scratch *s)
{
	return (struct scratch_mark){ s->current, s->next, s->end };
}

/** Forget the blocks taken since @p mark was made on @p s. */
static inline void thrum__scratch_reset(struct scratch *s,
                                        struct scratch_mark mark)
{
	s->current = mark.current;
	s->next = mark.next;
	s->end = mark.end;
}

/** Free the chunks; @p s is then empty, and marks made before are void. */
void thrum__scratch_free(struct scratch *s);

#endif
