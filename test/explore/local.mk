# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/explore/local.mk - the model checker: the library's protocols, all ways
#
# check-model      the scenarios of test/explore: figures P1 and steal of
#                  doc/reliability.md; THRUM_TIER=full goes on to the whole of P1.
#                  Needs gcc or clang with -fsanitize=thread, and Linux
#
# Built by a script of its own, not by rules: the sources are compiled once more,
# with other flags, and also from copies of lib/ that were changed.

check-model:
	srcdir='$(srcdir)' CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' \
		$(SHELL) $(srcdir)/test/explore/build
	test/explore/explore --jobs $${JOBS:-$$(getconf _NPROCESSORS_ONLN)}

clean-local: clean-explore
clean-explore:
	rm -rf test/explore/objects
	rm -f test/explore/explore

.PHONY: check-model clean-explore

EXTRA_DIST += \
	test/explore/build \
	test/explore/explore.h \
	test/explore/engine.h \
	test/explore/coroutine.h \
	test/explore/schedule.c \
	test/explore/choices.c \
	test/explore/choices.h \
	test/explore/memory.c \
	test/explore/memory.h \
	test/explore/history.c \
	test/explore/local.c \
	test/explore/lines.c \
	test/explore/tsan.c \
	test/explore/system.c \
	test/explore/trace.c \
	test/explore/main.c \
	test/explore/world.c \
	test/explore/world.h \
	test/explore/litmus.c \
	test/explore/broken.c \
	test/explore/deque.c \
	test/explore/range.c \
	test/explore/park.c \
	test/explore/feed.c \
	test/explore/idle.c \
	test/explore/join.c \
	test/explore/call.c \
	test/explore/calls.c \
	test/explore/calls.h \
	test/explore/team.c \
	test/explore/wake.c \
	test/explore/turns.c \
	test/explore/stream.c \
	test/explore/display.c \
	test/explore/outlet.c \
	test/explore/steal.c
