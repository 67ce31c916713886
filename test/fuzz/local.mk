# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/fuzz/local.mk - what reads text from outside, given any text
#
# make check replays the corpus with any compiler. make check-fuzz has libFuzzer
# go on from it, for THRUM_FUZZ_SECONDS each; it needs clang. A target is a line
# here and a folder in test/fuzz/corpus; see fuzz.h.

fuzz_targets = \
	test/fuzz/fuzz_cgroup.c \
	test/fuzz/fuzz_cpulist.c \
	test/fuzz/fuzz_decimal.c \
	test/fuzz/fuzz_env.c \
	test/fuzz/fuzz_n_jobs.c \
	test/fuzz/fuzz_pre_dispatch.c \
	test/fuzz/fuzz_sys.c

check_PROGRAMS += test/fuzz/replay
TESTS += test/fuzz/replay
test_fuzz_replay_SOURCES = test/fuzz/replay.c test/fuzz/fuzz.h \
	test/fuzz/files.h $(fuzz_targets)
test_fuzz_replay_LDADD = lib/libthrum-core.la
EXTRA_DIST += test/fuzz/run test/fuzz/corpus

FUZZ_CC = clang
check-fuzz:
	@FUZZ_CC='$(FUZZ_CC)' srcdir='$(srcdir)' \
	CPPFLAGS='$(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(HWLOC_CFLAGS) $(CPPFLAGS)' \
	LIBS='$(DL_LIBS) $(ATOMIC_LIBS) $(FENV_LIBS) $(PTHREAD_LIBS) $(LIBS)' \
	$(SHELL) $(srcdir)/test/fuzz/run '$(fuzz_targets)' \
		'$(lib_libthrum_core_la_SOURCES)'
.PHONY: check-fuzz

# What it builds for itself.
clean-local: clean-fuzz
clean-fuzz:
	rm -rf test/fuzz/build
.PHONY: clean-fuzz
