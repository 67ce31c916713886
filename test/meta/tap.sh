# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# tap.sh - sourced by the shell tests: results in the Test Anything Protocol
#
#   ok NAME; not_ok NAME [FILE]; skip NAME REASON; check NAME FILE; plan
#
# check passes if FILE is empty; FILE else tells what is wrong. plan ends the
# test. `skip_all REASON` is for tests that can do nothing here.

tap_count=0

ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

not_ok() {
	tap_count=$((tap_count + 1))
	echo "not ok $tap_count - $1"
	if test -n "${2-}"; then
		sed 's/^/# /' "$2"
	fi
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

check() {
	if test -s "$2"; then
		not_ok "$1" "$2"
	else
		ok "$1"
	fi
}

plan() {
	echo "1..$tap_count"
	exit 0
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

srcdir=${srcdir:-.}
tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/thrum-test.XXXXXX") || exit 1
trap 'rm -rf "$tap_dir"' EXIT
trap 'exit 1' HUP INT TERM
