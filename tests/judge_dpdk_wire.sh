#!/bin/bash
# DPDK at one end of a wire of the software 82599 and Pollux at the other: each sends, the other echoes or captures, and
# every packet is accounted for, byte by byte.
# Usage: tests/judge_dpdk_wire.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
. tests/lib_dpdk.sh
b=vfio-user:$work/b

# value NAME: of the last line of the generator's JSON
value() { tail -n 1 "$work/gen.log" | grep -o "\"$1\":[0-9]*" | head -n 1 | grep -o '[0-9]*$'; }
# gen COUNT OPTIONS...: sends from Pollux's end, and has status and output kept
gen() {
	local count=$1
	shift
	timeout 600 "$bin/pollux-gen" --json --quiet --flows 64 --count "$count" --rate 200k "$@" \
		$b >"$work/gen.log" 2>"$work/gen.err"
	gen_status=$?
}
# all_back COUNT: each came back once, in order, as it was
all_back() {
	counts "0 $1 $1 0 0 0 0 0" "$gen_status" "$(value sent)" "$(value own)" "$(value lost)" "$(value reordered)" \
		"$(value duplicates)" \
		"$(value corrupted)" "$(value foreign)"
}

# -- Pollux sends, DPDK echoes --
model --wire 0:peer=1,lossless
testpmd a full-vector
start macswap retry
for size in 64 333 1518; do
	gen 10000 --size $size
	check "DPDK echoes 10,000 numbered frames of $size bytes: none lost, reordered, duplicated or changed" \
		"$work/gen.log" all_back 10000
done
stop
# DPDK counts from when it started; Pollux's port was reset between, so the sum is all there is
check "  and has counted as many both ways" "$work/dpdk.log" \
	counts "30000 30000 0" "$(dpdk_count 0 RX-packets)" "$(dpdk_count 0 TX-packets)" \
	"$(dpdk_count 0 TX-dropped)"
start 5tswap
gen 1000 --size 128
check "an echo with IP addresses swapped is told from one that is as it was" "$work/gen.log" \
	counts "1000 0 1000" "$(value sent)" "$(value own)" \
	"$(value corrupted)"
stop
end_testpmd
end_model
check "  the model finds nothing wrong" "$work/model.log" only_known_faults

# captured: what Pollux has written is what DPDK says it sent, each frame sound
captured() {
	local sent
	sent=$(shown 0 TX-packets)
	[ "$sent" -ge 1000 ] && "$bin/pollux-pcap-check" --count "$sent" "$@" "$work/dump.pcap"
}
dumping() { [ -e "$work/dump.pcap" ]; }
# dump PATH MODE CHECKS...: DPDK sends, Pollux captures
dump() {
	local path=$1 mode=$2 dump
	shift 2
	rm -f "$work/dump.pcap"
	model --wire 0:peer=1,lossless --wire "0:pcap-out=$work/a.pcap"
	testpmd a "$path"
	"$bin/pollux-dump" $b -w "$work/dump.pcap" >"$work/dump.log" 2>&1 &
	dump=$!
	wait_for dumping
	start "$mode"
	wait_for sent_enough 0
	stop
	wait_for still sent 0
	wait_for still stat -c %s "$work/dump.pcap"
	kill -INT $dump
	wait $dump
	end_testpmd
	end_model
	check "$path, $mode: Pollux captures all that DPDK counts, and every frame is sound" "$work/dpdk.log" \
		captured "$@"
	check "  and is what the wire carried" "$work/dump.log" "$bin/pollux-pcap-diff" "$work/a.pcap" "$work/dump.pcap"
	check "  the model finds nothing wrong" "$work/model.log" only_known_faults
}
dump vector txonly --from ${mac[0]} --size 64
dump scalar flowgen --from 00:01:02:03:04:00 --flows 1024

# -- DPDK generates, Pollux echoes: the example, which here waits where it would drop, as testpmd sends faster than it
# receives --
sed 's/pkt_free(\(pkts + sent, n - sent\));.*/while (sent < n) sent += nic_tx(nic_txq(nic, 0), \1);/' \
	apps/examples/reflect.c >"$work/reflect.c"
ln -s "$PWD" "$work/pollux"
cc -I"$work" "$work/reflect.c" "$bin/libpollux.a" -lnuma -lpthread -o "$work/reflect" || exit 1
model --wire 0:peer=1,lossless --wire "0:pcap-out=$work/a.pcap" --wire "1:pcap-out=$work/b.pcap"
testpmd a scalar
"$work/reflect" $b >"$work/reflect.log" 2>&1 &
reflect=$!
start flowgen
wait_for sent_enough 0
stop
start rxonly # what is still on the wire
same() {
	ask "show port stats 0"
	sleep 0.1
	[ "$(shown 0 RX-packets)" = "$(shown 0 TX-packets)" ]
}
limit=200 wait_for same
stop
kill $reflect
wait $reflect 2>/dev/null
end_testpmd
end_model
check "DPDK generates, Pollux echoes: as many come back as went out" "$work/dpdk.log" \
	counts "$(shown 0 TX-packets) $(shown 0 TX-packets)" \
	"$(shown 0 RX-packets)" "$(model_count 1 out)"
check "  at least 1,000" "$work/dpdk.log" test "$(shown 0 TX-packets)" -ge 1000
check "  each with its addresses swapped, and nothing else changed" "$work/reflect.log" \
	"$bin/pollux-pcap-diff" --swapped "$work/a.pcap" "$work/b.pcap"
check "  the model finds nothing wrong" "$work/model.log" only_known_faults
end_checks
