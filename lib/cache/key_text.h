/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* key_text.h - keys as people read them
 *
 *	x=1.5 n=100 name="a b" raw=bytes[2]:00ff sub={k=1} a=f64[2,3]#<digest>
 *	path=text[200]#<digest>
 *
 * in one line, without what a terminal would obey and in valid UTF-8, whatever
 * the bytes of the key are. Floating-point numbers have the fewest digits that
 * give them back, and a point, whatever the locale.
 */
#ifndef THRUM__CACHE_KEY_TEXT_H
#define THRUM__CACHE_KEY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <thrum/hash.h>

/* No key is longer than this, with the NUL: at most \x00 for each byte. */
#define KEY_TEXT_MAX (4 * THRUM_KEY_BYTES + 1)

/** Write the fields that are the @p n bytes at @p text, at most THRUM_KEY_BYTES;
 * what is no field ends it with `?`. Always ends in a NUL.
 * @return bytes without the NUL. */
size_t thrum__key_text(char out[KEY_TEXT_MAX], const unsigned char *text,
                       size_t n);

/** Put `.` in the place of the decimal point of @p text, a finite number as %g
 * writes it in any locale, where it may be other bytes, and several.
 * @return whether it has one. */
bool thrum__key_text_point(char *text);

#endif
