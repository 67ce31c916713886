/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* proof.h - how the programs of check-cache are run */
#ifndef THRUM__TEST_PROOF_H
#define THRUM__TEST_PROOF_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* THRUM_TIER: all there is to try, instead of a part. */
static inline bool proof_full(void)
{
	const char *tier = getenv("THRUM_TIER");
	return tier && strcmp(tier, "full") == 0;
}

/* In this process, in which they count what they have tried.
 * @return how many laws were broken. */
static inline int proof_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_ENV);
	int wrong = srunner_ntests_failed(r);
	srunner_free(r);
	return wrong;
}

#endif
