# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# doc/local.mk - texts for readers of the source

dist_doc_DATA += \
	doc/ARCHITECTURE.md \
	doc/reliability.md \
	doc/threading.md
