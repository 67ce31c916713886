/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* choices.c - the list of choices that a run is
 *
 * Up to a point it is given, from there on it is made: of the first of what there is
 * to choose from, or by chance. All lists come one after the other, as the last
 * choice of which there is another is changed to that, and what came after it
 * forgotten.
 */
#include "engine.h"

#include "choices.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHOICES = 8192 };

enum choosing choices_how;
bool choices_random;

static struct { uint8_t which, of; } choice[CHOICES];
static unsigned choices, fixed;
static uint64_t seed;

uint64_t choices_draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

unsigned choices_keep(unsigned which, unsigned n)
{
	if (choices == CHOICES) {
		explore_fail("the model is too small: choices");
		return 0;
	}
	choice[choices].which = (uint8_t)which;
	choice[choices].of = (uint8_t)n;
	choices++;
	return which;
}

unsigned explore_choose(unsigned n)
{
	if (n <= 1)
		return 0;
	if (choices < fixed) {
		unsigned which = choice[choices].which;
		if (choices_how == EXHAUST && choice[choices].of != n) {
			fprintf(stderr, "explore: %s does not repeat itself\n",
			        explore_now->name);
			abort();
		}
		choices++;
		return which < n ? which : 0;
	}
	return choices_keep(choices_how == RANDOM
	                    ? (unsigned)(choices_draw() % n) : 0, n);
}

unsigned explore_choose_store(unsigned n)
{
	if (n <= 1 || choices_how != RANDOM)
		return explore_choose(n);
	return choices_keep(choices_draw() % 4
	                    ? 0 : (unsigned)(choices_draw() % n), n);
}

void choices_seed(uint64_t from)
{
	seed = from | 1;
}

void choices_pass(enum choosing how)
{
	choices_how = how;
	choices_random = how == RANDOM;
	fixed = 0;
}

void choices_begin(void)
{
	choices = 0;
}

bool choices_next(void)
{
	while (choices && choice[choices - 1].which + 1
	                  >= choice[choices - 1].of)
		choices--;
	if (choices == 0)
		return false;
	choice[choices - 1].which++;
	fixed = choices;
	return true;
}

void choices_write(char *text, size_t bytes)
{
	size_t n = (size_t)snprintf(text, bytes, "%c%u", choices_random ? 'r' : 'x',
	                            memory_places);

	for (unsigned i = 0; i < choices && n < bytes; i++)
		if (choice[i].which)
			n += (size_t)snprintf(text + n, bytes - n, ",%u:%u", i,
			                      choice[i].which);
}

bool choices_read(const char *text, unsigned *known)
{
	int n;

	choices_how = REPLAY;
	fixed = CHOICES;
	memset(choice, 0, sizeof choice);
	choices_random = *text == 'r';
	if ((*text != 'r' && *text != 'x')
	    || sscanf(text + 1, "%u%n", known, &n) != 1)
		return false;
	for (text += 1 + n; *text; ) {
		unsigned at, which;
		if (sscanf(text, ",%u:%u%n", &at, &which, &n) != 2
		    || at >= CHOICES || which > UINT8_MAX)
			return false;
		choice[at].which = (uint8_t)which;
		text += n;
	}
	return true;
}
