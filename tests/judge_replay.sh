#!/bin/bash
# Captures as the generator replays them, judged by tshark: with other addresses in each loop, every checksum is as
# right as before, those of fragments too, and every loop has flows of its own; packets of other links are what they
# were.
# Usage: tests/judge_replay.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh
. tests/lib_tshark.sh
mixed=tests/captures/mixed.pcap

# replay CAPTURE OPTIONS...: what leaves port 0 is in $work/out.pcap
replay() {
	rm -f "$work/out.pcap"
	model --wire "0:pcap-out=$work/out.pcap"
	timeout 60 "$bin/pollux-gen" -q --json --rate 100k --replay "$@" "vfio-user:$work/a" >"$work/gen.log" 2>&1
	status=$?
	end_model >"$work/end.log" || cat "$work/end.log"
	[ $status = 0 ]
}
# sums CAPTURE: how many frames have which sums, datagrams of fragments put together
sums() {
	fields "$1" ip.checksum.status tcp.checksum.status udp.checksum.status icmp.checksum.status \
		icmpv6.checksum.status | sort | uniq -c
}
three_times() { sums "$mixed" | awk '{ $1 *= 3; print }' | diff -w - <(sums "$work/out.pcap"); }
# flows CAPTURE: how many TCP and UDP flows it has
flows() {
	tshark -r "$1" -Y 'tcp || udp' -T fields -e tcp.stream -e udp.stream 2>/dev/null | sort -u | wc -l
}
# packets CAPTURE: of each IP packet, what tells it from others
packets() {
	fields "$1" ip.id ip.len ip.checksum ipv6.plen ipv6.src ipv6.dst tcp.checksum tcp.seq_raw udp.checksum \
		icmp.checksum icmpv6.checksum
}

for options in "--loop=3" "--loop=3 --stream-capture"; do
	# shellcheck disable=SC2086 # some options
	check "$options: three loops with other addresses leave" "$work/gen.log" replay $mixed $options --unique-ip
	check "  tshark finds every sum as it was" "$work/gen.log" three_times
	check "  and three times as many flows" "$work/gen.log" \
		test "$(flows "$work/out.pcap")" = $((3 * $(flows $mixed)))
done
# untagged IP packets alone, without their Ethernet headers
tshark -r $mixed -Y '(ip || ipv6) && !vlan' -F pcap -w "$work/ip.pcap" 2>/dev/null
editcap -F pcap -C 14 -T rawip "$work/ip.pcap" "$work/raw.pcap" &&
	check "a capture of raw IP packets leaves" "$work/gen.log" replay "$work/raw.pcap"
check "  tshark finds in each frame what was there" "$work/gen.log" \
	diff <(packets "$work/ip.pcap") <(packets "$work/out.pcap")
check "  with every sum as it was" "$work/gen.log" diff <(sums "$work/ip.pcap") <(sums "$work/out.pcap")
end_checks
