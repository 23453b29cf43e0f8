#!/bin/bash
# Runs every fuzzer of a build folder for so many seconds, as many at a time as there are CPUs. What libFuzzer learns stays in build/,
# where the next run goes on; what fails is kept there as well, and named.
# Usage: tests/fuzz.sh BUILD_FOLDER SECONDS
cd "$(dirname "$0")/.." || exit 1
folder=${1:?} seconds=${2:?}
work=build/fuzz-corpus
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

run() {
	local name=$1 log=$work/$1.log
	mkdir -p "$work/$name"
	if "$folder/fuzz_$name" -max_total_time="$seconds" -max_len=1024 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$work/failed-$name-" "$work/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		printf '  ok    %-12s %s executions\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
	else
		printf '  FAIL  %-12s the end of %s:\n' "$name" "$log"
		grep -E -A 12 'ERROR|runtime error|does not hold|^pollux:' "$log" | head -n 40 | sed 's/^/        /'
		return 1
	fi
}

mkdir -p $work
rm -f $work/failed
for seeds in tests/fuzz/corpus/*/; do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
		wait -n
	done
	{ run "$(basename "$seeds")" || touch $work/failed; } &
done
wait
[ -e $work/failed ] || exit 0
echo "Replay a failed input with: make BUILD=asan replays && build/asan/replay_NAME FILE; add it to tests/fuzz/corpus/NAME"
exit 1
