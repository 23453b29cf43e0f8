# Part of linux_ixgbe_guest.sh: the driver's counters, which it reads from the card's, against what was sent, against
# the other end's, and, through the host's side, against what went over the wire. Before anything has an address, so
# that nobody else sends.
# shellcheck shell=sh disable=SC2154
# counters END: names and values of all that ethtool -S and the register dump count, one a line
counters() {
	at="$1"
	{
		$at ethtool -S "$2" | sed -n 's/^ *\([a-z_0-9]*\): \([0-9]*\)$/\1 \2/p'
		# the driver's own sums of registers that ethtool -S leaves out
		$at ethtool -d "$2" | sed -n 's/^0x[0-9A-F]*: \([a-z0-9]*\) .* 0x\([0-9A-F]*\)$/\1 \2/p' |
			grep -E '^(prc|ptc|mprc|bprc|mptc|bptc|gprc|gptc|ruc|roc|rfc|rjc)' |
			while read -r counter value; do echo "$counter $((0x$value))"; done
	} >"$3"
}
# but for pause frames, which a partner may send all the time
traffic() { { ethtool -S eth0; $far_end ethtool -S eth1; } | grep -v flow_control; }
snapshot() { # both ends', and the wire's
	wait_for 5 still traffic
	counters "" eth0 "/tmp/near.$1" && counters "$far_end" eth1 "/tmp/far.$1" && ask wire "$1"
}
grew() { # FILE COUNTER: by how much, between the two snapshots; 32-bit registers wrap
	b=$(sed -n "s/^$2 //p" "/tmp/$1.before") a=$(sed -n "s/^$2 //p" "/tmp/$1.after")
	[ -n "$a" ] && [ -n "$b" ] && echo $((a - b))
}
expect() { # FILE COUNTER VALUE
	[ "$(grew "$1" "$2")" = "$3" ] && return
	echo "$1 $2: $(grew "$1" "$2"), not $3"
	wrong=1
}

# Sizes without FCS, on either side of each of the card's bins, and how many of each; all differ, so that no two
# mistakes even out.
sizes="60:11 61:12 123:13 124:14 251:15 252:16 507:17 508:18 1019:19 1020:20 1514:21"
known_traffic() {
	for size in $sizes; do guest-frames send eth0 "$far_mac" "${size%:*}" "${size#*:}" 1 || return 1; done
	guest-frames send eth0 ff:ff:ff:ff:ff:ff 60 7 2 && guest-frames send eth0 01:00:5e:01:02:03 60 5 3 &&
		guest-frames send eth0 33:33:00:00:00:09 60 3 3 &&
		$far_end guest-frames send eth1 "$near_mac" 200 9 4
}
counters_agree() {
	wrong=0 frames=0 bytes=0
	for size in $sizes 60:7 60:5 60:3; do
		frames=$((frames + ${size#*:}))
		bytes=$((bytes + (${size%:*} + 4) * ${size#*:})) # with FCS
	done
	for quiet in rx_crc_errors rx_missed_errors rx_no_dma_resources rx_length_errors rx_errors tx_errors; do
		expect near $quiet 0; expect far $quiet 0
	done
	expect near tx_packets $frames
	expect near tx_pkts_nic $frames
	expect near tx_bytes_nic $bytes
	expect far rx_packets $frames
	expect far rx_pkts_nic $frames
	expect far rx_bytes_nic $bytes
	expect far rx_bytes $((bytes - 4 * frames))
	expect far broadcast 7
	expect far multicast 8
	expect near rx_pkts_nic 9
	expect near rx_bytes_nic $((9 * 204))
	expect far tx_pkts_nic 9
	set -- 64 26 127 25 255 29 511 33 1023 37 1522 41 # 60, 61 and 123, 124 and 251, ...
	while [ $# -gt 0 ]; do
		expect near "ptc$1" "$2"
		expect far "prc$1" "$2"
		shift 2
	done
	expect near mptc 8
	expect near bptc 7
	[ $wrong = 0 ]
}
wire_agrees() { # what the kernel counted, and the host knows: both ends' frames, and bytes without FCS
	ask wire_grew 0 out_frames "$(grew near tx_pkts_nic)" out_bytes \
		$(($(grew near tx_bytes_nic) - 4 * $(grew near tx_pkts_nic))) \
		in_frames "$(grew near rx_pkts_nic)" in_bytes \
		$(($(grew near rx_bytes_nic) - 4 * $(grew near rx_pkts_nic))) missed 0 &&
		ask wire_grew 1 in_frames "$(grew far rx_pkts_nic)" in_bytes \
			$(($(grew far rx_bytes_nic) - 4 * $(grew far rx_pkts_nic))) \
			out_frames "$(grew far tx_pkts_nic)" out_bytes \
			$(($(grew far tx_bytes_nic) - 4 * $(grew far tx_pkts_nic))) missed 0
}
multicast_groups() {
	$far_end /bin/ip maddr "$1" 01:00:5e:01:02:03 dev eth1 && $far_end /bin/ip maddr "$1" 33:33:00:00:00:09 dev eth1
}

multicast_groups add
snapshot before
check "200 known frames are sent" known_traffic
snapshot after
check "both drivers' counters say so: packets, bytes, sizes, multicast, broadcast" counters_agree
check "and so does the wire" wire_agrees
multicast_groups del
