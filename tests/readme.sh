#!/bin/bash
# The first application printed in the README compiles as the README says, and does what it says: what comes in goes out with its addresses swapped.
# Usage: tests/readme.sh BUILD-FOLDER
set -eu
cd "$(dirname "$0")/.."
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/wait.sh
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
awk '/^```c$/ { on = 1; next } on && /^```$/ { exit } on' README.md >"$work/reflect.c"
cc -Wall -Wextra -Werror -I. "$work/reflect.c" "$bin/libpollux.a" -lnuma -lpci -lpthread -o "$work/reflect"
# fewer than a ring holds: the application drops what it cannot send at once
"$bin/pollux-model" --port "$work/port" --wire 0:source,count=500,rate=50k --wire "0:pcap-out=$work/out.pcap" --exit-when-done --expect 500 \
	>"$work/model.log" 2>&1 &
model=$!
wait_for test -S "$work/port" || { cat "$work/model.log"; exit 1; }
"$work/reflect" "vfio-user:$work/port" &
wait $model
grep -q 'out 500 frames' "$work/model.log" || { cat "$work/model.log"; exit 1; }
echo "500 frames came back"
