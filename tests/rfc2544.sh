#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pollux-rfc2544, as a program, against a device whose rate, queue and losses are known. A machine that is busy with
# other things keeps the tester from sending evenly: then the report says that the tester is the limit, and what is
# found is no more than the truth; what is found without that, test_rfc2544_model has. With --all: all tests of three
# sizes.
# usage: tests/rfc2544.sh [BUILD-FOLDER] [--all]
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${1:-build/release}
all=${2:-}
. tests/lib.sh
log=$work/log
ports=("vfio-user:$work/a" "vfio-user:$work/b")

# rfc2544 OPTIONS...: with short trials; its last line of JSON
rfc2544() {
	timeout 600 "$bin/pollux-rfc2544" --json --settle 0 --wait 0 "$@" "${ports[@]}" 2>"$log" |
		tail -n 1 >"$work/json"
	return "${PIPESTATUS[0]}"
}
# value SIZE TEST FIELD: of the first row of the report with these
value() {
	grep -o "{\"size\":\"$1\",\"test\":\"$2\"[^}]*" "$work/json" | head -n 1 |
		grep -o "\"$3\":[^,]*" | cut -d : -f 2 | tr -d '"'
}
# between LEAST VALUE MOST
between() { awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { exit !(b != "" && a + 0 <= b + 0 && b + 0 <= c + 0) }'; }
# throughput SIZE LEAST MOST: of frames of one size is between these; where the tester was the limit, not above.
throughput() {
	local least=$2 limit
	limit=$(value "$1" throughput limit)
	[ "$limit" != tester ] || least=0
	check "frames of $1: $(value "$1" throughput sent_pps) packets/s, limited by the $limit: $least to $3" \
		"$log" between "$least" "$(value "$1" throughput sent_pps)" "$3"
}

if [ "$all" = --all ]; then
	# in 0.5 s the queue takes 2000 packets in a second more than go out
	model --wire 0:device=1,rate=10k,queue=1000,delay=100us
	check "all tests of three sizes" "$log" rfc2544 --trial 0.5 --width 5 --rate 30kpps --sizes 64,1518,imix
	for size in 64 1518 imix; do throughput $size 11300 12100; done
	end_model
fi

# in 0.5 s the queue takes 2000 packets in a second more than go out
model --wire 0:device=1,rate=10k,queue=1000
check "a run with reports" "$log" rfc2544 --tests throughput --sizes 64 --trial 0.5 --width 5 --rate 40kpps \
	--device 'a "device" & more' --csv "$work/csv" --svg "$work/svg"
throughput 64 11300 12100
check "a line per trial says how long all takes" "$log" grep -q '^64, throughput: .* lost (.*%); about .* left$' "$log"
check "the report is complete" "$work/json" grep -q \
	'"complete":true,"incomplete":null,"device":"a \\"device\\" & more"' \
	"$work/json"
check "CSV says the same" "$work/csv" grep -q "^64,throughput,.*,$(value 64 throughput sent_pps)," "$work/csv"
check "  and under which conditions" "$work/csv" grep -q \
	'^# command: .*pollux-rfc2544 .* --device .a "device" & more. ' \
	"$work/csv"
check "the picture is XML" "$work/svg" python3 -c \
	'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$work/svg"

# what cannot be written is printed
status=0
"$bin/pollux-rfc2544" --tests back-to-back --sizes 64 --trial 0.1 --width 50 --settle 0 --wait 0 --rate 20kpps \
	--csv /dev/full --svg /dev/full "${ports[@]}" >"$work/out" 2>"$log" || status=$?
check "a report that cannot be written is a failure" "$log" test $status = 1
check "  which says why" "$log" grep -q '/dev/full cannot be written: No space left on device; here is what' "$log"
check "  and is printed" "$work/out" grep -q '^64,back-to-back,' "$work/out"

# Ctrl-C
: >"$log"
"$bin/pollux-rfc2544" --tests throughput --sizes 64,128 --trial 0.2 --settle 0 --wait 0 --rate 40kpps --json \
	"${ports[@]}" >"$work/json" 2>"$log" &
app=$!
wait_for grep -q '^64, throughput: ' "$log"
kill -INT $app
check "Ctrl-C ends it in good order" "$log" ended $app 0
check "  with a report that is marked" "$work/json" grep -q '"complete":false,"incomplete":"it was ended"' "$work/json"
check "  and has what was measured" "$work/json" test -n "$(value 64 tester sent_pps)"
end_model

check "without room to know them, frames are refused" "$log" eval \
	'model --wire 0:device=1; ! rfc2544 --stream "ip6 tcp" --sizes 90 && end_model'
check "  which says why" "$log" grep -q "frames of --stream 'ip6 tcp' have no room" "$log"
end_checks
