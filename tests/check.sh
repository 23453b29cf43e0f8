#!/bin/bash
# The test run behind `make check`: builds with gcc and clang, warnings as errors, and runs every test, then again under
# ASan and UBSan, and what has several threads under TSan. Ends with what was skipped and the sum; exit status 0 only if
# nothing failed.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/progress.sh
. tests/app_scripts.sh
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
jobs=$(nproc)

# Every public header compiles alone, in each C and C++ that applications are written in, and with nothing to complain
# of.
headers_alone() {
	local headers="vfio/error.h vfio/space.h vfio/device.h mempool/pkt.h driver/nic.h driver/pipe.h"
	headers+=" driver/pipe_inline.h"
	headers+=" vfio/host/pci.h vfio/host/use.h vfio/host/iommu.h vfio/host/files.h"
	local warnings="-Wall -Wextra -Wpedantic -Werror -Wno-unused-function" standard status=0
	# included, as "#pragma once" is a warning in a file that is compiled itself
	local folder header
	folder=$(mktemp -d) || return 1
	for header in $headers mempool/memory.h; do echo "#include \"$header\"" >"$folder/${header//\//_}.c"; done
	for standard in c99 c11 c17; do
		gcc -I. -std=$standard $warnings -fsyntax-only "$folder"/*.c || status=1
		clang -I. -std=$standard $warnings -fsyntax-only "$folder"/*.c || status=1
	done
	rm "$folder/mempool_memory.h.c"
	for standard in c++11 c++14 c++17 c++20; do
		g++ -I. -std=$standard $warnings -fsyntax-only -x c++ "$folder"/*.c || status=1
		clang++ -I. -std=$standard $warnings -fsyntax-only -x c++ "$folder"/*.c || status=1
	done
	rm -r "$folder"
	return $status
}

# The arrows point one way, and the library neither prints nor exits. What prepares a machine works on devices that no
# driver has opened yet, so the tools for that, and they alone, include headers of vfio/host/ beside driver/nic.h.
arrows() {
	local status=0 undefined file
	grep -nE '#include ".*(mempool|driver|apps)/' vfio/*.[ch] vfio/*/*.[ch] && status=1
	# inside vfio/: open.c alone knows the two ways to a device, which know nothing of each other, and what a PCI
	# address is; the machine knows neither way
	grep -nE '#include "(\.\./)?(kernel|user)/' vfio/*.[ch] vfio/*/*.[ch] | grep -v '^vfio/open\.c:' && status=1
	grep -nE '#include "host/' vfio/*.[ch] | grep -v '^vfio/open\.c:.*"host/pci.h"$' && status=1
	grep -nE '#include "\.\./(device|space|info|open)\.h' vfio/host/*.[ch] && status=1
	grep -nE '#include "\.\./(driver|apps)/' mempool/*.[ch] && status=1
	grep -nE '#include ".*(apps|tests)/' driver/*.[ch] driver/*/*.[ch] && status=1
	grep -nE '#include "\.\./' apps/*.[ch] |
		grep -v '"../driver/\(nic\|pipe\).h"' |
		grep -vE '^apps/(bind|doctor)[_a-z]*\.[ch]:.*"../vfio/host/[a-z]+.h"' |
		grep -vE '^apps/app_(aspm|machine|pci|placement|use)\.[ch]:.*"../vfio/host/[a-z]+.h"' |
		grep -vE '^apps/(doctor\.c:.*"../vfio/user/holder.h"|bind_plan\.c:.*"../vfio/error.h")' && status=1
	grep -nE '"/(dev|sys)/' driver/*.[ch] driver/*/*.[ch] && status=1
	# inside apps/: no circle, and no program has the generator's parts but the generator and what measures with it
	for file in apps/*.[ch]; do
		sed -n "s/^#include \"\([a-z_0-9]*\)\.h\"/$(basename "${file%.?}") \1/p" "$file"
	done | awk '$1 != $2' | tsort >/dev/null || status=1
	grep -n '#include "gen_' apps/*.[ch] | grep -vE '^apps/(gen|rfc2544)' && status=1
	# examples see what is installed, and nothing else
	grep -n '#include "' apps/examples/*.c && status=1
	# inside tests/model/: the card knows of the driver its list of registers, and neither server nor wire, nor they
	# each other
	grep -nE '#include "\.\./' tests/model/card/*.[ch] | grep -v '"../../../driver/ixgbe/registers.h"$' && status=1
	grep -nE '#include "\.\./[a-z]' tests/model/server/*.[ch] | grep -v '"../card/model.h"$' && status=1
	grep -nE '#include "\.\./[a-z]' tests/model/wire/*.[ch] | grep -v '"../card/model.h"$' && status=1
	# as built: what debug builds say of a misused packet, before they abort, is not in it
	undefined=$(nm -A -u build/release/libpollux.a) || status=1
	grep -E ' U (stdout|stderr|_*v?[fd]?printf(_chk)?|f?put[cs]|putchar|perror|_*[eE]xit|abort|__assert_fail)$' \
		<<<"$undefined" && status=1
	return $status
}

# check-hosts skips a tree that it cannot have, with the reason, and tests nothing without saying so.
hosts_skips() {
	[ "$(id -u)" = 0 ] || { echo "skip: check-hosts needs root" && return 77; }
	! UBUNTU_MIRROR=http://127.0.0.1:9/ubuntu tests/hosts.sh ubuntu24.04 >build/hosts.log && cat build/hosts.log &&
		grep -q '^ubuntu24.04  skipped: http://127.0.0.1:9/ubuntu has no noble, or cannot be reached$' \
			build/hosts.log &&
		grep -q 'so nothing was tested$' build/hosts.log
}

build() { make -j"$jobs" --no-print-directory WERROR=1 "$@"; }

# Every test program of a build folder, two at a time.
run_tests() {
	local folder=$1 test
	for test in tests/unit/test_*.c; do
		test=$(basename "$test" .c)
		beside=1 step "$(basename "$folder") $test" "$folder/$test"
	done
}

section "Builds: gcc and clang, warnings are errors"
build_step() { vital=1 most_s=3600 step "$@"; }
build_step "gcc release" build BUILD=release all tests compare-programs build/release/bench
# not run: what it has more than release, ASan's has too
build_step "gcc debug" build BUILD=debug all
build_step "clang release" build BUILD=release CC=clang all tests compare-programs
build_step "gcc, ASan and UBSan" build BUILD=asan all tests replays compare-programs
threads=(test_app_queues test_pool_threads test_pool_use test_replay test_stats_threads
	test_wait_threads)
build_step "gcc, TSan" build BUILD=tsan "${threads[@]/#/build/tsan/}" build/tsan/pollux-{fwd,pipe,gen,dump}
beside=1 step "the runner of these steps" tests/progress_says.sh
beside=1 step "check-hosts, without a mirror" hosts_skips
beside=1 step "sizes, the reading path, wide lines" tests/lint.sh
beside=1 step "lint finds what it is for" tests/lint_says.sh
beside=1 step "guests that do not begin" tests/guest/boot_says.sh
beside=1 step "public headers alone, C and C++" headers_alone
beside=1 step "arrows between the rooms" arrows

# something may have to be downloaded
most_s=3600 step "a QEMU with an 82576" tests/guest/qemu_igb.sh

section "Unit tests and driver against model"
run_tests build/release
section "The same under ASan and UBSan"
run_tests build/asan
section "The fuzzers' seeds, and what they once found"
for seeds in tests/fuzz/corpus/*/; do
	name=$(basename "$seeds")
	beside=1 step "replay $name" build/asan/replay_"$name" "$seeds"
done
section "Threads under TSan"
for test in "${threads[@]}"; do
	# this kernel's address space layout may be too random for TSan's shadow: fix it
	step "tsan $test" setarch -R build/tsan/$test
done
beside=1 step "applications under TSan" tests/threads.sh build/release build/tsan
section "Applications and processes"
# two at a time, and not the same one: their waits fill each other
for script in "${beside_scripts[@]}"; do beside=1 step "release $script" $script build/release; done
for folder in release release-clang; do beside=1 step "$folder tests/preload.sh" tests/preload.sh build/$folder; done
beside=1 step "release tests/kernel_vfio.sh" tests/kernel_vfio.sh build/release
beside=1 step "release tests/real.sh" tests/real.sh build/release
step "the comparison, without a guest" tests/compare.sh build/release build/asan
beside=1 step "release tests/accounting.sh" tests/accounting.sh build/release
beside=1 step "release tests/rfc2544.sh" tests/rfc2544.sh build/release
for script in "${beside_scripts[@]}"; do beside=1 step "asan $script" $script build/asan; done
most_s=3600 step "emulated cards in a guest, through vfio-pci" \
	tests/guest/cards.sh build/release host/kernel/e1000+e1000e
section "DPDK's ixgbe judges the software 82599"
step "release tests/judge_dpdk.sh" tests/judge_dpdk.sh build/release
step "release tests/judge_dpdk_wire.sh" tests/judge_dpdk_wire.sh build/release
section "Wireshark judges the offloads and the applications"
beside=1 step "release tests/judge_apps.sh" tests/judge_apps.sh build/release
step "release tests/judge_wishes.sh" tests/judge_wishes.sh build/release
step "release tests/bench.sh" tests/bench.sh build/release
beside=1 step "the README's application, installed" tests/readme.sh build/release
beside=1 step "release tests/install.sh" tests/install.sh build/release
step "the demo tells good from bad" tests/demo_verdict.sh
beside=1 step "what documents name is there" tests/docs.sh
beside=1 step "the report on the comparison" tests/compare_report.sh
beside=1 step "XDP, AF_XDP and RDMA at a TAP interface" tests/compare_xdp.sh build/release

rm -rf build/check-logs
run_steps build/check-logs
end_steps
