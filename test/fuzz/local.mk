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
fuzz_sources = $(lib_libthrum_core_la_SOURCES)
if CACHE
fuzz_targets += \
	test/fuzz/fuzz_entry.c \
	test/fuzz/fuzz_npy.c \
	test/fuzz/fuzz_npz.c
fuzz_sources += $(lib_cache_libthrum_cache_core_la_SOURCES)
fuzz_cache = lib/cache/libthrum-cache-core.la
endif

check_PROGRAMS += test/fuzz/replay
TESTS += test/fuzz/replay
test_fuzz_replay_SOURCES = test/fuzz/replay.c test/fuzz/fuzz.h \
	test/fuzz/files.h $(fuzz_targets)
test_fuzz_replay_LDADD = $(fuzz_cache) lib/libthrum-core.la
EXTRA_DIST += test/fuzz/run test/fuzz/corpus

FUZZ_CC = clang
check-fuzz:
	@FUZZ_CC='$(FUZZ_CC)' srcdir='$(srcdir)' \
	CPPFLAGS='$(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(HWLOC_CFLAGS) $(XXHASH_CFLAGS) $(ZSTD_CFLAGS) $(ZLIB_CFLAGS) $(CPPFLAGS)' \
	LIBS='$(DL_LIBS) $(ATOMIC_LIBS) $(FENV_LIBS) $(cache_libs) $(PTHREAD_LIBS) $(LIBS)' \
	$(SHELL) $(srcdir)/test/fuzz/run '$(fuzz_targets)' '$(fuzz_sources)'
.PHONY: check-fuzz

# What it builds for itself.
clean-local: clean-fuzz
clean-fuzz:
	rm -rf test/fuzz/build
.PHONY: clean-fuzz
