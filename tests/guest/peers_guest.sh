# Runs inside the guest: cards 0 and 3 are the kernel's, each in a network of its own; between cards 1 and 2 our
# forwarder runs. (See peers.sh.) paths in full: this shell would take its own ip and ping
echo 64 >/proc/sys/vm/nr_hugepages
mkdir -p /run/netns
interface() { ls "/sys/bus/pci/devices/$(card "$1")/net"; }
check "the kernel drives all four cards" wait_for 60 eval '[ -n "$(interface 0)" ] && [ -n "$(interface 3)" ]'
check "two are given to vfio-pci" bind vfio-pci "$(card 1)" "$(card 2)"
near=$(interface 0) far=$(interface 3)
mac=$(cat "/sys/class/net/$far/address")
/bin/ip netns add far
/bin/ip link set "$far" netns far
/bin/ip addr add 192.0.2.1/24 dev "$near"
/bin/ip link set "$near" up
/bin/ip netns exec far /bin/ip addr add 192.0.2.2/24 dev "$far"
/bin/ip netns exec far /bin/ip link set "$far" up
pollux-fwd --quiet "$(card 1)" "$(card 2)" >/tmp/fwd.log 2>&1 &
fwd=$!
check "ARP and ping through the forwarder" wait_for 30 /bin/ping -c 1 -W 1 192.0.2.2
check "the address is the far card's" sh -c 'grep -q "192.0.2.2 .*$0" /proc/net/arp' "$mac"
check "20 pings, none lost" sh -c '/bin/ping -c 20 -i 0.1 -W 5 192.0.2.2 | grep " 0% packet loss"'
check "of full size" sh -c '/bin/ping -c 10 -i 0.1 -W 5 -s 1472 -M do 192.0.2.2 | grep " 0% packet loss"'
check "flood of 500 pings, none lost" sh -c '/bin/ping -q -f -c 500 -W 5 192.0.2.2 | grep " 0% packet loss"'
check "TCP to the far end, 3 MB" tcp far 192.0.2.2 near
check "TCP from the far end, 3 MB" tcp near 192.0.2.1 far
kill -INT $fwd
FILE=/tmp/fwd.log check "the forwarder ends with status 0" ended 20 $fwd 0
check "without it nothing goes through" sh -c '! /bin/ping -c 2 -W 1 192.0.2.2'
check "the cards go back to the kernel" \
	sh -c 'for card in "$@"; do
		device=/sys/bus/pci/devices/$card
		echo >$device/driver_override
		echo $card >$device/driver/unbind
		echo $card >/sys/bus/pci/drivers_probe
		ls $device/net || exit 1
	done' - "$(card 1)" "$(card 2)"
check "no fault in the kernel's log" no_fault
