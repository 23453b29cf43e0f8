#!/bin/bash
# Which lines and branches the tests run: the unit tests, and the shell tests that run applications, on programs built
# with --coverage. Prints a table per room, and leaves HTML in BUILD-FOLDER/html. Usage: tests/coverage.sh BUILD-FOLDER
# A test that fails is told, but its lines count; what a program has run is written as it ends, so a killed one has run
# nothing.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/progress.sh
. tests/app_scripts.sh
rooms="driver vfio mempool apps"
info=$bin/lcov.info

# lcov 2 has another name for the option
branches=lcov_branch_coverage=1
[[ $(lcov --version) != *"version 2"* ]] || branches=branch_coverage=1
collect() {
	local room folders=()
	for room in $rooms; do folders+=("$PWD/$room/*"); done
	lcov --quiet --rc $branches --capture --directory "$bin" --base-directory . \
		--no-external --output-file "$info.all" &&
		lcov --quiet --rc $branches --extract "$info.all" "${folders[@]}" --output-file "$info" &&
		genhtml --quiet --rc $branches --branch-coverage --prefix "$PWD" --title Pollux \
			--output-directory "$bin/html" "$info"
}

rm -rf "$bin/html" "$info"
find "$bin" -name '*.gcda' -delete
most_s=3600 step "a QEMU with an 82576" tests/guest/qemu_igb.sh
section "Tests"
for test in tests/unit/test_*.c; do
	test=$(basename "$test" .c)
	beside=1 step "$test" "$bin/$test"
done
for script in "${beside_scripts[@]}" tests/kernel_vfio.sh tests/accounting.sh; do
	step "$script" "$script" "$bin"
done
section "What they have run"
step "collecting, with lcov" collect
run_steps "$bin/logs"
end_steps
status=$?
[ -s "$info" ] || exit 1

awk -F '[:,]' -v here="$PWD/" -v rooms="$rooms" '
function row(name, r) {
	printf "%-16s %7d %8.1f %% %9d %8.1f %%\n", name, lines[r], lines[r] ? 100 * lines_run[r] / lines[r] : 0,
		branches[r], branches[r] ? 100 * branches_run[r] / branches[r] : 0
}
/^SF:/ { file = substr($0, 4); sub(here, "", file); room = file; if (!sub(/\/[^\/]*$/, "", room)) room = "." }
/^LF:/ { lines[room] += $2; lines["all"] += $2 }
/^LH:/ { lines_run[room] += $2; lines_run["all"] += $2 }
/^BRF:/ { branches[room] += $2; branches["all"] += $2 }
/^BRH:/ { branches_run[room] += $2; branches_run["all"] += $2 }
END {
	printf "\n%-16s %7s %10s %9s %10s\n", "room", "lines", "run", "branches", "taken"
	split(rooms, order, " ")
	for (i = 1; i in order; i++) {
		row(order[i], order[i])
		for (room in lines)
			if (index(room, order[i] "/") == 1) row(room, room)
	}
	row("all", "all")
}' "$info"
echo
echo "$bin/html/index.html has each line."
exit $status
