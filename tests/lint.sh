#!/bin/bash
# What a reader has to do with: lines of code in each room, without comments and blank lines, beside the size that was
# aimed at; files that grow too long; lines that are too wide; the reading path. Fails when the library is larger than
# it may be, when a source belongs to no room, or a line is too wide, and when the reading path grows or its list is out
# of date. The library's was to be 13,500: what real cards, queues, offloads, waiting and recovery need has passed it,
# and from here on it shrinks. The other sizes are guides: what grows past one is cut, or explained.
# Usage: tests/lint.sh [--format]   --format: also counts what clang-format would change, which depends on its version
cd "$(dirname "$0")/.." || exit 1
shopt -s extglob nullglob
status=0
fail() {
	echo "$*"
	status=1
}

# All that is in the repository; or all files, where this is a copy without one.
files() { git ls-files 2>/dev/null || find . -type f ! -path './build/*' -printf '%P\n'; }
code_lines() { cat "$@" </dev/null | gcc -fpreprocessed -dD -E -P -x c - 2>/dev/null | grep -cv '^[[:space:]]*$'; }

# Room, the lines aimed at, and its files. Those of the library are all listed, each in one room.
declare -A room_of
lint_rooms() {
	local aim name files file lines
	printf '%-20s %6s %6s\n' room lines aim
	while read -r aim name files; do
		# shellcheck disable=SC2206
		files=($files)
		lines=$(code_lines "${files[@]}")
		printf '%-20s %6d %6d\n' "$name" "$lines" "$aim"
		[ ${#files[@]} -gt 0 ] || fail "there is nothing in the room $name: tests/lint.sh has to follow"
		if [ "$name" = library ]; then
			[ "$lines" -le "$aim" ] || fail "the library has $lines lines of code, and may have $aim"
			continue
		fi
		for file in "${files[@]}"; do
			[ -z "${room_of[$file]:-}" ] || fail "$file is in two rooms: ${room_of[$file]} and $name"
			room_of[$file]=$name
		done
	done <<-'ROOMS'
		15531 library driver/*.[ch] driver/*/*.[ch] driver/*/*/*.[ch] vfio/*.[ch] vfio/*/*.[ch] mempool/*.[ch]
		2900 vfio vfio/*.[ch] vfio/kernel/*.[ch] vfio/user/*.[ch]
		630 vfio/host vfio/host/*.[ch]
		1100 mempool mempool/*.[ch]
		1000 driver driver/!(pipe*).[ch]
		1300 driver/ring driver/ring/*.[ch]
		1150 driver/pipe driver/pipe*.[ch] driver/pipe/*.[ch]
		3000 driver/ixgbe driver/ixgbe/*.[ch]
		2100 driver/gigabit driver/gigabit/*.[ch] driver/gigabit/chips/*.[ch]
		250 apps/fwd apps/fwd*.[ch]
		900 apps/gen apps/gen.c apps/gen_*.[ch]
		450 apps/rfc2544 apps/rfc2544*.[ch]
		250 apps/pipe apps/pipe.c
		250 apps/dump apps/dump*.[ch]
		250 apps/tap apps/tap.c
		700 apps/stats apps/stats*.[ch]
		1000 apps/bind apps/bind*.[ch]
		1200 apps/doctor apps/doctor*.[ch]
		1300 apps apps/app*.[ch]
		190 apps/examples apps/examples/*.c
		6500 model/card tests/model/card/*.[ch]
		1300 model/server tests/model/server/*.[ch]
		800 model/meter tests/model/wire/meter*.[ch]
		1800 model/wire tests/model/wire/!(meter*).[ch]
		1500 model tests/model/*.[ch]
	ROOMS
	for file in $(files | grep -E '^(apps|driver|mempool|vfio|tests/model)/.*\.[ch]$'); do
		[ -n "${room_of[$file]:-}" ] || fail "$file is in no room: tests/lint.sh has to follow"
	done
}

lint_long_files() {
	files | grep '\.[ch]$' | xargs wc -l |
		awk '$1 > 800 && $2 != "total" { print $2 " has " $1 " lines: is it still one idea?" }'
}

# A macro of one or two letters breaks the compiler's headers for vector instructions, whose parameters are called so.
lint_short_macros() {
	local found
	found=$(files | grep '^tests/.*\.[ch]$' |
		xargs grep -nE '^[[:space:]]*#[[:space:]]*define[[:space:]]+[A-Za-z0-9_]{1,2}([[:space:](]|$)')
	[ -z "$found" ] || fail "macros of one or two letters:"$'\n'"$found"
}

# Not what programs write or read (pictures, captures, seeds, times, the transcript of a session), nor the rows of a
# table in a document, which cannot be broken.
lint_wide_lines() {
	local file wide
	for file in $(git ls-files |
		grep -vE '\.(svg|pcap|json)$|^tests/(fuzz/corpus/|usual_times$)|^hw-docs/transcript.md$'); do
		wide=$(expand -t 8 "$file" | grep -vE '^\|' | LC_ALL=C.UTF-8 grep -cE '^.{121}')
		[ "$wide" = 0 ] || fail "$file: $wide lines are wider than 120 columns"
	done
}

lint_reading_path() {
	awk -v list=tests/reading_path -f tests/reading_path.awk apps/fwd.c \
		driver/*.[ch] driver/*/*.[ch] driver/*/*/*.[ch] vfio/*.[ch] vfio/*/*.[ch] mempool/*.[ch] || status=1
}

lint_format() {
	command -v clang-format >/dev/null || { echo "clang-format is not installed" && return; }
	echo "clang-format: $(files | grep '\.[ch]$' | xargs clang-format --dry-run -Werror 2>&1 |
		grep -c 'error:') places differ (make format)"
}

lint_rooms
echo
lint_reading_path
echo
lint_long_files
lint_short_macros
lint_wide_lines
[ "${1:-}" != --format ] || lint_format
exit $status
