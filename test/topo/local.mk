# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# test/topo/local.mk - make check-topo: machines, masks, quotas, sandboxes
#
# Built on demand. THRUM_TIER=full makes a missed time an error, and has a CPU
# taken offline where that is allowed, which all of this machine feels.

topo_programs = \
	test/topo/check_topo \
	test/topo/confine \
	test/topo/here
EXTRA_PROGRAMS += $(topo_programs)
test_topo_check_topo_SOURCES = \
	test/topo/check_topo.c \
	test/topo/machines.h \
	test/topo/state.h \
	test/topo/sys.h
test_topo_confine_LDADD =
test_topo_here_SOURCES = test/topo/here.c test/topo/state.h
test_topo_here_LDADD = lib/libthrum-core.la
EXTRA_DIST += test/topo/run

check-topo: $(topo_programs)
	@LIBTOOL='$(LIBTOOL)' srcdir='$(srcdir)' SANITIZED='$(SANITIZER_CFLAGS)' \
		$(SHELL) $(srcdir)/test/topo/run
.PHONY: check-topo
