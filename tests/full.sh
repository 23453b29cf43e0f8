#!/bin/bash
# What check-full runs after check: the model's judges, which are DPDK's drivers and Linux's, and our driver on vfio-pci
# in QEMU guests. All of them, whatever those before said. What each says in detail is in build/full-logs.
# Usage: tests/full.sh CARDS-RUN..., as tests/guest/cards.sh has them. Exit status 0: all that can run are content.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/progress.sh
# what has to be downloaded, or built, may take its time
judge() { most_s=7200 step "$*" "$@"; }
judge tests/judge_dpdk.sh build/release 82599 --all
judge tests/judge_dpdk.sh build/release-clang
judge tests/judge_dpdk.sh build/release x540
judge tests/judge_dpdk.sh build/release x550
for card in 82599 x540 x550; do judge tests/judge_dpdk.sh build/release $card --real; done
for card in 82599 x540 x550; do judge tests/judge_dpdk_offloads.sh build/release $card; done
for card in 82599 x540 x550; do judge tests/judge_dpdk_pause.sh build/release $card; done
judge tests/judge_dpdk_link.sh build/release
judge tests/real.sh build/release 1
judge tests/judge_tshark.sh build/release
judge tests/rfc2544.sh build/release --all
judge tests/judge_replay.sh build/release
judge tests/judge_streams.sh build/release
judge env MINUTES=1 tests/soak.sh build/release
for script in tests/{gen,system,bridge}.sh; do judge env MODEL_OPTIONS=--real $script build/release; done
judge tests/judge_wishes.sh build/release --all
# each card and each kernel, with and without an IOMMU, once; `make judge-linux` has more combinations
judge tests/guest/linux_ixgbe.sh build/release debian12+iommu debian13 debian13-backports+iommu \
	debian13-backports+x540 debian12+x550 debian12+real
judge tests/guest/linux_link.sh build/release
judge tests/guest/linux_recovery.sh build/release
judge tests/guest/ixgbe.sh build/release
judge tests/guest/cards.sh build/release "$@"
judge tests/guest/bind.sh build/release
judge tests/guest/transcript.sh build/release
for cards in e1000e igb ixgbe; do judge tests/guest/shell_typed.sh build/release $cards; done
judge tests/guest/peers.sh build/release 11.1/debian12/e1000+igb 11.1/debian12/e1000e+e1000 11.1/debian12/igb+e1000e \
	11.1/debian12/ixgbe+ixgbe
judge tests/guest/offloads.sh build/release 11.1/debian12/igb+e1000e+e1000
judge tests/guest/testpmd.sh build/release
judge make -s compare ROUNDS=1 SECONDS_EACH=1 TECHNIQUES="sockets af_xdp-zc dpdk pollux"
judge make -s compare ROUNDS=1 SECONDS_EACH=1 ALL=1 COSTS=0 GUESTS="debian13/82599 debian13/igb" \
	TECHNIQUES="bridge xdp-redirect pollux"
rm -rf build/full-logs
run_steps build/full-logs
end_steps
