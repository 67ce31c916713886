# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# lib/local.mk - the library
#
# All code is in libthrum-core, which is not installed. libthrum is that with
# the public symbols let out; unit tests and tools link libthrum-core itself
# and so see what is hidden.

noinst_LTLIBRARIES += lib/libthrum-core.la
lib_LTLIBRARIES = lib/libthrum.la

# By layer, as test/meta/layers.txt has them; without what asks the system for
# its topology.
core_sources = \
	lib/annotate.h lib/atomics.h \
	lib/cacheline.h \
	lib/policy.h \
	lib/park.c lib/park.h \
	lib/memory.c lib/memory.h \
	lib/clock.c lib/clock.h \
	lib/signals.h \
	lib/error.c \
	lib/fpenv.h \
	lib/decimal.c lib/decimal.h \
	lib/env.c lib/env.h \
	lib/cpulist.c lib/cpulist.h \
	lib/cgroup.c lib/cgroup.h \
	lib/affinity.c lib/affinity.h \
	lib/topology.c lib/topology.h \
	lib/machine.c lib/machine.h \
	lib/cpus.c lib/cpus.h \
	lib/place.c lib/place.h \
	lib/deque.c lib/deque.h \
	lib/range.c lib/range.h \
	lib/feed.h \
	lib/items.c lib/items.h \
	lib/meter.h \
	lib/site.c lib/site.h \
	lib/stats.c lib/stats.h \
	lib/call.c lib/call.h \
	lib/session.c lib/session.h \
	lib/team.c lib/team.h \
	lib/worker.c lib/worker.h \
	lib/resident.c \
	lib/idle.c lib/idle.h \
	lib/wake.c lib/wake.h \
	lib/join.c lib/join.h \
	lib/pool.c lib/pool.h \
	lib/thread.c \
	lib/loop.c lib/loop.h \
	lib/fold.c lib/fold.h \
	lib/task.c \
	lib/random.c \
	lib/sum.c \
	lib/options.c lib/options.h \
	lib/entry.c lib/entry.h \
	lib/setup.c \
	lib/summary.c lib/summary.h \
	lib/map.c \
	lib/tiles.c \
	lib/reduce.c \
	lib/stream.c \
	lib/fork.c \
	lib/progress.c lib/progress.h \
	lib/display.c lib/display.h \
	lib/cadence.c lib/cadence.h \
	lib/eta.c lib/eta.h \
	lib/line.c lib/line.h \
	lib/outlet.c lib/outlet.h \
	lib/terminal.c lib/terminal.h
lib_libthrum_core_la_SOURCES = $(core_sources)
if HWLOC
lib_libthrum_core_la_SOURCES += lib/topology_hwloc.c
else
lib_libthrum_core_la_SOURCES += lib/topology_flat.c
endif
lib_libthrum_core_la_CPPFLAGS = $(AM_CPPFLAGS) $(HWLOC_CFLAGS)
lib_libthrum_core_la_LIBADD = $(DL_LIBS) $(ATOMIC_LIBS) $(FENV_LIBS) \
	$(PTHREAD_LIBS)

lib_libthrum_la_SOURCES =
lib_libthrum_la_LIBADD = lib/libthrum-core.la
lib_libthrum_la_LDFLAGS = $(AM_LDFLAGS) $(THRUM_LDFLAGS) -no-undefined \
	-release $(THRUM_RELEASE) -version-info $(THRUM_VERSION_INFO)
lib_libthrum_la_DEPENDENCIES = lib/libthrum-core.la
if VERSION_SCRIPT
lib_libthrum_la_LDFLAGS += -Wl,--version-script=$(top_srcdir)/lib/thrum.map
lib_libthrum_la_DEPENDENCIES += lib/thrum.map
else
lib_libthrum_la_LDFLAGS += \
	-export-symbols-regex '^thrum_([^_]|_push$$|_pop$$)'
endif

EXTRA_DIST += lib/thrum.map
