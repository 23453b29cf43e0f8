# Runs inside the guest: Linux's own ixgbe on two ports of the software 82599 with a cable between them, each in a
# network of its own. See guest_lib.sh for check. paths in full: this shell would take its own ip and ping
up() {
	[ "$(cat /sys/class/net/eth0/carrier 2>/dev/null)" = 1 ] &&
		/bin/ip netns exec far cat /sys/class/net/eth1/carrier 2>/dev/null | grep -q 1
}
# until both links are up, and stay so: 15 s at most. The cable carries frames a little later than a driver sees its
# link
settled() {
	for i in $(seq 150); do
		up && usleep 200000 && up && return 0
		usleep 100000
	done
	return 1
}
card=$(sed 's/.*pollux\.card=\([^ ]*\).*/\1/' /proc/cmdline)
counter() { ethtool -S eth0 | sed -n "s/^ *$1: //p"; }

behind_iommu() { # both ports have a domain of their own, and translate addresses
	for i in 0 1; do
		cat /sys/class/net/eth$i/device/iommu_group/type | grep -E '^DMA' || return 1
	done
}
echo "    Linux $(uname -r)"
check "two ports are probed" test -e /sys/class/net/eth0 -a -e /sys/class/net/eth1
check "the driver is ixgbe" sh -c 'ethtool -i eth0 | grep -q "^driver: ixgbe"'
if grep -q intel_iommu=on /proc/cmdline; then
	check "they are behind the IOMMU" behind_iommu
else
	check "no IOMMU" test ! -e /sys/class/net/eth0/device/iommu_group
fi
/bin/ip link set eth0 up
if [ "$card" = 82599 ]; then
	check "the SFP+ module is seen" wait_for 20 sh -c 'dmesg | grep -q "detected SFP+"'
else
	check "the PHY is found" wait_for 20 sh -c 'ethtool eth0 | grep -q "Port: Twisted Pair"'
fi

# Nobody speaks but who is asked to.
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
mkdir -p /run/netns
/bin/ip netns add far
/bin/ip link set eth1 netns far
/bin/ip netns exec far sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
/bin/ip netns exec far /bin/ip link set lo up
/bin/ip netns exec far /bin/ip link set eth1 up
check "both links come up" settled
check "at 10 Gbit/s" sh -c 'ethtool eth0 | grep -q "Speed: 10000Mb/s"'
. /data/linux_frames.sh
. /data/linux_counters.sh
/bin/ip netns exec far /bin/ip addr add 192.0.2.2/24 dev eth1
/bin/ip addr add 192.0.2.1/24 dev eth0

ethtool -t eth0 offline >/tmp/selftest 2>&1
for test in Register Eeprom Interrupt Loopback Link; do
	check "ethtool -t: $test test" grep -Eq "^$test test .*[[:space:]]0$" /tmp/selftest
done
check "links come up after the self-test" settled

check "ping" /bin/ping -c 5 -i 0.2 -W 5 192.0.2.2
check "ping of full size" /bin/ping -c 3 -i 0.2 -W 5 -s 1472 -M 'do' 192.0.2.2
before=$(counter tx_packets)
check "flood of 200 pings, none lost" sh -c '/bin/ping -q -f -c 200 -W 5 192.0.2.2 | grep -q " 0% packet loss"'
check "the driver's counters follow" test $(($(counter tx_packets) - before)) -ge 200

check "TCP to the far end, 3 MB" tcp far 192.0.2.2 near
check "TCP from the far end, 3 MB" tcp near 192.0.2.1 far

. /data/linux_offloads.sh

. /data/linux_xdp.sh # before frames grow larger than a page, which XDP does not take

/bin/ip link set eth0 mtu 9000
/bin/ip netns exec far /bin/ip link set eth1 mtu 9000
check "links come up after a change of MTU" settled
check "MTU 9000" /bin/ping -c 3 -i 0.2 -W 5 -s 8972 -M 'do' 192.0.2.2

check "TCP in such frames, 3 MB" tcp far 192.0.2.2 near
/bin/ip link set eth0 mtu 1500
/bin/ip netns exec far /bin/ip link set eth1 mtu 1500
check "links come up after the MTU is what it was" settled

. /data/linux_filters.sh

updown() {
	for i in $(seq 100); do
		/bin/ip link set eth0 down && /bin/ip link set eth0 up || return 1
	done
	settled && wait_for 20 /bin/ping -c 1 -W 1 192.0.2.2 && /bin/ping -c 2 -W 5 192.0.2.2 && tcp far 192.0.2.2 near
}
check "down and up a hundred times, then ping and TCP" updown
# negotiates BITS SPEED: with only that advertised. The link that was goes some time after the call, later on a busy
# machine
at_speed() { ethtool eth0 | tee /tmp/speed | grep -q "Speed: $1Mb/s"; }
negotiates() {
	ethtool -s eth0 advertise "$1" && wait_for 20 at_speed "$2" && settled && at_speed "$2" && return
	cat /tmp/speed
	false
}
case $card in
x540) speeds="0x020:1000 0x008:100" ;;
x550) speeds="0x1000000000000:5000 0x800000000000:2500 0x020:1000 0x008:100" ;;
*) speeds= ;;
esac
for speed in $speeds; do
	check "the PHY negotiates ${speed#*:} Mbit/s where no more is advertised" negotiates "${speed%:*}" "${speed#*:}"
	check "  and ping at that" /bin/ping -c 2 -i 0.2 -W 5 192.0.2.2
done
. /data/linux_errors.sh
check "no error in the kernel's log" sh -c \
	'! dmesg | grep -E "ixgbe.*([Hh]ang|[Ff]ail|[Ee]rror|timeout|[Rr]eset adapter)|BUG:|Oops|WARNING:|DMAR:.*fault"'
dmesg | grep ixgbe | tail -5
