/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* error.c - what codes mean, and which thrum this is
 *
 * strerror() is not asked: its text follows the locale, its buffer may be
 * shared by threads, and it must not be called in a signal handler.
 */
#include "config.h"

#include <thrum/base.h>
#include <thrum/version.h>

const char *thrum_strerror(int code)
{
	if (code > 0)
		return "failure reported by a body";

	switch (code) {
	case 0:
		return "success";

	/* Ours: the contract is on the pages of include/thrum. */
	case THRUM_EINVAL:
		return "invalid argument or option";
	case THRUM_E2BIG:
		return "options of a newer version, or more than there is room for";
	case THRUM_EOVERFLOW:
		return "product of sizes too large";
	case THRUM_ENOMEM:
		return "out of memory";
	case THRUM_ECANCELED:
		return "cancelled";
	case THRUM_ETIMEDOUT:
		return "timed out";
	case THRUM_EDEADLK:
		return "would wait for itself";
	case THRUM_ESKIPPED:
		return "job was not run";
	case THRUM_END:
		return "no more items";

	/* What bodies that return -errno mostly return. */
	case -EPERM:
		return "operation not permitted";
	case -ENOENT:
		return "no such file or directory";
	case -EINTR:
		return "interrupted system call";
	case -EIO:
		return "input/output error";
	case -EBADF:
		return "bad file descriptor";
	case -EAGAIN:
		return "resource temporarily unavailable";
	case -EACCES:
		return "permission denied";
	case -EFAULT:
		return "bad address";
	case -EBUSY:
		return "device or resource busy";
	case -EEXIST:
		return "file exists";
	case -ENOTDIR:
		return "not a directory";
	case -EISDIR:
		return "is a directory";
	case -EMFILE:
		return "too many open files";
	case -EFBIG:
		return "file too large";
	case -ENOSPC:
		return "no space left on device";
	case -EROFS:
		return "read-only file system";
	case -EPIPE:
		return "broken pipe";
	case -EDOM:
		return "argument out of the domain of the function";
	case -ERANGE:
		return "result out of range";
	case -ENOSYS:
		return "function not implemented";
	case -ENOTSUP:
		return "not supported";

	/* Of files, from the cache library. */
	case -EBADMSG:
		return "file is damaged";
	case -EDQUOT:
		return "disk quota exceeded";
	case -ELOOP:
		return "too many symbolic links";
	case -EMLINK:
		return "too many links";
	case -ENAMETOOLONG:
		return "file name too long";
	case -ENFILE:
		return "too many open files in the system";
	case -ENODEV:
		return "no such device";
	case -ENOTEMPTY:
		return "directory not empty";
	case -ENXIO:
		return "no such device or address";
	case -ESTALE:
		return "stale file handle";
	case -ETXTBSY:
		return "file is being run";
	case -EXDEV:
		return "on another file system";
	default:
		return "unknown code";
	}
}

const char *thrum_version(void)
{
	return THRUM_VERSION;
}
