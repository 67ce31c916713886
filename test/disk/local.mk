# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/disk/local.mk - make check-cache: stores and files when things go wrong
#
#   check_broken  each call to the system fails, is cut short, or is the last
#   check_crash   states of a disk after the power has failed
#   check_damage  each bit of an entry turned over, each length, and more
#   check_crowd   many processes on one store
#
# THRUM_TIER=full takes all errors of all calls, and ten times as many of the
# rest. THRUM_TEST_SEED repeats what a failure has printed. Folders are made in
# /dev/shm, if there is one, or where TMPDIR says.

disk_tests = \
	test/disk/check_broken \
	test/disk/check_crash \
	test/disk/check_damage \
	test/disk/check_crowd

disk_calls = test/disk/calls.c test/disk/calls.h \
	test/fault/held.c test/fault/held.h \
	test/disk/disk.c test/disk/disk.h test/disk/proof.h
disk_scenes = $(disk_calls) test/disk/scenes.c test/disk/scenes.h \
	test/disk/scenes_npy.c
test_disk_check_broken_SOURCES = test/disk/check_broken.c $(disk_scenes)
test_disk_check_crash_SOURCES = test/disk/check_crash.c $(disk_scenes)
test_disk_check_damage_SOURCES = test/disk/check_damage.c $(disk_calls) \
	test/disk/scenes.h
test_disk_check_crowd_SOURCES = test/disk/check_crowd.c $(disk_calls)

# Each call of the library to the system, caught by the linker; see calls.h.
disk_wraps = \
	-Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=free -Wl,--wrap=posix_memalign \
	-Wl,--wrap=mmap -Wl,--wrap=munmap \
	-Wl,--wrap=openat -Wl,--wrap=syscall -Wl,--wrap=close \
	-Wl,--wrap=read -Wl,--wrap=pread \
	-Wl,--wrap=write -Wl,--wrap=pwrite -Wl,--wrap=fsync \
	-Wl,--wrap=fallocate \
	-Wl,--wrap=renameat -Wl,--wrap=unlinkat \
	-Wl,--wrap=mkdirat -Wl,--wrap=mkdir \
	-Wl,--wrap=fstat -Wl,--wrap=fstatat -Wl,--wrap=futimens \
	-Wl,--wrap=fdopendir -Wl,--wrap=readdir -Wl,--wrap=closedir \
	-Wl,--wrap=fcntl -Wl,--wrap=nanosleep \
	-Wl,--wrap=gethostname -Wl,--wrap=getrandom
disk_ldflags = $(AM_LDFLAGS) $(disk_wraps)
test_disk_check_broken_CPPFLAGS = $(cache_test_cppflags)
test_disk_check_broken_LDADD = $(cache_ldadd)
test_disk_check_broken_LDFLAGS = $(disk_ldflags)
test_disk_check_crash_CPPFLAGS = $(cache_test_cppflags)
test_disk_check_crash_LDADD = $(cache_ldadd)
test_disk_check_crash_LDFLAGS = $(disk_ldflags)
test_disk_check_damage_CPPFLAGS = $(cache_test_cppflags)
test_disk_check_damage_LDADD = $(cache_ldadd)
test_disk_check_damage_LDFLAGS = $(disk_ldflags)
test_disk_check_crowd_CPPFLAGS = $(cache_test_cppflags)
test_disk_check_crowd_LDADD = $(cache_ldadd)
test_disk_check_crowd_LDFLAGS = $(disk_ldflags)

EXTRA_DIST += test/disk/imports test/disk/imports.txt
CLEANFILES += test/disk/imports.log
if CACHE
if CHECK
EXTRA_PROGRAMS += $(disk_tests)
check-cache: $(disk_tests)
	@$(AM_TESTS_ENVIRONMENT) srcdir='$(srcdir)'; export srcdir; \
	$(SHELL) $(srcdir)/test/disk/imports >test/disk/imports.log; \
	cat test/disk/imports.log; rc=0; \
	! grep '^not ok' test/disk/imports.log >/dev/null || rc=1; \
	for t in $(disk_tests); do \
		./$$t$(EXEEXT) || rc=1; \
	done; \
	exit $$rc
else
check-cache:
	@echo "SKIP check-cache: Check was not found"
endif
else
check-cache:
	@echo "SKIP check-cache: libthrum-cache is not built"
endif
.PHONY: check-cache
