# Runs inside the guest: Linux's own ixgbe on two ports of a software card whose links are stubborn. The cable is
# between them, and what sits in the cages is changed from outside. See guest_lib.sh for check and ask.
# shellcheck shell=sh
carrier() { [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" = "$2" ]; }
# speed PORT MBPS: the link is up, and runs at that
speed() { carrier "$1" 1 && ethtool "$1" | grep -q "Speed: $2Mb/s"; }
comes() { wait_for 60 speed "$@" || { ethtool "$1"; dmesg | tail -n 12; return 1; }; }
# The same for a link that wants several tries, which this driver makes only when its port is opened.
comes_when_tried() {
	for i in 1 2 3 4 5 6; do
		wait_for 6 speed "$@" && { echo "at try $i"; return 0; }
		/bin/ip link set "$1" down
		/bin/ip link set "$1" up
	done
	ethtool "$1"
	return 1
}
goes() { wait_for 30 carrier "$1" 0; }
port_type() { ethtool "$1" | grep "Port: $2" || { ethtool "$1"; return 1; }; }
control() { ask control "$@"; }
card=$(sed 's/.*pollux\.card=\([^ ]*\).*/\1/' /proc/cmdline)

echo "    Linux $(uname -r)"
check "two ports are probed" test -e /sys/class/net/eth0 -a -e /sys/class/net/eth1
/bin/ip link set eth0 up
/bin/ip link set eth1 up
if grep -q pollux.tries /proc/cmdline; then
	tries=1
	sleep 3
	check "over an empty cage there is no link, whatever LINKS says" carrier eth0 0
	control module 0 sr
	control module 1 dac
fi
check "the link comes up${tries:+ when it is tried again and again}" "comes${tries:+_when_tried}" eth0 10000
check "  that of the other port too" "comes${tries:+_when_tried}" eth1 10000
if [ "${tries:-}" ]; then # more would take as many tries again
	check "  which is of the module that came" port_type eth1 Direct
elif [ "$card" = 82599 ]; then
	for module in lr:FIBRE dac:Direct dac-active:Other sr:FIBRE; do
		control module 0 none
		check "the module is pulled out, and the link goes" goes eth0
		control module 0 "${module%:*}"
		check "  another comes, ${module%:*}: the link comes up" comes eth0 10000
		check "  as which Linux knows it" port_type eth0 "${module#*:}"
	done
	control module 0 none
	goes eth0
	control partner 0 1000
	control module 0 1g-sx
	check "a module of 1 Gbit/s and such a partner" comes eth0 1000
	control module 0 none
	goes eth0
	control module 0 dual-rate
	check "a module of two rates, the partner has 1 Gbit/s" comes eth0 1000
	control partner 0 10000
	check "  the partner has 10 Gbit/s" comes eth0 10000
else
	control partner 0 100,1000
	check "the partner has no 10 Gbit/s" comes eth0 1000
	control partner 0 100
	check "  nor 1 Gbit/s" comes eth0 100
	control partner 0 100,1000,10000
	check "  and all" comes eth0 10000
	/bin/ip link set eth0 down
	control link 0 down
	/bin/ip link set eth0 up
	control link 0 up
	check "closed and opened, without a wire meanwhile" comes eth0 10000
fi
if [ -z "${tries:-}" ]; then
	/bin/ip link set eth0 down
	/bin/ip link set eth0 up
	check "closed and opened again" comes eth0 10000
fi
check "nothing in the log that should not be" sh -c \
	'! dmesg | grep -E "ixgbe.*(error|failed|Hang)|WARNING:|BUG:|Oops"'
