/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* choices.h - the list of choices that a run is, for who makes runs */
#ifndef THRUM_TEST_CHOICES_H
#define THRUM_TEST_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All lists in order, lists by chance, or one that is known. */
enum choosing { EXHAUST, RANDOM, REPLAY };

extern enum choosing choices_how;
extern bool choices_random; /* the list is, or is to be, of a random run */

/** What comes by chance begins anew, from @p seed. */
void choices_seed(uint64_t seed);
uint64_t choices_draw(void);

/** No list is given. */
void choices_pass(enum choosing how);
/** Before a run. */
void choices_begin(void);
/** Note that @p which of @p n was chosen. @return it. */
unsigned choices_keep(unsigned which, unsigned n);
/** Give the list that comes next. @return false if there is none. */
bool choices_next(void);

/** As `x30,12:1,17:2`: with 30 variables known to be shared, of which each access is
 * a turn, choice number 12 is 1, and those not named are 0. */
void choices_write(char *text, size_t bytes);
/** Give that list. @param known  Out: those variables.
 * @return false if it is none. */
bool choices_read(const char *text, unsigned *known);

#endif
