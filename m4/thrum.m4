# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# thrum.m4 - thrum for the configure.ac of other packages                serial 2
#
# THRUM_CHECK([MINIMUM-VERSION], [ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
#
# Looks for thrum with pkg-config and substitutes THRUM_CFLAGS and THRUM_LIBS,
# which the user may set to go without the search. Without a third argument a
# missing thrum ends configure with a message. Typical use:
#
#   THRUM_CHECK([0.1], [AC_DEFINE([HAVE_THRUM], [1], [thrum is there])])
#
# and in Makefile.am
#
#   AM_CFLAGS = $(THRUM_CFLAGS)
#   LDADD = $(THRUM_LIBS)
AC_DEFUN([THRUM_CHECK], [
	AC_REQUIRE([PKG_PROG_PKG_CONFIG])
	PKG_CHECK_MODULES([THRUM], [thrum]m4_ifnblank([$1], [[ >= $1]]),
		[m4_default([$2], [:])],
		m4_ifnblank([$3], [[$3]]))])

# THRUM_CACHE_CHECK([MINIMUM-VERSION], [ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
#
# The same for libthrum-cache, with thrum itself: THRUM_CACHE_CFLAGS and
# THRUM_CACHE_LIBS.
AC_DEFUN([THRUM_CACHE_CHECK], [
	AC_REQUIRE([PKG_PROG_PKG_CONFIG])
	PKG_CHECK_MODULES([THRUM_CACHE],
		[thrum-cache]m4_ifnblank([$1], [[ >= $1]]),
		[m4_default([$2], [:])],
		m4_ifnblank([$3], [[$3]]))])
