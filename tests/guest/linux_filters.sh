# Part of linux_ixgbe_guest.sh: which frames the card lets through. Each series is followed by one that has to arrive,
# which ends the reception: what did not come before it was not let through.
# shellcheck shell=sh disable=SC2154
# through WHAT WANTED SEND-ARGUMENTS...: the far end sends 20 frames to one address; the near end sees all of them (yes)
# or none (no)
through() {
	wanted=$1 to=$2 vlan=${3:--}
	hear /tmp/frames guest-frames receive eth0 30 || return 1
	# writes to registers are posted, and the far end sends by another port: after a read they have arrived
	ethtool -S eth0 >/dev/null
	$far_end guest-frames send eth1 "$to" 100 20 7 "$vlan" && finish_far "$near_mac" || return 1
	wait $hearing || { cat /tmp/frames; return 1; }
	cat /tmp/frames
	if [ "$wanted" = yes ]; then
		grep -q "^$(whole 7 20 "${4:-100}")" /tmp/frames && return
	else
		grep -q '^mark 7' /tmp/frames || return 0
	fi
	ethtool -d eth0 | grep -A 5 -E ': (FCTRL|VLNCTRL) ' # what the driver had asked of the card
	return 1
}
with() { # "COMMAND" CHECK...: between a command of ip and what undoes it
	before=$1 after=$2
	shift 2
	# shellcheck disable=SC2086
	/bin/ip $before || return 1
	"$@"
	state=$?
	# shellcheck disable=SC2086
	/bin/ip $after
	return $state
}
other=02:00:00:00:00:77
check "unicast to another address is not seen" through no $other
check "but is in promiscuous mode" with "link set eth0 promisc on" "link set eth0 promisc off" through yes $other
check "and not any more after it" through no $other
check "a second address of its own is seen" \
	with "link add link eth0 name second address $other type macvlan" "link del second" \
	with "link set second up" "link set second down" through yes $other
check "a multicast group that nobody joined is not seen" through no 01:00:5e:05:06:07
check "one that was joined is" \
	with "maddr add 01:00:5e:05:06:07 dev eth0" "maddr del 01:00:5e:05:06:07 dev eth0" through yes 01:00:5e:05:06:07
check "another beside it is not" \
	with "maddr add 01:00:5e:05:06:07 dev eth0" "maddr del 01:00:5e:05:06:07 dev eth0" through no 01:00:5e:05:06:08
check "with allmulticast all are" \
	with "link set eth0 allmulticast on" "link set eth0 allmulticast off" through yes 01:00:5e:05:06:08
check "broadcast is seen" through yes ff:ff:ff:ff:ff:ff

# The tag of a frame that a socket sees is the one that the card or the kernel took off, so the frame has its 4 bytes
# less.
vlan_ping() {
	/bin/ping -c 3 -i 0.2 -W 5 198.51.100.2 && /bin/ping -c 2 -i 0.2 -W 5 -s 1472 -M do 198.51.100.2
}
feature() { ethtool -K eth0 "$@" && settled; }
/bin/ip link add link eth0 name eth0.5 type vlan id 5
/bin/ip addr add 198.51.100.1/24 dev eth0.5
/bin/ip link set eth0.5 up
$far_end /bin/ip link add link eth1 name eth1.5 type vlan id 5
$far_end /bin/ip addr add 198.51.100.2/24 dev eth1.5
$far_end /bin/ip link set eth1.5 up
check "VLAN 5" vlan_ping
check "frames of VLAN 5 come through the filter" through yes "$near_mac" 5 96
check "those of VLAN 6 do not" through no "$near_mac" 6
check "nor of VLAN 37, in another word of the table" through no "$near_mac" 37
check "with the filter off they do" eval 'feature rx-vlan-filter off && through yes "$near_mac" 6 96'
check "on again, they do not" eval 'feature rx-vlan-filter on && through no "$near_mac" 6'
for strip in on off; do
	for insert in on off; do
		check "VLAN 5 with stripping $strip, inserting $insert" \
			eval "feature rxvlan $strip txvlan $insert && vlan_ping"
	done
done
# what a program in the driver sees is what the card wrote: with stripping the tag is gone, without it is there
feature rxvlan on txvlan on
/bin/ip link del eth0.5
$far_end /bin/ip link del eth1.5
