#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The wires to the host: TAP interfaces of the software 82599, and pollux-tap's, with Linux's own ping and TCP at their
# other ends; and what is said where there can be none. All of it in a network of its own.
# Usage: tests/tap.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
if [ -z "${TAP_NETWORK:-}" ]; then
	{ [ -c /dev/net/tun ] && : <>/dev/net/tun; } 2>/dev/null ||
		{ echo "skip: /dev/net/tun cannot be opened here" && exit 77; }
	for program in ip ping setpriv busybox; do
		command -v $program >/dev/null || { echo "skip: no $program here: install it" && exit 77; }
	done
	for own in "unshare -rnm" "unshare -nm"; do
		$own ip tuntap add dev test mode tap 2>/dev/null && TAP_NETWORK=1 exec $own "$0" "$@"
	done
	echo "skip: no network namespace with a TAP interface can be made here"
	exit 77
fi
. tests/lib.sh

# refused SENTENCE COMMAND...: the command ends with status $wanted (2) and that sentence
refused() {
	local sentence=$1
	shift
	timeout 5 "$@" >"$work/refused.log" 2>&1
	[ $? = "${wanted:-2}" ] && grep -qF -- "$sentence" "$work/refused.log"
}
# counter PORT NAME: of the model's last report
counter() {
	grep '^{"ports"' "$work/model.log" | tail -n 1 | sed "s/.*{\"port\":$1,//" |
		grep -o "\"$2\":[0-9]*" | head -n 1 | cut -d: -f2
}
# adds_up PORT: what the host has sent and taken is all that came in and went out
adds_up() {
	[ "$(counter "$1" tap_in)" -gt 0 ] && [ "$(counter "$1" tap_in)" = "$(counter "$1" in_frames)" ] &&
		[ $(($(counter "$1" tap_out) + $(counter "$1" tap_refused))) = "$(counter "$1" out_frames)" ]
}
# pings WHERE...: one request at a time, as ping's socket has room for few answers of 9,000 bytes
pings() { for _ in 1 2 3; do ping -q -n -c 1 -W 5 "$@" >"$work/ping.log" 2>&1 || return; done; }
wanted_1() { wanted=1 "$@"; }
far_carrier() { far ip -o link show far0 | grep -q LOWER_UP; }
carrier() { ip -o link show "$1" | grep -q 'LOWER_UP'; }

# -- What is said where there can be no such wire --
wire=("$bin/pollux-model" --port "$work/a" --wire)
check "a name that is too long is told" "$work/refused.log" \
	refused "is no name of an interface" "${wire[@]}" 0:tap=sixteencharacter
check "a name of another interface" "$work/refused.log" refused "lo cannot be a TAP interface" "${wire[@]}" 0:tap=lo
check "a wrong option" "$work/refused.log" refused "tap takes mtu=BYTES" "${wire[@]}" 0:tap=t0,mut=9
# who lives in a user namespace of his own has no rights on the network
check "no permission" "$work/refused.log" \
	refused "no permission for the TAP interface t0: as root" unshare -r "${wire[@]}" 0:tap=t0
check "no /dev/net/tun" "$work/refused.log" refused "modprobe tun" \
	unshare -m sh -c 'mount -t tmpfs none /dev/net && exec "$@"' - "${wire[@]}" 0:tap=t0

# -- The host pings a program --
model --wire 0:tap=t0,mtu=9000 --wire "0:pcap-out=$work/out.pcap" --json
check "an interface that another program has" "$work/refused.log" \
	refused "t0 is taken by another program" "${wire[@]}" 0:tap=t0
meter() { timeout 5 "$bin/compare-meter" "$@" >"$work/refused.log" 2>&1; }
check "  and the comparison's meter says so too" "$work/refused.log" \
	eval '! meter --tap t0 && grep -q "t0 is taken by another program" "$work/refused.log"'
ip addr add 10.82.0.1/24 dev t0
ip addr add fd82::1/64 dev t0 nodad
"$bin/pollux-fwd" --quiet --mtu 9000 --mode icmpecho --address 10.82.0.2,fd82::2 "vfio-user:$work/a" \
	>"$work/fwd.log" 2>&1 &
fwd=$!
wait_for ping -c 1 -W 1 10.82.0.2 >"$work/ping.log"
check "ping by IPv4" "$work/ping.log" pings -4 10.82.0.2
check "  with frames of 9,000 bytes" "$work/ping.log" pings -4 -s 8972 -M do 10.82.0.2
check "ping by IPv6" "$work/ping.log" pings -6 fd82::2
ip link set t0 down
kill -USR2 $model
wait_for grep -q '^{"ports"' "$work/model.log"
check "what the host sent and took is what came and went" "$work/model.log" adds_up 0
check "  also to the capture" "$work/model.log" [ "$(counter 0 tap_out)" = "$(counter 0 captured)" ]
kill -TERM $fwd
check "the forwarder ends with status 0" "$work/fwd.log" ended $fwd 0
# -- And the example --
flags= # that the library was built with
case $bin in *asan) flags=-fsanitize=address,undefined ;; *coverage) flags=--coverage ;; esac
ln -s "$PWD" "$work/pollux"
cc -I"$work" $flags apps/examples/ping.c "$bin/libpollux.a" -lnuma -lpthread -o "$work/ping" 2>"$work/cc.log"
check "the example is built" "$work/cc.log" [ -x "$work/ping" ]
ip link set t0 up
ip addr add fd82::1/64 dev t0 nodad # which went when it was down
"$work/ping" "vfio-user:$work/a" 10.82.0.3 fd82::3 >"$work/example.log" 2>&1 &
example=$!
wait_for ping -c 1 -W 1 10.82.0.3 >"$work/ping.log"
check "ping to the example, by IPv4" "$work/ping.log" pings -4 10.82.0.3
check "  and by IPv6" "$work/ping.log" wait_for pings -6 fd82::3
check "  it answers for its own addresses only" "$work/ping.log" \
	eval "! ping -q -c 1 -W 0.1 10.82.0.2 >$work/ping.log && ! ping -q -c 1 -W 0.1 fd82::2 >$work/ping.log"
ip neigh replace 10.82.0.3 lladdr 02:00:00:00:00:99 nud permanent dev t0 # somebody else's
check "  and no frame that is for another card" "$work/ping.log" \
	eval "! ping -q -c 1 -W 0.1 10.82.0.3 >$work/ping.log"
check "  it is there to the end" "$work/example.log" kill $example
wait $example

# -- A program that stands still has its card send pause frames, and the host's frames wait in the kernel --
"$bin/pollux-fwd" --json --mode rxonly --pause tx --ring 64 "vfio-user:$work/a" >"$work/fwd.log" 2>"$work/log" &
fwd=$!
wait_for grep -q ' link up' "$work/log"
ip neigh replace 10.82.0.4 lladdr 02:00:00:00:00:04 dev t0
kill -STOP $fwd
timeout 60 bash -c 'exec 8>/dev/udp/10.82.0.4/9; for _ in {1..1000}; do printf "%1400d" 0 >&8; done' &
sender=$!
# reported NAME: the model says that it is not 0
reported() {
	kill -USR2 $model
	sleep 0.05
	[ "$(counter 0 "$1")" -gt 0 ]
}
check "the card asks the host for a pause" "$work/model.log" wait_for reported out_xoff
kill -CONT $fwd
wait $sender
kill -INT $fwd
check "  and the program ends with status 0" "$work/fwd.log" ended $fwd 0
check "  which has lost nothing" "$work/model.log" [ "$(reported received && counter 0 missed)" = 0 ]
ip link del t0
check "the model outlives an interface that is deleted" "$work/model.log" kill -0 $model
end_model

# -- A user's interface, which root has made for him and he may not set up; a link that comes and goes --
ip tuntap add dev tu mode tap user 0
: >"$work/model.log"
unshare -r "$bin/pollux-model" --port "$work/a" --wire 0:tap=tu --link-down --control "$work/control" --json \
	>"$work/model.log" 2>&1 &
model=$!
wait_for grep -q 'port 0 is' "$work/model.log"
check "a user opens the interface that is his" "$work/model.log" grep -q "root: ip link set tu up" "$work/model.log"
echo "link 0 up" >"$work/control"
"$bin/pollux-fwd" --quiet --mode txonly --duration 0.2 "vfio-user:$work/a" >"$work/fwd.log" 2>&1
ip link set tu up
check "its carrier is the link's" "$work/model.log" wait_for carrier tu
echo "link 0 down" >"$work/control"
check "  and goes with it" "$work/model.log" wait_for eval "! carrier tu"
end_model
check "what an interface refuses that is down is counted" "$work/model.log" \
	[ "$(counter 0 tap_refused)" -gt 0 -a "$(counter 0 tap_refused)" = "$(counter 0 out_frames)" ]

# -- A port as an interface of another host: ping and TCP through model, card and pollux-tap --
rm -f "$work/control"
# the interface is root's, and a virtual machine had it before, which took packets with unfinished checksums
ip tuntap add dev t0 mode tap vnet_hdr
cat >"$work/before.c" <<-C
	#include <fcntl.h>
	#include <linux/if_tun.h>
	#include <net/if.h>
	#include <sys/ioctl.h>
	int main(void)
	{
		struct ifreq request = {.ifr_name = "t0", .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
		int fd = open("/dev/net/tun", O_RDWR);
		return ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4);
	}
C
cc -o "$work/before" "$work/before.c" 2>"$work/cc.log"
check "an interface that others had before" "$work/cc.log" "$work/before"
model --wire 0:tap=t0 --control "$work/control" --json
check "pollux-tap says which interface is taken" "$work/refused.log" \
	wanted_1 refused "t0 is taken by another program" "$bin/pollux-tap" "vfio-user:$work/a" t0
unshare -n "$bin/pollux-tap" --json --quiet --interval 0.1 --metrics "$work/metrics" "vfio-user:$work/a" far0 \
	>"$work/tap.log" 2>&1 &
tap=$!
far() { nsenter -t $tap -n "$@"; }
wait_for far_carrier
ip addr add 10.82.0.1/24 dev t0
far ip addr add 10.82.0.2/24 dev far0
far ip addr add fd82::2/64 dev far0 nodad
ip addr add fd82::1/64 dev t0 nodad
mac=$(sed -n 's/^pollux-model: port 0 is .*, //p' "$work/model.log")
far ip link show far0 >"$work/far.log"
check "the interface has the port's address" "$work/far.log" grep -q "link/ether $mac" "$work/far.log"
check "ping through pollux-tap, by IPv4" "$work/ping.log" wait_for pings -4 10.82.0.2
check "  and by IPv6" "$work/ping.log" wait_for pings -6 fd82::2
head -c 1000000 /dev/urandom >"$work/sent"
mkfifo "$work/open" && exec 9<>"$work/open" # nobody says anything, and nobody hangs up
nsenter -t $tap -n busybox nc -l -p 7000 >"$work/got" <&9 &
server=$!
wait_for far grep -q ':1B58 .* 0A ' /proc/$tap/net/tcp /proc/$tap/net/tcp6
timeout 60 busybox nc 10.82.0.2 7000 <"$work/sent" &
wait_for cmp -s "$work/sent" "$work/got"
check "a megabyte by TCP is what it was" "$work/tap.log" cmp "$work/sent" "$work/got"
kill $server 2>/dev/null
cpu_ms() { cat /proc/$tap/task/*/schedstat | awk '{ ns += $1 } END { printf "%d", ns / 1e6 }'; }
before=$(cpu_ms)
sleep 1.5
used=$(($(cpu_ms) - before))
check "who has nothing to do takes hardly any CPU: $used of 1500 ms" "$work/tap.log" [ $used -le 30 ]
echo "link 0 down" >"$work/control"
check "the carrier goes with the link" "$work/tap.log" wait_for eval "! far_carrier"
echo "link 0 up" >"$work/control"
check "  and comes" "$work/tap.log" wait_for far_carrier
echo "fault 0 self-reset" >"$work/control"
check "a card that has lost its settings is reset" "$work/tap.log" wait_for pings 10.82.0.2
far ip link set far0 mtu 9000
far ping -c 1 -W 0.1 -s 5000 -M do 10.82.0.1 >"$work/ping.log" 2>&1
far ip link set far0 down
timeout 5 ping -q -c 1 -W 0.1 10.82.0.2 >"$work/ping.log"
far ip link del far0
check "an interface that somebody has deleted ends pollux-tap" "$work/tap.log" ended $tap 1
check "  and it says why" "$work/tap.log" grep -q "far0 is gone: somebody has deleted it" "$work/tap.log"
total() { grep '"type":"total"' "$work/tap.log" | grep -o "\"$1\":[0-9]*" | cut -d: -f2; }
check "its figures add up: to the host" "$work/tap.log" \
	[ "$(total rx_taken)" = $(($(total to_host) + $(total host_refused))) ]
check "  and from it" "$work/tap.log" \
	[ "$(total from_host)" = $(($(total tx_packets) + $(total tx_unsent) + $(total tx_ring_full) + \
		$(total tx_bad_packets))) ]
check "  one was too long, and one refused at least" "$work/tap.log" \
	[ "$(total tx_bad_packets)" = 1 -a "$(total host_refused)" -gt 0 ]
check "its metrics have them" "$work/metrics" \
	grep -q "^pollux_tap_from_host_packets_total.* $(total from_host)$" "$work/metrics"
end_model

end_checks
