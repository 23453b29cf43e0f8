#!/bin/bash
# DPDK's ixgbe driver as a judge of the software 82599, X540 or X550: Debian's testpmd, unmodified, on two of its ports through tests/preload/run.
# Usage: tests/judge_dpdk.sh BUILD-FOLDER [CARD]. CARD: as for pollux-model --card. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [CARD]}
card=${2:-82599}
case $card in x540) id=1528 ;; x550) id=1563 ;; *) id=10fb ;; esac
if ! command -v dpdk-testpmd >/dev/null; then
	echo "skip: DPDK is not installed: apt-get install --no-install-recommends dpdk dpdk-dev"
	exit 77
fi
. tests/lib.sh
limit=300
# testpmd PORTS EAL-OPTIONS -- OPTIONS...: forwards until its standard input ends. PORTS: a, b or ab
testpmd() {
	local ports=() names=() eal=()
	case $1 in *a*) ports+=(--device "0000:81:00.0=$work/a") names+=(-a 0000:81:00.0) ;; esac
	case $1 in *b*) ports+=(--device "0000:81:00.1=$work/b") names+=(-a 0000:81:00.1) ;; esac
	shift
	while [ "$1" != -- ]; do eal+=("$1") && shift; done
	shift
	rm -f "$work/in"
	mkfifo "$work/in"
	timeout 50 tests/preload/run --library "$bin/libpollux-preload.so" --device-id $id "${ports[@]}" -- dpdk-testpmd --no-huge -m 128 -l 0,1 \
		--no-telemetry --file-prefix "judge$$" --iova-mode=va "${names[@]}" "${eal[@]}" -- --total-num-mbufs=4096 "$@" \
		<"$work/in" >"$work/dpdk.log" 2>&1 &
	dpdk=$!
	exec 9>"$work/in"
}
started() { grep -q 'Press enter to exit' "$work/dpdk.log"; }
end_testpmd() {
	echo >&9
	exec 9>&-
	wait $dpdk
	status=$?
	if [ $status = 77 ]; then
		tail -n 1 "$work/dpdk.log"
		exit 77
	fi
	return $status
}
faultless() { [ "$(grep -c 'faults: address 0, ring 0, descriptor 0,' "$work/model.log")" = 2 ]; }
# number WHAT FILE: the largest number behind WHAT
number() { grep -o "$1 *[0-9]*" "$2" | grep -o '[0-9]*$' | sort -n | tail -n 1; }
at_least() { [ "${1:-0}" -ge "$2" ]; }

model
tests/preload/run --library "$bin/libpollux-preload.so" --device "0000:81:00.0=$work/a" --device "0000:81:00.1=$work/b" -- \
	"$bin/preload-probe" /dev/vfio/100 0000:81:00.0 /dev/vfio/101 0000:81:00.1 >"$work/probe.log" 2>&1
status=$?
if [ $status = 77 ]; then
	tail -n 1 "$work/probe.log"
	exit 77
fi
check "a plain VFIO program: groups, DMA maps, registers, interrupts" "$work/probe.log" test $status = 0
tests/preload/run --library "$bin/libpollux-preload.so" --device "0000:81:00.0=$work/a" --fail VFIO_IOMMU_MAP_DMA:1:ENOMEM \
	--device "0000:81:00.1=$work/b" -- "$bin/preload-probe" /dev/vfio/100 0000:81:00.0 /dev/vfio/101 0000:81:00.1 >"$work/probe.log" 2>&1
check "a call fails when it is told to" "$work/probe.log" grep -q 'VFIO_IOMMU_MAP_DMA: not so (errno ENOMEM)' "$work/probe.log"
end_model

sent() { sed -n "s/^port $1: .* out \([0-9]*\) frames.*/\1/p" "$work/model.log"; }
# through NAME MODE EAL-OPTIONS...: frames to port 0's own address for a second, and what comes out of port 1. (Others would be filtered:
# testpmd turns promiscuous mode on after it has enabled the receiver. All at once they would be over, where the link comes up by
# itself, before testpmd forwards.)
through() {
	local name=$1 mode=$2
	shift 2
	model --wire 0:source,count=20000,rate=20k,flows=8,seq --wire 1:sink
	testpmd ab "$@" -- --no-flush-rx --forward-mode="$mode"
	wait_for started
	sleep 2
	end_testpmd
	end_model
	check "$name: the model finds no fault with rings, descriptors and addresses" "$work/model.log" faultless
}
# That all 20,000 come through is not asked: testpmd starts to count, and to send, while frames already arrive. What it says it sent
# has to come out.
forwarded() {
	check "  and what it sends comes out" "$work/dpdk.log" test "$(number 'TX-packets:' "$work/dpdk.log")" = "$(sent 1)"
	check "  which is not nothing" "$work/dpdk.log" at_least "$(sent 1)" 1000
}
through "io" io
forwarded
through "mac, without wide vectors" mac --force-max-simd-bitwidth=64
forwarded

for mode in txonly flowgen; do
	model --wire 0:peer=1,lossless
	testpmd ab -- --forward-mode=$mode
	wait_for started
	sleep 1
	end_testpmd
	end_model
	check "$mode on both ends of a wire: no fault" "$work/model.log" faultless
	check "  and frames are sent" "$work/model.log" at_least "$(sent 0)" 1000
done

model --wire 0:peer=1,lossless
testpmd a -- --forward-mode=rxonly
wait_for started
"$bin/pollux-gen" --count 20000 --rate 50k --quiet "vfio-user:$work/b" >"$work/gen.log" 2>&1
check "Pollux sends 20,000 frames" "$work/gen.log" test $? = 0
sleep 0.5
end_testpmd
end_model
check "  and DPDK at the other end of the wire receives them" "$work/dpdk.log" test "$(number 'RX-total:' "$work/dpdk.log")" = 20000

end_checks
