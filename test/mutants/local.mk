# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/mutants/local.mk - weaken one order, leave out one step: who notices?
#
# check-mutants    copies of lib/ with one thing wrong, made from the sources, and
#                  tried until something notices: figures P3 of doc/reliability.md.
#                  THRUM_TIER=full for all of them. Needs gcc or clang with
#                  ThreadSanitizer, Check, and Linux; skipped without.
#
# Built by a script, as test/explore is: what is compiled are not the sources.

if HWLOC
mutants_hwloc = 1
else
mutants_hwloc =
endif
mutant_tests = \
	test/unit/check_display \
	test/unit/check_join \
	test/unit/check_pool \
	test/unit/check_progress \
	test/unit/check_stats \
	test/api/check_errors \
	test/api/check_fork \
	test/api/check_nested \
	test/api/check_stats \
	test/api/check_stream
if CHECK
check-mutants: lib/libthrum-core.la $(mutant_tests:=.$(OBJEXT))
	srcdir='$(srcdir)' CC='$(CC)' HWLOC='$(mutants_hwloc)' \
	CPPFLAGS='$(CPPFLAGS) $(HWLOC_CFLAGS)' \
	CHECK_LIBS='$(CHECK_LIBS)' LIBS='$(LIBM) $(DL_LIBS) $(PTHREAD_LIBS)' \
		$(SHELL) $(srcdir)/test/mutants/run
else
check-mutants:
	@echo "SKIP check-mutants: Check was not found"
endif

.PHONY: check-mutants

EXTRA_DIST += \
	test/mutants/generate.awk \
	test/mutants/judge \
	test/mutants/publish.c \
	test/mutants/run \
	test/mutants/survivors.txt
