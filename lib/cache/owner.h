/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* owner.h - the memory that an array owns: allocated, or a file that is mapped
 *
 * What .owner of an array points to. It belongs to one array; there is no
 * sharing, so several arrays of one file map it once each.
 */
#ifndef THRUM__CACHE_OWNER_H
#define THRUM__CACHE_OWNER_H

#include <stddef.h>

/* Of what is allocated. */
#define OWNER_ALIGN 64u

struct owner;

/** Memory of @p bytes aligned to OWNER_ALIGN, not initialised, never NULL for 0
 * bytes.
 * @param data  Out: the memory; goes with the owner.
 * @return NULL if there is none. */
struct owner *thrum__owner_allocate(size_t bytes, void **data);

/** Take over the mapping of @p length bytes at @p address, as mmap gave it.
 * @return NULL without memory; the mapping is the caller's then. */
struct owner *thrum__owner_of_mapping(void *address, size_t length);

/** Free, or unmap; NULL does nothing. errno is unchanged. */
void thrum__owner_free(struct owner *o);

#endif
