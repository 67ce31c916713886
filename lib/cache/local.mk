# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# lib/cache/local.mk - the library of hashes, arrays in files, and the memo
#
# As in lib: all code is in libthrum-cache-core, which is not installed, and
# libthrum-cache is that with the public symbols let out. It stands on libthrum
# as any other program does: no header of lib/ is seen here.

if CACHE
noinst_LTLIBRARIES += lib/cache/libthrum-cache-core.la
lib_LTLIBRARIES += lib/cache/libthrum-cache.la
endif

# By layer, as test/meta/layers_cache.txt has them.
cache_sources = \
	lib/cache/owner.c lib/cache/owner.h \
	lib/cache/array.c \
	lib/cache/layout.c lib/cache/layout.h \
	lib/cache/file.c lib/cache/file.h
lib_cache_libthrum_cache_core_la_SOURCES = $(cache_sources)
lib_cache_libthrum_cache_core_la_CPPFLAGS = $(cache_cppflags)
lib_cache_libthrum_cache_core_la_LIBADD = $(cache_libs)
cache_cppflags = -I$(top_srcdir)/include -I$(top_builddir)/include \
	-D_GNU_SOURCE $(XXHASH_CFLAGS) $(ZSTD_CFLAGS) $(ZLIB_CFLAGS)
cache_libs = $(XXHASH_LIBS) $(ZSTD_LIBS) $(ZLIB_LIBS) $(PTHREAD_LIBS)

lib_cache_libthrum_cache_la_SOURCES =
lib_cache_libthrum_cache_la_LIBADD = lib/cache/libthrum-cache-core.la \
	lib/libthrum.la
lib_cache_libthrum_cache_la_LDFLAGS = $(AM_LDFLAGS) $(THRUM_LDFLAGS) \
	-no-undefined -release $(THRUM_RELEASE) \
	-version-info $(THRUM_VERSION_INFO)
lib_cache_libthrum_cache_la_DEPENDENCIES = lib/cache/libthrum-cache-core.la \
	lib/libthrum.la
if VERSION_SCRIPT
lib_cache_libthrum_cache_la_LDFLAGS += \
	-Wl,--version-script=$(top_srcdir)/lib/cache/thrum-cache.map
lib_cache_libthrum_cache_la_DEPENDENCIES += lib/cache/thrum-cache.map
else
lib_cache_libthrum_cache_la_LDFLAGS += -export-symbols-regex '^thrum_[^_]'
endif

EXTRA_DIST += lib/cache/thrum-cache.map
