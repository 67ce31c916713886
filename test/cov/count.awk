# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# count.awk - judges what gcov counted, by the reasons there are
#
#   awk -v dirs=DIRECTORIES -v files=SOURCES -v top=SRCDIR/ -v spare=LINES
#       -f count.awk reasons.txt COUNTS
#
# So many lines may be without a reason: those that short tests leave to chance.
#
# COUNTS is what `gcov -b -c -t` prints, of any number of builds. A function of
# a header is there once for each file that includes it, and all count together.
# A branch is what gcov calls so: an outcome of a condition, of which each
# operand of && and || is one, or a label of a switch.

function fail(text) {
	failed = 1
	print text
}

# --- The reasons; see the head of reasons.txt -------------------------------

FNR == NR && (/^#/ || /^[ \t]*$/) { next }
FNR == NR && /^[^ \t]/ {
	file = $1
	in_function = $2
	next
}
FNR == NR && /^\t[a-z]+: / {
	kind = $1
	sub(/:$/, "", kind)
	if (kind != "never" && kind != "perhaps")
		fail("# " FILENAME ":" FNR ": neither never nor perhaps")
	next
}
FNR == NR && /^\t\t> / {
	sub(/^\t\t> */, "")
	sub(/[ \t]+$/, "")
	reasons++
	reason[reasons] = file SUBSEP in_function SUBSEP $0
	kind_of[reason[reasons]] = kind
	place_of[reasons] = FILENAME ":" FNR
	next
}
FNR == NR && /^\t  / { next } # a reason goes on
FNR == NR {
	fail("# " FILENAME ":" FNR ": not a line of such a file")
	next
}

# --- The counts -------------------------------------------------------------

/^ *-: *0:Source:/ {
	sub(/.*:Source:/, "")
	if (index($0, top) == 1)
		$0 = substr($0, length(top) + 1)
	file = $0
	folder = file
	sub(/\/[^\/]*$/, "", folder)
	counted = index(" " dirs " ", " " folder " ") > 0
	seen[file] = 1
	next
}
!counted { next }
/^function / {
	current = $2
	next
}
/^branch / {
	key = line SUBSEP $2
	branch[key] += $3 == "taken" ? $4 : 0
	next
}
/^ *[-0-9#=]+\*?: *[0-9]+:/ {
	count = $0
	sub(/:.*/, "", count)
	gsub(/[ *]/, "", count)
	if (count == "-")
		next
	text = substr($0, index($0, ":") + 1)
	number = text + 0
	text = substr(text, index(text, ":") + 1)
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	line = file SUBSEP number
	run[line] += count ~ /^[0-9]/ ? count : 0
	# In a header the lines come again below each function.
	name[line] = current
	code[line] = text
}

# --- The judgement ----------------------------------------------------------

function share(part, whole) {
	return whole ? 100 * part / whole : 0
}

function figure(reached, asked, form, what) {
	ok = reached >= asked
	if (!ok)
		failed = 1
	printf "FIGURE P18 " form " %d %s %s\n", reached, asked, \
	       ok ? "ok" : "MISSED", what
}

END {
	n = split(files, source, " ")
	for (i = 1; i <= n; i++)
		if (!(source[i] in seen))
			fail("# " source[i] ": not compiled")
	for (line in run) {
		lines++
		split(line, where, SUBSEP)
		key = where[1] SUBSEP name[line] SUBSEP code[line]
		there[key] = 1
		if (run[line] > 0) {
			lines_run++
			if (verbose && run[line] < verbose)
				print "# rare: " where[1] ":" where[2] ": " \
				      name[line] ": " code[line] ": " run[line]
			continue
		}
		not_run[key] = 1
		if (key in kind_of)
			with_reason++
		else
			without[++bare] = where[1] ":" where[2] ": " \
			                  name[line] ": " code[line]
	}
	for (key in branch) {
		branches++
		branches_run += branch[key] > 0
	}
	for (i = 1; i <= bare; i++)
		print "# not run: " without[i]
	if (bare > spare)
		failed = 1
	print (bare > spare ? "not " : "") "ok 1 - " \
	      "each line that is not run has its reason"
	for (i = 1; i <= reasons; i++) {
		key = reason[i]
		if (!(key in there))
			stale[++old] = "there is no such line"
		else if (kind_of[key] == "never" && !(key in not_run))
			stale[++old] = "the line is run"
		else
			continue
		fail("# " place_of[i] ": " stale[old])
	}
	print (old ? "not " : "") "ok 2 - " \
	      "each reason is one for a line that is not run"
	print "1..2"
	what = "of " dirs " run by the tests"
	figure(share(lines_run, lines), 95, "%.1f", "% of the " lines \
	       " lines " what)
	figure(share(branches_run, branches), 90, "%.1f", \
	       "% of the " branches " branches " what)
	printf "FIGURE P18 %d %d %s lines not run without a reason, of %d\n", \
	       bare, spare, (bare > spare ? "MISSED" : "ok"), lines - lines_run
	exit failed
}
