#!/bin/bash
# DPDK's ixgbe driver as a judge of the offloads of the software 82599 and X550: the distribution's testpmd, unmodified,
# asks for checksums, segmentation, RSS, VLAN tags; tshark judges what leaves on the wire, testpmd what comes in.
# Usage: tests/judge_dpdk_offloads.sh BUILD-FOLDER [CARD]. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [CARD]}
card=${2:-82599}
. tests/lib.sh
. tests/lib_tshark.sh
. tests/lib_dpdk.sh
frames=800 # of the 8 kinds of headers that testpmd looks into
wrong=$work/wrong.pcap right=$work/right.pcap vectors=$work/vectors.pcap
{ "$bin/pollux-pcap-flows" "$wrong" $frames wrong 1400 8 && "$bin/pollux-pcap-flows" "$right" $frames right 1400 8 &&
	"$bin/pollux-pcap-flows" "$vectors" 160 vectors; } || exit 1

# through CAPTURE WANTED MODE COMMAND...: from wire 0 to wire 1, after commands on stopped ports; all of it has come
# when WANTED frames have left
more=
through() {
	local capture=$1 wanted=$2 mode=$3
	shift 3
	rm -f "$work/out.pcap"
	model --hold --wire "0:pcap-in=$capture" --wire "1:pcap-out=$work/out.pcap"
	# shellcheck disable=SC2086
	testpmd ab full-scalar --enable-rx-cksum $more
	[ $# = 0 ] || for command in "port stop all" "$@" "port start all"; do ask "$command"; done
	start "$mode"
	kill -USR1 $model
	wait_for has 1 TX-packets "$wanted"
	stop
	end_testpmd
	end_model >"$work/end.log" || cat "$work/end.log"
}
# of_port_0 NAME: of the statistics at its end
of_port_0() {
	sed -n "/Forward statistics for port 0 /,/^  ---*\$/s/.*$1: *\([0-9]*\).*/\1/p" "$work/dpdk.log" | tail -n 1
}
nothing_wrong() { check "  the model finds nothing wrong" "$work/model.log" only_known_faults; }

through "$wrong" $frames csum
check "$card: testpmd has the card write $frames frames' checksums, and tshark finds all right" "$work/dpdk.log" \
	sums_good "$work/out.pcap" $frames
check "  every stream is as it was" "$work/dpdk.log" same_streams "$right" "$work/out.pcap"
# DPDK believes no wrong UDP checksum of an 82599, for its erratum
bad_l4=$frames
[ "$card" != 82599 ] || bad_l4=$((frames / 2))
check "  and the card has told that all were wrong, of which five eighths have an IPv4 header" "$work/dpdk.log" \
	equal "$((frames * 5 / 8)) $bad_l4" "$(of_port_0 Bad-ipcsum) $(of_port_0 Bad-l4csum)"
nothing_wrong

# of frames with more than 300 bytes of TCP each comes in segments
segments=$(fields "$right" tcp.len | awk '{ n += $1 > 300 ? int(($1 + 299) / 300) : 1 } END { print n }')
through "$right" "$segments" csum "tso set 300 1"
check "$card: it has the card cut TCP into segments of 300 bytes, and tshark finds all sums right" "$work/dpdk.log" \
	sums_good "$work/out.pcap" "$segments"
check "  every stream is as it was" "$work/dpdk.log" same_streams "$right" "$work/out.pcap"
check "  no segment is larger" "$work/dpdk.log" equal 300 "$(largest_segment "$work/out.pcap")"
check "  and the card has told that all were right" "$work/dpdk.log" \
	equal "0 0" "$(of_port_0 Bad-ipcsum) $(of_port_0 Bad-l4csum)"
nothing_wrong

# port 0 takes tags off, and keeps VLAN 5 only; port 1 puts another in
through "$right" $frames mac "vlan set strip on 0" "tx_vlan set 1 1929"
check "$card: it has the card take tags off, and put others in" "$work/dpdk.log" \
	equal "$frames:1929" "$(frame_fields "$work/out.pcap" vlan.id)"
check "  tshark finds every sum right" "$work/dpdk.log" sums_good "$work/out.pcap" $frames
check "  every stream is as it was" "$work/dpdk.log" same_streams "$right" "$work/out.pcap"
nothing_wrong
more=--enable-hw-vlan-filter
through "$right" $((frames * 6 / 8)) io "rx_vlan add 7 0"
check "$card: a filter for VLAN 7 keeps VLAN 5 away" "$work/dpdk.log" \
	equal "$((frames * 6 / 8)):" "$(frame_fields "$work/out.pcap" vlan.id)"
nothing_wrong

# RSS with the published key, and a table that names the queues from the last on
queues=8 entries=128
[ "$card" != x550 ] || entries=512
published="51ccc178 c626b0ea 5c2b394a afc7327f 10e828a2 40207d3d dde51bbf 02d1feef"
key=6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa
reta=() wanted=
for hash in $published; do
	entry=$((0x$hash % entries))
	reta+=("port config 0 rss reta ($entry,$((queues - 1 - entry % queues)))")
	wanted+="hash=0x$(printf %x 0x$hash) - RSS queue=0x$((queues - 1 - entry % queues))"$'\n'
done
model --hold --wire "0:pcap-in=$vectors"
testpmd a full-scalar --rxq=$queues --txq=$queues --enable-rx-cksum
ask "set verbose 1"
ask "port config 0 rss-hash-key ipv4-tcp $key"
ask "port config all rss tcp"
for command in "${reta[@]}"; do ask "$command"; done
start rxonly
kill -USR1 $model
wait_for has 0 RX-packets 160
stop
end_testpmd
end_model >"$work/end.log" || cat "$work/end.log"
check "$card: RSS has the published hashes, and the queues of a table that was changed" "$work/dpdk.log" \
	equal "$(sort -u <<<"${wanted%$'\n'}")" \
	"$(grep -o 'hash=0x[0-9a-f]* - RSS queue=0x[0-9a-f]*' "$work/dpdk.log" | sort -u)"
nothing_wrong
end_checks
