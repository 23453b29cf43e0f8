# Runs inside the guest, after techniques_guest.sh, whose begin_technique and end_technique these replace: techniques
# that forward from one port of the card to the other, as they are, what the meter sends into port 0. What leaves port 1
# is the answer.
# shellcheck shell=sh disable=SC2154
card1=$(card 1)
lcores=0@0,1@0 # the guest has one CPU: testpmd's second thread waits for commands
[ ! -e /data/dpdk.sh ] || . /data/dpdk.sh

# Both ports are the kernel's, and take frames for any address; $interfaces has them
kernel_ports() {
	interfaces=
	for each in "$card0" "$card1"; do
		[ -d "/sys/bus/pci/devices/$each/net" ] || bind "$kernel_driver" "$each" || return 1
		wait_for 10 test -d "/sys/bus/pci/devices/$each/net" || return 1
		interface=$(ls "/sys/bus/pci/devices/$each/net")
		interfaces="$interfaces $interface"
		ethtool -L "$interface" combined 1 2>/dev/null
		/bin/ip address flush dev "$interface"
		/bin/ip link set "$interface" promisc on up
		linked || return 1
	done
}
bridge() {
	/bin/ip link add br0 type bridge && /bin/ip link set br0 up || return 1
	for interface in $interfaces; do /bin/ip link set "$interface" master br0 || return 1; done
	# it listens and learns first, unless told otherwise
	wait_for 20 eval '! cat /sys/class/net/br0/brif/*/state | grep -qv 3'
}
vfio_ports() { bind vfio-pci "$card0" "$card1"; }
# application NAME: one of Pollux's, on both ports, once their links are up
application() {
	"$1" "$card0" "$card1" >/tmp/echo 2>&1 &
	echo_process=$!
	wait_for 60 eval '[ "$(grep -c "^port [01]:.*link up" /tmp/echo)" = 2 ]'
}
is_packed() {
	command -v "$1" >/dev/null || { echo "skip: $1 was not there to be packed" >/tmp/echo; return 77; }
}
begin_technique() {
	# to nobody's address: frames for its own a bridge would keep
	echo_process='' meter_keys=to=02:00:c6:12:00:02 interface=''
	: >/tmp/echo
	case $technique in
	bridge) kernel_ports && bridge ;;
	# shellcheck disable=SC2086
	xdp-redirect) kernel_ports && start echo-xdp $interfaces ;;
	dpdk) is_packed dpdk-testpmd && vfio_ports && testpmd "$card0" "$card1" -- --forward-mode=io && tell start ;;
	pollux) vfio_ports && application pollux-fwd ;;
	pollux-pipe) vfio_ports && application pollux-pipe ;;
	esac
}
end_technique() {
	case $technique in
	bridge) /bin/ip link delete br0 ;;
	dpdk) ! command -v dpdk-testpmd >/dev/null || end_testpmd ;;
	*) [ -z "$echo_process" ] || { kill -INT "$echo_process" && ended 10 "$echo_process" 0; } ;;
	esac
}
