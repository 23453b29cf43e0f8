#!/bin/bash
# A program's manual page, on stdout: what its --help says, set by help2man. Usage: tests/man.sh PROGRAM
set -euo pipefail
program=$1
name=$(basename "$program")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# help2man takes lines for commands that have a prompt, and those for headings that begin in the first column and end in a colon
ARGP_HELP_FMT=rmargin=1000 "$program" --help | awk '/^ [A-Z].*:$/ { sub(/^ /, "") } /^$/ { examples = 0 } examples { sub(/^ +/, "  $ ") }
	/^Examples:/ { examples = 1 } { print }' >"$work/--help"
"$program" --version >"$work/--version"
printf '#!/bin/sh\ncat "${0%%/*}/$1"\n' >"$work/$name"
chmod +x "$work/$name"
what=$(sed -n '2 { s/[.:].*//; p }' "$work/--help")
help2man --no-info --name "${what,}" "$work/$name"
