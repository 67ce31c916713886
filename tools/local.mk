# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# tools/local.mk - programs that are installed

# It shows what is hidden, so it is linked with the inside of the library.
bin_PROGRAMS += tools/thrum-info
tools_thrum_info_LDADD = lib/libthrum-core.la

# So does this, of the cache library.
if CACHE
bin_PROGRAMS += tools/thrum-cache
endif
tools_thrum_cache_CPPFLAGS = $(cache_cppflags) -I$(top_srcdir)/lib/cache
tools_thrum_cache_LDADD = lib/cache/libthrum-cache-core.la lib/libthrum.la
