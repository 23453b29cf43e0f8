# Runs inside the guest: Linux's own ixgbe on two ports of a software card, a cable between them, the second port in a
# network of its own, named far. Things happen to the first port. See guest_lib.sh for check and ask.
# shellcheck shell=sh
passes() { /bin/ping -c 1 -W 1 192.0.2.2; }
carrier() { [ "$(cat /sys/class/net/eth0/carrier 2>/dev/null)" = "$1" ]; }
control() { ask control "$@"; }
said() { dmesg | grep -q "$1"; }
# Frames are sent until the driver says that.
says() { wait_for 30 eval "passes; said '$1'" || { dmesg | tail -n 12; return 1; }; }
recovers() { wait_for 30 passes || { dmesg | tail -n 12; return 1; }; }
# happens SENTENCE COMMAND...: from now on; what the driver said before is forgotten
happens() {
	sentence=$1
	shift
	recovers || return 1
	dmesg -c >>/tmp/dmesg.all
	control "$@" && { [ -z "$sentence" ] || says "$sentence"; }
}
card=$(sed 's/.*pollux\.card=\([^ ]*\).*/\1/' /proc/cmdline)

echo "    Linux $(uname -r)"
check "two ports are probed" test -e /sys/class/net/eth0 -a -e /sys/class/net/eth1
mkdir -p /run/netns
/bin/ip netns add far
/bin/ip link set eth1 netns far
/bin/ip netns exec far /bin/ip link set eth1 up
/bin/ip netns exec far /bin/ip addr add 192.0.2.2/24 dev eth1
/bin/ip link set eth0 up
/bin/ip addr add 192.0.2.1/24 dev eth0
check "frames pass" recovers

# Whoever sees it first: the driver, or the kernel's watchdog of queues.
hang='Detected Tx Unit Hang\|initiating reset due to tx timeout'
check "a transmit queue hangs: that is seen" happens "$hang" fault 0 tx-hang 0
check "  and the adapter is reset" says 'Reset adapter\|resetting adapter'
check "  and frames pass again" recovers
check "all of transmit hangs" happens "$hang" fault 0 tx-dma-hang
check "  and frames pass again" recovers
check "frames go out, and are not reported: that is a hang too" happens "$hang" fault 0 tx-silent
check "  and frames pass again" recovers
check "a memory is damaged: so says the driver" happens "Received ECC Err, initiating reset" fault 0 ecc
check "  and frames pass again" recovers
check "the card resets itself: nothing is sent any more" happens "$hang" fault 0 self-reset
check "  and frames pass again" recovers
lost_with_frames() {
	happens "" fault 0 tx-hang 0 && ! passes && control link 0 down && wait_for 20 carrier 0 &&
		wait_for 20 said "initiating reset to clear Tx work after link loss" && control link 0 up
}
check "a link is lost with frames pending" lost_with_frames
check "  and frames pass again" recovers
if [ "$card" != 82599 ]; then
	check "the card is too hot: so says the driver" happens "has been stopped because it has over heated" \
		fault 0 overheat 3000
	check "  there is no link" wait_for 3 carrier 0
	check "  and frames pass again when it is cool" recovers
fi
interrupts() { happens "" fault 0 interrupt-loss 2 && recovers && happens "" fault 0 interrupt-storm 2000 && recovers; }
check "interrupts get lost, and come without end" interrupts
dmesg >>/tmp/dmesg.all
check "hangs were detected by the driver, too" grep "Detected Tx Unit Hang" /tmp/dmesg.all
check "nothing in the log that should not be" sh -c \
	'! grep -E "BUG:|Oops|nobody cared|register at" /tmp/dmesg.all'
