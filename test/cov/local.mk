# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/cov/local.mk - make check-cov: each line is run, or has its reason
#
# In builds of its own, below test/cov/build. THRUM_TIER=full runs the tests at
# length. The lines that are not run, and why, are in reasons.txt. lib/cache counts
# where it is built with all that it can compress by.

# The directories whose sources count, and the libraries that are made of them.
cov_dirs = lib
cov_libs = $(lib_LTLIBRARIES)

# Those that take longest first.
cov_tests = test/fault/check_fault test/unit/check_start \
	$(api_tests) $(unit_tests) $(forking_tests) $(process_tests) \
	$(stress_tests) test/fuzz/replay
cov_flat_tests = test/unit/check_topology test/unit/check_machine
if CACHE
if ZLIB
if ZSTD
cov_dirs += lib/cache
cov_tests += $(cache_unit_tests) $(cache_api_tests) $(cache_forking_tests) \
	tools/thrum-cache examples/sweep test/tools/cache
cov_disk_tests = $(disk_tests)
endif
endif
endif

# gcov reads what its own gcc wrote.
COV_CC = gcc
GCOV = gcov
if CHECK
if HWLOC
check-cov:
	@$(AM_TESTS_ENVIRONMENT) unset CC CXX FC; \
	MAKE='$(MAKE)' COV_CC='$(COV_CC)' GCOV='$(GCOV)' srcdir='$(srcdir)' \
	$(SHELL) $(srcdir)/test/cov/run '$(cov_dirs)' '$(cov_libs)' \
		'$(cov_tests)' '$(cov_flat_tests)' '$(cov_disk_tests)'
else
check-cov:
	@echo "SKIP check-cov: it needs hwloc"
endif
else
check-cov:
	@echo "SKIP check-cov: Check was not found"
endif
.PHONY: check-cov

clean-local: clean-cov
clean-cov:
	-rm -rf test/cov/build
.PHONY: clean-cov

EXTRA_DIST += test/cov/run test/cov/count.awk test/cov/leave.c \
	test/cov/reasons.txt
