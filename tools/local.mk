# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# tools/local.mk - programs that are installed

# It shows what is hidden, so it is linked with the inside of the library.
bin_PROGRAMS += tools/thrum-info
tools_thrum_info_LDADD = lib/libthrum-core.la
