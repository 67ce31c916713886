# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# generate.awk - the mutants of the library, found in its sources
#
#	LC_ALL=C awk -f generate.awk lib/*.c lib/*.h
#
# A line for each, fields apart by tabs: name, file, offset in it, bytes to take
# out, and what to put there instead, with a \n for each newline taken out, so that
# lines keep their numbers. The name says what is done, where, in which function,
# and does not change with lines that come and go elsewhere.
#
# An operation is one of the forms of atomics.h. One that is ordered, or is named by
# a tag, takes part in a protocol; so does one that writes, in a file whose
# operations carry tags. It does not if the comment before it says that it is a
# hint, a figure that is shown, or a matter of speed: no other step depends on it.
# With -v hints=none such words are not heeded: for the count of what they cost.
#
#   order     acquire and release become relaxed, acq_rel either of the two
#   fence     dropped; or acq_rel
#   drop      a write is left out; of a read-modify-write the read stays
#   negate    what a compare-and-swap or a look says is taken for the opposite
#   blind     a compare-and-swap swaps whatever is there
#   split     a read-modify-write becomes a load and a store, of the same orders
#   skip      a call, as a statement, of a function that writes; or of one that
#             wakes, wherever it stands, as if it woke nobody
#   look      of several conditions, one that looks at what others write is left
#             out; where it is the only one, it is taken not to hold

# ---------------------------------------------------------------------------
# Text

function blanked(t,	i, c, two, in_what, n, out, k) {
	n = length(t)
	in_what = ""
	k = 0
	out = ""
	for (i = 1; i <= n; i++) {
		c = substr(t, i, 1)
		two = substr(t, i, 2)
		if (in_what == "") {
			if (two == "/*") {
				in_what = "comment"
				chunk = chunk "  "
				i++
			} else if (c == "\"" || c == "'") {
				in_what = c
				chunk = chunk " "
			} else {
				chunk = chunk c
			}
		} else if (in_what == "comment") {
			if (two == "*/") {
				in_what = ""
				chunk = chunk "  "
				i++
			} else {
				chunk = chunk (c == "\n" ? c : " ")
			}
		} else {
			if (c == "\\") {
				chunk = chunk "  "
				i++
			} else {
				if (c == in_what)
					in_what = ""
				chunk = chunk " "
			}
		}
		if (++k % 256 == 0) {
			out = out chunk
			chunk = ""
		}
	}
	out = out chunk
	chunk = ""
	return out
}

# Position of the parenthesis that closes the one at `at`.
function closing(at,	i, depth, c) {
	for (i = at; i <= size; i++) {
		c = substr(code, i, 1)
		if (c == "(")
			depth++
		else if (c == ")" && --depth == 0)
			return i
	}
	return 0
}

# Splits the arguments between from and to into arg[] of `code`.
function arguments(from, to,	i, c, depth, n) {
	n = 1
	arg[1] = ""
	for (i = from; i <= to; i++) {
		c = substr(code, i, 1)
		if (c == "(" || c == "[" || c == "{")
			depth++
		else if (c == ")" || c == "]" || c == "}")
			depth--
		if (c == "," && depth == 0)
			arg[++n] = ""
		else
			arg[n] = arg[n] c
	}
	for (i = 1; i <= n; i++)
		arg[i] = squeezed(arg[i])
	return n
}

function squeezed(t) {
	gsub(/[ \t\n]+/, " ", t)
	sub(/^ /, "", t)
	sub(/ $/, "", t)
	return t
}

function newlines(from, to,	t, n) {
	t = substr(code, from, to - from + 1)
	n = gsub(/\n/, "", t)
	t = ""
	while (n-- > 0)
		t = t "\\n"
	return t
}

# The last character before `at` that is not blank.
function before(at) {
	while (--at > 0 && substr(code, at, 1) ~ /[ \t\n]/)
		;
	return at
}

function after(at) {
	while (++at <= size && substr(code, at, 1) ~ /[ \t\n]/)
		;
	return at
}

# Comments between the end of the statement before and `at`.
function said(at,	from, depth, c) {
	for (from = at - 1; from > 0; from--) {
		c = substr(code, from, 1)
		if (c == ")")
			depth++
		else if (c == "(")
			depth--
		else if (depth <= 0 && (c == ";" || c == "{" || c == "}"))
			break
	}
	return comments_of(substr(text, from + 1, at - from - 1))
}

# And those behind it, on its line.
function said_behind(at,	to) {
	to = index(substr(text, at), "\n")
	return comments_of(substr(text, at, to ? to : 80))
}

function comments_of(t,	out, a, b) {
	out = ""
	while ((a = index(t, "/*")) > 0) {
		t = substr(t, a + 2)
		b = index(t, "*/")
		if (!b)
			b = length(t) + 1
		out = out " " substr(t, 1, b - 1)
		t = substr(t, b + 2)
	}
	gsub(/\n *\*/, " ", out)
	return tolower(out)
}

function is_hint(comment) {
	return heeds && comment ~ hints
}

function is_tagged(comment) {
	return comment ~ /\[[a-z]+[0-9]+\]/
}

# A function that says so of all that it reads and writes.
function all_hints(at,	i) {
	for (i = 1; heeds && i <= functions; i++)
		if (at >= starts[i] && at <= ends[i])
			return comments_of(substr(text, starts[i], \
				ends[i] - starts[i])) \
				~ /a hint, all|all: [^.]*a matter of speed/
	return 0
}

# Which function a position is in: the last one that began before it.
function function_at(at,	i, name) {
	name = ""
	for (i = 1; i <= functions && starts[i] <= at; i++)
		name = at <= ends[i] ? names[i] : ""
	return name
}

# ---------------------------------------------------------------------------
# Functions, from a first look at all the files

function find_functions(	n, line, i, at, candidate, depth, t) {
	n = split(code, line, "\n")
	at = 1
	functions = 0
	candidate = ""
	for (i = 1; i <= n; i++) {
		t = line[i]
		if (t ~ /^[A-Za-z_].*\(/ && t !~ /;[ ]*$/) {
			candidate = t
			gsub(/__attribute__ *\(\([^)]*\)*\)+/, "", candidate)
			sub(/\(.*/, "", candidate)
			sub(/[ \t]+$/, "", candidate)
			sub(/.*[ \t*]/, "", candidate)
		}
		if (t ~ /^\{/ && candidate != "") {
			names[++functions] = candidate
			starts[functions] = at
			candidate = ""
		}
		if (t ~ /^\}/ && functions && !(functions in closed)) {
			ends[functions] = at
			closed[functions] = 1
		}
		at += length(t) + 1
	}
	for (i = 1; i <= functions; i++)
		delete closed[i]
}

# Without what is compiled on other systems alone.
function on_linux(t,	line, n, i, depth, at, out, away) {
	n = split(t, line, "\n")
	out = ""
	for (i = 1; i < n; i++) {
		if (line[i] ~ /^#[ \t]*if/ && ++depth && !at &&
		    line[i] ~ /^#if defined\(__linux__\)/)
			at = depth
		if (line[i] ~ /^#[ \t]*else/ && at && depth == at)
			away = 1
		if (line[i] ~ /^#[ \t]*endif/ && depth-- == at && at)
			at = away = 0
		if (away)
			gsub(/./, " ", line[i])
		out = out line[i] "\n"
	}
	return out
}

function load_file(path,	line, r) {
	text = ""
	while ((r = (getline line < path)) > 0)
		text = text line "\n"
	close(path)
	code = blanked(text)
	# Not macros: the forms themselves, and those of tests.
	while (match(code, /#[ \t]*define([^\n]*\\\n)*[^\n]*\n/)) {
		line = substr(code, RSTART, RLENGTH)
		gsub(/[^\n]/, " ", line)
		code = substr(code, 1, RSTART - 1) line \
		       substr(code, RSTART + RLENGTH)
	}
	code = on_linux(code)
	size = length(code)
	file = path
	sub(/.*\//, "", file)
	find_functions()
}

# Something between the two is written that is not a hint.
function has_writes(at, end,	from, comment) {
	while (match(substr(code, at), writes)) {
		from = at + RSTART - 1
		if (from >= end)
			return 0
		at = from + RLENGTH
		comment = said(from)
		if ((!is_hint(comment) && !all_hints(from)) ||
		    is_tagged(comment))
			return 1
	}
	return 0
}

function note_functions(	i, body, rest, name) {
	for (i = 1; i <= functions; i++) {
		body = substr(code, starts[i], ends[i] - starts[i])
		if (file in of_protocol && has_writes(starts[i], ends[i]))
			acts[names[i]] = 1
		if (body ~ /thrum__(load|peek)\([^;]*acquire\)/)
			observes[names[i]] = 1
		rest = body
		while (match(rest, /[A-Za-z_][A-Za-z_0-9]*\(/)) {
			name = substr(rest, RSTART, RLENGTH - 1)
			calls[names[i] " " name] = 1
			rest = substr(rest, RSTART + RLENGTH)
		}
		known[names[i]] = file
	}
}

function close_over(	more, pair, w) {
	do {
		more = 0
		for (pair in calls) {
			split(pair, w, " ")
			if (w[2] in acts && !(w[1] in acts) &&
			    known[w[1]] in of_protocol) {
				acts[w[1]] = 1
				more = 1
			}
		}
	} while (more)
}

# ---------------------------------------------------------------------------
# Mutants

function mutant(what, from, to, instead,	name, where) {
	where = function_at(from)
	if (where == "")
		return
	name = file " " where ": " what
	if (++seen[name] > 1)
		name = name ", no. " seen[name]
	printf "%s\t%s\t%d\t%d\t%s%s\n", name, file, from - 1, to - from + 1, \
		instead, newlines(from, to)
}

# The same without the write: what was there, or whether it would have been
# exchanged.
function unwritten_form(op, n,	get, order) {
	get = op ~ /^poke/ ? "thrum__peek" : "thrum__load"
	order = arg[n] ~ /^acq/ || arg[n] == "seq_cst" ? "acquire" : "relaxed"
	if (op !~ /cas$/)
		return get "((" arg[1] "), " order ")"
	return "__extension__({ __auto_type mutant_was = " get "((" arg[1] "), " \
	       order "); __auto_type mutant_guess = (" arg[2] "); _Bool " \
	       "mutant_same = mutant_was == *mutant_guess; *mutant_guess = " \
	       "mutant_was; mutant_same; })"
}

function split_form(op, n,	poke, get, put, order, new, cas) {
	order = arg[n]
	poke = op ~ /^poke/
	get = poke ? "thrum__peek" : "thrum__load"
	put = poke ? "thrum__poke" : "thrum__store"
	cas = op ~ /cas$/
	new = op ~ /swap$/ || cas ? "(" arg[cas ? 3 : 2] ")" : \
	      op ~ /add$/ ? "mutant_was + (" arg[2] ")" : \
	      op ~ /sub$/ ? "mutant_was - (" arg[2] ")" : \
	      op ~ /or$/ ? "mutant_was | (" arg[2] ")" : \
	      "mutant_was & (" arg[2] ")"
	return "__extension__({ __auto_type mutant_at = (" arg[1] \
	       "); __auto_type mutant_was = " get "(mutant_at, " \
	       (order ~ /^acq/ || order == "seq_cst" ? "acquire" : "relaxed") \
	       "); " \
	       (cas ? "__auto_type mutant_guess = (" arg[2] "); _Bool " \
	              "mutant_same = mutant_was == *mutant_guess; " \
	              "if (mutant_same) " : "") \
	       put "(mutant_at, " new ", " \
	       (order ~ /rel/ || order == "seq_cst" ? "release" : "relaxed") \
	       "); " (cas ? "if (!mutant_same) *mutant_guess = mutant_was; " \
	                    "mutant_same;" : "mutant_was;") " })"
}

function is_statement(from, to,	b) {
	b = before(from)
	if (substr(code, b - 5, 6) == "(void)")
		b = before(b - 5)
	return substr(code, after(to), 1) == ";" &&
	       (substr(code, b, 1) ~ /[;{})]/ ||
	        substr(code, b - 3, 4) ~ /else|[ \t\n]do$/)
}

function operations(	rest, at, op, from, open, to, n, order, shown,
			comment, i, new) {
	at = 1
	while (match(substr(code, at), forms)) {
		from = at + RSTART - 1
		open = from + RLENGTH - 1
		op = substr(code, from + 7, RLENGTH - 8)
		to = closing(open)
		at = open + 1
		n = arguments(open + 1, to - 1)
		order = arg[n]
		shown = op "(" arg[1] ")"
		comment = said(from) said_behind(to)
		for (i = 1; i <= 2; i++) {
			new = order == "acquire" || order == "release" \
			      ? (i == 1 ? "relaxed" : "") \
			      : order == "acq_rel" ? (i == 1 ? "acquire" : "release") \
			      : order == "seq_cst" && i == 1 ? "acq_rel" : ""
			if (new != "")
				mutant("order " shown " " order " to " new,
				       to - length(order), to - 1, new)
		}
		if (op == "load" || op == "peek")
			continue
		if (order == "relaxed" && (!(file in of_protocol) ||
		    (is_hint(comment) && !is_tagged(comment)) ||
		    all_hints(from)))
			continue
		if (is_statement(from, to))
			mutant("drop " shown, from, to, "(void)0")
		else if (op !~ /^(store|poke)$/)
			mutant("drop " shown, from, to, unwritten_form(op, n))
		if (op ~ /cas$/ && !is_statement(from, to))
			mutant("negate " shown, from, to, "!" \
			       squeezed(substr(code, from, to - from + 1)))
		if (op ~ /cas$/)
			mutant("blind " shown, from, to,
			       (op ~ /^poke/ ? "(thrum__poke_swap(" \
			        : "(thrum__swap(") arg[1] ", " arg[3] ", " \
			       order "), 1)")
		if (op !~ /^(store|poke)$/)
			mutant("split " shown, from, to, split_form(op, n))
	}
	at = 1
	while (match(substr(code, at), /thrum__fence_seq_cst\(\)/)) {
		from = at + RSTART - 1
		to = from + RLENGTH - 1
		at = to
		mutant("drop fence", from, to, "(void)0")
		mutant("order fence seq_cst to acq_rel", from, to,
		       "atomic_thread_fence(memory_order_acq_rel)")
	}
}

function skips(	at, from, open, to, name, instead) {
	at = 1
	while (match(substr(code, at), /[A-Za-z_][A-Za-z_0-9]*\(/)) {
		from = at + RSTART - 1
		open = from + RLENGTH - 1
		name = substr(code, from, RLENGTH - 1)
		at = open + 1
		if (!(name in acts) || name ~ passive)
			continue
		to = closing(open)
		if (is_statement(from, to))
			instead = "(void)0"
		else if (name ~ wakes && substr(code, before(from), 1) !~ /[A-Za-z_*]/)
			instead = "0"
		else
			continue
		if (is_hint(said(from)))
			continue
		arguments(open + 1, to - 1)
		mutant("skip " name "(" squeezed(substr(code, open + 1,
		       to - open - 1)) ")", from, to, instead)
	}
}

# An operand looks if it holds an ordered load, or asks a function that has one.
function looks(from, to,	t, name) {
	t = substr(code, from, to - from + 1)
	if (is_hint(comments_of(substr(text, from, to - from + 1))) ||
	    is_hint(said_behind(to)))
		return 0
	if (t ~ /thrum__(load|peek)\(/)
		return 1
	while (match(t, /[A-Za-z_][A-Za-z_0-9]*\(/)) {
		name = substr(t, RSTART, RLENGTH - 1)
		if (name in observes)
			return 1
		t = substr(t, RSTART + RLENGTH)
	}
	return 0
}

# The condition from..to: its operands, at any depth of && and ||.
function operands(from, to, outer,	i, c, depth, n, cut, with, a, b) {
	while (substr(code, from, 1) ~ /[ \t\n]/)
		from++
	while (substr(code, to, 1) ~ /[ \t\n]/)
		to--
	for (i = from; i <= to; i++) {
		c = substr(code, i, 1)
		if (c == "(" || c == "[")
			depth++
		else if (c == ")" || c == "]")
			depth--
		else if (depth == 0 && (substr(code, i, 2) == "||")) {
			with = "||"
			break
		}
	}
	if (with == "") {
		for (i = from; i <= to; i++) {
			c = substr(code, i, 1)
			if (c == "(" || c == "[")
				depth++
			else if (c == ")" || c == "]")
				depth--
			else if (depth == 0 && substr(code, i, 2) == "&&") {
				with = "&&"
				break
			}
		}
	}
	if (with != "") {
		operands(from, i - 1, with)
		operands(i + 2, to, with)
		return
	}
	if (substr(code, from, 1) == "(" && closing(from) == to) {
		operands(from + 1, to - 1, outer)
		return
	}
	if (!looks(from, to) || (outer == "" && substr(code, to + 1, 1) != ")"))
		return
	if (all_hints(from))
		return
	t = squeezed(substr(code, from, to - from + 1))
	if (t ~ /^[!]?thrum__(poke_)?cas\(/)
		return
	mutant("look " t, from, to, outer == "&&" ? "1" : "0")
	mutant("negate " t, from, to, "!(" t ")")
}

function conditions(	at, from, open, to, word) {
	at = 1
	while (match(substr(code, at), /(if|return)[ (]/)) {
		from = at + RSTART - 1
		at = from + RLENGTH - 1
		word = substr(code, from, RLENGTH - 1)
		if (substr(code, from - 1, 1) ~ /[A-Za-z_0-9#]/)
			continue
		if (is_hint(said(from)))
			continue
		if (word == "if") {
			open = from + 1 + index(substr(code, from + 2), "(")
			if (open > from + 4)
				continue
			operands(open + 1, closing(open) - 1, "")
		} else {
			to = from + index(substr(code, from), ";") - 2
			if (substr(code, from, to - from) ~ /&&|\|\|/)
				operands(from + 6, to, "")
		}
	}
}

BEGIN {
	heeds = hints != "none"
	hints = "hint|preference|a figure|matter of speed|where to look" \
	        "|look before the exchange|looked at again|does no harm"
	changes = "store|swap|add|sub|or|and|cas|poke|poke_swap|poke_or|poke_cas"
	forms = "thrum__(load|peek|" changes ")\\("
	writes = "thrum__(fence_seq_cst|" changes ")\\("
	wakes = "(ring|called|wake|rouse|rouse_one|wake_one|wake_members|" \
	        "wake_attend|stay_out|excuse|unpark)$"
	# Counts that are shown, and what the caller of a function has of it.
	passive = "^(thrum__stats_|thrum__pool_count|thrum__worker_woke)"
	n = split("deque.c deque.h range.c range.h park.c park.h idle.c idle.h " \
	          "feed.h join.c team.c team.h wake.c worker.c worker.h resident.c " \
	          "session.c call.c call.h items.c fork.c stream.c", list, " ")
	for (i = 1; i <= n; i++)
		of_protocol[list[i]] = 1
	for (f = 1; f < ARGC; f++) {
		load_file(ARGV[f])
		note_functions()
	}
	close_over()
	for (f = 1; f < ARGC; f++) {
		load_file(ARGV[f])
		if (file == "atomics.h" || file == "annotate.h")
			continue
		operations()
		if (file in of_protocol) {
			skips()
			conditions()
		}
	}
}
