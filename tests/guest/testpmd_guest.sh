# Runs inside the guest: on each wire Pollux has the one card and DPDK's testpmd the other. (See testpmd.sh.)
echo 256 >/proc/sys/vm/nr_hugepages # of 2 MiB
. /data/dpdk.sh

# said TIMES TEXT: testpmd has said so
said() { [ "$(grep -c "$2" /tmp/fwd.log)" -ge "$1" ]; }
# tell_start MODE [OPTION]: with counters that begin at 0
tell_start() {
	starts=$((starts + 1))
	tell "set fwd $1"
	tell "clear port stats all"
	tell "start ${2:-}"
}
# start MODE [OPTION]: and waits. It takes the forwarding's counters last of all, so it has done that when it answers
# again
start() {
	tell_start "$@"
	tell "show port summary all"
	asked=$((asked + 1))
	wait_for 60 said $asked 'Number of available ports'
}
stop() {
	tell stop
	tell "show port stats 0"
	wait_for 60 said $starts 'Throughput (since last show)'
}
# shown NAME: of the card's counters; total NAME: of the forwarding's
shown() { sed -n "/NIC statistics for port 0 /,/Throughput/s/.*$1: *\([0-9]*\).*/\1/p" /tmp/fwd.log | tail -n 1; }
total() { sed -n "/Accumulated forward statistics/,/++++++++++++/s/.*$1: *\([0-9]*\).*/\1/p" /tmp/fwd.log | tail -n 1; }
counts() { # WANTED COUNTED...
	wanted=$1
	shift
	[ "$*" = "$wanted" ] || { echo "counted: $*; wanted: $wanted"; return 1; }
}
# dpdk_counts RECEIVED SENT: and nothing missed, broken or dropped
dpdk_counts() {
	counts "$1 0 0 0 $2 0 $1 0 $2 0" "$(shown RX-packets)" "$(shown RX-missed)" "$(shown RX-errors)" \
		"$(shown RX-nombuf)" "$(shown TX-packets)" \
		"$(shown TX-errors)" "$(total RX-packets)" "$(total RX-dropped)" "$(total TX-packets)" \
		"$(total TX-dropped)"
}

# QEMU's 82540EM takes nothing for a second after RCTL was written: a ring for what waits meanwhile, and more than a
# second of traffic
gen() { # COUNT SIZE
	pollux-gen --quiet --json --duration 60 --ring 4096 --rate 1500 --flows 64 --count "$1" --size "$2" \
		"$ours" >/tmp/gen.json 2>/tmp/gen.err
}
value() { tail -n 1 /tmp/gen.json | grep -o "\"$1\":[0-9]*" | head -n 1 | grep -o '[0-9]*$'; }
accounts() { # SENT OWN LOST REORDERED DUPLICATES CORRUPTED FOREIGN
	counts "$*" $(for name in sent own lost reordered duplicates corrupted foreign; do value $name; done)
}

# captured COUNT WHAT...: what testpmd sent has come, all of it sound
captured() {
	[ "$1" -ge 200 ] && pollux-pcap-check --count "$@" /tmp/dump.pcap
}
begin_dump() {
	rm -f /tmp/dump.pcap
	pollux-dump --quiet --ring 4096 "$ours" -w /tmp/dump.pcap 2>/tmp/dump.log &
	dump=$!
	wait_for 20 test -e /tmp/dump.pcap
	sleep 1.2 # see gen: nothing tells when a 82540EM begins to take frames
}
end_dump() {
	wait_for 20 still stat -c %s /tmp/dump.pcap
	kill -INT $dump
	ended 20 $dump 0
}
mac() { echo "52:54:00:00:00:0$1"; } # of a card (see boot.sh)

number=0
for pair in $(sed 's/.*pairs=\([^ ]*\).*/\1/; s/,/ /g' /proc/cmdline); do
	echo "    Pollux on ${pair%+*}, DPDK on ${pair#*+}"
	ours=$(card $number) theirs=$(card $((number + 1))) starts=0 asked=0
	FILE=/tmp/gen.err
	check "$pair: both are bound to vfio-pci" bind vfio-pci "$ours" "$theirs"
	FILE=/tmp/fwd.log check "testpmd comes up" testpmd "$theirs" -- --no-flush-rx --rxd=4096
	sleep 1.2 # as in begin_dump

	start rxonly
	gen 3000 64
	stop
	check "rxonly: of Pollux's 3000 packets none comes back" accounts 3000 0 3000 0 0 0 0
	check "  and DPDK has counted each" dpdk_counts 3000 0
	for run in macswap:64 io:333 mac:1518; do
		start "${run%:*}"
		gen 3000 "${run#*:}"
		stop
		check "${run%:*}: DPDK echoes 3000 of ${run#*:} bytes: none lost, reordered, duplicated or changed" \
			accounts 3000 3000 0 0 0 0 0
		check "  and has counted each" dpdk_counts 3000 3000
	done
	start 5tswap
	gen 1500 128
	stop
	check "5tswap: an echo with IP addresses swapped is told from one that is as it was" \
		accounts 1500 0 1500 0 0 1500 0

	begin_dump
	start rxonly "tx_first 100" # of 32 frames each
	stop
	FILE=/tmp/dump.log check "Pollux captures until it is told to stop" end_dump
	check "txonly: DPDK sends 3200" dpdk_counts 0 3200
	FILE=/tmp/dump.log check "  and Pollux captures each, and every frame is sound" \
		captured 3200 --from "$(mac $((number + 1)))" --size 64

	# Not for long, for it has no rate, and what the receive ring does not hold is lost where the guest's CPUs wait
	# for others: the stop comes right behind, and more than 4000 frames are not counted
	tell "set burst 8"
	for try in $(seq 10); do
		begin_dump
		tell_start flowgen
		stop
		end_dump
		sent=$(shown TX-packets)
		[ "$sent" -lt 200 ] || [ "$sent" -gt 4000 ] || break
	done
	check "flowgen: DPDK sends $sent" dpdk_counts 0 "$sent"
	FILE=/tmp/dump.log check "  and Pollux captures each, and every frame is sound" \
		captured "$sent" --from 00:01:02:03:04:00
	FILE=/tmp/fwd.log check "testpmd ends" end_testpmd
	check "no IOMMU fault" no_fault
	number=$((number + 2))
done
