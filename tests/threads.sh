#!/bin/bash
# Applications with several queues under TSan, which finds what two threads touch without order: each moves packets of a
# software 82599, prints reports meanwhile, and ends by itself.
# Usage: tests/threads.sh BUILD-FOLDER TSAN-BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER TSAN-BUILD-FOLDER}
tsan=${2:?usage: $0 BUILD-FOLDER TSAN-BUILD-FOLDER}
. tests/lib.sh
a=vfio-user:$work/a b=vfio-user:$work/b

# quiet PROGRAM OPTIONS...: TSan has nothing to say of it, and it took packets by each of its queues
quiet() {
	local program=$1 queue
	shift
	# this kernel's address space layout may be too random for TSan's shadow: fix it
	timeout 120 setarch -R "$tsan/pollux-$program" --json --interval 0.1 "$@" >"$work/json" 2>"$work/err"
	check "$program $* ends with status 0" "$work/err" test $? = 0
	check "  and TSan is quiet" "$work/err" eval '! grep -q "WARNING: ThreadSanitizer" "$work/err"'
	for queue in 0 1 2; do
		check "  queue $queue has taken packets" "$work/json" eval \
			"tail -n 1 '$work/json' | grep -q '\"queue\":$queue,\"rx_taken\":[1-9]'"
	done
}

model --wire 0:source,rate=20k,flows=64 --wire 1:source,rate=20k,flows=64
quiet fwd --queues 3 --duration 1 $a $b
quiet fwd --queues 3 --duration 1 --offloads tx-checksum,vlan-strip --mode macswap $a $b
quiet pipe --queues 3 --duration 1 $a $b
quiet fwd --queues 3 --duration 1 --poll adaptive --metrics "$work/metrics" $a $b
quiet dump --queues 3 --count 3000 -w "$work/dump.pcap" $a udp
end_model
model --wire 0:peer=1,lossless
quiet gen --queues 3 --flows 64 --rate 10k --count 5000 $b $a
quiet gen --queues 3 --flows 64 --rate 10k --count 5000 --poll adaptive $b $a
end_model
end_checks
