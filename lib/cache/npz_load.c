/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_load.c - thrum_npz_load: an array out of an archive
 *
 * A member that is stored is read as a file of its own would be, by all
 * workers. One that is compressed comes through one of them: where a piece
 * begins only the piece before can tell.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <thrum/npy.h>
#include <unistd.h>

#include "file.h"
#include "npy_opts.h"
#include "npy_read.h"
#include "npz_find.h"
#include "npz_names.h"
#include "unpack.h"

static int read_stored(int fd, uint64_t at, const struct zip_member *m,
                       int n_jobs, thrum_array *a, uint32_t *crc,
                       uint64_t *used)
{
	if (m->size != m->packed)
		return THRUM_EBADMSG;
	return thrum__npy_read_at(fd, at, m->size, n_jobs, a, crc, used);
}

static int read_packed(int fd, uint64_t at, const struct zip_member *m,
                       thrum_array *a, uint32_t *crc, uint64_t *used)
{
	const struct codec *codec = thrum__codec_of_method(m->method);
	struct unpacker u;

	if (!codec)
		return THRUM_ENOTSUP;
	/* Else memory would be taken for what cannot come. */
	if (m->size > codec->holds(m->packed))
		return THRUM_EBADMSG;
	int rc = thrum__unpack_open(&u, codec, fd, at, m->packed);
	if (rc)
		return rc;
	rc = thrum__npy_read_from(&u.source, m->size, a, crc, used);
	if (rc == 0) {
		rc = thrum__unpack_finish(&u);
		if (rc)
			thrum_array_release(a);
	}
	thrum__unpack_close(&u);
	return rc;
}

static int read_member(int fd, uint64_t file_bytes, const char *name,
                       size_t name_bytes, int n_jobs, thrum_array *a)
{
	struct zip_member m;
	uint64_t at, used;
	uint32_t crc;
	int rc = thrum__npz_find(fd, file_bytes, name, name_bytes, &m, &at);

	if (rc == 0 && m.locked)
		rc = THRUM_ENOTSUP;
	if (rc)
		return rc;
	rc = m.method == ZIP_STORED
		? read_stored(fd, at, &m, n_jobs, a, &crc, &used)
		: read_packed(fd, at, &m, a, &crc, &used);
	if (rc)
		return rc;
	if (crc == m.crc && used == m.size)
		return 0;
	thrum_array_release(a);
	return THRUM_EBADMSG;
}

/* An archive is read from its end, so it cannot come through a pipe. */
static int regular_bytes(int fd, uint64_t *bytes)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	*bytes = (uint64_t)st.st_size;
	if (S_ISREG(st.st_mode))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -ESPIPE;
}

static int load(const char *path, const char *name, thrum_array *a,
                const thrum_npy_opts *opts)
{
	thrum_npy_opts o;
	uint64_t file_bytes = 0;
	size_t name_bytes;

	if (!a)
		return THRUM_EINVAL;
	memset(a, 0, sizeof *a);
	int rc = thrum__npy_opts_take(&o, opts, 0);
	if (rc)
		return rc;
	if (!path || !name)
		return THRUM_EINVAL;
	char *member = thrum__npz_name(name, &name_bytes);
	if (!member)
		return THRUM_ENOMEM;
	int fd = thrum__file_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
	rc = fd < 0 ? fd : regular_bytes(fd, &file_bytes);
	if (rc == 0)
		rc = read_member(fd, file_bytes, member, name_bytes, o.n_jobs,
		                 a);
	if (fd >= 0)
		close(fd);
	free(member);
	return rc;
}

int thrum_npz_load(const char *path, const char *name, thrum_array *a,
                   const thrum_npy_opts *opts)
{
	int saved = errno;
	int rc = load(path, name, a, opts);

	errno = saved;
	return rc;
}
