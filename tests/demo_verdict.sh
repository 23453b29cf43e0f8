#!/bin/bash
# The demo's verdict can be trusted: it passes as it is, and fails, saying what differs, when the forwarder changes a byte or the model
# loses or corrupts a frame.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:-build/release}
passed=0 failed=0
export DEMO_SECONDS=1

# expect NAME STATUS PATTERN [VARIABLE=VALUE...]
expect() {
	local name=$1 status=$2 pattern=$3 output got
	shift 3
	output=$(env "$@" timeout 120 tests/demo.sh "$bin" 2>&1)
	got=$?
	if [ $got = "$status" ] && grep -qiE "$pattern" <<<"$output"; then
		passed=$((passed + 1))
		echo "ok    $name"
	else
		failed=$((failed + 1))
		echo "FAIL  $name: exit status $got, not $status, or no line like /$pattern/ in:"
		sed 's/^/      /' <<<"$output"
	fi
}

expect "as it is: identical" 0 'identical' A=
expect "the forwarder changes bytes" 1 'differ' DEMO_FWD='--mode macswap'
expect "the model loses a frame" 1 'lost|missing' DEMO_MODEL='--lose 17'
expect "the model corrupts a frame" 1 'differ' DEMO_MODEL='--corrupt 17'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
