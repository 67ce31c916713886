# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/explore/local.mk - the model checker: the library's protocols, all ways
#
# check-model      the scenarios of test/explore, and figure P1 of
#                  doc/reliability.md; THRUM_TIER=full goes on to the whole figure

check-model:
	srcdir='$(srcdir)' CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' \
		$(SHELL) $(srcdir)/test/explore/build '$(srcdir)/lib' \
		test/explore/explore
	test/explore/explore

clean-local: clean-explore
clean-explore:
	rm -rf test/explore/objects test/explore/explore

.PHONY: check-model clean-explore

EXTRA_DIST += \
	test/explore/build \
	test/explore/explore.h \
	test/explore/engine.h \
	test/explore/coroutine.h \
	test/explore/schedule.c \
	test/explore/memory.c \
	test/explore/memory.h \
	test/explore/history.c \
	test/explore/lines.c \
	test/explore/tsan.c \
	test/explore/system.c \
	test/explore/trace.c \
	test/explore/main.c \
	test/explore/litmus.c \
	test/explore/broken.c \
	test/explore/deque.c
