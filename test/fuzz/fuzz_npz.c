/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_npz.c - laws of archives of arrays, for any bytes
 *
 * The records are read from memory, from the end on, as a reader of the library
 * does; then the library reads the member `a` of a file that has these bytes.
 */
#include "config.h"

#include <sys/mman.h>
#include <thrum/npy.h>
#include <unistd.h>

#include "cache/zip.h"
#include "fuzz.h"

/* All members lie in the file, or are told to be wrong. */
static void check_records(const uint8_t *data, size_t size)
{
	struct zip_end end;
	size_t tail = size < ZIP_TAIL_BYTES_MAX ? size : ZIP_TAIL_BYTES_MAX;
	int rc = thrum__zip_end_read(data + size - tail, tail, size - tail,
	                             &end);
	HOLDS(rc == 0 || rc == THRUM_EBADMSG || rc == THRUM_ENOTSUP);
	if (rc != 0)
		return;
	HOLDS(end.central_at <= size && end.central_bytes <= size
	      && end.central_at + end.central_bytes <= size);
	uint64_t at = end.central_at, stop = at + end.central_bytes;
	for (uint64_t i = 0; i < end.members; i++) {
		struct zip_member m;
		size_t bytes;
		uint64_t begins;
		unsigned char *copy = malloc((size_t)(stop - at) + 1);
		HOLDS(copy);
		memcpy(copy, data + at, (size_t)(stop - at));
		rc = thrum__zip_central_read(copy, (size_t)(stop - at), &m,
		                             &bytes);
		HOLDS(rc == 0 || rc == THRUM_EBADMSG);
		if (rc == 0) {
			HOLDS(bytes <= stop - at && bytes > m.name_bytes);
			HOLDS((const unsigned char *)m.name >= copy);
			if (m.at <= size && size - m.at >= ZIP_LOCAL_BYTES
			    && size - m.at - ZIP_LOCAL_BYTES >= m.name_bytes
			    && thrum__zip_local_read(data + m.at, &m,
				    end.central_at, &begins) == 0)
				HOLDS(begins <= end.central_at && m.packed
				      <= end.central_at - begins);
		}
		free(copy);
		if (rc != 0)
			return;
		at += bytes;
	}
}

static void check_load(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	thrum_array a;
	if (fd < 0) {
		fd = memfd_create("npz", MFD_CLOEXEC);
		HOLDS(fd >= 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	HOLDS(ftruncate(fd, (off_t)size) == 0);
	HOLDS(pwrite(fd, data, size, 0) == (ssize_t)size);
	int rc = thrum_npz_load(path, "a", &a, NULL);
	HOLDS(rc == 0 || rc == THRUM_EBADMSG || rc == THRUM_ENOTSUP
	      || rc == THRUM_ENOENT || rc == THRUM_EOVERFLOW);
	if (rc != 0) {
		HOLDS(a.data == NULL && a.owner == NULL);
		return;
	}
	size_t bytes = thrum_dtype_size(a.dtype);
	for (int d = 0; d < a.ndim; d++)
		bytes *= a.shape[d];
	/* Ten thousand times what there is is more than deflate can hold. */
	HOLDS(bytes / 10000 <= size && a.data);
	thrum_array_release(&a);
}

static void law(const uint8_t *data, size_t size)
{
	check_records(data, size);
	check_load(data, size);
}

FUZZ_TARGET(npz, law);
