# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/cache/local.mk - tests of libthrum-cache, a part of make check
#
# Unit tests see the hidden functions: they link libthrum-cache-core. Those of
# cache_api_tests link libthrum-cache as a program does.

cache_unit_tests = \
	test/cache/check_array

cache_api_tests =

EXTRA_DIST += test/cache/arrays.h

cache_ldadd = lib/cache/libthrum-cache-core.la lib/libthrum.la \
	$(CHECK_LIBS) $(LIBM)
cache_api_ldadd = lib/cache/libthrum-cache.la lib/libthrum.la \
	$(CHECK_LIBS) $(LIBM) $(PTHREAD_LIBS)
cache_test_cppflags = $(cache_cppflags) -I$(top_srcdir)/lib/cache \
	$(CHECK_CFLAGS)

if CACHE
if CHECK
check_PROGRAMS += $(cache_unit_tests) $(cache_api_tests)
TESTS += $(cache_unit_tests) $(cache_api_tests)
endif
endif

# Each test has these two lines:
test_cache_check_array_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_array_LDADD = $(cache_ldadd)
