#!/bin/bash
# The test run behind `make check`: builds with gcc and clang, warnings as errors, and runs every test, then again under ASan and UBSan,
# and pools and statistics under TSan. Prints a line per step and the sum; exit status 0 only if nothing failed.
set -u
cd "$(dirname "$0")/.." || exit 1
logs=build/check-logs
rm -rf $logs
mkdir -p $logs
passed=0 failed=0 skipped=0
jobs=$(nproc)

# step NAME COMMAND...: runs it, $most_s (300) at most, output to a log, shown only when it fails. 77: skipped, the last line says why.
step() {
	local name=$1 log status begin=$SECONDS most=${most_s:-300}
	shift
	log=$logs/${name//[^A-Za-z0-9_.-]/_}.log
	# shellcheck disable=SC2016
	if [ "$(type -t "$1")" = function ]; then
		timeout -k 5 $most bash -c '"$@"' bash "$@"
	else
		timeout -k 5 $most "$@"
	fi >"$log" 2>&1 </dev/null
	status=$?
	if [ $status = 0 ]; then
		passed=$((passed + 1))
		printf '  ok    %-52s %3d s\n' "$name" $((SECONDS - begin))
	elif [ $status = 77 ]; then
		skipped=$((skipped + 1))
		printf '  skip  %-52s %s\n' "$name" "$(tail -n 1 "$log")"
	else
		failed=$((failed + 1))
		printf '  FAIL  %-52s exit status %d; the end of %s:\n' "$name" $status "$log"
		tail -n 25 "$log" | sed 's/^/        /'
	fi
	# what a test could not run where it is, it says in lines of this kind
	sed -n 's/^ *\(skip[a-z]*:\)/        \1/p' "$log"
}

# Every public header compiles alone, in each C and C++ that applications are written in, and with nothing to complain of.
headers_alone() {
	local headers="vfio/error.h vfio/space.h vfio/device.h vfio/pci.h vfio/bind.h mempool/pkt.h driver/nic.h driver/pipe.h"
	local warnings="-Wall -Wextra -Wpedantic -Werror -Wno-unused-function" standard status=0
	for standard in c99 c11 c17; do
		gcc -std=$standard $warnings -fsyntax-only -x c $headers mempool/memory.h || status=1
		clang -std=$standard $warnings -fsyntax-only -x c $headers mempool/memory.h || status=1
	done
	for standard in c++11 c++14 c++17 c++20; do
		g++ -std=$standard $warnings -fsyntax-only -x c++ $headers || status=1
		clang++ -std=$standard $warnings -fsyntax-only -x c++ $headers || status=1
	done
	return $status
}

# The arrows point one way, and the library neither prints nor exits. What prepares a machine works on devices that no driver has opened yet,
# so the tools for that, and they alone, include vfio/bind.h beside driver/nic.h.
arrows() {
	local status=0 undefined
	grep -nE '#include "\.\./(mempool|driver|apps)/' vfio/*.[ch] && status=1
	grep -nE '#include "\.\./(driver|apps)/' mempool/*.[ch] && status=1
	grep -nE '#include ".*(apps|tests)/' driver/*.[ch] driver/*/*.[ch] && status=1
	grep -nE '#include "\.\./' apps/*.[ch] | grep -vE '"../driver/(nic|pipe).h"|^apps/(bind|doctor)\.c:.*"../vfio/bind.h"' && status=1
	grep -nE '"/(dev|sys)/' driver/*.[ch] driver/*/*.[ch] && status=1
	# as built: what debug builds say of a misused packet, before they abort, is not in it
	undefined=$(nm -A -u build/release/libpollux.a) || status=1
	grep -E ' U (stdout|stderr|_*v?[fd]?printf(_chk)?|f?put[cs]|putchar|perror|_*[eE]xit|abort|__assert_fail)$' <<<"$undefined" && status=1
	return $status
}

# QEMU has an 82576 from 8.0 on: where this machine's is older, a newer one of Debian's is fetched (60 MB) and kept in build/guest.
qemu_with_igb() {
	qemu-system-x86_64 -device help 2>/dev/null | grep -q '^name "igb"' && return
	tests/guest/fetch.sh --only qemu && return
	echo "no QEMU with an 82576: this machine's is older than 8.0, and no newer one could be fetched"
	return 77
}

build() { make -j"$jobs" --no-print-directory WERROR=1 "$@"; }

export -f headers_alone arrows qemu_with_igb build
export jobs

# Every test program of a build folder but those named.
run_tests() {
	local folder=$1 test
	for test in "$folder"/test_*; do
		case $test in *.d | *.o) continue ;; esac
		step "$(basename "$folder") $(basename "$test")" "$test"
	done
}

echo "Builds: gcc and clang, warnings are errors"
step "gcc release" build BUILD=release all tests build/release/bench
step "gcc debug" build BUILD=debug all tests
step "clang release" build BUILD=release CC=clang all tests
step "gcc, ASan and UBSan" build BUILD=asan all tests replays
step "gcc, TSan" build BUILD=tsan all tests
step "public headers alone, C and C++" headers_alone
step "arrows between the rooms" arrows

# 900 s where something may have to be downloaded
most_s=900 step "a QEMU with an 82576" qemu_with_igb

echo "Unit tests and driver against model"
run_tests build/release
run_tests build/debug
echo "The same under ASan and UBSan"
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
run_tests build/asan
echo "The fuzzers' seeds, and what they once found"
for seeds in tests/fuzz/corpus/*/; do
	name=$(basename "$seeds")
	step "replay $name" build/asan/replay_"$name" "$seeds"
done
echo "Threads under TSan"
for test in test_pool_threads test_pool_use test_stats_threads; do
	# this kernel's address space layout may be too random for TSan's shadow: fix it
	step "tsan $test" setarch -R build/tsan/$test
done
echo "Applications and processes"
for script in tests/cli.sh tests/system.sh tests/bridge.sh; do
	step "release $script" $script build/release
	step "asan $script" $script build/asan
done
step "release tests/kernel_vfio.sh" tests/kernel_vfio.sh build/release
most_s=900 step "emulated cards in a guest, through vfio-pci" tests/guest/cards.sh build/release host/kernel/e1000+e1000e
for folder in release release-clang; do
	step "$folder tests/preload.sh" tests/preload.sh build/$folder
done
echo "DPDK's ixgbe judges the software 82599"
step "release tests/judge_dpdk.sh" tests/judge_dpdk.sh build/release
step "release tests/judge_dpdk_wire.sh" tests/judge_dpdk_wire.sh build/release
step "the README's application" tests/readme.sh build/release
step "the demo tells good from bad" tests/demo_verdict.sh

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
