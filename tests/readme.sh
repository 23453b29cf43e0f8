#!/bin/bash
# The application that the README shows is the one in apps/examples/. It is built as the README says, in C and in C++,
# against what `make install` put into a folder, and does what it says: what comes in goes out with its addresses
# swapped. `make uninstall` then leaves nothing of ours there.
# Usage: tests/readme.sh BUILD-FOLDER
set -eu
cd "$(dirname "$0")/.."
bin=${1:?usage: $0 BUILD-FOLDER}
. tests/wait.sh
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

# somebody else's files, and a place with a space in its name
prefix="$work/a place"
mkdir -p "$prefix/bin" "$prefix/include/pollux/driver"
touch "$prefix/bin/other" "$prefix/include/pollux/driver/other.h"
(cd "$prefix" && find . -type f | sort) >"$work/before"
make --no-print-directory BUILD="$(basename "$bin")" PREFIX="$prefix" install

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
example=apps/examples/reflect.c
awk '/^```c$/ { on = 1; next } on && /^```$/ { exit } on' README.md | diff - <(sed '1,/\*\/$/d' $example) ||
	{ echo "the README (<) shows another $example (>)"; exit 1; }
mkdir -p "$work/apps/examples"
cp $example "$work/$example"
cp $example "$work/${example}c"
# the README's own line, evaluated once more because of the space
line=$(sed -n 's,^    cc \(apps/examples/reflect\.c .*\),\1,p' README.md)
[ -n "$line" ] || { echo "the README does not say how to build its example"; exit 1; }
(cd "$work" && eval "eval c++ -std=c++20 -Wall -Werror ${line/reflect.c/reflect.cc}" && mv reflect reflect++)
(cd "$work" && eval "eval cc -Wall -Wextra -Werror $line")

# and the other example
cp apps/examples/ping.c "$work/apps/examples"
(cd "$work" && eval "eval cc -Wall -Wextra -Werror ${line//reflect/ping}")

# fewer frames than a ring holds: the application drops what it cannot send at once
for reflect in reflect reflect++; do
	: >"$work/model.log"
	"$prefix/bin/pollux-model" --port "$work/port" --wire 0:source,count=500,rate=50k \
		--wire "0:pcap-out=$work/out.pcap" --exit-when-done \
		--expect 500 >"$work/model.log" 2>&1 &
	model=$!
	wait_for test -S "$work/port" || { cat "$work/model.log"; exit 1; }
	"$work/$reflect" "vfio-user:$work/port" &
	wait $model
	grep -q 'out 500 frames' "$work/model.log" || { cat "$work/model.log"; exit 1; }
	kill $! 2>/dev/null || true # it ends when its port is gone
	wait 2>/dev/null || true
	echo "$reflect: 500 frames came back"
done

make --no-print-directory BUILD="$(basename "$bin")" PREFIX="$prefix" uninstall
(cd "$prefix" && find . ! -type d | sort) | diff "$work/before" - ||
	{ echo "make uninstall: these differ from what was there before"; exit 1; }
left=$(find "$prefix" -depth -path '*pollux*' ! -path '*/pollux' ! -path '*/pollux/driver*')
[ -z "$left" ] || { echo "make uninstall left $left"; exit 1; }
echo "nothing was left"
