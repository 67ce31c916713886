/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* npz_pack.h - the image of an array, compressed by all workers into a file */
#ifndef THRUM__CACHE_NPZ_PACK_H
#define THRUM__CACHE_NPZ_PACK_H

#include <stdint.h>

#include "codec.h"
#include "npy_write.h"

/** Write the compressed image at byte @p at of @p fd.
 * @param level   0: the usual one.
 * @param packed  Out: the bytes it has become; a function of the image, codec
 *                and level, and so are they themselves.
 * @param crc     Out: of what they were before.
 * @return 0; of the system; THRUM_ENOMEM; THRUM_ECANCELED and THRUM_ETIMEDOUT by
 *         the defaults of the thread. */
int thrum__npz_pack(const struct npy_image *image, const struct codec *codec,
                    int level, int fd, uint64_t at, int n_jobs,
                    uint64_t *packed, uint32_t *crc);

#endif
