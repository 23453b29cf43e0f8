#!/bin/bash
# What a benchmark's run gives beside an earlier one: cells whose instructions differ, or whose cycles differ by more
# than both spreads. Cycles of a cell that either run has marked (bench --help) are not judged.
# Usage: tests/bench/compare.sh BASE.json NEW.json. Exit status: 0 nothing is worse, 1 something is, 2 cannot compare.
set -u
base=${1:-} new=${2:-}
if [ ! -r "$base" ] || [ ! -r "$new" ]; then
	echo "usage: make bench-compare BASE=saved.json, after make bench (it saves build/bench.json);" \
		"'$base' or '$new' cannot be read" >&2
	exit 2
fi
command -v jq >/dev/null || { echo "bench-compare needs jq: apt-get install jq" >&2; exit 2; }
# A median is told from another when it lies outside what the other's rounds had from minimum to median, twice over, and
# by 2 %.
jq -rn --slurpfile a "$base" --slurpfile b "$new" '
	def key: [.driver, .job, .burst, .frame_bytes, .model] | map(tostring) | join(" ");
	def spread: .cycles_median - .cycles_min;
	def count($what): map(select(.cycles == $what or .instructions == $what)) | length;
	def worse($x; $y): $y.cycles_median - $x.cycles_median >
		([2 * ($x | spread), 2 * ($y | spread), $x.cycles_median * 0.02] | max);
	def marks: (if .differ then "processes differ" else empty end), (if .restless then "restless" else empty end);
	($a[0].cells | map({(key): .}) | add) as $old
	| [$b[0].cells[] | . as $n | $old[key] | select(.) | . as $o | {key: ($n | key), o: $o, n: $n,
		marks: ([$o, $n | marks] | unique | join(", ")),
		cycles: (if worse($o; $n) then "worse" elif worse($n; $o) then "better" else "same" end),
		instructions: (if ($o.instructions and $n.instructions) then
			(if $n.instructions > $o.instructions + 0.5 then "worse"
			elif $n.instructions < $o.instructions - 0.5 then "better" else "same" end)
			else "same" end)}
		| if .marks != "" and .cycles != "same" then .cycles = "not judged: " + .marks else . end] as $all
	| ($all[] | select(.cycles != "same" or .instructions != "same")
		| "\(.key): cycles \(.o.cycles_median) -> \(.n.cycles_median) (\(.cycles)), " +
			"instructions \(.o.instructions // "-") -> \(.n.instructions // "-") (\(.instructions))"),
	"\($all | length) cells compared: \($all | count("worse")) worse, " +
		"\($all | count("better")) better in something, " +
		"cycles of \([$all[] | select(.marks != "")] | length) not judged: they are marked",
	(if ($all | length) == 0 then "NOTHING" elif $all | count("worse") > 0 then "WORSE" else "FINE" end)
' >build/bench-compare.txt || exit 2
verdict=$(tail -n 1 build/bench-compare.txt)
head -n -1 build/bench-compare.txt
case $verdict in
FINE) exit 0 ;;
WORSE) exit 1 ;;
*) echo "the two runs have no cell in common" >&2; exit 2 ;;
esac
