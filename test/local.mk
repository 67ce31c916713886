# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/local.mk - make check, and the targets for what takes longer
#
# check            unit, API, package, a second of stress: minutes, no network,
#                  no root
#                  decisions of the scheduler on machines of up to 256 cores
#                  are simulated; test/sim/simulate tells the figures
# check-stress     random programs, crowds, delays; see test/stress/local.mk
# check-all        check, and all the deep checks, at length: two hours; with the
#                  table of doc/reliability.md
# check-loop       stress until it fails or 20 rounds are over; ROUNDS=n
# check-spin       liveness: models for Spin, see test/model/local.mk
# check-mutants    one order or step of the library less: who notices? See
#                  test/mutants/local.mk
# check-valgrind   a part of check under Valgrind
# check-topo       machines of up to 1024 cores, masks, quotas, sandboxes; see
#                  test/topo/local.mk
# check-fuzz       what reads text from outside, by libFuzzer; see
#                  test/fuzz/local.mk
# check-hotloop    a hot loop makes no system calls; needs strace
# check-fault      the k-th call to the system fails, for all k
# check-cache      stores and files when calls fail, processes are killed, bits
#                  turn over; see test/disk/local.mk
# check-process    forks, ends, signals, stacks, many callers
# check-cov        lines that no test runs, and have no reason; see
#                  test/cov/local.mk
# programs         builds all there is, runs nothing
# installcheck     programs built with what `make install` has installed
#
# Every test prints TAP, so that each law counts for itself.

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
AM_LOG_DRIVER_FLAGS = --comments

AM_CPPFLAGS += $(CHECK_CFLAGS)
LDADD = lib/libthrum-core.la $(CHECK_LIBS) $(LIBM)
api_libs = lib/libthrum.la $(CHECK_LIBS) $(LIBM) $(PTHREAD_LIBS)

# Unit tests see the hidden functions: they link libthrum-core, as LDADD says.
unit_tests = \
	test/unit/check_cadence \
	test/unit/check_cgroup \
	test/unit/check_clock \
	test/unit/check_cpus \
	test/unit/check_deque \
	test/unit/check_display \
	test/unit/check_entry \
	test/unit/check_env \
	test/unit/check_error \
	test/unit/check_eta \
	test/unit/check_feed \
	test/unit/check_fpenv \
	test/unit/check_idle \
	test/unit/check_items \
	test/unit/check_join \
	test/unit/check_line \
	test/unit/check_machine \
	test/unit/check_memory \
	test/unit/check_meter \
	test/unit/check_outlet \
	test/unit/check_park \
	test/unit/check_place \
	test/unit/check_policy \
	test/unit/check_pool \
	test/unit/check_progress \
	test/unit/check_random \
	test/unit/check_range \
	test/unit/check_reporter \
	test/unit/check_start \
	test/unit/check_stats \
	test/unit/check_terminal \
	test/unit/check_topology

# These link libthrum as a program does.
api_tests = \
	test/api/check_callback \
	test/api/check_callers \
	test/api/check_dlopen \
	test/api/check_errors \
	test/api/check_fork \
	test/api/check_fpenv_call \
	test/api/check_giving_up \
	test/api/check_loop \
	test/api/check_nested \
	test/api/check_options \
	test/api/check_pool \
	test/api/check_progress \
	test/api/check_reduce \
	test/api/check_stats \
	test/api/check_stream \
	test/api/check_sum \
	test/api/check_sum_fast \
	test/api/check_summary \
	test/api/check_task \
	test/api/check_tiles

# Laws of whole loops on machines that are only imagined.
sim_tests = test/sim/check_sim
sim_common = test/sim/costs.c test/sim/costs.h test/sim/sim.c test/sim/sim.h
test_sim_check_sim_SOURCES = test/sim/check_sim.c $(sim_common)
EXTRA_PROGRAMS += test/sim/simulate
test_sim_simulate_SOURCES = test/sim/simulate.c $(sim_common)
test_sim_simulate_LDADD = $(LIBM)

stress_tests = \
	test/stress/stress_callers \
	test/stress/stress_mix \
	test/stress/stress_sleep

# Tests in which a process forks with threads running. ThreadSanitizer cannot
# follow that.
forking_tests = \
	test/api/check_process

# What is worth its time under Valgrind, which runs one thread at a time, some
# fifty times slower: the structures, and each shape of work once. It knows no
# rounding modes, and does not follow a program that runs itself again.
valgrind_tests = \
	test/unit/check_cgroup \
	test/unit/check_deque \
	test/unit/check_env \
	test/unit/check_feed \
	test/unit/check_idle \
	test/unit/check_items \
	test/unit/check_join \
	test/unit/check_line \
	test/unit/check_machine \
	test/unit/check_memory \
	test/unit/check_meter \
	test/unit/check_park \
	test/unit/check_place \
	test/unit/check_random \
	test/unit/check_range \
	test/unit/check_stats \
	test/api/check_callback \
	test/api/check_errors \
	test/api/check_fork \
	test/api/check_loop \
	test/api/check_options \
	test/api/check_reduce \
	test/api/check_stream

test_unit_check_reporter_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=thrum__display_look
test_unit_check_start_LDADD = $(LDADD) $(DL_LIBS)

# Programs that link libthrum:
test_api_check_callback_LDADD = $(api_libs)
test_api_check_callers_LDADD = $(api_libs)
test_api_check_dlopen_LDADD = $(api_libs)
test_api_check_errors_LDADD = $(api_libs)
test_api_check_fork_LDADD = $(api_libs)
test_api_check_fpenv_call_LDADD = $(api_libs)
test_api_check_giving_up_LDADD = $(api_libs)
test_api_check_loop_LDADD = $(api_libs)
test_api_check_nested_LDADD = $(api_libs)
test_api_check_options_LDADD = $(api_libs)
test_api_check_pool_LDADD = $(api_libs)
test_api_check_progress_LDADD = $(api_libs)
test_api_check_reduce_LDADD = $(api_libs)
test_api_check_stats_LDADD = $(api_libs)
test_api_check_stream_LDADD = $(api_libs)
test_api_check_sum_LDADD = $(api_libs)
test_api_check_sum_fast_SOURCES = test/api/check_sum.c
test_api_check_sum_fast_CFLAGS = $(AM_CFLAGS) -ffast-math
test_api_check_sum_fast_LDADD = $(api_libs)
test_api_check_task_LDADD = $(api_libs)
test_api_check_tiles_LDADD = $(api_libs)
test_api_check_summary_LDADD = $(api_libs)
test_api_check_process_LDADD = $(api_libs)
test_stress_stress_callers_LDADD = $(api_libs)
test_stress_stress_mix_LDADD = $(api_libs)
test_stress_stress_sleep_LDADD = $(api_libs)

meta_tests = \
	test/meta/files \
	test/meta/headers \
	test/meta/layers \
	test/meta/manual \
	test/meta/symbols \
	test/meta/tags
example_tests = test/examples/run
tool_tests = test/tools/cache test/tools/info

test_data = \
	test/api/common.h \
	test/api/stats.h \
	test/data/topology/cpuset.xml \
	test/data/topology/cxl.xml \
	test/data/topology/hbm.xml \
	test/data/topology/hybrid.xml \
	test/data/topology/mixedcores.xml \
	test/data/topology/nocores.xml \
	test/data/topology/onepu.xml \
	test/data/topology/sparse.xml \
	test/sanitizer.h \
	test/unit/capture.h

EXTRA_DIST += $(meta_tests) $(example_tests) $(tool_tests) test/figures \
	test/meta/tap.sh \
	test/meta/layers.txt test/meta/layers_cache.txt $(test_data) $(consumer_files)

TESTS += $(meta_tests) $(example_tests) $(tool_tests)
if CHECK
check_PROGRAMS += $(unit_tests) $(sim_tests) $(api_tests)
check_PROGRAMS += $(stress_tests)
TESTS += $(unit_tests) $(sim_tests) $(api_tests) $(stress_tests)
if !SANITIZER_THREAD
check_PROGRAMS += $(forking_tests)
TESTS += $(forking_tests)
endif
endif

# A look in make check; THRUM_STRESS_SECONDS decides.
if LONG_TESTS
stress_seconds = 5
else
stress_seconds = 1
endif

# The variables of the user's shell must not decide what a test sees. The
# sanitizers end the program at the first finding, so that the harness sees it;
# Check's fork mode is off where threads after a fork are not supported.
AM_TESTS_ENVIRONMENT = \
	unset THRUM_N_JOBS THRUM_MAX_JOBS THRUM_CPUS THRUM_BIND THRUM_VERBOSE \
		THRUM_PROGRESS THRUM_SPIN_US THRUM_STACKSIZE THRUM_STATS \
		THRUM_CACHE_DIR OMP_NUM_THREADS; \
	CK_TAP_LOG_FILE_NAME=-; export CK_TAP_LOG_FILE_NAME; \
	CK_VERBOSITY=silent; export CK_VERBOSITY; \
	CK_TIMEOUT_MULTIPLIER=$${CK_TIMEOUT_MULTIPLIER:-$(check_patience)}; \
	export CK_TIMEOUT_MULTIPLIER; \
	CC='$(CC)'; CXX='$(CXX)'; FC='$(FC)'; export CC CXX FC; \
	NM='$(NM)'; LIBTOOL='$(LIBTOOL)'; CPPFLAGS='$(CPPFLAGS)'; \
	export NM LIBTOOL CPPFLAGS; \
	SANITIZED='$(SANITIZER_CFLAGS)'; export SANITIZED; \
	THRUM_STRESS_SECONDS=$${THRUM_STRESS_SECONDS:-$(stress_seconds)}; \
	export THRUM_STRESS_SECONDS; \
	$(sanitizer_environment)

if SANITIZER
check_patience = 40
sanitizer_environment = \
	ASAN_OPTIONS=$${ASAN_OPTIONS:-detect_stack_use_after_return=1:allocator_may_return_null=1}; \
	UBSAN_OPTIONS=$${UBSAN_OPTIONS:-print_stacktrace=1}; \
	TSAN_OPTIONS=$${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1}; \
	export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS; \
	$(sanitizer_forks)
if SANITIZER_THREAD
sanitizer_forks = CK_FORK=no; export CK_FORK;
else
sanitizer_forks =
endif
else
check_patience = 10
sanitizer_environment =
endif

# What each promise of doc/reliability.md is proved by. The others take the builds
# of .ci/run.
deep_checks = check-model check-spin check-mutants check-stress check-fault \
	check-process check-topo check-fuzz check-cache check-helgrind \
	check-drd check-cov

check-all: check
	THRUM_TIER=full MAKE='$(MAKE) $(AM_MAKEFLAGS)' \
		$(SHELL) $(srcdir)/test/figures run $(deep_checks)
deep-checks:
	@echo $(deep_checks)
clean-figures:
	-rm -rf figures.d
clean-local: clean-figures

VALGRIND = valgrind
# Not possible leaks: the stacks of threads that live until exit are such.
VALGRIND_FLAGS = -q --error-exitcode=9 --leak-check=full \
	--show-leak-kinds=definite,indirect \
	--errors-for-leak-kinds=definite,indirect --fair-sched=yes
check-valgrind:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(valgrind_tests)' \
		LOG_COMPILER='$(LIBTOOL) $(AM_LIBTOOLFLAGS) --mode=execute $(VALGRIND) $(VALGRIND_FLAGS)' \
		TESTS_ENVIRONMENT='CK_FORK=no; CK_TIMEOUT_MULTIPLIER=100; THRUM_TEST_SHORT=1; export CK_FORK CK_TIMEOUT_MULTIPLIER THRUM_TEST_SHORT;'

# Prints TAP without the harness: it counts what strace saw.
EXTRA_PROGRAMS += test/hotloop/regions
test_hotloop_regions_LDADD = lib/libthrum.la
# For callgrind, see doc/ARCHITECTURE.md, The life of a figure.
EXTRA_PROGRAMS += test/hotloop/steps
test_hotloop_steps_LDADD = lib/libthrum.la
EXTRA_DIST += test/hotloop/run
check-hotloop: test/hotloop/regions$(EXEEXT)
	LIBTOOL='$(LIBTOOL)' $(SHELL) $(srcdir)/test/hotloop/run

# Each call of the library to the system, caught by the linker; see
# test/fault/faults.h. Run without the harness, for its figure.
EXTRA_PROGRAMS += test/fault/check_fault
test_fault_check_fault_SOURCES = test/fault/check_fault.c \
	test/fault/clients.c test/fault/clients.h \
	test/fault/faults.c test/fault/faults.h \
	test/fault/held.c test/fault/held.h
test_fault_check_fault_LDADD = $(LDADD) $(DL_LIBS) $(PTHREAD_LIBS)
test_fault_check_fault_LDFLAGS = $(AM_LDFLAGS) $(fault_wraps)
EXTRA_DIST += test/fault/imports test/fault/imports.txt
CLEANFILES += test/fault/imports.log
fault_wraps = \
	-Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=strdup -Wl,--wrap=free -Wl,--wrap=posix_memalign \
	-Wl,--wrap=mmap -Wl,--wrap=munmap \
	-Wl,--wrap=pthread_create -Wl,--wrap=pthread_attr_init \
	-Wl,--wrap=pthread_attr_setstacksize \
	-Wl,--wrap=pthread_attr_setdetachstate \
	-Wl,--wrap=sched_setaffinity -Wl,--wrap=sched_getaffinity \
	-Wl,--wrap=sched_getcpu -Wl,--wrap=syscall \
	-Wl,--wrap=open -Wl,--wrap=read -Wl,--wrap=write -Wl,--wrap=send \
	-Wl,--wrap=poll -Wl,--wrap=fstat -Wl,--wrap=access -Wl,--wrap=ioctl \
	-Wl,--wrap=dlopen -Wl,--wrap=dlsym
if CHECK
check-fault: test/fault/check_fault$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) srcdir='$(srcdir)'; export srcdir; \
	$(SHELL) $(srcdir)/test/fault/imports >test/fault/imports.log; \
	cat test/fault/imports.log; \
	! grep '^not ok' test/fault/imports.log >/dev/null && \
	./test/fault/check_fault$(EXEEXT)
else
check-fault:
	@echo "SKIP check-fault: Check was not found"
endif

# How a process lives and ends: each law in children of its own. check_process,
# of make check, goes with them.
process_tests = \
	test/process/check_forks \
	test/process/check_ends \
	test/process/check_threads
EXTRA_PROGRAMS += $(process_tests)
EXTRA_DIST += test/process/child.h test/process/throws test/process/throws.cc
CLEANFILES += test/process/throws.bin
test_process_check_forks_LDADD = $(LDADD) $(DL_LIBS) $(PTHREAD_LIBS)
test_process_check_ends_LDADD = $(LDADD) $(DL_LIBS) $(PTHREAD_LIBS)
test_process_check_threads_LDADD = $(LDADD) $(DL_LIBS) $(PTHREAD_LIBS)
if CHECK
if SANITIZER_THREAD
check-process:
	@echo "SKIP check-process: ThreadSanitizer cannot follow a fork"
else
check-process: $(process_tests) test/api/check_process$(EXEEXT) \
		lib/libthrum.la
	@$(AM_TESTS_ENVIRONMENT) rc=0; \
	for t in $(process_tests) test/api/check_process; do \
		./$$t$(EXEEXT) || rc=1; \
	done; \
	srcdir='$(srcdir)' DL_LIBS='$(DL_LIBS)' FENV_LIBS='$(FENV_LIBS)' \
	ATOMIC_LIBS='$(ATOMIC_LIBS)' $(SHELL) $(srcdir)/test/process/throws \
		|| rc=1; \
	exit $$rc
endif
else
check-process:
	@echo "SKIP check-process: Check was not found"
endif

programs: all
	$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) $(EXTRA_PROGRAMS) $(bench_modules)

.PHONY: check-all deep-checks check-valgrind check-hotloop check-fault \
	check-process \
	programs

consumer_files = \
	test/consumer/run \
	test/consumer/consumer.c \
	test/consumer/consumer.cc \
	test/consumer/consumer_cache.c \
	test/consumer/consumer_cache.cc \
	test/consumer/consumer.f90 \
	test/consumer/project/configure.ac \
	test/consumer/project/Makefile.am \
	test/consumer/project/main.c

installcheck-local:
	@CC='$(CC)' CXX='$(CXX)' FC='$(FC)' PKG_CONFIG='$(PKG_CONFIG)' \
	CFLAGS='$(CFLAGS)' srcdir='$(srcdir)' DESTDIR='$(DESTDIR)' \
	libdir='$(libdir)' pkgconfigdir='$(pkgconfigdir)' \
	aclocaldir='$(aclocaldir)' bindir='$(bindir)' \
	enable_shared='$(enable_shared)' enable_static='$(enable_static)' \
	$(SHELL) $(srcdir)/test/consumer/run
