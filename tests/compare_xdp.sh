#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The comparison's XDP program, AF_XDP and RDMA, without a guest: at a TAP interface in a network of its own, as root.
# Each request is answered as it should be, all else goes to the kernel, nothing stays behind, and what a kernel, an
# interface or a user lacks is told.
# Usage: tests/compare_xdp.sh BUILD-FOLDER. Exit status 77: skipped, the last line says why.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
if [ -z "${XDP_NETWORK:-}" ]; then
	for program in echo-xdp echo-xsk echo-rdma compare-meter compare-verdicts; do
		[ -x "$bin/$program" ] || { echo "skip: $program was not built: make compare-programs" && exit 77; }
	done
	for program in ip ping setpriv; do
		command -v $program >/dev/null || { echo "skip: no $program here: install it" && exit 77; }
	done
	[ "$(id -u)" = 0 ] || { echo "skip: XDP programs need root" && exit 77; }
	XDP_NETWORK=1 unshare -nm true 2>/dev/null && XDP_NETWORK=1 exec unshare -nm "$0" "$@"
	echo "skip: no network namespace can be made here"
	exit 77
fi
. tests/lib.sh
mount -t sysfs sysfs /sys # what it says of interfaces is of the network in which it was mounted
ip tuntap add dev xdp0 mode tap 2>"$work/ip.log" || { echo "skip: $(tail -n 1 "$work/ip.log")" && exit 77; }
echo 1 >/proc/sys/net/ipv6/conf/xdp0/disable_ipv6
ip address add 198.18.0.2/24 dev xdp0 && ip link set xdp0 up

# begin PROGRAM OPTION...: until it is ready; $echo is its process
begin() {
	local program=$1
	shift
	: >"$work/echo"
	"$bin/$program" "$@" >"$work/echo" 2>&1 &
	echo=$!
	wait_for eval 'grep -q "^ready$" "$work/echo" || ! kill -0 $echo' && grep -q '^ready$' "$work/echo"
}
# finish TECHNIQUE: it ends well, with a last line that counts what the meter had, the warm-up's too
finish() {
	kill "$echo" && ended "$echo" 0 || return
	local received sent line="{\"technique\":\"$1\",\"received\":\([0-9]*\),\"sent\":\([0-9]*\)}"
	read -r received sent < <(sed -n "s/^$line$/\1 \2/p" "$work/echo")
	[ "${received:-0}" -ge "$(field received)" ] && [ "$received" = "$sent" ]
}
field() { sed -n "s/.*\"$1\":\([0-9]*\),.*/\1/p" "$work/meter"; }
# echoes BYTES: a window of 64 for a while: each request answered, and right
echoes() {
	"$bin/compare-meter" --tap xdp0 --bytes "$1" --seconds 0.2 --warmup 0.1 >"$work/meter" 2>&1
	[ "$(field received)" -gt 0 ] && [ "$(field received)" = "$(field sent)" ] && [ "$(field wrong)" = 0 ]
}
# said STATUS SENTENCE COMMAND...
said() {
	local status=$1 sentence=$2
	shift 2
	timeout 20 "$@" >"$work/said" 2>&1
	[ $? = "$status" ] && grep -qF -- "$sentence" "$work/said"
}
attached() { ip link show xdp0 | grep -q 'prog/xdp'; }
detached() { ! attached; }
# What is no request goes on to the kernel, which asks for the meter's address, and hears the meter's answer.
kernel_hears() {
	ip neighbour flush dev xdp0
	"$bin/compare-meter" --tap xdp0 --seconds 60 >"$work/meter" 2>&1 &
	local meter=$!
	wait_for carrier && wait_for asked
	local status=$?
	kill -INT $meter
	wait $meter
	return $status
}
asked() { # it answers no ping
	ping -c 1 -W 1 198.18.0.1 >/dev/null 2>&1
	ip neighbour show 198.18.0.1 dev xdp0 >"$work/neighbour"
	grep -q '198.18.0.1 lladdr ' "$work/neighbour"
}
carrier() { ip link show xdp0 | grep -q LOWER_UP; }
interrupts_deferred() { echo "$1" >/sys/class/net/xdp0/napi_defer_hard_irqs; }
technique() { # NAME PROGRAM OPTION...
	local name=$1
	shift
	check "$name begins" "$work/echo" begin "$@"
	check "$name: the driver has the program" "$work/echo" attached
	for bytes in 64 1500; do check "$name: $bytes bytes" "$work/meter" echoes $bytes; done
	check "$name: what is no request goes on to the kernel" "$work/neighbour" kernel_hears
	check "a second program is refused" "$work/said" said 1 "ip link set dev xdp0 xdp off" "$bin/echo-xdp" xdp0
	check "$name ends, and counts what it did" "$work/echo" finish "$name"
	check "$name: its program is gone" "$work/echo" detached
}

if ! begin echo-xdp xdp0; then
	wait "$echo"
	skip_on_77 $? "$work/echo"
else
	kill "$echo" && wait "$echo"
fi
check "the XDP program's verdict on each kind of frame" "$work/said" said 0 "ok    another port" "$bin/compare-verdicts"
technique xdp echo-xdp xdp0
technique af_xdp-copy echo-xsk xdp0
interrupts_deferred 2
check "AF_XDP, busy polled" "$work/echo" begin echo-xsk --busy-poll xdp0
check "AF_XDP, busy polled: 64 bytes" "$work/meter" echoes 64
check "AF_XDP, busy polled, ends" "$work/echo" finish af_xdp-copy
interrupts_deferred 0
check "busy polling without deferred interrupts is refused" "$work/said" \
	said 1 "echo 2 >/sys/class/net/xdp0/napi_defer_hard_irqs" "$bin/echo-xsk" --busy-poll xdp0
check "zero-copy: this driver has none" "$work/said" \
	said 77 "skip: the driver of xdp0 has no zero-copy mode" "$bin/echo-xsk" --zero-copy xdp0
check "it leaves no program" "$work/said" detached
check "no such interface" "$work/said" said 1 "there is no interface nosuch" "$bin/echo-xdp" nosuch
check "no rights" "$work/said" said 1 "run it as root" setpriv --bounding-set=-all --inh-caps=-all \
	--no-new-privs "$bin/echo-xdp" xdp0
check "wrong usage" "$work/said" said 2 "Usage: echo-xsk" "$bin/echo-xsk" --zero-cpy xdp0
if [ -d /sys/class/infiniband ]; then
	check "no such RDMA device" "$work/said" said 1 "rdma link add" "$bin/echo-rdma" nosuch
else
	check "a kernel without RDMA" "$work/said" said 77 "skip: this kernel has no RDMA" "$bin/echo-rdma" rxe0
fi
end_checks
