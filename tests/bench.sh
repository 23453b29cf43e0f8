#!/bin/bash
# The benchmark as a program: its counts are the same each time, its processes end with it, and what it marks is not
# judged. Usage: tests/bench.sh BUILD_FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
folder=${1:?usage: $0 BUILD_FOLDER}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	echo "FAIL: $1"
	failed=1
}

# Instructions are exact, with bursts and in the pipe, whose packets cost more in some places of the ring than in
# others.
for run in 1 2; do
	"$folder/bench" --only 'scalar fwd 32 hot' --rounds 1 --json 2>/dev/null |
		grep -o '"driver":"[^"]*"\|"instructions":[0-9.]*' >"$work/counts.$run"
done
cat "$work/counts.1"
[ "$(grep -c '"instructions":[1-9][0-9]' "$work/counts.1")" = 2 ] || fail "two cells are counted"
cmp "$work/counts.1" "$work/counts.2" || fail "the second run counts other instructions"

# Three processes have had their rounds, and what they come to is written with its marks.
"$folder/bench" --only 'AVX2 rx 8 hot|scalar rx 8 hot' --rounds 3 --save "$work/base.json" >/dev/null 2>"$work/said" ||
	fail "three rounds are measured"
grep -q '^bench: process 3 of 3$' "$work/said" || fail "the third process says nothing: $(cat "$work/said")"
grep -q '"processes":3' "$work/base.json" || fail "the file tells of three processes: $(cat "$work/base.json")"
grep -q '"process_medians":\[[0-9.]*,[0-9.]*\],"differ":[a-z]*,"restless":[a-z]*}' "$work/base.json" ||
	fail "each cell has marks: $(cat "$work/base.json")"

# Whatever else the machine does, frames are handed over, and none before it is due.
"$folder/bench" --pacing --only ' 1000000$' --rounds 1 --json >"$work/pacing.json" 2>/dev/null ||
	fail "the pacing is measured"
[ "$(grep -c '"frames":[1-9][0-9]*,"early":0,' "$work/pacing.json")" = 2 ] ||
	fail "two paces send, and nothing early: $(cat "$work/pacing.json")"

# What a user ends ends all: while the first process counts instructions, and while the second measures.
for number in 1 2; do
	"$folder/bench" --only 'scalar fwd 1 hot' --rounds 99 >/dev/null 2>"$work/said" &
	bench=$! all=''
	for _ in $(seq 200); do
		! grep -q "process $number of 3" "$work/said" || break
		sleep 0.05
	done
	sleep 0.3
	for child in $(pgrep -P "$bench"); do all+=" $child $(pgrep -P "$child")"; done
	kill -TERM "$bench"
	wait "$bench" 2>/dev/null
	for _ in $(seq 50); do
		left=''
		for child in $all; do
			grep -qs '^State:.[^Z]' "/proc/$child/status" && left+=" $child"
		done
		[ -n "$left" ] || break
		sleep 0.1
	done
	[ -n "$all" ] || fail "the benchmark has no process of its own: $(cat "$work/said")"
	[ -z "$left" ] || fail "these outlive it, ended during process $number:$left"
done

if ! command -v jq >/dev/null; then
	echo "not tested without jq: bench-compare"
	exit $failed
fi
# bench-compare: a cell of twice the cycles is worse, a marked one is not judged.
jq '.cells |= map(.differ = false | .restless = false | .cycles_min = 10 | .cycles_median = 10)' \
	"$work/base.json" >"$work/old.json"
compare() {
	jq ".cells |= map($1)" "$work/old.json" >"$work/new.json"
	tests/bench/compare.sh "$work/old.json" "$work/new.json" >"$work/compared"
	[ $? = "$2" ] || fail "bench-compare does not end with $2 where $1: $(cat "$work/compared")"
	grep -q "$3" "$work/compared" || fail "bench-compare does not say '$3' where $1: $(cat "$work/compared")"
}
compare . 0 'cells compared: 0 worse, 0 better'
compare '.cycles_min = 20 | .cycles_median = 20' 1 ' 10 -> 20 (worse)'
compare '.cycles_min = 20 | .cycles_median = 20 | .differ = true' 0 ' 10 -> 20 (not judged: processes differ)'
compare '.cycles_min = 20 | .cycles_median = 20 | .restless = true' 0 ' 10 -> 20 (not judged: restless)'
compare '.instructions += 5 | .differ = true' 1 'instructions .* (worse)'
exit $failed
