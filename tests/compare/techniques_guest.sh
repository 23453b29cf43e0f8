# Runs inside the guest: how the card is made ready for each technique, and how its program is started and ended. See
# compare_guest.sh; the technique is in $technique, and the port that answers is card 0.
# shellcheck shell=sh disable=SC2154
meter_mac=02:00:c6:12:00:01 meter_ip=198.18.0.1
card0=$(card 0)

# Once: nobody speaks but who is asked to, and there is memory for who wants hugepages.
prepare() {
	for each in all default; do
		echo 1 >/proc/sys/net/ipv6/conf/$each/disable_ipv6
		echo 0 >/proc/sys/net/ipv4/conf/$each/rp_filter
	done
	mkdir -p /var/run /etc/libibverbs.d # DPDK's, and that of the verbs
	echo "driver /host/lib/librxe" >/etc/libibverbs.d/rxe.driver
	echo 128 >/proc/sys/vm/nr_hugepages # of 2 MiB
}

driver_is() { [ "$(basename "$(readlink "/sys/bus/pci/devices/$card0/driver")")" = "$1" ]; }
# A reset of the card shows late: its link is up when it stays so.
carrier() { grep -q 1 "/sys/class/net/$interface/carrier"; }
linked() { wait_for 20 carrier && usleep 300000 && wait_for 20 carrier; }
# The kernel's driver has the card, its interface is up, in $interface, with one queue for the one CPU
kernel_port() {
	driver_is "$kernel_driver" || bind "$kernel_driver" "$card0" || return 1
	wait_for 10 test -d "/sys/bus/pci/devices/$card0/net" || return 1
	interface=$(ls "/sys/bus/pci/devices/$card0/net")
	ethtool -L "$interface" combined 1 2>/dev/null
	/bin/ip link set "$interface" up
	# what came without an address must not be looked at by the protocols
	/bin/ip address flush dev "$interface"
	linked
}
addressed_port() {
	kernel_port && /bin/ip address add 198.18.0.2/24 dev "$interface" &&
		/bin/ip neighbour replace $meter_ip lladdr $meter_mac nud permanent dev "$interface"
}
# The kernel's document on NAPI names these for busy polling: with them interrupts stay off while a program polls.
napi_waits() { # INTERRUPTS-DEFERRED TIMEOUT-NS
	echo "$1" >"/sys/class/net/$interface/napi_defer_hard_irqs"
	echo "$2" >"/sys/class/net/$interface/gro_flush_timeout"
}
vfio_port() { driver_is vfio-pci || bind vfio-pci "$card0"; }

# start PROGRAM ARGUMENT...: until it says that it is ready. The program takes its own exit status along.
start() {
	command -v "$1" >/dev/null || { echo "skip: $1 was not built: make compare-deps" >/tmp/echo; return 77; }
	"$@" >/tmp/echo 2>&1 &
	echo_process=$!
	wait_for 30 eval 'grep -q "^ready" /tmp/echo || ! kill -0 $echo_process'
	grep -q '^ready' /tmp/echo && return
	kill -9 $echo_process 2>/dev/null
	wait $echo_process
	status=$?
	echo_process=
	return $status
}
begin_technique() {
	echo_process='' meter_keys='' interface=''
	: >/tmp/echo
	case $technique in
	sockets | epoll) addressed_port && start "echo-$technique" "$interface" ;;
	busy-poll) # its first comment says why so long
		addressed_port && napi_waits 2 2000000 && start echo-busy-poll --microseconds 1000 "$interface"
		;;
	io_uring) addressed_port && start echo-io-uring "$interface" ;;
	packet-ring) kernel_port && start echo-packet "$interface" ;;
	af_xdp-copy) kernel_port && start echo-xsk "$interface" && linked ;;
	af_xdp-zc) kernel_port && start echo-xsk --zero-copy "$interface" && linked ;;
	af_xdp-zc-busy)
		kernel_port && napi_waits 2 200000 && start echo-xsk --zero-copy --busy-poll "$interface" && linked
		;;
	xdp) kernel_port && start echo-xdp "$interface" && linked ;;
	soft-roce) rdma_port && start echo-rdma rxe0 && rdma_keys ;;
	# its best where the card and the CPU are emulated: see its first comment
	dpdk) vfio_port && start echo-dpdk --simd-bits 64 --rx-free-thresh 128 "$card0" ;;
	pollux) vfio_port && start echo-pollux "$card0" ;;
	pollux-pipe) vfio_port && start echo-pipe "$card0" ;;
	esac
}
rdma_port() {
	addressed_port || return 1
	[ -d /sys/class/infiniband ] && [ -e /sys/module/rdma_rxe ] && command -v rdma >/dev/null ||
		{ echo "skip: this kernel has no soft RoCE, or rdma was not there to be packed" >/tmp/echo; return 77; }
	rdma link add rxe0 type rxe netdev "$interface"
}
# The meter speaks RoCE to the queue pair that the program names when it is ready.
rdma_keys() {
	meter_keys=protocol=roce
	for key in qpn qkey; do
		value=$(sed -n "s/^ready.*$key[ =]\([0-9a-fx]*\).*/\1/p" /tmp/echo)
		[ -z "$value" ] || meter_keys=$meter_keys,$key=$value
	done
}
end_technique() {
	ended_well=0
	if [ -n "$echo_process" ]; then
		kill -TERM "$echo_process"
		ended 10 "$echo_process" 0 || ended_well=1
	fi
	case $technique in
	busy-poll | af_xdp-zc-busy) napi_waits 0 0 ;;
	soft-roce) [ ! -e /sys/class/infiniband/rxe0 ] || rdma link delete rxe0 ;;
	esac
	return $ended_well
}
