# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/clean/local.mk - nothing to report, by the tools of Valgrind
#
# check-helgrind   a part of the tests under helgrind, and
# check-drd        under drd, on the library with lib/annotate.h; skipped without
#                  Valgrind and its headers. There are no suppressions of ours.

# The library with annotations, and without hwloc: that has none, and when two
# threads load a topology each, as ours may, words of its own are a race.
EXTRA_LTLIBRARIES += test/clean/libthrum-annotated.la
test_clean_libthrum_annotated_la_SOURCES = $(core_sources) \
	lib/topology_flat.c
test_clean_libthrum_annotated_la_CPPFLAGS = \
	$(lib_libthrum_core_la_CPPFLAGS) -DTHRUM__VALGRIND=1
test_clean_libthrum_annotated_la_LIBADD = $(lib_libthrum_core_la_LIBADD)
CLEANFILES += test/clean/libthrum-annotated.la

annotated_libs = test/clean/libthrum-annotated.la $(CHECK_LIBS) $(LIBM) \
	$(PTHREAD_LIBS)
annotated_flags = $(AM_CPPFLAGS) -DTHRUM__VALGRIND=1

# The protocols one by one, then all shapes of calls.
annotated_stress = \
	test/clean/deque \
	test/clean/sleep \
	test/clean/mix
annotated_tests = \
	test/clean/check_feed \
	test/clean/check_idle \
	test/clean/check_park
test_clean_deque_SOURCES = test/stress/stress_deque.c
test_clean_deque_CPPFLAGS = $(annotated_flags)
test_clean_deque_LDADD = $(annotated_libs)
test_clean_sleep_SOURCES = test/stress/stress_sleep.c
test_clean_sleep_LDADD = $(annotated_libs)
test_clean_mix_SOURCES = test/stress/stress_mix.c
test_clean_mix_LDADD = $(annotated_libs)
test_clean_check_feed_SOURCES = test/unit/check_feed.c
test_clean_check_feed_CPPFLAGS = $(annotated_flags)
test_clean_check_feed_LDADD = $(annotated_libs)
test_clean_check_idle_SOURCES = test/unit/check_idle.c
test_clean_check_idle_CPPFLAGS = $(annotated_flags)
test_clean_check_idle_LDADD = $(annotated_libs)
test_clean_check_park_SOURCES = test/unit/check_park.c
test_clean_check_park_CPPFLAGS = $(annotated_flags)
test_clean_check_park_LDADD = $(annotated_libs)
test_clean_race_CPPFLAGS = $(annotated_flags)
test_clean_race_LDADD = $(PTHREAD_LIBS)

annotated = $(annotated_stress)
if CHECK
annotated += $(annotated_tests)
endif
if VALGRIND_HEADERS
EXTRA_PROGRAMS += test/clean/race $(annotated_stress) $(annotated_tests)
check-helgrind check-drd: test/clean/race$(EXEEXT) $(annotated:=$(EXEEXT))
	@command -v $(VALGRIND) >/dev/null || { \
		echo "SKIP $@: there is no $(VALGRIND)"; exit 0; }; \
	THRUM_STRESS_SECONDS=$${THRUM_STRESS_SECONDS:-5}; \
	$(AM_TESTS_ENVIRONMENT) \
	VALGRIND='$(VALGRIND)' $(SHELL) $(srcdir)/test/clean/run \
		`echo $@ | sed s/check-//` $(annotated)
else
check-helgrind check-drd:
	@echo "SKIP $@: the headers of Valgrind were not found"
endif

.PHONY: check-helgrind check-drd

EXTRA_DIST += test/clean/run
