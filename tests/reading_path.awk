# SPDX-License-Identifier: BSD-2-Clause
# The reading path: the lines that one reads to follow a packet through the driver, as the list (-v
# list=tests/reading_path) says, in the sources given as arguments. Prints how many lines they are, with their comments
# and without blank ones. Fails when they are more than the list's limit, when something listed is not there, and when a
# function on the path calls another one of these sources that is neither on the path nor set aside.
#
# It knows C as clang-format leaves it: what is at the top level begins at the line's start, and ends with "}" there.

function fail(sentence) { print "reading path: " sentence; failed = 1 }

# ---- the list ----

function read_list(row, words, n, i, file) {
	while ((getline row <list) > 0) {
		sub(/#.*/, "", row)
		n = split(row, words)
		if (!n) continue
		if (words[1] == "limit") limit = words[2]
		else if (words[1] == "part") { sub(/^part +/, "", row); parts[++part_count] = row }
		else if (words[1] == "aside") for (i = 2; i <= n; i++) aside[words[i]] = 1
		else if (n == 1) add_entry(words[1])
		else {
			file = words[1]
			for (i = 2; i <= n; i++) {
				if (words[i] ~ /^(struct|enum|union)$/) {
					words[i + 1] = words[i] " " words[i + 1]
					continue
				}
				add_entry(file words[i])
			}
		}
	}
}
function add_entry(what) {
	entry[++entries] = what
	part_of[entries] = part_count
}

# ---- definitions ----

function define(name, last,   key) {
	key = file ":" name
	if (key in def_first) return
	def_first[key] = first
	def_last[key] = last
	def_file[key] = file
	in_file[file] = in_file[file] " " name
	if (kind == "macro" || kind == "instance") is_macro[key] = 1
	if (kind != "function") return
	is_function[key] = 1
	if (text !~ /^static/ || file ~ /\.h$/) global[name] = key
}
function name_before(what, mark,   s) {
	s = substr(what, 1, index(what, mark) - 1)
	sub(/\[.*/, "", s)
	sub(/[ \t]+$/, "", s)
	sub(/.*[^A-Za-z0-9_]/, "", s)
	return s
}
function finish(last) {
	if (kind == "type" || kind == "macro") define(text, last)
	else if (kind == "table") define(name_before(text, "="), last)
	else if (kind == "typedef") define(name_before(text, text ~ /\(/ ? "(" : ";"), last)
	else define(name_before(text, "("), last) # a function, or one that a macro makes
	kind = ""
	first = 0
}

# What a macro makes has no end of its own: an empty line, or the file's end.
function end_instance() {
	if (kind == "declaration") { kind = "instance"; finish(count[file]) }
	kind = ""
	first = 0
}

FNR == 1 {
	end_instance()
	comment = 0
	file = FILENAME
	files[file] = 1
}
{
	line[file, FNR] = $0
	count[file] = FNR
	bare = $0
	sub(/[ \t]*\/\*.*\*\/[ \t]*$/, "", bare)
}
kind == "macro" { if (bare !~ /\\$/) finish(FNR); next }
kind == "type" || kind == "function" || kind == "table" { if (/^}/) finish(FNR); next }
comment { if (/\*\//) comment = 0; next }
/^\/\*/ {
	if (kind != "") finish(FNR - 1)
	first = FNR
	if (!/\*\//) comment = 1
	next
}
/^[ \t]*$/ { count[file]--; end_instance(); count[file]++; next }
kind == "" && !/^[A-Za-z_#]/ { first = 0; next }
/^#define / {
	if (!first) first = FNR
	kind = "macro"
	text = $2
	sub(/\(.*/, "", text)
	if (bare !~ /\\$/) finish(FNR)
	next
}
/^#/ { first = 0; kind = ""; next }
kind == "" {
	if (!first) first = FNR
	text = ""
	if (bare ~ /^(struct|enum|union) [A-Za-z0-9_]+ [{]$/) { kind = "type"; text = $1 " " $2; next }
	if (bare ~ /^enum [{]/) { kind = bare ~ /;$/ ? "" : "type"; text = "enum"; if (kind == "") first = 0; next }
	kind = "declaration"
}
kind == "declaration" {
	if ($0 == "{") { kind = "function"; next }
	gsub(/__attribute__\(\([a-z_]+(\([^()]*\))?\)\) ?/, "", bare)
	text = text " " bare
	sub(/^ /, "", text)
	if (text ~ /^typedef/) { if (bare ~ /;$/) { kind = "typedef"; finish(FNR) } next }
	if (bare ~ /= ?[{]$/) { kind = "table"; next }
	if (bare ~ /;$/) {
		if (text ~ /=/) { kind = "table"; finish(FNR) }
		else { kind = ""; first = 0 }
	}
}

# ---- the path ----

function take(from_file, from, to,   i, lines) {
	for (i = from; i <= to; i++) {
		if (line[from_file, i] ~ /^[ \t]*$/ || (from_file, i) in taken) continue
		taken[from_file, i] = 1
		lines++
	}
	return lines
}

# Every function of these sources that a function or macro on the path calls, or hands on by its name.
function check_calls(key,   i, s, name, before, callee, inside, previous, skip) {
	file = def_file[key]
	for (i = def_first[key]; i <= def_last[key]; i++) {
		s = line[file, i]
		if (inside) { if (!sub(/^.*\*\//, "", s)) continue; inside = 0 }
		gsub(/"([^"\\]|\\.)*"/, "\"\"", s)
		sub(/\/\*.*\*\//, "", s)
		if (sub(/\/\*.*/, "", s)) inside = 1
		if (s ~ /^# *(if|el|en)/) continue
		while (match(s, /[A-Za-z_][A-Za-z0-9_]*/)) {
			name = substr(s, RSTART, RLENGTH)
			before = substr(s, 1, RSTART - 1)
			s = substr(s, RSTART + RLENGTH)
			skip = before ~ /(\.|->)$/ || previous == "struct"
			previous = name
			if (skip) continue
			callee = ""
			if ((file ":" name) in is_function) callee = file ":" name
			else if (name in global) callee = global[name]
			if (callee == "" || callee == key) continue
			if (name in aside) used[name] = 1
			else if (!(callee in on_path) && !(callee in told)) {
				told[callee] = 1
				fail(key " calls " callee ", which " list " should list, or set aside")
			}
		}
	}
}

END {
	end_instance()
	read_list()
	for (e = 1; e <= entries; e++) {
		name = entry[e]
		if (name in files) {
			lines[part_of[e]] += take(name, 1, count[name])
			n = split(in_file[name], names)
			for (i = 1; i <= n; i++) on_path[name ":" names[i]] = 1
		} else if (name in def_first) {
			lines[part_of[e]] += take(def_file[name], def_first[name], def_last[name])
			on_path[name] = 1
		} else
			fail("there is no " name ": renamed or moved? " list " has to follow")
	}
	for (name in on_path)
		if (name in is_function || name in is_macro) check_calls(name)
	for (name in aside)
		if (!(name in used)) fail("nothing on the path calls " name " any more, which " list " sets aside")
	for (p = 1; p <= part_count; p++) {
		total += lines[p]
		printf "  %-46s %6d\n", parts[p], lines[p]
	}
	printf "  %-46s %6d, at most %d\n", "all of the reading path", total, limit
	if (total > limit) fail("it grew by " total - limit " lines; it may shrink, but not grow")
	exit failed
}
