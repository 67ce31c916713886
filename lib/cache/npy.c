/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy.c - thrum_npy_dump, thrum_npy_load and thrum_npy_map */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thrum/npy.h>
#include <unistd.h>

#include "file.h"
#include "npy_opts.h"
#include "npy_read.h"
#include "npy_write.h"
#include "owner.h"
#include "swap.h"

static int dump(const char *path, const thrum_array *a,
                const thrum_npy_opts *opts)
{
	struct npy_image image;
	struct draft draft;
	thrum_npy_opts o;
	int rc = thrum__npy_opts_take(&o, opts, NPY_TAKES_DURABLE);

	if (rc == 0)
		rc = thrum__npy_image_of(&image, a);
	if (rc == 0)
		rc = path ? thrum__draft_may_become(AT_FDCWD, path)
		          : THRUM_EINVAL;
	if (rc == 0)
		rc = thrum__draft_create(&draft, AT_FDCWD, path, 0666);
	if (rc)
		return rc;
	rc = thrum__npy_image_write(&image, draft.fd, 0, o.n_jobs, NULL);
	if (rc) {
		thrum__draft_abandon(&draft);
		return rc;
	}
	return thrum__draft_commit(&draft, o.durable != 0);
}

int thrum_npy_dump(const char *path, const thrum_array *a,
                   const thrum_npy_opts *opts)
{
	int saved = errno;
	int rc = dump(path, a, opts);

	errno = saved;
	return rc;
}

struct file_source {
	struct source source;
	int fd;
};

static int read_file(struct source *s, void *out, size_t bytes)
{
	size_t got;
	int rc = thrum__file_read(((struct file_source *)s)->fd, out, bytes,
	                          &got);

	return rc == 0 && got < bytes ? THRUM_EBADMSG : rc;
}

static int load_fd(int fd, const struct stat *st, int n_jobs, thrum_array *a)
{
	struct file_source s = { { read_file }, fd };
	uint64_t used;

	if (S_ISREG(st->st_mode))
		return thrum__npy_read_at(fd, 0, (uint64_t)st->st_size, n_jobs,
		                          a, NULL, &used);
	return thrum__npy_read_from(&s.source, NPY_ROOM_UNKNOWN, a, NULL,
	                            &used);
}

/* MUST_LOAD: it is a good file, or another function is to say what is wrong. */
enum { MUST_LOAD = 1 };

static int map_fd(int fd, const struct stat *st, thrum_array *a)
{
	struct npy_header h;
	size_t at;

	if (!S_ISREG(st->st_mode))
		return MUST_LOAD;
	int rc = thrum__npy_header_at(fd, 0, (uint64_t)st->st_size, &h, &at);
	if (rc)
		return rc;
	if (h.swapped || h.bytes == 0 || h.bytes > SIZE_MAX - at
	    || at % thrum__swap_width(h.dtype) != 0)
		return MUST_LOAD;
	size_t length = at + h.bytes;
	char *p = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return MUST_LOAD;
	struct owner *owner = thrum__owner_of_mapping(p, length);
	if (!owner) {
		munmap(p, length);
		return THRUM_ENOMEM;
	}
	*a = thrum__npy_array(&h, p + at, owner);
	return 0;
}

static int get(const char *path, thrum_array *a, const thrum_npy_opts *opts,
               bool mapped)
{
	thrum_npy_opts o;
	struct stat st;

	if (!a)
		return THRUM_EINVAL;
	memset(a, 0, sizeof *a);
	int rc = thrum__npy_opts_take(&o, opts, 0);
	if (rc)
		return rc;
	if (!path)
		return THRUM_EINVAL;
	int fd = thrum__file_open(AT_FDCWD, path, O_RDONLY);
	if (fd < 0)
		return fd;
	rc = fstat(fd, &st) != 0 ? -errno : 0;
	if (rc == 0)
		rc = mapped ? map_fd(fd, &st, a) : MUST_LOAD;
	if (rc == MUST_LOAD)
		rc = load_fd(fd, &st, o.n_jobs, a);
	close(fd);
	return rc;
}

int thrum_npy_load(const char *path, thrum_array *a, const thrum_npy_opts *opts)
{
	int saved = errno;
	int rc = get(path, a, opts, false);

	errno = saved;
	return rc;
}

int thrum_npy_map(const char *path, thrum_array *a, const thrum_npy_opts *opts)
{
	int saved = errno;
	int rc = get(path, a, opts, true);

	errno = saved;
	return rc;
}
