#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The wires to the host: TAP interfaces of the software 82599, and pollux-tap's, with Linux's own ping and TCP at their
# other ends; and what is said where there can be none. All of it in a network of its own.
# Usage: tests/tap.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
if [ -z "${TAP_NETWORK:-}" ]; then
	{ : <>/dev/net/tun; } 2>/dev/null || { echo "skip: /dev/net/tun cannot be opened here" && exit 77; }
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

# refused SENTENCE COMMAND...: the command ends with status 2 and that sentence
refused() {
	local sentence=$1
	shift
	timeout 5 "$@" >"$work/refused.log" 2>&1
	[ $? = 2 ] && grep -qF -- "$sentence" "$work/refused.log"
}
# counter PORT NAME: of the model's last report
counter() {
	grep '^{"ports"' "$work/model.log" | tail -n 1 | sed "s/.*{\"port\":$1,//" | grep -o "\"$2\":[0-9]*" | head -n 1 |
		cut -d: -f2
}
# adds_up PORT: what the host has sent and taken is all that came in and went out
adds_up() {
	[ "$(counter "$1" tap_in)" -gt 0 ] && [ "$(counter "$1" tap_in)" = "$(counter "$1" in_frames)" ] &&
		[ $(($(counter "$1" tap_out) + $(counter "$1" tap_refused))) = "$(counter "$1" out_frames)" ]
}
pings() { ping -q -n -c 3 -i 0.01 -W 5 "$@" >"$work/ping.log" 2>&1 && grep -q ' 3 received' "$work/ping.log"; }
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

end_checks
