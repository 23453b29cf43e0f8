#!/bin/bash
# Runs every fuzzer of a build folder for so many seconds, as many at a time as there are CPUs. What libFuzzer learns
# stays in build/, where the next run goes on; what fails is kept there as well, and named.
# Usage: tests/fuzz.sh BUILD_FOLDER SECONDS
cd "$(dirname "$0")/.." || exit 1
. tests/progress.sh
folder=${1:?} seconds=${2:?}
work=build/fuzz-corpus
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

run() {
	local name=$1 log=$work/$1.log
	mkdir -p "$work/$name"
	"$folder/fuzz_$name" -max_total_time="$seconds" -max_len=1024 -timeout=20 -rss_limit_mb=2048 \
		-print_final_stats=1 \
		-artifact_prefix="$work/failed-$name-" "$work/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1 && return
	echo "the whole of it is $log"
	grep -E -A 12 'ERROR|runtime error|does not hold|^pollux:' "$log" | head -n 20
	return 1
}

for seeds in tests/fuzz/corpus/*/; do
	name=$(basename "$seeds")
	beside=1 most_s=$((seconds + 1200)) step "fuzz $name, $seconds s" run "$name"
done
run_steps $work/steps "$(nproc)"
for seeds in tests/fuzz/corpus/*/; do
	name=$(basename "$seeds")
	printf '%-12s %s executions\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")"
done
end_steps && exit
echo "Replay a failed input with: make BUILD=asan replays && build/asan/replay_NAME FILE;" \
	"add it to tests/fuzz/corpus/NAME"
exit 1
