/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/npy.h - arrays in NumPy's .npy and .npz files (libthrum-cache)
 *
 * A .npy file holds one array, a .npz file several by name. Versions 1 to 3 are
 * read, with numbers of a thrum_dtype in either byte order, in C and Fortran
 * order. No file is trusted, and none is run: what its header, or its directory,
 * says must agree with its size before memory is taken for it. The bytes of BOOL
 * are handed over as they are, so another program's may be others than 0 and 1.
 *
 * What is written is what NumPy 1.23 and later write, to the byte in a .npy
 * file, and depends on the arrays and options alone: not on n_jobs, nor the
 * time. An array that lies in memory in Fortran order is written so, any other
 * in C order, gathered if it is strided; in the byte order of this machine.
 *
 * A file is written under a temporary name in its directory, .thrum-*.tmp, and
 * renamed when it is whole. So an old file of the name stays as it is until
 * then, and if anything fails; a program that is killed leaves the temporary
 * file. The umask decides its mode, as with any new file. If the name is a link
 * the link is replaced, and not what it points to. What is neither a regular
 * file nor a link to one is not replaced: -EISDIR for a directory, else, as for a
 * device, THRUM_EINVAL.
 *
 * Codes besides THRUM_EINVAL, THRUM_E2BIG, THRUM_ENOMEM: THRUM_EOVERFLOW an
 * array larger than memory can be; THRUM_EBADMSG a damaged or hostile file;
 * THRUM_ENOTSUP elements that are no thrum_dtype, as objects, text and structs,
 * more than THRUM_NDIM_MAX dimensions, a compression that is not in this build
 * or wants a window above 8 MiB, an encrypted member, an archive in volumes;
 * THRUM_EIO, THRUM_ENOENT, THRUM_EACCES, THRUM_ENOSPC, and what else the
 * system says, as a negative errno; THRUM_ECANCELED and THRUM_ETIMEDOUT by the
 * defaults of the thread, see thrum_set_defaults.
 */
#ifndef THRUM_NPY_H
#define THRUM_NPY_H

#include <thrum/array.h>
#include <thrum/options.h>

/* .compress */
#define THRUM_ZLIB 1 /* deflate: NumPy reads it */
#define THRUM_ZSTD 2 /* quicker and smaller, but NumPy does not read it */

typedef struct thrum_npy_opts {
	/** sizeof(thrum_npy_opts); THRUM_NPY_OPTS and C++ set it. */
	size_t size THRUM_SET_IN_CXX(sizeof(struct thrum_npy_opts));
	/** Workers that gather, read, swap, sum up and compress, as everywhere;
	 * what is smaller than 1 MiB is the caller's alone. */
	int n_jobs;
	/** thrum_npz_dump only: 0 stored, THRUM_ZLIB, THRUM_ZSTD. */
	int compress;
	/** Of compression: 1 to 9, with THRUM_ZSTD to 19; 0: the usual one of
	 * the method. */
	int level;
	/** Dumps only. 1: the file, then its name, are on disk when the
	 * function returns (fsync). */
	int durable;
} thrum_npy_opts;

/** Options by name, with 0 for the rest; as THRUM_OPTS. */
#define THRUM_NPY_OPTS(...) \
	(&(const thrum_npy_opts){ .size = sizeof(thrum_npy_opts), __VA_ARGS__ })

THRUM_BEGIN_DECLS

/** Write @p a to @p path, whole or not at all.
 * @return 0, or a code as above. After a failure of the last step of .durable,
 *         to sync the directory, the new file is there. */
THRUM_API int thrum_npy_dump(const char *path, const thrum_array *a,
                             const thrum_npy_opts *opts);

/** Read an array into memory of its own, aligned to 64, in native byte order.
 *
 * What follows the array in the file is not looked at: NumPy appends so. From a
 * pipe or a device exactly the array is taken, so several may come one after
 * the other.
 *
 * @param a  Out: release with thrum_array_release; zero on failure. */
THRUM_API int thrum_npy_load(const char *path, thrum_array *a,
                             const thrum_npy_opts *opts);

/** As load, with the file mapped read-only if the byte order is this machine's
 * and the elements are aligned in the file as their type needs; else loaded.
 *
 * Pages come from disk when they are looked at. Data are aligned to 64 in files
 * from here and from NumPy since 1.14. A write to them is a fault, and so is a
 * read once somebody has cut the file short; to replace it by a dump is safe. */
THRUM_API int thrum_npy_map(const char *path, thrum_array *a,
                            const thrum_npy_opts *opts);

/** Write the @p n arrays at @p a to one .npz under @p names, whole or not at
 * all. Members are as large as it takes, with CRC-32.
 *
 * @param names  n names, UTF-8, of 1 to 65531 bytes, no two alike; NULL for 0.
 * @return 0, or a code as above. */
THRUM_API int thrum_npz_dump(const char *path, size_t n,
                             const char *const *names, const thrum_array *a,
                             const thrum_npy_opts *opts);

/** Read the array @p name, from the member NAME.npy that is stored, or compressed
 * with deflate or zstd; its CRC-32 is checked. What is stored is read by all
 * workers. The file must be seekable.
 *
 * @param a  Out: as of thrum_npy_load.
 * @return 0, or a code as above; THRUM_ENOENT also if there is none of this
 *         name. */
THRUM_API int thrum_npz_load(const char *path, const char *name,
                             thrum_array *a, const thrum_npy_opts *opts);

THRUM_END_DECLS
#endif
