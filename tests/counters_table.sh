#!/bin/bash
# Writes the table of hw-docs/counters.md, from the lists of registers that the drivers are built from.
# Usage: tests/counters_table.sh
set -u
cd "$(dirname "$0")/.." || exit 1

fields='([A-Z0-9_]+), *(0x[0-9A-F]+), *[0-9x]+, *([0-9]+), *([0-9a-z]+)' # without the stride
texts='"([a-z0-9_]+)", *"([^"]+)"'

# rows CARDS FILES MACRO: its rows, one a line: name, registers, cards, sentence
rows() {
	# shellcheck disable=SC2086
	sed -e ':a' -e '/\\$/N; s/\\\n[\t ]*//; ta' $2 |
		sed -nE "s/^#define $3\(X(, pair)?\) *//p" | sed 's/X(/\n/g' |
		sed -nE "s/^$fields, .*$texts.*/\\1|\\2|\\3|\\4|\\5|\\6/p" |
		while IFS='|' read -r register offset count bits name sentence; do
			[ "$count" = 1 ] || register+="[n]"
			echo "| \`$name\` | $1 | \`$register\` | $offset | $bits | $sentence |"
		done
}
echo "| Counter | Cards | Register | Offset | Bits | What it says |"
echo "|---|---|---|---|---|---|"
{
	rows all driver/counter_registers.h CARD_COUNTERS
	rows ixgbe driver/ixgbe/other_registers.h IXGBE_COUNTERS
	rows gigabit driver/gigabit/registers.h GIGABIT_COUNTERS
	rows "gigabit but 82576" driver/gigabit/registers.h E1000_COUNTERS
	rows 82576 driver/gigabit/chips/82576_registers.h IGB_COUNTERS
} | sed 's/| pair |/| 36 or 64 |/' | LC_ALL=C sort
