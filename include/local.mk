# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# include/local.mk - the public headers

thrumincludedir = $(includedir)/thrum

include_HEADERS = include/thrum.h
thruminclude_HEADERS = \
	include/thrum/base.h \
	include/thrum/cancel.h \
	include/thrum/cpus.h \
	include/thrum/fork.h \
	include/thrum/loop.h \
	include/thrum/options.h \
	include/thrum/pool.h \
	include/thrum/progress.h \
	include/thrum/random.h \
	include/thrum/reduce.h \
	include/thrum/report.h \
	include/thrum/stats.h \
	include/thrum/stream.h \
	include/thrum/task.h

# Pages of libraries of their own, which thrum.h does not include; each says
# so in its first line, as (libthrum-cache).
if CACHE
thruminclude_HEADERS += \
	include/thrum/array.h \
	include/thrum/hash.h \
	include/thrum/memo.h \
	include/thrum/npy.h
endif

nodist_thruminclude_HEADERS = include/thrum/version.h
