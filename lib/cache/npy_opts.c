/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npy_opts.c - thrum_npy_opts, checked */
#include "config.h"

#include "npy_opts.h"

#include "codec.h"
#include "sized.h"

int thrum__npy_opts_take(thrum_npy_opts *out, const thrum_npy_opts *opts,
                         unsigned takes)
{
	int rc = thrum__sized_take(out, sizeof *out, opts);

	if (rc)
		return rc;
	if ((out->durable && !(takes & NPY_TAKES_DURABLE))
	    || ((out->compress || out->level)
	        && !(takes & NPY_TAKES_COMPRESS)))
		return THRUM_EINVAL;
	return thrum__codec_check(out->compress, out->level);
}
