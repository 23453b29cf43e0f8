#!/bin/bash
# The demo's verdict can be trusted: it passes as it is, and fails, saying what differs, when the forwarder changes a
# byte, the model loses or corrupts a frame, or nothing flows at full speed. It says so when its speed means nothing.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:-build/release}
. tests/lib.sh
export DEMO_SECONDS=1

# expect NAME STATUS PATTERN [VARIABLE=VALUE...]
expect() {
	local name=$1 status=$2 pattern=$3
	shift 3
	env "$@" timeout 600 tests/demo.sh "$bin" >"$work/demo.log" 2>&1
	check "$name" "$work/demo.log" said $? "$status" "$pattern"
}
# said STATUS WANTED PATTERN: the demo ended so, with a line of that kind
said() { [ "$1" = "$2" ] && grep -qiE "$3" "$work/demo.log"; }

mkdir "$work/a b"
expect "as it is, and in a folder with a space in its name: identical" 0 'identical' TMPDIR="$work/a b"
expect "the forwarder does not start" 1 'FAILED: no capture came out' DEMO_FWD='--ring 3'
expect "the forwarder changes bytes" 1 'differ' DEMO_FWD='--mode macswap'
expect "the model loses a frame" 1 'lost|missing' DEMO_MODEL='--lose 17'
expect "the model corrupts a frame" 1 'differ' DEMO_MODEL='--corrupt 17'
expect "at full speed one direction has no frames" 1 'nothing came out of a port' \
	DEMO_WIRES='--wire 0:source --wire 0:sink --wire 1:sink'
# others on the forwarder's CPU
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
	hogs=()
	for _ in 1 2 3; do
		taskset -c "$(taskset -cp $$ | sed 's/.*[-, ]//')" sh -c 'while :; do :; done' &
		hogs+=($!)
	done
	expect "others have the forwarder's CPU: the speed means nothing" 0 'speed above means nothing' A=
	kill "${hogs[@]}"
fi
end_checks
