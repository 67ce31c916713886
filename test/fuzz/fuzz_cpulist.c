/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* fuzz_cpulist.c - laws of lists of CPUs, for any text */
#include "config.h"

#include <errno.h>

#include "cpulist.h"
#include "fuzz.h"

static void check_same(const struct cpulist *a, const struct cpulist *b)
{
	HOLDS(a->count == b->count);
	for (int i = 0; i < a->count; i++)
		HOLDS(a->cpu[i] == b->cpu[i]);
}

/* Written and read again it is the same; written into too little room it is
 * the beginning of that, and ends. */
static void check_text(const struct cpulist *list)
{
	struct cpulist again;
	size_t length = thrum__cpulist_format(list, NULL, 0);
	char *text = malloc(length + 1);
	HOLDS(text && thrum__cpulist_format(list, text, length + 1) == length);
	HOLDS(strlen(text) == length);
	HOLDS(thrum__cpulist_parse(&again, text) == 0);
	check_same(list, &again);
	thrum__cpulist_free(&again);

	size_t room = length / 2 + 1;
	char *cut = malloc(room);
	HOLDS(cut && thrum__cpulist_format(list, cut, room) == length);
	HOLDS(strlen(cut) == room - 1 || room - 1 > length);
	HOLDS(strncmp(cut, text, room - 1) == 0);
	free(cut);
	free(text);
}

static void law(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct cpulist list, both, copy;
	int rc = thrum__cpulist_parse(&list, text);
	HOLDS(rc == 0 || rc == -EINVAL);
	HOLDS((rc == 0) == (list.count > 0));
	HOLDS((list.cpu != NULL) == (list.count > 0));
	/* Of long lists that are looked up in, one in so many. */
	for (int i = 0, step = list.count / 256 + 1; i < list.count; i++) {
		HOLDS(list.cpu[i] >= 0 && list.cpu[i] < CPULIST_LIMIT);
		HOLDS(i == 0 || list.cpu[i] > list.cpu[i - 1]);
		HOLDS(i % step != 0 || thrum__cpulist_has(&list, list.cpu[i]));
		HOLDS(i % step != 0 || i + 1 == list.count ||
		      list.cpu[i] + 1 == list.cpu[i + 1] ||
		      !thrum__cpulist_has(&list, list.cpu[i] + 1));
	}
	HOLDS(!thrum__cpulist_has(&list, -1));
	HOLDS(thrum__cpulist_copy(&copy, &list) == 0);
	check_same(&list, &copy);
	HOLDS(thrum__cpulist_and(&both, &list, &copy) == 0);
	check_same(&list, &both);
	if (rc == 0)
		check_text(&list);
	thrum__cpulist_free(&both);
	thrum__cpulist_free(&copy);
	thrum__cpulist_free(&list);
	free(text);
}

FUZZ_TARGET(cpulist, law);
