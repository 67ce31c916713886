# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# bench/local.mk - make bench
#
# BENCH_QUICK=1 for a look in seconds; BENCH_FLAGS for other options, as
# --help of a program tells them, --only and --workers among them.
#
# The runtimes to compare with are modules that the programs open, each for the
# processes that measure it; configure says which it found.

bench_programs = \
	bench/bench_balance \
	bench/bench_callers \
	bench/bench_fork \
	bench/bench_kernel \
	bench/bench_loop \
	bench/bench_nested \
	bench/bench_pool \
	bench/bench_reduce \
	bench/bench_region \
	bench/bench_stream \
	bench/bench_tree
if CACHE
bench_programs += \
	bench/bench_hash \
	bench/bench_memo \
	bench/bench_npy
endif

bench_common = \
	bench/builtin.h \
	bench/contestants.c bench/contestants.h \
	bench/figures.c bench/figures.h \
	bench/goals.c bench/goals.h \
	bench/harness.c bench/harness.h \
	bench/host.c bench/host.h \
	bench/peer.h \
	bench/peer_raw.c bench/peer_serial.c \
	bench/peer_thrum.c bench/peer_thrum_tasks.c \
	bench/samples.c bench/samples.h \
	bench/uts.h \
	bench/work.c bench/work.h
bench_libs = lib/libthrum.la $(DL_LIBS) $(PTHREAD_LIBS) $(LIBM)

# Programs: each is its questions and the common part.
bench_bench_balance_SOURCES = bench/bench_balance.c $(bench_common)
bench_bench_balance_LDADD = $(bench_libs)
bench_bench_callers_SOURCES = bench/bench_callers.c $(bench_common)
bench_bench_callers_LDADD = $(bench_libs)
bench_bench_fork_SOURCES = bench/bench_fork.c $(bench_common)
bench_bench_fork_LDADD = $(bench_libs)
bench_bench_hash_SOURCES = bench/bench_hash.c $(bench_common)
bench_bench_hash_LDADD = lib/cache/libthrum-cache.la $(bench_libs)
bench_bench_kernel_SOURCES = bench/bench_kernel.c $(bench_common)
bench_bench_kernel_LDADD = $(bench_libs)
bench_bench_loop_SOURCES = bench/bench_loop.c $(bench_common)
bench_bench_loop_LDADD = $(bench_libs)
bench_bench_memo_SOURCES = bench/bench_memo.c $(bench_common)
bench_bench_memo_LDADD = lib/cache/libthrum-cache.la $(bench_libs)
bench_bench_nested_SOURCES = bench/bench_nested.c $(bench_common)
bench_bench_nested_LDADD = $(bench_libs)
bench_bench_npy_SOURCES = bench/bench_npy.c $(bench_common)
bench_bench_npy_LDADD = lib/cache/libthrum-cache.la $(bench_libs)
bench_bench_pool_SOURCES = bench/bench_pool.c $(bench_common)
bench_bench_pool_LDADD = $(bench_libs)
bench_bench_reduce_SOURCES = bench/bench_reduce.c $(bench_common)
bench_bench_reduce_LDADD = $(bench_libs)
bench_bench_region_SOURCES = bench/bench_region.c $(bench_common)
bench_bench_region_LDADD = $(bench_libs)
bench_bench_stream_SOURCES = bench/bench_stream.c $(bench_common)
bench_bench_stream_LDADD = $(bench_libs)
bench_bench_tree_SOURCES = bench/bench_tree.c $(bench_common)
bench_bench_tree_LDADD = $(bench_libs)

# What bench_pool starts and measures.
bench_started = bench/start_plain bench/start_thrum bench/counted
bench_start_plain_SOURCES = bench/start_plain.c bench/start.h
bench_start_plain_LDADD =
bench_start_thrum_SOURCES = bench/start_thrum.c bench/start.h
bench_start_thrum_LDADD = lib/libthrum.la
# Where bench/counts counts.
bench_counted_SOURCES = bench/counted.c
bench_counted_LDADD = lib/libthrum.la

EXTRA_PROGRAMS += $(bench_programs) $(bench_started)
EXTRA_DIST += bench/README.md bench/counts bench/readme bench/table \
	bench/peer_omp.c bench/peer_tbb.cc bench/peer_pthreadpool.c \
	bench/peer_joblib.c bench/peer_joblib.py

bench_modules =
bench_module_flags = $(AM_CPPFLAGS) $(CPPFLAGS) $(PTHREAD_CFLAGS) -O2 -fPIC \
	-shared
AM_V_MODULE = $(AM_V_MODULE_@AM_V@)
AM_V_MODULE_ = $(AM_V_MODULE_@AM_DEFAULT_V@)
AM_V_MODULE_0 = @echo "  MODULE  " $@;

if GOMP
bench_modules += bench/peer_gomp.so
bench/peer_gomp.so: bench/peer_omp.c bench/peer.h bench/uts.h
	@$(MKDIR_P) bench
	$(AM_V_MODULE)$(GOMP_CC) $(bench_module_flags) -fopenmp \
		$(srcdir)/bench/peer_omp.c -o $@ $(LIBM)
endif
if LIBOMP
bench_modules += bench/peer_libomp.so
bench/peer_libomp.so: bench/peer_omp.c bench/peer.h bench/uts.h
	@$(MKDIR_P) bench
	$(AM_V_MODULE)$(LIBOMP_CC) $(bench_module_flags) -fopenmp \
		$(srcdir)/bench/peer_omp.c -o $@ $(LIBM)
endif
if TBB
bench_modules += bench/peer_tbb.so
bench/peer_tbb.so: bench/peer_tbb.cc bench/peer.h bench/uts.h
	@$(MKDIR_P) bench
	$(AM_V_MODULE)$(TBB_CC) $(bench_module_flags) -std=c++17 \
		$(srcdir)/bench/peer_tbb.cc -o $@ -ltbb $(LIBM)
endif
if PTHREADPOOL
bench_modules += bench/peer_pthreadpool.so
bench/peer_pthreadpool.so: bench/peer_pthreadpool.c bench/peer.h bench/uts.h
	@$(MKDIR_P) bench
	$(AM_V_MODULE)$(PTHREADPOOL_CC) $(bench_module_flags) \
		$(srcdir)/bench/peer_pthreadpool.c -o $@ -lpthreadpool $(LIBM)
endif

if JOBLIB
bench_modules += bench/peer_joblib.so
bench/peer_joblib.so: bench/peer_joblib.c bench/peer.h bench/uts.h
	@$(MKDIR_P) bench
	$(AM_V_MODULE)$(CC) $(bench_module_flags) \
		-DJOBLIB_PYTHON='"$(JOBLIB_PYTHON)"' \
		-DJOBLIB_SCRIPT='"$(abs_srcdir)/bench/peer_joblib.py"' \
		$(srcdir)/bench/peer_joblib.c -o $@
endif

# In this order, one at a time: figures from a busy machine are worth nothing.
# What each prints is kept in bench/figures, for bench-readme.
bench: bench-programs
	@rm -rf bench/figures && $(MKDIR_P) bench/figures
	@BENCH_PEERS='$(abs_builddir)/bench'; export BENCH_PEERS; \
	BENCH_GOALS=bench/figures/goals; export BENCH_GOALS; \
	BENCH_COMMIT=$${BENCH_COMMIT-`cd $(srcdir) && \
		git describe --always --dirty 2>/dev/null`}; \
	export BENCH_COMMIT; \
	for program in $(bench_programs); do \
		{ ./$$program $${BENCH_QUICK:+--quick} $(BENCH_FLAGS) || \
			echo "$$program failed"; } | \
			tee bench/figures/$${program#bench/bench_}; \
	done
	@LIBTOOL='$(LIBTOOL)' $(SHELL) $(srcdir)/bench/counts || :
	@$(SHELL) $(srcdir)/bench/table bench/figures

# Counted, not timed; a tool that is missing leaves its counts out.
bench-counts: bench/counted
	@LIBTOOL='$(LIBTOOL)' $(SHELL) $(srcdir)/bench/counts

# Put what make bench has printed into the report.
bench-readme:
	$(SHELL) $(srcdir)/bench/readme bench/figures $(srcdir)/bench/README.md

bench-programs: $(bench_programs) $(bench_started) $(bench_modules)

CLEANFILES += $(bench_modules)

# What make bench has kept.
clean-bench-figures:
	-rm -rf bench/figures
clean-local: clean-bench-figures

.PHONY: bench bench-counts bench-programs bench-readme clean-bench-figures
