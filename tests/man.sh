#!/bin/bash
# A program's manual page, on stdout: what its --help says, set by help2man. Usage: tests/man.sh PROGRAM
set -euo pipefail
program=$1
name=$(basename "$program")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# help2man takes lines for commands that have a prompt, and those for headings that begin in the first column and end in
# a colon
ARGP_HELP_FMT=rmargin=1000 "$program" --help |
	awk '/^ [A-Z].*:$/ { sub(/^ /, "") } /^$/ { examples = 0 } examples { sub(/^ +/, "  $ ") }
	/^Examples:/ { examples = 1 } { print }' >"$work/--help"
"$program" --version >"$work/--version"
printf '#!/bin/sh\ncat "${0%%/*}/$1"\n' >"$work/$name"
chmod +x "$work/$name"
what=$(sed -n '2 { s/[.:].*//; p }' "$work/--help")
# No line is justified or hyphenated. Commands stand as they are typed; values of an option (which begin without a dash,
# and are no wire end) are indented below it.
help2man --no-info --name "${what,}" "$work/$name" | awk -v name="$name" '
	function end_block() { if (block) print block == "values" ? ".RE" : ".fi\n.RE"; block = "" }
	/^\.TH / { print; print ".nh\n.ad l"; next }
	/^\.IP$/ { ip = 1; next }
	/^\\f\(CW\$ / {
		if (block != "commands") { end_block(); print ".PP\n.RS 4\n.nf"; block = "commands" }
		sub(/^\\f\(CW\$ /, ""); sub(/\\fR$/, ""); gsub(/-/, "\\-"); gsub(/\\\\-/, "\\-")
		print; ip = 0; next
	}
	/^\.br$/ && block == "commands" { next }
	ip { print ".IP"; ip = 0 }
	/^\.TP$/ { tp = 1; next }
	tp {
		tp = 0
		if (/^[a-z0-9][^:]*$/) {
			if (block != "values") { end_block(); print ".RS"; block = "values" }
			$0 = "\\fB" $0 "\\fR"
		} else
			end_block()
		print ".TP"; print; next
	}
	/^\.(PP|S[SH])/ { end_block() }
	sub(/^Exit status: /, "") { print ".SH \"EXIT STATUS\"" }
	{ print }
	END {
		end_block()
		print ".SH \"SEE ALSO\""
		n = split("pollux-fwd pollux-pipe pollux-gen pollux-rfc2544 pollux-dump pollux-tap pollux-stats " \
			"pollux-bind pollux-doctor pollux-model", all)
		for (i = 1; i <= n; i++)
			if (all[i] != name)
				text = text (text ? ",\n" : "") ".BR " all[i] " (1)"
		gsub(/,\n/, " ,\n", text)
		gsub(/-/, "\\-", text)
		print text
	}'
