/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_find.c - where in an archive a member is
 *
 * The whole directory is read, also behind a member of the name: an archive
 * with two of them is one array for one reader, and another for the next.
 */
#include "config.h"

#include "npz_find.h"

#include <stdlib.h>
#include <string.h>
#include <thrum/array.h>

#include "file.h"

/* Of the directory; there is always room for the longest header. */
#define WINDOW_BYTES ((size_t)256 << 10)

_Static_assert(WINDOW_BYTES >= ZIP_CENTRAL_BYTES_MAX,
               "a header fits into the window");
_Static_assert(WINDOW_BYTES >= ZIP_TAIL_BYTES_MAX,
               "the end fits into the window");

/* A part of the file in memory: bytes at .at .. .at + .bytes, of which .used
 * were looked at. */
struct window {
	int fd;
	unsigned char *p;
	uint64_t at;
	size_t bytes, used;
};

static int load(struct window *w, uint64_t at, size_t bytes)
{
	size_t got;
	int rc = thrum__file_read_at(w->fd, w->p, bytes, at, &got);

	w->at = at;
	w->bytes = bytes;
	w->used = 0;
	return rc == 0 && got < bytes ? THRUM_EBADMSG : rc;
}

static int read_end(struct window *w, uint64_t file_bytes, struct zip_end *end)
{
	size_t n = file_bytes < ZIP_TAIL_BYTES_MAX ? (size_t)file_bytes
	                                           : ZIP_TAIL_BYTES_MAX;
	int rc = load(w, file_bytes - n, n);

	return rc ? rc : thrum__zip_end_read(w->p, n, w->at, end);
}

/* Go on in the directory, which ends at @p limit, if the next header may not be
 * all in the window. */
static int slide(struct window *w, uint64_t limit)
{
	uint64_t next = w->at + w->used;
	uint64_t left = limit - next;

	if (w->bytes - w->used >= ZIP_CENTRAL_BYTES_MAX
	    || w->at + w->bytes == limit)
		return 0;
	return load(w, next, left < WINDOW_BYTES ? (size_t)left
	                                         : WINDOW_BYTES);
}

static int search(struct window *w, const struct zip_end *end,
                  const char *name, size_t name_bytes, struct zip_member *m)
{
	const uint64_t limit = end->central_at + end->central_bytes;
	int found = 0;

	*w = (struct window){ w->fd, w->p, end->central_at, 0, 0 };
	for (uint64_t i = 0; i < end->members; i++) {
		struct zip_member one;
		size_t bytes;
		int rc = slide(w, limit);
		if (rc == 0)
			rc = thrum__zip_central_read(w->p + w->used,
			                             w->bytes - w->used, &one,
			                             &bytes);
		if (rc)
			return rc;
		w->used += bytes;
		if (one.name_bytes != name_bytes
		    || memcmp(one.name, name, name_bytes) != 0)
			continue;
		if (found++)
			return THRUM_EBADMSG;
		*m = one;
		m->name = name;
	}
	if (w->at + w->used != limit)
		return THRUM_EBADMSG;
	return found ? 0 : THRUM_ENOENT;
}

/* Read the local header into the window, which is not needed any more. */
static int locate(struct window *w, const struct zip_member *m, uint64_t limit,
                  uint64_t *data)
{
	size_t bytes = ZIP_LOCAL_BYTES + m->name_bytes;

	if (m->at > limit || bytes > limit - m->at)
		return THRUM_EBADMSG;
	int rc = load(w, m->at, bytes);
	return rc ? rc : thrum__zip_local_read(w->p, m, limit, data);
}

int thrum__npz_find(int fd, uint64_t file_bytes, const char *name,
                    size_t name_bytes, struct zip_member *m, uint64_t *data)
{
	struct window w = { .fd = fd, .p = malloc(WINDOW_BYTES) };
	struct zip_end end;

	if (!w.p)
		return THRUM_ENOMEM;
	int rc = read_end(&w, file_bytes, &end);
	if (rc == 0)
		rc = search(&w, &end, name, name_bytes, m);
	if (rc == 0)
		rc = locate(&w, m, end.central_at, data);
	free(w.p);
	return rc;
}
