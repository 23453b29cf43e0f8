#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The applications on cards that are as real as the model can be: links that want several tries, memories that outlive
# resets, frames that wait in the card, queues that stop late, firmware that takes semaphores.
# Usage: tests/real.sh BUILD-FOLDER [TIME-SCALE]   (100: a hundredth of a card's times; 1: as they are)
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER [TIME-SCALE]}
scale=${2:-100}
. tests/lib.sh
model_options+=(--real --time-scale "$scale")
a=vfio-user:$work/a b=vfio-user:$work/b
capture=tests/captures/mixed.pcap
frames=$("$bin/pollux-pcap-diff" $capture $capture | grep -o '[0-9]*')
# app PROGRAM OPTIONS...: in the background; $app is its process
app() {
	: >"$work/app.log" # what an earlier one said must not be waited for
	"$bin/pollux-$1" --link-wait 60 "${@:2}" >"$work/app.log" 2>&1 &
	app=$!
}
count() { grep '^{' "$work/model.log" | tail -n 1 | grep -o "{\"port\":$1,[^}]*}" | sed "s/.*\"$2\":\([0-9]*\).*/\1/"; }
equal() { [ "$1" = "$2" ] || { echo "      $1, not $2"; return 1; }; }

for card in 82599 x540 x550; do
	model --wire 0:pcap-in=$capture --wire "1:pcap-out=$work/out.pcap" --exit-when-done --expect "$frames"
	app fwd --no-drop $a $b
	check "$card: a capture goes through the forwarder" "$work/app.log" ended $model 0
	check "  as it was" "$work/app.log" "$bin/pollux-pcap-diff" $capture "$work/out.pcap"
	check "  and the card finds no fault with the driver" "$work/model.log" no_faults 2
	ended $app 1

	[ $card != x540 ] || continue # its receive and transmit are those of the X550
	model --json --wire 0:peer=1 --control "$work/control"
	"$bin/pollux-dump" --link-wait 60 -w "$work/dump.pcap" $b >"$work/dump.log" 2>&1 &
	dump=$!
	app gen --rate 20k --count 20000 $a
	wait_for grep -q 'port 0' "$work/app.log"
	for command in "link 0 down" "link 0 up"; do
		sleep 0.3
		echo "$command" >"$work/control"
	done
	check "$card: the generator sends while its link goes and comes" "$work/app.log" ended $app 0
	kill -INT $dump
	check "  the capture tool ends in good order" "$work/dump.log" ended $dump 0
	end_model
	check "  all that was sent left the card, and reached the other or a port that was not up" "$work/model.log" \
		equal "20000 20000" "$(count 0 out_frames) $(count 1 in_frames)"
	check "  and the card finds no fault with the driver" "$work/model.log" \
		equal "0 0" "$(count 0 fault_order) $(count 1 fault_order)"
done

card=82599
model --json --wire 0:peer=1 --control "$work/control"
app gen --rate 20k $a
wait_for grep -q 'kpps' "$work/app.log"
echo "link 0 down" >"$work/control"
sleep 0.5
kill -INT $app
check "a generator that is stopped without link ends with status 0" "$work/app.log" ended $app 0
check "  and notes that frames were not sent" "$work/app.log" \
	grep -q 'packets were not sent by the card: its link is' "$work/app.log"
end_model
check "  of which the card had taken some, and reported them sent" "$work/model.log" \
	test "$(count 0 lost_unsent)" -gt 0
model --link-down
: >"$work/app.log"
"$bin/pollux-fwd" --link-wait 0 --duration 0.5 $a $b >"$work/app.log" 2>&1 &
check "without a link the forwarder ends with status 0" "$work/app.log" ended $! 0
end_model

model --hold --wire 0:source,count=20000 --exit-when-done --expect 20000
app pipe $a $b
wait_for eval '[ "$(grep -c "^port .* link up" "$work/app.log")" = 2 ]'
kill -USR1 $model
check "20,000 frames go through the pipe" "$work/app.log" ended $model 0
ended $app 1
# on a busy machine the model may stand still for the 100 ms after which the pipe takes a port for blocked
blocked=$(sed -n 's/.*dropped by the bridge: \([0-9]*\) copies to blocked ports.*/\1/p' "$work/app.log" | tail -n 1)
check "  and leave the other port, but for copies to a port that stood still" "$work/model.log" \
	grep -q "^port 1: .* out $((20000 - blocked)) frames" "$work/model.log"
check "  and the card finds no fault with the driver" "$work/model.log" no_faults 2
end_checks
