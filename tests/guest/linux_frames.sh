# Part of linux_ixgbe_guest.sh: numbered frames from one end to the other, and what a reception says of them.
# shellcheck shell=sh disable=SC2154,SC2034
far_end="/bin/ip netns exec far"
near_mac=$(cat /sys/class/net/eth0/address)
far_mac=$($far_end cat /sys/class/net/eth1/address)
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
finish_far() { $far_end guest-frames send eth1 "$1" 60 1 0; }
finish_near() { guest-frames send eth0 "$1" 60 1 0; }
whole() { echo "mark $1: $2 frames, $(($2 * $3)) bytes, 0 wrong, 0 misplaced"; }
