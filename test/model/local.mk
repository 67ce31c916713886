# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/model/local.mk - the models for Spin: what is posted is taken in the end
#
# check-spin       the models of test/model, and their mutants, which must fail:
#                  figures P2 of doc/reliability.md; THRUM_TIER=full for larger
#                  ones. Needs spin and a C compiler, and is skipped without.

check-spin:
	srcdir='$(srcdir)' CC='$(CC)' $(SHELL) $(srcdir)/test/model/run

.PHONY: check-spin

EXTRA_DIST += \
	test/model/run \
	test/model/sleep.pml \
	test/model/stream.pml
