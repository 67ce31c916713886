/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* disk.h - what a folder may look like after the power has failed
 *
 * What the library changes below a folder is written down, call by call. From
 * that a state is made in which a crash at some moment may leave the disk:
 *
 * - A write that no fsync of its file followed is there, or not, or a first part
 *   of it, or as zeros, whole or some sectors: blocks that were given to the
 *   file and never written.
 * - A change of names that no fsync of its folder followed is there or not. With
 *   DISK_ORDERED they are lost from some moment on, as with a journal; with
 *   DISK_UNORDERED each by itself, and of a rename each half.
 *
 * So names may come before what they name: this is weaker than what any file
 * system does that is in use. What was there at the begin is there for good, as
 * long as it is not changed.
 */
#ifndef THRUM__TEST_DISK_H
#define THRUM__TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum disk_order { DISK_ORDERED, DISK_UNORDERED };

/* Write down what is done below @p root, which is absolute, from now on, while
 * calls are armed. Forgets what was written down before. */
void disk_begin(const char *root);
void disk_end(void);

/* How many changes there were. */
size_t disk_changes(void);

/* Make in @p where, which is emptied, a state after the first @p moment changes,
 * by the dice of @p seed. @return false if it is one that was made before. */
bool disk_make(const char *where, size_t moment, enum disk_order order,
               uint64_t *seed);

/* Take a folder away, with all that is in it; and make one that is empty. */
void disk_clear(const char *folder);
void disk_folder(const char *folder);

/* Make a folder of one's own, in memory where that is to be had, unless TMPDIR
 * says where. @return false if that fails. */
bool disk_temporary(char path[64]);

uint64_t disk_draw(uint64_t *seed, uint64_t below);

#endif
