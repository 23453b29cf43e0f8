# Part of linux_ixgbe_guest.sh: XDP programs in the driver, and AF_XDP sockets in zero-copy mode, which take single queues off the running
# card, give it a program's memory, and put them back.
# No series is larger than ring and packet buffer hold: without pause frames nothing else keeps a fast sender from a slow receiver.
# shellcheck shell=sh disable=SC2154
hear() { # FILE COMMAND...: in the background, until it listens; $hearing is its process
	file=$1
	shift
	"$@" >"$file" 2>&1 &
	hearing=$!
	for i in $(seq 300); do
		grep -q listening "$file" && return 0
		kill -0 $hearing 2>/dev/null || break
		usleep 100000
	done
	cat "$file"
	return 1
}
heard() { # FILE LINE: the reception ended, and this series is what came
	wait $hearing || { cat "$1"; return 1; }
	cat "$1"
	grep -q "^$2" "$1"
}
stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}
# the frame that ends a reception, from the far end and from the near one
finish_far() { /bin/ip netns exec far guest-frames send eth1 "$1" 60 1 0; }
finish_near() { guest-frames send eth0 "$1" 60 1 0; }
whole() { echo "mark $1: $2 frames, $(($2 * $3)) bytes, 0 wrong, 0 misplaced"; }

xdp_pass() {
	hear /tmp/program guest-xsk pass eth0 && program=$hearing && settled &&
		hear /tmp/frames guest-frames receive eth0 60 &&
		/bin/ip netns exec far guest-frames send eth1 "$near_mac" 200 500 1 && finish_far "$near_mac" &&
		heard /tmp/frames "$(whole 1 500 200)"
	status=$?
	stop "$program"
	return $status
}
xdp_drop() {
	hear /tmp/program guest-xsk drop eth0 && program=$hearing && settled &&
		hear /tmp/frames guest-frames receive eth0 3 || return 1
	before=$(counter rx_pkts_nic)
	/bin/ip netns exec far guest-frames send eth1 "$near_mac" 200 500 1 && finish_far "$near_mac"
	wait $hearing
	after=$(counter rx_pkts_nic)
	stop "$program"
	cat /tmp/frames
	echo "$((after - before)) frames reached the card"
	[ $((after - before)) -ge 501 ] && ! grep -q '^mark' /tmp/frames
}
xdp_bounce() {
	hear /tmp/program guest-xsk bounce eth0 && program=$hearing && settled &&
		hear /tmp/frames /bin/ip netns exec far guest-frames receive eth1 60 &&
		/bin/ip netns exec far guest-frames send eth1 "$near_mac" 300 500 1 && finish_far "$near_mac" &&
		heard /tmp/frames "$(whole 1 500 300)"
	status=$?
	stop "$program"
	return $status
}
zero_copy_receive() {
	hear /tmp/frames guest-xsk receive eth0 0 60 && settled &&
		/bin/ip netns exec far guest-frames send eth1 "$near_mac" 128 3000 2 && finish_far "$near_mac" &&
		heard /tmp/frames "$(whole 2 3000 128)"
}
zero_copy_send() {
	hear /tmp/frames /bin/ip netns exec far guest-frames receive eth1 60 &&
		guest-xsk send eth0 0 "$far_mac" 128 3000 3 && heard /tmp/frames "$(whole 3 3000 128)"
}
zero_copy_both() { # a socket at either end
	hear /tmp/frames /bin/ip netns exec far guest-xsk receive eth1 0 60 && settled &&
		guest-xsk send eth0 0 "$far_mac" 1514 800 4 && heard /tmp/frames "$(whole 4 800 1514)"
}
zero_copy_again() { # traffic all the while
	hear /tmp/frames guest-xsk again eth0 0 20 50 && receiver=$hearing && settled || return 1
	/bin/ip netns exec far guest-frames send eth1 "$near_mac" 100 1000000 5 - 200 >/tmp/sender 2>&1 &
	sender=$!
	wait $receiver
	status=$?
	stop $sender
	cat /tmp/frames /tmp/sender
	return $status
}
alive() { settled && /bin/ping -c 3 -i 0.2 -W 5 192.0.2.2; }

near_mac=$(cat /sys/class/net/eth0/address)
far_mac=$(/bin/ip netns exec far cat /sys/class/net/eth1/address)
check "XDP_PASS: 500 frames, all seen" xdp_pass
check "XDP_DROP: 500 frames reach the card, none is seen" xdp_drop
check "XDP_TX: 500 frames come back, byte for byte" xdp_bounce
check "AF_XDP zero-copy: 3000 frames received, byte for byte" zero_copy_receive
check "AF_XDP zero-copy: 3000 frames sent, byte for byte" zero_copy_send
check "AF_XDP zero-copy at both ends: 800 frames of full size" zero_copy_both
check "AF_XDP zero-copy: 20 sockets come and go on a running queue, under traffic" zero_copy_again
check "the kernel's own traffic goes on after all that" alive
