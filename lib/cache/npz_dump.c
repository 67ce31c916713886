/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_dump.c - thrum_npz_dump: arrays into an archive
 *
 * A .npz file is a zip archive with a member NAME.npy for each array. Members
 * are written one after the other; the header of each last, into the place that
 * was left for it, when its sum and size are known.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <thrum/npy.h>

#include "file.h"
#include "npy_opts.h"
#include "npy_write.h"
#include "npz_names.h"
#include "npz_pack.h"
#include "zip.h"

/* From here on a header has room for 64-bit sizes: what is compressed can be a
 * little larger than it was. */
#define LARGE_BYTES UINT64_C(0xff000000)

struct archive {
	int fd;
	thrum_npy_opts opts;
	struct zip_member *member; /* n of them; their names are owned */
	size_t n;
	uint64_t at; /* where the next thing goes */
	size_t name_bytes_max, central_bytes_max;
};

static int write_data(struct archive *z, const struct npy_image *image,
                      struct zip_member *m, uint64_t at)
{
	const struct codec *codec = thrum__codec_of(z->opts.compress);

	if (codec)
		return thrum__npz_pack(image, codec, z->opts.level, z->fd, at,
		                       z->opts.n_jobs, &m->packed, &m->crc);
	m->packed = m->size;
	return thrum__npy_image_write(image, z->fd, at, z->opts.n_jobs,
	                              &m->crc);
}

/* @p header: room for that of any member. */
static int write_member(struct archive *z, const thrum_array *a,
                        struct zip_member *m, unsigned char *header)
{
	const struct codec *codec = thrum__codec_of(z->opts.compress);
	struct npy_image image;
	int rc = thrum__npy_image_of(&image, a);

	if (rc)
		return rc;
	m->size = (uint64_t)image.text_bytes + image.elements.bytes;
	m->method = codec ? codec->method : ZIP_STORED;
	m->at = z->at;
	bool large = m->size >= LARGE_BYTES;
	size_t bytes = thrum__zip_local_write(header, m, large);
	rc = write_data(z, &image, m, z->at + bytes);
	if (rc)
		return rc;
	thrum__zip_local_write(header, m, large);
	z->at += bytes + m->packed;
	return thrum__file_write_at(z->fd, header, bytes, m->at);
}

static int write_directory(struct archive *z)
{
	struct zip_end end = { z->n, z->at, 0 };
	unsigned char *p = malloc(z->central_bytes_max + ZIP_END_ROOM);
	size_t bytes = 0;

	if (!p)
		return THRUM_ENOMEM;
	for (size_t i = 0; i < z->n; i++)
		bytes += thrum__zip_central_write(p + bytes, &z->member[i]);
	end.central_bytes = bytes;
	bytes += thrum__zip_end_write(p + bytes, &end);
	int rc = thrum__file_write_at(z->fd, p, bytes, z->at);
	free(p);
	return rc;
}

static int write_archive(struct archive *z, const thrum_array *a)
{
	unsigned char *header = malloc(z->name_bytes_max + ZIP_HEADER_ROOM);
	int rc = header ? 0 : THRUM_ENOMEM;

	for (size_t i = 0; rc == 0 && i < z->n; i++)
		rc = write_member(z, &a[i], &z->member[i], header);
	free(header);
	return rc ? rc : write_directory(z);
}

/* Arguments that are wrong are found before anything is written. */
static int check_arrays(size_t n, const thrum_array *a)
{
	struct npy_image image;
	int rc = n > 0 && !a ? THRUM_EINVAL : 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = thrum__npy_image_of(&image, &a[i]);
	return rc;
}

static int make_file(const char *path, struct archive *z, const thrum_array *a)
{
	struct draft draft;
	int rc = thrum__draft_create(&draft, AT_FDCWD, path, 0666);

	if (rc)
		return rc;
	z->fd = draft.fd;
	rc = write_archive(z, a);
	if (rc == 0)
		return thrum__draft_commit(&draft, z->opts.durable != 0);
	thrum__draft_abandon(&draft);
	return rc;
}

static void free_members(struct archive *z)
{
	for (size_t i = 0; i < z->n; i++)
		free((char *)(uintptr_t)z->member[i].name);
	free(z->member);
}

/* On failure, too, they are to be freed; but not without .member. */
static int make_members(struct archive *z, const char *const *names)
{
	z->member = calloc(z->n + 1, sizeof *z->member);
	if (!z->member)
		return THRUM_ENOMEM;
	for (size_t i = 0; i < z->n; i++) {
		struct zip_member *m = &z->member[i];
		m->name = thrum__npz_name(names[i], &m->name_bytes);
		if (!m->name)
			return THRUM_ENOMEM;
		z->central_bytes_max += m->name_bytes + ZIP_HEADER_ROOM;
		if (m->name_bytes > z->name_bytes_max)
			z->name_bytes_max = m->name_bytes;
	}
	return 0;
}

static int dump(const char *path, size_t n, const char *const *names,
                const thrum_array *a, const thrum_npy_opts *opts)
{
	struct archive z = { .n = n };
	int rc = thrum__npy_opts_take(&z.opts, opts, NPY_TAKES_DURABLE
	                              | NPY_TAKES_COMPRESS);

	if (rc == 0)
		rc = path ? thrum__npz_names_check(n, names) : THRUM_EINVAL;
	if (rc == 0)
		rc = check_arrays(n, a);
	if (rc == 0)
		rc = thrum__draft_may_become(AT_FDCWD, path);
	if (rc)
		return rc;
	rc = make_members(&z, names);
	if (rc == 0)
		rc = make_file(path, &z, a);
	if (z.member)
		free_members(&z);
	return rc;
}

int thrum_npz_dump(const char *path, size_t n, const char *const *names,
                   const thrum_array *a, const thrum_npy_opts *opts)
{
	int saved = errno;
	int rc = dump(path, n, names, a, opts);

	errno = saved;
	return rc;
}
