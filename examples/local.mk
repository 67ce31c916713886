# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# examples/local.mk - programs to read; test/examples/run runs them all

example_programs = \
	examples/axpy \
	examples/bootstrap \
	examples/cancel \
	examples/error \
	examples/forkjoin \
	examples/lines \
	examples/listing1 \
	examples/listing2 \
	examples/mandelbrot \
	examples/nested \
	examples/reduce \
	examples/stencil

if CACHE
example_programs += \
	examples/npy \
	examples/sweep
endif

noinst_PROGRAMS += $(example_programs)

# Built by the test alone, where there is such a compiler.
EXTRA_DIST += examples/axpy.f90 examples/lambda.cc \
	examples/arguments.h examples/michelson1879.csv

example_libs = lib/libthrum.la $(LIBM)
examples_axpy_LDADD = $(example_libs)
examples_bootstrap_CPPFLAGS = $(AM_CPPFLAGS) \
	-DEXAMPLES_DIR='"$(srcdir)/examples"'
examples_bootstrap_LDADD = $(example_libs)
examples_cancel_LDADD = $(example_libs)
examples_error_LDADD = $(example_libs)
examples_forkjoin_LDADD = $(example_libs)
examples_lines_LDADD = $(example_libs)
examples_listing1_LDADD = $(example_libs)
examples_listing2_LDADD = $(example_libs)
examples_mandelbrot_LDADD = $(example_libs)
examples_nested_LDADD = $(example_libs)
examples_npy_LDADD = lib/cache/libthrum-cache.la $(example_libs)
examples_reduce_LDADD = $(example_libs)
examples_stencil_LDADD = $(example_libs)
examples_sweep_LDADD = lib/cache/libthrum-cache.la $(example_libs)
