# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/cache/local.mk - tests of libthrum-cache, a part of make check
#
# Unit tests see the hidden functions: they link libthrum-cache-core. Those of
# cache_api_tests link libthrum-cache as a program does.

cache_unit_tests = \
	test/cache/check_array \
	test/cache/check_key \
	test/cache/check_bytes \
	test/cache/check_entry \
	test/cache/check_fetch \
	test/cache/check_moment \
	test/cache/check_npy_files \
	test/cache/check_npy_header \
	test/cache/check_npz \
	test/cache/check_zip

cache_api_tests = \
	test/cache/check_hash \
	test/cache/check_evict \
	test/cache/check_flight \
	test/cache/check_memo \
	test/cache/check_memo_arguments \
	test/cache/check_memo_arrays \
	test/cache/check_memo_map \
	test/cache/check_store \
	test/cache/check_npy

# ThreadSanitizer cannot follow forks with threads running.
cache_forking_tests = test/cache/check_memo_process

EXTRA_DIST += test/cache/arrays.h test/cache/reference.h test/cache/folder.h \
	test/cache/memos.h

# Files of NumPy, and how they were made.
EXTRA_DIST += \
	test/data/npy/be_b1_f.npy \
	test/data/npy/be_c16_f.npy \
	test/data/npy/be_c8_f.npy \
	test/data/npy/be_f2_f.npy \
	test/data/npy/be_f4_f.npy \
	test/data/npy/be_f8_f.npy \
	test/data/npy/be_i1_f.npy \
	test/data/npy/be_i2_f.npy \
	test/data/npy/be_i4_f.npy \
	test/data/npy/be_i8_f.npy \
	test/data/npy/be_u1_f.npy \
	test/data/npy/be_u2_f.npy \
	test/data/npy/be_u4_f.npy \
	test/data/npy/be_u8_f.npy \
	test/data/npy/deflated.npz \
	test/data/npy/dims32.npy \
	test/data/npy/empty.npy \
	test/data/npy/le_b1_c.npy \
	test/data/npy/le_c16_c.npy \
	test/data/npy/le_c8_c.npy \
	test/data/npy/le_f2_c.npy \
	test/data/npy/le_f4_c.npy \
	test/data/npy/le_f8_c.npy \
	test/data/npy/le_i1_c.npy \
	test/data/npy/le_i2_c.npy \
	test/data/npy/le_i4_c.npy \
	test/data/npy/le_i8_c.npy \
	test/data/npy/le_u1_c.npy \
	test/data/npy/le_u2_c.npy \
	test/data/npy/le_u4_c.npy \
	test/data/npy/le_u8_c.npy \
	test/data/npy/make \
	test/data/npy/python2.npy \
	test/data/npy/refused_bytes.npy \
	test/data/npy/refused_longdouble.npy \
	test/data/npy/refused_object.npy \
	test/data/npy/refused_struct.npy \
	test/data/npy/refused_text.npy \
	test/data/npy/refused_time.npy \
	test/data/npy/scalar.npy \
	test/data/npy/stored.npz \
	test/data/npy/unaligned.npy \
	test/data/npy/vector.npy \
	test/data/npy/version2.npy \
	test/data/npy/version3.npy

cache_ldadd = lib/cache/libthrum-cache-core.la lib/libthrum.la \
	$(CHECK_LIBS) $(LIBM)
cache_api_ldadd = lib/cache/libthrum-cache.la lib/libthrum.la \
	$(CHECK_LIBS) $(LIBM) $(PTHREAD_LIBS)
cache_test_cppflags = $(cache_cppflags) -I$(top_srcdir)/lib/cache \
	$(CHECK_CFLAGS)

# Against NumPy, where there is one.
EXTRA_DIST += test/cache/numpy test/cache/numpy.py
if CACHE
check_PROGRAMS += test/cache/npy_copy
TESTS += test/cache/numpy
endif
test_cache_npy_copy_LDADD = lib/cache/libthrum-cache.la lib/libthrum.la

# That no byte is hashed which nobody wrote.
if CACHE
valgrind_tests += \
	test/cache/check_array \
	test/cache/check_hash \
	test/cache/check_key
endif

if CACHE
if CHECK
check_PROGRAMS += $(cache_unit_tests) $(cache_api_tests)
TESTS += $(cache_unit_tests) $(cache_api_tests)
if !SANITIZER_THREAD
check_PROGRAMS += $(cache_forking_tests)
TESTS += $(cache_forking_tests)
endif
endif
endif

# Each test has these two lines:
test_cache_check_array_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_array_LDADD = $(cache_ldadd)
test_cache_check_npy_header_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_npy_header_LDADD = $(cache_ldadd)
test_cache_check_npy_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_npy_LDADD = $(cache_api_ldadd)
test_cache_check_npy_files_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_npy_files_LDADD = $(cache_ldadd)
test_cache_check_bytes_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_bytes_LDADD = $(cache_ldadd)
test_cache_check_npz_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_npz_LDADD = $(cache_ldadd)
test_cache_check_zip_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_zip_LDADD = $(cache_ldadd)
test_cache_check_key_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_key_LDADD = $(cache_ldadd)
test_cache_check_hash_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_hash_LDADD = $(cache_api_ldadd) $(XXHASH_LIBS)
test_cache_check_evict_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_evict_LDADD = $(cache_api_ldadd)
test_cache_check_flight_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_flight_LDADD = $(cache_api_ldadd)
test_cache_check_memo_arguments_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_memo_arguments_LDADD = $(cache_api_ldadd)
test_cache_check_memo_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_memo_LDADD = $(cache_api_ldadd)
test_cache_check_memo_arrays_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_memo_arrays_LDADD = $(cache_api_ldadd)
test_cache_check_memo_map_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_memo_map_LDADD = $(cache_api_ldadd)
test_cache_check_store_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_store_LDADD = $(cache_api_ldadd)
test_cache_check_memo_process_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_memo_process_LDADD = $(cache_api_ldadd)
test_cache_check_entry_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_entry_LDADD = $(cache_ldadd)
test_cache_check_fetch_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_fetch_LDADD = $(cache_ldadd)
test_cache_check_moment_CPPFLAGS = $(cache_test_cppflags)
test_cache_check_moment_LDADD = $(cache_ldadd)
