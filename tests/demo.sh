#!/bin/bash
# The demo: a real capture through the forwarder byte for byte, then both directions at full speed. Exit status 0:
# nothing lost, nothing changed.
# Usage: tests/demo.sh BUILD-FOLDER For the test of this script: DEMO_FWD and DEMO_MODEL are further options of the
# forwarder and of the model in the first part; DEMO_WIRES is what the model's wires do in the second part, and
# DEMO_SECONDS how long that runs (5).
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:?usage: $0 BUILD-FOLDER}
capture=tests/captures/mixed.pcap
seconds=${DEMO_SECONDS:-5}
wires=${DEMO_WIRES:---wire 0:source --wire 0:sink --wire 1:source --wire 1:sink}
work=$(mktemp -d) || exit 1
model=
# two cores, one for each side: else the two would take turns on one
model_cpu= fwd_cpu=
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
	model_cpu="taskset -c $(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')"
	fwd_cpu="--cpu $(taskset -cp $$ | sed 's/.*[-, ]//')"
fi
cleanup() {
	[ -n "$model" ] && kill "$model" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# start_model OPTIONS...: a software 82599 of two ports; waits until its sockets are there.
start_model() {
	$model_cpu "$bin/pollux-model" --port "$work/port0" --port "$work/port1" "$@" 2>>"$work/model.log" &
	model=$!
	for _ in $(seq 100); do
		[ -S "$work/port0" ] && [ -S "$work/port1" ] && return
		kill -0 $model 2>/dev/null || break
		sleep 0.05
	done
	echo "demo: the software 82599 did not start:" >&2
	cat "$work/model.log" >&2
	exit 1
}
# end_model STATUS: waits for the model, which ends with its forwarder. One that ended with such a status may never have
# reached it: not waited for.
end_model() {
	[ "$1" = 0 ] || kill "$model" 2>/dev/null
	wait "$model"
	model=
}
ports=("vfio-user:$work/port0" "vfio-user:$work/port1")

tests/hugepages.sh 32

echo
echo "1. $capture, from one port to the other"
frames=$("$bin/pollux-pcap-diff" "$capture" "$capture" | grep -o '[0-9]*')
# shellcheck disable=SC2086
start_model --wire "0:pcap-in=$capture" --wire "1:pcap-out=$work/out.pcap" --once ${DEMO_MODEL:-} >"$work/model1.log"
# shellcheck disable=SC2086
"$bin/pollux-fwd" --no-drop --packets "$frames" --duration 20 ${DEMO_FWD:-} "${ports[@]}"
forwarded=$?
end_model $forwarded
if [ $forwarded != 0 ] || [ ! -s "$work/out.pcap" ]; then
	echo "demo: FAILED: no capture came out; the software 82599 said:"
	cat "$work/model.log" "$work/model1.log"
	exit 1
fi
"$bin/pollux-pcap-diff" "$capture" "$work/out.pcap"
same=$?

echo
echo "2. Both directions at full speed, 64-byte frames, $seconds s: the model on one core, the forwarder on the other"
# shellcheck disable=SC2086
start_model $wires --once >"$work/model2.log"
# shellcheck disable=SC2086
"$bin/pollux-fwd" --no-drop $fwd_cpu --duration "$seconds" "${ports[@]}" | tee "$work/fwd.log"
fast=${PIPESTATUS[0]}
end_model "$fast"
flowed=$(grep -c '^port .* out [1-9][0-9]* frames' "$work/model2.log")

echo
if [ $same = 0 ] && [ $fast = 0 ] && [ "$flowed" = 2 ]; then
	speed="full speed as above"
	had=$(sed -n 's/^cpu: .* had it \([0-8]\?[0-9] %\) of the time.*/\1/p' "$work/fwd.log")
	[ -z "$had" ] ||
		speed="the speed above means nothing, as others had the forwarder's CPU: it had $had of the time"
	echo "demo: passed: the capture came through identical, none lost; $speed"
	exit 0
fi
[ $same = 0 ] || echo "demo: FAILED: the capture that came out is not the one that went in (see 1.)"
[ $fast = 0 ] || echo "demo: FAILED: the forwarder ended with an error at full speed (see 2.)"
[ "$flowed" = 2 ] || echo "demo: FAILED: at full speed nothing came out of a port (see 2.)"
exit 1
