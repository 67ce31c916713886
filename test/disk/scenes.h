/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* scenes.h - what is done to a folder while the system fails
 *
 * A scene has a folder prepared, an act that is disturbed or cut off at some
 * call, and what must hold then, whatever happened: no value that is wrong,
 * nothing lost that the act had no business with, nothing left over that a sweep
 * does not take away, and all works again.
 */
#ifndef THRUM__TEST_SCENES_H
#define THRUM__TEST_SCENES_H

#include <stdbool.h>
#include <thrum/memo.h>

enum {
	VALUE_BYTES = 8000, /* of a result: some sectors */
	ENTRIES = 3         /* that a store has when the act begins */
};

struct scene {
	const char *name;
	/* All @return NULL, or the law that was broken. */
	const char *(*prepare)(const char *folder);
	/* With @p strict nothing fails: all must come out well. */
	const char *(*act)(const char *folder, bool strict);
	const char *(*after)(const char *folder, const struct scene *scene);
	/* The part of it that is quick: all is right or missing, and what has a
	 * bit in @p there is there. NULL: a loss of power may cost more. */
	const char *(*look)(const char *folder, unsigned there);
	unsigned spared;  /* bit i: entry i is none of the act's business */
	unsigned lasting; /* bit i: on disk for good once the act is over */
};

/* Of the memo, and of files of arrays. */
extern const struct scene memo_scenes[], npy_scenes[];
extern const int memo_scene_count, npy_scene_count;

static inline const struct scene *scene_number(int i)
{
	return i < memo_scene_count ? &memo_scenes[i]
	                            : &npy_scenes[i - memo_scene_count];
}

/* The value of entry i, and whether it is that. */
void scene_value(int i, unsigned char value[VALUE_BYTES]);
bool scene_is_value(int i, const unsigned char value[VALUE_BYTES]);

/* The key of entry i. */
thrum_key scene_key(int i);

/* Run entry i by way of the store. @return NULL or the law. */
const char *scene_call(thrum_memo *memo, int i, unsigned flags);

/* To be called before the first. @p folder, and what is beside it with a name
 * that begins so, is the caller's to use. */
void scenes_begin(const char *folder);

#define SCENE_FN THRUM_FN("scene", 1)

#define LAW(e) do { if (!(e)) return "broken: " #e; } while (0)
#define LAWS(e) do { \
	const char *wrong_ = (e); \
	if (wrong_) \
		return wrong_; \
} while (0)

#endif
