/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_opts.h - thrum_npy_opts, checked */
#ifndef THRUM__CACHE_NPY_OPTS_H
#define THRUM__CACHE_NPY_OPTS_H

#include <thrum/npy.h>

/* What a function takes besides n_jobs. */
enum npy_takes {
	NPY_TAKES_DURABLE = 1,
	NPY_TAKES_COMPRESS = 2 /* and level */
};

/** Copy and check @p opts, which may be NULL.
 * @return 0; THRUM_EINVAL, THRUM_E2BIG; THRUM_ENOTSUP for a method that is not
 *         in this build. */
int thrum__npy_opts_take(thrum_npy_opts *out, const thrum_npy_opts *opts,
                         unsigned takes);

#endif
