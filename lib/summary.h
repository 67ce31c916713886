/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* summary.h - what the workers of a pool did, as a table
 *
 * THRUM_STATS=1 asks for it: when a pool is destroyed, and of the default pool
 * when the process ends. */
#ifndef THRUM__SUMMARY_H
#define THRUM__SUMMARY_H

struct thrum_pool;

/** Print the table of @p pool to standard error, if it was made to count and
 * belongs to this process. Nobody destroys it meanwhile. */
void thrum__summary_print(const struct thrum_pool *pool);

#endif
