#!/bin/bash
# The documents name what is there: files, headings, registers, functions. Each doubt about the cards is marked in the
# driver, or in the model, at the lines that rest on it. And what is to be read first stays short.
# Usage: tests/docs.sh
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib.sh
log=$work/log
mapfile -t documents < <(find . -name '*.md' ! -path './build/*' ! -path './.git/*' | sed 's,^\./,,' | sort)

# prose FILE: without fenced code
prose() { awk '/^```/ { code = !code; next } !code' "$1"; }
# quoted FILE: what stands between backticks, one a line
quoted() { prose "$1" | grep -oE '`[^`]+`' | tr -d '`'; }

# -- Files: `driver/nic.h`, `tests/model/`, `nic.c` --
find . -path ./build -prune -o -path ./.git -prune -o -type f -print | sed 's,.*/,,' | sort -u >"$work/names"
# there FILE PATH: it is, from the top or from the document's folder; * and {a,b} as in the shell
there() {
	local path
	for path in $(eval "printf '%s\n' ${2//\*/\\*}"); do
		compgen -G "$path" >/dev/null || compgen -G "$(dirname "$1")/$path" >/dev/null || return 1
	done
}
for document in "${documents[@]}"; do
	while read -r word; do
		case $word in
		build/*) ;;
		driver/* | vfio/* | mempool/* | apps/* | tests/* | hw-docs/* | */*.c | */*.h | */*.sh | */*.md)
			there "$document" "$word" || echo "$document: $word"
			;;
		*[*'{']*) ;;
		*?.c | *?.h | *?.sh) grep -qxF "$word" "$work/names" || echo "$document: $word" ;;
		esac
	done < <(quoted "$document" | cut -d ' ' -f 1 | grep -xE '[A-Za-z0-9_.{},*+-][A-Za-z0-9_./{},*+-]*')
done >"$log"
check "the files that documents name are there" "$log" [ ! -s "$log" ]

# -- Links, and the headings that they lead to --
anchors() {
	prose "$1" | sed -nE 's/^#+ //p' | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}
for document in "${documents[@]}"; do
	for link in $(prose "$document" | grep -oE '\]\([^ )]+\)' | sed 's/^](//; s/)$//' | grep -v '^https\?:'); do
		target=$document file=${link%%#*}
		[ -z "$file" ] || target=$(dirname "$document")/$file
		[ -e "$target" ] || { echo "$document: $link" && continue; }
		[[ $link != *#* ]] || anchors "$target" | grep -qxF "${link#*#}" || echo "$document: $link"
	done
done >"$log"
check "their links lead somewhere" "$log" [ ! -s "$log" ]

# -- Functions and fields in driver/README.md --
for name in $(quoted driver/README.md | grep -v / | grep -oE '\b[a-z][a-z0-9]*(_[a-z0-9]+)+\b' | sort -u); do
	grep -rqw --include='*.[ch]' "$name" driver vfio mempool || echo "$name"
done >"$log"
check "the functions that driver/README.md names are there" "$log" [ ! -s "$log" ]

# -- The book on the cards --
# described LISTS CHAPTERS: each register of the lists is in one of the chapters
described() {
	local name
	# shellcheck disable=SC2086
	cat $1 | sed -nE 's/^\tX\(([A-Z0-9_]+),.*/\1/p' | sort -u >"$work/registers"
	[ -s "$work/registers" ] || echo "$1: no registers"
	while read -r name; do
		# shellcheck disable=SC2086
		grep -qE "\`$name(\[n\])?\`" $2 || echo "$name is not in $2"
	done <"$work/registers"
}
described "driver/ixgbe/registers.h driver/ixgbe/other_registers.h" \
	"hw-docs/82599.md hw-docs/x540-x550.md hw-docs/counters.md" >"$log"
check "each register of ixgbe's list is in its chapters" "$log" [ ! -s "$log" ]
described "driver/gigabit/registers.h driver/gigabit/chips/*_registers.h" \
	"hw-docs/82540em-82574l.md hw-docs/82576.md hw-docs/counters.md" >"$log"
check "  and of the gigabit cards' lists" "$log" [ ! -s "$log" ]
grep '^|' hw-docs/counters.md >"$work/table"
check "the picture of a packet's way is tests/compare/packet_way.awk's" /dev/null \
	diff -q hw-docs/packet-way.svg <(awk -f tests/compare/packet_way.awk)
check "  and a run has its place there" /dev/null [ "$(grep -oxE '<!-- tests/compare/chapter.sh: (begin|end) -->' \
	hw-docs/packet-way.md | tr -dc 'a-z\n' | xargs)" = "testscomparechaptershbegin testscomparechaptershend" ]
check "the table of counters is tests/counters_table.sh's" "$log" diff "$work/table" <(tests/counters_table.sh)

# -- Doubts: `doubt 4` in a comment of the driver is number 4 of doubts.md, `doubt M4` in the model its number M4 --
numbered() { sed -nE "s/^\| ($1[0-9]+) \|.*/\1/p" hw-docs/doubts.md; }
# marked PREFIX FILES: numbers of doubts that are named there
marked() {
	local number="$1[0-9]+"
	shift
	grep -rhoE "\bdoubts? $number(, $number)*( and $number)?" --include='*.c' --include='*.h' \
		--include='*.md' "$@" | grep -oE "$number" | sort -u
}
# check_doubts PREFIX FOLDER
check_doubts() {
	numbered "$1" >"$work/doubts"
	sort -u "$work/doubts" >"$work/sorted"
	seq -f "$1%g" "$(wc -l <"$work/doubts")" >"$work/counted"
	check "doubts of $2/ are numbered from 1 on" "$work/doubts" diff "$work/counted" "$work/doubts"
	comm -23 "$work/sorted" <(marked "$1" "$2") >"$log"
	check "  each is marked there" "$log" [ ! -s "$log" ]
	comm -13 "$work/sorted" <(marked "$1" "$2" hw-docs tests/model) >"$log"
	check "  and each mark has its doubt" "$log" [ ! -s "$log" ]
}
check_doubts "" driver
check_doubts M tests/model

# -- To be read first --
# the lines of tables are no words
short() { [ "$(tr -d '|' <"$1" | wc -w)" -le "$2" ]; }
check "README.md has at most 1,350 words" /dev/null short README.md 1350
check "driver/README.md has at most 970" /dev/null short driver/README.md 970
end_checks
