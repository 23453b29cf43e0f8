# Part of linux_ixgbe_guest.sh: XDP programs in the driver, and AF_XDP sockets in zero-copy mode, which take single
# queues off the running card, give it a program's memory, and put them back. No series is larger than ring and packet
# buffer hold (320 KiB of an X540, its flow director taken off): without pause frames nothing else keeps a fast sender
# from a slow receiver.
# shellcheck shell=sh disable=SC2154
# frames of the far end reach the near card, three in a row. A program resets the card, and on a busy machine the far
# one sees that late
through() {
	settled || return 1
	good=0
	for i in $(seq 60); do
		before=$(counter rx_pkts_nic)
		$far_end guest-frames send eth1 "$near_mac" 60 1 10 && usleep 50000
		[ "$(counter rx_pkts_nic)" -gt "$before" ] && good=$((good + 1)) || good=0
		[ $good = 3 ] && return 0
	done
	return 1
}
# NAME COMMAND...: does the command while that program of guest-xsk's runs on the near card
with_program() {
	program=
	hear /tmp/program guest-xsk "$1" eth0 && program=$hearing && shift && through && "$@"
	status=$?
	[ -z "$program" ] || stop "$program"
	return $status
}
all_seen() {
	hear /tmp/frames guest-frames receive eth0 60 &&
		$far_end guest-frames send eth1 "$near_mac" 200 500 1 && finish_far "$near_mac" &&
		heard /tmp/frames "$(whole 1 500 200)"
}
none_seen() {
	hear /tmp/frames guest-frames receive eth0 3 || return 1
	before=$(counter rx_pkts_nic)
	$far_end guest-frames send eth1 "$near_mac" 200 500 1 && finish_far "$near_mac"
	wait $hearing
	after=$(counter rx_pkts_nic)
	cat /tmp/frames
	echo "$((after - before)) frames reached the card"
	[ $((after - before)) -ge 501 ] && ! grep -q '^mark' /tmp/frames
}
all_back() {
	hear /tmp/frames $far_end guest-frames receive eth1 60 &&
		$far_end guest-frames send eth1 "$near_mac" 300 500 1 && finish_far "$near_mac" &&
		heard /tmp/frames "$(whole 1 500 300)"
}
zero_copy_receive() {
	hear /tmp/frames guest-xsk receive eth0 0 60 && through &&
		$far_end guest-frames send eth1 "$near_mac" 128 2500 2 && finish_far "$near_mac" &&
		heard /tmp/frames "$(whole 2 2500 128)"
}
zero_copy_send() {
	hear /tmp/frames $far_end guest-frames receive eth1 60 &&
		guest-xsk send eth0 0 "$far_mac" 128 2500 3 && heard /tmp/frames "$(whole 3 2500 128)"
}
zero_copy_both() { # a socket at either end
	hear /tmp/frames $far_end guest-xsk receive eth1 0 60 && settled &&
		guest-xsk send eth0 0 "$far_mac" 1514 600 4 && heard /tmp/frames "$(whole 4 600 1514)"
}
zero_copy_again() { # traffic all the while
	hear /tmp/frames guest-xsk again eth0 0 20 50 && receiver=$hearing && settled || return 1
	$far_end guest-frames send eth1 "$near_mac" 100 1000000 5 - 200 >/tmp/sender 2>&1 &
	sender=$!
	wait $receiver
	status=$?
	stop "$sender"
	cat /tmp/frames /tmp/sender
	return $status
}
# A small ring, and more frames at once than it and the packet buffer hold: with pause frames each reaches a socket;
# without, it does so or is counted as lost, under the name that goes with what the queue was told (wait, or drop where
# others need the buffer).
flood() { # COUNTER. The sender is stopped afterwards: that resets its card, and what was not read of counters is lost
	settled && hear /tmp/frames $far_end guest-frames receive eth1 90 && snapshot before || return 1
	guest-xsk send eth0 0 "$far_mac" 1514 3000 9 120 >/tmp/sender 2>&1 &
	sender=$!
	wait_for 90 grep -q 'frames completed' /tmp/sender && cat /tmp/sender && settled && snapshot after &&
		finish_near "$far_mac" || return 1
	wait $hearing
	cat /tmp/frames
	lost=$(grew far "$1") got=$(sed -n 's/^mark 9: \([0-9]*\) frames.* 0 wrong,.*/\1/p' /tmp/frames)
	echo "received $got, lost $lost"
	# 3001 with the one that would have ended the reception
	[ $((got + lost)) -ge 3000 ] && [ $((got + lost)) -le 3001 ] &&
		[ $(($(grew far rx_packets) + lost)) = 3001 ]
}
# either resets the card
small_ring() { $far_end ethtool -G eth1 rx 64 && through; }
no_pause() { $far_end ethtool -A eth1 autoneg off rx off tx off || $far_end ethtool -A eth1 rx off tx off; through; }
one_queue() { $far_end ethtool -L eth1 combined 1 && through; }
all_queues() { $far_end ethtool -L eth1 combined 4 && through; }
# What the far end's card has sent has stopped the near one's; its partner may send pause frames besides.
flood_paused() {
	small_ring && flood rx_missed_errors && [ "$lost" = 0 ] || return 1
	for i in $(seq 15); do pauses_agree && stop "$sender" && return; done
	echo "asked for a pause $xoff times, and for its end $xon times: heard $told, and $ended; other frames $own"
	false
}
# The drivers read these counters every two seconds, or later on a busy machine; nothing else changes by then.
pauses_agree() {
	snapshot after
	xoff=$(grew far tx_flow_control_xoff) xon=$(grew far tx_flow_control_xon)
	told=$(grew near rx_flow_control_xoff) ended=$(grew near rx_flow_control_xon) own=$(grew far tx_pkts_nic)
	[ "$xoff" -gt 0 ] && [ "$xon" -gt 0 ] && [ "$told" -ge "$xoff" ] && [ "$ended" -ge "$xon" ] &&
		[ "$own" = 0 ] &&
		ask wire_grew 1 out_xoff "$xoff" out_xon "$xon" out_frames $((xoff + xon)) missed 0
}
flood_missed() {
	no_pause && one_queue && flood rx_missed_errors && stop "$sender" && [ "$lost" -gt 0 ] &&
		ask wire_grew 1 missed "$lost" received $((3001 - lost)) in_frames 3001
}
flood_dropped() {
	all_queues && flood rx_no_dma_resources && stop "$sender" && [ "$lost" -gt 0 ] &&
		ask wire_grew 1 missed 0 no_descriptor "$lost" received $((3001 - lost)) in_frames 3001
}
alive() { settled && /bin/ping -c 3 -i 0.2 -W 5 192.0.2.2; }

check "XDP_PASS: 500 frames, all seen" with_program pass all_seen
check "XDP_DROP: 500 frames reach the card, none is seen" with_program drop none_seen
check "XDP_TX: 500 frames come back, byte for byte" with_program bounce all_back
check "AF_XDP zero-copy: 2500 frames received, byte for byte" zero_copy_receive
check "AF_XDP zero-copy: 2500 frames sent, byte for byte" zero_copy_send
check "AF_XDP zero-copy at both ends: 600 frames of full size" zero_copy_both
check "AF_XDP zero-copy: 20 sockets come and go on a running queue, under traffic" zero_copy_again
check "3000 frames at once to 63 descriptors: pause frames slow them, and all are received" flood_paused
check "the same without pause frames: received, or counted as missed, by kernel and wire alike" flood_missed
check "the same with several queues: received, or counted as dropped by the queue" flood_dropped
$far_end ethtool -G eth1 rx 512
check "the kernel's own traffic goes on after all that" alive
