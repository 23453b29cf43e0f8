#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pollux-pipe between software 82599s: who gets which frame, byte for byte, and what a port that hangs or goes does to
# the others.
# Usage: tests/bridge.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/lib.sh

# capture "TO FROM MARK"...: a capture of 60-byte frames, addresses by their last byte in hexadecimal (00: broadcast,
# ff: of a bridge)
capture() {
	local frame to from mark
	printf '\xd4\xc3\xb2\xa1\x02\x00\x04\x00\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0'
	for frame; do
		read -r to from mark <<<"$frame"
		printf '\0\0\0\0\0\0\0\0\x3c\0\0\0\x3c\0\0\0'
		case $to in
		00) printf '\xff\xff\xff\xff\xff\xff' ;;
		ff) printf '\x01\x80\xc2\0\0\0' ;;
		*) printf "\x02\0\0\0\0\x$to" ;;
		esac
		printf "\x02\0\0\0\0\x$from\x88\xb5\x$mark"
		head -c 45 /dev/zero
	done
}

# one PORT OPTIONS...: a software 82599 of its own at $work/PORT; ${models[PORT]} is its process
declare -A models
one() {
	local port=$1
	shift
	: >"$work/$port.log"
	"$bin/pollux-model" --port "$work/$port" "$@" >"$work/$port.log" 2>&1 &
	models[$port]=$!
	wait_for grep -q 'port . is ' "$work/$port.log"
}
end_models() {
	for port in "${!models[@]}"; do
		kill -TERM "${models[$port]}" 2>/dev/null
		check "the model of port $port ends with status 0" "$work/$port.log" ended "${models[$port]}" 0
	done
	models=()
}
bridge() {
	local port ports=()
	for port in a b c; do [ -n "${models[$port]:-}" ] && ports+=("vfio-user:$work/$port"); done
	: >"$work/bridge.log" # what an earlier one said must not be waited for
	"$bin/pollux-pipe" --interval 0.1 --ring 64 --json "$@" "${ports[@]}" >"$work/bridge.log" 2>&1 &
	bridge=$!
	wait_for grep -q '"bridged":' "$work/bridge.log"
}
# frames N: the bridge has seen so many
frames() { wait_for grep -q "\"bridged\":$1," "$work/bridge.log"; }
# first MEMBER TYPE: the sum of it, of port a, in lines of that type
first() {
	awk -v member="\"$1\":" -v type="\"type\":\"$2\"" 'index($0, type) {
		sum += substr($0, index($0, member) + length(member)) + 0 } END { print sum + 0 }' "$work/bridge.log"
}
has_come() { [ "$(first rx_packets interval)" = "$1" ]; }

# -- learning: 2 says hello; 1 writes to 2, to 3 whom nobody knows, to itself, and to bridges; 3 answers 1 --
capture "02 01 a1" "03 01 a2" "01 01 a3" "ff 01 a4" >"$work/a.in"
capture "00 02 b1" >"$work/b.in"
capture "01 03 c1" >"$work/c.in"
capture "00 02 b1" "01 03 c1" >"$work/a.want"
capture "02 01 a1" "03 01 a2" >"$work/b.want"
capture "00 02 b1" "03 01 a2" >"$work/c.want"
for port in a b c; do one $port --hold --wire "0:pcap-in=$work/$port.in" --wire "0:pcap-out=$work/$port.out"; done
bridge
kill -USR1 "${models[b]}"
check "the first frame arrives" "$work/bridge.log" frames 1
kill -USR1 "${models[a]}"
check "four more do" "$work/bridge.log" frames 5
kill -USR1 "${models[c]}"
check "and an answer" "$work/bridge.log" frames 6
kill -INT $bridge
check "SIGINT ends the bridge with status 0" "$work/bridge.log" ended $bridge 0
check "  with totals" "$work/bridge.log" \
	grep -qE '"bridged":6,"flooded":2,"learned":3,"kept_local":2,("dropped_b[a-z]*":0,){2}"cycles_per_packet"' \
	"$work/bridge.log"
end_models
for port in a b c; do
	check "port $port sent what it should, byte for byte" "$work/bridge.log" \
		"$bin/pollux-pcap-diff" "$work/$port.want" "$work/$port.out"
	check "  and its card has nothing to complain of" "$work/$port.log" \
		grep -q 'faults: address 0, ring 0, descriptor 0, register 0, order 0' \
		"$work/$port.log"
done

# -- a port that hangs keeps nothing but its own --
# On a busy machine the other port may be kept waiting for 100 ms, too, and be blocked for a while: then it is tried
# again. What each time holds: a frame goes to both others, or is counted for want of room.
for try in 1 2 3 4 5; do
	one a --wire 0:source,count=20000,dst=02:00:00:00:00:77
	one b --wire "0:pcap-out=$work/b.out"
	one c --break tx-stuck
	bridge
	check "all frames arrive beside a port that hangs" "$work/bridge.log" wait_for has_come 20000
	kill -INT $bridge
	check "  and the bridge ends in good order" "$work/bridge.log" ended $bridge 0
	# Where that takes longer than the patience with a hang, all ports are reset, each time with at most a ring in
	# hand.
	resets=$(grep -c ': reset in ' "$work/bridge.log")
	check "  all are taken, but for those in the ring at a reset" "$work/bridge.log" \
		eval '[ $(($(first rx_taken total) + $(first rx_left total))) = 20000 ] &&
			[ "$(first rx_left total)" -le $((64 * resets)) ]'
	end_models
	got=$((($(stat -c %s "$work/b.out") - 24) / 76))
	dropped=$(sed -n 's/.*"dropped_blocked":\([0-9]*\),.*/\1/p' "$work/bridge.log" | tail -n 1)
	taken=$(first rx_taken total)
	stuck=$((2 * taken - got - dropped)) # in the hanging port's ring, anew after each reset
	check "  and what neither port got is counted" "$work/bridge.log" \
		eval '[ $stuck -ge 0 ] && [ $stuck -le $((200 + 200 * resets)) ]'
	[ "$got" -lt 10000 ] || break
done
check "  the other got them" "$work/b.log" test "$got" -ge 10000

# -- full traffic, both ways; then a port goes --
one a --wire 0:source,dst=02:00:00:00:00:77
one b --wire 0:source,dst=02:00:00:00:00:78
bridge --burst 32
check "full traffic flows both ways" "$work/bridge.log" wait_for grep -q '"bridged":[0-9]\{5\}' "$work/bridge.log"
kill -TERM $bridge
check "SIGTERM in full traffic ends the bridge with status 0" "$work/bridge.log" ended $bridge 0
bridge
kill -KILL "${models[b]}"
wait "${models[b]}" 2>/dev/null
unset 'models[b]'
check "a port that goes ends the bridge with status 1" "$work/bridge.log" ended $bridge 1
check "  and a sentence" "$work/bridge.log" grep -q 'gone' "$work/bridge.log"
end_models

# -- a CPU that it may not run on --
one a
one b
"$bin/pollux-pipe" --cpu 1023 "vfio-user:$work/a" "vfio-user:$work/b" >"$work/bridge.log" 2>&1 &
check "a thread that cannot be started ends the bridge with status 1" "$work/bridge.log" ended $! 1
check "  and a sentence" "$work/bridge.log" grep -q 'may not run on CPU 1023' "$work/bridge.log"
end_models

end_checks
