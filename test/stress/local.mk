# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/stress/local.mk - random programs, crowds, and delays at bad moments
#
# check-stress     all of them, on the library as it is and with delays;
#                  THRUM_TIER=full goes on until the figures asked for are reached
# soak             the same with new seeds, for SOAK_MINUTES (60)
# check-loop       stress until it fails or 20 rounds are over; ROUNDS=n
#
# A look at three of them is a part of make check; see test/local.mk.

# The library with delay points; lib/atomics.h says what they are.
EXTRA_LTLIBRARIES += test/stress/libthrum-chaos.la
test_stress_libthrum_chaos_la_SOURCES = $(lib_libthrum_core_la_SOURCES) \
	test/stress/chaos.c test/stress/chaos.h
test_stress_libthrum_chaos_la_CPPFLAGS = \
	$(lib_libthrum_core_la_CPPFLAGS) -DTHRUM__CHAOS=1
test_stress_libthrum_chaos_la_LIBADD = $(lib_libthrum_core_la_LIBADD)
chaos_libs = test/stress/libthrum-chaos.la $(LIBM) $(PTHREAD_LIBS)

plain_stress = \
	test/stress/stress_deque \
	test/stress/stress_ends \
	test/stress/stress_wake
test_stress_stress_deque_LDADD = lib/libthrum-core.la
test_stress_stress_ends_LDADD = $(api_libs)
test_stress_stress_wake_LDADD = lib/libthrum-core.la
wrap_park = $(AM_LDFLAGS) -Wl,--wrap=thrum__parker_park_for
test_stress_stress_wake_LDFLAGS = $(wrap_park)

chaos_stress = \
	test/stress/chaos_callers \
	test/stress/chaos_deque \
	test/stress/chaos_ends \
	test/stress/chaos_mix \
	test/stress/chaos_same \
	test/stress/chaos_sleep \
	test/stress/chaos_wake
test_stress_chaos_callers_SOURCES = test/stress/stress_callers.c
test_stress_chaos_callers_LDADD = $(chaos_libs)
test_stress_chaos_deque_SOURCES = test/stress/stress_deque.c
test_stress_chaos_deque_LDADD = $(chaos_libs)
test_stress_chaos_ends_SOURCES = test/stress/stress_ends.c
test_stress_chaos_ends_LDADD = $(chaos_libs)
test_stress_chaos_same_LDADD = $(chaos_libs)
test_stress_chaos_mix_SOURCES = test/stress/stress_mix.c
test_stress_chaos_mix_LDADD = $(chaos_libs)
test_stress_chaos_sleep_SOURCES = test/stress/stress_sleep.c
test_stress_chaos_sleep_LDADD = $(chaos_libs)
test_stress_chaos_wake_SOURCES = test/stress/stress_wake.c
test_stress_chaos_wake_LDADD = $(chaos_libs)
test_stress_chaos_wake_LDFLAGS = $(wrap_park)

EXTRA_PROGRAMS += $(plain_stress) $(chaos_stress)
EXTRA_DIST += test/stress/run test/stress/stress.h test/stress/waited.h
CLEANFILES += test/stress/libthrum-chaos.la

stress_programs = $(stress_tests) $(plain_stress) $(chaos_stress)

check-stress soak: $(stress_programs:=$(EXEEXT)) test/stress/libthrum-chaos.la
	@THRUM_STRESS_SECONDS=$${THRUM_STRESS_SECONDS:-5}; \
	$(AM_TESTS_ENVIRONMENT) \
	$(SHELL) $(srcdir)/test/stress/run $@ $(stress_programs)

ROUNDS = 20
check-loop:
	@for round in `seq $(ROUNDS)`; do \
		echo "round $$round of $(ROUNDS)"; \
		$(MAKE) $(AM_MAKEFLAGS) check-stress || exit 1; \
	done

.PHONY: check-stress soak check-loop
