/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* codec.c - the methods by which members of archives are compressed */
#include "config.h"

#include "codec.h"

#include <thrum/npy.h>

static const struct codec *const codecs[] = {
#ifdef HAVE_ZLIB
	&thrum__codec_zlib,
#endif
#ifdef HAVE_ZSTD
	&thrum__codec_zstd,
#endif
	NULL
};

const struct codec *thrum__codec_of(int compress)
{
	for (const struct codec *const *c = codecs; *c; c++)
		if ((*c)->compress == compress)
			return *c;
	return NULL;
}

const struct codec *thrum__codec_of_method(uint16_t method)
{
	for (const struct codec *const *c = codecs; *c; c++)
		if ((*c)->method == method)
			return *c;
	return NULL;
}

int thrum__codec_check(int compress, int level)
{
	if (compress == 0)
		return level == 0 ? 0 : THRUM_EINVAL;
	if (compress != THRUM_ZLIB && compress != THRUM_ZSTD)
		return THRUM_EINVAL;
	const struct codec *c = thrum__codec_of(compress);
	if (!c)
		return THRUM_ENOTSUP;
	return level >= 0 && level <= c->level_max ? 0 : THRUM_EINVAL;
}
