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
	lib/cache/little.h \
	lib/cache/owner.c lib/cache/owner.h \
	lib/cache/array.c \
	lib/cache/layout.c lib/cache/layout.h \
	lib/cache/file.c lib/cache/file.h \
	lib/cache/sized.h \
	lib/cache/crc32.c lib/cache/crc32.h \
	lib/cache/swap.c lib/cache/swap.h \
	lib/cache/canonical.c lib/cache/canonical.h \
	lib/cache/digest.c lib/cache/digest.h \
	lib/cache/encode.c lib/cache/encode.h \
	lib/cache/key_text.c lib/cache/key_text.h \
	lib/cache/key.c \
	lib/cache/hash.c \
	lib/cache/npy_header.c lib/cache/npy_header.h \
	lib/cache/zip.c lib/cache/zip.h \
	lib/cache/npz_names.c lib/cache/npz_names.h \
	lib/cache/codec.c lib/cache/codec.h \
	lib/cache/block.c lib/cache/block.h \
	lib/cache/source.h \
	lib/cache/npy_read.c lib/cache/npy_read.h \
	lib/cache/npy_write.c lib/cache/npy_write.h \
	lib/cache/npz_find.c lib/cache/npz_find.h \
	lib/cache/npz_pack.c lib/cache/npz_pack.h \
	lib/cache/unpack.c lib/cache/unpack.h \
	lib/cache/npy_opts.c lib/cache/npy_opts.h \
	lib/cache/npy.c \
	lib/cache/npz_dump.c \
	lib/cache/npz_load.c \
	lib/cache/checksum.c lib/cache/checksum.h \
	lib/cache/moment.c lib/cache/moment.h \
	lib/cache/entry.c lib/cache/entry.h \
	lib/cache/tally.c lib/cache/tally.h \
	lib/cache/store.c lib/cache/store.h \
	lib/cache/usage.c lib/cache/usage.h \
	lib/cache/fetch.c lib/cache/fetch.h \
	lib/cache/keep.c lib/cache/keep.h \
	lib/cache/evict.c lib/cache/evict.h \
	lib/cache/flight.c lib/cache/flight.h \
	lib/cache/memo.c lib/cache/memo.h \
	lib/cache/answer.c \
	lib/cache/memo_call.c \
	lib/cache/memo_arrays.c \
	lib/cache/memo_map.c
lib_cache_libthrum_cache_core_la_SOURCES = $(cache_sources)
if ZLIB
lib_cache_libthrum_cache_core_la_SOURCES += lib/cache/codec_zlib.c
endif
if ZSTD
lib_cache_libthrum_cache_core_la_SOURCES += lib/cache/codec_zstd.c
endif
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
