/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* decimal.h - numbers as people write them, alike in every locale
 *
 * strtod takes the decimal point from the locale of the program, and strtol
 * takes blanks, signs and errno; text from variables and control files must
 * read the same everywhere. These functions read at *p and move *p behind what
 * they took; when they return false, *p is where it was.
 */
#ifndef THRUM__DECIMAL_H
#define THRUM__DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* What thrum__decimal_nano counts in. */
#define DECIMAL_NANO UINT64_C(1000000000)

/** @p p, behind any blanks and line ends. */
const char *thrum__decimal_skip(const char *p);

/** True if nothing but blanks is left. */
bool thrum__decimal_end(const char *p);

/** Read digits; false if there are none or they say more than @p max. */
bool thrum__decimal_uint(const char **p, uint64_t max, uint64_t *value);

/** Read `1`, `1.5`: in billionths, digits after the ninth dropped. The whole
 * part is at most INT_MAX. */
bool thrum__decimal_nano(const char **p, uint64_t *nano);

/** Read @p word, if it stands here. */
bool thrum__decimal_word(const char **p, const char *word);

#endif
